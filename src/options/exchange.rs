//! The settings of what a call may lead to: redirects, retries, content codings, limits on bodies,
//! and the caller's own code (behaviours R1–R11, Y2–Y6, D12, B18, K1–K9).

use std::time::Duration;

use super::{Options, argument, prepare_phase};
use crate::error::Result;
use crate::headers::check_name;
use crate::hooks::{Hooks, OnRequest, OnResponse};
use crate::limits;
use crate::trace::OnTrace;
use crate::trace::Progress;

/// What is set here; `None` is what the session, or the default, says.
#[derive(Clone, Default)]
pub(crate) struct Exchanging {
    follow: Option<bool>,
    redirects_max: Option<u32>,
    pub(crate) sensitive: Vec<String>,
    retries: Retries,
    decode: Option<bool>,
    body_max: Option<Option<u64>>,
    decoded_max: Option<Option<u64>>,
    expect: Option<bool>,
    proxy_digest: Option<bool>,
    pub(crate) hooks: Hooks,
}

/// When a request is tried again.
#[derive(Clone, Default)]
pub(crate) struct Retries {
    count: Option<u32>,
    statuses: Vec<u16>,
    methods: Vec<String>,
    backoff: Option<(Duration, Duration)>,
    after_max: Option<Duration>,
}

impl Options {
    /// Whether redirects are followed. Default: they are, for every method (R2).
    pub fn follow_redirects(&mut self, follow: bool) {
        self.exchanging.follow = Some(follow);
    }

    /// How many redirects are followed before the next is an error. Default: 30 (R11).
    pub fn redirects_max(&mut self, max: u32) {
        self.exchanging.redirects_max = Some(max);
    }

    /// Names a further header that is a secret: it never follows a redirect to another origin, as
    /// Authorization, Cookie, Proxy-Authorization and Host do not.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`](crate::ErrorKind::InvalidHeader) if `name` is no header name.
    pub fn sensitive_header(&mut self, name: &str) -> Result<()> {
        check_name(name).map_err(prepare_phase)?;
        let names = &mut self.exchanging.sensitive;
        if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
        Ok(())
    }

    /// How often a request is tried again. Default: 0. A failed connect is for every method, a
    /// failure before an answer and a read timeout for the methods of
    /// [`retry_method`](Self::retry_method), a status for those of
    /// [`retry_status`](Self::retry_status), and 413, 429 and 503 with a Retry-After. What cannot
    /// be sent again is not.
    pub fn retries(&mut self, count: u32) {
        self.exchanging.retries.count = Some(count);
    }

    /// Adds a status that is tried again. When no tries are left, the last response is returned.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a number that is no
    /// final status.
    pub fn retry_status(&mut self, status: u16) -> Result<()> {
        if !(200..=999).contains(&status) {
            return Err(argument(format!("{status} is not a status from 200 to 999")));
        }
        let statuses = &mut self.exchanging.retries.statuses;
        if !statuses.contains(&status) {
            statuses.push(status);
        }
        Ok(())
    }

    /// Adds a method that may be repeated, in place of the default ones: GET, HEAD, PUT, DELETE,
    /// OPTIONS, TRACE. `"*"`: any.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidMethod`](crate::ErrorKind::InvalidMethod).
    pub fn retry_method(&mut self, method: &str) -> Result<()> {
        let method = crate::prepare::normal_method(method)?.into_owned();
        let methods = &mut self.exchanging.retries.methods;
        if !methods.contains(&method) {
            methods.push(method);
        }
        Ok(())
    }

    /// The pauses between tries: none, then twice `first`, four times, … at most `max`, each with
    /// up to half of it taken off at random. Default: none, and 120 s (Y5).
    pub fn retry_backoff(&mut self, first: Duration, max: Duration) {
        self.exchanging.retries.backoff = Some((first, max));
    }

    /// The longest Retry-After that is waited for; with a longer one the response is returned. 0:
    /// the header is ignored. Default: 60 s.
    pub fn retry_after_max(&mut self, max: Duration) {
        self.exchanging.retries.after_max = Some(max);
    }

    /// Whether content codings are taken off the body. Default: they are.
    pub fn decode(&mut self, decode: bool) {
        self.exchanging.decode = Some(decode);
    }

    /// How many bytes a response's body may have as transferred. Default: no limit.
    pub fn body_max(&mut self, bytes: Option<u64>) {
        self.exchanging.body_max = Some(bytes);
    }

    /// How many bytes a response's body may have as decoded. Default: no limit.
    pub fn decoded_max(&mut self, bytes: Option<u64>) {
        self.exchanging.decoded_max = Some(bytes);
    }

    /// Whether a body is announced by `Expect: 100-continue` and held back until the server says
    /// go, or for one second. Default: no.
    pub fn expect_continue(&mut self, expect: bool) {
        self.exchanging.expect = Some(expect);
    }

    /// Whether the credentials of a proxy's URL are kept back until the proxy's digest challenge.
    /// Default: they are sent at once as basic ones; a digest challenge is answered all the same.
    pub fn proxy_digest(&mut self, digest: bool) {
        self.exchanging.proxy_digest = Some(digest);
    }

    /// Adds a hook that sees each hop before it is sent; the answer to a challenge is the same hop.
    pub fn on_request(&mut self, hook: OnRequest) {
        self.exchanging.hooks.requests.push(hook);
    }

    /// Adds a hook that gets each hop's response.
    pub fn on_response(&mut self, hook: OnResponse) {
        self.exchanging.hooks.responses.push(hook);
    }

    /// Adds a listener to the steps of calls.
    pub fn on_trace(&mut self, listener: OnTrace) {
        self.exchanging.hooks.traces.push(listener);
    }

    /// Adds a listener to the progress of response bodies: bytes received, and all of them where
    /// that is declared. An error of it fails the reading.
    pub fn on_download(&mut self, listener: Progress) {
        self.exchanging.hooks.downloads.push(listener);
    }

    /// Removes all hooks and listeners of these settings, and returns them, to be dropped where no
    /// lock is held.
    pub fn clear_hooks(&mut self) -> Hooks {
        std::mem::take(&mut self.exchanging.hooks)
    }

    pub(crate) fn follows_over(&self, session: &Self) -> bool {
        self.exchanging.follow.or(session.exchanging.follow).unwrap_or(true)
    }

    pub(crate) fn redirects_max_over(&self, session: &Self) -> usize {
        let max = self.exchanging.redirects_max.or(session.exchanging.redirects_max);
        max.map_or(limits::REDIRECTS_MAX, |max| usize::try_from(max).unwrap_or(usize::MAX))
    }

    pub(crate) fn decodes_over(&self, session: &Self) -> bool {
        self.exchanging.decode.or(session.exchanging.decode).unwrap_or(true)
    }

    pub(crate) fn body_max_over(&self, session: &Self) -> Option<u64> {
        self.exchanging.body_max.or(session.exchanging.body_max).flatten()
    }

    pub(crate) fn decoded_max_over(&self, session: &Self) -> Option<u64> {
        self.exchanging.decoded_max.or(session.exchanging.decoded_max).flatten()
    }

    pub(crate) fn expects_over(&self, session: Option<&Self>) -> bool {
        let of_session = session.and_then(|session| session.exchanging.expect);
        self.exchanging.expect.or(of_session).unwrap_or(false)
    }

    pub(crate) fn proxy_digest_over(&self, session: &Self) -> bool {
        self.exchanging.proxy_digest.or(session.exchanging.proxy_digest).unwrap_or(false)
    }

    /// The retries that hold for a request with these options; `None`: none.
    pub(crate) fn retries_over(&self, session: &Self) -> Option<RetryPolicy> {
        let (own, base) = (&self.exchanging.retries, &session.exchanging.retries);
        let count = own.count.or(base.count).filter(|count| *count > 0)?;
        let (first, longest) =
            own.backoff.or(base.backoff).unwrap_or((Duration::ZERO, limits::RETRY_BACKOFF_MAX));
        Some(RetryPolicy {
            count,
            statuses: set_of(&own.statuses, &base.statuses),
            methods: set_of(&own.methods, &base.methods),
            first,
            longest,
            after_max: own.after_max.or(base.after_max).unwrap_or(limits::RETRY_AFTER_MAX),
        })
    }

    /// What `over` says of exchanges wins; its hooks come behind these.
    pub(super) fn exchanging_over(&self, over: &Self) -> Exchanging {
        let (base, over) = (&self.exchanging, &over.exchanging);
        let (old, new) = (&base.retries, &over.retries);
        let mut sensitive = base.sensitive.clone();
        sensitive.extend(over.sensitive.iter().cloned());
        Exchanging {
            follow: over.follow.or(base.follow),
            redirects_max: over.redirects_max.or(base.redirects_max),
            sensitive,
            retries: Retries {
                count: new.count.or(old.count),
                statuses: set_of(&new.statuses, &old.statuses),
                methods: set_of(&new.methods, &old.methods),
                backoff: new.backoff.or(old.backoff),
                after_max: new.after_max.or(old.after_max),
            },
            decode: over.decode.or(base.decode),
            body_max: over.body_max.or(base.body_max),
            decoded_max: over.decoded_max.or(base.decoded_max),
            expect: over.expect.or(base.expect),
            proxy_digest: over.proxy_digest.or(base.proxy_digest),
            hooks: base.hooks.and(&over.hooks),
        }
    }
}

/// What is set at this level, or else below it.
fn set_of<T: Clone>(own: &[T], base: &[T]) -> Vec<T> {
    if own.is_empty() { base.to_vec() } else { own.to_vec() }
}

/// The retries of one call, settled.
pub(crate) struct RetryPolicy {
    pub(crate) count: u32,
    pub(crate) statuses: Vec<u16>,
    /// Empty: the default ones.
    pub(crate) methods: Vec<String>,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
    pub(crate) after_max: Duration,
}
