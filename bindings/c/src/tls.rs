//! rq_opts: TLS, and the ways out: certificates to show and to expect, and from where to connect.

use std::ffi::{c_char, c_void};
use std::path::Path;

use rq_core::{CaBundle, ClientCert, Error, ErrorKind, Options, Result, TlsVersion};

use crate::boundary::{bytes, entry, handle, optional_text, text};
use crate::error::rq_error;
use crate::opts::{rq_opts, set};

/// A version of TLS, for rq_opts_tls_min.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum rq_tls {
    /// TLS 1.2; nothing older is spoken.
    RQ_TLS_1_2 = 12,
    /// TLS 1.3.
    RQ_TLS_1_3 = 13,
}

/// What is read from files or parsed is made before the settings are locked: other threads do not
/// wait for a disk.
fn set_made<V>(
    opts: *mut rq_opts,
    error: *mut *mut rq_error,
    make: impl FnOnce() -> Result<V>,
    change: impl FnOnce(&mut Options, V),
) {
    entry(error, (), || {
        let opts = handle(opts, "opts")?;
        let value = make()?;
        opts.shared.update(|opts| change(opts, value));
        Ok(())
    });
}

/// Shows a certificate to servers that ask for one: a PEM file with it, and its chain behind it.
/// `key_path` names the PEM file of its private key, NULL: it is in the same file. `password` is
/// for an encrypted key, NULL: it is not. Read now. `cert_path` NULL: none is shown, whatever the
/// session has.
///
/// Errors: `RQ_ERR_FILE` if a file cannot be read or holds no certificate or key, if the password
/// is missing or wrong, or if the two do not belong together; `RQ_ERR_MISUSE` for a key without a
/// certificate. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_cert(
    opts: *mut rq_opts,
    cert_path: *const c_char,
    key_path: *const c_char,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    let make = || cert_of_files(cert_path, key_path, password);
    set_made(opts, error, make, Options::client_cert);
}

/// As rq_opts_cert, from PEM text in memory. `key` NULL: it is in `cert`.
///
/// Errors: as rq_opts_cert. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_cert_pem(
    opts: *mut rq_opts,
    cert: *const c_void,
    cert_len: usize,
    key: *const c_void,
    key_len: usize,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    let make = || cert_of_pem(cert, cert_len, key, key_len, password);
    set_made(opts, error, make, |opts, cert| opts.client_cert(Some(cert)));
}

/// Asks for this name in the TLS handshake, and demands it of the server's certificate, in place of
/// the URL's host: a host name or an address. The Host header stays.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is neither. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_server_name(
    opts: *mut rq_opts,
    name: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.server_name(text(name, "name")?));
}

/// The oldest version of TLS that is spoken, `RQ_TLS_1_2` (the default) or `RQ_TLS_1_3`; it holds
/// for the connection to an https:// proxy too.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for any other number. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_tls_min(opts: *mut rq_opts, version: i32, error: *mut *mut rq_error) {
    set(opts, error, |opts| {
        opts.tls_min(tls_version(version)?);
        Ok(())
    });
}

/// Accepts only servers whose own certificate has this public key, or another one that is pinned:
/// `"sha256//…"` (as in curl) or `"pin-sha256=\"…\""` (RFC 7469), with the base64 of the key's
/// SHA-256. What is pinned adds up; a request's pins replace the session's. Checked with
/// verification off too.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is no pin; requests to a server with another
/// key get `RQ_ERR_TLS`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_pin(opts: *mut rq_opts, pin: *const c_char, error: *mut *mut rq_error) {
    set(opts, error, |opts| opts.pin(text(pin, "pin")?));
}

/// As rq_opts_verify, for an https:// proxy. Until one of the rq_opts_proxy_... trust settings is
/// made, a proxy is trusted as the server is.
///
/// Errors: NULL `opts`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_verify(
    opts: *mut rq_opts,
    verify: bool,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| {
        opts.proxy_verify(verify);
        Ok(())
    });
}

/// As rq_opts_ca_file, for an https:// proxy.
///
/// Errors: as rq_opts_ca_file. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_ca_file(
    opts: *mut rq_opts,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    let make = || CaBundle::from_path(Path::new(text(path, "path")?));
    set_made(opts, error, make, Options::proxy_ca);
}

/// As rq_opts_ca_pem, for an https:// proxy.
///
/// Errors: as rq_opts_ca_pem. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_ca_pem(
    opts: *mut rq_opts,
    pem: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    set_made(opts, error, || CaBundle::from_pem(bytes(pem, len, "pem")?), Options::proxy_ca);
}

/// As rq_opts_cert, for an https:// proxy, which never sees the certificate that is for servers.
///
/// Errors: as rq_opts_cert. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_cert(
    opts: *mut rq_opts,
    cert_path: *const c_char,
    key_path: *const c_char,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    let make = || cert_of_files(cert_path, key_path, password);
    set_made(opts, error, make, Options::proxy_client_cert);
}

/// As rq_opts_cert_pem, for an https:// proxy.
///
/// Errors: as rq_opts_cert. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_proxy_cert_pem(
    opts: *mut rq_opts,
    cert: *const c_void,
    cert_len: usize,
    key: *const c_void,
    key_len: usize,
    password: *const c_char,
    error: *mut *mut rq_error,
) {
    let make = || cert_of_pem(cert, cert_len, key, key_len, password);
    set_made(opts, error, make, |opts, cert| opts.proxy_client_cert(Some(cert)));
}

/// Connects from this address of this machine, to addresses of its family only; NULL: from
/// whichever fits, whatever the session has. It holds for the connection to a proxy too.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a text that is no address; requests get `RQ_ERR_CONNECT`
/// if it is no address of this machine. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_source_address(
    opts: *mut rq_opts,
    address: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.source_address(optional_text(address, "address")?));
}

/// Sends through the unix domain socket at `path`, whatever the URL's host, and through no proxy;
/// NULL: over TCP, whatever the session has. For one URL there is
/// `http+unix://%2Frun%2Fx.sock/path` too.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for an empty path or one that is longer than the system
/// allows. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_opts_unix_socket(
    opts: *mut rq_opts,
    path: *const c_char,
    error: *mut *mut rq_error,
) {
    set(opts, error, |opts| opts.unix_socket(optional_text(path, "path")?));
}

fn cert_of_files(
    cert_path: *const c_char,
    key_path: *const c_char,
    password: *const c_char,
) -> Result<Option<ClientCert>> {
    let cert = optional_text(cert_path, "cert_path")?;
    let key = optional_text(key_path, "key_path")?.map(Path::new);
    let password = optional_text(password, "password")?;
    match (cert, key) {
        (Some(cert), key) => ClientCert::from_files(Path::new(cert), key, password).map(Some),
        (None, None) => Ok(None),
        // A name that the caller did not find out must not turn the certificate off.
        (None, Some(_)) => {
            Err(Error::new(ErrorKind::Misuse, "cert_path is NULL, and key_path is not"))
        }
    }
}

fn cert_of_pem(
    cert: *const c_void,
    cert_len: usize,
    key: *const c_void,
    key_len: usize,
    password: *const c_char,
) -> Result<ClientCert> {
    let cert = bytes(cert, cert_len, "cert")?;
    let given = bytes(key, key_len, "key")?;
    let key = (!key.is_null()).then_some(given);
    ClientCert::from_pem(cert, key, optional_text(password, "password")?)
}

fn tls_version(version: i32) -> Result<TlsVersion> {
    let all = [TlsVersion::V1_2, TlsVersion::V1_3];
    all.into_iter().find(|known| number(*known) as i32 == version).ok_or_else(|| {
        let message = format!("{version} is no version of TLS; write RQ_TLS_1_2 or RQ_TLS_1_3");
        Error::new(ErrorKind::InvalidArgument, message)
    })
}

/// Exhaustive, so that a new version cannot be forgotten.
fn number(version: TlsVersion) -> rq_tls {
    match version {
        TlsVersion::V1_2 => rq_tls::RQ_TLS_1_2,
        TlsVersion::V1_3 => rq_tls::RQ_TLS_1_3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_crosses_with_its_number() {
        for (version, want) in [(TlsVersion::V1_2, 12), (TlsVersion::V1_3, 13)] {
            assert_eq!(number(version) as i32, want);
            assert_eq!(tls_version(want).unwrap(), version);
        }
        assert_eq!(tls_version(11).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}
