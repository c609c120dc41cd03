//! Sending: from a prepared request, a request, or just a URL to a response.

use std::ffi::c_char;
use std::ptr;

use rq_core::{Prepared, Request, Result, Session};

use crate::boundary::{entry, give, handle, optional, text};
use crate::cancel::rq_cancel;
use crate::error::rq_error;
use crate::opts::rq_opts;
use crate::prepared::rq_prepared;
use crate::request::rq_request;
use crate::response::rq_response;
use crate::session::rq_session;

/// Sends a prepared request exactly as it stands and reads the response's head; the body is read
/// with rq_body_read. Redirects are followed, challenges answered, and what failed is tried again
/// as the settings say. A kept connection that turns out dead is replaced once, if sending twice is
/// the same as sending once.
///
/// `cancel` may be NULL; it holds for the body too. Blocks. Errors: any from `RQ_ERR_CALLBACK` to
/// `RQ_ERR_BODY_LENGTH`, and `RQ_ERR_TOO_MANY_REDIRECTS`; a status such as 404 is none. Ownership:
/// yours, free it with rq_response_free. Threads: any number may send on one session, and the same
/// prepared request too (which one of them may read) while nobody changes it. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_send(
    session: *const rq_session,
    prepared: *const rq_prepared,
    cancel: *const rq_cancel,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        send(session, &handle(prepared, "prepared")?.prepared, cancel)
    })
}

/// rq_send with settings for this sending alone: timeouts, deadline, verification, CA, proxies,
/// jar, redirects, retries, decoding and limits of `opts` win over those of the request and of the
/// session; its hooks run after theirs. Its other settings have no effect: what is sent was
/// prepared. `opts` may be NULL, and stays as it is.
///
/// Errors, ownership, threads: as rq_send; `RQ_ERR_MISUSE` also. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_send_with(
    session: *const rq_session,
    prepared: *const rq_prepared,
    opts: *const rq_opts,
    cancel: *const rq_cancel,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        let prepared = &handle(prepared, "prepared")?.prepared;
        match optional(opts) {
            Some(opts) => send(session, &prepared.overridden(&opts.shared), cancel),
            None => send(session, prepared, cancel),
        }
    })
}

/// rq_prepare and rq_send in one call.
///
/// Errors, ownership, threads: as theirs. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_perform(
    session: *const rq_session,
    request: *const rq_request,
    cancel: *const rq_cancel,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        let request = &handle(request, "request")?.request;
        perform(session, request, cancel)
    })
}

/// Sends a GET for `url` with the session's defaults.
///
/// Errors, ownership, threads: as rq_perform. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_get(
    session: *const rq_session,
    url: *const c_char,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        Ok(give(rq_response::from(session.get(text(url, "url")?)?)))
    })
}

/// Sends a POST of this JSON text for `url`, with the session's defaults and Content-Type:
/// application/json.
///
/// Errors, ownership, threads: as rq_perform; `RQ_ERR_INVALID_JSON` for what is not one JSON value.
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_post_json(
    session: *const rq_session,
    url: *const c_char,
    json: *const c_char,
    error: *mut *mut rq_error,
) -> *mut rq_response {
    entry(error, ptr::null_mut(), || {
        let session = &handle(session, "session")?.session;
        let mut request = Request::new("POST", text(url, "url")?)?;
        request.json(text(json, "json")?)?;
        perform(session, &request, ptr::null())
    })
}

/// Sends a GET for `url` with the session's defaults, turns a status from 400 to 599 into an error,
/// and writes the body to the file at `path`: rq_get, rq_response_raise and rq_body_save in one
/// call. Returns its bytes; -1 on error, and the file is as it was.
///
/// Blocks. Errors: as rq_perform, rq_response_raise and rq_body_save. Threads: any number. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_download(
    session: *const rq_session,
    url: *const c_char,
    path: *const c_char,
    error: *mut *mut rq_error,
) -> i64 {
    entry(error, -1, || {
        let (url, path) = (text(url, "url")?, text(path, "path")?);
        let mut response = handle(session, "session")?.session.get(url)?;
        response.raise_for_status()?;
        Ok(i64::try_from(response.save(path)?).unwrap_or(i64::MAX))
    })
}

fn perform(
    session: &Session,
    request: &Request,
    cancel: *const rq_cancel,
) -> Result<*mut rq_response> {
    let cancel = optional(cancel).map(|cancel| &cancel.token);
    Ok(give(rq_response::from(session.perform(request, cancel)?)))
}

fn send(
    session: &Session,
    prepared: &Prepared,
    cancel: *const rq_cancel,
) -> Result<*mut rq_response> {
    let response = match optional(cancel) {
        Some(cancel) => session.send_cancellable(prepared, &cancel.token)?,
        None => session.send(prepared)?,
    };
    Ok(give(rq_response::from(response)))
}
