//! TLS profiles: one rustls configuration for each way to trust, shared by all connections of a
//! session that trust so.
//!
//! The number of a profile is part of the pool's key: a connection made with verification off is
//! never used by a request that verifies (flaw 33), and TLS sessions are resumed within one profile
//! only (flaw 34). The provider is passed explicitly: nothing process-wide is installed. ALPN
//! offers http/1.1.

mod explain;
pub(super) mod stream;
mod verify;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::{ClientConfig, RootCertStore};

pub(super) use explain::explain;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::Trust;

/// A configuration and its number.
#[derive(Clone)]
pub(crate) struct Profile {
    pub(crate) number: u32,
    config: Arc<ClientConfig>,
}

/// The profiles of a session, made when first used.
#[derive(Default)]
pub(crate) struct Profiles(Mutex<Vec<(Trust, Profile)>>);

impl Profiles {
    /// The profile for `trust`.
    pub(crate) fn get(&self, trust: &Trust) -> Result<Profile> {
        let mut profiles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, profile)) = profiles.iter().find(|(known, _)| known == trust) {
            return Ok(profile.clone());
        }
        let config = Arc::new(configuration(trust)?);
        let profile = Profile { number: profiles.len() as u32 + 1, config };
        profiles.push((trust.clone(), profile.clone()));
        Ok(profile)
    }
}

fn configuration(trust: &Trust) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error(format!("TLS cannot be set up: {error}")))?;
    let builder = match trust {
        Trust::Anyone => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verify::Anyone::new()))
        }
        Trust::System => builder.with_root_certificates(system_roots()?),
        Trust::Bundle(bundle) => builder.with_root_certificates(bundle.roots()),
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's roots, parsed once in a process. A failure is not kept: the next call tries again.
fn system_roots() -> Result<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        let message = format!(
            "the system has no CA certificates{why}; install ca-certificates or set a CA file"
        );
        return Err(tls_error(message));
    }
    Ok(ROOTS.get_or_init(|| Arc::new(roots)).clone())
}

fn tls_error(message: String) -> Error {
    Error::new(ErrorKind::Tls, message).in_phase(Phase::Tls)
}
