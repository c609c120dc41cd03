//! What the tests set against the client: scripts over plain TCP and TLS, single connections in the
//! hands of a closure, and a player that sends replies in given pieces.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rq::{Error, ErrorKind, Phase, Response, Result, Session};
use rq_testd::pki::Ca;
use rq_testd::{Conn, Script, Step, script, script_tls};

use crate::client::{self, ms, session, trusting, with_password};

/// A reply after which the connection can be kept.
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Sends these bytes.
pub(crate) fn say(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// A connection that answers one request and stays open.
pub(crate) fn answers() -> Conn {
    vec![Step::ReadHead, say(OK), Step::Stall]
}

/// A connection that answers one request, and whose second one goes so.
pub(crate) fn answers_then(steps: impl IntoIterator<Item = Step>) -> Conn {
    [Step::ReadHead, say(OK), Step::ReadHead].into_iter().chain(steps).collect()
}

/// A script, and a session that trusts it.
pub(crate) struct Peer {
    script: Script,
    pub(crate) session: Session,
}

impl Peer {
    /// Over plain TCP.
    pub(crate) fn plain(conns: Vec<Conn>) -> Self {
        Self { script: script(conns), session: session() }
    }

    /// Over TLS.
    pub(crate) fn tls(conns: Vec<Conn>) -> Self {
        let ca = Ca::new("authority of a script");
        Self { script: script_tls(&ca, conns), session: trusting(&ca.pem()) }
    }

    /// Over both.
    pub(crate) fn both(conns: &[Conn]) -> [Self; 2] {
        [Self::plain(conns.to_vec()), Self::tls(conns.to_vec())]
    }

    /// The script's URL, with a password in it.
    pub(crate) fn url(&self) -> String {
        with_password(self.script.url())
    }

    pub(crate) fn get(&self) -> Result<Response> {
        self.session.get(&self.url())
    }

    /// Sends a request and reads the whole body as text.
    pub(crate) fn text(&self, method: &str, body: &[u8]) -> Result<String> {
        client::send(&self.session, method, &self.url(), body)
            .and_then(|mut response| client::text(&mut response))
    }

    /// How many connections came.
    pub(crate) fn accepted(&self) -> usize {
        self.script.accepted()
    }

    /// How many sockets the client has open to it.
    pub(crate) fn sockets(&self) -> usize {
        client::sockets_to(client::port(self.script.url()))
    }

    /// What connection `n` has read.
    pub(crate) fn received(&self, n: usize) -> Vec<u8> {
        self.script.received(n)
    }

    /// The next request must succeed, over the `accepted`-th connection in all.
    #[track_caller]
    pub(crate) fn goes_on(&self, accepted: usize) {
        assert_eq!(self.text("GET", b"").unwrap(), "ok");
        assert_eq!(self.accepted(), accepted, "connections");
    }
}

/// A request to a connection that goes so must fail so, plain and under TLS, at once; the
/// connection is not used again, nothing is resent, and the next request succeeds. Returns the two
/// errors.
#[track_caller]
pub(crate) fn check_fault(steps: Vec<Step>, kind: ErrorKind, phase: Phase) -> Vec<Error> {
    let check = |peer: Peer| {
        let error = client::at_once(|| client::failure(peer.text("GET", b""), kind, phase));
        assert_eq!(peer.accepted(), 1, "nothing is resent: {error}");
        assert_eq!(peer.sockets(), 0, "its connection is closed: {error}");
        peer.goes_on(2);
        error
    };
    Peer::both(&[steps, answers()]).into_iter().map(check).collect()
}

/// Gives the one connection that comes to `play`. The thread ends with it.
pub(crate) fn once<T: Send + 'static>(
    play: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || play(listener.accept().unwrap().0));
    (port, thread)
}

/// Reads until the other side has closed.
pub(crate) fn read_to_end(mut stream: &TcpStream) {
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// Reads the head of a request that has no body.
pub(crate) fn read_head(mut stream: &TcpStream) -> Vec<u8> {
    let (mut head, mut bytes) = (Vec::new(), [0; 4096]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes) {
            Ok(count) if count > 0 => head.extend_from_slice(&bytes[..count]),
            _ => break,
        }
    }
    head
}

/// A server that plays replies one after the other, each on a connection of its own, in pieces.
pub(crate) struct Player {
    pub(crate) url: String,
    jobs: Sender<(Vec<Vec<u8>>, Duration)>,
}

impl Player {
    /// Begins to listen; ends when dropped.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (jobs, pending) = mpsc::channel::<(Vec<Vec<u8>>, Duration)>();
        thread::spawn(move || {
            for (pieces, pause) in pending {
                play(&listener.accept().unwrap().0, &pieces, pause);
            }
        });
        Self { url, jobs }
    }

    /// What the next connection will send, and how long it waits between two pieces.
    pub(crate) fn next(&self, pieces: Vec<Vec<u8>>, pause: Duration) {
        self.jobs.send((pieces, pause)).unwrap();
    }
}

fn play(mut stream: &TcpStream, pieces: &[Vec<u8>], pause: Duration) {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(ms(10_000))).unwrap();
    read_head(stream);
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            // Nothing tells that the other side has read; too short a wait only joins two pieces.
            thread::sleep(pause);
        }
        // Whoever refuses a reply early is gone before its end.
        if stream.write_all(piece).is_err() {
            return;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    read_to_end(stream);
}
