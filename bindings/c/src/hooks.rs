//! rq_opts: hooks, functions of yours that see an exchange while it happens.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::Arc;

use rq_core::{Options, Prepared, Progress, Response, Result, Step, Trace};

use crate::boundary::{entry, give, handle};
use crate::callbacks::{Context, present, progress, rq_free_fn, rq_progress_fn, told};
use crate::error::rq_error;
use crate::lent::c_string;
use crate::opts::rq_opts;
use crate::prepared::rq_prepared;
use crate::response::rq_response;

/// A step of an exchange, as rq_on_trace_fn is told of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum rq_step {
    /// The host's name was looked up.
    RQ_STEP_DNS = 1,
    /// A TCP connection was opened.
    RQ_STEP_CONNECT = 2,
    /// The TLS handshake is done.
    RQ_STEP_TLS = 3,
    /// A kept connection is used: no lookup, no connect, no handshake.
    RQ_STEP_REUSED = 4,
    /// The request was sent, its body included.
    RQ_STEP_SENT = 5,
    /// The head of the response was read.
    RQ_STEP_HEAD = 6,
    /// The body of the response was read to its end.
    RQ_STEP_BODY = 7,
    /// The request is sent again, as rq_opts_retries has it.
    RQ_STEP_RETRY = 8,
    /// A redirect is followed, or a challenge answered.
    RQ_STEP_REDIRECT = 9,
}

/// Sees, and may change, a request that is about to be sent; `prepared` is lent for the call.
/// Setting the error fails the request. Since: 0.1.
pub type rq_on_request_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        prepared: *mut rq_prepared,
        error: *mut *mut rq_error,
    ),
>;

/// Sees a response whose head has been read; `response` is lent for the call, and its body may be
/// read: what rq_body_bytes, rq_body_text and rq_body_json have read stays readable. Returns NULL
/// or `response` to let it stand, or another response, which librq owns from then on, to put in its
/// place. Setting the error fails the request. Since: 0.1.
pub type rq_on_response_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        response: *mut rq_response,
        error: *mut *mut rq_error,
    ) -> *mut rq_response,
>;

/// Told of each step that is done: `elapsed_us` microseconds after the call began, and in `about`
/// what it was done with (an address, a URL, a status), lent for the call. Since: 0.1.
pub type rq_on_trace_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        step: rq_step,
        elapsed_us: u64,
        about: *const c_char,
    ),
>;

/// Makes a hook and adds it. A hook that cannot be made, and its context, are dropped while the
/// settings are not locked.
fn add<H>(
    opts: *mut rq_opts,
    error: *mut *mut rq_error,
    make: impl FnOnce() -> Result<H>,
    add: impl FnOnce(&mut Options, H),
) {
    entry(error, (), || {
        let opts = handle(opts, "opts")?;
        let hook = make()?;
        opts.shared.update(|opts| add(opts, hook));
        Ok(())
    });
}

/// Adds a hook that sees each request just before it is sent, last of all: the first, and those
/// that follow a redirect; the answer to a challenge goes out as the hook left the request. Those
/// of the session run first, then those of the request, each in the order in which they were
/// added.
///
/// Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
/// `free` (may be NULL) is called with it once. Threads: on a session, any number may call at once.
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_on_request(
    opts: *mut rq_opts,
    callback: rq_on_request_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    add(opts, error, move || on_request(callback, context), Options::on_request);
}

/// Adds a hook that sees each response once its head has been read: the last, and before it those
/// of redirects. Each is given what the one before it returned. Order as rq_opts_on_request.
///
/// Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_on_response(
    opts: *mut rq_opts,
    callback: rq_on_response_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    add(opts, error, move || on_response(callback, context), Options::on_response);
}

/// Adds a hook that is told of each step of an exchange. Order as rq_opts_on_request.
///
/// Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_on_trace(
    opts: *mut rq_opts,
    callback: rq_on_trace_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    add(opts, error, move || on_trace(callback, context), Options::on_trace);
}

/// Adds a hook that is told while the body of a response is read: the bytes received so far, and
/// its Content-Length, -1 if that is unknown. Setting the error ends the reading. Order as
/// rq_opts_on_request.
///
/// Errors, ownership, threads: as rq_opts_on_request. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_on_download(
    opts: *mut rq_opts,
    callback: rq_progress_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    let hook = move || -> Result<Progress> { progress(callback, context) };
    add(opts, error, hook, Options::on_download);
}

/// Removes all hooks from these settings. A request that is on its way keeps those it began with.
///
/// Errors: NULL `opts`. Ownership: their contexts are freed, at once or with the last user. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_clear_hooks(opts: *mut rq_opts, error: *mut *mut rq_error) {
    entry(error, (), || {
        // What is removed is dropped, and its contexts freed, when the settings are unlocked again.
        drop(handle(opts, "opts")?.shared.update(Options::clear_hooks));
        Ok(())
    });
}

type OnRequest = Arc<dyn Fn(&mut Prepared) -> Result<()> + Send + Sync>;

fn on_request(callback: rq_on_request_fn, context: Context) -> Result<OnRequest> {
    let call = present(callback, "callback")?;
    Ok(Arc::new(move |prepared| {
        let mut lent = rq_prepared::from(prepared.clone());
        let pointer = &raw mut lent;
        // SAFETY: the caller's function; the handle lives until it returns.
        let ((), result) = told(|error| unsafe { call(context.pointer(), pointer, error) });
        result?;
        *prepared = lent.prepared;
        Ok(())
    }))
}

type OnResponse = Arc<dyn Fn(Response) -> Result<Response> + Send + Sync>;

fn on_response(callback: rq_on_response_fn, context: Context) -> Result<OnResponse> {
    let call = present(callback, "callback")?;
    Ok(Arc::new(move |response| {
        let lent = give(rq_response::from(response));
        // SAFETY: the caller's function; the handle lives until it returns.
        let (other, result) = told(|error| unsafe { call(context.pointer(), lent, error) });
        // SAFETY: made by `give` above, and no longer the callback's.
        let stays = unsafe { Box::from_raw(lent) };
        let replaces = (!other.is_null() && !ptr::eq(other, lent))
            // SAFETY: a response that the caller owned until the callback returned it.
            .then(|| unsafe { Box::from_raw(other) });
        // Whatever fails, both are dropped.
        result?;
        Ok(replaces.unwrap_or(stays).into_response())
    }))
}

type OnTrace = Arc<dyn Fn(&Trace<'_>) + Send + Sync>;

fn on_trace(callback: rq_on_trace_fn, context: Context) -> Result<OnTrace> {
    let call = present(callback, "callback")?;
    Ok(Arc::new(move |trace| {
        let elapsed_us = u64::try_from(trace.elapsed.as_micros()).unwrap_or(u64::MAX);
        let detail = c_string(trace.detail.as_bytes());
        // SAFETY: the caller's function; the text lives until it returns.
        unsafe { call(context.pointer(), code(trace.step), elapsed_us, detail.as_ptr()) }
    }))
}

/// Exhaustive, so that a new step cannot be forgotten.
fn code(step: Step) -> rq_step {
    match step {
        Step::Dns => rq_step::RQ_STEP_DNS,
        Step::Connect => rq_step::RQ_STEP_CONNECT,
        Step::Tls => rq_step::RQ_STEP_TLS,
        Step::Reused => rq_step::RQ_STEP_REUSED,
        Step::Sent => rq_step::RQ_STEP_SENT,
        Step::Head => rq_step::RQ_STEP_HEAD,
        Step::Body => rq_step::RQ_STEP_BODY,
        Step::Retry => rq_step::RQ_STEP_RETRY,
        Step::Redirect => rq_step::RQ_STEP_REDIRECT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_crosses_with_its_number() {
        for step in Step::ALL {
            assert_eq!(code(*step) as i32, step.number());
        }
    }
}
