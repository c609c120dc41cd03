//! Flaws 88 to 96: hosts, netrc files, the environment, and what a library must leave alone.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rq::{ErrorKind, Request, Session, Url};
use rq_testd::{Server, Step, script};

use crate::client::{get_text, ms, port, session_for, sockets_of, timed};
use crate::peer::{OK, say};

/// A netrc file of a test's own.
struct Netrc(PathBuf);

impl Netrc {
    fn of(name: &str, text: &[u8]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("netrc-{name}-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn session(&self) -> Session {
        let session = Session::new();
        let path = self.0.to_str().unwrap();
        session.configure(|options| options.env("NETRC", Some(path))).unwrap();
        session
    }
}

impl Drop for Netrc {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The Authorization that a GET of `url` would carry.
fn authorization(session: &Session, url: &str) -> Option<String> {
    let prepared = session.prepare(&Request::new("GET", url).unwrap()).unwrap();
    let value = prepared.headers().get("authorization")?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[test]
fn flaw_88_netrc_is_asked_for_the_host_that_is_connected_to() {
    let netrc = Netrc::of("88", b"machine good.test login ann password s3cret\n");
    let session = netrc.session();
    assert!(authorization(&session, "http://good.test/").is_some());
    assert!(authorization(&session, "http://good.test:8080/").is_some());
    for url in [
        "http://good.test:@evil.test/",
        "http://good.test@evil.test/",
        "http://evil.test/good.test",
    ] {
        let sent = authorization(&session, url).unwrap_or_default();
        assert!(!sent.contains("YW5uOnMzY3JldA"), "{url}: {sent}");
    }
}

#[test]
fn flaw_89_each_hop_has_the_credentials_of_its_own_host() {
    let bob = "Basic Ym9iOnR3bw==";
    for (text, expected) in [
        ("machine a.test login ann password one\nmachine b.test login bob password two\n", bob),
        ("machine a.test login ann password one\n", ""),
        // Without a password of its own there is nothing to tell it; least of all another's.
        ("machine a.test login ann password one\nmachine b.test\n", ""),
    ] {
        let to = "HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: http://b.test/\r\n\r\n";
        let first = script(vec![vec![Step::ReadHead, say(to), Step::Stall]]);
        let second = script(vec![vec![Step::ReadHead, say(OK), Step::Stall]]);
        let netrc = Netrc::of("89", text.as_bytes());
        let session = netrc.session();
        for (host, to) in [("a.test", first.url()), ("b.test", second.url())] {
            let at = format!("127.0.0.1:{}", port(to));
            session.configure(|options| options.resolve(host, 80, &at)).unwrap();
        }
        assert_eq!(get_text(&session, "http://a.test/").unwrap(), "ok");
        let seen = String::from_utf8(second.received(0)).unwrap();
        assert_eq!(seen.contains("Authorization"), !expected.is_empty(), "{text}: {seen}");
        assert!(seen.contains(expected), "{text}: {seen}");
    }
}

#[test]
fn flaw_90_a_netrc_file_may_end_anywhere() {
    let machine = "machine a.test login ann password s3cret";
    let text = format!("{machine}\ndefault login x password y");
    for end in 0..=text.len() {
        let netrc = Netrc::of("90", &text.as_bytes()[..end]);
        let sent = authorization(&netrc.session(), "http://a.test/");
        // A file that is no netrc file is none at all.
        if end == machine.len() || end == text.len() {
            assert_eq!(sent.as_deref(), Some("Basic YW5uOnMzY3JldA=="), "{end}");
        }
        assert!(!sent.unwrap_or_default().contains("eDp5"), "the default's, at {end}");
    }
    for garbage in [&b"\0"[..], b"machine", b"\"", b"machine \"a.test", b"\xff\xfe", b"macdef x"] {
        assert_eq!(authorization(&Netrc::of("90g", garbage).session(), "http://a.test/"), None);
    }
}

#[test]
fn flaw_91_one_parser_decides_what_a_host_is() {
    for bad in [
        "http://a.test%2F@evil.test%2F/",
        "http://a.test%2Fb/",
        "http://a.test%23b/",
        "http://a.test%40b/",
        "http://a.test%5Cb/",
        "http://a.test\u{2100}.evil.test/",
        "http://a.test\u{ff0f}evil.test/",
        "http://a b/",
        "http://a\tb/",
    ] {
        assert!(Url::parse(bad).is_err(), "{bad:?} is {:?}", Url::parse(bad));
    }
    for (text, host) in [
        ("http://a.test#@evil.test/", "a.test"),
        ("http://a.test?@evil.test/", "a.test"),
        ("http://a.test\\@evil.test/", "a.test"),
        ("http://user@a.test@b.test/", "b.test"),
        (" http://a.test/", "a.test"),
    ] {
        assert_eq!(Url::parse(text).unwrap().host(), host, "{text:?}");
    }
}

#[test]
fn flaw_92_brackets_are_for_ipv6_addresses() {
    for bad in
        ["[a.test]", "[127.0.0.1]", "[]", "[::1", "::1]", "[::1]x", "[v1.x]", "[:::1]", "[::1%]"]
    {
        assert!(Url::parse(&format!("http://{bad}/")).is_err(), "{bad}");
    }
    assert_eq!(Url::parse("http://[::1]:80/").unwrap().host(), "::1");
}

#[test]
fn flaw_93_a_path_is_never_taken_for_a_host() {
    let server = Server::start();
    let session = session_for(&server);
    let url = format!("{}//evil.test/x", server.http());
    let parsed = Url::parse(&url).unwrap();
    assert_eq!((parsed.host(), parsed.target()), ("127.0.0.1", "//evil.test/x"));
    assert_eq!(session.get(&url).unwrap().status(), 404, "asked of this server");
    let semicolon = Url::parse("http://user;x@a.test/").unwrap();
    assert_eq!(semicolon.host(), "a.test");
}

#[test]
fn flaw_94_files_are_written_where_the_caller_says_and_nowhere_else() {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("94-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Disposition: attachment; \
        filename=\"../../evil\"\r\n\r\nok";
    let peer = script(vec![vec![Step::ReadHead, say(head), Step::Stall]]);
    let mut response = Session::new().get(peer.url()).unwrap();
    response.save(folder.join("mine")).unwrap();
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["mine"]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn flaw_95_long_texts_cost_what_their_bytes_cost() {
    let urls = |count: usize| {
        [
            format!("http://{}a.test/", "@".repeat(count)),
            format!("http://a.test/{}", "/..".repeat(count)),
            format!("http://a.test/{}", "%".repeat(count)),
            format!("http://a.test/?{}", "&".repeat(count)),
            format!("http://[{}", ":".repeat(count)),
        ]
    };
    for url in urls(200_000) {
        let (_, took) = timed(|| drop(Url::parse(&url)));
        // Quadratic work would take minutes.
        assert!(took < Duration::from_secs(10), "{took:?}: {}", &url[..30]);
    }
    let link = format!("<{}", "<>;,".repeat(50_000));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nLink: {}\r\n\r\n", &link[..60_000]);
    let peer = script(vec![vec![Step::ReadHead, say(head), Step::Stall]]);
    let response = Session::new().get(peer.url()).unwrap();
    let (_, took) = timed(|| response.links().len());
    assert!(took < ms(10_000), "{took:?}");
}

#[test]
fn flaw_96_descriptors_are_closed_on_exec_and_the_environment_is_read_once() {
    let server = Server::start();
    let session = session_for(&server);
    let url = format!("{}/json", server.https());
    assert!(get_text(&session, &url).is_ok());
    // A child sees its own descriptors: what was inherited would be a socket.
    let mut ls = Command::new("ls");
    let listed = ls.args(["-l", "/proc/self/fd"]).stdin(Stdio::null()).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("->"), "{listed}");
    let kept = sockets_of(port(&url));
    assert_eq!(kept.len(), 1, "the connection is kept");
    assert!(kept.iter().all(|inode| !listed.contains(&format!("socket:[{inode}]"))), "{listed}");
    let error = session.get("http://p.invalid/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns);
}
