//! Digest authentication on the wire: what is answered, when, with which count, and what becomes of
//! bodies, cookies, redirects and other origins (behaviours A8–A19). That each answer is the right
//! number is `auth`'s own tests' affair, and that of the real servers in tests/peers.

use std::sync::Arc;
use std::thread;

use rq::{Auth, BodyRead, ErrorKind, Options, Request, Response, Result, Session, Upload};
use rq_testd::{Conn, Step, script};

use crate::client::{at_once, send_with, text};
use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, say};

const SECRET: &str = "pa55word";

/// A challenge of this status with these fields and a body.
fn challenge_of(status: u16, fields: &str) -> Step {
    say(format!("HTTP/1.1 {status} No\r\n{fields}Content-Length: 2\r\n\r\nno"))
}

/// A digest challenge with this nonce, and more of it.
fn challenge(nonce: &str, more: &str) -> Step {
    let field = format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\"{more}\r\n");
    challenge_of(401, &field)
}

const QOP: &str = ", qop=\"auth\"";

/// What a session with digest credentials sends to a peer that answers so, as often as asked: the
/// answers' statuses, and the Authorization of each request that came.
fn played(answers: Vec<Step>, times: usize) -> Vec<(Vec<u16>, Vec<String>)> {
    let play = |peer: Peer| {
        peer.session.configure(|options| {
            options.header_remove("Authorization").unwrap();
            options.auth(Auth::digest("ann", SECRET));
        });
        let url = peer.url().replacen("ann:s3cret-of-ann@", "", 1);
        let statuses = (0..times).map(|n| {
            let mut response =
                at_once(|| send_with(&peer.session, "GET", &format!("{url}/{n}"), |_| {}).unwrap());
            text(&mut response).unwrap();
            response.status()
        });
        let statuses = statuses.collect();
        assert_eq!(peer.accepted(), 1, "all over one connection");
        (statuses, authorizations(&peer.received(0)))
    };
    Peer::both(&[says(answers)]).into_iter().map(play).collect()
}

/// The Authorization of each head; empty where there is none.
fn authorizations(received: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(received).into_owned();
    let of = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
        line.unwrap_or_default().to_owned()
    };
    assert!(!text.contains(SECRET), "the password is never sent: {text}");
    text.split_terminator("\r\n\r\n").map(of).collect()
}

#[test]
fn a_challenge_is_answered_once_over_its_connection() {
    for (statuses, sent) in played(vec![challenge("n1", QOP), say(OK)], 1) {
        assert_eq!((statuses, sent.len(), &*sent[0]), (vec![200], 2, ""));
        let expected =
            "Digest username=\"ann\", realm=\"r\", nonce=\"n1\", uri=\"/0\", response=\"";
        assert!(sent[1].starts_with(expected), "{}", sent[1]);
        assert!(sent[1].contains(", qop=\"auth\", nc=00000001, cnonce=\""), "{}", sent[1]);
    }
    // What is refused again is the answer.
    for (statuses, sent) in played(vec![challenge("n1", QOP), challenge("n1", QOP)], 1) {
        assert_eq!((statuses, sent.len()), (vec![401], 2));
    }
}

#[test]
fn what_is_known_is_used_at_once_and_counted() {
    let answers = vec![challenge("n1", QOP), say(OK), say(OK), say(OK)];
    for (statuses, sent) in played(answers, 3) {
        assert_eq!(statuses, [200, 200, 200]);
        for (at, (uri, nc)) in
            [("/0", "00000001"), ("/1", "00000002"), ("/2", "00000003")].iter().enumerate()
        {
            let value = &sent[at + 1];
            assert!(value.contains(&format!("uri=\"{uri}\"")), "{value}");
            assert!(value.contains(&format!("nc={nc}")), "{value}");
        }
    }
}

#[test]
fn a_stale_nonce_is_replaced_and_its_count_begins_anew() {
    let stale = challenge("n2", ", qop=\"auth\", stale=true");
    let answers = vec![challenge("n1", QOP), say(OK), stale, say(OK), say(OK)];
    for (statuses, sent) in played(answers, 3) {
        assert_eq!(statuses, [200, 200, 200]);
        let has = |at: usize, nonce: &str, nc: &str| {
            sent[at].contains(&format!("nonce=\"{nonce}\"")) && sent[at].contains(nc)
        };
        assert!(has(1, "n1", "nc=00000001") && has(2, "n1", "nc=00000002"), "{sent:#?}");
        assert!(has(3, "n2", "nc=00000001") && has(4, "n2", "nc=00000002"), "{sent:#?}");
    }
}

#[test]
fn any_4xx_may_challenge_and_what_cannot_be_answered_is_the_answer() {
    let field = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
    for (status, sent) in [(401, 2), (403, 2), (407, 2), (499, 2), (500, 1), (200, 1)] {
        for (_, seen) in played(vec![challenge_of(status, field), say(OK)], 1) {
            assert_eq!(seen.len(), sent, "{status}");
        }
    }
    for fields in [
        "",
        "WWW-Authenticate: Basic realm=\"r\"\r\n",
        "WWW-Authenticate: Digest\r\n",
        "WWW-Authenticate: Digest realm=\"r\"\r\n",
        "WWW-Authenticate: Digest nonce=\"n\"\r\n",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=ROT13\r\n",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-conf\"\r\n",
        "WWW-Authenticate: Digest realm=\"r, nonce=\"n\r\n",
        "WWW-Authenticate: \"Digest realm=\r\n",
    ] {
        for (statuses, seen) in played(vec![challenge_of(401, fields)], 1) {
            assert_eq!((statuses, seen.len()), (vec![401], 1), "{fields}");
        }
    }
}

#[test]
fn of_several_challenges_the_strongest_is_answered() {
    let one = |algorithm: &str, nonce: &str| {
        format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", algorithm={algorithm}")
    };
    let (weak, strong) = (one("MD5", "weak"), one("SHA-256", "strong"));
    for fields in [
        format!("WWW-Authenticate: {weak}\r\nWWW-Authenticate: {strong}\r\n"),
        format!("WWW-Authenticate: {strong}\r\nWWW-Authenticate: {weak}\r\n"),
        format!("WWW-Authenticate: Basic realm=\"b\", {weak}, {strong}\r\n"),
        format!("WWW-Authenticate: Negotiate abc==, {weak}\r\nwww-authenticate: {strong}\r\n"),
        format!("WWW-Authenticate: {}, {strong}\r\n", one("NEW-512", "unknown")),
    ] {
        for (statuses, sent) in played(vec![challenge_of(401, &fields), say(OK)], 1) {
            assert_eq!(statuses, [200], "{fields}");
            assert!(sent[1].contains("nonce=\"strong\""), "{}", sent[1]);
            assert!(sent[1].contains("algorithm=\"SHA-256\""), "{}", sent[1]);
        }
    }
}

#[test]
fn without_qop_the_old_form_is_spoken_and_lists_are_trimmed() {
    for (statuses, sent) in played(vec![challenge("n", ""), say(OK)], 1) {
        assert_eq!(statuses, [200]);
        assert!(!sent[1].contains("qop") && !sent[1].contains("cnonce"), "{}", sent[1]);
    }
    for offered in ["auth,auth-int", "auth-int, auth", " auth-int ,\tauth ", "x, AUTH"] {
        let more = format!(", qop=\"{offered}\", opaque=\"o\"");
        for (statuses, sent) in played(vec![challenge("n", &more), say(OK)], 1) {
            assert_eq!(statuses, [200], "{offered}");
            assert!(sent[1].contains("qop=\"auth\"") && sent[1].contains("opaque=\"o\""));
        }
    }
}

/// Gives "body"; can go back, or not.
struct Source(&'static [u8], bool);

impl BodyRead for Source {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let count = self.0.len().min(buf.len());
        buf[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }

    fn can_rewind(&self) -> bool {
        self.1
    }

    fn rewind(&mut self) -> Result<()> {
        self.0 = b"body";
        Ok(())
    }
}

/// Reads a request with "body" and answers so.
fn reads(answer: Step) -> Vec<Step> {
    vec![Step::ReadHead, Step::ReadBody(4), answer]
}

#[test]
fn a_body_goes_again_whole_or_the_call_fails() {
    let conn: Conn = [reads(challenge("n", QOP)), reads(say(OK)), vec![Step::Stall]].concat();
    for can_rewind in [true, false] {
        for peer in Peer::both(std::slice::from_ref(&conn)) {
            let mut request = Request::new("POST", &peer.url()).unwrap();
            request.configure(|options| options.auth(Auth::digest("ann", SECRET)));
            request.body_stream(Upload::new(Source(b"body", can_rewind), Some(4)));
            let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
            let received = String::from_utf8(peer.received(0)).unwrap();
            match can_rewind {
                true => {
                    assert_eq!(sent.unwrap().status(), 200);
                    assert_eq!(received.matches("\r\n\r\nbody").count(), 2, "{received}");
                }
                false => {
                    assert_eq!(sent.unwrap_err().kind(), ErrorKind::Body);
                    assert_eq!(received.matches("POST / ").count(), 1, "{received}");
                }
            }
        }
    }
}

#[test]
fn a_server_that_wants_the_body_covered_gets_it_if_it_can_be_read_twice() {
    let insists = challenge("n", ", qop=\"auth-int\"");
    let conn: Conn = [reads(insists), reads(say(OK)), vec![Step::Stall]].concat();
    let path = std::env::temp_dir().join(format!("rq-auth-int-{}", std::process::id()));
    std::fs::write(&path, "body").unwrap();
    let once = |can_rewind| Upload::new(Source(b"body", can_rewind), Some(4));
    type Give<'a> = &'a dyn Fn(&mut Request);
    let given: [(Give<'_>, bool); 4] = [
        (&|request| request.body("body"), true),
        (&|request| request.body_file(&path).unwrap(), true),
        (&|request| request.body_stream(once(true)), true),
        (&|request| request.body_stream(once(false)), false),
    ];
    for (give, can_be_read_twice) in given {
        for peer in Peer::both(std::slice::from_ref(&conn)) {
            let mut request = Request::new("POST", &peer.url()).unwrap();
            request.configure(|options| options.auth(Auth::digest("ann", SECRET)));
            give(&mut request);
            let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
            let received = String::from_utf8(peer.received(0)).unwrap();
            if can_be_read_twice {
                assert_eq!(sent.unwrap().status(), 200);
                assert!(received.contains("qop=\"auth-int\""), "{received}");
                assert_eq!(received.matches("\r\n\r\nbody").count(), 2, "{received}");
            } else {
                assert_eq!(sent.unwrap_err().kind(), ErrorKind::Body);
            }
        }
    }
    // Known beforehand, it would have to be covered before it is sent.
    let peer = Peer::plain(vec![conn]);
    peer.session.configure(|options| options.auth(Auth::digest("ann", SECRET)));
    let mut request = Request::new("POST", &peer.url()).unwrap();
    request.configure(|options| options.header_remove("Authorization")).unwrap();
    request.body("body");
    peer.session.send(&peer.session.prepare(&request).unwrap()).unwrap();
    request.body_stream(once(false));
    let error = peer.session.prepare(&request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.message().contains("auth-int"), "{error}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn cookies_of_the_challenge_go_with_the_answer_and_it_is_in_the_history() {
    let asks = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\nSet-Cookie: id=1; Path=/\r\n";
    for peer in Peer::both(&[says([challenge_of(401, asks), say(OK)])]) {
        let auth = |options: &mut Options| options.auth(Auth::digest("ann", SECRET));
        let mut response = send_with(&peer.session, "GET", &peer.url(), auth).unwrap();
        let received = String::from_utf8(peer.received(0)).unwrap();
        let second = received.split("\r\n\r\n").nth(1).unwrap();
        assert!(second.contains("\r\nCookie: id=1"), "{second}");
        assert_eq!((response.history().len(), response.history()[0].status()), (1, 401));
        let first = &mut response.history_mut()[0];
        assert_eq!((text(first).unwrap().as_str(), first.cookies().list().len()), ("no", 1));
        assert_eq!(text(&mut response).unwrap(), "ok");
    }
}

#[test]
fn a_large_challenge_is_not_read_to_its_end() {
    let endless = format!(
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\
         Content-Length: {}\r\n\r\nno",
        1_u64 << 40
    );
    for peer in Peer::both(&[says([say(endless)]), says([say(OK)])]) {
        let auth = |options: &mut Options| options.auth(Auth::digest("ann", SECRET));
        let sent = at_once(|| send_with(&peer.session, "GET", &peer.url(), auth));
        assert_eq!((sent.unwrap().status(), peer.accepted(), peer.sockets()), (200, 2, 1));
    }
}

#[test]
fn on_redirects_the_answer_is_made_anew_for_the_same_origin_only() {
    let ask = challenge("n", QOP);
    let away = [redirect(302, "/in"), redirect(302, "http://b.test/out")];
    let origins = Origins::start(&[
        ("http://a.test", vec![says([ask.clone(), say(OK)].into_iter().chain(away))]),
        ("http://b.test", vec![says([ask])]),
    ]);
    origins.session.configure(|options| options.auth(Auth::digest("ann", SECRET)));
    assert_eq!(origins.get("http://a.test/", |_| {}).unwrap().status(), 200);
    let response = origins.get("http://a.test/again", |_| {}).unwrap();
    assert_eq!(response.status(), 401, "b is not told who asks, though it wants to know");
    let (first, other) = (origins.heads("http://a.test"), origins.heads("http://b.test"));
    assert_eq!((first.len(), other.len()), (4, 1), "{first:#?} {other:#?}");
    for (at, (uri, nc)) in
        [("/", "00000001"), ("/again", "00000002"), ("/in", "00000003")].iter().enumerate()
    {
        let head = &first[at + 1];
        assert!(head.contains(&format!("uri=\"{uri}\"")), "{head}");
        assert!(head.contains(&format!("nc={nc}")), "{head}");
    }
    assert!(!other[0].contains("Authorization"), "{other:#?}");
}

#[test]
fn a_redirect_behind_a_challenge_is_challenged_again_and_answered_again() {
    let ask = || challenge("n", QOP);
    let steps = says([ask(), redirect(302, "/in"), ask(), say(OK)]);
    let origins = Origins::start(&[("http://a.test", vec![steps])]);
    let auth = |options: &mut Options| options.auth(Auth::digest("ann", SECRET));
    let response = origins.get("http://a.test/", auth).unwrap();
    assert_eq!(response.status(), 200);
    let statuses = |response: &Response| -> Vec<u16> {
        response.history().iter().map(Response::status).collect()
    };
    // As in Requests: what led to each hop is its own history.
    assert_eq!(statuses(&response), [302]);
    assert_eq!(statuses(&response.history()[0]), [401]);
    assert_eq!(origins.heads("http://a.test").len(), 4);
}

#[test]
fn a_proxy_that_has_challenged_is_answered_at_once_and_counted() {
    let asks = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: Digest realm=\"p\", \
        nonce=\"n1\", qop=\"auth\"\r\n\r\n";
    let stale = asks.replace("\"n1\"", "\"n2\", stale=true");
    let proxy = script(vec![says([say(asks), say(OK), say(OK), say(stale), say(OK), say(OK)])]);
    let session = Session::new();
    let url = proxy.url().replacen("://", &format!("://ann:{SECRET}@"), 1);
    session.configure(|options| {
        options.proxy("http", Some(&url)).unwrap();
        options.proxy_digest(true);
    });
    for n in 1..=4 {
        let url = format!("http://site.test/{n}?q");
        assert_eq!(text(&mut session.get(&url).unwrap()).unwrap(), "ok");
    }
    let received = String::from_utf8(proxy.received(0)).unwrap();
    assert!(!received.contains(SECRET) && !received.contains("\r\nAuthorization"), "{received}");
    let answers = received.split_terminator("\r\n\r\n").map(|head| {
        let line = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Digest "));
        line.unwrap_or_default().to_owned()
    });
    let expected = [
        None,
        Some((1, "n1", 1)),
        Some((2, "n1", 2)),
        Some((3, "n1", 3)),
        Some((3, "n2", 1)),
        Some((4, "n2", 2)),
    ];
    let answers: Vec<String> = answers.collect();
    assert_eq!(answers.len(), expected.len(), "{received}");
    for (answer, expected) in answers.iter().zip(expected) {
        match expected {
            None => assert_eq!(answer, "", "kept back until it is asked for"),
            Some((path, nonce, count)) => {
                assert!(answer.contains(&format!("/{path}?q\", response=")), "{answer}");
                assert!(answer.contains(&format!("nonce=\"{nonce}\"")), "{answer}");
                assert!(answer.contains(&format!("nc={count:08x}")), "{answer}");
            }
        }
    }
}

#[test]
fn threads_share_what_is_known_and_no_count_is_used_twice() {
    const THREADS: usize = 8;
    const EACH: usize = 5;
    let conns: Vec<Conn> = [
        vec![says([challenge("n", QOP), say(OK)].into_iter().chain(vec![say(OK); 40]))],
        vec![says(vec![say(OK); 40]); THREADS],
    ]
    .concat();
    let peer = Peer::plain(conns);
    peer.session.configure(|options| {
        options.header_remove("Authorization").unwrap();
        options.auth(Auth::digest("ann", SECRET));
    });
    let url = Arc::new(peer.url());
    send_with(&peer.session, "GET", &url, |_| {}).unwrap().content().unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    send_with(&peer.session, "GET", &url, |_| {}).unwrap().content().unwrap();
                }
            });
        }
    });
    let mut counts: Vec<String> = (0..peer.accepted())
        .flat_map(|n| authorizations(&peer.received(n)))
        .filter_map(|value| Some(value.split_once("nc=")?.1[..8].to_owned()))
        .collect();
    counts.sort_unstable();
    let expected = (1..=THREADS * EACH + 1).map(|count| format!("{count:08x}"));
    assert_eq!(counts, expected.collect::<Vec<_>>());
}
