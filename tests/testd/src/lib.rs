//! The scripted server behind librq's tests and demo: well-behaved endpoints, misbehaving ones,
//! good and bad certificates, ports that refuse, hang or stay silent. All on this machine, on ports
//! the system chose, with certificates made on the spot. It tests clients; it is no server for the
//! world.
//!
//! `Server` runs everything until dropped. `script` plays a list of steps to one client.
//!
//! A connection goes: `listen` (accept, number) → `stream` (plain or TLS) → `http` (request head
//! and body) → `endpoints` (the table, then `answers` or `faults`).

#![deny(missing_docs)]

mod endpoints;
mod http;
mod listen;
mod pattern;
pub mod pki;
mod script;
mod stream;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use listen::{BlackHole, Connection, Handler, Listener};
use pki::{CLIENT_PASSWORD, Ca, CaFiles, Identity, LOCAL_NAMES};
use rustls::ServerConfig;
pub use script::{Conn, Script, Step, script, script_tls};

/// What the port that ought to speak TLS says instead.
const PLAIN_AS_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// All servers, running until dropped.
pub struct Server {
    ca: Ca,
    files: CaFiles,
    http: Listener,
    http6: Option<Listener>,
    https: Listener,
    https_untrusted: Listener,
    https_wrong_host: Listener,
    https_expired: Listener,
    https_tls12: Listener,
    mtls: Listener,
    pin: String,
    silent: Listener,
    plain_as_tls: Listener,
    refused: (OwnedFd, String),
    black_hole: OnceLock<BlackHole>,
}

impl Server {
    /// Starts all servers.
    ///
    /// # Panics
    /// When the machine has no ports, threads or temporary folder to give.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().expect("testd starts")
    }

    fn try_start() -> io::Result<Self> {
        let ca = Ca::new("testd CA");
        let stranger = Ca::new("testd CA that nobody trusts");
        let tls = |identity: Identity| Listener::localhost(https_handler(identity.server_config()));
        let (server, client) = (ca.issue(&LOCAL_NAMES), ca.issue(&["client.example"]));
        let wants_clients = server.server_config_for_clients_of(&ca);
        let (held, refused) = listen::hold_port((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            files: CaFiles::write(&ca, &server, &client)?,
            http: Listener::v4(http_handler())?,
            http6: Listener::v6(http_handler()).ok(),
            https_untrusted: tls(stranger.issue(&LOCAL_NAMES))?,
            https_wrong_host: tls(ca.issue(&["other.example"]))?,
            https_expired: tls(ca.issue_until(&LOCAL_NAMES, 2020))?,
            https_tls12: Listener::localhost(https_handler(server.server_config_tls12()))?,
            mtls: Listener::localhost(https_handler(wants_clients))?,
            pin: server.pin(),
            https: tls(server)?,
            silent: Listener::v4(Arc::new(|connection: Connection| {
                listen_only(&connection.socket)
            }))?,
            plain_as_tls: Listener::localhost(Arc::new(|connection: Connection| {
                answer_plainly(&connection.socket);
            }))?,
            refused: (held, format!("http://{refused}")),
            black_hole: OnceLock::new(),
            ca,
        })
    }

    /// All endpoints, plain.
    #[must_use]
    pub fn http(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// All endpoints under TLS, with a certificate for `LOCAL_NAMES` by the test CA.
    #[must_use]
    pub fn https(&self) -> String {
        localhost(&self.https)
    }

    /// All endpoints, plain, over IPv6; empty where the machine has none.
    #[must_use]
    pub fn http6(&self) -> String {
        self.http6.as_ref().map(|http6| format!("http://{}", http6.address())).unwrap_or_default()
    }

    /// The test CA.
    #[must_use]
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// The test CA's certificate, a PEM file.
    #[must_use]
    pub fn ca_file(&self) -> String {
        self.files.file().display().to_string()
    }

    /// A folder with that file in it, and one that is no certificate.
    #[must_use]
    pub fn ca_dir(&self) -> String {
        self.files.dir().display().to_string()
    }

    /// TLS with a certificate by another CA.
    #[must_use]
    pub fn https_untrusted(&self) -> String {
        localhost(&self.https_untrusted)
    }

    /// TLS with a certificate by the test CA for `other.example` only.
    #[must_use]
    pub fn https_wrong_host(&self) -> String {
        localhost(&self.https_wrong_host)
    }

    /// TLS with a certificate by the test CA that expired in 2020.
    #[must_use]
    pub fn https_expired(&self) -> String {
        localhost(&self.https_expired)
    }

    /// As [`https`](Self::https), with TLS 1.2 alone.
    #[must_use]
    pub fn https_tls12(&self) -> String {
        localhost(&self.https_tls12)
    }

    /// All endpoints under TLS, for clients that show a certificate by the test CA; the server's is
    /// that of [`https`](Self::https).
    #[must_use]
    pub fn mtls(&self) -> String {
        localhost(&self.mtls)
    }

    /// The certificate of [`https`](Self::https), a PEM file.
    #[must_use]
    pub fn server_cert(&self) -> String {
        self.files.named("server.pem").display().to_string()
    }

    /// The pin of that certificate's key.
    #[must_use]
    pub fn server_pin(&self) -> &str {
        &self.pin
    }

    /// A certificate that [`mtls`](Self::mtls) takes from clients, a PEM file.
    #[must_use]
    pub fn client_cert(&self) -> String {
        self.files.named("client.pem").display().to_string()
    }

    /// The key of that certificate, a PEM file.
    #[must_use]
    pub fn client_key(&self) -> String {
        self.files.named("client.key").display().to_string()
    }

    /// The same key, encrypted with `CLIENT_PASSWORD`.
    #[must_use]
    pub fn client_key_locked(&self) -> String {
        self.files.named("client-locked.key").display().to_string()
    }

    /// A port that refuses connections.
    #[must_use]
    pub fn refused(&self) -> String {
        self.refused.1.clone()
    }

    /// A port where connecting hangs. Made when first asked for, since that takes 0.2 s.
    ///
    /// # Panics
    /// When the machine has no ports to give.
    #[must_use]
    pub fn blackhole(&self) -> String {
        let hole = self.black_hole.get_or_init(|| BlackHole::open().expect("a black hole"));
        format!("http://{}", hole.address())
    }

    /// `127.0.0.1:PORT` that accepts and reads, and never says anything.
    #[must_use]
    pub fn silent(&self) -> String {
        self.silent.address().to_string()
    }

    /// An https URL whose server answers any bytes with plain HTTP.
    #[must_use]
    pub fn plain_as_tls(&self) -> String {
        localhost(&self.plain_as_tls)
    }

    /// The variables that tests in every language read.
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("RQ_TEST_HTTP", self.http()),
            ("RQ_TEST_HTTPS", self.https()),
            ("RQ_TEST_HTTP6", self.http6()),
            ("RQ_TEST_CA_FILE", self.ca_file()),
            ("RQ_TEST_CA_DIR", self.ca_dir()),
            ("RQ_TEST_HTTPS_UNTRUSTED", self.https_untrusted()),
            ("RQ_TEST_HTTPS_WRONG_HOST", self.https_wrong_host()),
            ("RQ_TEST_HTTPS_EXPIRED", self.https_expired()),
            ("RQ_TEST_HTTPS_TLS12", self.https_tls12()),
            ("RQ_TEST_MTLS", self.mtls()),
            ("RQ_TEST_SERVER_CERT", self.server_cert()),
            ("RQ_TEST_SERVER_PIN", self.pin.clone()),
            ("RQ_TEST_CLIENT_CERT", self.client_cert()),
            ("RQ_TEST_CLIENT_KEY", self.client_key()),
            ("RQ_TEST_CLIENT_KEY_LOCKED", self.client_key_locked()),
            ("RQ_TEST_CLIENT_PASSWORD", CLIENT_PASSWORD.to_owned()),
            ("RQ_TEST_REFUSED", self.refused()),
            ("RQ_TEST_BLACKHOLE", self.blackhole()),
            ("RQ_TEST_SILENT", self.silent()),
            ("RQ_TEST_PLAIN_AS_TLS", self.plain_as_tls()),
        ]
    }
}

/// The SHA-256 of what `/bytes/N` sends, in hexadecimal.
#[must_use]
pub fn sha256_of_bytes(total: u64) -> String {
    pattern::sha256(total)
}

fn localhost(listener: &Listener) -> String {
    format!("https://localhost:{}", listener.address().port())
}

fn http_handler() -> Handler {
    Arc::new(|connection: Connection| endpoints::serve(&connection, None))
}

fn https_handler(config: Arc<ServerConfig>) -> Handler {
    Arc::new(move |connection: Connection| endpoints::serve(&connection, Some(&config)))
}

/// Reads until the client closes.
fn listen_only(mut socket: &TcpStream) {
    let mut bytes = [0; 4096];
    while socket.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// Answers at once, and reads on: bytes left unread would reset the connection and destroy the
/// answer.
fn answer_plainly(mut socket: &TcpStream) {
    if socket.write_all(PLAIN_AS_TLS).and_then(|()| socket.shutdown(Shutdown::Write)).is_ok() {
        listen_only(socket);
    }
}
