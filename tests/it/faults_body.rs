//! Faults 67 to 75: bodies that end early, stall, break, are framed wrongly, are longer than they
//! say, or are not read. A truncated body is never taken for a whole one, and its error stays.

use rq::limits::{CHUNK_EXTENSION_BYTES_MAX, CHUNK_LINE_BYTES_MAX};
use rq::{Error, ErrorKind, Phase, Response};
use rq_testd::{Conn, Server, Step};

use crate::client::{
    at_once, connection, connection_of, ends_at, failure, ms, port, send, session_for,
    session_within, sockets_to, text, with_password,
};
use crate::peer::{OK, Peer, answers, check_fault, say};

/// Reads to the error: what came before it, and the error, which every later read returns again.
#[track_caller]
fn read_to_error(response: &mut Response, kind: ErrorKind) -> (Vec<u8>, Error) {
    let (mut body, mut buffer) = (Vec::new(), [0; 64]);
    let error = loop {
        match response.read(&mut buffer) {
            Ok(0) => panic!("a truncated body of {} bytes passed for a whole one", body.len()),
            Ok(count) => body.extend_from_slice(&buffer[..count]),
            Err(error) => break failure::<()>(Err(error), kind, Phase::Body),
        }
    };
    for _ in 0..3 {
        assert_eq!(
            failure(response.read(&mut buffer), kind, Phase::Body).message(),
            error.message()
        );
        failure(response.content(), kind, Phase::Body);
    }
    assert!(response.trailers().is_none());
    (body, error)
}

/// The same for a GET of `path` from both servers of testd; the connection is not used again.
#[track_caller]
fn check_path(path: &str, kind: ErrorKind, delivered: usize) -> Vec<Error> {
    let server = Server::start();
    let check = |base: String| {
        let session = session_for(&server);
        let mut response = session.get(&with_password(&format!("{base}/{path}"))).unwrap();
        let (body, error) = at_once(|| read_to_error(&mut response, kind));
        assert_eq!(body.len(), delivered, "{error}");
        assert_eq!(sockets_to(port(&base)), 0, "{error}");
        let next = connection_of(&session, &format!("{base}/json"));
        assert_ne!(next, connection(&response), "a broken connection is not used again");
        error
    };
    [server.http(), server.https()].into_iter().map(check).collect()
}

/// A connection that answers so and stays open.
fn replies(reply: impl AsRef<[u8]>) -> Conn {
    vec![Step::ReadHead, say(reply), Step::Stall]
}

/// The head of a chunked response, and `rest`.
fn chunked(rest: impl AsRef<[u8]>) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", rest.as_ref()].concat()
}

#[test]
fn fault_67_the_end_before_the_length_is_reached() {
    for error in check_path("truncated", ErrorKind::Incomplete, 500) {
        assert!(error.message().contains("500 of 1000 bytes"), "{error}");
    }
    // Not even a byte, and all but one.
    for (sent, length) in [("", 1), ("four", 5)] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{sent}");
        let steps = vec![Step::ReadHead, say(reply), Step::Close];
        check_fault(steps, ErrorKind::Incomplete, Phase::Body);
    }
}

#[test]
fn fault_67_a_length_beyond_memory_reserves_nothing() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nhello";
    let steps = vec![Step::ReadHead, say(reply), Step::Close];
    for error in check_fault(steps, ErrorKind::Incomplete, Phase::Body) {
        assert!(error.message().contains("5 of 9223372036854775807 bytes"), "{error}");
    }
}

#[test]
fn fault_68_a_reset_within_the_body() {
    for error in check_path("rst-body", ErrorKind::Incomplete, 500) {
        assert_ne!(error.os_error(), 0, "{error}");
    }
}

#[test]
fn fault_68_a_reset_within_a_body_until_close() {
    let reply = "HTTP/1.1 200 OK\r\n\r\nhalf";
    let steps = vec![Step::ReadHead, say(reply), Step::Wait(ms(50)), Step::Reset];
    check_fault(steps, ErrorKind::Incomplete, Phase::Body);
}

#[test]
fn fault_69_a_body_that_stalls() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        session.configure(|options| options.timeout(None, Some(ms(300))));
        let mut response = session.get(&with_password(&format!("{base}/stall-body"))).unwrap();
        let (body, error) =
            ends_at(ms(300), || read_to_error(&mut response, ErrorKind::ReadTimeout));
        assert_eq!(body.len(), 10);
        assert!(error.message().contains("300 ms") && error.is_timeout(), "{error}");
        assert_ne!(connection_of(&session, &format!("{base}/json")), connection(&response));
    }
}

#[test]
fn fault_70_the_end_before_the_last_chunk() {
    for error in check_path("truncated-chunked", ErrorKind::Incomplete, 5) {
        assert!(error.message().contains("before the last chunk"), "{error}");
    }
    for rest in ["", "5", "5\r\n", "5\r\nhel", "5\r\nhello\r\n0\r\n", "0\r\nA: b\r\n"] {
        let steps = vec![Step::ReadHead, say(chunked(rest)), Step::Close];
        check_fault(steps, ErrorKind::Incomplete, Phase::Body);
    }
}

#[test]
fn fault_70_chunks_that_are_framed_wrongly() {
    for rest in
        ["x\r\n", "-1\r\n", "\r\n", "5\nhello", "2\r\nokX", "2\r\nok\n", "fffffffffffffffff\r\n"]
    {
        check_fault(replies(chunked(rest)), ErrorKind::Protocol, Phase::Body);
    }
}

#[test]
fn fault_70_extensions_and_trailers_beyond_the_limits() {
    let line = [b"1;", &vec![b'x'; CHUNK_LINE_BYTES_MAX][..]].concat();
    let chunk = [&b"1;"[..], &[b'x'; 200], b"\r\na\r\n"].concat();
    let many = chunk.repeat(CHUNK_EXTENSION_BYTES_MAX / 200 + 1);
    let trailers = [b"0\r\n", &b"A: b\r\n".repeat(100_000)[..]].concat();
    let endless = [b"0\r\nA: ", &vec![b'x'; 1 << 20][..]].concat();
    for rest in [line, many, trailers, endless] {
        check_fault(replies(chunked(rest)), ErrorKind::Limit, Phase::Body);
    }
}

/// Bytes beyond the body, in one piece with it or behind it, are dropped with their connection: the
/// next request gets its own answer.
#[track_caller]
fn check_extra(head: &str, body: &str, extra: &str) {
    let together = vec![Step::ReadHead, say(format!("{head}{body}{extra}")), Step::Stall];
    let apart = vec![
        Step::ReadHead,
        say(head),
        Step::Wait(ms(20)),
        say(format!("{body}{extra}")),
        Step::Stall,
    ];
    for steps in [together, apart] {
        for peer in Peer::both(&[steps, answers()]) {
            assert_eq!(peer.text("GET", b"").unwrap(), "right", "{head}");
            peer.goes_on(2);
        }
    }
}

#[test]
fn fault_71_bytes_beyond_the_length_are_never_an_answer() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    check_extra("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "right", forged);
}

#[test]
fn fault_71_bytes_after_the_last_chunk_are_never_an_answer() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    check_extra(head, "5\r\nright\r\n0\r\n\r\n", forged);
}

#[test]
fn fault_72_the_end_of_tcp_is_not_the_end_of_tls() {
    let server = Server::start();
    let session = session_for(&server);
    let url = with_password(&format!("{}/truncated-close", server.https()));
    let (body, error) = read_to_error(&mut session.get(&url).unwrap(), ErrorKind::Incomplete);
    assert_eq!(body.len(), 500);
    assert!(error.message().contains("closing message"), "{error}");
    // Without TLS, its end is all that such a body has: nothing is known to be missing.
    let url = with_password(&format!("{}/truncated-close", server.http()));
    assert_eq!(session.get(&url).unwrap().content().unwrap(), body);

    for base in [server.http(), server.https()] {
        let mut whole = session.get(&format!("{base}/close/500")).unwrap();
        assert_eq!(whole.content().unwrap().len(), 500);
        // Where the length says the end, nothing is missing: many servers just hang up.
        let mut whole = session.get(&format!("{base}/bytes/500")).unwrap();
        assert_eq!(whole.content().unwrap().len(), 500);
    }
}

#[test]
fn fault_74_responses_that_have_no_body_have_none() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 46\r\n\r\n"),
    ] {
        for peer in Peer::both(&[replies(format!("{head}{forged}")), answers()]) {
            let mut response = send(&peer.session, method, &peer.url(), b"").unwrap();
            assert_eq!(response.content_length(), Some(0), "{method} {head}");
            assert_eq!(response.read(&mut [0; 10]).unwrap(), 0);
            assert_eq!(response.content().unwrap(), b"");
            peer.goes_on(2);
        }
    }
}

#[test]
fn fault_75_a_response_that_is_dropped_or_closed_half_read() {
    let server = Server::start();
    let session = session_within(ms(10_000), ms(10_000));
    session.configure(|options| options.ca_file(server.ca_file())).unwrap();
    for base in [server.http(), server.https()] {
        for path in ["bytes/100000000", "chunked/100000000", "stall-body", "drip/1000/10"] {
            for close in [false, true] {
                let mut response = session.get(&format!("{base}/{path}")).unwrap();
                assert_eq!(response.read(&mut [0; 1]).unwrap(), 1);
                at_once(|| if close { response.close() } else { drop(response) });
                let mut next = session.get(&format!("{base}/json")).unwrap();
                assert!(text(&mut next).unwrap().contains("librq"), "{path}");
            }
        }
    }
}

#[test]
fn fault_75_a_closed_body_is_not_an_end() {
    let server = Server::start();
    let session = session_for(&server);
    for base in [server.http(), server.https()] {
        let url = with_password(&format!("{base}/bytes/1000000"));
        let mut response = session.get(&url).unwrap();
        response.close();
        failure(response.content(), ErrorKind::Misuse, Phase::Body);
        assert!(std::io::Read::read(&mut response, &mut [0; 10]).is_err());
        response.close();
        // After the end there is nothing to close.
        let mut response = session.get(&format!("{base}/json")).unwrap();
        let whole = response.content().unwrap();
        response.close();
        assert_eq!(response.content().unwrap(), whole);
    }
}

#[test]
fn a_good_reply_is_good_here_too() {
    for peer in Peer::both(&[replies(OK)]) {
        peer.goes_on(1);
    }
}
