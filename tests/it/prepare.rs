//! What a request becomes: credentials and where they come from, cookies, parameters, proxies, the
//! curl line (behaviours S2–S11, A1–A9, C2–C8, P1–P10). The vectors of tests/conformance have the
//! rest.

use std::fs;
use std::sync::Arc;

use rq::SharedOptions;
use rq::{Auth, Authenticate, Error, ErrorKind, Options, Part, Phase, Prepared, Request, Session};
use rq_testd::Step;

use crate::client::{failure, ms};
use crate::peer::{Peer, answers, say};

const URL: &str = "http://example.org/dir/page";

fn prepared_for(session: &Session, url: &str, change: impl FnOnce(&mut Options)) -> Prepared {
    let mut request = Request::new("GET", url).unwrap();
    request.configure(change);
    session.prepare(&request).unwrap()
}

fn header(prepared: &Prepared, name: &str) -> Option<String> {
    prepared.headers().get(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
}

/// A session that sees nothing of this machine's environment but `variables`.
fn session_with(variables: &[(&str, &str)]) -> Session {
    let session = Session::new();
    session.configure(|options| {
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "NETRC", "HOME"] {
            options.env(name, None).unwrap();
            options.env(&name.to_uppercase(), None).unwrap();
        }
        variables.iter().for_each(|(name, value)| options.env(name, Some(value)).unwrap());
    });
    session
}

#[test]
fn the_nearest_credentials_win() {
    let netrc = std::env::temp_dir().join(format!("rq-netrc-{}", std::process::id()));
    fs::write(&netrc, "machine example.org login n password n\n").unwrap();
    let session = session_with(&[("NETRC", netrc.to_str().unwrap())]);
    let with_user = "http://u:u@example.org/";
    let sent = |url: &str, change: &dyn Fn(&mut Options)| {
        header(&prepared_for(&session, url, change), "authorization")
    };
    let basic = |pair: &str| Some(format!("Basic {pair}"));
    assert_eq!(sent(with_user, &|_| {}), basic("bjpu"));
    assert_eq!(sent("http://u:u@other.org/", &|_| {}), basic("dTp1"));
    assert_eq!(sent("http://u@other.org/", &|_| {}), None);
    // The parsed host counts, not what stands before the @ (CVE-2024-47081).
    assert_eq!(sent("http://example.org:@other.org/", &|_| {}), basic("ZXhhbXBsZS5vcmc6"));
    let own = |o: &mut Options| o.header("Authorization", "Mine").unwrap();
    assert_eq!(sent(with_user, &own).as_deref(), Some("Mine"));
    assert_eq!(sent(with_user, &|o| o.auth(Auth::none())), None);
    session.configure(|options| options.auth(Auth::basic("s", "s")));
    assert_eq!(sent(with_user, &|_| {}), basic("czpz"));
    assert_eq!(sent(with_user, &own), basic("czpz"));
    assert_eq!(sent(with_user, &|o| o.auth(Auth::basic("r", "é"))), basic("cjrDqQ=="));
    assert_eq!(sent(URL, &|o| o.auth(Auth::bearer("t0k").unwrap())), Some("Bearer t0k".into()));
    fs::remove_file(&netrc).unwrap();
}

#[test]
fn without_trust_the_environment_is_not_seen() {
    let session = session_with(&[("NETRC", "/dev/null"), ("http_proxy", "http://p:1")]);
    let prepared = prepared_for(&session, URL, |_| {});
    assert_eq!(session.proxy_for(&prepared).unwrap().as_deref(), Some("http://p:1"));
    session.configure(|options| options.trust_env(false)).unwrap();
    assert_eq!(session.proxy_for(&prepared).unwrap(), None);
}

#[test]
fn a_change_of_the_sessions_environment_is_seen_at_once() {
    let session = session_with(&[]);
    let prepared = prepared_for(&session, URL, |_| {});
    assert_eq!(session.proxy_for(&prepared).unwrap(), None);
    session.configure(|options| options.env("all_proxy", Some("http://p:2"))).unwrap();
    assert_eq!(session.proxy_for(&prepared).unwrap().as_deref(), Some("http://p:2"));
    session.configure(|options| options.env("NO_PROXY", Some("example.org"))).unwrap();
    assert_eq!(session.proxy_for(&prepared).unwrap(), None);
}

/// Going past a proxy that was asked for is worse than not going at all.
#[test]
fn a_proxy_is_never_passed_by() {
    let peer = Peer::plain(vec![]);
    for (proxy, kind) in [
        ("http://ann:s3cret@p.invalid:1", ErrorKind::Proxy),
        ("https://ann:s3cret@p.invalid:1", ErrorKind::Proxy),
        ("socks4a://ann:s3cret@p.invalid:1", ErrorKind::Socks),
        ("socks5h://ann:s3cret@p.invalid:1", ErrorKind::Socks),
    ] {
        let mut request = Request::new("GET", &peer.url()).unwrap();
        request.configure(|options| options.proxy("http", Some(proxy))).unwrap();
        let prepared = peer.session.prepare(&request).unwrap();
        let error = failure(peer.session.send(&prepared), kind, Phase::Dns);
        assert!(!error.message().contains("s3cret"), "{error}");
        assert_eq!(peer.accepted(), 0);
    }
}

#[test]
fn latin1_is_a_choice_and_has_its_limits() {
    let session = session_with(&[]);
    session.configure(|options| options.auth_latin1(true));
    let latin1 = prepared_for(&session, URL, |o| o.auth(Auth::basic("usér", "påss")));
    assert_eq!(header(&latin1, "authorization").as_deref(), Some("Basic dXPpcjpw5XNz"));
    let mut request = Request::new("GET", URL).unwrap();
    request.configure(|options| options.auth(Auth::basic("u", "☃s3cret")));
    let error = failure(session.prepare(&request), ErrorKind::InvalidArgument, Phase::Prepare);
    assert!(!error.message().contains("s3cret"), "{error}");
}

/// Changes everything that can be changed.
struct Signer;

impl Authenticate for Signer {
    fn authenticate(&self, prepared: &mut Prepared) -> rq::Result<()> {
        if prepared.method() == "DELETE" {
            return Err(Error::new(ErrorKind::Callback, "no key for that"));
        }
        prepared.set_url("http://example.org/signed")?;
        prepared.headers_mut().set("X-Signature", b"abc")?;
        prepared.set_body("signed body");
        prepared.set_method("PUT")
    }
}

#[test]
fn authentication_by_the_caller_comes_last_and_may_change_all() {
    let session = session_with(&[]);
    session.configure(|options| options.auth(Auth::custom(Arc::new(Signer))));
    let prepared = prepared_for(&session, URL, |_| {});
    assert_eq!((prepared.method(), prepared.url().target()), ("PUT", "/signed"));
    assert_eq!(header(&prepared, "content-length").as_deref(), Some("11"));
    assert_eq!(header(&prepared, "x-signature").as_deref(), Some("abc"));
    let failed = session.prepare(&Request::new("DELETE", URL).unwrap());
    assert_eq!(failed.unwrap_err().message(), "no key for that");
}

#[test]
fn a_digest_challenge_is_answered_once_it_is_known_by_its_origin_alone() {
    let challenge = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"abc\", qop=\"auth\",\
        algorithm=SHA-256\r\n\r\n";
    let refuses = vec![Step::ReadHead, say(challenge), Step::ReadHead, say(challenge), Step::Stall];
    for peer in Peer::both(&[refuses]) {
        peer.session.configure(|options| options.auth(Auth::digest("ann", "s3cret")));
        let url = peer.url();
        let sent = prepared_for(&peer.session, &url, |_| {});
        // The session's own Authorization header, which is nobody's digest.
        assert!(!header(&sent, "authorization").unwrap().contains("Digest"));
        let response = peer.session.send(&sent).unwrap();
        // Answered once; what is refused again is the answer.
        assert_eq!((response.status(), response.history().len()), (401, 1));
        for count in ["00000002", "00000003"] {
            let value =
                header(&prepared_for(&peer.session, &url, |_| {}), "authorization").unwrap();
            assert!(value.starts_with("Digest username=\"ann\", realm=\"r\", nonce=\"abc\""));
            assert!(value.contains(&format!("nc={count}")), "{value}");
        }
        let elsewhere = prepared_for(&peer.session, "http://other.test/", |_| {});
        assert!(!header(&elsewhere, "authorization").unwrap().contains("Digest"));
    }
}

#[test]
fn cookies_of_replies_are_kept_and_a_requests_own_are_not() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: id=1; Path=/\r\n\
        Set-Cookie: lang=eo; HttpOnly\r\n\r\nok";
    let steps = vec![Step::ReadHead, say(reply), Step::ReadHead, say(reply), Step::Stall];
    for peer in Peer::both(&[steps]) {
        let own = |o: &mut Options| o.cookie("own", Some("x")).unwrap();
        let first = prepared_for(&peer.session, &peer.url(), own);
        assert_eq!(header(&first, "cookie").as_deref(), Some("own=x"));
        peer.session.send(&first).unwrap().content().unwrap();
        let second = prepared_for(&peer.session, &peer.url(), |_| {});
        assert_eq!(header(&second, "cookie").as_deref(), Some("id=1; lang=eo"));
        let less = |o: &mut Options| o.cookie("id", None).unwrap();
        let without = prepared_for(&peer.session, &peer.url(), less);
        assert_eq!(header(&without, "cookie").as_deref(), Some("lang=eo"));
        let manual = |o: &mut Options| o.header("Cookie", "mine=1").unwrap();
        let manual = prepared_for(&peer.session, &peer.url(), manual);
        assert_eq!(header(&manual, "cookie").as_deref(), Some("mine=1"));
        let elsewhere = prepared_for(&peer.session, "https://other.test/", |_| {});
        assert_eq!(header(&elsewhere, "cookie"), None);
        let bare = prepared_for(&peer.session, &peer.url(), |options| {
            options.jar(false);
            own(options);
        });
        assert_eq!(header(&bare, "cookie").as_deref(), Some("own=x"));
        peer.session.cookies().clear(None, None, None);
        peer.session.send(&bare).unwrap().content().unwrap();
        assert_eq!(peer.session.cookies().list(), []);
        peer.session.cookies().receive(&peer.url(), "id=2").unwrap();
        peer.session.cookies().receive(&peer.url(), "lang=eo").unwrap();
        peer.session.cookies().clear(None, None, Some("id"));
        assert_eq!(peer.session.cookies().list().len(), 1);
    }
}

#[test]
fn cookies_are_kept_in_a_file_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("rq-cookies-{}", std::process::id()));
    let (first, second) = (Session::new(), Session::new());
    let cookies = first.cookies();
    cookies.set("a", Some("1"), Some("example.org"), None, true).unwrap();
    cookies.receive(URL, "b=2; HttpOnly; Max-Age=1000").unwrap();
    cookies.save(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    second.cookies().load(&path).unwrap();
    assert_eq!(second.cookies().list(), cookies.list());
    fs::write(&path, "example.org\tFALSE\ts3cret\n").unwrap();
    let error = second.cookies().load(&path).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::File, Phase::Prepare));
    assert!(error.message().contains("line 1") && !error.message().contains("s3cret"), "{error}");
    assert_eq!(second.cookies().list().len(), 2);
    let missing = second.cookies().load(path.with_extension("none")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::File);
    fs::remove_file(&path).unwrap();
}

/// S14: what is said when sending wins, for that sending alone.
#[test]
fn a_sending_may_have_settings_of_its_own() {
    let peer = Peer::plain(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    let prepared = prepared_for(&peer.session, &peer.url(), |_| {});
    let over = SharedOptions::default();
    over.update(|options| options.timeout(None, Some(ms(50))));
    let error = peer.session.send(&prepared.overridden(&over)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadTimeout);
    assert_eq!(peer.session.send(&prepared).unwrap().status(), 200);
    let proxied = SharedOptions::default();
    proxied.update(|options| options.proxy("http", Some("http://p:1"))).unwrap();
    let mut request = Request::new("GET", URL).unwrap();
    request.configure(|options| options.proxy("http", Some("http://q:2"))).unwrap();
    let mut prepared = session_with(&[]).prepare(&request).unwrap();
    let chosen = |prepared: &Prepared| session_with(&[]).proxy_for(prepared).unwrap().unwrap();
    assert_eq!(chosen(&prepared.overridden(&proxied)), "http://p:1");
    assert_eq!(chosen(&prepared), "http://q:2");
    prepared.configure(|options| options.proxy("http", Some("http://r:3"))).unwrap();
    assert_eq!(chosen(&prepared), "http://r:3");
}

#[test]
fn repeated_headers_are_sent_on_purpose() {
    let session = session_with(&[]);
    let prepared = prepared_for(&session, URL, |options| {
        options.header_add("X-A", "1").unwrap();
        options.header_add("x-a", "2").unwrap();
    });
    assert_eq!(prepared.headers().get_all("X-A").count(), 2);
}

#[test]
fn a_curl_line_masks_secrets_unless_asked() {
    let session = session_with(&[]);
    let mut request = Request::new("POST", "http://ann:s3cret@example.org/a'b").unwrap();
    request.configure(|options| {
        options.header("X-Empty", "").unwrap();
        options.cookie("c", Some("s3cret")).unwrap();
    });
    request.body("it's");
    let prepared = session.prepare(&request).unwrap();
    let line = prepared.curl(false);
    assert!(!line.contains("s3cret") && !line.contains("czNjcmV0"), "{line}");
    assert!(line.contains("--header 'Authorization: Basic ***'"), "{line}");
    assert!(line.contains("--request POST") && line.contains("--header 'X-Empty;'"), "{line}");
    assert!(line.ends_with(r"--data-raw 'it'\''s' 'http://***@example.org/a'\''b'"), "{line}");
    let line = prepared.curl(true);
    assert!(line.contains("Cookie: c=s3cret") && line.contains("//ann:s3cret@"), "{line}");
}

#[test]
fn a_curl_line_says_what_curl_would_do_otherwise() {
    let mut request = Request::new("GET", "http://example.org/a[1-2]{x}").unwrap();
    request.configure(|options| options.path_as_is(true));
    let line = session_with(&[]).prepare(&request).unwrap().curl(false);
    assert!(line.contains("--globoff") && !line.contains("--request"), "{line}");
    request.body("x");
    let line = session_with(&[]).prepare(&request).unwrap().curl(false);
    assert!(line.contains("--request GET"), "{line}");
}

#[test]
fn one_content_is_sent_and_two_that_exclude_each_other_are_told() {
    let session = session_with(&[]);
    let mut request = Request::new("POST", URL).unwrap();
    request.json("{\"a\": 1}").unwrap();
    request.field("k", "v w");
    let prepared = session.prepare(&request).unwrap();
    assert_eq!(prepared.body(), Some(&b"k=v+w"[..]));
    request.body("x");
    let prepared = session.prepare(&request).unwrap();
    assert_eq!((prepared.body(), header(&prepared, "content-type")), (Some(&b"x"[..]), None));
    request.part(Part::new("p"));
    failure(session.prepare(&request), ErrorKind::InvalidArgument, Phase::Prepare);
    let error = request.json("[NaN]").unwrap_err();
    assert_eq!(error.kind().exception(), "InvalidJSONError");
}

#[test]
fn a_content_type_of_ones_own_keeps_its_boundary() {
    let session = session_with(&[]);
    let typed = |content_type: &str| {
        let mut request = Request::new("POST", URL).unwrap();
        request.configure(|options| options.header("Content-Type", content_type)).unwrap();
        request.part(Part::new("p"));
        session.prepare(&request)
    };
    let prepared = typed("multipart/related; boundary=\"mine\"; x=y").unwrap();
    assert!(prepared.body().unwrap().starts_with(b"--mine\r\n"));
    let prepared = typed("multipart/mixed").unwrap();
    let value = header(&prepared, "content-type").unwrap();
    let boundary = value.strip_prefix("multipart/mixed; boundary=").unwrap();
    assert!(prepared.body().unwrap().starts_with(format!("--{boundary}\r\n").as_bytes()));
    for wrong in ["text/plain", "multipart/mixed; boundary=\"a b\r\"", "multipart/x; boundary="] {
        assert_eq!(typed_kind(&typed, wrong), ErrorKind::InvalidHeader, "{wrong}");
    }
}

/// The kind of the failure, wherever it was found.
fn typed_kind(typed: &dyn Fn(&str) -> rq::Result<Prepared>, content_type: &str) -> ErrorKind {
    match Session::new().configure(|options| options.header("Content-Type", content_type)) {
        Err(error) => error.kind(),
        Ok(()) => typed(content_type).unwrap_err().kind(),
    }
}
