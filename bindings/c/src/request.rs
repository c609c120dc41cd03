//! rq_request: what you want to send.

use std::ffi::{c_char, c_void};
use std::ptr;

use rq_core::Request;

use crate::boundary::{bytes, entry, free, give, handle_mut, optional, quiet, text};
use crate::error::rq_error;
use crate::opts::rq_opts;

/// A request as you word it: method, URL, body, settings. May be sent any number of times.
pub struct rq_request {
    pub(crate) request: Request,
    opts: rq_opts,
}

/// A request for `url`. Any token is a method: `"GET"`, `"MKCOL"`. The URL is parsed when the
/// request is prepared.
///
/// Errors: `RQ_ERR_INVALID_METHOD`. Ownership: yours, free it with rq_request_free. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_new(
    method: *const c_char,
    url: *const c_char,
    error: *mut *mut rq_error,
) -> *mut rq_request {
    entry(error, ptr::null_mut(), || {
        let request = Request::new(text(method, "method")?, text(url, "url")?)?;
        let opts = rq_opts { shared: request.options().clone() };
        Ok(give(rq_request { request, opts }))
    })
}

/// Frees a request. NULL is fine.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_free(request: *mut rq_request) {
    free(request);
}

/// The request's own settings; they win over the session's. NULL for NULL, which every rq_opts_...
/// call reports.
///
/// Ownership: lent until the request is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_opts(request: *const rq_request) -> *mut rq_opts {
    quiet(ptr::null_mut(), || Some((&raw const optional(request)?.opts).cast_mut()))
}

/// Sends these bytes as the body. Content-Length follows; no Content-Type is guessed. `len` 0: no
/// body.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_body(
    request: *mut rq_request,
    data: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let request = handle_mut(request, "request")?;
        request.request.body(bytes(data, len, "data")?);
        Ok(())
    });
}
