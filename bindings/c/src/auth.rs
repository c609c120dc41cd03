//! rq_opts: credentials.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use rq_core::{Auth, Result};

use crate::boundary::{entry, handle, text};
use crate::callbacks::{Authenticator, Context, present, rq_auth_fn, rq_free_fn};
use crate::error::rq_error;
use crate::opts::{rq_opts, set};

fn set_auth(opts: *mut rq_opts, error: *mut *mut rq_error, auth: impl FnOnce() -> Result<Auth>) {
    entry(error, (), || {
        let opts = handle(opts, "opts")?;
        let auth = auth()?;
        // What is replaced is dropped, and its context freed, when the settings are unlocked again.
        let replaced = opts.shared.update(|opts| {
            let replaced = opts.take_auth();
            opts.auth(auth);
            replaced
        });
        drop(replaced);
        Ok(())
    });
}

/// Sends `user` and `password` as basic credentials. They win over an Authorization header, a
/// netrc file, and the URL's own.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_basic(
    opts: *mut rq_opts,
    user: *const c_char,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    set_auth(opts, error, || Ok(Auth::basic(text(user, "user")?, text(password, "password")?)));
}

/// Whether basic credentials are sent as ISO-8859-1 instead of UTF-8, as old servers want them. A
/// character that ISO-8859-1 has not fails the preparation.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_latin1(opts: *mut rq_opts, latin1: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.auth_latin1(latin1);
        Ok(())
    });
}

/// Sends a bearer token.
///
/// Errors: `RQ_ERR_INVALID_HEADER` for a token that no header can hold. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_bearer(
    opts: *mut rq_opts,
    token: *const c_char,
    error: *mut *mut rq_error,
) {
    set_auth(opts, error, || Auth::bearer(text(token, "token")?));
}

/// Digest credentials: once a server's challenge is known, requests to it carry the answer. What
/// is known is shared by all requests that use the same settings.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_digest(
    opts: *mut rq_opts,
    user: *const c_char,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    set_auth(opts, error, || Ok(Auth::digest(text(user, "user")?, text(password, "password")?)));
}

/// Lets `callback` authenticate: it runs last when a request is prepared, on the thread that
/// prepares.
///
/// Errors: `RQ_ERR_MISUSE` for NULL `callback`. Ownership: `context` is given away, also on error;
/// `free` (may be NULL) is called with it once. Threads: on a session, any number may call at once.
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_callback(
    opts: *mut rq_opts,
    callback: rq_auth_fn,
    context: *mut c_void,
    free: rq_free_fn,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    set_auth(opts, error, move || {
        let call = present(callback, "callback")?;
        Ok(Auth::custom(Arc::new(Authenticator { call, context })))
    });
}

/// Sends no credentials: not the session's, not a netrc file's, not the URL's. An Authorization
/// header that is set stays.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_auth_none(opts: *mut rq_opts, error: *mut *mut rq_error) {
    set_auth(opts, error, || Ok(Auth::none()));
}
