//! The endpoints that misbehave, over plain connections and, where it differs, over TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rq_testd::Server;

use crate::client::{Client, field, get, pattern};

#[test]
fn truncated_bodies_end_early() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write(get("/truncated"));
    assert_eq!(field(&client.head(), "Content-Length"), Some("1000"));
    assert_eq!(client.rest(), (pattern(500), None));
    let mut client = Client::connect(&server.http());
    client.write(get("/truncated-chunked"));
    assert_eq!(field(&client.head(), "Transfer-Encoding"), Some("chunked"));
    assert_eq!(client.rest(), (b"5\r\nhello\r\n".to_vec(), None));
}

#[test]
fn under_tls_only_truncated_close_lacks_the_close_notify() {
    let server = Server::start();
    for (path, end) in [("/truncated", None), ("/truncated-close", Some(ErrorKind::UnexpectedEof))]
    {
        let mut client = Client::connect_tls(&server.https(), server.ca());
        client.write(get(path));
        client.head();
        assert_eq!(client.rest(), (pattern(500), end), "{path}");
    }
}

#[test]
fn resets_are_resets() {
    let server = Server::start();
    let reset = Some(ErrorKind::ConnectionReset);
    let mut client = Client::connect(&server.http());
    client.write(get("/rst-head"));
    assert_eq!(client.rest(), (Vec::new(), reset));
    let mut client = Client::connect(&server.http());
    client.write(get("/rst-body"));
    assert_eq!(field(&client.head(), "Content-Length"), Some("1000"));
    assert_eq!(client.rest(), (pattern(500), reset));
    let mut client = Client::connect(&server.http());
    assert_eq!(client.get("/then-rst").1, b"ok");
    assert_eq!(client.rest(), (Vec::new(), reset));
    let mut client = Client::connect_tls(&server.https(), server.ca());
    client.write(get("/rst-head"));
    assert_eq!(client.rest(), (Vec::new(), reset));
}

#[test]
fn kill_upload_resets_before_the_body_is_over() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write("POST /kill-upload HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
    client.write(pattern(65_536));
    assert_eq!(client.rest(), (Vec::new(), Some(ErrorKind::ConnectionReset)));
}

#[test]
fn stalls_last_until_the_client_goes() {
    let server = Server::start();
    for (path, sent) in [("/stall-head", 0), ("/stall-body", 10), ("/no-read", 0)] {
        let mut client = Client::connect(&server.http());
        client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        client.write(get(path));
        if sent > 0 {
            assert_eq!(field(&client.head(), "Content-Length"), Some("100"));
        }
        assert_eq!(client.rest(), (pattern(sent), Some(ErrorKind::WouldBlock)), "{path}");
        client.stream.shutdown(Shutdown::Write).unwrap();
        client.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(client.rest(), (Vec::new(), None), "{path}");
    }
}

#[test]
fn then_close_and_then_garbage_follow_a_normal_reply() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    let (head, body) = client.get("/then-close");
    assert_eq!((field(&head, "Connection"), body), (None, b"ok".to_vec()));
    assert_eq!(client.rest(), (Vec::new(), None));
    let mut client = Client::connect(&server.http());
    assert_eq!(client.get("/then-garbage").1, b"ok");
    assert_eq!(client.reply().1, b"bad");
}

#[test]
fn die_on_second_answers_once_a_connection() {
    let server = Server::start();
    for connection in 1..=2 {
        let mut client = Client::connect(&server.http());
        let (head, body) = client.get("/die-on-second");
        assert_eq!(field(&head, "X-Connection"), Some(connection.to_string().as_str()));
        assert!(body.starts_with(b"{\"hello\": \"librq\""));
        client.write("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.rest(), (Vec::new(), None));
    }
}

#[test]
fn early_answers_come_before_the_body() {
    let server = Server::start();
    for path in ["/early413", "/early-close"] {
        let mut client = Client::connect(&server.http());
        client.write(format!("POST {path} HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"));
        let (head, body) = client.reply();
        assert!(head.starts_with("HTTP/1.1 413 Content Too Large\r\n"), "{head}");
        assert_eq!(body, b"too big");
        let open = Some(Duration::from_millis(100));
        client.stream.set_read_timeout(open).unwrap();
        let end = client.stream.read(&mut [0]);
        match path {
            "/early413" => assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock),
            _ => assert_eq!(end.unwrap(), 0),
        }
    }
}

#[test]
fn early413_and_no_read_leave_the_body_unread() {
    let server = Server::start();
    for path in ["/early413", "/no-read"] {
        let mut client = Client::connect(&server.http());
        client.write(format!("POST {path} HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n"));
        client.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let block = pattern(1 << 20);
        let full = (0..1000).find_map(|_| client.stream.write_all(&block).err());
        assert_eq!(full.expect("a full socket").kind(), ErrorKind::WouldBlock, "{path}");
    }
}

#[test]
fn raw_sends_the_decoded_bytes_and_closes() {
    let server = Server::start();
    let mut client = Client::connect(&server.http());
    client.write(get("/raw?q=HTTP/1.1%20200%0d%0A%ff%00%2"));
    assert_eq!(client.rest(), (b"HTTP/1.1 200\r\n\xff\0%2".to_vec(), None));
}
