//! rq_certificate: what a server has shown of itself in the TLS handshake.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use rq_core::Certificate;

use crate::boundary::{optional, put, quiet};
use crate::lent::c_string;
use crate::response::{Lent, rq_response};

/// A certificate of the server that a response came from, lent by the response.
pub struct rq_certificate {
    certificate: Certificate,
    subject: CString,
    issuer: CString,
}

impl From<Certificate> for rq_certificate {
    fn from(certificate: Certificate) -> Self {
        let subject = c_string(certificate.subject().as_bytes());
        let issuer = c_string(certificate.issuer().as_bytes());
        Self { certificate, subject, issuer }
    }
}

/// The certificate at `index` of the server's, its own first: those that lead to a trusted one; as
/// the server sent them where verification is off. NULL past the end, and without TLS.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_certificate(
    response: *const rq_response,
    index: usize,
) -> *const rq_certificate {
    quiet(ptr::null(), || {
        let (response, Lent { certificates, .. }) = optional(response)?.lend();
        let certificates = certificates.get_or_init(|| {
            response.certificates().into_iter().map(rq_certificate::from).collect()
        });
        certificates.get(index).map(ptr::from_ref)
    })
}

/// The certificate itself, as DER, and its length; NULL and 0 for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_certificate_der(
    certificate: *const rq_certificate,
    len: *mut usize,
) -> *const c_void {
    put(len, 0);
    quiet(ptr::null(), || {
        let der = optional(certificate)?.certificate.der();
        put(len, der.len());
        Some(der.as_ptr().cast())
    })
}

/// Whom the certificate names, `"CN=example.org,O=Example"` (RFC 4514); the names that count for
/// verification are others. Empty if it is malformed; NULL for NULL.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_certificate_subject(certificate: *const rq_certificate) -> *const c_char {
    quiet(ptr::null(), || Some(optional(certificate)?.subject.as_ptr()))
}

/// Who has signed it, in the same form.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_certificate_issuer(certificate: *const rq_certificate) -> *const c_char {
    quiet(ptr::null(), || Some(optional(certificate)?.issuer.as_ptr()))
}

/// From when it is valid, in seconds since 1970; 0 if it is malformed, and for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_certificate_not_before(certificate: *const rq_certificate) -> i64 {
    quiet(0, || Some(optional(certificate)?.certificate.not_before()))
}

/// Until when it is valid, in seconds since 1970; 0 if it is malformed, and for NULL.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_certificate_not_after(certificate: *const rq_certificate) -> i64 {
    quiet(0, || Some(optional(certificate)?.certificate.not_after()))
}
