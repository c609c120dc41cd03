//! rq_prepared: a request as it will be sent, to read and to change.

use std::cell::{OnceCell, RefCell};
use std::ffi::{CString, c_char, c_void};
use std::ptr;

use rq_core::Prepared;

use crate::boundary::{
    bytes, c_bytes, entry, free, give, handle, handle_mut, optional, optional_c_bytes, put, quiet,
    text,
};
use crate::error::rq_error;
use crate::lent::{LentHeaders, c_string};
use crate::request::rq_request;
use crate::session::rq_session;

/// A request as it will be sent, byte for byte. May be sent any number of times.
pub struct rq_prepared {
    pub(crate) prepared: Prepared,
    lent: Lent,
}

#[derive(Default)]
struct Lent {
    method: OnceCell<CString>,
    url: OnceCell<CString>,
    headers: LentHeaders,
    /// What rq_prepared_content has read.
    content: OnceCell<Vec<u8>>,
    /// What the last call of rq_prepared_curl or rq_prepared_proxy told.
    told: RefCell<Option<CString>>,
}

impl From<Prepared> for rq_prepared {
    fn from(prepared: Prepared) -> Self {
        Self { prepared, lent: Lent::default() }
    }
}

/// Merges a request with a session's defaults into what will be sent. Sends nothing. Without a
/// session (NULL) no default is applied at all. A URL of another scheme can be prepared; whether
/// anything serves it is told when it is sent.
///
/// Errors: `RQ_ERR_INVALID_URL`, `RQ_ERR_MISSING_SCHEMA`, what the settings cannot be sent as, and
/// what a callback says. Ownership: yours, free it with rq_prepared_free; session and request may
/// be freed before it. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepare(
    session: *const rq_session,
    request: *const rq_request,
    error: *mut *mut rq_error,
) -> *mut rq_prepared {
    entry(error, ptr::null_mut(), || {
        let request = &handle(request, "request")?.request;
        let prepared = match optional(session) {
            Some(session) => session.session.prepare(request)?,
            None => rq_core::prepare_alone(request)?,
        };
        Ok(give(rq_prepared::from(prepared)))
    })
}

/// Frees a prepared request. NULL is fine.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_free(prepared: *mut rq_prepared) {
    free(prepared);
}

/// The method; NULL for NULL.
///
/// Ownership: lent until the prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_method(prepared: *const rq_prepared) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_prepared { prepared, lent } = optional(prepared)?;
        Some(lent.method.get_or_init(|| c_string(prepared.method().as_bytes())).as_ptr())
    })
}

/// The URL, normalised: user and password included, if it has any. NULL for NULL.
///
/// Ownership: lent until the prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_url(prepared: *const rq_prepared) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_prepared { prepared, lent } = optional(prepared)?;
        Some(lent.url.get_or_init(|| c_string(prepared.url().as_str().as_bytes())).as_ptr())
    })
}

/// The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
/// none.
///
/// Ownership: lent until the prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_header(
    prepared: *const rq_prepared,
    name: *const c_char,
) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_prepared { prepared, lent } = optional(prepared)?;
        Some(lent.headers.named(prepared.headers(), text(name, "name").ok()?))
    })
}

/// The header at `index`, in the order in which it will be sent after `Host`; false past the end.
///
/// Ownership: `*name` and `*value` are lent until the prepared request is changed or freed. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_header_at(
    prepared: *const rq_prepared,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let rq_prepared { prepared, lent } = optional(prepared)?;
        Some(lent.headers.at(prepared.headers(), index, name, value))
    })
}

/// The body and its length; NULL and 0 if there is none, or if it is streamed from a file or a
/// callback and has not been read by rq_prepared_content: see rq_prepared_body_length.
///
/// Ownership: lent until the prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_body(prepared: *const rq_prepared, len: *mut usize) -> *const c_void {
    put(len, 0);
    quiet(ptr::null(), || {
        let rq_prepared { prepared, lent } = optional(prepared)?;
        let body = prepared.body().or(lent.content.get().map(Vec::as_slice))?;
        put(len, body.len());
        Some(body.as_ptr().cast())
    })
}

/// The whole body and its length: one that is streamed from a file or a callback is read into
/// memory, once. For adapters, which answer in place of a server; a body that can be read only once
/// is used up by it. "" and 0 without a body; NULL on failure.
///
/// Errors: `RQ_ERR_BODY` if it was sent or read before and cannot be read again,
/// `RQ_ERR_BODY_LENGTH`, `RQ_ERR_FILE`, and what its callback says. Ownership: lent until the
/// prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_content(
    prepared: *const rq_prepared,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_void {
    put(len, 0);
    entry(error, ptr::null(), || {
        let rq_prepared { prepared, lent } = handle(prepared, "prepared")?;
        let content = match (prepared.body(), lent.content.get()) {
            (Some(body), _) => body,
            (None, Some(read)) => read.as_slice(),
            (None, None) if prepared.body_length() == Some(0) => &[],
            (None, None) => {
                let read = prepared.content()?.into_owned();
                lent.content.get_or_init(|| read)
            }
        };
        put(len, content.len());
        Ok(content.as_ptr().cast())
    })
}

/// How long the body is: 0 without one; -1 if only the end of its stream will tell.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_body_length(prepared: *const rq_prepared) -> i64 {
    quiet(0, || {
        let length = optional(prepared)?.prepared.body_length();
        Some(length.map_or(-1, |length| i64::try_from(length).unwrap_or(i64::MAX)))
    })
}

/// Replaces the method; it is sent as spelled here.
///
/// Errors: `RQ_ERR_INVALID_METHOD`; the old one stays. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_set_method(
    prepared: *mut rq_prepared,
    method: *const c_char,
    error: *mut *mut rq_error,
) {
    change(prepared, error, |prepared| prepared.set_method(text(method, "method")?));
}

/// Replaces the URL.
///
/// Errors: as rq_prepare; the old one stays. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_set_url(
    prepared: *mut rq_prepared,
    url: *const c_char,
    error: *mut *mut rq_error,
) {
    change(prepared, error, |prepared| prepared.set_url(text(url, "url")?));
}

/// Sets a header in its place, or adds it at the end; `value` NULL removes it. A Content-Length
/// that does not say the length of the body is refused when the request is sent.
///
/// Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_set_header(
    prepared: *mut rq_prepared,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    change(prepared, error, |prepared| {
        let name = text(name, "name")?;
        match optional_c_bytes(value) {
            Some(value) => prepared.headers_mut().set(name, value)?,
            None => {
                prepared.headers_mut().remove(name);
            }
        }
        Ok(())
    });
}

/// Adds a header at the end, beside others of that name.
///
/// Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_add_header(
    prepared: *mut rq_prepared,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    change(prepared, error, |prepared| {
        prepared.headers_mut().add(text(name, "name")?, c_bytes(value, "value")?)
    });
}

/// Replaces the body; Content-Length follows it. `len` 0: no body.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_set_body(
    prepared: *mut rq_prepared,
    data: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    change(prepared, error, |prepared| {
        prepared.set_body(bytes(data, len, "data")?);
        Ok(())
    });
}

/// The request as a curl command line, for people. Credentials and cookies are masked unless
/// `show_secrets`; a body that is streamed, or no text, is to be piped in.
///
/// Errors: NULL `prepared`. Ownership: lent until the next call of this function or of
/// rq_prepared_proxy, or until the prepared request is changed or freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_curl(
    prepared: *const rq_prepared,
    show_secrets: bool,
    error: *mut *mut rq_error,
) -> *const c_char {
    entry(error, ptr::null(), || {
        let rq_prepared { prepared, lent } = handle(prepared, "prepared")?;
        let line = c_string(prepared.curl(show_secrets).as_bytes());
        Ok(lent.told.borrow_mut().insert(line).as_ptr())
    })
}

/// The URL of the proxy that a send on this session would use, with its credentials if it has any;
/// NULL: none, a direct connection. Sends nothing.
///
/// Errors: `RQ_ERR_INVALID_PROXY` or `RQ_ERR_INVALID_URL` for a proxy of the environment that
/// cannot be one. Ownership: as rq_prepared_curl. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_prepared_proxy(
    prepared: *const rq_prepared,
    session: *const rq_session,
    error: *mut *mut rq_error,
) -> *const c_char {
    entry(error, ptr::null(), || {
        let rq_prepared { prepared, lent } = handle(prepared, "prepared")?;
        let session = &handle(session, "session")?.session;
        let Some(url) = session.proxy_for(prepared)? else { return Ok(ptr::null()) };
        Ok(lent.told.borrow_mut().insert(c_string(url.as_bytes())).as_ptr())
    })
}

/// Changes the prepared request and takes back all that it lent.
fn change(
    prepared: *mut rq_prepared,
    error: *mut *mut rq_error,
    change: impl FnOnce(&mut Prepared) -> rq_core::Result<()>,
) {
    entry(error, (), || {
        let handle = handle_mut(prepared, "prepared")?;
        change(&mut handle.prepared)?;
        handle.lent = Lent::default();
        Ok(())
    });
}
