//! What a response tells: status, headers, trailers and lengths as received, errors worded as
//! Requests words them. It is a reader like any other, and needs its session no longer.

use std::io::{self, Read};
use std::thread;

use rq::{ErrorKind, Phase, Response, Session};
use rq_testd::Server;

use crate::client::{
    failure, get_text, header, ms, send, session, session_for, text, with_password, without_secrets,
};

#[test]
fn raise_for_status_speaks_as_requests_does() {
    let server = Server::start();
    let base = server.http();
    let cases = [
        (400, "Client", "Bad Request"),
        (404, "Client", "Not Found"),
        (499, "Client", "It is: so"),
        (500, "Server", "Internal Server Error"),
        (599, "Server", "It is: so"),
    ];
    for (status, side, reason) in cases {
        let url = format!("{base}/status/{status}?reason={}", reason.replace(' ', "%20"));
        let response = session().get(&with_password(&url)).unwrap();
        let error = response.raise_for_status().unwrap_err();
        assert_eq!(error.to_string(), format!("{status} {side} Error: {reason} for url: {url}"));
        assert_eq!((error.kind(), error.status()), (ErrorKind::Status, status));
        without_secrets(&error);
    }
    for status in [200, 204, 302, 304, 399, 600, 799] {
        let response = session().get(&format!("{base}/status/{status}")).unwrap();
        assert_eq!(response.status(), status);
        assert!(response.raise_for_status().is_ok(), "{status}");
    }
}

#[test]
fn the_body_of_an_error_can_be_read() {
    let server = Server::start();
    let mut response = session().get(&format!("{}/status/500", server.http())).unwrap();
    assert!(response.raise_for_status().is_err());
    assert_eq!(text(&mut response).unwrap(), "status 500\n");
}

#[test]
fn headers_are_as_received() {
    let server = Server::start();
    let response = session().get(&format!("{}/headers", server.http())).unwrap();
    let headers = response.headers();
    let odd = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-odd-case"));
    assert_eq!(odd.collect::<Vec<_>>(), [("X-Odd-CASE", &b"a"[..]), ("x-odd-case", b"b")]);
    assert_eq!(headers.get("X-ODD-CASE"), Some(&b"a"[..]));
    assert_eq!(headers.joined("x-odd-case").as_deref(), Some(&b"a, b"[..]));
    let cookies: Vec<&[u8]> = headers.get_all("set-cookie").collect();
    assert_eq!(cookies, [&b"a=1; Path=/"[..], b"b=2"]);
    assert_eq!(headers.get("x-latin"), Some(&b"caf\xe9"[..]));
    assert_eq!((headers.get("X-Empty"), headers.get("X-None")), (Some(&b""[..]), None));
}

#[test]
fn lengths_versions_and_trailers() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let get = |path: &str| session.get(&format!("{base}{path}")).unwrap();
        assert_eq!(get("/bytes/1000").content_length(), Some(1000));
        assert_eq!(get("/close/10").content_length(), None);
        assert_eq!(get("/status/204").content_length(), Some(0));
        let head = send(&session, "HEAD", &format!("{base}/bytes/70"), b"").unwrap();
        assert_eq!((head.content_length(), &*header(&head, "Content-Length")), (Some(0), "70"));
        let mut chunked = get("/chunked/25000");
        assert_eq!((chunked.content_length(), chunked.http_version()), (None, 11));
        assert!(chunked.trailers().is_none(), "its end has not been read");
        assert_eq!(chunked.content().unwrap().len(), 25_000);
        let digest = get_text(&session, &format!("{base}/sha256/25000")).unwrap();
        let trailers = chunked.trailers().expect("its end has been read");
        assert_eq!(trailers.get("x-checksum"), Some(digest.as_bytes()), "{base}");
    }
}

#[test]
fn elapsed_is_the_time_until_the_head() {
    let server = Server::start();
    let mut slow = session().get(&format!("{}/delay/100", server.http())).unwrap();
    let elapsed = slow.elapsed();
    assert!(elapsed >= ms(100), "{elapsed:?}");
    text(&mut slow).unwrap();
    assert_eq!(slow.elapsed(), elapsed);
}

#[test]
fn a_response_is_a_reader() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let mut whole = Vec::new();
        let mut response = session.get(&format!("{base}/bytes/100000")).unwrap();
        assert_eq!(io::copy(&mut response, &mut whole).unwrap(), 100_000);
        assert!(whole.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
        assert_eq!(Read::read(&mut response, &mut [0; 1]).unwrap(), 0, "the end stays");
        let mut cut = session.get(&with_password(&format!("{base}/truncated"))).unwrap();
        let error = cut.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
        let error = error.get_ref().and_then(|inner| inner.downcast_ref::<rq::Error>());
        assert_eq!(error.unwrap().kind(), ErrorKind::Incomplete);
    }
}

#[test]
fn a_read_into_nothing_takes_nothing() {
    let server = Server::start();
    let mut response = session().get(&format!("{}/bytes/5", server.http())).unwrap();
    assert_eq!(response.read(&mut []).unwrap(), 0);
    assert_eq!(response.content().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(response.content().unwrap(), [0, 1, 2, 3, 4], "it is kept");
}

#[test]
fn a_closed_response_is_no_empty_one() {
    let server = Server::start();
    let url = with_password(&format!("{}/bytes/1000000", server.http()));
    let mut response = session().get(&url).unwrap();
    response.close();
    response.close();
    failure(Response::read(&mut response, &mut [0; 10]), ErrorKind::Misuse, Phase::Body);
}

#[test]
fn a_response_outlives_its_session_and_moves_to_other_threads() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let mut response = session.get(&format!("{base}/bytes/3000000")).unwrap();
        drop(session);
        let reader = thread::spawn(move || response.content().unwrap().len());
        assert_eq!(reader.join().unwrap(), 3_000_000);
        let mut alone = session_for(&server).get(&format!("{base}/json")).unwrap();
        assert!(text(&mut alone).unwrap().contains("librq"));
    }
    let mut response = rq::get(&format!("{}/json", server.http())).unwrap();
    assert!(text(&mut response).unwrap().contains("librq"));
}

#[test]
fn what_threads_may_share() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<Session>();
    shared::<rq::Request>();
    shared::<rq::Prepared>();
    shared::<rq::CancelToken>();
    shared::<rq::CaBundle>();
    shared::<rq::Error>();
    sent::<Response>();
}
