//! rq_session: defaults, and connections that are kept between requests.

use std::ptr;
use std::sync::Once;

use rq_core::Session;

use crate::boundary::{entry, free, give, optional, quiet};
use crate::cookies::rq_cookies;
use crate::error::rq_error;
use crate::opts::rq_opts;

/// Defaults for requests, and connections that are kept between them. Any number of threads may use
/// one.
pub struct rq_session {
    pub(crate) session: Session,
    opts: rq_opts,
    pub(crate) cookies: rq_cookies,
}

/// A session with default settings: the headers User-Agent, Accept-Encoding, Accept and Connection,
/// verification on, connect timeout 10 s, read timeout 60 s. Opens nothing yet.
///
/// Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_session_free. Threads: any
/// number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_new(error: *mut *mut rq_error) -> *mut rq_session {
    entry(error, ptr::null_mut(), || {
        watch_forks();
        let session = new_session();
        let opts = rq_opts { shared: session.options().clone() };
        let cookies = rq_cookies { cookies: session.cookies().clone() };
        Ok(give(rq_session { session, opts, cookies }))
    })
}

/// Frees a session and closes its idle connections. NULL is fine. Responses of it can still be
/// read.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_free(session: *mut rq_session) {
    free(session);
}

/// The session's settings, the defaults of each of its requests. NULL for NULL, which every
/// rq_opts_... call reports.
///
/// Ownership: lent until the session is freed. Threads: any number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_opts(session: *const rq_session) -> *mut rq_opts {
    quiet(ptr::null_mut(), || Some((&raw const optional(session)?.opts).cast_mut()))
}

/// Closes the connections that no request uses. The session stays usable.
///
/// Threads: any number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_session_close_idle(session: *const rq_session) {
    quiet((), || {
        optional(session)?.session.close_idle();
        Some(())
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn new_session() -> Session {
    use crate::system::{set_low_water, without_sigpipe};
    Session::with_system(rq_core::System { set_low_water, without_sigpipe })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn new_session() -> Session {
    Session::new()
}

/// Has the core told of each fork, so that a child begins with connections of its own.
fn watch_forks() {
    static ONCE: Once = Once::new();
    extern "C" fn in_child() {
        rq_core::process::forked();
    }
    ONCE.call_once(|| {
        // SAFETY: the handler is a function of this library and only counts, which is
        // async-signal-safe; the C library forgets it when the library is unloaded.
        if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
            rq_core::process::watch_forks();
        }
    });
}
