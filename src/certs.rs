//! CA bundles: from a PEM file, a directory of them, or memory. Read when set, so that a wrong path
//! is told at once.
//!
//! A given bundle replaces the system's roots, it never adds to them (flaw 83). Leaves verification
//! to `connect::tls`. Source: behaviour area T; rustls' own PEM reader.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::CA_BYTES_MAX;

/// Certificates that are trusted in place of the system's.
#[derive(Clone)]
pub struct CaBundle(Arc<Bundle>);

struct Bundle {
    certificates: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
}

impl CaBundle {
    /// Reads a PEM file, or every file with PEM certificates in a directory.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if `path` cannot be read or holds no usable certificate.
    pub fn from_path(path: &Path) -> Result<Self> {
        let failed = |error: &std::io::Error| {
            Error::system(ErrorKind::File, &format!("cannot read the CA bundle {path:?}"), error)
                .in_phase(Phase::Prepare)
        };
        let mut certificates = Vec::new();
        if fs::metadata(path).map_err(|error| failed(&error))?.is_dir() {
            for file in files_of(path).map_err(|error| failed(&error))? {
                // A directory may hold other things; only what is PEM counts.
                if let Ok(pem) = read_bounded(&file) {
                    certificates.extend(certificates_in(&pem));
                }
            }
        } else {
            let pem = read_bounded(path).map_err(|error| failed(&error))?;
            certificates = certificates_in(&pem);
        }
        Self::of(certificates, &format!("the CA bundle {path:?}"))
    }

    /// Reads PEM text.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it holds no usable certificate.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        Self::of(certificates_in(pem), "the given PEM text")
    }

    fn of(certificates: Vec<CertificateDer<'static>>, what: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        if roots.is_empty() {
            let message = format!(
                "{what} holds no certificate that can be used; it must be PEM \
                 (-----BEGIN CERTIFICATE-----)"
            );
            return Err(Error::new(ErrorKind::File, message).in_phase(Phase::Prepare));
        }
        Ok(Self(Arc::new(Bundle { certificates, roots: Arc::new(roots) })))
    }

    pub(crate) fn roots(&self) -> Arc<RootCertStore> {
        self.0.roots.clone()
    }
}

/// By value, byte for byte: two bundles that trust different roots never share a connection (flaw
/// 35).
impl PartialEq for CaBundle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.certificates == other.0.certificates
    }
}

impl std::fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaBundle({} certificates)", self.0.certificates.len())
    }
}

fn certificates_in(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(std::result::Result::ok).collect()
}

/// The regular files of a directory, sorted, so that equal directories give equal bundles.
fn files_of(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(path)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > CA_BYTES_MAX {
        return Err(std::io::Error::other("larger than 64 MiB"));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificate_is_refused_with_its_name() {
        let error = CaBundle::from_path(Path::new("/no/such/ca.pem")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.message().contains("/no/such/ca.pem"), "{error}");
        assert_ne!(error.os_error(), 0);
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bytes in [&b""[..], b"hello", pem] {
            assert_eq!(CaBundle::from_pem(bytes).unwrap_err().kind(), ErrorKind::File);
        }
    }
}
