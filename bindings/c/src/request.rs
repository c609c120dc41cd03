//! rq_request: what you want to send.

use std::ffi::{c_char, c_void};
use std::fs::File;
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;

use rq_core::{Error, ErrorKind, Part, Phase, Request, Result, Upload};

use crate::boundary::{bytes, entry, free, give, handle_mut, optional, optional_text, quiet, text};
use crate::callbacks::{
    Context, progress, rq_free_fn, rq_progress_fn, rq_read_fn, rq_rewind_fn, upload,
};
use crate::error::rq_error;
use crate::opts::rq_opts;
use crate::part::rq_part;

/// A request as you word it: method, URL, body, settings. May be sent any number of times.
pub struct rq_request {
    pub(crate) request: Request,
    opts: rq_opts,
    /// Those that are lent: boxed, so that they stay where they are.
    #[allow(clippy::vec_box, reason = "their addresses are the caller's handles")]
    parts: Vec<Box<rq_part>>,
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
        Ok(give(rq_request { request, opts, parts: Vec::new() }))
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
/// A request has one content: parts win over everything (a body beside them is an error), a body
/// over fields and JSON, fields over JSON. Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no
/// object has. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_body(
    request: *mut rq_request,
    data: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    change(request, error, |request| {
        request.body(bytes(data, len, "data")?);
        Ok(())
    });
}

/// Sends this JSON text, with Content-Type: application/json unless one is set.
///
/// Errors: `RQ_ERR_INVALID_JSON` for what is not one JSON value in UTF-8. Ownership: copied. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_json(
    request: *mut rq_request,
    json: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    change(request, error, |request| request.json(bytes(json, len, "json")?));
}

/// Adds a form field; names may be repeated. Sent form-encoded, or as multipart/form-data if the
/// request has parts. `value` NULL: nothing is added.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_field(
    request: *mut rq_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    change(request, error, |request| {
        let name = text(name, "name")?;
        if let Some(value) = optional_text(value, "value")? {
            request.field(name, value);
        }
        Ok(())
    });
}

/// Sends the file at `path` as the body: opened now, read while it is sent, with its length.
///
/// Errors: `RQ_ERR_FILE` if it cannot be opened; when sent, `RQ_ERR_BODY_LENGTH` if it has become
/// shorter. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_body_file(
    request: *mut rq_request,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    change(request, error, |request| request.body_file(text(path, "path")?));
}

/// Sends an open file from its position to its end. A regular file is sent with its length, its
/// position is not moved, and it can be sent again; a pipe is sent in chunks, once.
///
/// Errors: `RQ_ERR_FILE` for what is no open file. Ownership: the descriptor is duplicated. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_body_fd(request: *mut rq_request, fd: i32, error: *mut *mut rq_error) {
    change(request, error, |request| {
        request.body_stream(Upload::from_file(duplicate(fd)?)?);
        Ok(())
    });
}

/// Sends what `read` gives while the request is sent: `length` bytes, which it is held to, or, with
/// -1, in chunks until it ends. `rewind` (may be NULL) lets the body be sent again.
///
/// Errors: `RQ_ERR_MISUSE` for NULL `read`; when sent, what the callbacks say,
/// `RQ_ERR_BODY_LENGTH`, `RQ_ERR_BODY` if it would have to be sent twice. Ownership: `context` is
/// given away, also on error; `free` (may be NULL) is called with it once. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_body_callback(
    request: *mut rq_request,
    read: rq_read_fn,
    rewind: rq_rewind_fn,
    context: *mut c_void,
    free: rq_free_fn,
    length: i64,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    change(request, error, move |request| {
        request.body_stream(upload(read, rewind, context, length)?);
        Ok(())
    });
}

/// Tells `callback` while the body is sent.
///
/// Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
/// `free` (may be NULL) is called with it once. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_progress(
    request: *mut rq_request,
    callback: rq_progress_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    change(request, error, move |request| {
        request.progress(progress(callback, context)?);
        Ok(())
    });
}

/// Adds a part: the body becomes multipart/form-data, the fields first, then the parts in order.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a name that is not UTF-8. Ownership: lent until the
/// request is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_request_part(
    request: *mut rq_request,
    name: *const c_char,
    error: *mut *mut rq_error,
) -> *mut rq_part {
    entry(error, ptr::null_mut(), || {
        let handle = handle_mut(request, "request")?;
        handle.request.part(Part::new(text(name, "name")?));
        let mut part = Box::new(rq_part { request, index: handle.parts.len() });
        let pointer = &raw mut *part;
        handle.parts.push(part);
        Ok(pointer)
    })
}

fn change(
    request: *mut rq_request,
    error: *mut *mut rq_error,
    change: impl FnOnce(&mut Request) -> Result<()>,
) {
    entry(error, (), || change(&mut handle_mut(request, "request")?.request));
}

fn duplicate(fd: RawFd) -> Result<File> {
    let fault = |words: String| {
        Error::new(ErrorKind::File, format!("file {fd}: {words}")).in_phase(Phase::Prepare)
    };
    if fd < 0 {
        return Err(fault("a descriptor is never negative".to_owned()));
    }
    // SAFETY: not negative, and borrowed for this call alone; the system checks that it is open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let owned = borrowed.try_clone_to_owned().map_err(|error| {
        fault(error.to_string()).with_os_error(error.raw_os_error().unwrap_or(0))
    })?;
    Ok(File::from(owned))
}
