//! rq_opts: redirects, retries, decoding, limits, and what else is decided while an exchange runs.

use std::ffi::c_char;
use std::time::Duration;

use rq_core::{Error, ErrorKind, Result};

use crate::boundary::text;
use crate::error::rq_error;
use crate::opts::{rq_opts, set};

/// Whether redirects are followed; they are by default, whatever the method. One that is not
/// followed is returned as it came: see rq_response_next.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_follow_redirects(
    opts: *mut rq_opts,
    follow: bool,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.follow_redirects(follow);
        Ok(())
    });
}

/// Sets how many redirects one call follows; default 30. The next one fails the request; with 0,
/// the first.
///
/// Errors: NULL `opts`; requests that overrun it get `RQ_ERR_TOO_MANY_REDIRECTS`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_redirects_max(opts: *mut rq_opts, max: u32, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.redirects_max(max);
        Ok(())
    });
}

/// Names a further header that no redirect takes to another origin, beside Authorization, Cookie,
/// Proxy-Authorization and Host: an API key's, for instance. What is named adds up.
///
/// Errors: `RQ_ERR_INVALID_HEADER` if the name is no token. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_sensitive_header(
    opts: *mut rq_opts,
    name: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.sensitive_header(text(name, "name")?));
}

/// Sets how often a request is tried again; default 0. Tried again are: whatever could not connect;
/// after an error before the answer, or a read timeout, the methods of rq_opts_retry_method; after
/// an answer of a status of rq_opts_retry_status, or of 413, 429 or 503 with Retry-After, the same
/// methods. A body that cannot be rewound is never sent twice. The last error or answer is
/// returned.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_retries(opts: *mut rq_opts, count: u32, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.retries(count);
        Ok(())
    });
}

/// Adds a status that is tried again; there is none by default.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for what is no status. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_retry_status(opts: *mut rq_opts, status: i32, error: *mut *mut rq_error) {
    set(opts, error, |opts| opts.retry_status(as_status(status)?));
}

/// Adds a method that may be repeated, in place of GET, HEAD, PUT, DELETE, OPTIONS and TRACE;
/// `"*"`: any.
///
/// Errors: `RQ_ERR_INVALID_METHOD`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_retry_method(
    opts: *mut rq_opts,
    method: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.retry_method(text(method, "method")?));
}

/// Sets the pauses between tries: none before the first repetition, then twice `first_ms`, four
/// times, and so on, at most `max_ms`, each with up to a half taken off at random. Defaults: 0 and
/// 120,000.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_retry_backoff_ms(
    opts: *mut rq_opts,
    first_ms: u32,
    max_ms: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.retry_backoff(milliseconds(first_ms), milliseconds(max_ms));
        Ok(())
    });
}

/// Sets the longest Retry-After that is waited for; default 60,000. An answer that asks for more is
/// returned. 0: the header is ignored.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_retry_after_max_ms(
    opts: *mut rq_opts,
    max_ms: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.retry_after_max(milliseconds(max_ms));
        Ok(())
    });
}

/// Whether content codings (gzip, deflate, br, zstd, up to 5 of them) are taken off bodies; they
/// are by default.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_decode(opts: *mut rq_opts, decode: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.decode(decode);
        Ok(())
    });
}

/// Sets how many bytes the body of a response may have as transferred. 0: any number, the default.
///
/// Errors: NULL `opts`; reading a longer one gets `RQ_ERR_LIMIT`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_body_max(opts: *mut rq_opts, bytes: u64, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.body_max((bytes > 0).then_some(bytes));
        Ok(())
    });
}

/// Sets how many bytes the body of a response may have once decoded. 0: any number, the default.
///
/// Errors: NULL `opts`; reading a longer one gets `RQ_ERR_LIMIT`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_decoded_max(opts: *mut rq_opts, bytes: u64, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.decoded_max((bytes > 0).then_some(bytes));
        Ok(())
    });
}

/// Whether a request with a body asks first, with `Expect: 100-continue`: its body is sent when the
/// server says so or has said nothing for a second, and not at all if it answers at once. Not by
/// default. A header set by hand does the same.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_expect_continue(
    opts: *mut rq_opts,
    expect: bool,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.expect_continue(expect);
        Ok(())
    });
}

/// Whether the credentials of a proxy's URL wait for the proxy's digest challenge. By default they
/// are sent at once as basic ones, and a digest challenge is answered too.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_digest(
    opts: *mut rq_opts,
    digest: bool,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.proxy_digest(digest);
        Ok(())
    });
}

fn milliseconds(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

fn as_status(status: i32) -> Result<u16> {
    u16::try_from(status).map_err(|_| {
        let message = format!("{status} is no status: those are 200 to 999");
        Error::new(ErrorKind::InvalidArgument, message)
    })
}
