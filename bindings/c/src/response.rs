//! rq_response: what came back.

use std::cell::{OnceCell, RefCell};
use std::ffi::{CString, c_char};
use std::ptr;

use rq_core::Response;

use crate::boundary::{entry, free, give, handle, optional, quiet, text};
use crate::certificate::rq_certificate;
use crate::cookies::rq_cookies;
use crate::error::rq_error;
use crate::lent::{LentHeaders, c_string};
use crate::prepared::rq_prepared;
use crate::text::{LentLink, LentText};

/// A response: its head has been read, its body is read with the rq_body_... functions.
pub struct rq_response {
    pub(crate) response: Response,
    history: Option<Box<[Hop]>>,
    /// Made when something of it is first asked for.
    lent: OnceCell<Box<Lent>>,
}

/// What is lent until the response is freed.
#[derive(Default)]
pub(crate) struct Lent {
    reason: OnceCell<CString>,
    url: OnceCell<CString>,
    headers: LentHeaders,
    trailers: LentHeaders,
    request: OnceCell<Box<rq_prepared>>,
    cookies: OnceCell<Box<rq_cookies>>,
    pub(crate) certificates: OnceCell<Vec<rq_certificate>>,
    pub(crate) text: LentText,
    pub(crate) encoding: OnceCell<Option<CString>>,
    pub(crate) links: OnceCell<Vec<LentLink>>,
    pub(crate) named_links: RefCell<Vec<(String, CString)>>,
}

/// A response of the history. A pointer and no Box, since what is lent may be read from.
struct Hop(*mut rq_response);

impl Hop {
    fn into_response(self) -> Response {
        // SAFETY: made by `give`, and forgotten here, so that nobody frees it again.
        let hop = unsafe { Box::from_raw(std::mem::ManuallyDrop::new(self).0) };
        hop.into_response()
    }
}

impl Drop for Hop {
    fn drop(&mut self) {
        free(self.0);
    }
}

impl From<Response> for rq_response {
    fn from(mut response: Response) -> Self {
        let history = match response.history().is_empty() {
            true => None,
            false => {
                let history = std::mem::take(response.history_mut());
                Some(history.into_iter().map(|hop| Hop(give(Self::from(hop)))).collect())
            }
        };
        Self { response, history, lent: OnceCell::new() }
    }
}

impl rq_response {
    /// The response, and what is lent of it.
    pub(crate) fn lend(&self) -> (&Response, &Lent) {
        (&self.response, self.lent.get_or_init(Box::default))
    }

    /// The same, to read its body and keep that.
    pub(crate) fn lend_mut(&mut self) -> (&mut Response, &mut Lent) {
        self.lent.get_or_init(Box::default);
        let lent = self.lent.get_mut().expect("made just now");
        (&mut self.response, lent)
    }

    fn hops(&self) -> &[Hop] {
        self.history.as_deref().unwrap_or_default()
    }

    /// The response itself, its history included, of a handle that is given up.
    pub(crate) fn into_response(self) -> Response {
        let mut response = self.response;
        if let Some(history) = self.history {
            *response.history_mut() = history.into_iter().map(Hop::into_response).collect();
        }
        response
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
        let (response, Lent { reason, .. }) = get(response)?.lend();
        Some(reason.get_or_init(|| c_string(response.reason().as_bytes())).as_ptr())
    })
}

/// The URL that answered. NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_url(response: *const rq_response) -> *const c_char {
    quiet(ptr::null(), || {
        let (response, Lent { url, .. }) = get(response)?.lend();
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
        let (response, Lent { headers, .. }) = get(response)?.lend();
        Some(headers.named(response.headers(), text(name, "name").ok()?))
    })
}

/// The header at `index`, as received: order, case, repetition and blanks at the end of a value
/// kept; false past the end.
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
        let (response, Lent { headers, .. }) = get(response)?.lend();
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
        let (response, Lent { trailers, .. }) = get(response)?.lend();
        Some(trailers.at(response.trailers()?, index, name, value))
    })
}

/// Whether the status is none from 400 to 599; false for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_ok(response: *const rq_response) -> bool {
    quiet(false, || Some(get(response)?.response.ok()))
}

/// Whether the response is a redirect that could be followed: a status of 301, 302, 303, 307 or 308
/// with a Location.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_is_redirect(response: *const rq_response) -> bool {
    quiet(false, || Some(get(response)?.response.is_redirect()))
}

/// Whether the response is a permanent redirect: a status of 301 or 308 with a Location.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_is_permanent_redirect(response: *const rq_response) -> bool {
    quiet(false, || Some(get(response)?.response.is_permanent_redirect()))
}

/// How many responses led to this one: the redirects that were followed, or else the challenge that
/// was answered; each redirect has its own challenge in its own history, as in Requests.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_history_count(response: *const rq_response) -> usize {
    quiet(0, || Some(get(response)?.hops().len()))
}

/// The response at `index` of those that led to this one, the oldest first; NULL past the end. Up
/// to 64 KiB of its body can be read.
///
/// Ownership: lent until `response` is freed; must not be freed itself. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_history_at(
    response: *const rq_response,
    index: usize,
) -> *mut rq_response {
    quiet(ptr::null_mut(), || Some(get(response)?.hops().get(index)?.0))
}

/// The request as it was sent. NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_request(response: *const rq_response) -> *const rq_prepared {
    quiet(ptr::null(), || {
        let (response, Lent { request, .. }) = get(response)?.lend();
        let lent = || Box::new(rq_prepared::from(response.request().clone()));
        Some(&raw const **request.get_or_init(lent))
    })
}

/// The request that would follow this redirect, for a redirect that was not followed. NULL without
/// an error: it is no redirect.
///
/// Errors: `RQ_ERR_INVALID_URL` and its like for a Location that cannot be one; `RQ_ERR_BODY`.
/// Ownership: yours, free it with rq_prepared_free. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_next(
    response: *const rq_response,
    error: *mut *mut rq_error,
) -> *mut rq_prepared {
    entry(error, ptr::null_mut(), || {
        let next = handle(response, "response")?.response.next()?;
        Ok(next.map_or(ptr::null_mut(), |next| give(rq_prepared::from(next))))
    })
}

/// The cookies that this response set, without those of its history: a jar of its own, which no
/// session looks at. NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_cookies(response: *const rq_response) -> *mut rq_cookies {
    quiet(ptr::null_mut(), || {
        let (response, Lent { cookies, .. }) = get(response)?.lend();
        let cookies = cookies.get_or_init(|| Box::new(rq_cookies { cookies: response.cookies() }));
        Some((&raw const **cookies).cast_mut())
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
