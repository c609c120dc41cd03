//! A certificate authority made on the spot, the certificates it issues, and the folder its files
//! lie in while a server runs. Nothing here listens.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io, process};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Parameters, Pbkdf2Params};
use pkcs8::{LineEnding, PrivateKeyInfoRef};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS12;
use rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

/// Opens the client's encrypted key.
pub const CLIENT_PASSWORD: &str = "open sesame";

/// The names that a certificate for this machine carries.
pub const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority with a key of its own.
pub struct Ca {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// A new authority, valid from 2015 to 2045.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) =
            (date_time_ymd(2015, 1, 1), date_time_ymd(2045, 1, 1));
        let key = KeyPair::generate().expect("an authority's key");
        let certificate = params.self_signed(&key).expect("an authority's certificate");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// The authority's certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The authority's certificate as DER.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    /// A certificate for `names` (host names and addresses), valid from 2015 to 2045.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, 2045)
    }

    /// A certificate for `names`, valid from 2015 to the start of the year `until`.
    #[must_use]
    pub fn issue_until(&self, names: &[&str], until: i32) -> Identity {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).expect("names fit for a certificate");
        params.distinguished_name.push(DnType::CommonName, "testd");
        self.sign(params, until)
    }

    /// A certificate that a client called `name` shows to servers, valid from 2015 to 2045.
    #[must_use]
    pub fn issue_client(&self, name: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.insert_extended_key_usage(ExtendedKeyUsagePurpose::ClientAuth);
        self.sign(params, 2045)
    }

    fn sign(&self, mut params: CertificateParams, until: i32) -> Identity {
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) =
            (date_time_ymd(2015, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate, key }
    }
}

/// A certificate and its key.
pub struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key as PEM (PKCS #8).
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The public key's SHA-256, as curl writes pins: `sha256//…`.
    #[must_use]
    pub fn pin(&self) -> String {
        let key = self.key.subject_public_key_info();
        format!(
            "sha256//{}",
            STANDARD.encode(::ring::digest::digest(&::ring::digest::SHA256, &key))
        )
    }

    /// The private key as PEM, encrypted with `password` (PKCS #8, PBES2). Fast to open and not
    /// safe: salt and vector are always the same.
    #[must_use]
    pub fn locked_key_pem(&self, password: &str) -> String {
        let der = self.key.serialize_der();
        let kdf = Pbkdf2Params::hmac_sha256(1000, b"sixteen of salt.").expect("a short salt");
        let encryption = EncryptionScheme::Aes256Cbc { iv: *b"sixteen to begin" };
        let locked = PrivateKeyInfoRef::try_from(der.as_slice())
            .expect("a PKCS #8 key")
            .encrypt_with_params(Parameters { kdf: kdf.into(), encryption }, password)
            .expect("a key that can be locked");
        let pem = locked.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).expect("a short key");
        pem.to_string()
    }

    /// A server with this certificate: TLS 1.2 and 1.3, http/1.1, no client certificates.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.config(ALL_VERSIONS, WebPkiClientVerifier::no_client_auth())
    }

    /// The same server, with TLS 1.2 alone.
    #[must_use]
    pub fn server_config_tls12(&self) -> Arc<ServerConfig> {
        self.config(&[&TLS12], WebPkiClientVerifier::no_client_auth())
    }

    /// The same server, for clients with a certificate by `ca` alone.
    #[must_use]
    pub fn server_config_for_clients_of(&self, ca: &Ca) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).expect("an authority");
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        self.config(ALL_VERSIONS, verifier.build().expect("a verifier of clients"))
    }

    fn config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Arc<ServerConfig> {
        let chain = vec![self.certificate.der().clone()];
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a PKCS #8 key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("TLS 1.2 and 1.3")
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .expect("a key that fits its certificate");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

/// A temporary folder with the certificates of the authority, of the server and of a client in it,
/// removed when dropped.
pub(crate) struct CaFiles {
    folder: PathBuf,
}

impl CaFiles {
    pub(crate) fn write(ca: &Ca, server: &Identity, client: &Identity) -> io::Result<Self> {
        let files = Self { folder: create_folder()? };
        fs::write(files.named("server.pem"), server.pem())?;
        fs::write(files.named("client.pem"), client.pem())?;
        fs::write(files.named("client.key"), client.key_pem())?;
        fs::write(files.named("client-locked.key"), client.locked_key_pem(CLIENT_PASSWORD))?;
        fs::write(files.file(), ca.pem())?;
        fs::create_dir(files.dir())?;
        fs::write(files.dir().join("ca.pem"), ca.pem())?;
        fs::write(
            files.dir().join("README"),
            "Not a certificate: a reader has to pass over it.\n",
        )?;
        Ok(files)
    }

    pub(crate) fn named(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.join("ca-dir")
    }
}

impl Drop for CaFiles {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder that did not exist before.
fn create_folder() -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("testd-{}-{number}", process::id()));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|()| folder),
        }
    }
}
