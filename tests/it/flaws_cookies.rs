//! Cookie flaws that really happened in other clients (`flaw_44` to `flaw_52`): what reaches the
//! wire, and what a jar takes. The rules one by one are in the jar's own tests.

use std::fs;
use std::path::PathBuf;

use rq::{Cookie, ErrorKind, Options, Request, Session};
use rq_testd::{Conn, Step};

use crate::client::text;
use crate::peer::{Peer, say};

/// Every one of them is the script.
const HOSTS: &[&str] = &[
    "a.test",
    "sub.a.test",
    "b.test",
    "example.test",
    "www.example.test",
    "sneakyexample.test",
    "a.co.uk",
    "b.co.uk",
];

/// A connection that answers one request with this status and these fields.
fn reply(status: u16, fields: &str) -> Conn {
    let head = format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\nConnection: close");
    vec![Step::ReadHead, say(format!("{head}\r\n\r\n"))]
}

/// A script that plays these connections on port 80 of all [`HOSTS`].
fn web(conns: Vec<Conn>) -> Peer {
    let peer = Peer::plain(conns);
    let address = address(&peer);
    peer.session.configure(|options| {
        for host in HOSTS {
            options.resolve(host, 80, &address).unwrap();
        }
    });
    peer
}

fn address(peer: &Peer) -> String {
    format!("127.0.0.1:{}", peer.url().rsplit(':').next().unwrap())
}

/// The Cookie header that connection `n` got; empty without one.
fn cookies_of(peer: &Peer, n: usize) -> String {
    let head = String::from_utf8(peer.received(n)).unwrap();
    let lines: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("Cookie: ")).collect();
    assert!(lines.len() <= 1, "{head}");
    lines.concat()
}

/// Requests these URLs one after the other; what the connections got.
fn visit(peer: &Peer, urls: &[&str]) -> Vec<String> {
    for url in urls {
        text(&mut peer.session.get(url).unwrap()).unwrap();
    }
    (0..peer.accepted()).map(|n| cookies_of(peer, n)).collect()
}

/// The Cookie header of a request to `url`; empty without one.
fn sent(session: &Session, url: &str) -> String {
    let prepared = session.prepare(&Request::new("GET", url).unwrap()).unwrap();
    String::from_utf8(prepared.headers().get("cookie").unwrap_or_default().to_vec()).unwrap()
}

/// Whether a new session takes this line from `from`, and what it then sends to `to`.
fn taken(from: &str, line: &str, to: &str) -> (bool, String) {
    let session = Session::new();
    let is_taken = session.cookies().receive(from, line).unwrap();
    (is_taken, sent(&session, to))
}

#[track_caller]
fn is_refused(from: &str, line: &str) {
    let session = Session::new();
    assert!(!session.cookies().receive(from, line).unwrap(), "{from} {}", line.escape_debug());
    assert_eq!(session.cookies().list(), [], "{from} {}", line.escape_debug());
}

/// Requests CVE-2015-2296.
#[test]
fn flaw_44_a_redirect_s_cookie_is_for_the_host_that_set_it() {
    let peer = web(vec![
        reply(302, "Location: http://b.test/\r\nSet-Cookie: sid=1\r\n"),
        reply(200, ""),
        reply(200, ""),
        reply(200, ""),
    ]);
    let got = visit(&peer, &["http://a.test/", "http://a.test/", "http://sub.a.test/"]);
    assert_eq!(got, ["", "", "sid=1", ""]);
    let cookies = peer.session.cookies().list();
    assert_eq!((cookies.len(), cookies[0].domain()), (1, "a.test"));
    assert!(cookies[0].is_host_only());
}

/// curl CVE-2014-3613, CVE-2014-3620.
#[test]
fn flaw_45_an_address_has_no_tail_and_a_single_label_no_cookies() {
    let fields = "Set-Cookie: tail=1; Domain=0.0.1\r\nSet-Cookie: last=1; Domain=.1\r\n\
        Set-Cookie: own=1; Domain=127.0.0.1\r\n";
    let peer = web(vec![reply(200, fields), reply(200, "")]);
    assert_eq!(visit(&peer, &[&peer.url(), &peer.url()]), ["", "own=1"]);
    for (from, domain) in [
        ("http://192.168.0.1/", "168.0.1"),
        ("http://192.168.0.1/", "0.1"),
        ("http://192.168.0.1/", "1"),
        ("http://[2001:db8::1]/", "db8::1"),
        ("http://[::ffff:1.2.3.4]/", "2.3.4"),
        ("http://a.test/", "test"),
        ("http://a.test/", ".test"),
        ("http://a.com/", "com"),
        ("http://a.test./", "test."),
        ("http://a.test/", ".."),
    ] {
        is_refused(from, &format!("a=1; Domain={domain}"));
    }
    let session = Session::new();
    session.cookies().set("tail", Some("1"), Some("0.0.1"), None, false).unwrap();
    assert_eq!(sent(&session, "http://127.0.0.1/"), "", "not by the program either");
}

/// curl CVE-2023-46218, CVE-2022-27779.
#[test]
fn flaw_46_no_spelling_of_a_public_suffix_gets_through() {
    let fields = "Set-Cookie: a=1; Domain=co.UK\r\nSet-Cookie: b=1; Domain=.co.uk.\r\n";
    let peer = web(vec![reply(200, fields), reply(200, "")]);
    assert_eq!(visit(&peer, &["http://a.co.uk/", "http://b.co.uk/"]), ["", ""]);
    assert_eq!(peer.session.cookies().list(), []);
    for (from, domain) in [
        ("http://a.co.uk/", "CO.UK"),
        ("http://A.CO.UK/", "co.uk"),
        ("http://a.co.uk./", "co.uk."),
        ("http://a.co.uk./", "Co.Uk."),
        ("http://a.co.uk./", "co.uk"),
        ("http://a.co.uk./", "uk."),
        ("http://a.co.uk../", "co.uk.."),
        ("http://me.github.io/", "GitHub.io"),
        ("http://me.github.io./", ".github.io."),
        ("http://b.a.ck/", "a.ck"),
        ("http://a.xn--55qx5d.cn/", "xn--55qx5d.cn"),
        ("http://a.xn--55qx5d.cn/", "XN--55QX5D.cn"),
        ("http://a.公司.cn/", "xn--55qx5d.cn"),
        ("http://a.公司.cn/", "公司.cn"),
    ] {
        is_refused(from, &format!("a=1; Domain={domain}"));
    }
    // A suffix that is a host may speak for itself, and what stands below one for all below it.
    for (from, line, below, expected) in [
        ("http://github.io/", "a=1; Domain=GITHUB.io", "http://me.github.io/", ""),
        ("http://localhost/", "a=1; Domain=localhost", "http://x.localhost/", ""),
        ("http://me.github.io/", "a=1; Domain=ME.github.io", "http://x.me.github.io/", "a=1"),
        ("http://w.a.公司.cn/", "a=1; Domain=a.xn--55qx5d.cn", "http://x.a.公司.cn/", "a=1"),
    ] {
        assert_eq!(taken(from, line, from), (true, "a=1".into()), "{from} {line}");
        assert_eq!(taken(from, line, below), (true, expected.into()), "{from} {line}");
    }
}

/// CPython CVE-2018-20852; curl CVE-2013-1944.
#[test]
fn flaw_47_a_domain_ends_at_a_dot() {
    let peer = web(vec![
        reply(200, "Set-Cookie: sid=1; Domain=example.test\r\n"),
        reply(200, "Set-Cookie: evil=1; Domain=example.test\r\n"),
        reply(200, ""),
        reply(200, ""),
    ]);
    let urls = [
        "http://example.test/",
        "http://sneakyexample.test/",
        "http://www.example.test/",
        "http://example.test/",
    ];
    assert_eq!(visit(&peer, &urls), ["", "", "sid=1", "sid=1"]);
}

/// curl CVE-2025-9086.
#[test]
fn flaw_48_http_leaves_the_secure_cookies_alone() {
    let secure = Peer::tls(vec![
        reply(200, "Set-Cookie: sid=1; Secure; Path=/\r\n"),
        reply(200, "Set-Cookie: __Host-id=2; Secure; Path=/\r\n"),
        reply(200, ""),
    ]);
    let fields = "Set-Cookie: sid=evil; Path=/\r\nSet-Cookie: sid=evil\r\n\
        Set-Cookie: sid=; Max-Age=0; Path=/\r\nSet-Cookie: sid=evil; Path=\r\n\
        Set-Cookie: sid=evil; Path=/in\r\nSet-Cookie: sid=evil; Secure\r\n\
        Set-Cookie: new=evil; Secure\r\nSet-Cookie: __Host-id=evil; Secure; Path=/\r\n\
        Set-Cookie: =__Host-id=evil\r\nSet-Cookie: __Secure-a=evil\r\nSet-Cookie: plain=1\r\n";
    let open = Peer::plain(vec![reply(200, fields), reply(200, "")]);
    secure.session.configure(|options| {
        options.resolve("localhost", 80, &address(&open)).unwrap();
    });
    let (https, http) = (secure.url(), "http://localhost/");
    for url in [&*https, &https, http, http, &https] {
        text(&mut secure.session.get(url).unwrap()).unwrap();
    }
    assert_eq!([0, 1].map(|n| cookies_of(&open, n)), ["", "plain=1"]);
    let got = [0, 1, 2].map(|n| cookies_of(&secure, n));
    assert_eq!(got, ["", "sid=1", "sid=1; __Host-id=2; plain=1"]);
}

/// curl CVE-2022-35252.
#[test]
fn flaw_49_no_control_byte_is_taken() {
    for byte in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\t') {
        let byte = char::from(byte);
        for line in [
            format!("a{byte}b=1"),
            format!("a=1{byte}2"),
            format!("{byte}a=1"),
            format!("a=1{byte}"),
            format!("a=1; Path=/{byte}"),
            format!("a=1; x{byte}"),
        ] {
            is_refused("http://a.test/", &line);
        }
    }
}

/// curl CVE-2022-32205.
#[test]
fn flaw_49_no_server_makes_requests_too_large() {
    let many: String = (0..60).map(|n| format!("Set-Cookie: n{n:02}=1\r\n")).collect();
    let long = format!("Set-Cookie: long=1; x={}\r\n", "x".repeat(8 * 1024));
    let large = |name: &str| format!("Set-Cookie: {name}={}\r\n", "v".repeat(4000));
    let large: String = (0..40).map(|n| large(&format!("large{n:02}"))).collect();
    let peer = web(vec![reply(200, &many), reply(200, &long), reply(200, &large), reply(200, "")]);
    peer.session.cookies().set("mine", Some("1"), None, Some("/"), false).unwrap();
    let response = peer.session.get("http://a.test/").unwrap();
    assert_eq!(response.cookies().list().len(), 50);
    drop(response);
    let got = visit(&peer, &["http://a.test/", "http://a.test/", "http://a.test/x"]);
    let fifty: Vec<String> = (0..50).map(|n| format!("n{n:02}=1")).collect();
    let fifty = format!("mine=1; {}", fifty.join("; "));
    assert_eq!(got[..3], ["mine=1", &fifty, &fifty]);
    assert!(got[3].starts_with(&format!("{fifty}; large00=vvv")), "{} bytes", got[3].len());
    assert!("Cookie: ".len() + got[3].len() <= 8190, "{} bytes", got[3].len());
    assert_eq!(peer.session.cookies().list().len(), 1 + 50 + 40);
}

/// curl CVE-2022-32205.
#[test]
fn flaw_49_a_domain_and_a_jar_hold_so_many_cookies() {
    let session = Session::new();
    for n in 0..400 {
        assert!(session.cookies().receive("http://a.test/", format!("n{n}=1")).unwrap());
    }
    assert_eq!(session.cookies().list().len(), 150);
    for n in 0..4000 {
        assert!(session.cookies().receive(&format!("http://h{n}.test/"), "a=1").unwrap());
    }
    assert_eq!(session.cookies().list().len(), 3000);
}

/// curl CVE-2026-6276.
#[test]
fn flaw_50_cookies_follow_the_url_and_not_the_host_header() {
    let peer = web(vec![
        reply(302, "Location: http://sub.a.test/\r\nSet-Cookie: set=1\r\n"),
        reply(200, ""),
        reply(200, ""),
        reply(200, ""),
    ]);
    let cookies = peer.session.cookies();
    cookies.receive("http://b.test/", "theirs=1").unwrap();
    cookies.receive("http://a.test/", "ours=1").unwrap();
    let mut request = Request::new("GET", "http://a.test/").unwrap();
    request.configure(|options: &mut Options| options.header("Host", "b.test").unwrap());
    let prepared = peer.session.prepare(&request).unwrap();
    text(&mut peer.session.send(&prepared).unwrap()).unwrap();
    assert!(String::from_utf8(peer.received(0)).unwrap().contains("\r\nHost: b.test\r\n"));
    let got = visit(&peer, &["http://b.test/", "http://a.test/"]);
    assert_eq!(got, ["ours=1", "", "theirs=1", "ours=1; set=1"]);
}

/// A cookie file of this test, removed with it.
struct CookieFile(PathBuf);

impl CookieFile {
    fn new(name: &str) -> Self {
        let name = format!("rq-flaw-51-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for CookieFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// curl CVE-2016-8615: a long cookie's end was read as a line of its own.
#[test]
fn flaw_51_a_kept_cookie_stays_one_cookie() {
    let line = "evil.test\tTRUE\t/\tFALSE\t0\tsid\tinjected";
    let session = Session::new();
    for value in [
        format!("{}{line}", "v".repeat(4000)),
        format!("1\t{line}"),
        format!("#HttpOnly_{line}"),
        "\" quoted; ".to_owned(),
    ] {
        let name = format!("n{}", session.cookies().list().len());
        assert!(session.cookies().receive("http://a.test/", format!("{name}={value}")).unwrap());
    }
    for end in ['\n', '\r'] {
        is_refused("http://a.test/", &format!("a=1{end}{line}"));
        is_refused("http://a.test/", &format!("a=1; Path=/{end}{line}"));
    }
    let tabs = format!("a=1; Path=/\t{line}");
    assert!(session.cookies().receive("http://a.test/", tabs).unwrap(), "kept, but not in files");
    let (file, loaded) = (CookieFile::new("kept"), Session::new());
    session.cookies().save(&file.0).unwrap();
    loaded.cookies().load(&file.0).unwrap();
    assert_eq!(loaded.cookies().list(), session.cookies().list()[..4]);
}

/// curl CVE-2016-8615, CVE-2023-38546.
#[test]
fn flaw_51_a_file_s_every_field_is_checked() {
    let (file, session) = (CookieFile::new("fields"), Session::new());
    for line in [
        "a.test\tTRUE\t/\tFALSE\t0",
        "a.test TRUE / FALSE 0 sid 1",
        "a.test\tmaybe\t/\tFALSE\t0\tsid\t1",
        "a.test\tTRUE\tx\tFALSE\t0\tsid\t1",
        "a.test\tTRUE\t/\x01\tFALSE\t0\tsid\t1",
        "a.test\tTRUE\t/\t1\t0\tsid\t1",
        "a.test\tTRUE\t/\tFALSE\t1e9\tsid\t1",
        "a.test\tTRUE\t/\tFALSE\t99999999999999999999\tsid\t1",
        "a.test/x\tTRUE\t/\tFALSE\t0\tsid\t1",
        "a.test@b.test\tTRUE\t/\tFALSE\t0\tsid\t1",
        "a.test:80\tTRUE\t/\tFALSE\t0\tsid\t1",
        "a\0.test\tTRUE\t/\tFALSE\t0\tsid\t1",
        "a.test\tTRUE\t/\tFALSE\t0\ts=d\t1",
        "a.test\tTRUE\t/\tFALSE\t0\ts;d\t1",
        "a.test\tTRUE\t/\tFALSE\t0\tsid\t1\r2",
        "a.test\tTRUE\t/\tFALSE\t0\tsid\t1; b=2",
        "a.test\tTRUE\t/\tFALSE\t0\tsid\t\x7f",
    ] {
        fs::write(&file.0, format!("a.test\tTRUE\t/\tFALSE\t0\tgood\t1\n{line}\n")).unwrap();
        let error = session.cookies().load(&file.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File, "{}", line.escape_debug());
        assert!(error.message().contains("line 2 "), "{error}");
        assert_eq!(session.cookies().list(), [], "{}", line.escape_debug());
    }
    let others = ".co.uk\tTRUE\t/\tFALSE\t0\tsuffix\t1\n127.0.0.1\tTRUE\t/\tFALSE\t0\taddress\t1\n\
        a.test\tFALSE\t/\tFALSE\t0\t__Host-a\t1\na.test\tTRUE\t/\tFALSE\t0\t__secure-a\t1\n";
    fs::write(&file.0, others).unwrap();
    session.cookies().load(&file.0).unwrap();
    let cookies = session.cookies().list();
    assert_eq!(cookies.iter().map(Cookie::domain).collect::<Vec<_>>(), ["co.uk", "127.0.0.1"]);
    assert!(cookies.iter().all(Cookie::is_host_only));
    assert_eq!(sent(&session, "http://a.co.uk/"), "");
    // No name of a file stands for anything but that file.
    for name in ["none", ""] {
        let error = session.cookies().load(file.0.join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
    }
}

/// cookie RUSTSEC-2017-0005; Go CVE-2025-58186.
#[test]
fn flaw_52_no_number_and_no_count_is_too_much() {
    let nines = "9".repeat(1000);
    let minimum = i64::MIN.to_string();
    let ages = [&nines, "9223372036854775807", "9223372036854775808", "-1", "0", &minimum];
    for now in [i64::MIN, -1, 0, 1_502_236_800, i64::MAX] {
        for age in ages.iter().chain([&&*format!("-{nines}")]) {
            let session = Session::new();
            session.cookies().clock(Some(now));
            let line = format!("a=1; Max-Age={age}; Expires=Fri, 31 Dec 9999 23:59:59 GMT");
            let is_kept = !age.starts_with('-') && *age != "0" && now != i64::MAX;
            assert_eq!(session.cookies().receive("http://a.test/", line).unwrap(), is_kept);
            let expected = if is_kept { "a=1" } else { "" };
            assert_eq!(sent(&session, "http://a.test/"), expected, "{now} {age}");
        }
    }
    let full = |pair: &str| format!("a=1{}", pair.repeat(8000 / pair.len()));
    for pair in [";", "; a=;", ";Max-Age=1", ";Path=/", ";Domain=a.test"] {
        let line = full(pair);
        assert_eq!(taken("http://a.test/", &line, "http://a.test/"), (true, "a=1".into()));
    }
}
