//! What may be sent again without being told to: pure.
//!
//! A kept connection can die at the moment it is used. The request is resent once, on a new
//! connection, if the old one was reused, not a byte of an answer came, and repeating it does no
//! harm (RFC 9110 §9.2.2, RFC 9112 §9.3.1; faults 39–54; mends behaviour Y1).

use crate::error::{Error, ErrorKind};
use crate::prepare::is_idempotent;

/// A failed exchange.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether any byte of an answer came.
    pub(super) answered: bool,
}

/// Whether to send once more.
pub(super) fn may_resend(method: &str, reused: bool, failure: &Failure) -> bool {
    reused
        && !failure.answered
        && is_idempotent(method)
        && matches!(failure.error.kind(), ErrorKind::Closed | ErrorKind::Send)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_40_53_54_only_a_dead_kept_connection_is_forgiven() {
        let failure = |kind, answered| Failure { error: Error::new(kind, "x"), answered };
        assert!(may_resend("GET", true, &failure(ErrorKind::Closed, false)));
        assert!(may_resend("PUT", true, &failure(ErrorKind::Send, false)));
        assert!(!may_resend("POST", true, &failure(ErrorKind::Closed, false)));
        assert!(!may_resend("MKCOL", true, &failure(ErrorKind::Closed, false)));
        assert!(!may_resend("GET", false, &failure(ErrorKind::Closed, false)));
        assert!(!may_resend("GET", true, &failure(ErrorKind::Closed, true)));
        assert!(!may_resend("GET", true, &failure(ErrorKind::ReadTimeout, false)));
        assert!(!may_resend("GET", true, &failure(ErrorKind::Cancelled, false)));
    }
}
