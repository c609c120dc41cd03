//! Faults 39 to 50: what breaks while the request is sent (51, a cancel, is in `cancel`). An answer
//! that comes early wins over the error; nothing that may have had an effect is sent twice.

use std::thread;

use rq::limits::SEND_PIECE_BYTES;
use rq::{ErrorKind, Phase, Prepared, Request, Session};
use rq_testd::{Server, Step};

use crate::client::{
    at_once, connection, connection_of, ends_at, failure, ms, send, session_for, text, timed,
    with_password, without_secrets,
};
use crate::peer::{OK, Peer, answers, answers_then, say};

/// More than the sockets of both sides take.
const LARGE: usize = 24 << 20;
const TOO_BIG: &str = "HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nbig";

/// An upload too large to be gone before the peer does something, ready to be sent.
fn large(session: &Session, method: &str, url: &str) -> Prepared {
    let mut request = Request::new(method, url).unwrap();
    request.body(vec![0; LARGE]);
    session.prepare(&request).unwrap()
}

/// Both servers of testd.
fn both(server: &Server) -> [String; 2] {
    [server.http(), server.https()]
}

#[test]
fn fault_39_a_reset_on_a_fresh_connection_is_told() {
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Reset], answers()]) {
        let error = at_once(|| failure(peer.get(), ErrorKind::Closed, Phase::Head));
        assert!(error.message().contains("reset"), "{error}");
        assert_eq!(peer.accepted(), 1);
        peer.goes_on(2);
    }
}

#[test]
fn fault_40_a_kept_connection_that_died_is_replaced() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        for path in ["then-close", "then-rst"] {
            for method in ["GET", "POST"] {
                let first = connection_of(&session, &format!("{base}/{path}"));
                // Idle for longer than a kept connection is trusted unseen.
                thread::sleep(ms(20));
                let mut response = send(&session, method, &format!("{base}/json"), b"").unwrap();
                assert!(!response.is_reused(), "{method} after {path}");
                assert_ne!(connection(&response), first);
                response.content().unwrap();
                session.close_idle();
            }
        }
    }
}

#[test]
fn fault_40_a_kept_connection_that_dies_under_the_request_is_replaced() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        // At once: whether the end is seen before or after sending, the caller sees none of it.
        for path in ["then-close", "then-rst"] {
            for _ in 0..20 {
                let first = connection_of(&session, &format!("{base}/{path}"));
                assert_ne!(connection_of(&session, &format!("{base}/json")), first);
                session.close_idle();
            }
        }
    }
}

#[test]
fn fault_41_a_peer_that_takes_nothing_is_a_write_timeout() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        session.configure(|options| options.timeout(None, Some(ms(300))));
        let upload = large(&session, "POST", &with_password(&format!("{base}/no-read")));
        let (result, took) = timed(|| session.send(&upload));
        failure(result, ErrorKind::WriteTimeout, Phase::Send);
        assert!(took >= ms(290) && took < ms(3000), "{took:?}");
    }
}

#[test]
fn fault_43_a_reset_within_the_upload() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        let upload = large(&session, "PUT", &with_password(&format!("{base}/kill-upload")));
        failure(session.send(&upload), ErrorKind::Send, Phase::Send);
        let mut response = session.get(&format!("{base}/connections")).unwrap();
        assert!(!response.is_reused());
        assert!(text(&mut response).unwrap().contains("\"total\": 2}"), "nothing was resent");
    }
}

#[test]
fn fault_43_an_answer_before_the_reset_is_the_answer() {
    let steps = vec![Step::ReadHead, Step::ReadBody(1000), say(TOO_BIG), Step::Wait(ms(50))];
    let steps = [steps, vec![Step::Reset]].concat();
    for peer in Peer::both(&[steps, answers()]) {
        let upload = large(&peer.session, "POST", &peer.url());
        let mut response = peer.session.send(&upload).unwrap();
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "big"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_44_an_early_answer_and_a_close() {
    let steps = vec![Step::ReadHead, Step::ReadBody(70_000), say(TOO_BIG), Step::Close];
    for peer in Peer::both(&[steps, answers()]) {
        let upload = large(&peer.session, "POST", &peer.url());
        let mut response = peer.session.send(&upload).unwrap();
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "big"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_45_an_early_answer_on_a_connection_that_stays_open() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        let upload = large(&session, "POST", &format!("{base}/early413"));
        let mut response = at_once(|| session.send(&upload)).unwrap();
        let early = connection(&response);
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "too big"));
        // At once: a request on the old connection would wait for an answer behind the body.
        let next = at_once(|| connection_of(&session, &format!("{base}/json")));
        assert_ne!(next, early, "not used again");
    }
}

#[test]
fn fault_45_the_same_in_chunks() {
    let server = Server::start();
    for base in both(&server) {
        let session = session_for(&server);
        let mut request = Request::new("POST", &format!("{base}/early413")).unwrap();
        request.configure(|options| options.header("Transfer-Encoding", "chunked")).unwrap();
        request.body(vec![0; LARGE]);
        let prepared = session.prepare(&request).unwrap();
        let mut response = at_once(|| session.send(&prepared)).unwrap();
        let early = connection(&response);
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "too big"));
        // At once: a request on the old connection would wait for an answer behind the body.
        let next = at_once(|| connection_of(&session, &format!("{base}/json")));
        assert_ne!(next, early, "not used again");
    }
}

#[test]
fn fault_45_an_early_answer_to_a_body_that_was_sent_whole_keeps_the_connection() {
    let steps = vec![Step::ReadHead, say(TOO_BIG), Step::ReadBody(1000), Step::ReadHead];
    let steps = [steps, vec![say(OK), Step::Stall]].concat();
    for peer in Peer::both(&[steps]) {
        assert_eq!(peer.text("POST", &[0; 1000]).unwrap(), "big");
        peer.goes_on(1);
    }
}

/// What a server says that has begun to work while the request is still coming.
const HINTS: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

#[test]
fn fault_56_interim_answers_within_the_upload_do_not_end_it() {
    let chunks = LARGE / SEND_PIECE_BYTES * format!("{SEND_PIECE_BYTES:x}\r\n\r\n").len();
    for (coding, framing) in [(None, 0), (Some("chunked"), chunks + "0\r\n\r\n".len())] {
        // The hints come in two pieces: half a head is no answer either.
        let (first, second) = HINTS.split_at(30);
        let body = Step::ReadBody(LARGE + framing);
        let hints = [say(first), Step::Wait(ms(50)), say(second), Step::Wait(ms(50)), body];
        let rest = [say(OK), Step::ReadHead, say(OK), Step::Stall];
        let steps = [Step::ReadHead].into_iter().chain(hints).chain(rest).collect();
        for peer in Peer::both(&[steps]) {
            peer.session.configure(|options| options.timeout(None, Some(ms(2000))));
            let mut upload = large(&peer.session, "POST", &peer.url());
            if let Some(coding) = coding {
                upload.headers_mut().remove("Content-Length");
                upload.headers_mut().set("Transfer-Encoding", coding.as_bytes()).unwrap();
            }
            let mut response = peer.session.send(&upload).unwrap();
            assert_eq!(text(&mut response).unwrap(), "ok");
            peer.goes_on(1);
        }
    }
}

#[test]
fn fault_56_an_early_answer_behind_an_interim_one_ends_the_upload() {
    let steps = vec![Step::ReadHead, say(HINTS), Step::Wait(ms(50)), say(TOO_BIG), Step::Stall];
    for peer in Peer::both(&[steps, answers()]) {
        let upload = large(&peer.session, "POST", &peer.url());
        let mut response = at_once(|| peer.session.send(&upload)).unwrap();
        assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "big"));
        peer.goes_on(2);
    }
}

#[test]
fn fault_49_a_length_that_lies_is_refused_and_nothing_is_sent() {
    for peer in Peer::both(&[answers()]) {
        for length in ["4", "6", "-5", "+5", "5, 5", "x", "18446744073709551621"] {
            let mut request = Request::new("POST", &peer.url()).unwrap();
            request.body("hello");
            let mut prepared = peer.session.prepare(&request).unwrap();
            prepared.headers_mut().set("Content-Length", length.as_bytes()).unwrap();
            failure(peer.session.send(&prepared), ErrorKind::InvalidHeader, Phase::Send);
        }
        assert_eq!(peer.accepted(), 0);
        peer.goes_on(1);
    }
}

#[test]
fn fault_50_a_peer_that_stops_reading_is_a_write_timeout() {
    let steps = vec![Step::ReadHead, Step::ReadBody(64 * 1024), Step::Stall];
    for peer in Peer::both(&[steps, answers()]) {
        peer.session.configure(|options| options.timeout(None, Some(ms(300))));
        let upload = large(&peer.session, "POST", &peer.url());
        let (result, took) = timed(|| peer.session.send(&upload));
        failure(result, ErrorKind::WriteTimeout, Phase::Send);
        assert!(took >= ms(290) && took < ms(3000), "{took:?}");
        assert_eq!(peer.accepted(), 1, "nothing was resent");
        peer.goes_on(2);
    }
}

#[test]
fn fault_50_with_a_deadline_it_is_the_deadline() {
    let steps = vec![Step::ReadHead, Step::ReadBody(64 * 1024), Step::Stall];
    for peer in Peer::both(&[steps]) {
        peer.session.configure(|options| options.total_timeout(Some(ms(400))));
        let upload = large(&peer.session, "POST", &peer.url());
        ends_at(ms(400), || {
            failure(peer.session.send(&upload), ErrorKind::TotalTimeout, Phase::Send)
        });
    }
}

#[test]
fn fault_54_a_body_is_not_sent_twice_over_a_kept_connection() {
    for end in [Step::Close, Step::Reset] {
        for peer in Peer::both(&[answers_then([end.clone()]), answers()]) {
            peer.goes_on(1);
            // Head and body may leave one after the other: the end comes before, between or after.
            let error = peer.text("POST", b"once").unwrap_err();
            without_secrets(&error);
            assert!(matches!(error.kind(), ErrorKind::Closed | ErrorKind::Send), "{error:?}");
            assert_eq!(peer.accepted(), 1);
            peer.goes_on(2);
        }
    }
}
