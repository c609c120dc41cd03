//! The endpoints that behave, over a plain connection.

use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use rq_testd::Server;

use crate::client::{Client, field, get, pattern};

fn hex_sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(client: &mut Client) -> String {
    String::from_utf8(client.get("/json").1).unwrap()
}

#[test]
fn connections_and_requests_are_numbered() {
    let server = Server::start();
    let (mut first, mut second) =
        (Client::connect(&server.http()), Client::connect(&server.http()));
    assert_eq!(json(&mut first), r#"{"hello": "librq", "connection": 1, "request": 1}"#);
    assert_eq!(json(&mut first), r#"{"hello": "librq", "connection": 1, "request": 2}"#);
    assert_eq!(json(&mut second), r#"{"hello": "librq", "connection": 2, "request": 1}"#);
    let (head, body) = second.get("/connections");
    assert_eq!(body, br#"{"open": 2, "total": 2}"#);
    assert_eq!((field(&head, "X-Connection"), field(&head, "X-Request")), (Some("2"), Some("2")));
}

#[test]
fn same_answers_with_the_same_head() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    let first = client.get("/same/100");
    assert_eq!(first.1, [b'x'; 100]);
    assert_eq!(client.get("/same/100"), first);
}

#[test]
fn echo_returns_the_exact_bytes_of_both_framings() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    for request in [
        "POST /echo?a=b HTTP/1.1\r\nhOST: x\r\nX-Odd:   y \r\nContent-Length: 5\r\n\r\n\0\r\nab",
        "M-SEARCH /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
         3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n000\r\nTrailer: t\r\n\r\n",
        "GET http://elsewhere.example/echo HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    ] {
        client.write(request);
        let (head, body) = client.reply();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(String::from_utf8(body).unwrap(), request);
    }
}

#[test]
fn upload_counts_and_hashes_content_after_a_100() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write("PUT /upload HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n");
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write(pattern(300_000));
    let expected = |size, sha256| format!(r#"{{"bytes": {size}, "sha256": "{sha256}"}}"#);
    let large = expected(300_000, hex_sha256(&pattern(300_000)));
    assert_eq!(String::from_utf8(client.reply().1).unwrap(), large);
    client.write("PUT /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(String::from_utf8(client.reply().1).unwrap(), expected(2, hex_sha256(b"hi")));
}

#[test]
fn bytes_are_the_pattern_with_its_digest() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    for size in [0, 1, 1000, 600_001] {
        let (head, body) = client.get(&format!("/bytes/{size}"));
        assert!(body == pattern(size), "{size} bytes differ");
        assert_eq!(field(&head, "X-SHA256"), Some(hex_sha256(&body).as_str()));
        let (_, digest) = client.get(&format!("/sha256/{size}"));
        assert_eq!(digest, hex_sha256(&body).into_bytes());
    }
    client.write(get("/close/600001"));
    assert_eq!(field(&client.head(), "Content-Length"), None);
    assert!(client.rest() == (pattern(600_001), None));
}

#[test]
fn lines_come_in_chunks_that_end_within_them() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write(get("/lines/2/0").replace("HTTP/1.1\r\n", "HTTP/1.1\r\nConnection: close\r\n"));
    assert_eq!(field(&client.head(), "Transfer-Encoding"), Some("chunked"));
    let expected = "8\r\n{\"event\"\r\n5\r\n: 1}\n\r\n8\r\n{\"event\"\r\n5\r\n: 2}\n\r\n0\r\n\r\n";
    assert_eq!(String::from_utf8(client.rest().0).unwrap(), expected);
}

#[test]
fn digest_lets_in_who_knows_the_password() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    let (head, _) = client.get("/digest/ann/secret");
    assert!(head.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{head}");
    let challenge = field(&head, "WWW-Authenticate").unwrap().to_owned();
    assert!(challenge.starts_with("Digest realm=\"testd\", nonce=\""), "{challenge}");
    assert!(challenge.ends_with(", algorithm=SHA-256, qop=\"auth\""), "{challenge}");
    let nonce = challenge.split('"').nth(3).unwrap();
    let mut answer_with = |password: &str| {
        let secret = hex_sha256(format!("ann:testd:{password}").as_bytes());
        let asked = hex_sha256(b"GET:/digest/ann/secret");
        let proof = format!("{secret}:{nonce}:00000001:c0ffee:auth:{asked}");
        let request = format!(
            "GET /digest/ann/secret HTTP/1.1\r\nHost: x\r\nAuthorization: Digest username=\"ann\", \
             realm=\"testd\", nonce=\"{nonce}\", uri=\"/digest/ann/secret\", algorithm=SHA-256, \
             response=\"{}\", qop=auth, nc=00000001, cnonce=\"c0ffee\"\r\n\r\n",
            hex_sha256(proof.as_bytes())
        );
        client.write(request);
        let (head, body) = client.reply();
        (head.split(' ').nth(1).unwrap().to_owned(), String::from_utf8(body).unwrap())
    };
    assert_eq!(answer_with("wrong").0, "401");
    let let_in = r#"{"authenticated": true, "user": "ann"}"#.to_owned();
    assert_eq!(answer_with("secret"), ("200".to_owned(), let_in));
}

#[test]
fn chunked_comes_in_pieces_of_10000_with_a_trailer() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write("GET /chunked/25000 HTTP/1.1\r\nConnection: close\r\n\r\n");
    let head = client.head();
    assert_eq!(field(&head, "Transfer-Encoding"), Some("chunked"));
    assert_eq!(field(&head, "Trailer"), Some("X-Checksum"));
    let body = pattern(25_000);
    let mut expected = Vec::new();
    for piece in body.chunks(10_000) {
        expected.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        expected.extend(piece);
        expected.extend(b"\r\n");
    }
    expected.extend(format!("0\r\nX-Checksum: {}\r\n\r\n", hex_sha256(&body)).into_bytes());
    assert!(client.rest() == (expected, None));
}

#[test]
fn status_takes_any_code_and_reason_and_knows_which_have_no_body() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    let (head, body) = client.get("/status/418?x=1&reason=I%27m%20a+teapot");
    assert!(head.starts_with("HTTP/1.1 418 I'm a+teapot\r\n"), "{head}");
    assert_eq!(body, b"status 418\n");
    for (status, line) in [(204, "HTTP/1.1 204 No Content"), (304, "HTTP/1.1 304 Not Modified")] {
        let (head, _) = client.get(&format!("/status/{status}"));
        assert!(head.starts_with(line) && field(&head, "Content-Length").is_none(), "{head}");
    }
    assert!(client.get("/status/4180").0.starts_with("HTTP/1.1 404 Not Found\r\n"));
}

#[test]
fn head_gets_the_same_head_and_no_body() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    for path in ["/bytes/1000", "/status/200", "/connections"] {
        client.write(format!("HEAD {path} HTTP/1.1\r\n\r\n"));
        let head = client.head();
        let (same, _) = client.get(path);
        let strip =
            |head: &str| head.lines().filter(|l| !l.starts_with("X-Req")).collect::<String>();
        assert_eq!(strip(&head), strip(&same));
    }
}

#[test]
fn odd_fields_come_exactly_so() {
    let server = Server::start();
    let (head, body) = Client::connect(&server.http()).get("/headers");
    let odd = "X-Odd-CASE: a\r\nx-odd-case: b\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\
        X-Latin: caf\u{e9}\r\nX-Empty:\r\n";
    assert!(head.contains(odd), "{head}");
    assert_eq!(body, b"ok");
}

#[test]
fn delay_and_drip_take_their_time() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    for (path, body) in [("/delay/60", "slept"), ("/drip/3/20", "...")] {
        let start = Instant::now();
        assert_eq!(client.get(path).1, body.as_bytes());
        assert!(start.elapsed() >= Duration::from_millis(60), "{path}: {:?}", start.elapsed());
    }
}

#[test]
fn interim_replies_come_before_the_final_one() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write(get("/interim"));
    let heads = [client.head(), client.head(), client.head()];
    assert_eq!(heads.each_ref().map(|head| &head[9..12]), ["100", "102", "103"]);
    assert_eq!(field(&heads[2], "Link"), Some("</style.css>; rel=preload"));
    assert_eq!(client.reply().1, b"done");
    client.write(get("/interim/5"));
    assert!((0..5).all(|_| client.head().starts_with("HTTP/1.1 103 ")));
    assert_eq!(client.reply().1, b"done");
}

#[test]
fn heads_grow_as_asked() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    let (head, _) = client.get("/huge-head/70000");
    assert_eq!(field(&head, "X-Huge").map(str::len), Some(70_000));
    let (head, _) = client.get("/many-fields/300");
    assert_eq!(head.lines().filter(|line| line.starts_with("X-Field-")).count(), 300);
    let (head, _) = client.get(&format!("/huge-head/{}", u64::MAX));
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
}

#[test]
fn connection_close_and_http_1_0_end_after_the_reply() {
    let server = Server::start();
    for request in ["GET /json HTTP/1.1\r\nConnection: Close\r\n\r\n", "GET /json HTTP/1.0\r\n\r\n"]
    {
        let mut client = Client::connect(&server.http());
        client.write(request);
        assert_eq!(field(&client.reply().0, "Connection"), Some("close"));
        assert_eq!(client.rest(), (Vec::new(), None));
    }
}

#[test]
fn what_is_not_http_is_refused() {
    let server = Server::start();
    for request in [
        "GET /json\r\n\r\n",
        "GET  /json HTTP/1.1\r\n\r\n",
        "G@T /json HTTP/1.1\r\n\r\n",
        "GET /json HTTP/1.1\r\nA B: c\r\n\r\n",
        "GET /json HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    ] {
        let mut client = Client::connect(&server.http());
        client.write(request);
        assert!(client.reply().0.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}");
    }
}
