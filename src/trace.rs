//! What a call does, step by step, told to whoever listens: where its time goes.
//!
//! The layers tell through [`Budget::tell`](crate::deadline::Budget::tell); nothing is made ready
//! for a call that nobody listens to.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;

/// A step of a call that has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The host's addresses are known.
    Dns,
    /// The TCP connection is open.
    Connect,
    /// The TLS handshake is done.
    Tls,
    /// A kept connection is used: no DNS, connect and TLS before it.
    Reused,
    /// The request has been sent, as far as the peer wanted it.
    Sent,
    /// The response's head has been read.
    Head,
    /// The response's body has been read to its end.
    Body,
    /// The request is tried again.
    Retry,
    /// A redirect is followed, or a challenge answered.
    Redirect,
}

impl Step {
    /// Every step, in order of its number.
    pub const ALL: &'static [Self] = &[
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Reused,
        Self::Sent,
        Self::Head,
        Self::Body,
        Self::Retry,
        Self::Redirect,
    ];

    /// The number that crosses the C ABI, from 1.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32 + 1
    }

    /// The step as a word: `"dns"`, `"connect"`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reused => "reused",
            Self::Sent => "sent",
            Self::Head => "head",
            Self::Body => "body",
            Self::Retry => "retry",
            Self::Redirect => "redirect",
        }
    }
}

/// One event of a call.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// What has been done.
    pub step: Step,
    /// When: the time since the call began.
    pub elapsed: Duration,
    /// With whom, or why: `"127.0.0.1:80"`, `"200"`; never a credential.
    pub detail: &'a str,
}

/// Told while a body moves: the bytes so far, and all of them where that is known. An error ends
/// the request.
pub type Progress = Arc<dyn Fn(u64, Option<u64>) -> Result<()> + Send + Sync>;

/// Is told each event, on the thread of the call.
pub type OnTrace = Arc<dyn Fn(&Trace<'_>) + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_from_one() {
        let numbers: Vec<i32> = Step::ALL.iter().map(|step| step.number()).collect();
        assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    }
}
