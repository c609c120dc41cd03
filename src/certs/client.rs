//! Client certificates: chain and key from one PEM file, two, or memory; read and checked when set.
//!
//! Keys are PKCS #1, SEC 1 or PKCS #8, the last also encrypted (RFC 5958, RFC 8018). A key that
//! does not fit its certificate is told here, not at a server (behaviours T5, T6; engine without
//! panics).

use std::path::Path;
use std::sync::Arc;

use pkcs8::der::Document;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use super::{public_key_of, read_bounded};
use crate::error::{Error, ErrorKind, Phase, Result};

const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// A certificate that is shown to servers that ask for one, with its chain and private key.
#[derive(Clone)]
pub struct ClientCert(Arc<Identity>);

struct Identity {
    key: Arc<CertifiedKey>,
    /// Of the private key, to tell identities apart without keeping it twice.
    key_hash: [u8; 32],
}

impl ClientCert {
    /// Reads a PEM file with the certificate, and its chain behind it; the key stands in the same
    /// file or in `key`. `password` is for an encrypted key.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if a file cannot be read, holds no certificate or no key, if the key is
    /// encrypted and the password missing or wrong, or if key and certificate do not belong
    /// together.
    pub fn from_files(cert: &Path, key: Option<&Path>, password: Option<&str>) -> Result<Self> {
        let read = |what: &str, path: &Path| {
            read_bounded(path).map_err(|error| {
                let what = format!("cannot read the {what} {path:?}");
                Error::system(ErrorKind::File, &what, &error).in_phase(Phase::Prepare)
            })
        };
        let cert_pem = read("client certificate", cert)?;
        let key_pem = key.map(|key| read("client key", key)).transpose()?;
        let cert_name = format!("the client certificate {cert:?}");
        let key_name =
            key.map_or_else(|| cert_name.clone(), |key| format!("the client key {key:?}"));
        Self::of(
            &cert_pem,
            &cert_name,
            key_pem.as_deref().unwrap_or(&cert_pem),
            &key_name,
            password,
        )
    }

    /// The same from PEM text in memory.
    ///
    /// # Errors
    /// [`ErrorKind::File`], as [`from_files`](Self::from_files).
    pub fn from_pem(cert: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Result<Self> {
        let name = "the given client certificate";
        let key_name = if key.is_some() { "the given client key" } else { name };
        Self::of(cert, name, key.unwrap_or(cert), key_name, password)
    }

    fn of(
        cert: &[u8],
        cert_name: &str,
        key: &[u8],
        key_name: &str,
        password: Option<&str>,
    ) -> Result<Self> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(cert).filter_map(std::result::Result::ok).collect();
        if chain.is_empty() {
            let why = "holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)";
            return Err(fault(cert_name, why));
        }
        let key = private_key(key, password).map_err(|why| fault(key_name, why))?;
        let key_hash = Sha256::digest(key.secret_der()).into();
        let provider = rustls::crypto::ring::default_provider();
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|error| fault(key_name, &format!("cannot be used: {error}")))?;
        // Compared here: rustls reads no certificate of X.509 v1, which servers do take.
        let public = public_key_of(&chain[0])
            .ok_or_else(|| fault(cert_name, "holds a certificate that cannot be read"))?;
        if key.public_key().is_some_and(|of_key| of_key.as_ref() != public) {
            let why = "does not belong to the certificate; give the key that it was made with";
            return Err(fault(key_name, why));
        }
        let key = CertifiedKey::new(chain, key);
        Ok(Self(Arc::new(Identity { key: Arc::new(key), key_hash })))
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        self.0.key.clone()
    }
}

/// By value: a connection made with one identity never serves another (flaw 34).
impl PartialEq for ClientCert {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.key_hash == other.0.key_hash && self.0.key.cert == other.0.key.cert)
    }
}

impl std::fmt::Debug for ClientCert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientCert({} certificates)", self.0.key.cert.len())
    }
}

fn fault(what: &str, why: &str) -> Error {
    Error::new(ErrorKind::File, format!("{what} {why}")).in_phase(Phase::Prepare)
}

/// The first private key in PEM text.
fn private_key(
    pem: &[u8],
    password: Option<&str>,
) -> std::result::Result<PrivateKeyDer<'static>, &'static str> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => {
            let text = String::from_utf8_lossy(pem);
            match text.contains("Proc-Type: 4,ENCRYPTED") {
                true => Err(OLD_ENCRYPTION),
                false => Ok(key),
            }
        }
        Err(pem::Error::NoItemsFound) => encrypted_key(pem, password),
        Err(_) if String::from_utf8_lossy(pem).contains("Proc-Type: 4,ENCRYPTED") => {
            Err(OLD_ENCRYPTION)
        }
        Err(_) => Err("is broken PEM"),
    }
}

const OLD_ENCRYPTION: &str = "is encrypted in a way that is not supported; convert it with: \
     openssl pkcs8 -topk8 -v2 aes256 -in KEY -out NEW_KEY";

fn encrypted_key(
    pem: &[u8],
    password: Option<&str>,
) -> std::result::Result<PrivateKeyDer<'static>, &'static str> {
    let text = String::from_utf8_lossy(pem);
    let (begin, end) =
        (format!("-----BEGIN {ENCRYPTED}-----"), format!("-----END {ENCRYPTED}-----"));
    let Some(start) = text.find(&begin) else {
        return Err("holds no private key; it must be PEM (-----BEGIN PRIVATE KEY-----)");
    };
    let stop = text[start..].find(&end).ok_or("is broken PEM")? + start + end.len();
    let password = password.ok_or("is encrypted; give its password")?;
    let (_, sealed) = Document::from_pem(&text[start..stop]).map_err(|_| "is broken PEM")?;
    let sealed =
        EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes()).map_err(|_| OLD_ENCRYPTION)?;
    let opened: SecretDocument = sealed.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }) => {
            OLD_ENCRYPTION
        }
        _ => "does not open with this password",
    })?;
    Ok(PrivatePkcs8KeyDer::from(opened.as_bytes().to_vec()).into())
}
