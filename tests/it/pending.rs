//! Requests that are begun by one call and finished by another: the response is what one call would
//! have given, and so are the errors, the timeouts, and what becomes of the connection.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use rq::{CancelToken, ErrorKind, Options, Pending, Phase, Reply, Request, Result};
use rq_testd::{Conn, Step};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::client::{at_once, ends_at, failure, ms, text};
use crate::peer::{OK, Peer, answers, answers_then, say};

const LIMIT: Duration = ms(200);

/// Two requests on one connection.
fn answers_twice() -> Conn {
    answers_then([say(OK), Step::Stall])
}

fn begin(peer: &Peer) -> Pending {
    begin_as(peer, "GET", |_| ())
}

fn begin_as<R>(peer: &Peer, method: &str, change: impl FnOnce(&mut Options) -> R) -> Pending {
    let mut request = Request::new(method, &peer.url()).unwrap();
    request.configure(change);
    peer.session.perform_begin(&request, None).unwrap()
}

fn finish(pending: Pending) -> Result<String> {
    text(&mut pending.finish()?)
}

/// The peer sees so many connections, soon.
#[track_caller]
fn comes_to(peer: &Peer, accepted: usize) {
    let is_there = || (peer.accepted() == accepted).then_some(());
    let seen = (0..500).find_map(|_| is_there().or_else(|| (sleep(ms(10)), None).1));
    assert!(seen.is_some(), "{} connections and not {accepted}", peer.accepted());
}

/// Whether the descriptor becomes readable in this time.
fn readable(pending: &Pending, within: Duration) -> bool {
    let descriptor = pending.descriptor().expect("something to wait for");
    let limit = Timespec::try_from(within).unwrap();
    poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&limit)).unwrap() == 1
}

#[test]
fn it_is_sent_before_it_is_finished_and_its_connection_is_kept() {
    for peer in Peer::both(&[answers_twice()]) {
        for round in 0..2 {
            let pending = begin(&peer);
            comes_to(&peer, 1);
            let sent = pending.wait_left().unwrap();
            assert!(sent > ms(1000), "the read timeout: {sent:?}");
            // What comes first may be TLS's own.
            assert!(readable(&pending, ms(5000)));
            let mut response = pending.finish().unwrap();
            assert_eq!(response.is_reused(), round == 1);
            assert_eq!(text(&mut response).unwrap(), "ok");
        }
        let sent = String::from_utf8(peer.received(0)).unwrap();
        assert_eq!((peer.accepted(), sent.matches("GET ").count()), (1, 2), "{sent}");
    }
}

#[test]
fn many_are_on_their_way_at_once_and_end_in_any_order() {
    for peer in Peer::both(&vec![answers(); 5]) {
        let mut pending: Vec<Pending> = (0..5).map(|_| begin(&peer)).collect();
        comes_to(&peer, 5);
        while !pending.is_empty() {
            let next = pending.swap_remove(pending.len() / 2);
            let finished = std::thread::spawn(|| finish(next));
            assert_eq!(finished.join().unwrap().unwrap(), "ok");
        }
    }
}

#[test]
fn the_read_timeout_counts_from_its_sending() {
    let stalls = || vec![Step::ReadHead, Step::Stall];
    for peer in Peer::both(&[stalls(), stalls()]) {
        let within = |options: &mut Options| options.timeout(None, Some(LIMIT));
        let pending = begin_as(&peer, "GET", within);
        ends_at(LIMIT, || failure(finish(pending), ErrorKind::ReadTimeout, Phase::Head));
        let pending = begin_as(&peer, "GET", within);
        sleep(LIMIT + ms(20));
        assert_eq!(pending.wait_left(), Some(Duration::ZERO));
        let error = at_once(|| failure(finish(pending), ErrorKind::ReadTimeout, Phase::Head));
        assert!(error.message().contains("200 ms"), "{error}");
    }
}

#[test]
fn an_answer_that_has_come_is_given_however_late_it_is_asked_for() {
    for peer in Peer::both(&[answers()]) {
        let pending = begin_as(&peer, "GET", |options| options.timeout(None, Some(LIMIT)));
        sleep(LIMIT + ms(50));
        assert_eq!(finish(pending).unwrap(), "ok");
    }
}

#[test]
fn the_rest_of_a_head_is_waited_for() {
    let (first, rest) = OK.split_at(20);
    for peer in Peer::both(&[vec![Step::ReadHead, say(first), Step::Wait(ms(50)), say(rest)]]) {
        let pending = begin(&peer);
        assert!(readable(&pending, ms(5000)));
        assert_eq!(finish(pending).unwrap(), "ok");
    }
}

#[test]
fn the_deadline_counts_from_its_beginning() {
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Stall]]) {
        let pending = begin_as(&peer, "GET", |options| options.total_timeout(Some(LIMIT)));
        assert!(pending.wait_left().is_some_and(|left| left <= LIMIT));
        ends_at(LIMIT, || failure(finish(pending), ErrorKind::TotalTimeout, Phase::Head));
    }
}

#[test]
fn no_timeout_is_no_limit() {
    let peer = Peer::plain(vec![answers()]);
    let pending = begin_as(&peer, "GET", |options| options.timeout(None, None));
    assert_eq!(pending.wait_left(), None);
    assert_eq!(finish(pending).unwrap(), "ok");
}

#[test]
fn a_cancel_wakes_those_who_wait_and_ends_it() {
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Stall], answers()]) {
        let token = CancelToken::new();
        let request = Request::new("GET", &peer.url()).unwrap();
        let pending = peer.session.perform_begin(&request, Some(&token)).unwrap();
        token.trigger();
        assert!(readable(&pending, ms(1000)));
        at_once(|| failure(finish(pending), ErrorKind::Cancelled, Phase::Head));
        // Before it has begun, nothing is sent.
        let pending = peer.session.perform_begin(&request, Some(&token)).unwrap();
        assert!(pending.descriptor().is_none());
        failure(finish(pending), ErrorKind::Cancelled, Phase::Send);
        peer.goes_on(2);
    }
}

#[test]
fn a_dead_kept_connection_is_replaced_as_ever() {
    let dies = || answers_then([Step::Close]);
    for peer in Peer::both(&[dies(), answers()]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let pending = begin(&peer);
        assert!(readable(&pending, ms(5000)));
        assert_eq!(finish(pending).unwrap(), "ok");
        assert_eq!(peer.accepted(), 2);
    }
    for peer in Peer::both(&[dies(), answers()]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        failure(finish(begin_as(&peer, "POST", |_| ())), ErrorKind::Closed, Phase::Head);
        assert_eq!(peer.accepted(), 1, "nothing is resent");
        peer.goes_on(2);
    }
}

#[test]
fn what_is_given_up_ends_its_connection() {
    for peer in Peer::both(&[answers(), answers()]) {
        drop(begin(&peer));
        assert_eq!(peer.sockets(), 0);
        peer.goes_on(2);
    }
}

#[test]
fn no_connection_is_told_by_finishing_it() {
    let peer = Peer::plain(vec![answers()]);
    let refused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://ann:secret@{}/", listener.local_addr().unwrap())
    };
    let request = Request::new("GET", &refused).unwrap();
    let pending = peer.session.perform_begin(&request, None).unwrap();
    assert!(pending.descriptor().is_none() && pending.wait_left().is_none());
    failure(finish(pending), ErrorKind::Connect, Phase::Connect);
    let bad = Request::new("GET", "http://[::1/")
        .and_then(|request| peer.session.perform_begin(&request, None).map(drop));
    failure(bad, ErrorKind::InvalidUrl, Phase::Prepare);
}

#[test]
fn small_bodies_are_sent_and_large_ones_wait_for_the_finish() {
    for (bytes, begins) in [(10, true), (16 * 1024, true), (16 * 1024 + 1, false)] {
        let conn = vec![Step::ReadHead, Step::ReadBody(bytes), say(OK), Step::Stall];
        for peer in Peer::both(&[conn]) {
            let mut request = Request::new("POST", &peer.url()).unwrap();
            request.body(vec![b'x'; bytes]);
            let prepared = peer.session.prepare(&request).unwrap();
            let pending = peer.session.send_begin(&prepared, None);
            assert_eq!(pending.descriptor().is_some(), begins, "{bytes}");
            comes_to(&peer, usize::from(begins));
            assert_eq!(finish(pending).unwrap(), "ok");
            let got = peer.received(0);
            assert!(got.ends_with(&vec![b'x'; bytes]), "{bytes}");
        }
    }
}

#[test]
fn hooks_and_adapters_have_their_say_at_the_finish_once() {
    let peer = Peer::plain(vec![answers()]);
    peer.session.configure(|options| {
        options.on_request(Arc::new(|request| request.headers_mut().add("X-Hooked", b"yes")));
    });
    let pending = begin(&peer);
    assert!(pending.descriptor().is_none() && peer.accepted() == 0);
    assert_eq!(finish(pending).unwrap(), "ok");
    let sent = String::from_utf8(peer.received(0)).unwrap();
    assert_eq!(sent.matches("X-Hooked").count(), 1, "{sent}");

    struct Mock;
    impl rq::Adapter for Mock {
        fn send(&self, request: &rq::Prepared) -> Result<Reply> {
            let mut reply = Reply::new(200)?;
            reply.body(request.method());
            Ok(reply)
        }
    }
    peer.session.mount("mock://", Arc::new(Mock)).unwrap();
    let request = Request::new("PUT", "mock://here").unwrap();
    let pending = peer.session.perform_begin(&request, None).unwrap();
    assert!(pending.descriptor().is_none());
    assert_eq!(finish(pending).unwrap(), "PUT");
}

#[test]
fn retries_and_redirects_go_on_from_it() {
    let moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    let conn = vec![
        Step::ReadHead,
        say(moved),
        Step::ReadHead,
        say(OK),
        Step::ReadHead,
        say(busy),
        Step::ReadHead,
        say(OK),
        Step::Stall,
    ];
    for peer in Peer::both(&[conn]) {
        let mut response = begin(&peer).finish().unwrap();
        assert!(response.history().len() == 1 && response.url().ends_with("/there"));
        assert_eq!(text(&mut response).unwrap(), "ok");
        let pending = begin_as(&peer, "GET", |options| {
            options.retries(1);
            options.retry_status(503)
        });
        assert_eq!(finish(pending).unwrap(), "ok");
        assert_eq!(peer.accepted(), 1);
    }
}
