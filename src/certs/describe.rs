//! What stands in a certificate, for people and for checks that path building does not make: names,
//! dates, the public key (RFC 5280 §4.1; RFC 7469 §2.4). Parsing is the `x509-cert` crate's.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{DateTime, Decode, Encode, Reader, SliceReader};

use super::names;
use crate::limits::RSA_KEY_BITS_MIN;

/// A certificate as it is: private authorities have serial numbers that RFC 5280 does not allow.
pub(super) type Parsed = CertificateInner<Raw>;

/// `rsaEncryption` (RFC 8017 §A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A certificate that a server has shown.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    subject: String,
    issuer: String,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// What can be read of it; names are empty and dates 0 where it is malformed, as one can be
    /// that nobody has verified.
    pub(crate) fn of(der: CertificateDer<'static>) -> Self {
        let seen = Parsed::from_der(&der);
        let Ok(parsed) = seen else {
            let (subject, issuer) = Default::default();
            return Self { der, subject, issuer, not_before: 0, not_after: 0 };
        };
        let parsed = parsed.tbs_certificate();
        let validity = parsed.validity();
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        Self {
            subject: names::text_of(parsed.subject()),
            issuer: names::text_of(parsed.issuer()),
            not_before: seconds(&validity.not_before),
            not_after: seconds(&validity.not_after),
            der,
        }
    }

    /// The certificate itself, as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whom it names, in the form of RFC 4514: `"CN=example.org,O=Example"`. The names that count
    /// for verification are others.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who has signed it, in the same form.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// From when it is valid, in seconds since 1970.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Until when it is valid, in seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }
}

/// Whether `seconds` since 1970 lie within the certificate's dates; one that cannot be read is
/// never valid.
pub(crate) fn is_within(der: &CertificateDer<'_>, seconds: u64) -> bool {
    Parsed::from_der(der).is_ok_and(|parsed| {
        let validity = parsed.tbs_certificate().validity();
        let (from, to) = (&validity.not_before, &validity.not_after);
        from.to_unix_duration().as_secs() <= seconds && seconds <= to.to_unix_duration().as_secs()
    })
}

/// `"2026-11-28"`, of seconds since 1970.
pub(crate) fn day(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let text = DateTime::from_unix_duration(since).map(|time| time.to_string());
    text.map_or_else(|_| "a day that has no name".to_owned(), |text| text[..10].to_owned())
}

/// The certificate's public key as DER, with its algorithm: what a pin is the hash of.
pub(crate) fn public_key_of(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let parsed = Parsed::from_der(der).ok()?;
    parsed.tbs_certificate().subject_public_key_info().to_der().ok()
}

/// The bits of the certificate's RSA key if they are fewer than TLS libraries accept.
pub(crate) fn short_rsa_key(der: &CertificateDer<'_>) -> Option<u32> {
    let parsed = Parsed::from_der(der).ok()?;
    let key = parsed.tbs_certificate().subject_public_key_info();
    if key.algorithm.oid != RSA {
        return None;
    }
    let mut reader = SliceReader::new(key.subject_public_key.raw_bytes()).ok()?;
    let modulus = reader
        .sequence(|inside: &mut SliceReader<'_>| {
            let modulus = inside.decode::<UintRef<'_>>()?;
            let bits = u32::try_from(modulus.as_bytes().len()).unwrap_or(u32::MAX) * 8;
            let _ = inside.read_slice(inside.remaining_len())?;
            Ok::<u32, x509_cert::der::Error>(bits)
        })
        .ok()?;
    (modulus < RSA_KEY_BITS_MIN).then_some(modulus)
}
