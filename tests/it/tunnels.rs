//! Tunnels through a proxy: what CONNECT says, what a digest challenge of the proxy leads to, what
//! is told when no tunnel is opened, and that nothing meant for the proxy reaches the server
//! (behaviours P5–P7; faults 25–32).

use rq::{ErrorKind, Phase, Reason, Request};
use rq_testd::{Server, Step};

use crate::client::{at_once, ends_at, failure, ms, port, send_with, session_for, text};
use crate::middle::Middle;
use crate::peer::{Peer, say};

const CHALLENGE: &str = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: Digest \
    realm=\"p\", nonce=\"n\", qop=\"auth\"\r\n\r\n";

#[test]
fn a_tunnel_is_opened_kept_and_told_nothing_of_the_request() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Middle::tunnels(vec![]);
    proxy.use_by(&session, "https", "http://us%40er:p%3Ass@");
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
    let proxy = Middle::tunnels(vec![CHALLENGE]);
    proxy.use_by(&session, "https", "http://ann:s3cret@");
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

/// A GET through a proxy whose connection goes so must fail so, at once, and nothing is resent.
#[track_caller]
fn check_refusal(steps: Vec<Step>, kind: ErrorKind) -> rq::Error {
    let peer = Peer::plain(vec![[vec![Step::ReadHead], steps].concat()]);
    let proxy = format!("http://ann:s3cret@127.0.0.1:{}", port(&peer.url()));
    peer.session.configure(|options| options.proxy("https", Some(&proxy))).unwrap();
    let sent = at_once(|| peer.session.get("https://a.test/"));
    let error = failure(sent, kind, Phase::Connect);
    assert!(!error.message().contains("s3cret"), "{error}");
    assert!(error.message().contains(&format!("http://127.0.0.1:{}", port(&peer.url()))));
    assert_eq!((peer.accepted(), peer.sockets()), (1, 0), "{error}");
    error
}

#[test]
fn fault_25_a_proxy_that_refuses_the_connection_is_named() {
    let server = Server::start();
    let session = session_for(&server);
    let refused = port(&server.refused());
    for (scheme, kind) in [
        ("http", ErrorKind::Proxy),
        ("https", ErrorKind::Proxy),
        ("socks4", ErrorKind::Socks),
        ("socks5h", ErrorKind::Socks),
    ] {
        let proxy = format!("{scheme}://ann:s3cret@127.0.0.1:{refused}");
        session.configure(|options| options.proxy("all", Some(&proxy))).unwrap();
        for url in [server.http(), server.https()] {
            let error = at_once(|| failure(session.get(&url), kind, Phase::Connect));
            assert!(
                error.message().contains(&format!("{scheme}://127.0.0.1:{refused}")),
                "{error}"
            );
            assert_eq!(error.reason(), Some(Reason::Unreachable));
            assert_ne!(error.os_error(), 0);
        }
    }
}

#[test]
fn fault_26_a_proxy_that_wants_credentials_can_be_read() {
    let reply = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nX-Why: you\r\n\
        Content-Length: 9\r\n\r\nthe proxy";
    let error = check_refusal(vec![say(reply), Step::Stall], ErrorKind::Proxy);
    assert_eq!((error.status(), error.reason()), (407, Some(Reason::Authentication)));
    assert!(error.message().contains("407 Who"), "{error}");
    let answer = error.answer().unwrap();
    assert_eq!(answer.body, b"the proxy");
    assert!(answer.fields.contains(&("X-Why".to_owned(), b"you".to_vec())), "{answer:?}");
}

#[test]
fn fault_27_other_refusals_are_the_proxys_word_and_never_followed() {
    for (status, reason) in [(403, "No"), (502, "Bad"), (302, "Away")] {
        let head = format!("HTTP/1.1 {status} {reason}\r\nLocation: http://h/\r\n");
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n0\r\n\r\n");
        let error = check_refusal(vec![say(chunked), Step::Stall], ErrorKind::Proxy);
        assert_eq!((error.status(), error.reason()), (status, Some(Reason::Refused)));
        assert!(error.message().contains(&format!("{status} {reason}")), "{error}");
        assert_eq!(error.answer().unwrap().body, b"the");
    }
    // What is never whole is as long as it came, and of a long one the beginning is enough.
    let cut = say("HTTP/1.1 403 No\r\nContent-Length: 99\r\n\r\ncut");
    let error = check_refusal(vec![cut, Step::Close], ErrorKind::Proxy);
    assert_eq!(error.answer().unwrap().body, b"cut");
    for length in ["", "Content-Length: 100000\r\n"] {
        let long = format!("HTTP/1.1 403 No\r\n{length}\r\n{}", "x".repeat(100_000));
        let error = check_refusal(vec![say(long), Step::Close], ErrorKind::Proxy);
        assert_eq!(error.answer().unwrap().body, "x".repeat(64 * 1024).into_bytes());
    }
}

#[test]
fn fault_28_bytes_behind_the_tunnels_head_end_it() {
    let stray = say("HTTP/1.1 200 Open\r\nContent-Length: 5\r\n\r\nstray");
    check_refusal(vec![stray, Step::Stall], ErrorKind::Proxy);
}

#[test]
fn fault_29_interim_answers_come_before_the_tunnel() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Middle::tunnels(vec![
        "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 407 Who\r\n\
        Content-Length: 0\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"n\"\r\n\r\n",
    ]);
    proxy.use_by(&session, "https", "http://ann:s3cret@");
    let url = format!("{}/sha256/1", server.https());
    assert_eq!(session.get(&url).unwrap().status(), 200);
    assert_eq!(proxy.heads().len(), 2);
}

#[test]
fn fault_30_answers_without_end_and_answers_that_are_none() {
    for (reply, kind) in [
        ("SSH-2.0-OpenSSH\r\n".to_owned(), ErrorKind::Protocol),
        ("HTTP/1.1 100 Go\r\n\r\n".repeat(9), ErrorKind::Proxy),
        (format!("HTTP/1.1 200 Open\r\nX: {}", "x".repeat(1 << 20)), ErrorKind::Limit),
        ("HTTP/1.1 200 Open\r\n".to_owned() + &"X: y\r\n".repeat(1 << 17), ErrorKind::Limit),
    ] {
        check_refusal(vec![say(reply), Step::Stall], kind);
    }
}

#[test]
fn fault_31_a_proxy_that_says_nothing_ends_with_the_connect_timeout() {
    for scheme in ["http", "socks4a", "socks5"] {
        let peer = Peer::plain(vec![vec![Step::Stall]]);
        let proxy = format!("{scheme}://127.0.0.1:{}", port(&peer.url()));
        peer.session.configure(|options| {
            options.timeout(Some(ms(300)), Some(ms(10_000)));
            options.proxy("https", Some(&proxy)).unwrap();
        });
        let sent = ends_at(ms(300), || peer.session.get("https://127.0.0.1:1/"));
        failure(sent, ErrorKind::ConnectTimeout, Phase::Connect);
        assert_eq!(peer.sockets(), 0);
    }
}

#[test]
fn fault_32_the_end_within_the_proxys_answer() {
    check_refusal(vec![say("HTTP/1.1 2"), Step::Close], ErrorKind::Proxy);
    check_refusal(vec![Step::Close], ErrorKind::Proxy);
}

#[test]
fn a_proxy_header_of_the_callers_own_goes_to_the_proxy_alone() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Middle::tunnels(vec![]);
    proxy.use_by(&session, "https", "http://");
    let mut request = Request::new("GET", &format!("{}/echo", server.https())).unwrap();
    request.configure(|options| options.header("Proxy-Authorization", "Custom x")).unwrap();
    let sent = session.send(&session.prepare(&request).unwrap());
    assert!(!text(&mut sent.unwrap()).unwrap().contains("Custom"));
    assert!(proxy.heads()[0].contains("Proxy-Authorization: Custom x\r\n"));
}
