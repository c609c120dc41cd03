//! CA bundles: from a PEM file, a directory of them, or memory. Read when set, so that a wrong path
//! is told at once.
//!
//! A given bundle replaces the system's roots, it never adds to them (flaw 83). `client` holds
//! client certificates, `describe` says what stands in a certificate. Leaves verification to
//! `connect::tls`. Source: behaviour area T.

mod client;
mod describe;
mod issuer;
mod names;
mod pem;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::{CertificateDer, TrustAnchor};

pub use client::ClientCert;
pub use describe::Certificate;
pub(crate) use describe::{day, is_within, public_key_of, short_rsa_key};
pub(crate) use issuer::{check_dates, check_issuer};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::CA_BYTES_MAX;

/// Certificates that are trusted in place of the system's.
#[derive(Clone)]
pub struct CaBundle(Arc<Roots>);

/// Trusted certificates, and what path building needs of them.
pub(crate) struct Roots {
    /// Those that can be an anchor, in the order of `anchors`; then those that can only be a
    /// server's own.
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    fn of(all: Vec<CertificateDer<'static>>) -> Self {
        let (mut certificates, mut anchors, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for certificate in all {
            match webpki::anchor_from_trusted_cert(&certificate).map(|anchor| anchor.to_owned()) {
                Ok(anchor) => {
                    anchors.push(anchor);
                    certificates.push(certificate);
                }
                Err(_) => others.push(certificate),
            }
        }
        certificates.append(&mut others);
        Self { certificates, anchors }
    }

    pub(crate) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// The certificate of `anchor`, which must be one of [`anchors`](Self::anchors): that very one,
    /// as one that was renewed has the name and the key of the one before it.
    pub(crate) fn certificate_of(&self, anchor: &TrustAnchor<'_>) -> Option<&CertificateDer<'_>> {
        let at = self.anchors.iter().position(|other| std::ptr::eq(other, anchor))?;
        self.certificates.get(at)
    }

    /// Whether exactly this certificate is one of them.
    pub(crate) fn contain(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|other| other == certificate)
    }
}

/// The system's roots, parsed once in a process. A failure is not kept: the next call tries again.
///
/// Where they lie is asked of the system, never of the environment, which is the session's to read.
///
/// # Errors
/// [`ErrorKind::Tls`] if there are none.
pub(crate) fn system_roots() -> Result<Arc<Roots>> {
    static ROOTS: OnceLock<Arc<Roots>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let (found, fault) = system_certificates();
    let roots = Roots::of(found);
    if roots.anchors.is_empty() {
        let why = fault.map(|fault| format!(" ({fault})")).unwrap_or_default();
        let message = format!(
            "the system has no CA certificates{why}; install ca-certificates or set a CA file"
        );
        return Err(Error::new(ErrorKind::Tls, message).in_phase(Phase::Tls));
    }
    Ok(ROOTS.get_or_init(|| Arc::new(roots)).clone())
}

/// Where Debian, Fedora, SUSE and the BSDs keep all roots in one file, seen from the folder that
/// OpenSSL searches.
#[cfg(all(unix, not(target_vendor = "apple")))]
const ROOT_FILES: [&str; 4] =
    ["ca-certificates.crt", "ca-bundle.crt", "../ca-bundle.pem", "../cert.pem"];

#[cfg(all(unix, not(target_vendor = "apple")))]
fn system_certificates() -> (Vec<CertificateDer<'static>>, Option<String>) {
    let mut fault = None;
    for folder in openssl_probe::candidate_cert_dirs() {
        let file = ROOT_FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file());
        // One file with all of them, as most systems have it: no need to read each by itself.
        if let Some(file) = file {
            match certificates_at(&file) {
                Ok(certificates) if !certificates.is_empty() => return (certificates, None),
                Ok(_) => {}
                Err(error) => fault = fault.or_else(|| Some(error.to_string())),
            }
            continue;
        }
        let found = rustls_native_certs::load_certs_from_paths(None, Some(folder));
        if !found.certs.is_empty() {
            return (found.certs, None);
        }
        fault = fault.or_else(|| found.errors.first().map(ToString::to_string));
    }
    (Vec::new(), fault)
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn system_certificates() -> (Vec<CertificateDer<'static>>, Option<String>) {
    let found = rustls_native_certs::load_native_certs();
    let fault = found.errors.first().map(ToString::to_string);
    (found.certs, fault)
}

impl CaBundle {
    /// Reads a PEM file, or every file with PEM certificates in a directory.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if `path` cannot be read or holds no usable certificate.
    pub fn from_path(path: &Path) -> Result<Self> {
        Self::of(certificates_at(path)?, &format!("the CA bundle {path:?}"))
    }

    /// Reads PEM text.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it holds no usable certificate.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        Self::of(pem::certificates(pem), "the given PEM text")
    }

    /// What lies at all of `paths`, as OpenSSL joins SSL_CERT_FILE and SSL_CERT_DIR.
    pub(crate) fn from_paths(paths: &[&Path]) -> Result<Self> {
        let mut all = Vec::new();
        for path in paths {
            all.extend(certificates_at(path)?);
        }
        Self::of(all, &format!("the CA bundle {paths:?}"))
    }

    fn of(certificates: Vec<CertificateDer<'static>>, what: &str) -> Result<Self> {
        let roots = Roots::of(certificates);
        if roots.anchors.is_empty() {
            let message = format!(
                "{what} holds no certificate that can be used; it must be PEM \
                 (-----BEGIN CERTIFICATE-----)"
            );
            return Err(Error::new(ErrorKind::File, message).in_phase(Phase::Prepare));
        }
        Ok(Self(Arc::new(roots)))
    }

    pub(crate) fn roots(&self) -> &Arc<Roots> {
        &self.0
    }
}

/// The certificates of a PEM file, or of all files of a directory.
fn certificates_at(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let failed = |error: &std::io::Error| {
        Error::system(ErrorKind::File, &format!("cannot read the CA bundle {path:?}"), error)
            .in_phase(Phase::Prepare)
    };
    if !fs::metadata(path).map_err(|error| failed(&error))?.is_dir() {
        return Ok(pem::certificates(&read_bounded(path).map_err(|error| failed(&error))?));
    }
    let mut certificates = Vec::new();
    for file in files_of(path).map_err(|error| failed(&error))? {
        // A directory may hold other things; only what is PEM counts.
        if let Ok(pem) = read_bounded(&file) {
            certificates.extend(pem::certificates(&pem));
        }
    }
    Ok(certificates)
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
