//! Whether a certificate may have signed another one: what `webpki` does not ask of a trusted
//! certificate (its dates, that it is an authority's, how many may stand below it), nor of anyone's
//! key usage (RFC 5280 §4.1.2.5, §4.2.1.3, §4.2.1.9).
//!
//! A trusted server's certificate vouches for itself and for nobody else, as OpenSSL and Go have
//! it. X.509 v1 has no extensions: whoever trusts such an authority means it.

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::Error;
use x509_cert::Version;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::describe::Parsed;

/// Fails unless the certificate is an authority's that may sign others, with `below` authorities
/// between it and the server.
pub(crate) fn check_issuer(der: &CertificateDer<'_>, below: usize) -> Result<(), Error> {
    let parsed = Parsed::from_der(der).map_err(|_| Error::BadDer)?;
    let parsed = parsed.tbs_certificate();
    if parsed.version() == Version::V1 {
        return Ok(());
    }
    let constraints = parsed.get_extension::<BasicConstraints>().map_err(|_| Error::BadDer)?;
    let usage = parsed.get_extension::<KeyUsage>().map_err(|_| Error::BadDer)?;
    let may_sign = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    match constraints {
        Some((_, BasicConstraints { ca: true, path_len_constraint })) if may_sign => {
            match path_len_constraint.is_none_or(|most| below <= most.into()) {
                true => Ok(()),
                false => Err(Error::PathLenConstraintViolated),
            }
        }
        _ => Err(Error::EndEntityUsedAsCa),
    }
}

/// Fails unless `now` lies within the certificate's dates.
pub(crate) fn check_dates(der: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Parsed::from_der(der).map_err(|_| Error::BadDer)?;
    let validity = parsed.tbs_certificate().validity();
    let not_before = UnixTime::since_unix_epoch(validity.not_before.to_unix_duration());
    let not_after = UnixTime::since_unix_epoch(validity.not_after.to_unix_duration());
    if now < not_before {
        return Err(Error::CertNotValidYet { time: now, not_before });
    }
    if now > not_after {
        return Err(Error::CertExpired { time: now, not_after });
    }
    Ok(())
}
