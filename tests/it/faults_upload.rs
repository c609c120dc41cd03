//! Faults 42 and 46 to 49: sends on a connection that has ended, bodies that wait for a word of the
//! server, sources that fail or do not keep their word (RFC 9110 §10.1.1; behaviours B16–B18).
//! Whatever the source does, the server never takes a part of the body for all of it.

use rq::limits::EXPECT_WAIT;
use rq::{Auth, BodyRead, Error, ErrorKind, Phase, Prepared, Request, Response, Result, Upload};
use rq_testd::{Conn, Step};

use crate::client::{at_once, ends_at, failure, ms, text, without_secrets};
use crate::peer::{OK, Peer, answers, answers_then, say};

const LARGE: usize = 24 << 20;
const REFUSED: &str = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno";

/// Gives its pieces one after another, then its end or its error; once only.
struct Tape {
    pieces: Vec<&'static str>,
    torn: bool,
}

impl BodyRead for Tape {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        if self.pieces.is_empty() {
            let error = Error::new(ErrorKind::Callback, "the tape has torn");
            return if self.torn { Err(error) } else { Ok(0) };
        }
        let piece = self.pieces.remove(0);
        let count = piece.len().min(buf.len());
        buf[..count].copy_from_slice(&piece.as_bytes()[..count]);
        if count < piece.len() {
            self.pieces.insert(0, &piece[count..]);
        }
        Ok(count)
    }
}

/// A POST of these pieces, declared to have `length` bytes.
fn tape(peer: &Peer, pieces: &[&'static str], torn: bool, length: Option<u64>) -> Prepared {
    let mut request = Request::new("POST", &peer.url()).unwrap();
    request.body_stream(Upload::new(Tape { pieces: pieces.to_vec(), torn }, length));
    peer.session.prepare(&request).unwrap()
}

/// A POST whose body waits to be asked for.
fn expecting(peer: &Peer, body: &[u8]) -> Result<Response> {
    let mut request = Request::new("POST", &peer.url()).unwrap();
    request.configure(|options| options.expect_continue(true));
    request.body(body);
    peer.session.send(&peer.session.prepare(&request)?)
}

/// What stands behind the head of what connection `n` has read.
fn body_of(peer: &Peer, n: usize) -> String {
    let received = String::from_utf8(peer.received(n)).unwrap();
    received.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

/// Reads a head, then whatever comes until the client closes.
fn listens() -> Conn {
    vec![Step::ReadHead, Step::ReadBody(1 << 40)]
}

#[test]
fn fault_42_sending_to_who_has_hung_up_is_an_error_and_no_signal() {
    for end in [Step::Close, Step::Reset] {
        let hangs_up = vec![Step::ReadHead, Step::ReadBody(1000), end.clone()];
        for peer in Peer::both(&[hangs_up, answers_then([end]), answers()]) {
            // Fresh, and kept: both go on writing after the end has come.
            for connections in [1, 2] {
                let error = peer.text("POST", &vec![b'x'; LARGE]).unwrap_err();
                without_secrets(&error);
                assert!(matches!(error.kind(), ErrorKind::Send | ErrorKind::Closed), "{error:?}");
                assert_eq!((peer.accepted(), peer.sockets()), (connections, 0), "{error}");
                if connections == 1 {
                    peer.goes_on(2);
                }
            }
            peer.goes_on(3);
        }
    }
}

#[test]
fn fault_46_without_a_word_the_body_goes_after_a_second() {
    let steps = vec![Step::ReadHead, Step::ReadBody(5), say(OK)];
    for peer in Peer::both(&[[steps, answers()].concat()]) {
        let mut response = ends_at(EXPECT_WAIT, || expecting(&peer, b"hello")).unwrap();
        assert_eq!((text(&mut response).unwrap().as_str(), &*body_of(&peer, 0)), ("ok", "hello"));
        peer.goes_on(1);
    }
}

#[test]
fn fault_46_with_100_the_body_goes_at_once() {
    for word in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 100 Go\r\n\r\n"] {
        let steps = vec![Step::ReadHead, say(word), Step::ReadBody(5), say(OK)];
        for peer in Peer::both(&[[steps, answers()].concat()]) {
            let mut response = expecting(&peer, b"hello").unwrap();
            assert!(response.elapsed() < EXPECT_WAIT, "{:?}", response.elapsed());
            assert_eq!(text(&mut response).unwrap(), "ok");
            peer.goes_on(1);
        }
    }
}

#[test]
fn fault_46_an_empty_body_waits_for_nothing() {
    for peer in Peer::both(&[answers_then([say(OK), Step::Stall])]) {
        let mut response = expecting(&peer, b"").unwrap();
        assert!(response.elapsed() < EXPECT_WAIT && text(&mut response).unwrap() == "ok");
        peer.goes_on(1);
    }
}

#[test]
fn fault_46_the_wait_is_within_the_deadline_and_no_longer_than_the_read_timeout() {
    let silent = vec![Step::ReadHead, Step::Stall];
    for peer in Peer::both(&[silent.clone(), silent]) {
        peer.session.configure(|options| options.total_timeout(Some(ms(300))));
        ends_at(ms(300), || {
            failure(expecting(&peer, b"hello"), ErrorKind::TotalTimeout, Phase::Send)
        });
        peer.session.configure(|options| {
            options.total_timeout(None);
            options.timeout(None, Some(ms(300)));
        });
        // The wait ends with the shorter of the two; the body goes, and is waited for anew.
        let error = ends_at(ms(600), || {
            failure(expecting(&peer, b"hello"), ErrorKind::ReadTimeout, Phase::Head)
        });
        assert!(error.message().contains("300 ms"), "{error}");
        assert_eq!((peer.accepted(), peer.sockets()), (2, 0));
    }
}

#[test]
fn fault_46_hints_do_not_lengthen_the_wait_and_endless_ones_are_an_error() {
    let hint = "HTTP/1.1 103 Hint\r\n\r\n";
    let hints = (0..7).flat_map(|_| [Step::Wait(ms(200)), say(hint)]);
    let rest = [Step::ReadBody(5), say(OK), Step::Stall];
    let steps: Conn = [Step::ReadHead].into_iter().chain(hints).chain(rest).collect();
    for peer in Peer::both(&[steps]) {
        // The last hint comes after 1.4 s; a wait that began anew with it would end a second later.
        let mut response = ends_at(ms(1400), || expecting(&peer, b"hello")).unwrap();
        assert_eq!((text(&mut response).unwrap().as_str(), &*body_of(&peer, 0)), ("ok", "hello"));
    }
    let endless = vec![Step::ReadHead, say(hint.repeat(99)), Step::Stall];
    for peer in Peer::both(&[endless, answers()]) {
        at_once(|| failure(expecting(&peer, b"hello"), ErrorKind::Limit, Phase::Head));
        assert_eq!((peer.sockets(), &*body_of(&peer, 0)), (0, ""));
        peer.goes_on(2);
    }
}

#[test]
fn fault_46_a_dead_kept_connection_is_found_out_before_the_body_goes() {
    for (method, resent) in [("PUT", true), ("POST", false)] {
        let asks = vec![Step::ReadHead, say("HTTP/1.1 100 Go\r\n\r\n"), Step::ReadBody(5)];
        let second = [asks, vec![say(OK), Step::Stall]].concat();
        for peer in Peer::both(&[answers_then([Step::Close]), second]) {
            peer.goes_on(1);
            let mut request = Request::new(method, &peer.url()).unwrap();
            request.configure(|options| options.expect_continue(true));
            let source = Tape { pieces: vec!["hello"], torn: false };
            request.body_stream(Upload::new(source, Some(5)));
            let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
            assert_eq!(peer.accepted(), if resent { 2 } else { 1 }, "{method}");
            match resent {
                // Read only once: nothing of it had been asked for.
                true => assert_eq!(sent.unwrap().status(), 200),
                false => without_secrets(&sent.unwrap_err()),
            }
        }
    }
}

#[test]
fn fault_46_a_challenge_in_place_of_go_on_leaves_the_body_unread() {
    let challenge = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
    let refuses = vec![Step::ReadHead, say(challenge), Step::Stall];
    let asks = vec![Step::ReadHead, say("HTTP/1.1 100 Go\r\n\r\n"), Step::ReadBody(5)];
    for peer in Peer::both(&[refuses, [asks, vec![say(OK), Step::Stall]].concat()]) {
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.configure(|options| {
            options.auth(Auth::digest("ann", "p"));
            options.expect_continue(true);
        });
        let source = Tape { pieces: vec!["he", "llo"], torn: false };
        request.body_stream(Upload::new(source, Some(5)));
        let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
        assert_eq!((sent.unwrap().status(), &*body_of(&peer, 0)), (200, ""));
        assert!(String::from_utf8(peer.received(1)).unwrap().contains("Expect: 100-continue"));
        assert!(peer.received(1).ends_with(b"\r\n\r\nhello"));
    }
}

#[test]
fn fault_47_a_417_is_answered_by_the_request_without_expect() {
    let again = vec![Step::ReadHead, Step::ReadBody(5), say(OK)];
    let refuses = vec![Step::ReadHead, say(REFUSED), Step::Stall];
    for peer in Peer::both(&[refuses, [again, answers()].concat()]) {
        let mut response = at_once(|| expecting(&peer, b"hello")).unwrap();
        assert_eq!(text(&mut response).unwrap(), "ok");
        let heads = [0, 1].map(|n| String::from_utf8(peer.received(n)).unwrap());
        assert!(heads[0].contains("Expect: 100-continue\r\n"), "{}", heads[0]);
        assert!(!heads[1].contains("Expect"), "{}", heads[1]);
        assert_eq!((&*body_of(&peer, 0), &*body_of(&peer, 1)), ("", "hello"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_47_the_cookies_of_the_417_are_kept() {
    let sets = "HTTP/1.1 417 No\r\nSet-Cookie: seen=417\r\nContent-Length: 0\r\n\r\n";
    let refuses = vec![Step::ReadHead, say(sets), Step::Stall];
    let again = vec![Step::ReadHead, Step::ReadBody(5), say(OK), Step::Stall];
    for peer in Peer::both(&[refuses, again]) {
        assert_eq!(expecting(&peer, b"hello").unwrap().status(), 200);
        let names: Vec<Vec<u8>> =
            peer.session.cookies().list().iter().map(|it| it.name().to_owned()).collect();
        assert_eq!(names, [b"seen"]);
    }
}

#[test]
fn fault_47_once_and_a_second_417_is_the_answer() {
    let refuses = vec![Step::ReadHead, say(REFUSED), Step::Stall];
    let again = vec![Step::ReadHead, Step::ReadBody(5), say(REFUSED)];
    for peer in Peer::both(&[refuses, [again, answers()].concat()]) {
        let mut response = expecting(&peer, b"hello").unwrap();
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (417, "no"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_47_a_body_that_was_not_asked_for_is_not_lost() {
    // It can be read only once, and has not been read at all: it is sent after all.
    let refuses = vec![Step::ReadHead, say(REFUSED), Step::Stall];
    let again = vec![Step::ReadHead, Step::ReadBody(5), say(OK)];
    for peer in Peer::both(&[refuses, [again, answers()].concat()]) {
        let mut prepared = tape(&peer, &["he", "llo"], false, Some(5));
        prepared.headers_mut().set("Expect", b"100-continue").unwrap();
        let mut response = peer.session.send(&prepared).unwrap();
        assert_eq!((text(&mut response).unwrap().as_str(), &*body_of(&peer, 1)), ("ok", "hello"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_48_a_source_that_fails_is_told_as_it_is_and_never_ends_the_body() {
    for length in [None, Some(11)] {
        for peer in Peer::both(&[listens(), answers()]) {
            let prepared = tape(&peer, &["hello ", "wor"], true, length);
            let error = at_once(|| peer.session.send(&prepared).unwrap_err());
            without_secrets(&error);
            assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "the tape has torn"));
            assert_eq!(peer.sockets(), 0);
            peer.goes_on(2);
            let body = body_of(&peer, 0);
            assert!(!body.ends_with("0\r\n\r\n") && body.len() <= 17, "{length:?}: {body:?}");
        }
    }
}

#[test]
fn fault_48_before_its_first_byte() {
    for length in [None, Some(5)] {
        for peer in Peer::both(&[answers_then([Step::Stall]), answers()]) {
            peer.goes_on(1);
            let prepared = tape(&peer, &[], true, length);
            let error = peer.session.send(&prepared).unwrap_err();
            assert_eq!((error.kind(), peer.accepted()), (ErrorKind::Callback, 1), "{error:?}");
            assert_eq!(peer.sockets(), 0, "half a request may be on it");
            peer.goes_on(2);
        }
    }
}

#[test]
fn fault_49_a_source_is_held_to_its_length_on_the_wire() {
    for (declared, sent) in [(2, "ab"), (3, "abc"), (5, "abcd"), (1_000_000, "abcd")] {
        for peer in Peer::both(&[listens(), answers()]) {
            let prepared = tape(&peer, &["ab", "cd"], false, Some(declared));
            let error = at_once(|| peer.session.send(&prepared));
            failure(error, ErrorKind::BodyLength, Phase::Send);
            assert_eq!(peer.sockets(), 0, "{declared}");
            peer.goes_on(2);
            // Nothing that the next request on this connection could begin with.
            let body = body_of(&peer, 0);
            assert!(sent.starts_with(&body), "{declared}: {body:?}");
        }
    }
}

#[test]
fn fault_49_a_length_of_ones_own_over_a_stream_is_kept_to() {
    for peer in Peer::both(&[listens(), answers()]) {
        let mut prepared = tape(&peer, &["ab", "cd"], false, None);
        prepared.headers_mut().remove("Transfer-Encoding");
        prepared.headers_mut().set("Content-Length", b"3").unwrap();
        failure(peer.session.send(&prepared), ErrorKind::BodyLength, Phase::Send);
        peer.goes_on(2);
        assert!("abc".starts_with(&body_of(&peer, 0)));
    }
}

#[test]
fn fault_49_an_empty_source_is_a_whole_body() {
    let chunked = vec![Step::ReadHead, Step::ReadBody("0\r\n\r\n".len()), say(OK), Step::Stall];
    for peer in Peer::both(&[chunked]) {
        let prepared = tape(&peer, &[], false, None);
        assert_eq!(text(&mut peer.session.send(&prepared).unwrap()).unwrap(), "ok");
        assert_eq!(body_of(&peer, 0), "0\r\n\r\n");
    }
}
