//! rq_response: what came back.

use std::cell::OnceCell;
use std::ffi::{CString, c_char};
use std::ptr;

use rq_core::Response;

use crate::boundary::{entry, free, handle, optional, quiet, text};
use crate::error::rq_error;
use crate::lent::{LentHeaders, c_string};

/// A response: its head has been read, its body is read with rq_body_read or rq_body_bytes.
pub struct rq_response {
    pub(crate) response: Response,
    pub(crate) bytes: Option<Vec<u8>>,
    reason: OnceCell<CString>,
    url: OnceCell<CString>,
    headers: LentHeaders,
    trailers: LentHeaders,
}

impl From<Response> for rq_response {
    fn from(response: Response) -> Self {
        Self {
            response,
            bytes: None,
            reason: OnceCell::new(),
            url: OnceCell::new(),
            headers: LentHeaders::default(),
            trailers: LentHeaders::default(),
        }
    }
}

/// Frees a response. NULL is fine. A connection whose body was not read to its end is closed,
/// unless the rest has arrived already.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_free(response: *mut rq_response) {
    free(response);
}

/// The status code, 100 to 999; 0 for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_status(response: *const rq_response) -> i32 {
    quiet(0, || Some(get(response)?.response.status().into()))
}

/// The reason phrase as received, `"OK"`; empty if there was none. NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_reason(response: *const rq_response) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_response { response, reason, .. } = get(response)?;
        Some(reason.get_or_init(|| c_string(response.reason().as_bytes())).as_ptr())
    })
}

/// The URL that answered. NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_url(response: *const rq_response) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_response { response, url, .. } = get(response)?;
        Some(url.get_or_init(|| c_string(response.url().as_bytes())).as_ptr())
    })
}

/// 11 for HTTP/1.1, 10 for HTTP/1.0; 0 for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_http_version(response: *const rq_response) -> i32 {
    quiet(0, || Some(get(response)?.response.http_version().into()))
}

/// The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
/// none.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_header(
    response: *const rq_response,
    name: *const c_char,
) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_response { response, headers, .. } = get(response)?;
        Some(headers.named(response.headers(), text(name, "name").ok()?))
    })
}

/// The header at `index`, as received: order, case and repetition kept; false past the end.
///
/// Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_header_at(
    response: *const rq_response,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let rq_response { response, headers, .. } = get(response)?;
        Some(headers.at(response.headers(), index, name, value))
    })
}

/// The trailer field at `index`, sent after a chunked body; false past the end, and until the body
/// has been read to its end.
///
/// Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_trailer_at(
    response: *const rq_response,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let rq_response { response, trailers, .. } = get(response)?;
        Some(trailers.at(response.trailers()?, index, name, value))
    })
}

/// Milliseconds from the start of sending until the head was read, without the body; 0 for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_elapsed_ms(response: *const rq_response) -> f64 {
    quiet(0.0, || Some(get(response)?.response.elapsed().as_secs_f64() * 1000.0))
}

/// Whether the response came over a connection that was kept from an earlier request; false for
/// NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_reused(response: *const rq_response) -> bool {
    quiet(false, || Some(get(response)?.response.is_reused()))
}

/// Turns a status from 400 to 599 into an error, worded as Requests' raise_for_status does.
///
/// Errors: `RQ_ERR_STATUS`, with the status in rq_error_status. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_raise(response: *const rq_response, error: *mut *mut rq_error) {
    entry(error, (), || handle(response, "response")?.response.raise_for_status());
}

fn get<'a>(response: *const rq_response) -> Option<&'a rq_response> {
    optional(response)
}
