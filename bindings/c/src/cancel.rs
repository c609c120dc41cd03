//! rq_cancel: ends requests from another thread.

use rq_core::CancelToken;

use crate::boundary::{entry, free, give, optional, quiet};
use crate::error::rq_error;

/// Ends requests from another thread. Any number of requests may use one; once triggered, it stays
/// so.
pub struct rq_cancel {
    pub(crate) token: CancelToken,
}

/// A token to pass to rq_send or rq_perform.
///
/// Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_cancel_free. Threads: any
/// number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cancel_new(error: *mut *mut rq_error) -> *mut rq_cancel {
    entry(error, std::ptr::null_mut(), || Ok(give(rq_cancel { token: CancelToken::new() })))
}

/// Ends every request that uses this token, now and later, with `RQ_ERR_CANCELLED`: while it looks
/// up a name, connects, shakes hands, waits, uploads or reads its body. Returns at once; the
/// requests end within 100 ms.
///
/// Threads: any, but not in a signal handler. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cancel_trigger(cancel: *const rq_cancel) {
    quiet((), || {
        optional(cancel)?.token.trigger();
        Some(())
    });
}

/// Whether the token was triggered; false for NULL.
///
/// Threads: any. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cancel_triggered(cancel: *const rq_cancel) -> bool {
    quiet(false, || Some(optional(cancel)?.token.is_triggered()))
}

/// Frees a token. NULL is fine; requests under way keep what they need of it.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cancel_free(cancel: *mut rq_cancel) {
    free(cancel);
}
