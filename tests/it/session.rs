//! What a session makes of a request: the bytes that the server sees, and what the caller gets
//! back. `/echo` answers with the request, byte for byte.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rq::{Error, ErrorKind, Options, Phase, Request, Resolve, Result, Session};
use rq_testd::Server;

use crate::client::{failure, get_text, session_for, text, with_password};
use crate::peer::Peer;

const AGENT: &str = concat!("librq/", env!("CARGO_PKG_VERSION"));

/// `127.0.0.1:PORT` of an http URL.
fn authority(url: &str) -> &str {
    url.trim_start_matches("http://")
}

fn port(url: &str) -> u32 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// What the server sees of a request to `/echo`.
fn echoed(session: &Session, request: &Request) -> String {
    let prepared = session.prepare(request).unwrap();
    text(&mut session.send(&prepared).unwrap()).unwrap()
}

fn request(method: &str, url: &str, change: impl FnOnce(&mut Options)) -> Request {
    let mut request = Request::new(method, url).unwrap();
    request.configure(change);
    request
}

#[test]
fn the_defaults_on_the_wire() {
    let server = Server::start();
    let (base, session) = (server.http(), Session::new());
    let expected = |method: &str, last: &str| {
        format!(
            "{method} /echo?q=1 HTTP/1.1\r\nHost: {}\r\nUser-Agent: {AGENT}\r\n\
             Accept-Encoding: gzip, deflate, br, zstd\r\nAccept: */*\r\n\
             Connection: keep-alive\r\n{last}",
            authority(&base)
        )
    };
    let url = format!("{base}/echo?q=1#fragment");
    let cases = [
        ("get", "", expected("GET", "\r\n")),
        ("post", "", expected("POST", "Content-Length: 0\r\n\r\n")),
        ("PATCH", "body", expected("PATCH", "Content-Length: 4\r\n\r\nbody")),
        ("delete", "", expected("DELETE", "Content-Length: 0\r\n\r\n")),
    ];
    for (method, body, expected) in cases {
        let mut request = Request::new(method, &url).unwrap();
        request.body(body);
        assert_eq!(echoed(&session, &request), expected);
    }
}

#[test]
fn without_a_session_nothing_is_added() {
    let server = Server::start();
    let request = Request::new("GET", &format!("{}/echo", server.http())).unwrap();
    let prepared = rq::prepare_alone(&request).unwrap();
    let seen = text(&mut Session::new().send(&prepared).unwrap()).unwrap();
    assert_eq!(seen, format!("GET /echo HTTP/1.1\r\nHost: {}\r\n\r\n", authority(&server.http())));
}

#[test]
fn a_request_s_headers_are_merged_into_the_session_s_and_stay_its_own() {
    let server = Server::start();
    let (session, url) = (Session::new(), format!("{}/echo", server.http()));
    session.configure(|options| {
        options.header("X-One", "1").unwrap();
        options.header("x-two", "2").unwrap();
        options.header_remove("accept-encoding").unwrap();
    });
    let own = request("GET", &url, |options| {
        options.header("ACCEPT", "text/plain").unwrap();
        options.header_remove("USER-AGENT").unwrap();
        options.header("X-Three", "3").unwrap();
        options.header("X-TWO", "II").unwrap();
    });
    let head = format!("GET /echo HTTP/1.1\r\nHost: {}\r\n", authority(&server.http()));
    let merged = "ACCEPT: text/plain\r\nConnection: keep-alive\r\nX-One: 1\r\nX-TWO: II\r\n\
                  X-Three: 3\r\n\r\n";
    let plain = format!(
        "User-Agent: {AGENT}\r\nAccept: */*\r\nConnection: keep-alive\r\n\
         X-One: 1\r\nx-two: 2\r\n\r\n"
    );
    assert_eq!(echoed(&session, &own), format!("{head}{merged}"));
    let next = request("GET", &url, |_| {});
    assert_eq!(echoed(&session, &next), format!("{head}{plain}"));
}

#[test]
fn repeated_headers_and_an_own_host_are_sent_as_they_stand() {
    let server = Server::start();
    let repeated = request("GET", &format!("{}/echo", server.http()), |options| {
        options.header_remove("User-Agent").unwrap();
        options.header_remove("Accept-Encoding").unwrap();
        options.header_add("X-Tag", "a").unwrap();
        options.header_add("x-tag", "b").unwrap();
        options.header_add("X-Latin", b"caf\xe9").unwrap();
        options.header("Host", "other.example").unwrap();
    });
    let prepared = Session::new().prepare(&repeated).unwrap();
    let seen = Session::new().send(&prepared).unwrap().content().unwrap();
    let expected = b"GET /echo HTTP/1.1\r\nAccept: */*\r\nConnection: keep-alive\r\nX-Tag: a\r\n\
        x-tag: b\r\nX-Latin: caf\xe9\r\nHost: other.example\r\n\r\n";
    assert_eq!(seen.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn a_prepared_request_is_sent_exactly_as_edited_and_any_number_of_times() {
    let server = Server::start();
    let session = Session::new();
    let mut request = Request::new("post", "http://first.test/").unwrap();
    request.body("first");
    let mut prepared = session.prepare(&request).unwrap();
    prepared.set_method("pUt").unwrap();
    prepared.set_url(&format!("{}/echo?a=b%20c", server.http())).unwrap();
    prepared.set_body("the second");
    let headers = prepared.headers_mut();
    assert!(headers.remove("user-agent") && !headers.remove("user-agent"));
    headers.set("accept", b"x").unwrap();
    headers.add("X-A", b"1").unwrap();
    headers.add("X-A", b"1").unwrap();
    let expected = format!(
        "pUt /echo?a=b%20c HTTP/1.1\r\nHost: {}\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\naccept: x\r\n\
         Connection: keep-alive\r\nContent-Length: 10\r\nX-A: 1\r\nX-A: 1\r\n\r\nthe second",
        authority(&server.http())
    );
    for _ in 0..3 {
        assert_eq!(text(&mut session.send(&prepared).unwrap()).unwrap(), expected);
    }
    prepared.set_body("");
    let mut response = session.send(&prepared).unwrap();
    assert!(text(&mut response).unwrap().contains("\r\nContent-Length: 0\r\n"));
    assert_eq!(response.request().method(), "pUt");
}

#[test]
fn bodies_arrive_with_a_length_and_in_chunks() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        for size in [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 3_000_000] {
            let body = session.get(&format!("{base}/bytes/{size}")).unwrap().content().unwrap();
            let digest = get_text(&session, &format!("{base}/sha256/{size}")).unwrap();
            for chunked in [false, true] {
                let mut upload = request("PUT", &format!("{base}/upload"), |options| {
                    if chunked {
                        options.header("Transfer-Encoding", "chunked").unwrap();
                    }
                });
                upload.body(&body);
                let expected = format!(r#"{{"bytes": {size}, "sha256": "{digest}"}}"#);
                assert_eq!(echoed(&session, &upload), expected, "{base}, chunked: {chunked}");
            }
        }
    }
}

#[test]
fn chunks_on_the_wire() {
    let server = Server::start();
    let mut upload = request("POST", &format!("{}/echo", server.http()), |options| {
        options.header("Transfer-Encoding", "chunked").unwrap();
    });
    for (body, framed) in [("hello, chunks", "d\r\nhello, chunks\r\n0\r\n\r\n"), ("", "0\r\n\r\n")]
    {
        upload.body(body);
        let seen = echoed(&Session::new(), &upload);
        assert!(seen.ends_with(&format!("Transfer-Encoding: chunked\r\n\r\n{framed}")), "{seen}");
        assert!(!seen.contains("Content-Length"), "{seen}");
    }
}

#[test]
fn a_framing_that_lies_is_refused_and_nothing_is_sent() {
    let peer = Peer::plain(vec![]);
    let cases: [(&str, &[(&str, &str)]); 7] = [
        ("hello", &[("Content-Length", "4")]),
        ("hello", &[("Content-Length", "6")]),
        ("hello", &[("Content-Length", "five")]),
        ("", &[("Content-Length", "5")]),
        ("hello", &[("Transfer-Encoding", "chunked")]),
        ("hello", &[("Transfer-Encoding", "gzip")]),
        ("hello", &[("Host", "a"), ("Host", "b")]),
    ];
    for (body, fields) in cases {
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.body(body);
        let mut prepared = peer.session.prepare(&request).unwrap();
        let headers = prepared.headers_mut();
        for (name, _) in fields {
            // A length beside a Transfer-Encoding stays: that is what must be refused.
            headers.remove(name);
        }
        for (name, value) in fields {
            headers.add(name, value.as_bytes()).unwrap();
        }
        let error = failure(peer.session.send(&prepared), ErrorKind::InvalidHeader, Phase::Send);
        assert!(error.message().contains("was not sent"), "{error}");
    }
    assert_eq!(peer.accepted(), 0);
}

#[test]
fn what_no_request_can_hold_is_refused_when_it_is_set() {
    let mut request = Request::new("GET", "http://h/").unwrap();
    for (name, value) in [("X", "a\r\nB: c"), ("X", "a\0"), ("X Y", "a"), ("", "a"), ("X", " a")] {
        let error = request.configure(|options| options.header(name, value)).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidHeader, Phase::Prepare));
        assert!(Session::new().configure(|options| options.header_add(name, value)).is_err());
    }
    let cases = [
        ("example.org/", ErrorKind::MissingSchema),
        ("ftp://example.org/", ErrorKind::InvalidSchema),
        ("http://", ErrorKind::InvalidUrl),
        ("http://h:99999/", ErrorKind::InvalidUrl),
    ];
    for (url, kind) in cases {
        let error = Session::new().get(url).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (kind, Phase::Prepare), "{url}");
    }
    let error = Request::new("G T", "http://h/").unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidMethod, Phase::Prepare));
}

#[test]
fn resolver_overrides_change_the_address_and_nothing_else() {
    let server = Server::start();
    let (session, real) = (session_for(&server), port(&server.http()));
    session.configure(|options| {
        options.resolve("Plain.test", real, "127.0.0.1").unwrap();
        options.resolve("moved.test", 80, &format!("127.0.0.1:{real}")).unwrap();
        options.resolve("localhost", 443, &format!("127.0.0.1:{}", port(&server.https()))).unwrap();
        options
            .resolve("wrong.test", 443, &format!("127.0.0.1:{}", port(&server.https())))
            .unwrap();
    });
    for (url, host) in [
        (format!("http://plain.test:{real}/echo"), format!("plain.test:{real}")),
        ("http://MOVED.test/echo".to_owned(), "moved.test".to_owned()),
        ("https://localhost/echo".to_owned(), "localhost".to_owned()),
    ] {
        let seen = get_text(&session, &url).unwrap();
        assert!(seen.contains(&format!("\r\nHost: {host}\r\n")), "{seen}");
    }
    // TLS verifies the name of the URL.
    failure(session.get(&with_password("https://wrong.test/")), ErrorKind::Tls, Phase::Tls);
    // Another port is not overridden.
    failure(session.get(&with_password("http://moved.invalid/")), ErrorKind::Dns, Phase::Dns);
}

#[test]
fn resolver_settings_that_cannot_be_are_refused() {
    let kind = |result: Result<()>| result.unwrap_err().kind();
    let session = Session::new();
    for (host, port, address) in [
        ("", 80, "127.0.0.1"),
        ("h", 0, "127.0.0.1"),
        ("h", 65_536, "127.0.0.1"),
        ("h", 80, "localhost"),
        ("h", 80, "127.0.0.1:0"),
        ("h", 80, ""),
    ] {
        let result = session.configure(|options| options.resolve(host, port, address));
        assert_eq!(kind(result), ErrorKind::InvalidArgument, "{host:?} {port} {address:?}");
    }
    let mut request = Request::new("GET", "http://h/").unwrap();
    let result = request.configure(|options| options.resolve("h", 80, "127.0.0.1"));
    assert_eq!(kind(result), ErrorKind::InvalidArgument);
    let result = request.configure(|options| options.idle_age(None));
    assert_eq!(kind(result), ErrorKind::InvalidArgument);
}

/// Knows one name, and remembers what it was asked.
#[derive(Default)]
struct Book(Mutex<Vec<String>>);

impl Resolve for Book {
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        self.0.lock().unwrap().push(host.to_owned());
        match host {
            "known.test" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            _ => Err(Error::new(ErrorKind::Dns, format!("{host} is not in the book"))),
        }
    }
}

#[test]
fn a_resolver_is_asked_once_a_connection() {
    let server = Server::start();
    let (session, book) = (Session::new(), Arc::new(Book::default()));
    session.configure(|options| options.resolver(book.clone())).unwrap();
    let url = format!("http://known.test:{}/json", port(&server.http()));
    for _ in 0..3 {
        assert!(get_text(&session, &url).unwrap().contains("librq"));
    }
    // Literals need no lookup.
    assert!(get_text(&session, &format!("{}/json", server.http())).is_ok());
    assert_eq!(*book.0.lock().unwrap(), ["known.test"]);
    let unknown = session.get(&with_password("http://unknown.test/"));
    let error = failure(unknown, ErrorKind::Dns, Phase::Dns);
    assert!(error.message().contains("not in the book"), "{error}");
}

#[test]
fn ipv6_is_spoken_where_the_machine_has_it() {
    let server = Server::start();
    let base = server.http6();
    let bound = std::net::TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(bound, !base.is_empty());
    if bound {
        let seen = get_text(&Session::new(), &format!("{base}/echo")).unwrap();
        assert!(seen.contains(&format!("\r\nHost: {}\r\n", authority(&base))), "{seen}");
        assert!(authority(&base).starts_with("[::1]:"));
    }
}
