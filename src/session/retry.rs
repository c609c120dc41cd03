//! Which failures and answers are tried again, and after what pause: the caller's policy
//! (behaviours Y2–Y6, Y8; faults' column "policy").
//!
//! A failed connect sent nothing and may be repeated for every method; anything later only for
//! methods that may be repeated. What cannot be sent again is not, and a body that has begun is
//! never asked for anew. The one resend on a dead kept connection needs no policy: it is the
//! adapter's.

use std::time::Duration;

use crate::cookies::parse_date;
use crate::deadline::unix_now;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::RetryPolicy;
use crate::prepare::{Prepared, is_idempotent};
use crate::response::Response;

/// The tries of one hop.
pub(super) struct Retry {
    policy: RetryPolicy,
    done: u32,
}

/// One more try.
pub(super) struct Attempt {
    pub(super) pause: Duration,
    /// In a word, for those who listen.
    pub(super) why: String,
}

impl Retry {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, done: 0 }
    }

    /// Whether to try again after `result`.
    pub(super) fn next(
        &mut self,
        request: &Prepared,
        result: &Result<Response>,
    ) -> Result<Option<Attempt>> {
        if self.done >= self.policy.count || !request.source().can_be_sent() {
            return Ok(None);
        }
        let may_repeat = self.may_repeat(request.method());
        let attempt = match result {
            Err(error) if is_worth_it(error, may_repeat) => {
                Attempt { pause: self.backoff()?, why: error.kind().c_name().to_owned() }
            }
            Ok(response) if may_repeat => match self.pause_of(response)? {
                Some(pause) => Attempt { pause, why: response.status().to_string() },
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.done += 1;
        Ok(Some(attempt))
    }

    fn may_repeat(&self, method: &str) -> bool {
        match &self.policy.methods[..] {
            [] => is_idempotent(method),
            methods => methods.iter().any(|one| one == method || one == "*"),
        }
    }

    /// The pause that a response asks for or deserves; `None`: it is the answer (Y3, Y6).
    fn pause_of(&self, response: &Response) -> Result<Option<Duration>> {
        let status = response.status();
        let after = response.headers().get("retry-after").and_then(retry_after);
        let is_named = self.policy.statuses.contains(&status);
        let heeds = !self.policy.after_max.is_zero() && matches!(status, 413 | 429 | 503);
        match after {
            Some(after) if heeds || (is_named && !self.policy.after_max.is_zero()) => {
                Ok((after <= self.policy.after_max).then_some(after))
            }
            _ if is_named => self.backoff().map(Some),
            _ => Ok(None),
        }
    }

    /// Y5: none before the first try again, then twice the first pause, four times, …; up to half
    /// of it is taken off at random, so that clients that failed together do not come back so.
    fn backoff(&self) -> Result<Duration> {
        if self.done == 0 || self.policy.first.is_zero() {
            return Ok(Duration::ZERO);
        }
        let factor = 1_u32.checked_shl(self.done).unwrap_or(u32::MAX);
        let whole = self.policy.first.saturating_mul(factor).min(self.policy.longest);
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|_| {
            let message = "the system gives no random bytes for the pause between tries";
            Error::new(ErrorKind::Send, message).in_phase(Phase::Send)
        })?;
        let part = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        Ok(whole.mul_f64(1.0 - part / 2.0))
    }
}

/// Failures of connecting, for any method; others before an answer where it may be repeated.
fn is_worth_it(error: &Error, may_repeat: bool) -> bool {
    match error.kind() {
        ErrorKind::Dns | ErrorKind::Connect | ErrorKind::ConnectTimeout => true,
        // A proxy that could not be reached; one that refused has said its last word, unless the
        // fault was its own (faults 25–27).
        ErrorKind::Proxy => error.status() == 0 || error.status() >= 500,
        ErrorKind::Send | ErrorKind::Closed | ErrorKind::ReadTimeout | ErrorKind::WriteTimeout => {
            may_repeat
        }
        ErrorKind::Incomplete => may_repeat && error.phase() == Phase::Head,
        _ => false,
    }
}

/// Seconds, or a date (RFC 9110 §10.2.3); what is neither is no Retry-After.
fn retry_after(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let seconds = parse_date(text.as_bytes())?.saturating_sub(unix_now()).max(0);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(first_ms: u64) -> RetryPolicy {
        let (first, longest) = (Duration::from_millis(first_ms), Duration::from_millis(1000));
        let (statuses, methods) = Default::default();
        let after_max = Duration::from_secs(60);
        RetryPolicy { count: 9, statuses, methods, first, longest, after_max }
    }

    #[test]
    fn pauses_grow_within_their_bounds() {
        let mut retry = Retry::new(policy(100));
        assert_eq!(retry.backoff().unwrap(), Duration::ZERO);
        for (done, whole_ms) in [(1, 200), (2, 400), (3, 800), (4, 1000), (40, 1000)] {
            retry.done = done;
            for _ in 0..50 {
                let pause = retry.backoff().unwrap().as_secs_f64() * 1000.0;
                let whole = f64::from(whole_ms);
                assert!((whole / 2.0..=whole).contains(&pause), "{done}: {pause}");
            }
        }
        let retry = Retry { policy: policy(0), done: 3 };
        assert_eq!(retry.backoff().unwrap(), Duration::ZERO);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(b"7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(b"99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(retry_after(b"Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(retry_after(b"Fri, 31 Dec 2100 23:59:59 GMT") > Some(Duration::from_secs(9999)));
        for other in [&b""[..], b"-1", b"1.5", b"soon", b"\xff"] {
            assert_eq!(retry_after(other), None, "{other:?}");
        }
    }

    #[test]
    fn only_connecting_is_for_every_method() {
        let error = |kind, phase| Error::new(kind, "x").in_phase(phase);
        assert!(is_worth_it(&error(ErrorKind::Connect, Phase::Connect), false));
        assert!(!is_worth_it(&error(ErrorKind::Closed, Phase::Head), false));
        assert!(is_worth_it(&error(ErrorKind::Closed, Phase::Head), true));
        assert!(is_worth_it(&error(ErrorKind::Incomplete, Phase::Head), true));
        assert!(!is_worth_it(&error(ErrorKind::Incomplete, Phase::Body), true));
        for kind in [ErrorKind::Tls, ErrorKind::Protocol, ErrorKind::Cancelled, ErrorKind::Limit] {
            assert!(!is_worth_it(&error(kind, Phase::Head), true), "{kind:?}");
        }
        assert!(!is_worth_it(&error(ErrorKind::Proxy, Phase::Connect).with_status(407), true));
        assert!(is_worth_it(&error(ErrorKind::Proxy, Phase::Connect).with_status(502), false));
    }
}
