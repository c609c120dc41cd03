//! Flaws 33 to 43: nothing of one request reaches another through what a session keeps:
//! connections, TLS sessions, credentials, bodies, unread bytes. `pool` shows who may share a
//! connection at all; here is what would be a leak.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use rq::{Auth, BodyRead, CaBundle, ErrorKind, Options, Phase, Request, Response, Result, Upload};
use rq::{PoolLimits, Session};
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rq_testd::{Conn, Server, Step, script, script_tls};

use crate::client::{
    at_once, connection, ends_at, failure, get_text, ms, port, send_with, session, session_for,
    text, trusting, with_password,
};
use crate::peer::{OK, Peer, answers, say};

/// Sends a GET so, reads it to its end, and returns the number of its connection.
fn connection_with(session: &Session, url: &str, change: impl FnOnce(&mut Options)) -> u64 {
    let mut response = send_with(session, "GET", url, change).unwrap();
    response.content().unwrap();
    connection(&response)
}

fn bundle(pem: &str) -> CaBundle {
    CaBundle::from_pem(pem.as_bytes()).unwrap()
}

/// A connection that answers `count` requests and stays open.
fn answers_all(count: usize) -> Conn {
    let one = [Step::ReadHead, say(OK)];
    one.into_iter().cycle().take(2 * count).chain([Step::Stall]).collect()
}

/// The heads of all requests that connection `n` has read.
fn heads(received: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(received).into_owned();
    text.split_terminator("\r\n\r\n").map(str::to_owned).collect()
}

#[test]
fn flaw_33_a_connection_made_without_verification_serves_no_request_that_verifies() {
    let server = Server::start();
    for bad in [server.https_untrusted(), server.https_wrong_host(), server.https_expired()] {
        let (session, url) = (session_for(&server), with_password(&format!("{bad}/json")));
        for _ in 0..2 {
            let blind = connection_with(&session, &url, |options| options.verify(false));
            failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
            let again = connection_with(&session, &url, |options| options.verify(false));
            assert_eq!(again, blind, "those who do not verify share it");
        }
        // The session's own setting counts as the request's does, and back.
        session.configure(|options| options.verify(false));
        connection_with(&session, &url, |_| {});
        session.configure(|options| options.verify(true));
        failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
    }
}

#[test]
fn flaw_34_a_tls_session_is_no_way_around_verification() {
    let (own, other) = (Ca::new("authority"), Ca::new("another authority"));
    let peer = script_tls(&own, vec![answers_all(1); 8]);
    let (session, url) = (trusting(&own.pem()), with_password(peer.url()));
    let get = |change: &dyn Fn(&mut Options)| send_with(&session, "GET", &url, change);
    for trusts in [&|options: &mut Options| options.verify(false), &|_: &mut Options| {}]
        as [&dyn Fn(&mut Options); 2]
    {
        // The answer brings the server's tickets along; then the connection goes, they stay.
        get(trusts).unwrap().content().unwrap();
        session.close_idle();
        let stranger = |options: &mut Options| options.ca(bundle(&other.pem()));
        failure(get(&stranger), ErrorKind::Tls, Phase::Tls);
        get(trusts).unwrap().content().unwrap();
        session.close_idle();
    }
}

#[test]
fn flaw_35_every_setting_of_trust_has_connections_of_its_own() {
    let server = Server::start();
    let (own, other) = (server.ca().pem(), Ca::new("another").pem());
    let both = own.clone() + &other;
    let reversed = other.clone() + &own;
    type Change<'a> = Box<dyn Fn(&mut Options) + 'a>;
    let changes: Vec<(&str, Change)> = vec![
        ("nothing", Box::new(|_| {})),
        ("verify off", Box::new(|options| options.verify(false))),
        ("a bundle more", Box::new(|options| options.ca(bundle(&both)))),
        ("the same, reversed", Box::new(|options| options.ca(bundle(&reversed)))),
    ];
    let session = session_for(&server);
    let url = format!("{}/json", server.https());
    let connections = |_: usize| -> Vec<u64> {
        changes.iter().map(|(_, change)| connection_with(&session, &url, change)).collect()
    };
    let first = connections(0);
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), changes.len(), "{first:?}");
    assert_eq!(connections(1), first, "and each finds its own again");
}

#[test]
fn flaw_35_what_does_not_concern_a_connection_does_not_part_it() {
    let server = Server::start();
    let (own, file, folder) = (server.ca().pem(), server.ca_file(), server.ca_dir());
    type Change<'a> = &'a dyn Fn(&mut Options);
    let same: [(&str, Change); 8] = [
        ("the same bundle again", &|options| options.ca(bundle(&own))),
        ("the same from a file", &|options| options.ca_file(&file).unwrap()),
        ("the same from a folder", &|options| options.ca_file(&folder).unwrap()),
        ("verify on", &|options| options.verify(true)),
        ("timeouts", &|options| options.timeout(Some(ms(9000)), None)),
        ("credentials", &|options| options.auth(Auth::basic("a", "b"))),
        ("a Host of its own", &|options| options.header("Host", "other.test").unwrap()),
        ("no cookies", &|options| options.jar(false)),
    ];
    let (session, url) = (session_for(&server), format!("{}/json", server.https()));
    let first = connection_with(&session, &url, |_| {});
    for (what, change) in same {
        assert_eq!(connection_with(&session, &url, change), first, "{what}");
    }
}

#[test]
fn flaw_36_credentials_are_never_bound_to_a_connection() {
    let wants = "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n\
        Content-Length: 0\r\n\r\n";
    let steps = [vec![Step::ReadHead, say(wants)], answers_all(2)].concat();
    for peer in Peer::both(&[steps]) {
        let as_user = |auth: Auth| {
            let mut response =
                send_with(&peer.session, "GET", &peer.url(), |options| options.auth(auth)).unwrap();
            response.content().unwrap();
            response.status()
        };
        // Schemes that authenticate a connection are not spoken: the 401 is the answer.
        assert_eq!(as_user(Auth::digest("ann", "a")), 401);
        assert_eq!(as_user(Auth::basic("bob", "b")), 200);
        assert_eq!(as_user(Auth::none()), 200);
        let heads = heads(&peer.received(0));
        assert_eq!((heads.len(), peer.accepted()), (3, 1), "nothing was answered by itself");
        assert!(heads[1].contains("Authorization: Basic Ym9iOmI="), "{}", heads[1]);
        assert!(heads.iter().all(|head| !head.contains("NTLM") && !head.contains("Negotiate")));
        assert!(!heads[2].contains("Ym9iOmI="), "{}", heads[2]);
    }
}

#[test]
fn flaw_37_what_is_known_of_one_origins_digest_is_not_told_to_another() {
    let challenge = "HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Digest \
        realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n\r\n";
    let knows = vec![Step::ReadHead, say(challenge), Step::ReadHead, say(OK), Step::Stall];
    let peers = [script(vec![knows]), script(vec![answers_all(1)])];
    let session = Session::new();
    session.configure(|options| options.auth(Auth::digest("ann", "s3cret")));
    for (host, peer) in ["a.test", "b.test"].iter().zip(&peers) {
        let address = format!("127.0.0.1:{}", port(peer.url()));
        session.configure(|options| options.resolve(host, 80, &address)).unwrap();
    }
    assert_eq!(get_text(&session, "http://a.test/").unwrap(), "ok");
    assert_eq!(get_text(&session, "http://b.test/").unwrap(), "ok");
    assert!(String::from_utf8(peers[0].received(0)).unwrap().contains("nonce=\"n1\""));
    let other = String::from_utf8(peers[1].received(0)).unwrap();
    assert!(!other.contains("Authorization"), "{other}");
}

#[test]
fn flaw_37_credentials_of_one_request_do_not_stay() {
    for peer in Peer::both(&[answers_all(3)]) {
        let session = &peer.session;
        let own = |options: &mut Options| options.auth(Auth::basic("ann", "once"));
        for change in [&own as &dyn Fn(&mut Options), &|_: &mut Options| {}, &own] {
            send_with(session, "GET", &peer.url(), change).unwrap().content().unwrap();
        }
        let sent = heads(&peer.received(0));
        let has = |head: &String| head.contains("Authorization: Basic YW5uOm9uY2U=");
        assert_eq!(sent.iter().map(has).collect::<Vec<_>>(), [true, false, true]);
    }
}

/// Whether a ClientHello offers to resume a TLS 1.3 session: it has a pre_shared_key extension (RFC
/// 8446 §4.2.11), which is always the last one.
fn resumes(hello: &[u8]) -> bool {
    let take = |at: usize, size: usize| {
        hello[at..at + size].iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    // Record and handshake headers, version and random; session id, suites, compression.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + take(at, 1);
    at += 2 + take(at, 2);
    at += 1 + take(at, 1);
    let end = at + 2 + take(at, 2);
    at += 2;
    while at < end {
        if take(at, 2) == 41 {
            return true;
        }
        at += 4 + take(at + 2, 2);
    }
    false
}

/// Passes connections on to `to`, and tells which of their hellos offered to resume.
fn overheard(to: u16, count: usize) -> (u16, thread::JoinHandle<Vec<bool>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = thread::spawn(move || {
        let mut seen = Vec::new();
        for _ in 0..count {
            let mut client = listener.accept().unwrap().0;
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).unwrap();
            let mut header = [0; 5];
            client.read_exact(&mut header).unwrap();
            let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            client.read_exact(&mut hello).unwrap();
            hello.splice(0..0, header);
            seen.push(resumes(&hello));
            server.write_all(&hello).unwrap();
            let (mut from, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let answers = thread::spawn(move || std::io::copy(&mut from, &mut back));
            let _ = std::io::copy(&mut client, &mut server);
            let _ = server.shutdown(std::net::Shutdown::Write);
            let _ = answers.join().unwrap();
        }
        seen
    });
    (port, heard)
}

#[test]
fn flaw_38_a_ticket_is_shown_under_the_settings_and_the_name_it_came_with_only() {
    let ca = Ca::new("authority");
    let peer = script_tls(&ca, vec![answers_all(1); 6]);
    let (through, heard) = overheard(port(peer.url()), 6);
    let session = trusting(&ca.pem());
    let url = |host: &str| with_password(&format!("https://{host}:{through}/"));
    session.configure(|options| options.resolve("localhost", through.into(), "127.0.0.1")).unwrap();
    let blind = |options: &mut Options| options.verify(false);
    let other = |options: &mut Options| {
        options.ca(bundle(&(ca.pem() + &Ca::new("another").pem())));
    };
    assert!(LOCAL_NAMES.contains(&"localhost") && LOCAL_NAMES.contains(&"127.0.0.1"));
    type Change<'a> = &'a dyn Fn(&mut Options);
    let requests: [(&str, Change); 6] = [
        ("localhost", &|_| {}),
        ("localhost", &blind),
        ("localhost", &other),
        ("127.0.0.1", &|_| {}),
        ("localhost", &|_| {}),
        ("localhost", &blind),
    ];
    for (host, change) in requests {
        send_with(&session, "GET", &url(host), change).unwrap().content().unwrap();
        session.close_idle();
    }
    assert_eq!(heard.join().unwrap(), [false, false, false, false, true, true]);
}

/// Gives its letter so many times.
struct Letters(u8, usize);

impl BodyRead for Letters {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let count = self.1.min(buf.len()).min(1000);
        buf[..count].fill(self.0);
        self.1 -= count;
        Ok(count)
    }
}

#[test]
fn flaw_39_a_request_sends_its_own_body_whatever_went_before_on_the_connection() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), format!("{base}/echo"));
        let mut bodies = Vec::new();
        for (method, letter, length) in [
            ("PUT", b'v', Some(3000)),
            ("POST", b'w', None),
            ("POST", b'x', Some(2)),
            ("GET", b'y', Some(0)),
            ("PUT", b'z', None),
        ] {
            let mut request = Request::new(method, &url).unwrap();
            let size = length.unwrap_or(2500);
            request.body_stream(Upload::new(Letters(letter, size), length.map(|size| size as u64)));
            let mut response = session.send(&session.prepare(&request).unwrap()).unwrap();
            let echo = text(&mut response).unwrap();
            let (head, body) = echo.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("{method} /echo ")), "{head}");
            // Sizes of chunks are hexadecimal, and no letter of a body is.
            let others = body.bytes().filter(|byte| *byte > b'f' && *byte != letter);
            assert_eq!(others.count(), 0, "{body}");
            bodies.push(response.is_reused());
        }
        assert_eq!(bodies, [false, true, true, true, true], "all over one connection");
    }
}

#[test]
fn flaw_39_a_prepared_request_is_not_changed_by_being_sent() {
    for peer in Peer::both(&[answers_all(3)]) {
        let mut request = Request::new("GET", &peer.url()).unwrap();
        request.configure(|options| options.cookie("own", Some("1"))).unwrap();
        let prepared = peer.session.prepare(&request).unwrap();
        for _ in 0..3 {
            peer.session.send(&prepared).unwrap().content().unwrap();
        }
        let sent = heads(&peer.received(0));
        assert!(sent.len() == 3 && sent.iter().all(|head| *head == sent[0]), "{sent:#?}");
    }
}

#[test]
fn flaw_40_plain_and_tls_to_one_port_are_two() {
    // The port speaks plain HTTP: a request that wants TLS must not be sent over what is open.
    let peer = Peer::plain(vec![answers_all(1), vec![Step::Close], answers_all(1)]);
    peer.goes_on(1);
    let url = peer.url().replacen("http://", "https://", 1);
    failure(peer.session.get(&url), ErrorKind::Tls, Phase::Tls);
    assert_eq!(heads(&peer.received(0)).len(), 1, "nothing went over the plain connection");
}

#[test]
fn flaw_40_the_zone_of_an_address_is_a_part_of_it() {
    let peers = [script(vec![answers_all(2)]), script(vec![answers_all(2)])];
    let session = session();
    for (zone, peer) in ["one", "two"].iter().zip(&peers) {
        let address = format!("127.0.0.1:{}", port(peer.url()));
        let host = format!("fe80::1%{zone}");
        session.configure(|options| options.resolve(&host, 8080, &address)).unwrap();
    }
    for _ in 0..2 {
        for zone in ["one", "two"] {
            let url = with_password(&format!("http://[fe80::1%25{zone}]:8080/"));
            assert_eq!(get_text(&session, &url).unwrap(), "ok");
        }
    }
    assert_eq!(peers.each_ref().map(|peer| heads(&peer.received(0)).len()), [2, 2]);
}

#[test]
fn flaw_41_unread_and_unasked_bytes_end_their_connection() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    for reply in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok{forged}"),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{forged}"
        ),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n".to_owned(),
        format!("HTTP/1.1 204 No Content\r\n\r\n{forged}"),
        format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n{forged}"),
    ] {
        for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall], answers()]) {
            let read = peer.text("GET", b"").unwrap();
            assert!(read == "ok" || read.is_empty(), "{read}");
            peer.goes_on(2);
        }
    }
}

/// A POST whose body waits to be asked for.
fn expecting(peer: &Peer) -> Result<Response> {
    let mut request = Request::new("POST", &peer.url())?;
    request.configure(|options| options.expect_continue(true));
    request.body("hello");
    peer.session.send(&peer.session.prepare(&request)?)
}

#[test]
fn flaw_42_an_answer_in_place_of_go_on_ends_the_connection() {
    // The body was promised and not sent: what came next would be taken for it.
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"),
        ("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", "no"),
        ("HTTP/1.1 413 Big\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 204 None\r\n\r\n", ""),
        ("HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "no"),
    ] {
        let unasked = vec![Step::ReadHead, say(answer), Step::ReadHead, say(OK), Step::Stall];
        for peer in Peer::both(&[unasked, answers()]) {
            let mut response = at_once(|| expecting(&peer)).unwrap();
            assert_eq!(text(&mut response).unwrap(), body);
            assert_eq!(peer.sockets(), 0, "{answer}");
            peer.goes_on(2);
            let read = heads(&peer.received(0));
            assert!(read.len() == 1 && read[0].starts_with("POST"), "{read:#?}");
        }
    }
}

#[test]
fn flaw_42_a_body_that_was_asked_for_leaves_the_connection_usable() {
    let steps = vec![
        Step::ReadHead,
        say("HTTP/1.1 100 Continue\r\n\r\n"),
        Step::ReadBody(5),
        say("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"),
    ];
    for peer in Peer::both(&[[steps, answers_all(1)].concat()]) {
        assert_eq!(text(&mut expecting(&peer).unwrap()).unwrap(), "no");
        peer.goes_on(1);
    }
}

/// A redirect to `/next` with this body behind these lines.
fn redirects(lines: &str, body: &[u8]) -> Step {
    let head = format!("HTTP/1.1 302 Found\r\nLocation: /next\r\n{lines}\r\n\r\n");
    say([head.as_bytes(), body].concat())
}

#[test]
fn flaw_43_the_body_of_a_redirect_is_read_to_a_bound_or_given_up() {
    let large = vec![b'x'; 1 << 20];
    let length = format!("Content-Length: {}", large.len());
    let endless = format!("Content-Length: {}", 1_u64 << 40);
    let chunk = [b"100000\r\n".as_slice(), &large, b"\r\n"].concat();
    for (lines, body) in [
        (&*length, &*large),
        (&*endless, b"x"),
        ("Transfer-Encoding: chunked", &*chunk),
        ("Connection: close", &*large),
    ] {
        let away = vec![Step::ReadHead, redirects(lines, body), Step::Stall];
        for peer in Peer::both(&[away, answers()]) {
            assert_eq!(at_once(|| peer.text("GET", b"")).unwrap(), "ok", "{lines}");
            assert_eq!((peer.accepted(), peer.sockets()), (2, 1), "{lines}");
        }
    }
    for body in [&b""[..], &[b'x'; 60_000]] {
        let lines = format!("Content-Length: {}", body.len());
        let kept = [vec![Step::ReadHead, redirects(&lines, body)], answers_all(1)].concat();
        for peer in Peer::both(&[kept]) {
            assert_eq!(peer.text("GET", b"").unwrap(), "ok");
            assert_eq!(peer.accepted(), 1, "a short one saves its connection");
        }
    }
}

#[test]
fn flaw_43_nor_does_a_body_that_drips_hold_a_redirect_up() {
    let drips = (0..200).flat_map(|_| [Step::Wait(ms(50)), say("x")]);
    let start = [Step::ReadHead, redirects("Content-Length: 1000", b"")];
    let away = start.into_iter().chain(drips).collect();
    for peer in Peer::both(&[away, answers()]) {
        let text = ends_at(rq::limits::DRAIN_TIME, || peer.text("GET", b""));
        assert_eq!((text.unwrap().as_str(), peer.sockets()), ("ok", 1));
    }
}

#[test]
fn flaw_43_the_body_of_a_redirect_is_not_decoded_and_its_faults_are_its_own() {
    let wrong = "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\nContent-Length: 5";
    let broken = "Transfer-Encoding: chunked";
    for (lines, body, kept) in [(wrong, &b"wrong"[..], true), (broken, b"x\r\n", false)] {
        let away = vec![Step::ReadHead, redirects(lines, body)];
        let conns = match kept {
            true => vec![[away, answers_all(1)].concat()],
            false => vec![away, answers_all(1)],
        };
        for peer in Peer::both(&conns) {
            assert_eq!(peer.text("GET", b"").unwrap(), "ok", "{lines}");
            assert_eq!(peer.accepted(), conns.len());
        }
    }
}

#[test]
fn a_session_that_keeps_nothing_shares_nothing() {
    let none = PoolLimits { idle_max: 0, idle_per_host_max: 0, open_per_host_max: 0 };
    for peer in Peer::both(&vec![answers(); 3]) {
        peer.session.configure(|options| options.pool(none)).unwrap();
        for connections in 1..=3 {
            assert_eq!(peer.text("GET", b"").unwrap(), "ok");
            assert_eq!((peer.accepted(), peer.sockets()), (connections, 0));
        }
    }
}
