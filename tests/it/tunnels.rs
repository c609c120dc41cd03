//! Tunnels through a proxy: what CONNECT says, what a digest challenge of the proxy leads to, what
//! is told when no tunnel is opened, and that nothing meant for the proxy reaches the server
//! (behaviours P5–P7; faults 25–32; flaws 19, 20, 23).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rq::{ErrorKind, Phase, Request, Session};
use rq_testd::{Server, Step};

use crate::client::{failure, port, send_with, session_for, text};
use crate::peer::{Peer, say};

/// A proxy that opens tunnels to `localhost`, and remembers what it was asked.
struct Tunneller {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunneller {
    /// Answers `refusals` first, one a connection; then it opens tunnels.
    fn start(refusals: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let told = heads.clone();
        thread::spawn(move || {
            let mut refusals = refusals.into_iter();
            for client in listener.incoming().map_while(Result::ok) {
                let head = head_of(&client);
                told.lock().unwrap().push(head.clone());
                match refusals.next() {
                    Some(refusal) => drop((&client).write_all(refusal.as_bytes())),
                    None => {
                        thread::spawn(move || splice(&client, &head));
                    }
                }
            }
        });
        Self { port, heads }
    }

    fn use_by(&self, session: &Session, userinfo: &str) {
        let url = format!("http://{userinfo}127.0.0.1:{}", self.port);
        session.configure(|options| options.proxy("https", Some(&url))).unwrap();
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn head_of(mut client: &TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Opens the tunnel that `head` asks for, and carries bytes until both sides have ended.
fn splice(client: &TcpStream, head: &str) {
    let port: u16 = head.split([':', ' ']).nth(2).unwrap().parse().unwrap();
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut to_client = client;
    // A length means nothing here (fault 28).
    to_client.write_all(b"HTTP/1.1 200 Open\r\nContent-Length: 5\r\n\r\n").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &server);
            let _ = server.shutdown(Shutdown::Write);
        });
        let _ = io::copy(&mut &server, &mut &*client);
        let _ = client.shutdown(Shutdown::Both);
    });
}

const CHALLENGE: &str = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: Digest \
    realm=\"p\", nonce=\"n\", qop=\"auth\"\r\n\r\n";

#[test]
fn a_tunnel_is_opened_kept_and_told_nothing_of_the_request() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Tunneller::start(vec![]);
    proxy.use_by(&session, "us%40er:p%3Ass@");
    let url = format!("{}/echo", server.https());
    for reused in [false, true] {
        let mut response = send_with(&session, "GET", &url, |options| {
            options.header("Cookie", "secret=1").unwrap();
        })
        .unwrap();
        assert_eq!(response.is_reused(), reused);
        let seen = text(&mut response).unwrap();
        assert!(seen.starts_with("GET /echo HTTP/1.1\r\nHost: localhost:"), "{seen}");
        assert!(!seen.to_lowercase().contains("proxy-"), "{seen}");
    }
    let to = format!("localhost:{}", port(&server.https()));
    let head = format!(
        "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: librq/{}\r\n\
         Proxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(proxy.heads(), [head]);
}

#[test]
fn a_digest_challenge_to_connect_is_answered_on_a_new_connection_and_remembered() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Tunneller::start(vec![CHALLENGE]);
    proxy.use_by(&session, "ann:s3cret@");
    session.configure(|options| options.proxy_digest(true));
    let get = || text(&mut session.get(&format!("{}/sha256/1", server.https())).unwrap()).unwrap();
    get();
    session.close_idle();
    get();
    let heads = proxy.heads();
    assert_eq!(heads.len(), 3);
    assert!(!heads[0].contains("Proxy-Authorization"), "kept back: {}", heads[0]);
    let uri = format!("uri=\"localhost:{}\"", port(&server.https()));
    for (head, count) in heads[1..].iter().zip(["00000001", "00000002"]) {
        assert!(head.contains("Proxy-Authorization: Digest username=\"ann\""), "{head}");
        assert!(head.contains(&uri) && head.contains(&format!("nc={count}")), "{head}");
    }
}

#[test]
fn faults_26_and_27_a_refused_tunnel_is_the_proxys_word() {
    for (status, reason) in [(403, "No"), (407, "Who"), (502, "Bad"), (302, "Away")] {
        let head = format!("HTTP/1.1 {status} {reason}\r\nLocation: http://h/\r\n");
        let reply = say(format!("{head}Content-Length: 9\r\n\r\nthe proxy"));
        let peer = Peer::plain(vec![vec![Step::ReadHead, reply, Step::Stall]]);
        let proxy = format!("http://ann:s3cret@127.0.0.1:{}", port(&peer.url()));
        peer.session.configure(|options| options.proxy("https", Some(&proxy))).unwrap();
        let error = failure(peer.session.get("https://a.test/"), ErrorKind::Proxy, Phase::Connect);
        assert_eq!(error.status(), status);
        assert!(error.message().contains(&format!("{status} {reason}")), "{error}");
        assert!(!error.message().contains("s3cret"), "{error}");
        assert_eq!((peer.accepted(), peer.sockets()), (1, 0));
    }
}

#[test]
fn faults_28_to_32_answers_that_are_none() {
    let cases: [(Vec<Step>, ErrorKind); 5] = [
        (vec![say("HTTP/1.1 200 Open\r\n\r\nstray")], ErrorKind::Proxy),
        (vec![say("HTTP/1.1 2"), Step::Close], ErrorKind::Proxy),
        (vec![Step::Close], ErrorKind::Proxy),
        (vec![say("SSH-2.0-OpenSSH\r\n")], ErrorKind::Protocol),
        (vec![say("HTTP/1.1 100 Go\r\n\r\n".repeat(9))], ErrorKind::Proxy),
    ];
    for (steps, kind) in cases {
        let conn = [vec![Step::ReadHead], steps, vec![Step::Stall]].concat();
        let peer = Peer::plain(vec![conn]);
        let proxy = format!("http://127.0.0.1:{}", port(&peer.url()));
        peer.session.configure(|options| options.proxy("https", Some(&proxy))).unwrap();
        failure(peer.session.get("https://a.test/"), kind, Phase::Connect);
        assert_eq!(peer.sockets(), 0);
    }
}

#[test]
fn a_proxy_header_of_the_callers_own_goes_to_the_proxy_alone() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Tunneller::start(vec![]);
    proxy.use_by(&session, "");
    let mut request = Request::new("GET", &format!("{}/echo", server.https())).unwrap();
    request.configure(|options| options.header("Proxy-Authorization", "Custom x")).unwrap();
    let sent = session.send(&session.prepare(&request).unwrap());
    assert!(!text(&mut sent.unwrap()).unwrap().contains("Custom"));
    assert!(proxy.heads()[0].contains("Proxy-Authorization: Custom x\r\n"));
}
