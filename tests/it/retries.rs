//! What is tried again: by itself only after a kept connection died, by the caller's policy for
//! failures, timeouts and statuses; after which pauses; and what is never sent twice (behaviours
//! Y1–Y9; the column "policy" of the fault matrix).

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rq::{CancelToken, ErrorKind, Options, Phase, Request, Session, Upload};
use rq_testd::{Conn, Server, Step};

use crate::client::{
    at_once, ends_at, failure, ms, send_with, session, text, timed, with_password,
};
use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, answers, say};

/// A reply of this status and no body, with these lines.
fn status(status: u16, lines: &str) -> Step {
    say(format!("HTTP/1.1 {status} Later\r\n{lines}Content-Length: 0\r\n\r\n"))
}

/// How many requests came to the peer, over all its connections.
fn requests(peer: &Peer) -> usize {
    let count = |n| String::from_utf8_lossy(&peer.received(n)).matches(" HTTP/1.1\r\n").count();
    (0..peer.accepted()).map(count).sum()
}

/// Connections that fail so, then one that answers.
fn failing(steps: &[Step], count: usize) -> Vec<Conn> {
    let bad = [&[Step::ReadHead], steps].concat();
    [vec![bad; count], vec![answers()]].concat()
}

#[test]
fn by_default_nothing_is_tried_again() {
    for steps in [[Step::Close], [Step::Reset], [status(503, "Retry-After: 0\r\n")]] {
        for peer in Peer::both(&failing(&steps, 1)) {
            let sent = peer.get();
            assert!(sent.is_err() || sent.unwrap().status() == 503, "{steps:?}");
            assert_eq!(requests(&peer), 1, "{steps:?}");
        }
    }
}

#[test]
fn failures_before_an_answer_are_tried_again_for_methods_that_may_be_repeated() {
    for steps in [[Step::Close], [Step::Reset], [say("HTTP/1.1 2")]] {
        for (method, tried) in [("GET", true), ("PUT", true), ("POST", false), ("MKCOL", false)] {
            for peer in Peer::both(&failing(&steps, 2)) {
                peer.session.configure(|options| options.retries(2));
                let sent = at_once(|| peer.text(method, b""));
                assert_eq!(sent.is_ok(), tried, "{method} after {steps:?}");
                assert_eq!(peer.accepted(), if tried { 3 } else { 1 }, "{method} {steps:?}");
            }
        }
    }
}

#[test]
fn methods_can_be_named_and_a_star_is_any() {
    for (named, method, tried) in
        [("POST", "POST", true), ("POST", "GET", false), ("*", "POST", true), ("*", "LOCK", true)]
    {
        for peer in Peer::both(&failing(&[Step::Close], 1)) {
            peer.session.configure(|options| {
                options.retries(1);
                options.retry_method(named).unwrap();
            });
            assert_eq!(peer.text(method, b"").is_ok(), tried, "{named}: {method}");
        }
    }
    let error = Session::new().configure(|options| options.retry_method("G T")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidMethod);
}

#[test]
fn when_no_tries_are_left_the_last_failure_is_told() {
    for peer in Peer::both(&failing(&[Step::Close], 5)) {
        peer.session.configure(|options| options.retries(3));
        let error = failure(peer.get(), ErrorKind::Closed, Phase::Head);
        assert_eq!((peer.accepted(), peer.sockets()), (4, 0), "{error}");
    }
}

#[test]
fn connecting_is_tried_again_for_every_method() {
    let server = Server::start();
    for method in ["GET", "POST", "LOCK"] {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = seen.clone();
        let sent = send_with(&session(), method, &with_password(&server.refused()), |options| {
            options.retries(3);
            options.on_trace(Arc::new(move |trace| {
                if trace.step == rq::Step::Retry {
                    into.lock().unwrap().push(trace.detail.to_owned());
                }
            }));
        });
        failure(sent, ErrorKind::Connect, Phase::Connect);
        assert_eq!(*seen.lock().unwrap(), ["RQ_ERR_CONNECT"; 3], "{method}");
    }
}

#[test]
fn a_read_timeout_is_tried_again_with_its_time_anew() {
    for peer in Peer::both(&failing(&[Step::Stall], 1)) {
        peer.session.configure(|options| {
            options.timeout(None, Some(ms(300)));
            options.retries(1);
        });
        assert_eq!(ends_at(ms(300), || peer.text("GET", b"")).unwrap(), "ok");
    }
    for peer in Peer::both(&failing(&[Step::Stall], 2)) {
        peer.session.configure(|options| {
            options.timeout(None, Some(ms(300)));
            options.total_timeout(Some(ms(450)));
            options.retries(5);
        });
        ends_at(ms(450), || failure(peer.get(), ErrorKind::TotalTimeout, Phase::Head));
        assert_eq!(peer.accepted(), 2, "the deadline is for all of them");
    }
}

#[test]
fn statuses_are_tried_again_as_named_over_one_connection() {
    for peer in Peer::both(&[says([status(500, ""), status(502, ""), say(OK)])]) {
        peer.session.configure(|options| {
            options.retries(5);
            options.retry_status(500).unwrap();
            options.retry_status(502).unwrap();
        });
        let mut response = peer.get().unwrap();
        assert_eq!((text(&mut response).unwrap().as_str(), requests(&peer)), ("ok", 3));
        assert_eq!(peer.accepted(), 1);
        assert!(response.history().is_empty(), "a try is no hop");
    }
    for peer in Peer::both(&[says([status(500, ""), status(503, "")])]) {
        peer.session.configure(|options| {
            options.retries(1);
            options.retry_status(500).unwrap();
        });
        assert_eq!(peer.get().unwrap().status(), 503, "another status is the answer");
    }
    for bad in [0, 100, 199, 1000] {
        let error = Session::new().configure(|options| options.retry_status(bad)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{bad}");
    }
}

#[test]
fn when_no_tries_are_left_the_last_response_is_the_answer() {
    for peer in Peer::both(&[says([status(500, "X: 1\r\n"), status(500, "X: 2\r\n")])]) {
        peer.session.configure(|options| {
            options.retries(1);
            options.retry_status(500).unwrap();
        });
        let response = peer.get().unwrap();
        assert_eq!((response.status(), response.headers().get("X")), (500, Some(&b"2"[..])));
    }
    for peer in Peer::both(&[says([status(500, "")])]) {
        peer.session.configure(|options| {
            options.retries(3);
            options.retry_status(500).unwrap();
        });
        let response = send_with(&peer.session, "POST", &peer.url(), |_| {}).unwrap();
        assert_eq!((response.status(), requests(&peer)), (500, 1), "POST may not be repeated");
    }
}

#[test]
fn a_retry_after_is_waited_for() {
    for code in [413, 429, 503] {
        for peer in Peer::both(&[says([status(code, "Retry-After: 1\r\n"), say(OK)])]) {
            peer.session.configure(|options| options.retries(1));
            assert_eq!(ends_at(ms(1000), || peer.text("GET", b"")).unwrap(), "ok", "{code}");
        }
    }
    let past = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
    for peer in Peer::both(&[says([status(503, past), say(OK)])]) {
        peer.session.configure(|options| options.retries(1));
        assert_eq!(at_once(|| peer.text("GET", b"")).unwrap(), "ok");
    }
}

#[test]
fn a_retry_after_that_is_too_long_or_unasked_is_the_answer() {
    type Change<'a> = &'a dyn Fn(&mut Options);
    let cases: [(u16, &str, Change); 7] = [
        (503, "61", &|_| {}),
        (503, "99999999999999999999999", &|_| {}),
        (503, "Fri, 31 Dec 2100 23:59:59 GMT", &|_| {}),
        (503, "2", &|options| options.retry_after_max(ms(1999))),
        (503, "0", &|options| options.retry_after_max(Duration::ZERO)),
        (503, "soon", &|_| {}),
        (500, "0", &|_| {}),
    ];
    for (code, after, change) in cases {
        for peer in Peer::both(&[says([status(code, &format!("Retry-After: {after}\r\n"))])]) {
            peer.session.configure(|options| {
                options.retries(3);
                change(options);
            });
            assert_eq!(at_once(|| peer.get()).unwrap().status(), code, "{after}");
            assert_eq!(requests(&peer), 1, "{after}");
        }
    }
}

#[test]
fn pauses_grow_and_are_within_the_deadline_and_the_token() {
    let failures = || failing(&[Step::Close], 4);
    for peer in Peer::both(&failures()) {
        peer.session.configure(|options| {
            options.retries(4);
            options.retry_backoff(ms(40), ms(120));
        });
        let (sent, took) = timed(|| peer.text("GET", b""));
        assert_eq!(sent.unwrap(), "ok");
        // None, then 80, 120 and 120 ms, up to half of each taken off.
        assert!(took >= ms(160) && took < ms(320) + ms(1000), "{took:?}");
    }
    for peer in Peer::both(&failures()) {
        peer.session.configure(|options| {
            options.retries(4);
            options.retry_backoff(Duration::from_secs(60), Duration::from_secs(60));
            options.total_timeout(Some(ms(300)));
        });
        ends_at(ms(300), || failure(peer.get(), ErrorKind::TotalTimeout, Phase::Send));
        assert_eq!(peer.accepted(), 2, "the first try again comes at once");
    }
    let peer = Peer::plain(failures());
    peer.session.configure(|options| {
        options.retries(4);
        options.retry_backoff(Duration::from_secs(60), Duration::from_secs(60));
    });
    let token = CancelToken::new();
    let other = token.clone();
    let trigger = thread::spawn(move || {
        // Nothing tells that the pause has begun; before it, the token ends the request too.
        thread::sleep(ms(200));
        other.trigger();
    });
    let request = peer.session.prepare(&Request::new("GET", &peer.url()).unwrap()).unwrap();
    let error = ends_at(ms(200), || peer.session.send_cancellable(&request, &token).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    trigger.join().unwrap();
}

#[test]
fn what_cannot_be_sent_again_is_not() {
    struct Once(&'static [u8]);
    impl Read for Once {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buf)
        }
    }
    let fails = vec![Step::ReadHead, Step::ReadBody(4), Step::Close];
    for peer in Peer::both(&[fails, answers()]) {
        peer.session.configure(|options| options.retries(3));
        let mut request = Request::new("PUT", &peer.url()).unwrap();
        request.body_stream(Upload::from_read(Once(b"body"), Some(4)));
        let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::Closed, "the failure, not its lack");
        assert_eq!(peer.accepted(), 1);
    }
    let again = vec![Step::ReadHead, Step::ReadBody(4), say(OK), Step::Stall];
    for peer in Peer::both(&[vec![Step::ReadHead, Step::ReadBody(4), Step::Close], again]) {
        peer.session.configure(|options| options.retries(3));
        assert_eq!(peer.text("PUT", b"body").unwrap(), "ok");
        assert!(peer.received(1).ends_with(b"\r\n\r\nbody"), "whole again");
    }
}

#[test]
fn a_body_that_breaks_is_never_asked_for_anew() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    for peer in Peer::both(&[vec![Step::ReadHead, say(half), Step::Close], answers()]) {
        peer.session.configure(|options| options.retries(3));
        failure(peer.text("GET", b""), ErrorKind::Incomplete, Phase::Body);
        assert_eq!(peer.accepted(), 1);
    }
}

#[test]
fn what_another_try_cannot_mend_is_told_at_once() {
    for (reply, kind) in [
        ("SSH-2.0-x\r\n".to_owned(), ErrorKind::Protocol),
        ("HTTP/1.1 100 C\r\n\r\n".repeat(99), ErrorKind::Limit),
    ] {
        for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall], answers()]) {
            peer.session.configure(|options| options.retries(3));
            at_once(|| failure(peer.get(), kind, Phase::Head));
            assert_eq!(peer.accepted(), 1);
        }
    }
    let server = Server::start();
    let strict = session();
    strict.configure(|options| options.retries(3));
    let url = with_password(&server.https_untrusted());
    at_once(|| failure(strict.get(&url), ErrorKind::Tls, Phase::Tls));
}

#[test]
fn each_hop_of_a_redirect_has_its_tries_and_they_are_no_redirects() {
    let origins = Origins::start(&[
        (
            "http://a.test",
            vec![says([status(503, "Retry-After: 0\r\n"), redirect(302, "http://b.test/")])],
        ),
        ("http://b.test", vec![says([status(503, "Retry-After: 0\r\n"), say(OK)])]),
    ]);
    let response = origins
        .get("http://a.test/", |options| {
            options.retries(1);
            options.redirects_max(1);
        })
        .unwrap();
    assert_eq!((response.status(), response.history().len()), (200, 1));
    assert_eq!(
        (origins.heads("http://a.test").len(), origins.heads("http://b.test").len()),
        (2, 2)
    );
}

#[test]
fn cookies_of_a_try_are_kept_and_a_request_may_have_its_own_policy() {
    let waits = status(503, "Retry-After: 0\r\nSet-Cookie: a=1\r\n");
    for peer in Peer::both(&[says([waits.clone(), say(OK), waits])]) {
        peer.session.configure(|options| options.retries(1));
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        assert_eq!(peer.session.cookies().list().len(), 1);
        let sent = send_with(&peer.session, "GET", &peer.url(), |options| options.retries(0));
        assert_eq!((sent.unwrap().status(), requests(&peer)), (503, 3));
    }
}

#[test]
fn the_body_of_an_answer_that_is_tried_again_is_not_read_to_its_end() {
    let endless =
        format!("HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: {}\r\n\r\nx", 1_u64 << 40);
    for peer in Peer::both(&[says([say(endless)]), says([say(OK)])]) {
        peer.session.configure(|options| options.retries(1));
        assert_eq!(at_once(|| peer.text("GET", b"")).unwrap(), "ok");
        assert_eq!((peer.accepted(), peer.sockets()), (2, 1));
    }
}
