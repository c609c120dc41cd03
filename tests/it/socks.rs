//! SOCKS 4, 4a, 5 and 5h: what the handshake says, byte for byte beside the `socks` crate, who
//! looks names up, what the proxy's refusals become, and deadlines (behaviours X1–X5; faults 33–38;
//! flaw 32).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rq::{CancelToken, ErrorKind, Phase, Reason, Request, Resolve, Result, Session};
use rq_testd::{Server, Step};

use crate::client::{
    at_once, connection_of, ends_at, failure, get_text, ms, port, session, session_for,
};
use crate::middle::Middle;
use crate::peer::{OK, Peer, say};

/// Answers every name with these addresses.
struct Names(Vec<IpAddr>);

impl Resolve for Names {
    fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

/// A session that finds every name at these addresses.
fn finding(addresses: &[IpAddr]) -> Session {
    let session = session();
    let names = Arc::new(Names(addresses.to_vec()));
    session.configure(|options| options.resolver(names)).unwrap();
    session
}

/// A proxy whose connections go so, as the proxy of everything a session sends.
fn scripted(scheme_and_user: &str, conns: Vec<Vec<Step>>) -> Peer {
    let peer = Peer::plain(conns);
    let proxy = format!("{scheme_and_user}127.0.0.1:{}", port(&peer.url()));
    peer.session.configure(|options| options.proxy("all", Some(&proxy))).unwrap();
    peer
}

#[test]
fn every_version_carries_http_and_https_and_keeps_the_connection() {
    let server = Server::start();
    for scheme in ["socks4://", "socks4a://", "socks5://", "socks5h://", "SOCKS5H://ann:pass@"] {
        let proxy = Middle::socks(scheme.contains('@'));
        let session = session_for(&server);
        proxy.use_by(&session, "all", scheme);
        for url in [server.http(), server.https()] {
            let url = format!("{url}/json");
            let first = connection_of(&session, &url);
            assert_eq!(connection_of(&session, &url), first, "{scheme} keeps {url}");
        }
        assert_eq!(proxy.asked().len(), 2, "{scheme}");
    }
}

#[test]
fn the_request_inside_is_one_to_the_server() {
    let server = Server::start();
    let session = session_for(&server);
    let proxy = Middle::socks(true);
    proxy.use_by(&session, "http", "socks5h://ann:s3cret@");
    session.configure(|options| options.header("Proxy-Authorization", "Custom x")).unwrap();
    let seen = get_text(&session, &format!("{}/echo", server.http())).unwrap();
    assert!(seen.starts_with("GET /echo HTTP/1.1\r\nHost: 127.0.0.1:"), "{seen}");
    assert!(!seen.to_lowercase().contains("proxy-"), "{seen}");
}

/// What our handshake and the crate's say to the same proxy, up to the methods that are offered: of
/// those we offer to do without credentials too, and in the order of their numbers.
#[test]
fn the_handshakes_are_those_of_the_socks_crate() {
    let server = Server::start();
    let to = port(&server.http());
    let proxy = Middle::socks(false);
    let at = ("127.0.0.1", proxy.port);
    let ours = |scheme: &str, host: &str| {
        let session = finding(&[Ipv4Addr::LOCALHOST.into()]);
        proxy.use_by(&session, "http", scheme);
        session.get(&format!("http://{host}:{to}/json")).unwrap();
        proxy.asked().pop().unwrap()
    };
    let theirs = || proxy.asked().pop().unwrap();

    let mine = ours("socks4://ann@", "127.0.0.1");
    socks::Socks4Stream::connect(at, ("127.0.0.1", to), "ann").unwrap();
    assert_eq!(mine, theirs());
    let mine = ours("socks4a://ann:ignored@", "a.test");
    socks::Socks4Stream::connect(at, ("a.test", to), "ann").unwrap();
    assert_eq!(mine, theirs());
    let mine = ours("socks5://", "127.0.0.1");
    socks::Socks5Stream::connect(at, ("127.0.0.1", to)).unwrap();
    assert_eq!(mine, theirs());
    let mine = ours("socks5h://", "a.test");
    socks::Socks5Stream::connect(at, ("a.test", to)).unwrap();
    assert_eq!(mine, theirs());

    let proxy = Middle::socks(true);
    let session = session();
    proxy.use_by(&session, "http", "socks5h://a%40b:p%3Aw@");
    session.get(&format!("http://a.test:{to}/json")).unwrap();
    let mine = proxy.asked().pop().unwrap();
    let at = ("127.0.0.1", proxy.port);
    socks::Socks5Stream::connect_with_password(at, ("a.test", to), "a@b", "p:w").unwrap();
    let theirs = proxy.asked().pop().unwrap();
    assert_eq!(mine[..4], [5, 2, 0, 2]);
    let behind = |bytes: &[u8]| bytes[2 + usize::from(bytes[1])..].to_vec();
    assert_eq!(behind(&mine), behind(&theirs));
    assert_eq!(behind(&mine)[..9], *b"\x01\x03a@b\x03p:w");
}

#[test]
fn names_are_looked_up_where_the_scheme_says() {
    let server = Server::start();
    let to = port(&server.http());
    let proxy = Middle::socks(false);
    let both = [IpAddr::from(Ipv6Addr::LOCALHOST), Ipv4Addr::LOCALHOST.into()];
    let ask = |scheme: &str, host: &str| {
        let session = finding(&both);
        proxy.use_by(&session, "http", scheme);
        session.get(&format!("http://{host}:{to}/json")).unwrap();
        proxy.asked().pop().unwrap()
    };
    let ends = |bytes: &[u8], with: &[u8]| {
        let whole = [with, &to.to_be_bytes()].concat();
        assert!(bytes.ends_with(&whole), "{} / {}", bytes.escape_ascii(), whole.escape_ascii());
    };
    ends(&ask("socks5h://", "a.test"), b"\x05\x01\0\x03\x06a.test");
    ends(&ask("socks5h://", "127.0.0.1"), b"\x05\x01\0\x01\x7f\0\0\x01");
    ends(&ask("socks5h://", "[::1]"), &[&b"\x05\x01\0\x04"[..], &[0; 15], &[1]].concat());
    ends(&ask("socks5://", "a.test"), &[&b"\x05\x01\0\x04"[..], &[0; 15], &[1]].concat());
    assert!(ask("socks4a://", "a.test").ends_with(b"\0\0\0\x01\0a.test\0"));
    assert!(ask("socks4a://", "127.0.0.1").ends_with(b"\x7f\0\0\x01\0"));
    assert!(ask("socks4://", "a.test").ends_with(b"\x7f\0\0\x01\0"), "IPv4 alone");
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let refuses = |code: u8| {
        let reply = [&[5, 0][..], &[5, code, 0, 1, 0, 0, 0, 0, 0, 0]];
        vec![Step::ReadBody(3), say(reply[0]), Step::ReadBody(10), say(reply[1]), Step::Stall]
    };
    let takes = [&[5, 0][..], &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]];
    let accepts = vec![
        Step::ReadBody(3),
        say(takes[0]),
        Step::ReadBody(10),
        say(takes[1]),
        Step::ReadHead,
        say(OK),
        Step::Stall,
    ];
    let peer = scripted("socks5://", vec![refuses(5), refuses(4), accepts]);
    let three = (1..=3).map(|n| IpAddr::from(Ipv4Addr::new(127, 0, 0, n))).collect();
    peer.session.configure(|options| options.resolver(Arc::new(Names(three)))).unwrap();
    assert_eq!(get_text(&peer.session, "http://a.test/").unwrap(), "ok");
    let asked = |n: usize| peer.received(n)[7..11].to_vec();
    assert_eq!([asked(0), asked(1), asked(2)], [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]]);
    assert_eq!(peer.sockets(), 1, "those that failed are closed");
}

#[test]
fn a_name_without_an_ipv4_address_is_too_much_for_socks_4() {
    let session = finding(&[Ipv6Addr::LOCALHOST.into()]);
    let proxy = Middle::socks(false);
    proxy.use_by(&session, "http", "socks4://");
    let error = failure(session.get("http://a.test/"), ErrorKind::Socks, Phase::Connect);
    assert_eq!(error.reason(), Some(Reason::AddressNotSupported));
    assert!(proxy.asked().is_empty());
}

#[test]
fn fault_33_the_replies_of_both_versions_are_told_with_their_code() {
    let five = [
        (1, Reason::GeneralFailure),
        (2, Reason::Refused),
        (3, Reason::NetworkUnreachable),
        (4, Reason::HostUnreachable),
        (5, Reason::ConnectionRefused),
        (6, Reason::TtlExpired),
        (7, Reason::CommandNotSupported),
        (8, Reason::AddressNotSupported),
        (99, Reason::BadReply),
    ];
    for (code, reason) in five {
        let steps = vec![
            Step::ReadBody(3),
            say([5, 0]),
            Step::ReadBody(4 + 1 + 6 + 2),
            say([5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
            Step::Stall,
        ];
        check(scripted("socks5h://ann@", vec![steps]), reason, &format!("({code})"));
    }
    for (code, reason) in
        [(91, Reason::Refused), (92, Reason::Authentication), (93, Reason::Authentication)]
    {
        let steps = vec![Step::ReadBody(8 + 4 + 7), say([0, code, 0, 0, 0, 0, 0, 0]), Step::Stall];
        check(scripted("socks4a://ann@", vec![steps]), reason, &format!("({code})"));
    }
}

/// A GET through this proxy fails so, at once; the connection is closed, and nothing is sent twice.
#[track_caller]
fn check(peer: Peer, reason: Reason, words: &str) {
    let sent = at_once(|| peer.session.get("http://a.test/"));
    let error = failure(sent, ErrorKind::Socks, Phase::Connect);
    assert_eq!(error.reason(), Some(reason), "{error}");
    assert!(error.message().contains(words), "{words:?} is not in {error}");
    assert!(error.message().contains("a.test:80"), "{error}");
    assert!(!error.message().contains("s3cret"), "{error}");
    assert_eq!(error.exception(), "ConnectionError");
    assert_eq!((peer.accepted(), peer.sockets()), (1, 0), "{error}");
}

#[test]
fn fault_34_credentials_that_are_missing_or_wrong() {
    let none_fits = |count| vec![Step::ReadBody(count), say([5, 0xff]), Step::Close];
    check(scripted("socks5h://", vec![none_fits(3)]), Reason::Authentication, "wants credentials");
    let user = "socks5h://ann:s3cret@";
    check(scripted(user, vec![none_fits(4)]), Reason::Authentication, "neither");
    let refused =
        vec![Step::ReadBody(4), say([5, 2]), Step::ReadBody(12), say([1, 1]), Step::Close];
    check(scripted(user, vec![refused]), Reason::Authentication, "refused user name and password");
}

#[test]
fn fault_35_what_is_not_socks() {
    let five = |replies: &[&[u8]]| {
        let mut steps = vec![Step::ReadBody(3)];
        for reply in replies {
            steps.extend([say(reply), Step::ReadBody(13)]);
        }
        steps.pop();
        [steps, vec![Step::Close]].concat()
    };
    let cases: [(&str, Vec<Step>, &str); 7] = [
        ("socks5h://", five(&[b"HTTP/1.1 400 Bad"]), "version 72"),
        ("socks5h://", five(&[&[5, 7]]), "method 7"),
        ("socks5h://", five(&[&[5]]), "within its reply"),
        ("socks5h://", five(&[&[5, 0], &[4, 0, 0, 1]]), "version 4"),
        ("socks5h://", five(&[&[5, 0], &[5, 0, 0, 9]]), "type 9"),
        ("socks5h://", five(&[&[5, 0], &[5, 0, 0, 1, 0]]), "within its reply"),
        ("socks4a://", vec![Step::ReadBody(16), say([5, 90, 0, 0, 0, 0, 0, 0])], "version 5"),
    ];
    for (scheme, steps, words) in cases {
        check(scripted(scheme, vec![steps]), Reason::BadReply, words);
    }
}

#[test]
fn fault_36_a_reply_in_single_bytes_is_a_reply() {
    let drip = |bytes: &[u8]| -> Vec<Step> {
        bytes.iter().flat_map(|byte| [say([*byte]), Step::Wait(ms(10))]).collect()
    };
    let steps = [
        vec![Step::ReadBody(3)],
        drip(&[5, 0]),
        vec![Step::ReadBody(13)],
        drip(&[5, 0, 0, 3, 4, b'h', b'o', b's', b't', 0, 80]),
        vec![Step::ReadHead, say(OK), Step::ReadHead, say(OK), Step::Stall],
    ];
    let peer = scripted("socks5h://", vec![steps.concat()]);
    for _ in 0..2 {
        assert_eq!(get_text(&peer.session, "http://a.test/").unwrap(), "ok");
    }
    assert_eq!(peer.accepted(), 1, "kept");
}

#[test]
fn fault_37_what_has_no_room_is_refused_before_a_byte_is_sent() {
    let long = "x".repeat(256);
    for (user, kind) in [
        (format!("socks5://{long}:p@"), ErrorKind::InvalidProxy),
        (format!("socks5://u:{long}@"), ErrorKind::InvalidProxy),
        (format!("socks4://{long}@"), ErrorKind::InvalidProxy),
        ("socks4://a%00b@".to_owned(), ErrorKind::InvalidProxy),
    ] {
        let peer = scripted(&user, vec![]);
        let error = failure(peer.session.get("http://127.0.0.1/"), kind, Phase::Prepare);
        assert!(!error.message().contains(&long), "{error}");
        assert_eq!(peer.accepted(), 0, "{user}");
    }
}

#[test]
fn flaw_32_names_have_their_exact_length_or_none_and_are_never_looked_up_instead() {
    let server = Server::start();
    let to = port(&server.http());
    let labels = |length: usize| {
        let mut name = ["x".repeat(62), ".".to_owned()].concat().repeat(4);
        name.truncate(length);
        name
    };
    let proxy = Middle::socks(false);
    // No name of these exists; a lookup would fail.
    let session = finding(&[]);
    proxy.use_by(&session, "http", "socks5h://");
    let longest = labels(250) + ".test";
    assert_eq!(longest.len(), 255);
    session.get(&format!("http://{longest}:{to}/json")).unwrap();
    let asked = proxy.asked().pop().unwrap();
    assert_eq!(asked[7], 255);
    assert_eq!(&asked[8..8 + 255], longest.as_bytes());
    for host in [format!("{longest}."), format!("x{longest}")] {
        let error = session.get(&format!("http://{host}:{to}/json")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{error}");
    }
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn fault_38_an_address_of_any_length_is_skipped_exactly() {
    for address in [
        vec![1, 9, 9, 9, 9],
        [&[4][..], &[9; 16]].concat(),
        [&[3, 255][..], &[9; 255]].concat(),
        vec![3, 0],
    ] {
        // The server's answer follows at once, in the same piece.
        let reply = [&[5, 0, 0][..], &address, &[0, 80]].concat();
        let steps = vec![
            Step::ReadBody(3),
            say([5, 0]),
            Step::ReadBody(13),
            say(reply),
            Step::ReadHead,
            say(OK),
            Step::Stall,
        ];
        let peer = scripted("socks5h://", vec![steps]);
        assert_eq!(get_text(&peer.session, "http://a.test/").unwrap(), "ok");
    }
}

#[test]
fn the_handshake_has_the_connect_timeout_in_all_and_can_be_cancelled() {
    let slow = |scheme| {
        let drips = vec![say([5]), Step::Wait(ms(200)), say([0]), Step::Stall];
        scripted(scheme, vec![[vec![Step::ReadBody(3)], drips].concat()])
    };
    let peer = slow("socks5h://");
    peer.session.configure(|options| options.timeout(Some(ms(400)), None));
    let sent = ends_at(ms(400), || peer.session.get("http://a.test/"));
    failure(sent, ErrorKind::ConnectTimeout, Phase::Connect);
    let peer = slow("socks5h://");
    let token = CancelToken::new();
    let trigger = token.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(ms(250));
        trigger.trigger();
    });
    let prepared = peer.session.prepare(&Request::new("GET", "http://a.test/").unwrap()).unwrap();
    let sent = ends_at(ms(250), || peer.session.send_cancellable(&prepared, &token));
    failure(sent, ErrorKind::Cancelled, Phase::Connect);
    thread.join().unwrap();
    assert_eq!(peer.sockets(), 0);
}
