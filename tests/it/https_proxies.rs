//! Proxies that are spoken to over TLS: forwarding, and tunnels with TLS inside of TLS; each leg
//! with trust, identity and sessions of its own (behaviour P6; flaws 26, 27, 34, 38).

use std::sync::Arc;
use std::thread;

use rq::{CaBundle, CancelToken, ErrorKind, Phase, Reason, Request, Session};
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rq_testd::{Server, Step};

use crate::client::{
    connection_of, ends_at, failure, get_text, ms, port, send, session, session_for, text,
};
use crate::middle::{Middle, tls_before};
use crate::peer::{OK, Peer, answers, say};

/// A proxy over TLS that opens tunnels, and the authority that vouches for it.
struct Secure {
    proxy: Middle,
    front: u16,
    ca: Ca,
}

impl Secure {
    fn start() -> Self {
        let ca = Ca::new("authority of a proxy");
        let proxy = Middle::tunnels(vec![]);
        let front = tls_before(proxy.port, ca.issue(&LOCAL_NAMES).server_config());
        Self { proxy, front, ca }
    }

    /// A session that goes through it, and trusts `server` and this proxy, each for its leg.
    fn session(&self, server: &Server) -> Session {
        let session = session_for(server);
        self.use_by(&session);
        session.configure(|options| {
            options.proxy_ca(CaBundle::from_pem(self.ca.pem().as_bytes()).unwrap());
        });
        session
    }

    fn use_by(&self, session: &Session) {
        let url = format!("https://ann:s3cret@localhost:{}", self.front);
        session.configure(|options| {
            options.resolve("localhost", self.front.into(), "127.0.0.1").unwrap();
            options.proxy("all", Some(&url)).unwrap();
        });
    }
}

#[test]
fn tls_inside_of_tls_carries_large_bodies_both_ways_and_is_kept() {
    let server = Server::start();
    let secure = Secure::start();
    let session = secure.session(&server);
    let url = server.https();
    let first = connection_of(&session, &format!("{url}/json"));
    let mut response = session.get(&format!("{url}/bytes/3000000")).unwrap();
    assert_eq!(response.content().unwrap().len(), 3_000_000);
    let body: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut response = send(&session, "POST", &format!("{url}/upload"), &body).unwrap();
    let seen = text(&mut response).unwrap();
    assert!(seen.contains("8000000"), "{seen}");
    assert_eq!(connection_of(&session, &format!("{url}/json")), first, "kept");
    let head = &secure.proxy.heads()[0];
    assert!(head.starts_with("CONNECT localhost:"), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic YW5uOnMzY3JldA=="), "{head}");
    assert_eq!(secure.proxy.heads().len(), 1);
}

#[test]
fn http_is_forwarded_over_the_tls_to_the_proxy() {
    let ca = Ca::new("authority of a proxy");
    let steps = vec![Step::ReadHead, say(OK), Step::ReadHead, say(OK), Step::Stall];
    let proxy = Peer::plain(vec![steps]);
    let front = tls_before(port(&proxy.url()), ca.issue(&LOCAL_NAMES).server_config());
    let session = session();
    session.configure(|options| {
        options.proxy_ca(CaBundle::from_pem(ca.pem().as_bytes()).unwrap());
        options.proxy("http", Some(&format!("https://ann:s3cret@127.0.0.1:{front}"))).unwrap();
    });
    for host in ["a.test", "b.test"] {
        assert_eq!(get_text(&session, &format!("http://{host}/x")).unwrap(), "ok");
    }
    let seen = String::from_utf8(proxy.received(0)).unwrap();
    assert!(seen.starts_with("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n"), "{seen}");
    assert!(
        seen.contains("GET http://b.test/x HTTP/1.1\r\n"),
        "one connection serves both: {seen}"
    );
    assert_eq!(seen.matches("Proxy-Authorization: Basic YW5uOnMzY3JldA==").count(), 2, "{seen}");
}

#[test]
fn flaw_27_the_proxys_certificate_is_verified_like_any() {
    let server = Server::start();
    let secure = Secure::start();
    // Trusted for the server alone: by default the leg to the proxy trusts the same.
    let session = session_for(&server);
    secure.use_by(&session);
    for url in [server.https(), server.http()] {
        let error = failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
        assert_eq!(error.reason(), Some(Reason::UnknownIssuer), "{error}");
        assert_eq!(error.exception(), "ProxyError");
        assert!(error.message().contains(&format!("localhost:{}", secure.front)), "{error}");
    }
    assert!(secure.proxy.heads().is_empty(), "nothing was said to it");
    // A name that is not the proxy's.
    let url = format!("https://elsewhere.test:{}", secure.front);
    let session = secure.session(&server);
    session.configure(|options| {
        options.resolve("elsewhere.test", secure.front.into(), "127.0.0.1").unwrap();
        options.proxy("all", Some(&url)).unwrap();
    });
    let error = failure(session.get(&server.https()), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::WrongHost), "{error}");
    assert!(error.message().contains("localhost"), "with the names that it has: {error}");
}

#[test]
fn flaw_26_inside_of_a_tunnel_it_is_the_server_that_is_verified() {
    let server = Server::start();
    let secure = Secure::start();
    let session = secure.session(&server);
    for (url, reason) in [
        (server.https_untrusted(), Reason::UnknownIssuer),
        (server.https_wrong_host(), Reason::WrongHost),
        (server.https_expired(), Reason::Expired),
    ] {
        let error = failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
        assert_eq!(error.reason(), Some(reason), "{error}");
        assert_eq!(error.exception(), "SSLError", "the server's own");
    }
    // Trust in the proxy's authority is none in servers that it vouches for, and back.
    let other = session_for(&server);
    other.configure(|options| {
        options.ca(CaBundle::from_pem(secure.ca.pem().as_bytes()).unwrap());
    });
    secure.use_by(&other);
    let error = failure(other.get(&server.https()), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::UnknownIssuer), "{error}");
    assert!(!secure.proxy.heads().is_empty(), "by default the same CA is for both legs");
}

#[test]
fn each_leg_can_go_without_verification_by_itself() {
    let server = Server::start();
    let secure = Secure::start();
    let session = session_for(&server);
    secure.use_by(&session);
    session.configure(|options| options.proxy_verify(false));
    assert!(get_text(&session, &format!("{}/json", server.https())).is_ok());
    let error = failure(session.get(&server.https_untrusted()), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::UnknownIssuer), "{error}");
    session.configure(|options| {
        options.verify(false);
        options.proxy_verify(true);
    });
    let error = failure(session.get(&server.https()), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.exception(), "ProxyError", "{error}");
}

#[test]
fn an_early_answer_and_a_cancel_reach_through_both_layers() {
    let secure = Secure::start();
    let early = "HTTP/1.1 413 Much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch";
    let peer = Peer::tls(vec![vec![Step::ReadHead, say(early), Step::Stall]]);
    secure.use_by(&peer.session);
    peer.session.configure(|options| {
        options.proxy_ca(CaBundle::from_pem(secure.ca.pem().as_bytes()).unwrap());
    });
    let large = vec![7; 64 * 1024 * 1024];
    let mut response = send(&peer.session, "POST", &peer.url(), &large).unwrap();
    assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "much"));

    let peer = Peer::tls(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    secure.use_by(&peer.session);
    peer.session.configure(|options| {
        options.proxy_ca(CaBundle::from_pem(secure.ca.pem().as_bytes()).unwrap());
    });
    let token = CancelToken::new();
    let trigger = token.clone();
    let prepared = peer.session.prepare(&Request::new("GET", &peer.url()).unwrap()).unwrap();
    let thread = thread::spawn(move || {
        thread::sleep(ms(300));
        trigger.trigger();
    });
    let sent = ends_at(ms(300), || peer.session.send_cancellable(&prepared, &token));
    failure(sent, ErrorKind::Cancelled, Phase::Head);
    thread.join().unwrap();
    peer.session.configure(|options| options.timeout(Some(ms(10_000)), Some(ms(10_000))));
    assert_eq!(peer.text("GET", b"").unwrap(), "ok", "the session goes on");
}

/// The proxy and the server are one machine of one name, with one certificate: what one gives to
/// resume a session by is still nothing for the other.
#[test]
fn flaw_38_a_ticket_of_the_proxy_is_none_for_the_server() {
    let ca = Ca::new("authority of both");
    let config = ca.issue(&LOCAL_NAMES).server_config();
    let peer = rq_testd::script_tls(&ca, vec![answers(); 3]);
    let proxy = Middle::tunnels(vec![]);
    let front = tls_before(proxy.port, config);
    let session = session();
    let steps = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = steps.clone();
    session.configure(|options| {
        options.ca(CaBundle::from_pem(ca.pem().as_bytes()).unwrap());
        for port in [front, port(peer.url())] {
            options.resolve("localhost", port.into(), "127.0.0.1").unwrap();
        }
        options.proxy("https", Some(&format!("https://localhost:{front}"))).unwrap();
        options.on_trace(Arc::new(move |trace| {
            if trace.step == rq::Step::Tls {
                seen.lock().unwrap().push(trace.detail.to_owned());
            }
        }));
    });
    for _ in 0..3 {
        assert_eq!(get_text(&session, peer.url()).unwrap(), "ok");
        session.close_idle();
    }
    let seen = steps.lock().unwrap();
    let resumed: Vec<bool> = seen.iter().map(|detail| detail.ends_with("resumed")).collect();
    // Proxy, server, and so on: the first of each is new, then each resumes its own.
    assert_eq!(resumed, [false, false, true, true, true, true], "{seen:?}");
}
