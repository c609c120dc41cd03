//! The simplest client that can tell what the server did: it writes bytes, and reads a reply by its
//! Content-Length or everything up to the end. A read that takes 10 s fails.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned};

/// A connection to the server, plain or TLS.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
}

impl Client {
    pub(crate) fn connect(url: &str) -> Self {
        let (_, address) = url.split_once("://").expect("a URL");
        let stream = TcpStream::connect(address).expect("a server");
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream }
    }
}

impl Client<StreamOwned<ClientConnection, TcpStream>> {
    /// A TLS client that trusts `ca` alone and asks for `localhost`.
    pub(crate) fn connect_tls(url: &str, ca: &rq_testd::pki::Ca) -> Self {
        Self::connect_with(url, trusting(ca).with_no_client_auth())
    }

    /// The same client, with the certificate and the key in these PEM files.
    pub(crate) fn connect_mtls(url: &str, ca: &rq_testd::pki::Ca, cert: &str, key: &str) -> Self {
        let chain = vec![CertificateDer::from_pem_file(cert).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        Self::connect_with(url, trusting(ca).with_client_auth_cert(chain, key).unwrap())
    }

    fn connect_with(url: &str, config: ClientConfig) -> Self {
        let name = "localhost".try_into().unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        let Client { stream } = Client::connect(&url.replace("localhost", "127.0.0.1"));
        Self { stream: StreamOwned::new(session, stream) }
    }
}

fn trusting(ca: &rq_testd::pki::Ca) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Sends a GET and reads the reply; its head and its body.
    pub(crate) fn get(&mut self, path: &str) -> (String, Vec<u8>) {
        self.write(get(path));
        self.reply()
    }

    pub(crate) fn reply(&mut self) -> (String, Vec<u8>) {
        let head = self.head();
        let length = field(&head, "Content-Length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (head, body)
    }

    /// Reads a head, with fields outside ASCII decoded as Latin-1.
    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            head.push(byte[0] as char);
        }
        head
    }

    /// What comes before the end, and the error that was the end unless it was a clean one.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes);
        (bytes, end.err().map(|error| error.kind()))
    }
}

/// A GET request.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: testd\r\n\r\n")
}

/// The value of the first field of that name.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The body of `/bytes/N`.
pub(crate) fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}
