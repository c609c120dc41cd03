//! Preparation: what the vectors do not say about editing, and the framing rules.

use super::*;
use crate::session::Session;

fn lines(prepared: &Prepared) -> String {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    prepared.headers().iter().map(|(name, value)| format!("{name}: {}\n", text(value))).collect()
}

#[track_caller]
fn check(method: &str, body: &str, set: &[(&str, &str)], expected: &str) -> Prepared {
    let mut request = Request::new(method, "http://example.test/").unwrap();
    request.body(body.as_bytes());
    for (name, value) in set {
        request.configure(|options| options.header_add(name, value)).unwrap();
    }
    let prepared = prepare(None, &request).unwrap();
    assert_eq!(lines(&prepared), expected);
    prepared
}

#[test]
fn content_length_follows_the_body_b1_b2_b13() {
    check("GET", "", &[], "");
    check("HEAD", "", &[], "");
    check("POST", "", &[], "Content-Length: 0\n");
    check("mkcol", "", &[], "Content-Length: 0\n");
    check("GET", "abc", &[], "Content-Length: 3\n");
    check("POST", "abc", &[("content-length", "7")], "Content-Length: 3\n");
    check("POST", "", &[("Content-Length", "7")], "Content-Length: 7\n");
}

#[test]
fn flaw_60_there_is_never_more_than_one_framing() {
    check("POST", "abc", &[("Transfer-Encoding", "chunked")], "Transfer-Encoding: chunked\n");
    let twice = [("Content-Length", "1"), ("CONTENT-LENGTH", "2")];
    check("POST", "abc", &twice, "Content-Length: 3\n");
}

#[test]
fn a_session_gives_order_and_the_request_spelling_s5() {
    let session = Session::new();
    let mut request = Request::new("GET", "http://example.test/").unwrap();
    request
        .configure(|options| {
            options.header("X-A", "1")?;
            options.header("ACCEPT", "text/html")?;
            options.header_remove("user-agent")
        })
        .unwrap();
    let prepared = session.prepare(&request).unwrap();
    let expected = "Accept-Encoding: gzip, deflate, br, zstd\n\
        ACCEPT: text/html\nConnection: keep-alive\nX-A: 1\n";
    assert_eq!(lines(&prepared), expected);
    let plain = session.prepare(&Request::new("GET", "http://example.test/").unwrap()).unwrap();
    assert!(lines(&plain).starts_with("User-Agent: librq/"), "{}", lines(&plain));
}

#[test]
fn editing_a_clone_leaves_the_original_s12() {
    let first = check("POST", "a", &[], "Content-Length: 1\n");
    let mut second = first.clone();
    second.set_body(&b"longer"[..]);
    second.set_method("get").unwrap();
    assert_eq!(lines(&second), "Content-Length: 6\n");
    assert_eq!((first.method(), second.method()), ("POST", "get"));
    assert_eq!(lines(&first), "Content-Length: 1\n");
    assert!(second.set_url("nonsense").is_err());
    assert_eq!(second.url().as_str(), "http://example.test/");
}

#[test]
fn flaw_53_a_method_is_a_token() {
    for method in ["", "GET ", "G\r\nX", "GÉT", "A/B"] {
        assert_eq!(Request::new(method, "http://a/").unwrap_err().kind(), ErrorKind::InvalidMethod);
    }
}
