//! Finds the addresses of a host: literals and special names at once, all else by the system's
//! resolver on a helper thread, so that a lookup can be timed out and cancelled (faults 1–3).
//!
//! A session runs at most [`DNS_THREADS_MAX`] lookups at a time; a thread ends when no lookup
//! waits, so none outlives its work. `localhost` is loopback and `.invalid` does not exist, without
//! asking (RFC 6761 §6.3, §6.4). The zone of an IPv6 address (RFC 6874) is the system's to read.
//! Addresses have the port 0 here.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};

use super::socket::Stop;
use crate::cancel::Wake;
use crate::deadline::Limit;
use crate::error::{Error, ErrorKind, Phase, Reason, Result};
use crate::limits::{DNS_NAME_BYTES_MAX, DNS_THREADS_MAX};
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
    /// `None`: the system's.
    resolver: Option<Arc<dyn Resolve>>,
    lookup: Arc<Lookup>,
}

#[derive(Default)]
struct Lookup {
    answer: Mutex<Option<Result<Vec<SocketAddr>>>>,
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
    ) -> std::result::Result<Result<Vec<SocketAddr>>, Stop> {
        if let Some(addresses) = without_lookup(host) {
            return Ok(addresses);
        }
        let lookup = Arc::new(Lookup::default());
        // A zone is an interface of this machine: no resolver of the caller's knows it.
        let resolver = resolver.filter(|_| !host.contains('%'));
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
                let answer = match &job.resolver {
                    Some(resolver) => guarded(&**resolver, &job.host),
                    None => of_system(&job.host),
                };
                *lock(&job.lookup.answer) = Some(answer);
                job.lookup.changed.notify_all();
            }
        }
    }
}

/// A resolver that panics must not take the thread's place in the count with it.
fn guarded(resolver: &dyn Resolve, host: &str) -> Result<Vec<SocketAddr>> {
    let resolve = std::panic::AssertUnwindSafe(|| resolver.resolve(host));
    let found = std::panic::catch_unwind(resolve)
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panic, "the resolver panicked")))?;
    match found.is_empty() {
        true => Err(not_found(host, "it has no address")),
        false => Ok(found.into_iter().map(without_port).collect()),
    }
}

fn without_port(address: impl Into<IpAddr>) -> SocketAddr {
    SocketAddr::new(address.into(), 0)
}

impl Lookup {
    fn wait(self: Arc<Self>, limit: &Limit) -> std::result::Result<Result<Vec<SocketAddr>>, Stop> {
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
fn without_lookup(host: &str) -> Option<Result<Vec<SocketAddr>>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Ok(vec![without_port(address)]));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name == "localhost" || name.ends_with(".localhost") {
        let loopback = [without_port(Ipv6Addr::LOCALHOST), without_port(Ipv4Addr::LOCALHOST)];
        return Some(Ok(loopback.to_vec()));
    }
    if name.len() > DNS_NAME_BYTES_MAX {
        let message = format!("cannot find a host whose name has {} bytes", name.len());
        return Some(Err(Error::new(ErrorKind::InvalidUrl, message)));
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
    Error::new(ErrorKind::Dns, format!("cannot find host {host:?}: {why}"))
        .in_phase(Phase::Dns)
        .with_reason(Some(Reason::NotFound))
}

/// Asks the system's resolver.
fn of_system(host: &str) -> Result<Vec<SocketAddr>> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
        let kind = error.kind();
        unfound(host, kind, || std::io::Error::from(error).to_string())
    })?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for info in found.flatten() {
        if !addresses.contains(&info.sockaddr) {
            addresses.push(info.sockaddr);
        }
    }
    match addresses.is_empty() {
        true => Err(not_found(host, "it has no address")),
        false => Ok(addresses),
    }
}

/// The error for what the system's resolver says (faults 1, 2).
fn unfound(host: &str, kind: LookupErrorKind, words: impl FnOnce() -> String) -> Error {
    match kind {
        LookupErrorKind::NoName | LookupErrorKind::NoData => {
            not_found(host, "no such host is known")
        }
        LookupErrorKind::Again => not_found(host, "the name server does not answer; try again")
            .with_reason(Some(Reason::Temporary)),
        _ => not_found(host, &words()).with_reason(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_02_a_name_server_that_does_not_answer_is_temporary() {
        let reason = |kind| unfound("a.test", kind, String::new).reason();
        assert_eq!(reason(LookupErrorKind::Again), Some(Reason::Temporary));
        assert_eq!(reason(LookupErrorKind::NoName), Some(Reason::NotFound));
        assert_eq!(unfound("a.test", LookupErrorKind::Again, String::new).kind(), ErrorKind::Dns);
    }

    #[test]
    fn what_needs_no_lookup_gets_none() {
        let kind = |host| without_lookup(host).map(|found| found.map_err(|error| error.kind()));
        assert_eq!(kind("127.0.0.1"), Some(Ok(vec![without_port(Ipv4Addr::LOCALHOST)])));
        assert_eq!(kind("a.localhost.").map(|found| found.map(|all| all.len())), Some(Ok(2)));
        assert_eq!(kind("missing.invalid"), Some(Err(ErrorKind::Dns)));
        for host in ["a..b", "a..", "."] {
            assert_eq!(kind(host), Some(Err(ErrorKind::InvalidUrl)), "fault 4: {host}");
        }
        assert_eq!(kind("example.org"), None);
    }
}
