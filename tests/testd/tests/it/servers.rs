//! Certificates, the ports that are wrong in one way each, the end of a server, scripts, and the
//! command.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rq_testd::{Server, Step, script, script_tls};

use crate::client::{Client, get, pattern};

/// What a TLS client that trusts the test CA says about a server.
fn tls_failure(server: &Server, url: &str) -> String {
    let mut client = Client::connect_tls(url, server.ca());
    client.stream.write_all(get("/json").as_bytes()).unwrap_err().to_string()
}

#[test]
fn https_serves_what_http_serves() {
    let server = Server::start();
    let mut client = Client::connect_tls(&server.https(), server.ca());
    assert_eq!(client.get("/json").1, br#"{"hello": "librq", "connection": 1, "request": 1}"#);
    assert!(client.get("/bytes/600001").1 == pattern(600_001));
    client.write(get("/close/100"));
    client.head();
    assert_eq!(client.rest(), (pattern(100), None));
}

#[test]
fn bad_certificates_are_bad_in_one_way_each() {
    let server = Server::start();
    for (url, reason) in [
        (server.https_untrusted(), "UnknownIssuer"),
        (server.https_wrong_host(), "not valid for name"),
        (server.https_expired(), "expired"),
        (server.plain_as_tls(), "corrupt message"),
    ] {
        let failure = tls_failure(&server, &url);
        assert!(failure.contains(reason), "{reason}: {failure}");
    }
}

#[test]
fn one_port_wants_a_certificate_of_its_clients() {
    let server = Server::start();
    let (url, cert, key) = (server.mtls(), server.client_cert(), server.client_key());
    let mut client = Client::connect_mtls(&url, server.ca(), &cert, &key);
    assert!(client.get("/json").0.starts_with("HTTP/1.1 200 OK"));
    let mut nobody = Client::connect_tls(&url, server.ca());
    nobody.write(get("/json"));
    assert_ne!(nobody.rest().1, None);
    assert!(server.server_pin().starts_with("sha256//"));
    let locked = std::fs::read_to_string(server.client_key_locked()).unwrap();
    assert!(locked.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{locked}");
}

#[test]
fn one_port_speaks_tls_1_2_alone() {
    let server = Server::start();
    let mut client = Client::connect_tls(&server.https_tls12(), server.ca());
    assert!(client.get("/json").0.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(client.stream.conn.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
}

#[test]
fn ports_refuse_hang_and_stay_silent() {
    let server = Server::start();
    let address = |url: String| url.trim_start_matches("http://").parse::<SocketAddr>().unwrap();
    let wait = Duration::from_millis(300);
    let refused = TcpStream::connect_timeout(&address(server.refused()), wait);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    for _ in 0..3 {
        let hung = TcpStream::connect_timeout(&address(server.blackhole()), wait);
        assert_eq!(hung.unwrap_err().kind(), ErrorKind::TimedOut);
    }
    let mut silent = TcpStream::connect(server.silent()).unwrap();
    silent.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    silent.write_all(get("/json").as_bytes()).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn ipv6_serves_where_it_exists() {
    let server = Server::start();
    let exists = std::net::TcpListener::bind("[::1]:0").is_ok();
    assert_eq!(server.http6().starts_with("http://[::1]:"), exists);
    if exists {
        assert!(Client::connect(&server.http6()).get("/json").0.starts_with("HTTP/1.1 200 OK"));
    }
}

#[test]
fn drop_ends_everything_at_once() {
    let server = Server::start();
    let (http, folder) = (server.http(), server.ca_dir());
    let paths = [
        "/stall-head",
        "/delay/18446744073709551615",
        "/drip/9/60000",
        "/early413",
        "/close/9999999999",
    ];
    let mut clients = paths.map(|path| {
        let mut client = Client::connect(&http);
        client.write(get(path));
        client
    });
    // The last path is being answered once its head is here, its body filling the socket.
    clients[4].head();
    let silent = TcpStream::connect(server.silent()).unwrap();
    assert!(Path::new(&folder).is_dir());
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(!Path::new(&folder).exists());
    assert!(TcpStream::connect(http.trim_start_matches("http://")).is_err());
    for mut client in clients {
        let (_, end) = client.rest();
        assert_ne!(end, Some(ErrorKind::WouldBlock));
    }
    assert_eq!((&silent).read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_script_plays_its_steps_connection_by_connection() {
    let first = vec![
        Step::ReadHead,
        Step::ReadBody(3),
        Step::Send(b"one".to_vec()),
        Step::Wait(Duration::from_millis(30)),
        Step::Send(b"two".to_vec()),
        Step::Close,
    ];
    let script = script(vec![first, vec![Step::ReadHead, Step::Reset], vec![Step::Stall]]);
    let request = b"POST / HTTP/1.1\r\n\r\nabc";
    let mut client = Client::connect(script.url());
    client.write(request);
    let start = Instant::now();
    assert_eq!(client.rest(), (b"onetwo".to_vec(), None));
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(script.received(0), request);
    let mut client = Client::connect(script.url());
    client.write(get("/"));
    assert_eq!(client.rest(), (Vec::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(script.received(1), get("/").into_bytes());
    let stalled = Client::connect(script.url());
    stalled.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!((&stalled.stream).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(Client::connect(script.url()).rest(), (Vec::new(), None));
    assert_eq!(script.accepted(), 4);
}

#[test]
fn a_script_plays_under_tls() {
    let ca = rq_testd::pki::Ca::new("a test's own CA");
    let script = script_tls(&ca, vec![vec![Step::ReadHead, Step::Send(b"hello".to_vec())]]);
    assert!(script.url().starts_with("https://localhost:"));
    let mut client = Client::connect_tls(script.url(), &ca);
    client.write(get("/"));
    assert_eq!(client.rest(), (b"hello".to_vec(), None));
    assert_eq!(script.received(0), get("/").into_bytes());
}

#[test]
fn the_command_runs_another_with_the_variables_set() {
    let script = r#"test -f "$RQ_TEST_CA_FILE" && test -n "$RQ_TEST_HTTP" && echo "$RQ_TEST_CA_DIR"
        exit 7"#;
    let testd =
        Command::new(env!("CARGO_BIN_EXE_testd")).args(["sh", "-c", script]).output().unwrap();
    assert_eq!(testd.status.code(), Some(7));
    let folder = String::from_utf8(testd.stdout).unwrap();
    assert!(folder.ends_with("ca-dir\n"), "{folder}");
    assert!(!Path::new(folder.trim_end()).exists());
}

#[test]
fn the_command_serves_until_its_input_closes() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testd"));
    let mut testd =
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = String::new();
    let mut output = testd.stdout.take().unwrap();
    while !lines.contains("RQ_TEST_PLAIN_AS_TLS=") {
        let mut bytes = [0; 4096];
        let count = output.read(&mut bytes).unwrap();
        assert!(count > 0, "{lines}");
        lines.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    let http = lines.lines().find_map(|line| line.strip_prefix("RQ_TEST_HTTP=")).unwrap();
    assert!(Client::connect(http).get("/json").0.starts_with("HTTP/1.1 200 OK"));
    drop(testd.stdin.take());
    assert_eq!(testd.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(http.trim_start_matches("http://")).is_err());
}
