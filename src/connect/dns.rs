//! Finds the addresses of a host: literals and special names at once, all else by the system's
//! resolver on a helper thread, so that a lookup can be timed out and cancelled (faults 1–3).
//!
//! A session runs at most [`DNS_THREADS_MAX`] lookups at a time; a thread ends when no lookup
//! waits, so none outlives its work. `localhost` is loopback and `.invalid` does not exist, without
//! asking (RFC 6761 §6.3, §6.4).

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};

use super::socket::Stop;
use crate::cancel::Wake;
use crate::deadline::Limit;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::DNS_THREADS_MAX;
use crate::options::Resolve;

/// Looks names up for one session.
#[derive(Clone, Default)]
pub(crate) struct Lookups(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
}

struct Job {
    host: String,
    resolver: Arc<dyn Resolve>,
    lookup: Arc<Lookup>,
}

#[derive(Default)]
struct Lookup {
    answer: Mutex<Option<Result<Vec<IpAddr>>>>,
    changed: Condvar,
}

impl Wake for Lookup {
    fn wake(&self) {
        let _answer = lock(&self.answer);
        self.changed.notify_all();
    }
}

impl Lookups {
    /// The addresses of `host`, by `resolver` where one is set.
    pub(super) fn addresses(
        &self,
        host: &str,
        resolver: Option<Arc<dyn Resolve>>,
        limit: &Limit,
    ) -> std::result::Result<Result<Vec<IpAddr>>, Stop> {
        if let Some(addresses) = without_lookup(host) {
            return Ok(addresses);
        }
        let lookup = Arc::new(Lookup::default());
        let resolver = resolver.unwrap_or_else(|| Arc::new(System));
        let job = Job { host: host.to_owned(), resolver, lookup: lookup.clone() };
        if let Err(error) = self.enqueue(job) {
            return Ok(Err(error));
        }
        lookup.wait(limit)
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        let mut queue = lock(&self.0);
        queue.jobs.push_back(job);
        if queue.threads == DNS_THREADS_MAX {
            return Ok(());
        }
        queue.threads += 1;
        drop(queue);
        let lookups = self.clone();
        let started =
            std::thread::Builder::new().name("rq-dns".into()).spawn(move || lookups.work());
        if let Err(error) = started {
            let mut queue = lock(&self.0);
            queue.threads -= 1;
            if queue.threads == 0 {
                queue.jobs.clear();
                return Err(Error::system(ErrorKind::Dns, "cannot start a lookup", &error));
            }
        }
        Ok(())
    }

    fn work(&self) {
        loop {
            let mut queue = lock(&self.0);
            let Some(job) = queue.jobs.pop_front() else {
                queue.threads -= 1;
                return;
            };
            drop(queue);
            // Nobody waits any more: timed out or cancelled while queued.
            if Arc::strong_count(&job.lookup) > 1 {
                let answer = guarded(&*job.resolver, &job.host);
                *lock(&job.lookup.answer) = Some(answer);
                job.lookup.changed.notify_all();
            }
        }
    }
}

/// A resolver that panics must not take the thread's place in the count with it.
fn guarded(resolver: &dyn Resolve, host: &str) -> Result<Vec<IpAddr>> {
    let resolve = std::panic::AssertUnwindSafe(|| resolver.resolve(host));
    std::panic::catch_unwind(resolve)
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panic, "the resolver panicked")))
}

impl Lookup {
    fn wait(self: Arc<Self>, limit: &Limit) -> std::result::Result<Result<Vec<IpAddr>>, Stop> {
        let _registration = limit.cancel.as_ref().map(|token| token.register(self.clone()));
        let mut wait = limit.wait();
        let mut answer = lock(&self.answer);
        loop {
            if let Some(answer) = answer.take() {
                return Ok(answer);
            }
            answer = match wait.left()? {
                Some(left) => {
                    self.changed
                        .wait_timeout(answer, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => self.changed.wait(answer).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Literals (a zone is part of the address) and the names that RFC 6761 keeps from DNS.
fn without_lookup(host: &str) -> Option<Result<Vec<IpAddr>>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Ok(vec![address]));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name == "localhost" || name.ends_with(".localhost") {
        return Some(Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]));
    }
    if name.split('.').any(str::is_empty) {
        // Requests prepares such a URL; DNS cannot be asked for it (fault 4).
        let message = format!("cannot find host {host:?}: a part of its name is empty");
        return Some(Err(Error::new(ErrorKind::InvalidUrl, message)));
    }
    if name == "invalid" || name.ends_with(".invalid") {
        return Some(Err(not_found(host, "names in .invalid never exist")));
    }
    None
}

fn not_found(host: &str, why: &str) -> Error {
    Error::new(ErrorKind::Dns, format!("cannot find host {host:?}: {why}")).in_phase(Phase::Dns)
}

/// The system's resolver.
struct System;

impl Resolve for System {
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
        let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
            let why = match error.kind() {
                LookupErrorKind::NoName | LookupErrorKind::NoData => "no such host is known".into(),
                LookupErrorKind::Again => "the name server does not answer; try again".into(),
                _ => std::io::Error::from(error).to_string(),
            };
            not_found(host, &why)
        })?;
        let mut addresses: Vec<IpAddr> = Vec::new();
        for info in found.flatten() {
            if !addresses.contains(&info.sockaddr.ip()) {
                addresses.push(info.sockaddr.ip());
            }
        }
        match addresses.is_empty() {
            true => Err(not_found(host, "it has no address")),
            false => Ok(addresses),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_lookup_gets_none() {
        let kind = |host| without_lookup(host).map(|found| found.map_err(|error| error.kind()));
        assert_eq!(kind("127.0.0.1"), Some(Ok(vec![Ipv4Addr::LOCALHOST.into()])));
        assert_eq!(kind("a.localhost.").map(|found| found.map(|all| all.len())), Some(Ok(2)));
        assert_eq!(kind("missing.invalid"), Some(Err(ErrorKind::Dns)));
        for host in ["a..b", "a..", "."] {
            assert_eq!(kind(host), Some(Err(ErrorKind::InvalidUrl)), "fault 4: {host}");
        }
        assert_eq!(kind("example.org"), None);
    }
}
