//! rq_session_mount: adapters, functions of yours that answer requests in place of a server.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

use rq_core::{Adapter, Error, ErrorKind, Prepared, Reply, Result};

use crate::boundary::{bytes, c_bytes, entry, give, handle, handle_mut, text};
use crate::callbacks::{Context, rq_free_fn, told};
use crate::error::rq_error;
use crate::prepared::rq_prepared;
use crate::session::rq_session;

/// The answer of an adapter, lent to it to be filled in: a status, which begins as 200, headers and
/// a body.
pub struct rq_reply {
    reply: Reply,
}

/// Answers `request` by what it puts into `reply`; both are lent for the call. Setting the error
/// fails the request, or has it tried again where rq_opts_retries covers that. Since: 0.1.
pub type rq_adapter_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        request: *const rq_prepared,
        reply: *mut rq_reply,
        error: *mut *mut rq_error,
    ),
>;

type AdapterFn =
    unsafe extern "C" fn(*mut c_void, *const rq_prepared, *mut rq_reply, *mut *mut rq_error);

/// Has `adapter` answer the requests whose URL begins with `prefix`, in any letter case and without
/// user and password: `"mock://"`, `"https://example.org/api/"`. Of several prefixes the longest
/// counts; one that ends with the host also covers hosts that go on from there. The same prefix
/// again replaces its adapter. `adapter` NULL: real connections, but kept apart from the session's.
/// What an adapter answers is treated as a server's answer is: cookies, redirects, hooks, codings.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for an empty prefix. Ownership: `context` is given away, also
/// on error; `free` (may be NULL) is called with it once: when the adapter is replaced, unmounted
/// or freed with its session, and no request uses it any more. Threads: any number may mount, and
/// any number may call the adapter at once. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_mount(
    session: *const rq_session,
    prefix: *const c_char,
    adapter: rq_adapter_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    entry(error, (), move || {
        let session = &handle(session, "session")?.session;
        let prefix = text(prefix, "prefix")?;
        match adapter {
            Some(call) => session.mount(prefix, Arc::new(Mounted { call, context })),
            None => session.mount_http(prefix),
        }
    });
}

/// Takes the adapter at exactly this prefix away; whether there was one. Requests on their way
/// keep it until they are answered.
///
/// Errors: NULL. Ownership: its context is freed, at once or with the last such request. Threads:
/// any number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_unmount(
    session: *const rq_session,
    prefix: *const c_char,
    error: *mut *mut rq_error,
) -> bool {
    entry(error, false, || {
        let session = &handle(session, "session")?.session;
        Ok(session.unmount(text(prefix, "prefix")?))
    })
}

/// Sets the status; the reason phrase follows it unless rq_reply_reason sets one.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a number that is not 200 to 999. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_reply_status(reply: *mut rq_reply, status: i32, error: *mut *mut rq_error) {
    fill(reply, error, |reply| {
        reply.status(u16::try_from(status).map_err(|_| {
            let message = format!("{status} is not a status from 200 to 999");
            Error::new(ErrorKind::InvalidArgument, message)
        })?)
    });
}

/// Sets the reason phrase.
///
/// Errors: `RQ_ERR_INVALID_HEADER` for a text that no head can hold. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_reply_reason(
    reply: *mut rq_reply,
    reason: *const c_char,
    error: *mut *mut rq_error,
) {
    fill(reply, error, |reply| reply.reason(text(reason, "reason")?));
}

/// Adds a header, beside others of that name.
///
/// Errors: `RQ_ERR_INVALID_HEADER` for a name or value that no head can hold. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_reply_header(
    reply: *mut rq_reply,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    fill(reply, error, |reply| reply.header(text(name, "name")?, c_bytes(value, "value")?));
}

/// Sets the body, as it would come from a server: with the codings that a Content-Encoding header
/// names. It needs no Content-Length.
///
/// Errors: NULL `reply`, or NULL `data` with a length. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_reply_body(
    reply: *mut rq_reply,
    data: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    fill(reply, error, |reply| {
        reply.body(bytes(data, len, "data")?);
        Ok(())
    });
}

fn fill(
    reply: *mut rq_reply,
    error: *mut *mut rq_error,
    change: impl FnOnce(&mut Reply) -> Result<()>,
) {
    entry(error, (), || change(&mut handle_mut(reply, "reply")?.reply));
}

/// The caller's function as the core's adapter.
struct Mounted {
    call: AdapterFn,
    context: Context,
}

impl Adapter for Mounted {
    fn send(&self, request: &Prepared) -> Result<Reply> {
        let lent = rq_prepared::from(request.clone());
        let reply = give(rq_reply { reply: Reply::new(200)? });
        // SAFETY: the caller's function; both handles live until it returns.
        let ((), result) = told(|error| unsafe {
            (self.call)(self.context.pointer(), ptr::from_ref(&lent), reply, error);
        });
        // SAFETY: made by `give` above, and no longer the callback's.
        let filled = unsafe { Box::from_raw(reply) };
        result?;
        Ok(filled.reply)
    }
}
