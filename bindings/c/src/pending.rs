//! rq_pending: a request between its sending and its answer.

use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::ptr;

use rq_core::{Error, ErrorKind, Pending};

use crate::boundary::{entry, free, give, handle, handle_mut, optional, quiet};
use crate::cancel::rq_cancel;
use crate::error::rq_error;
use crate::opts::rq_opts;
use crate::prepared::rq_prepared;
use crate::request::rq_request;
use crate::response::rq_response;
use crate::session::rq_session;

/// A request that has been sent, and whose answer is still to be read.
pub struct rq_pending {
    /// None: it is finished.
    pending: Option<Pending>,
}

/// Prepares a request and sends it, over a kept connection or a new one, but does not wait for the
/// answer: rq_pending_finish reads that. What takes more than that is left to rq_pending_finish as
/// a whole: bodies that are streamed, announced (rq_opts_expect_continue), or larger than 16 KiB,
/// proxies that forward, adapters, and request hooks.
///
/// `cancel` may be NULL; it holds until the end of the body. Blocks for a connection alone: while
/// rq_opts_pool lets no more of them be open, too. Errors: as rq_prepare; what goes wrong in the
/// sending, rq_pending_finish tells. Ownership: yours, free it with rq_pending_free; `session` and
/// `request` may be freed before. Threads: any number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_perform_begin(
    session: *const rq_session,
    request: *const rq_request,
    cancel: *const rq_cancel,
    error: *mut *mut rq_error,
) -> *mut rq_pending {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        let request = &handle(request, "request")?.request;
        let cancel = optional(cancel).map(|cancel| &cancel.token);
        let pending = session.perform_begin(request, cancel)?;
        Ok(give(rq_pending { pending: Some(pending) }))
    })
}

/// The same for a request that is prepared already, with settings for this sending alone as
/// rq_send_with has them. `opts` and `cancel` may be NULL.
///
/// Errors: `RQ_ERR_MISUSE`. Ownership: yours, free it with rq_pending_free; the others may be freed
/// before. Threads: as rq_perform_begin. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_send_begin(
    session: *const rq_session,
    prepared: *const rq_prepared,
    opts: *const rq_opts,
    cancel: *const rq_cancel,
    error: *mut *mut rq_error,
) -> *mut rq_pending {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        let prepared = &handle(prepared, "prepared")?.prepared;
        let cancel = optional(cancel).map(|cancel| &cancel.token);
        let pending = match optional(opts) {
            Some(opts) => session.send_begin(&prepared.overridden(&opts.shared), cancel),
            None => session.send_begin(prepared, cancel),
        };
        Ok(give(rq_pending { pending: Some(pending) }))
    })
}

/// The descriptor that becomes readable when the answer comes, when the connection ends, and when
/// the request is cancelled, to be waited for by poll, epoll or kqueue together with any number of
/// others: then rq_pending_finish waits for the rest of the head at most. -1: there is nothing to
/// wait for, and rq_pending_finish does all that is left.
///
/// Ownership: lent until rq_pending_finish or rq_pending_free; do nothing with it but wait.
/// Threads: one at a time. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_pending_fd(pending: *const rq_pending) -> c_int {
    quiet(-1, || Some(optional(pending)?.pending.as_ref()?.descriptor()?.as_raw_fd()))
}

/// How many milliseconds the descriptor may still be waited for, by the read timeout and the
/// deadline, rounded up: rq_pending_finish after that tells the timeout, unless the answer came.
/// -1: there is no limit, or nothing to wait for.
///
/// Threads: one at a time. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_pending_wait_ms(pending: *const rq_pending) -> i64 {
    quiet(-1, || {
        let left = optional(pending)?.pending.as_ref()?.wait_left()?;
        i64::try_from(left.as_nanos().div_ceil(1_000_000)).ok()
    })
}

/// Reads the response's head, and sends before that what has not been sent: what rq_send does, from
/// where the request stands. Blocks where no answer is there yet. The timeouts count from the
/// sending on. It can be called once.
///
/// Errors: as rq_send; `RQ_ERR_MISUSE` the second time. Ownership: the response is yours, free it
/// with rq_response_free, and `pending` still. Threads: one at a time, and not only the one that
/// began. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_pending_finish(
    pending: *mut rq_pending,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let pending = handle_mut(pending, "pending")?.pending.take().ok_or_else(finished)?;
        Ok(give(rq_response::from(pending.finish()?)))
    })
}

/// Frees a pending request, and gives it up with its connection if it is not finished. NULL is
/// fine.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_pending_free(pending: *mut rq_pending) {
    free(pending);
}

fn finished() -> Error {
    Error::new(ErrorKind::Misuse, "the pending request was finished before: it has one response")
}
