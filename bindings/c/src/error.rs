//! rq_error: what went wrong.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use rq_core::{Error, ErrorKind};

use crate::boundary::{entry, free, optional, optional_c_bytes, put, quiet, text};
use crate::lent::{LentHeaders, c_string};
use crate::version::reason_name;

/// What went wrong: few, flat, stable numbers, grouped by hundreds. Numbers are never reused.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum rq_code {
    /// No error.
    RQ_OK = 0,
    /// A pointer was NULL, or a handle in a state that forbids the call.
    RQ_ERR_MISUSE = 1,
    /// A bug in librq, contained: the call failed, the process lives.
    RQ_ERR_PANIC = 2,
    /// A callback of yours failed; its text is the message.
    RQ_ERR_CALLBACK = 3,
    /// The request's rq_cancel was triggered.
    RQ_ERR_CANCELLED = 4,
    /// A value that no request can use: not UTF-8, out of range, not an address.
    RQ_ERR_INVALID_ARGUMENT = 100,
    /// The URL cannot be parsed or has no host (Requests: InvalidURL).
    RQ_ERR_INVALID_URL = 101,
    /// The URL has no scheme (Requests: MissingSchema).
    RQ_ERR_MISSING_SCHEMA = 102,
    /// Nothing serves the URL's scheme (Requests: InvalidSchema).
    RQ_ERR_INVALID_SCHEMA = 103,
    /// A header's name or value cannot be sent (Requests: InvalidHeader).
    RQ_ERR_INVALID_HEADER = 104,
    /// The method is not a token.
    RQ_ERR_INVALID_METHOD = 105,
    /// A file is missing, unreadable, or does not hold what it should.
    RQ_ERR_FILE = 106,
    /// What was given as JSON is not JSON, or not UTF-8 (Requests: InvalidJSONError).
    RQ_ERR_INVALID_JSON = 107,
    /// A cookie's name or value cannot be sent.
    RQ_ERR_INVALID_COOKIE = 108,
    /// A proxy's URL cannot be parsed or has no host (Requests: InvalidProxyURL).
    RQ_ERR_INVALID_PROXY = 109,
    /// The host's name has no address.
    RQ_ERR_DNS = 200,
    /// No address of the host accepted a connection; see rq_error_errno.
    RQ_ERR_CONNECT = 201,
    /// The TLS handshake or a record failed; a refused certificate (Requests: SSLError).
    RQ_ERR_TLS = 202,
    /// The HTTP proxy could not be reached, or refused to connect; see rq_error_status and
    /// rq_error_reason (Requests: ProxyError).
    RQ_ERR_PROXY = 203,
    /// The SOCKS proxy could not be reached, or refused to serve (Requests: ConnectionError).
    RQ_ERR_SOCKS = 204,
    /// DNS, connect and TLS handshake took longer than the connect timeout.
    RQ_ERR_CONNECT_TIMEOUT = 210,
    /// The peer sent nothing for the read timeout.
    RQ_ERR_READ_TIMEOUT = 211,
    /// The peer took nothing for the read timeout while the request was sent.
    RQ_ERR_WRITE_TIMEOUT = 212,
    /// The deadline of the whole call has passed.
    RQ_ERR_TOTAL_TIMEOUT = 213,
    /// All connections allowed to this host stayed in use.
    RQ_ERR_POOL_TIMEOUT = 214,
    /// The connection broke while the request was sent.
    RQ_ERR_SEND = 300,
    /// The peer closed the connection before any byte of a response.
    RQ_ERR_CLOSED = 301,
    /// What the peer sent is not HTTP/1.1, or dangerously ambiguous.
    RQ_ERR_PROTOCOL = 302,
    /// The response ended before its end: truncated (Requests: ChunkedEncodingError).
    RQ_ERR_INCOMPLETE = 303,
    /// The response exceeds a limit of librq.
    RQ_ERR_LIMIT = 304,
    /// A body that was read once, from a pipe or a callback that cannot rewind, would have to be
    /// sent again: by you, or for a redirect, a digest challenge, a retry, a dead connection
    /// (Requests: UnrewindableBodyError).
    RQ_ERR_BODY = 305,
    /// The source of a body gave more or less than the length that was declared.
    RQ_ERR_BODY_LENGTH = 306,
    /// The body of the response is not in the coding that its Content-Encoding says (Requests:
    /// ContentDecodingError).
    RQ_ERR_DECODE = 307,
    /// rq_response_raise met a status from 400 to 599 (Requests: HTTPError).
    RQ_ERR_STATUS = 400,
    /// More redirects than rq_opts_redirects_max allows (Requests: TooManyRedirects).
    RQ_ERR_TOO_MANY_REDIRECTS = 401,
}

/// What went wrong. Free it with rq_error_free.
pub struct rq_error {
    error: Error,
    message: CString,
    url: Option<CString>,
    answer: LentHeaders,
}

impl From<Error> for rq_error {
    fn from(error: Error) -> Self {
        let message = c_string(error.message().as_bytes());
        let url = error.url().map(|url| c_string(url.as_bytes()));
        Self { error, message, url, answer: LentHeaders::default() }
    }
}

impl rq_error {
    /// The error itself, of one that a callback made.
    pub(crate) fn into_error(self) -> Error {
        self.error
    }
}

/// The error's code, to switch on; `RQ_OK` for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_code(error: *const rq_error) -> rq_code {
    quiet(rq_code::RQ_OK, || Some(code(details(error)?.error.kind())))
}

/// What was wrong, where, and what to do: one line for people, never a credential. Empty for NULL.
///
/// Ownership: lent until the error is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_message(error: *const rq_error) -> *const c_char {
    quiet(c"".as_ptr(), || Some(details(error)?.message.as_ptr()))
}

/// The step that failed: `"prepare"`, `"pool"`, `"dns"`, `"connect"`, `"tls"`, `"send"`, `"head"`,
/// `"body"`, or `""`.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_phase(error: *const rq_error) -> *const c_char {
    use rq_core::Phase;
    quiet(c"".as_ptr(), || {
        let phase = match details(error)?.error.phase() {
            Phase::None => c"",
            Phase::Prepare => c"prepare",
            Phase::Pool => c"pool",
            Phase::Dns => c"dns",
            Phase::Connect => c"connect",
            Phase::Tls => c"tls",
            Phase::Send => c"send",
            Phase::Head => c"head",
            Phase::Body => c"body",
        };
        Some(phase.as_ptr())
    })
}

/// The exception that Python Requests raises for this: `"ConnectTimeout"`, `"SSLError"`, … Empty
/// for NULL.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_exception(error: *const rq_error) -> *const c_char {
    quiet(c"".as_ptr(), || Some(exception(details(error)?.error.exception()).as_ptr()))
}

/// The URL of the request, without user and password; NULL if none was known.
///
/// Ownership: lent until the error is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_url(error: *const rq_error) -> *const c_char {
    quiet(ptr::null(), || Some(details(error)?.url.as_ref()?.as_ptr()))
}

/// The system's error number, `ECONNREFUSED` and the like; 0 where none applies.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_errno(error: *const rq_error) -> i32 {
    quiet(0, || Some(details(error)?.error.os_error()))
}

/// The HTTP status that the error speaks of; 0 where none applies.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_status(error: *const rq_error) -> i32 {
    quiet(0, || Some(details(error)?.error.status().into()))
}

/// What the code leaves open, as a stable word: why a certificate was refused (`"expired"`,
/// `"wrong_host"`), why a name has no address (`"not_found"`), why a proxy did not serve
/// (`"authentication"`). Empty where nothing more is known; rq_reason_at lists all words.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_reason(error: *const rq_error) -> *const c_char {
    quiet(c"".as_ptr(), || Some(reason_name(details(error)?.error.reason()?).as_ptr()))
}

/// A header of what a proxy answered in place of a tunnel, by name in any case; repeated ones
/// joined by `", "`. NULL if there is none. The status is rq_error_status.
///
/// Ownership: lent until the error is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_answer_header(
    error: *const rq_error,
    name: *const c_char,
) -> *const c_char {
    quiet(ptr::null(), || {
        let rq_error { error, answer, .. } = details(error)?;
        Some(answer.named(error.answer()?, text(name, "name").ok()?))
    })
}

/// The header at `index` of that answer, as received; false past the end.
///
/// Ownership: `*name` and `*value` are lent until the error is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_answer_header_at(
    error: *const rq_error,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let rq_error { error, answer, .. } = details(error)?;
        Some(answer.at(error.answer()?, index, name, value))
    })
}

/// The beginning of that answer's body, at most 64 KiB, content codings on, and its length; NULL
/// and 0 where no proxy answered.
///
/// Ownership: lent until the error is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_answer_body(error: *const rq_error, len: *mut usize) -> *const c_void {
    put(len, 0);
    quiet(ptr::null(), || {
        let body = &details(error)?.error.answer()?.body;
        put(len, body.len());
        Some(body.as_ptr().cast())
    })
}

/// Makes an error of your own, for example in a callback. Does nothing if `*error` is set already.
///
/// Ownership: `*error` is yours; the message is copied. Errors: a code that is none becomes
/// `RQ_ERR_CALLBACK`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_set(error: *mut *mut rq_error, code: i32, message: *const c_char) {
    entry(error, (), || {
        let kind = ErrorKind::from_number(code).unwrap_or(ErrorKind::Callback);
        let text = optional_c_bytes(message).unwrap_or_default();
        Err(Error::new(kind, String::from_utf8_lossy(text)))
    });
}

/// Frees an error. NULL is fine. Set your variable to NULL afterwards to use it again.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_error_free(error: *mut rq_error) {
    free(error);
}

fn details<'a>(error: *const rq_error) -> Option<&'a rq_error> {
    optional(error)
}

/// The C code of a kind; exhaustive, so that a new kind cannot be forgotten.
pub(crate) fn code(kind: ErrorKind) -> rq_code {
    match kind {
        ErrorKind::Misuse => rq_code::RQ_ERR_MISUSE,
        ErrorKind::Panic => rq_code::RQ_ERR_PANIC,
        ErrorKind::Callback => rq_code::RQ_ERR_CALLBACK,
        ErrorKind::Cancelled => rq_code::RQ_ERR_CANCELLED,
        ErrorKind::InvalidArgument => rq_code::RQ_ERR_INVALID_ARGUMENT,
        ErrorKind::InvalidUrl => rq_code::RQ_ERR_INVALID_URL,
        ErrorKind::MissingSchema => rq_code::RQ_ERR_MISSING_SCHEMA,
        ErrorKind::InvalidSchema => rq_code::RQ_ERR_INVALID_SCHEMA,
        ErrorKind::InvalidHeader => rq_code::RQ_ERR_INVALID_HEADER,
        ErrorKind::InvalidMethod => rq_code::RQ_ERR_INVALID_METHOD,
        ErrorKind::File => rq_code::RQ_ERR_FILE,
        ErrorKind::InvalidJson => rq_code::RQ_ERR_INVALID_JSON,
        ErrorKind::InvalidCookie => rq_code::RQ_ERR_INVALID_COOKIE,
        ErrorKind::InvalidProxy => rq_code::RQ_ERR_INVALID_PROXY,
        ErrorKind::Dns => rq_code::RQ_ERR_DNS,
        ErrorKind::Connect => rq_code::RQ_ERR_CONNECT,
        ErrorKind::Tls => rq_code::RQ_ERR_TLS,
        ErrorKind::Proxy => rq_code::RQ_ERR_PROXY,
        ErrorKind::Socks => rq_code::RQ_ERR_SOCKS,
        ErrorKind::ConnectTimeout => rq_code::RQ_ERR_CONNECT_TIMEOUT,
        ErrorKind::ReadTimeout => rq_code::RQ_ERR_READ_TIMEOUT,
        ErrorKind::WriteTimeout => rq_code::RQ_ERR_WRITE_TIMEOUT,
        ErrorKind::TotalTimeout => rq_code::RQ_ERR_TOTAL_TIMEOUT,
        ErrorKind::PoolTimeout => rq_code::RQ_ERR_POOL_TIMEOUT,
        ErrorKind::Send => rq_code::RQ_ERR_SEND,
        ErrorKind::Closed => rq_code::RQ_ERR_CLOSED,
        ErrorKind::Protocol => rq_code::RQ_ERR_PROTOCOL,
        ErrorKind::Incomplete => rq_code::RQ_ERR_INCOMPLETE,
        ErrorKind::Limit => rq_code::RQ_ERR_LIMIT,
        ErrorKind::Body => rq_code::RQ_ERR_BODY,
        ErrorKind::BodyLength => rq_code::RQ_ERR_BODY_LENGTH,
        ErrorKind::Decode => rq_code::RQ_ERR_DECODE,
        ErrorKind::Status => rq_code::RQ_ERR_STATUS,
        ErrorKind::TooManyRedirects => rq_code::RQ_ERR_TOO_MANY_REDIRECTS,
    }
}

/// The core's exception names with their NUL.
fn exception(name: &str) -> &'static std::ffi::CStr {
    match name {
        "ValueError" => c"ValueError",
        "RuntimeError" => c"RuntimeError",
        "OSError" => c"OSError",
        "InvalidURL" => c"InvalidURL",
        "MissingSchema" => c"MissingSchema",
        "InvalidSchema" => c"InvalidSchema",
        "InvalidHeader" => c"InvalidHeader",
        "InvalidJSONError" => c"InvalidJSONError",
        "InvalidProxyURL" => c"InvalidProxyURL",
        "ConnectionError" => c"ConnectionError",
        "ProxyError" => c"ProxyError",
        "SSLError" => c"SSLError",
        "ConnectTimeout" => c"ConnectTimeout",
        "ReadTimeout" => c"ReadTimeout",
        "Timeout" => c"Timeout",
        "ChunkedEncodingError" => c"ChunkedEncodingError",
        "ContentDecodingError" => c"ContentDecodingError",
        "UnrewindableBodyError" => c"UnrewindableBodyError",
        "HTTPError" => c"HTTPError",
        "TooManyRedirects" => c"TooManyRedirects",
        _ => c"RequestException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rq_core::Reason;
    use std::ffi::CStr;

    #[test]
    fn every_kind_crosses_with_its_number_name_and_exception() {
        for kind in ErrorKind::ALL {
            assert_eq!(code(*kind) as i32, kind.number());
            assert_eq!(format!("{:?}", code(*kind)), kind.c_name());
            assert_eq!(crate::version::c_name(*kind).to_str(), Ok(kind.c_name()));
            assert_eq!(exception(kind.exception()).to_str(), Ok(kind.exception()));
        }
    }

    #[test]
    fn every_reason_crosses_with_its_word() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(reason_name(*reason).to_str(), Ok(reason.name()));
            assert_eq!(crate::version::rq_reason_at(index), reason_name(*reason).as_ptr());
            let mut error = ptr::null_mut();
            let known = Error::new(ErrorKind::Tls, "x").with_reason(Some(*reason));
            entry(&raw mut error, (), || Err(known));
            // SAFETY: a static word.
            let word = unsafe { CStr::from_ptr(rq_error_reason(error)) };
            assert_eq!(word.to_str(), Ok(reason.name()));
            rq_error_free(error);
        }
        assert!(crate::version::rq_reason_at(Reason::ALL.len()).is_null());
    }

    #[test]
    fn every_phase_crosses_with_its_word() {
        use rq_core::Phase::{Body, Connect, Dns, Head, None, Pool, Prepare, Send, Tls};
        for phase in [None, Prepare, Pool, Dns, Connect, Tls, Send, Head, Body] {
            let mut error = ptr::null_mut();
            let known = Error::new(ErrorKind::Callback, "x").in_phase(phase);
            entry(&raw mut error, (), || Err(known));
            // SAFETY: a static word.
            let word = unsafe { CStr::from_ptr(rq_error_phase(error)) };
            assert_eq!(word.to_str(), Ok(phase.name()));
            rq_error_free(error);
        }
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = ptr::null_mut();
        let value = entry(&raw mut error, -1, || panic!("forced"));
        assert_eq!((value, rq_error_code(error)), (-1, rq_code::RQ_ERR_PANIC));
        // SAFETY: a message is lent by a live error.
        let message = unsafe { CStr::from_ptr(rq_error_message(error)) };
        assert!(message.to_string_lossy().contains("forced"));
        let skipped = entry(&raw mut error, -1, || panic!("not called: the error is sticky"));
        assert_eq!(skipped, -1);
        rq_error_free(error);
        assert_eq!(quiet(7, || panic!("forced")), 7);
    }
}
