//! rq_opts: settings, with the same names on a session and on a request.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use rq_core::{CaBundle, Options, PoolLimits, Result, SharedOptions};

use crate::boundary::{bytes, c_bytes, entry, free, give, handle, optional_c_bytes, text};
use crate::error::rq_error;

/// Settings that a session (rq_session_opts) or a request (rq_request_opts) lends, or that are made
/// for one sending (rq_opts_new). A request's settings win over the session's and are not kept by
/// it. A call that fails changes nothing.
pub struct rq_opts {
    pub(crate) shared: SharedOptions,
}

/// Changes the settings; a failure changes nothing.
pub(crate) fn set(
    opts: *mut rq_opts,
    error: *mut *mut rq_error,
    change: impl FnOnce(&mut Options) -> Result<()>,
) {
    entry(error, (), || handle(opts, "opts")?.shared.update(change));
}

/// Settings of their own, none of them set, for rq_send_with.
///
/// Errors: `RQ_ERR_PANIC` alone. Ownership: yours, free it with rq_opts_free. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_new(error: *mut *mut rq_error) -> *mut rq_opts {
    entry(error, ptr::null_mut(), || Ok(give(rq_opts { shared: SharedOptions::default() })))
}

/// Frees what rq_opts_new made. NULL is fine; what a session or a request lends must not be freed.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_free(opts: *mut rq_opts) {
    free(opts);
}

/// Sets a header; it keeps the place of a session header of that name and takes this spelling.
/// `value` NULL removes it: from the session's defaults, or from what the session would send with
/// this request.
///
/// Errors: `RQ_ERR_INVALID_HEADER` if the name is no token, or the value holds CR or LF or begins
/// with a blank; blanks at its end are sent. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_header(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| match (text(name, "name")?, optional_c_bytes(value)) {
        (name, Some(value)) => opts.header(name, value),
        (name, None) => opts.header_remove(name),
    });
}

/// Adds a header beside others of that name: both are sent.
///
/// Errors: as rq_opts_header. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_header_add(
    opts: *mut rq_opts,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        let name = text(name, "name")?;
        opts.header_add(name, c_bytes(value, "value")?)
    });
}

/// Sets the connect timeout (DNS, TCP and TLS handshake together) and the read timeout (the longest
/// silence of the peer). 0: none. Defaults: 10,000 and 60,000.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_timeout_ms(
    opts: *mut rq_opts,
    connect_ms: u32,
    read_ms: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.timeout(duration(connect_ms), duration(read_ms));
        Ok(())
    });
}

/// Sets the deadline of the whole call: pool, DNS, connect, TLS, upload, head and body. 0: none,
/// the default.
///
/// Errors: NULL `opts`; requests that overrun it get `RQ_ERR_TOTAL_TIMEOUT`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_deadline_ms(
    opts: *mut rq_opts,
    total_ms: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.total_timeout(duration(total_ms));
        Ok(())
    });
}

/// Whether the server's certificate is verified; it is by default. false encrypts, but anyone may
/// be the peer. Connections made either way are never mixed.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_verify(opts: *mut rq_opts, verify: bool, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.verify(verify);
        Ok(())
    });
}

/// Trusts the certificates of a PEM file, or of every PEM file in a directory, in place of the
/// system's and of those that the environment names. Read now.
///
/// Errors: `RQ_ERR_FILE` if it cannot be read or holds no certificate. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_ca_file(
    opts: *mut rq_opts,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    // Read before the settings are locked: other threads do not wait for a disk.
    entry(error, (), || {
        let opts = handle(opts, "opts")?;
        let bundle = CaBundle::from_path(Path::new(text(path, "path")?))?;
        opts.shared.update(|opts| opts.ca(bundle));
        Ok(())
    });
}

/// As rq_opts_ca_file, of PEM text in memory.
///
/// Errors: `RQ_ERR_FILE` if it holds no certificate. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_ca_pem(
    opts: *mut rq_opts,
    pem: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let opts = handle(opts, "opts")?;
        let bundle = CaBundle::from_pem(bytes(pem, len, "pem")?)?;
        opts.shared.update(|opts| opts.ca(bundle));
        Ok(())
    });
}

/// Connects to `address` (`"127.0.0.1"`, `"127.0.0.1:8080"`, `"[::1]:8080"`) for `host` and `port`,
/// without a lookup. Host header and certificate check stay those of the URL. A session's setting.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a port that is not 1 to 65535 or an address that is none.
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_resolve(
    opts: *mut rq_opts,
    host: *const c_char,
    port: u32,
    address: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.resolve(text(host, "host")?, port, text(address, "address")?));
}

/// Sets how many idle connections are kept in all and for one host (defaults 100 and 10), and how
/// many may be open to one host at a time; further requests wait, for the connect timeout at most.
/// 0 open: no limit, the default. A session's setting.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_pool(
    opts: *mut rq_opts,
    idle_max: u32,
    idle_per_host_max: u32,
    open_per_host_max: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.pool(PoolLimits {
            idle_max: idle_max as usize,
            idle_per_host_max: idle_per_host_max as usize,
            open_per_host_max: open_per_host_max as usize,
        })
    });
}

/// Sets the age at which an idle connection is closed; default 90,000. 0: never. A session's
/// setting.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_idle_age_ms(
    opts: *mut rq_opts,
    idle_age_ms: u32,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.idle_age(duration(idle_age_ms)));
}

/// 0 is no limit.
fn duration(ms: u32) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms.into()))
}
