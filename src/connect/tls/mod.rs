//! TLS profiles: one rustls configuration for each set of TLS settings, shared by all connections
//! of a session that have it.
//!
//! The number of a profile is part of the pool's key: a connection made with verification off is
//! never used by a request that verifies (flaw 33), and TLS sessions are resumed within one profile
//! only (flaws 34, 38). The provider is passed explicitly: nothing process-wide is installed. ALPN
//! offers http/1.1.

mod explain;
mod records;
pub(super) mod stream;
mod traffic;
mod verify;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::SingleCertAndKey;
use rustls::{CipherSuite, ClientConfig, SupportedCipherSuite, SupportedProtocolVersion};

pub(super) use explain::explain;
pub(crate) use verify::Verifier;

use crate::certs::system_roots;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::TLS_PROFILES_MAX;
use crate::options::{TlsSettings, TlsVersion, Trust};

/// A configuration and its number.
#[derive(Clone)]
pub(crate) struct Profile(Arc<Made>);

struct Made {
    number: u32,
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    /// The name to verify in place of the URL's host.
    server_name: Option<Arc<str>>,
}

impl Profile {
    /// Of this profile among those of the session, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.0.number
    }

    /// The name to ask for and to verify where a URL says `host`.
    pub(super) fn name_for<'a>(&'a self, host: &'a str) -> &'a str {
        self.0.server_name.as_deref().unwrap_or(host)
    }
}

/// The profiles of a session, made when first used.
#[derive(Default)]
pub(crate) struct Profiles(Mutex<Known>);

#[derive(Default)]
struct Known {
    made: u32,
    profiles: Vec<(TlsSettings, Profile)>,
}

impl Profiles {
    /// The profile for `settings`.
    pub(crate) fn get(&self, settings: TlsSettings) -> Result<Profile> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, profile)) = known.profiles.iter().find(|(other, _)| *other == settings) {
            return Ok(profile.clone());
        }
        known.made += 1;
        let profile = profile(known.made, &settings)?;
        if known.profiles.len() == TLS_PROFILES_MAX {
            known.profiles.remove(0);
        }
        known.profiles.push((settings, profile.clone()));
        Ok(profile)
    }
}

fn profile(number: u32, settings: &TlsSettings) -> Result<Profile> {
    let roots = match &settings.trust {
        Trust::Anyone => None,
        Trust::System => Some(system_roots()?),
        Trust::Bundle(bundle) => Some(bundle.roots().clone()),
    };
    let verifier = Arc::new(Verifier::new(roots, settings.pins.clone()));
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(versions(settings.min))
        .map_err(|error| tls_error(format!("TLS cannot be set up: {error}")))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier.clone());
    let mut config = match &settings.cert {
        None => builder.with_no_client_auth(),
        Some(cert) => {
            let identity: Arc<dyn ResolvesClientCert> =
                Arc::new(SingleCertAndKey::from(cert.key()));
            builder.with_client_cert_resolver(identity)
        }
    };
    // For `traffic`, which takes over after the handshake of TLS 1.3. No secret leaves `tls`.
    config.enable_secret_extraction = true;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server_name = settings.server_name.clone();
    Ok(Profile(Arc::new(Made { number, config: Arc::new(config), verifier, server_name })))
}

/// ring, and of its suites those first that cost the least where the processor knows AES.
fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    let is_aes_128 = |suite: &SupportedCipherSuite| {
        matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    };
    provider.cipher_suites.sort_by_key(|suite| (suite.tls13().is_none(), !is_aes_128(suite)));
    provider
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    const NEWEST: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
    match min {
        TlsVersion::V1_2 => rustls::ALL_VERSIONS,
        TlsVersion::V1_3 => NEWEST,
    }
}

fn tls_error(message: String) -> Error {
    Error::new(ErrorKind::Tls, message).in_phase(Phase::Tls)
}
