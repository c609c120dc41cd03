//! rq_cookies: the cookies of a session.

use std::ffi::{CString, c_char};
use std::ptr;

use rq_core::Cookies;

use crate::boundary::{c_bytes, entry, free, give, handle, optional, optional_text, put};
use crate::boundary::{quiet, text};
use crate::error::rq_error;
use crate::lent::c_string;
use crate::session::rq_session;

/// The cookies of a session: those that servers set, and yours. Any number of threads may use them.
pub struct rq_cookies {
    pub(crate) cookies: Cookies,
}

/// A copy of a session's cookies at one moment.
pub struct rq_cookie_list {
    cookies: Vec<Copied>,
}

struct Copied {
    name: CString,
    value: CString,
    domain: CString,
    path: CString,
    secure: bool,
    expires: Option<i64>,
}

/// The session's cookies. NULL for NULL, which every rq_cookies_... call that can fail reports.
///
/// Ownership: lent until the session is freed. Threads: any number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_cookies(session: *const rq_session) -> *mut rq_cookies {
    quiet(ptr::null_mut(), || Some((&raw const optional(session)?.cookies).cast_mut()))
}

/// Sets a cookie. `domain`: the host, and all below it; NULL: every host. `path` NULL: `"/"`.
/// `secure`: for https alone. `value` NULL: deletes those of this name, domain and path, NULL
/// standing for any.
///
/// Errors: `RQ_ERR_INVALID_COOKIE` for a name or value that no Cookie header can hold. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_set(
    cookies: *mut rq_cookies,
    name: *const c_char,
    value: *const c_char,
    domain: *const c_char,
    path: *const c_char,
    secure: bool,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let cookies = &handle(cookies, "cookies")?.cookies;
        let (name, value) = (text(name, "name")?, optional_text(value, "value")?);
        let domain = optional_text(domain, "domain")?;
        cookies.set(name, value, domain, optional_text(path, "path")?, secure)
    });
}

/// Takes the value of a Set-Cookie header as if the server at `url` had sent it. What RFC 6265 has
/// a client ignore is ignored.
///
/// Errors: those of a URL that cannot be parsed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_receive(
    cookies: *mut rq_cookies,
    url: *const c_char,
    set_cookie: *const c_char,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let cookies = &handle(cookies, "cookies")?.cookies;
        cookies.receive(text(url, "url")?, c_bytes(set_cookie, "set_cookie")?).map(|_| ())
    });
}

/// Deletes the cookies of this domain, path and name; NULL stands for any.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_clear(
    cookies: *mut rq_cookies,
    domain: *const c_char,
    path: *const c_char,
    name: *const c_char,
) {
    quiet((), || {
        let domain = optional_text(domain, "domain").ok()?;
        let path = optional_text(path, "path").ok()?;
        let name = optional_text(name, "name").ok()?;
        optional(cookies)?.cookies.clear(domain, path, name);
        Some(())
    });
}

/// Adds the cookies of a file in Netscape's format, as curl and wget keep them.
///
/// Errors: `RQ_ERR_FILE` if it cannot be read or is none; then nothing is added. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_load(
    cookies: *mut rq_cookies,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    entry(error, (), || handle(cookies, "cookies")?.cookies.load(text(path, "path")?));
}

/// Writes all cookies to a file in Netscape's format that only its owner may read; an old file is
/// replaced at once or not at all.
///
/// Errors: `RQ_ERR_FILE`; the old file stays. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_save(
    cookies: *const rq_cookies,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    entry(error, (), || handle(cookies, "cookies")?.cookies.save(text(path, "path")?));
}

/// Sets what time the cookies take it to be, in seconds since 1970: for tests. -1: the system's.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_clock(cookies: *mut rq_cookies, unix_seconds: i64) {
    quiet((), || {
        let time = (unix_seconds != -1).then_some(unix_seconds);
        optional(cookies)?.cookies.clock(time);
        Some(())
    });
}

/// Copies all cookies that have not expired, in the order in which they came.
///
/// Errors: NULL `cookies`. Ownership: yours, free it with rq_cookie_list_free. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookies_list(
    cookies: *const rq_cookies,
    error: *mut *mut rq_error,
) -> *mut rq_cookie_list {
    entry(error, ptr::null_mut(), || {
        let cookies = handle(cookies, "cookies")?.cookies.list().into_iter();
        let cookies = cookies.map(|cookie| Copied {
            name: c_string(cookie.name()),
            value: c_string(cookie.value()),
            domain: c_string(cookie.domain().as_bytes()),
            path: c_string(cookie.path().as_bytes()),
            secure: cookie.is_secure(),
            expires: cookie.expires(),
        });
        Ok(give(rq_cookie_list { cookies: cookies.collect() }))
    })
}

/// The cookie at `index`; false past the end. `*domain` is empty for one that is sent to every
/// host. Each out-parameter may be NULL.
///
/// Ownership: the texts are lent until the list is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookie_list_at(
    list: *const rq_cookie_list,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
    domain: *mut *const c_char,
    path: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let cookie = optional(list)?.cookies.get(index)?;
        put(name, cookie.name.as_ptr());
        put(value, cookie.value.as_ptr());
        put(domain, cookie.domain.as_ptr());
        put(path, cookie.path.as_ptr());
        Some(true)
    })
}

/// Whether the cookie at `index` is sent over https alone.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookie_list_secure(list: *const rq_cookie_list, index: usize) -> bool {
    quiet(false, || Some(optional(list)?.cookies.get(index)?.secure))
}

/// When the cookie at `index` expires, in seconds since 1970; -1: with the session.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookie_list_expires(list: *const rq_cookie_list, index: usize) -> i64 {
    quiet(-1, || optional(list)?.cookies.get(index)?.expires)
}

/// Frees a list of cookies. NULL is fine.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_cookie_list_free(list: *mut rq_cookie_list) {
    free(list);
}
