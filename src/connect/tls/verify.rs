//! Whether a server's certificate is accepted: path, dates, name, pins (behaviours T1–T9; flaws
//! 81–84; RFC 5280 §6, RFC 9525).
//!
//! Paths are built by `webpki`. Beyond it: an anchor must be within its own dates, and all that
//! sign must be allowed to, as OpenSSL and Go have it; a certificate that is given itself as
//! trusted is accepted without a path, after its dates, usage and names; an error names the
//! certificate at fault. With verification off everything is accepted but what the pins refuse:
//! whoever sits in between can then read along.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::explain::Refusal;
use crate::certs::{Roots, check_dates, check_issuer, is_within, public_key_of};
use crate::limits::CHAIN_MAX;
use crate::options::Pin;

/// The verifier of one TLS profile.
pub(crate) struct Verifier {
    /// `None`: any certificate will do.
    roots: Option<Arc<Roots>>,
    pins: Option<Arc<[Pin]>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(roots: Option<Arc<Roots>>, pins: Option<Arc<[Pin]>>) -> Self {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        Self { roots, pins, algorithms }
    }

    /// The certificates that lead from the server's own to a trusted one, which is left out unless
    /// it is the server's own; `presented` as they came where they are not verified.
    pub(crate) fn path(
        &self,
        presented: &[CertificateDer<'static>],
        now: u64,
    ) -> Vec<CertificateDer<'static>> {
        let (Some(roots), Some((own, others))) = (&self.roots, presented.split_first()) else {
            return presented.to_vec();
        };
        let mut path = vec![own.clone()];
        if let Ok(parsed) = EndEntityCert::try_from(own) {
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            if let Ok(found) = self.build(&parsed, roots, others, now) {
                path.extend(found.intermediate_certificates().map(|cert| cert.der().into_owned()));
            }
        }
        path
    }

    fn build<'a>(
        &self,
        own: &'a EndEntityCert<'a>,
        roots: &'a Roots,
        others: &'a [CertificateDer<'a>],
        now: UnixTime,
    ) -> Result<VerifiedPath<'a>, webpki::Error> {
        let may_stand = |path: &VerifiedPath<'_>| check_path(path, roots, now);
        let others = &others[..others.len().min(CHAIN_MAX)];
        let (algorithms, anchors) = (self.algorithms.all, roots.anchors());
        let (usage, check) = (KeyUsage::server_auth(), Some(&may_stand as _));
        own.verify_for_usage(algorithms, anchors, others, now, usage, None, check)
    }

    fn check(
        &self,
        roots: &Roots,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let parsed = EndEntityCert::try_from(own)?;
        let is_trusted_itself = || roots.contain(own) && is_within(own, now.as_secs());
        self.build(&parsed, roots, others, now).map(drop).or_else(|error| {
            match !is_of_usage(&error) && is_trusted_itself() {
                true => Ok(()),
                false => Err(error),
            }
        })?;
        parsed.verify_is_valid_for_subject_name(name)
    }

    fn check_pins(&self, own: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
        let Some(pins) = &self.pins else { return Ok(()) };
        let hash = public_key_of(own).map(|key| Pin::from(Sha256::digest(key)));
        match hash.is_some_and(|hash| pins.contains(&hash)) {
            true => Ok(()),
            false => Err(Refusal::unpinned(hash, name).into()),
        }
    }
}

/// What `webpki` does not ask of a path: whether each that has signed is an authority that may, and
/// whether the anchor is within its dates. Of an expired one that was renewed under the same key
/// another path leads to the new one.
fn check_path(path: &VerifiedPath<'_>, roots: &Roots, now: UnixTime) -> Result<(), webpki::Error> {
    let mut below = 0;
    for signer in path.intermediate_certificates() {
        check_issuer(&signer.der(), below)?;
        below += 1;
    }
    let anchor = roots.certificate_of(path.anchor()).ok_or(webpki::Error::UnknownIssuer)?;
    check_issuer(anchor, below)?;
    check_dates(anchor, now)
}

/// Whether the certificate is for something else, which trust in it does not change.
fn is_of_usage(error: &webpki::Error) -> bool {
    use webpki::Error::{EmptyEkuExtension, RequiredEkuNotFoundContext};
    matches!(error, EmptyEkuExtension | RequiredEkuNotFoundContext(_))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            self.check(roots, end_entity, intermediates, server_name, now).map_err(|error| {
                Refusal::of(&error, roots, end_entity, intermediates, server_name, now.as_secs())
            })?;
        }
        self.check_pins(end_entity, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.roots.is_none() && self.pins.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, dss, &self.algorithms)
            .map_err(|error| Refusal::of_signature(error, cert))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.roots.is_none() && self.pins.is_none() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, dss, &self.algorithms)
            .map_err(|error| Refusal::of_signature(error, cert))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}
