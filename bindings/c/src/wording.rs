//! rq_opts: parameters, cookies, proxies, and what a session sees of the environment.

use std::ffi::c_char;

use crate::boundary::{optional_text, text};
use crate::error::rq_error;
use crate::opts::{rq_opts, set};

/// Sets a query parameter, in place of others of that name; it is form-encoded. `value` NULL
/// removes it: on a request, what the session would add too.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_param(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.param(text(name, "name")?, optional_text(value, "value")?);
        Ok(())
    });
}

/// Adds a query parameter beside others of that name.
///
/// Errors: as rq_opts_param. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_param_add(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.param_add(text(name, "name")?, text(value, "value")?);
        Ok(())
    });
}

/// Appends query text as it is, in place of all parameters of this level; a request's replaces the
/// session's parameters too. NULL: nothing.
///
/// Errors: as rq_opts_param. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_params_raw(
    opts: *mut rq_opts,
    query: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.params_raw(optional_text(query, "query")?);
        Ok(())
    });
}

/// Whether path, query and fragment of URLs stay as they are written, dot segments and escapes
/// included. By default they are normalised as Requests does.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_path_as_is(opts: *mut rq_opts, as_is: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.path_as_is(as_is);
        Ok(())
    });
}

/// Sends a cookie with this request: bound to its origin, and not kept. It takes the place of the
/// session's cookie of that name that goes to every host; those of a domain or path are sent beside
/// it. `value` NULL: all that the session has of that name is left out. A request's setting; a
/// session has rq_cookies.
///
/// Errors: `RQ_ERR_INVALID_COOKIE` for what no Cookie header can hold; `RQ_ERR_INVALID_ARGUMENT` on
/// a session's settings. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_cookie(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.cookie(text(name, "name")?, optional_text(value, "value")?));
}

/// Whether the session's cookies are sent, and the cookies of replies kept; they are by default.
/// Without them, only a request's own cookies are sent.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_jar(opts: *mut rq_opts, used: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.jar(used);
        Ok(())
    });
}

/// Sets the proxy for what `key` covers: `"http"`, `"https"`, `"all"`, `"http://host"`,
/// `"all://host"`. Its `url` may hold user and password; its scheme is http, https (TLS to the
/// proxy itself), socks5h or socks4a (the proxy looks names up), socks5 or socks4 (names are looked
/// up here). `url` NULL or `""`: direct. What is set here wins over the environment, key by key: as
/// in Requests, `http_proxy` of the environment comes before what is set here for `"all"`.
///
/// Errors: `RQ_ERR_INVALID_PROXY` for a URL without a host, `RQ_ERR_INVALID_URL` for a scheme that
/// is no proxy's. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy(
    opts: *mut rq_opts,
    key: *const c_char,
    url: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.proxy(text(key, "key")?, optional_text(url, "url")?));
}

/// Hosts to reach without the environment's proxies, in place of NO_PROXY: names, `.suffixes`,
/// `*.suffixes`, addresses, ranges (`10.0.0.0/8`, `fd00::/8`), each with a port if wanted,
/// separated by commas; `"*"`: all. NULL: NO_PROXY counts.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_no_proxy(
    opts: *mut rq_opts,
    list: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.no_proxy(optional_text(list, "list")?);
        Ok(())
    });
}

/// Whether the environment's proxies (http_proxy, https_proxy, all_proxy, no_proxy), CA bundle
/// (REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, else SSL_CERT_FILE and SSL_CERT_DIR together; what the
/// settings say of trust wins) and netrc file (NETRC, ~/.netrc, ~/_netrc) are used; they are by
/// default. All are read once for a session. A session's setting.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_trust_env(opts: *mut rq_opts, trust: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| opts.trust_env(trust));
}

/// Lets the session see `value` in place of the process's environment variable; NULL: as if it were
/// not set. Safe while other threads run, which setenv is not. A session's setting.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_env(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.env(text(name, "name")?, optional_text(value, "value")?));
}
