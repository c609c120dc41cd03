//! What stands against the client: servers and proxies for one connection each, with any
//! certificate, also with those that rustls would not serve, and OpenSSL's where it must be old.
//!
//! A server answers one request. One that is asked to CONNECT carries bytes instead, so each of
//! them is a proxy too. What was read is told at the end, so that a test can see that nothing was
//! sent.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{RootCertStore, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme};
use rustls::{StreamOwned, SupportedProtocolVersion};

use crate::cases::{Case, Scratch};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
/// Ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server or proxy for one connection.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// Keeps the port from being somebody else's.
    listener: TcpListener,
    thread: JoinHandle<Vec<u8>>,
}

impl Server {
    /// Over TLS with this configuration, or plain.
    pub(crate) fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = listener.try_clone().unwrap();
        let thread = thread::spawn(move || serve(accepting.accept().unwrap().0, tls));
        Self { port, listener, thread }
    }

    /// With the certificate of `case`.
    pub(crate) fn of(case: &Case) -> Self {
        Self::start(Some(configuration(case, rustls::ALL_VERSIONS)))
    }

    /// The same with TLS 1.2.
    pub(crate) fn of_tls_1_2(case: &Case) -> Self {
        Self::start(Some(configuration(case, &[&rustls::version::TLS12])))
    }

    /// The head of the request that came over its connection; empty if none came.
    pub(crate) fn heard(self) -> String {
        // If nobody has come, this is who comes.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        let heard = self.thread.join().unwrap();
        drop(self.listener);
        String::from_utf8_lossy(&heard).into_owned()
    }
}

/// Serves the certificate of `case`, whatever is wrong with it.
fn configuration(case: &Case, versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Always::of(case));
    Arc::new(config)
}

/// The same, for clients with a certificate of `root` and over this version.
pub(crate) fn configuration_for_clients(
    case: &Case,
    root: &[u8],
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(Always::of(case));
    Arc::new(config)
}

/// One certificate for every name, unchecked.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl Always {
    fn of(case: &Case) -> Arc<Self> {
        let key = CertifiedKey::new(case.chain.clone(), signing_key(&case.key));
        Arc::new(Self(Arc::new(key)))
    }
}

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn signing_key(pem: &[u8]) -> Arc<dyn SigningKey> {
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    ring::sign::any_supported_type(&key).unwrap_or_else(|_| Arc::new(Openssl(pem.to_vec())))
}

/// An RSA key that is too short for ring; OpenSSL signs with it.
#[derive(Debug)]
struct Openssl(Vec<u8>);

impl SigningKey for Openssl {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let pss = offered.contains(&SignatureScheme::RSA_PSS_SHA256);
        pss.then(|| Box::new(Self(self.0.clone())) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for Openssl {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let files = Scratch::new();
        let signed = Command::new("openssl")
            .args(["dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss"])
            .args(["-sigopt", "rsa_pss_saltlen:-1", "-sign"])
            .args([files.file("key.pem", &self.0), files.file("message", message)])
            .output()
            .expect("openssl runs");
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        Ok(signed.stdout)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}

/// One end of a connection.
enum End {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl End {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn close(&mut self) {
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let _ = self.socket().shutdown(Shutdown::Write);
        // What the client still says is read: a reset would take the reply from it.
        let _ = io::copy(&mut self.socket(), &mut io::sink());
    }
}

impl Read for End {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut end = match tls {
        None => End::Plain(stream),
        Some(config) => {
            let tls = ServerConnection::new(config).unwrap();
            End::Tls(Box::new(StreamOwned::new(tls, stream)))
        }
    };
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && end.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    if head.starts_with(b"CONNECT ") {
        let authority = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        carry(&mut end, String::from_utf8_lossy(authority).rsplit(':').next().unwrap());
    } else if !head.is_empty() {
        let _ = end.write_all(REPLY);
    }
    end.close();
    head
}

/// Opens a tunnel to this port and carries bytes until one side has ended.
fn carry(client: &mut End, port: &str) {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse().unwrap())).unwrap();
    client.write_all(b"HTTP/1.1 200 Open\r\n\r\n").unwrap();
    let mut bytes = vec![0; 1 << 16];
    loop {
        let mut both =
            [PollFd::new(client.socket(), PollFlags::IN), PollFd::new(&server, PollFlags::IN)];
        let patience = rustix::event::Timespec::try_from(PATIENCE).unwrap();
        if poll(&mut both, Some(&patience)) == Ok(0) {
            return;
        }
        let (from_client, from_server) =
            (!both[0].revents().is_empty(), !both[1].revents().is_empty());
        let ended = |count: io::Result<usize>| count.ok().filter(|count| *count > 0);
        if from_client {
            let Some(count) = ended(client.read(&mut bytes)) else { return };
            if server.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
        if from_server {
            let Some(count) = ended(server.read(&mut bytes)) else { return };
            if client.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
    }
}

/// OpenSSL's server, which speaks TLS 1.1 and nothing newer.
pub(crate) struct OldServer {
    pub(crate) port: u16,
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    _files: Scratch,
}

impl OldServer {
    pub(crate) fn of(case: &Case) -> Self {
        let files = Scratch::new();
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_1"])
            .args(["-cipher", "DEFAULT:@SECLEVEL=0", "-cert"])
            .arg(files.file("chain.pem", &case.chain_pem))
            .arg("-key")
            .arg(files.file("key.pem", &case.key))
            // It ends with its standard input, which stays open as long as the child is held.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ACCEPT") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "s_server listens");
        }
        let port = line.trim().rsplit(':').next().unwrap().parse().expect("the port of s_server");
        Self { port, child, output, _files: files }
    }

    /// All that it has printed, which is what came over its connection, among its own words.
    pub(crate) fn heard(mut self) -> String {
        let _ = self.child.kill();
        let mut text = Vec::new();
        let _ = self.output.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
