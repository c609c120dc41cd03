//! Flaws 1 to 18: a secret stays with the origin that it was given for, whichever way it was given,
//! however it is spelled, and whatever the redirects are; what was left behind once does not come
//! back. An origin is scheme, host and port; the one exception is the same host going from http to
//! https, both on their default ports.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rq::{
    Auth, Authenticate, Error, ErrorKind, Options, Phase, Prepared, Request, Resolve, Result,
};
use rq::{PoolLimits, Session};
use rq_testd::{Step, script};

use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, say};

/// Stands in every secret of a request.
const SECRET: &str = "t0ken-of-ann";

/// From, to, and whether secrets go along.
const WAYS: [(&str, &str, bool); 16] = [
    ("http://a.test", "http://a.test", true),
    ("http://a.test", "http://A.TEST:80", true),
    ("https://a.test", "https://a.test", true),
    ("https://a.test:444", "https://a.test:444", true),
    ("http://a.test", "https://a.test", true),
    ("http://a.test", "http://b.test", false),
    ("https://a.test", "https://b.test", false),
    ("http://a.test", "http://a.test:81", false),
    ("https://a.test", "https://a.test:444", false),
    ("https://a.test", "http://a.test", false),
    ("http://a.test:81", "https://a.test", false),
    ("http://a.test", "https://a.test:444", false),
    ("http://a.test", "http://sub.a.test", false),
    ("http://sub.a.test", "http://a.test", false),
    ("http://a.test", "http://a.test.b.test", false),
    ("http://a.test", "http://ba.test", false),
];

/// The origin as it is written in `Origins`.
fn plain(origin: &str) -> String {
    origin.to_ascii_lowercase().replacen("ann:s@", "", 1).trim_end_matches(":80").to_owned()
}

/// The head of the second request, after a redirect of the first; `give` settles the secrets.
fn second_head(from: &str, to: &str, give: &dyn Fn(&mut Options)) -> String {
    let away = says([redirect(302, &format!("{to}/next")), say(OK)]);
    let (first, second) = (plain(from), plain(to));
    let mut origins = vec![(first.as_str(), vec![away])];
    if second != first {
        origins.push((&second, vec![says([say(OK)])]));
    }
    let origins = Origins::start(&origins);
    let mut response = origins.get(&format!("{from}/"), give).unwrap();
    assert_eq!((response.status(), &*response.content().unwrap()), (200, &b"ok"[..]));
    let head = origins.heads(&second).pop().unwrap();
    assert!(head.starts_with("GET /next HTTP/1.1\r\n"), "{head}");
    head
}

/// Every way: the secret that `give` settles goes along, or it does not.
#[track_caller]
fn check_ways(what: &str, give: &dyn Fn(&mut Options)) {
    for (from, to, goes_along) in WAYS {
        let head = second_head(from, to, give);
        assert_eq!(head.contains(SECRET), goes_along, "{what}, {from} to {to}: {head}");
    }
}

/// Every way: it is never told to anyone.
#[track_caller]
fn check_never(what: &str, give: &dyn Fn(&mut Options)) {
    for (from, to, _) in WAYS {
        let head = second_head(from, to, give);
        assert!(!head.contains(SECRET), "{what}, {from} to {to}: {head}");
    }
}

fn header(name: &'static str) -> impl Fn(&mut Options) {
    move |options| options.header(name, SECRET).unwrap()
}

/// Credentials of the caller's own kind.
struct Signer;

impl Authenticate for Signer {
    fn authenticate(&self, prepared: &mut Prepared) -> Result<()> {
        prepared.headers_mut().set("Authorization", SECRET.as_bytes())
    }
}

#[test]
fn flaw_01_credentials_stay_with_host_scheme_and_port() {
    check_ways("custom", &|options| options.auth(Auth::custom(Arc::new(Signer))));
    for (from, to, goes_along) in WAYS {
        let basic = |options: &mut Options| options.auth(Auth::basic("ann", "s"));
        let head = second_head(from, to, &basic);
        assert_eq!(head.contains("Authorization: Basic YW5uOnM="), goes_along, "{from} to {to}");
        // What stands in a URL is for that URL's origin too.
        let named = from.replacen("://", "://ann:s@", 1);
        let head = second_head(&named, to, &|_| {});
        assert_eq!(head.contains("Authorization: Basic YW5uOnM="), goes_along, "{from} to {to}");
    }
}

#[test]
fn flaw_02_so_do_headers_that_the_caller_sets() {
    check_ways("Authorization", &header("Authorization"));
    // One by hand is for one request: the jar knows what the next one gets.
    check_never("Cookie", &header("Cookie"));
    // The session's own count as the request's do.
    let origins = Origins::start(&[
        ("http://a.test", vec![says([redirect(302, "http://b.test/")])]),
        ("http://b.test", vec![says([say(OK)])]),
    ]);
    origins.session.configure(|options| {
        for name in ["Authorization", "Cookie"] {
            options.header(name, SECRET).unwrap();
        }
    });
    origins.get("http://a.test/", |_| {}).unwrap();
    assert!(!origins.heads("http://b.test")[0].contains(SECRET));
    assert!(origins.heads("http://a.test")[0].matches(SECRET).count() == 2);
}

#[test]
fn flaw_03_however_their_names_are_spelled() {
    for name in ["authorization", "AUTHORIZATION", "aUTHORIZATIOn"] {
        check_ways(name, &header(name));
    }
    for name in ["cookie", "COOKIE", "proxy-authorization", "pROXY-aUTHORIZATION"] {
        let head = second_head("http://a.test", "http://b.test", &header(name));
        assert!(!head.contains(SECRET), "{name}");
    }
    for (named, sent) in [("X-Api-Key", "x-api-KEY"), ("x-api-key", "X-API-Key")] {
        let head = second_head("http://a.test", "http://b.test", &|options| {
            options.sensitive_header(named).unwrap();
            options.header(sent, SECRET).unwrap();
        });
        assert!(!head.contains(SECRET), "{named} {sent}");
    }
}

/// A reply to the first request that sets a cookie, and sends it on.
fn sets_cookie(cookie: &str, location: &str) -> Step {
    say(format!(
        "HTTP/1.1 302 Away\r\nSet-Cookie: {cookie}\r\nLocation: {location}\r\n\
         Content-Length: 0\r\n\r\n"
    ))
}

#[test]
fn flaw_04_cookies_of_another_origin_are_the_jars_affair() {
    for (cookie, to, goes_along) in [
        ("id=1", "http://a.test/", true),
        ("id=1; Path=/", "https://a.test/", true),
        ("id=1; Path=/", "http://a.test:81/", true),
        ("id=1; Path=/", "http://b.test/", false),
        ("id=1; Path=/", "http://sub.a.test/", false),
        ("id=1; Path=/; Domain=a.test", "http://sub.a.test/", true),
        ("id=1; Path=/; Domain=b.test", "http://b.test/", false),
        ("id=1; Path=/elsewhere", "http://a.test/", false),
    ] {
        let mut origins = vec![("http://a.test", vec![says([sets_cookie(cookie, to), say(OK)])])];
        let target = to.trim_end_matches('/');
        if target != "http://a.test" {
            origins.push((target, vec![says([say(OK)])]));
        }
        let origins = Origins::start(&origins);
        origins.get("http://a.test/", |options| options.header("Cookie", SECRET).unwrap()).unwrap();
        let head = origins.heads(target).pop().unwrap();
        assert_eq!(head.contains("\r\nCookie: id=1"), goes_along, "{cookie} {to}: {head}");
        assert!(!head.contains(SECRET), "{head}");
    }
}

#[test]
fn flaw_05_a_secure_cookie_does_not_follow_to_http() {
    let origins = Origins::start(&[
        (
            "https://a.test",
            vec![says([
                sets_cookie("id=1; Path=/; Secure", "/in"),
                redirect(302, "http://a.test/out"),
            ])],
        ),
        ("http://a.test", vec![says([say(OK)])]),
    ]);
    origins.get("https://a.test/", |_| {}).unwrap();
    assert!(origins.heads("https://a.test")[1].contains("\r\nCookie: id=1"));
    assert!(!origins.heads("http://a.test")[0].contains("Cookie"));
}

#[test]
fn flaw_06_what_was_left_behind_does_not_come_back() {
    for between in ["http://b.test", "http://sub.a.test", "http://a.test:81", "https://b.test"] {
        let origins = Origins::start(&[
            ("http://a.test", vec![says([redirect(302, &format!("{between}/")), say(OK)])]),
            (between, vec![says([redirect(307, "/2"), redirect(302, "http://a.test/back")])]),
        ]);
        origins
            .get("http://a.test/", |options| {
                options.auth(Auth::custom(Arc::new(Signer)));
                options.cookie("own", Some(SECRET)).unwrap();
                options.sensitive_header("X-Key").unwrap();
                options.header("X-Key", SECRET).unwrap();
            })
            .unwrap();
        let (first, other) = (origins.heads("http://a.test"), origins.heads(between));
        assert_eq!((first.len(), other.len()), (2, 2), "{between}");
        assert_eq!(first[0].matches(SECRET).count(), 3);
        for head in [&first[1], &other[0], &other[1]] {
            assert!(!head.contains(SECRET), "{between}: {head}");
        }
    }
}

#[test]
fn flaw_07_no_proxy_authorization_follows_a_redirect() {
    check_never("Proxy-Authorization", &header("Proxy-Authorization"));
}

#[test]
fn flaw_08_cookies_of_one_request_are_bound_to_its_origin() {
    check_ways("a cookie", &|options| options.cookie("own", Some(SECRET)).unwrap());
    check_ways("a cookie without the jar", &|options| {
        options.jar(false);
        options.cookie("own", Some(SECRET)).unwrap();
    });
}

#[test]
fn flaw_09_all_of_them_at_once() {
    for (from, to, goes_along) in WAYS {
        let head = second_head(from, to, &|options| {
            for name in ["Authorization", "Proxy-Authorization", "X-Key", "X-Open"] {
                options.header(name, format!("{SECRET} {name}")).unwrap();
            }
            options.header("Host", "own.test").unwrap();
            options.sensitive_header("x-key").unwrap();
            options.cookie("own", Some(SECRET)).unwrap();
        });
        let has = |line: &str| head.contains(&format!("\r\n{line}"));
        for line in ["Authorization: ", "X-Key: ", "Cookie: own=", "Host: own.test"] {
            assert_eq!(has(line), goes_along, "{line}, {from} to {to}: {head}");
        }
        assert!(!has("Proxy-Authorization") && has("X-Open: "), "{from} to {to}: {head}");
        assert_eq!(head.matches("\r\nHost: ").count(), 1, "{head}");
    }
}

#[test]
fn flaw_10_a_secret_header_of_any_name_can_be_named() {
    check_ways("X-Api-Key", &|options| {
        options.sensitive_header("X-Api-Key").unwrap();
        options.header("X-Api-Key", SECRET).unwrap();
    });
    // Named on the session, set on the request, and added more than once.
    let origins = Origins::start(&[
        ("http://a.test", vec![says([redirect(302, "http://b.test/")])]),
        ("http://b.test", vec![says([say(OK)])]),
    ]);
    origins.session.configure(|options| options.sensitive_header("X-Api-Key")).unwrap();
    let twice = |options: &mut Options| {
        options.header_add("X-Api-Key", SECRET).unwrap();
        options.header_add("x-api-key", SECRET).unwrap();
        options.header("X-Other", "goes along").unwrap();
    };
    origins.get("http://a.test/", twice).unwrap();
    let head = origins.heads("http://b.test").remove(0);
    assert!(!head.contains(SECRET) && head.contains("X-Other: goes along"), "{head}");
}

#[test]
fn flaw_11_the_first_request_is_not_changed_by_where_it_leads() {
    let away = says([redirect(303, "http://b.test/"), redirect(303, "http://b.test/")]);
    let origins = Origins::start(&[
        ("http://a.test", vec![away]),
        ("http://b.test", vec![says([say(OK), say(OK)])]),
    ]);
    let mut request = Request::new("POST", "http://a.test/").unwrap();
    request.configure(|options| options.header("Authorization", SECRET)).unwrap();
    request.configure(|options| options.cookie("own", Some("1"))).unwrap();
    let prepared = origins.session.prepare(&request).unwrap();
    let told = |prepared: &Prepared| {
        let fields: Vec<(String, Vec<u8>)> =
            prepared.headers().iter().map(|(name, value)| (name.into(), value.into())).collect();
        (prepared.method().to_owned(), prepared.url().as_str().to_owned(), fields)
    };
    let before = told(&prepared);
    for _ in 0..2 {
        let response = origins.session.send(&prepared).unwrap();
        assert_eq!(told(&prepared), before);
        assert_eq!(told(response.history()[0].request()), before, "as it was sent");
        assert_eq!(response.request().method(), "GET");
        assert_eq!(response.request().headers().get("authorization"), None);
    }
    let heads = origins.heads("http://a.test");
    assert!(heads.len() == 2 && heads[0] == heads[1], "{heads:#?}");
}

#[test]
fn flaw_12_through_a_proxy_it_is_the_same() {
    for (to, goes_along) in [("http://a.test/next", true), ("http://b.test/next", false)] {
        let proxy = script(vec![says([redirect(302, to), say(OK)])]);
        let session = Session::new();
        session.configure(|options| options.proxy("http", Some(proxy.url()))).unwrap();
        let mut request = Request::new("GET", "http://a.test/").unwrap();
        request.configure(|options| {
            options.header("Authorization", SECRET).unwrap();
            options.cookie("own", Some(SECRET)).unwrap();
        });
        let sent = session.send(&session.prepare(&request).unwrap()).unwrap();
        assert_eq!((sent.status(), proxy.accepted()), (200, 1));
        let received = String::from_utf8(proxy.received(0)).unwrap();
        let heads: Vec<&str> = received.split_terminator("\r\n\r\n").collect();
        assert!(heads[0].starts_with("GET http://a.test/ HTTP/1.1\r\n"), "{received}");
        assert!(heads[1].starts_with(&format!("GET {to} HTTP/1.1\r\n")), "{received}");
        let count = if goes_along { 2 } else { 0 };
        assert_eq!(heads[1].matches(SECRET).count(), count, "{received}");
    }
}

#[test]
fn flaw_13_a_body_that_is_dropped_takes_all_that_describes_it_along() {
    for (status, method, after) in
        [(303, "POST", "GET"), (303, "PUT", "GET"), (302, "POST", "GET"), (301, "POST", "GET")]
    {
        for chunked in [false, true] {
            let size = if chunked { "5\r\nhello\r\n0\r\n\r\n".len() } else { 5 };
            let first = [Step::ReadHead, Step::ReadBody(size), redirect(status, "/next")];
            let steps = [&first[..], &says([say(OK)])].concat();
            for peer in Peer::both(&[steps]) {
                let mut request = Request::new(method, &peer.url()).unwrap();
                request.configure(|options| {
                    for name in ["Content-Type", "Content-Encoding", "Content-Language"] {
                        options.header(name, "of-the-body").unwrap();
                    }
                    if chunked {
                        options.header("Transfer-Encoding", "chunked").unwrap();
                    }
                });
                request.body("hello");
                let sent = peer.session.send(&peer.session.prepare(&request).unwrap()).unwrap();
                assert_eq!(sent.status(), 200);
                let received = String::from_utf8(peer.received(0)).unwrap();
                let line = received.rfind(&format!("{after} /next ")).expect("a second request");
                let line = &received[line..];
                assert!(line.starts_with(&format!("{after} /next HTTP/1.1\r\n")), "{received}");
                for name in ["Content-", "Transfer-Encoding", "of-the-body"] {
                    assert!(!line.contains(name), "{status} {method}: {line}");
                }
            }
        }
    }
}

#[test]
fn flaw_14_none_is_none_wherever_it_is_set() {
    let limited = |level: &str, change: &dyn Fn(&mut Options)| {
        let origins = Origins::start(&[("http://a.test", vec![says([redirect(302, "/next")])])]);
        if level == "session" {
            origins.session.configure(change);
        }
        let sent = match level {
            "request" => origins.get("http://a.test/", change),
            _ => origins.get("http://a.test/", |_| {}),
        };
        assert_eq!(origins.heads("http://a.test").len(), 1, "{level}");
        sent
    };
    for level in ["session", "request"] {
        let error = limited(level, &|options| options.redirects_max(0)).unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::TooManyRedirects, 302), "{level}");
        let response = limited(level, &|options| options.follow_redirects(false)).unwrap();
        assert_eq!((response.status(), response.is_redirect()), (302, true), "{level}");
    }
    // Connections and proxies have no say in it.
    let one = PoolLimits { idle_max: 1, idle_per_host_max: 1, open_per_host_max: 1 };
    let proxy = script(vec![says([redirect(302, "http://b.test/")])]);
    let session = Session::new();
    session.configure(|options| {
        options.pool(one).unwrap();
        options.proxy("http", Some(proxy.url())).unwrap();
        options.redirects_max(0);
    });
    let error = session.get("http://a.test/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
}

#[test]
fn flaw_15_nobody_is_told_where_the_request_came_from() {
    let origins = Origins::start(&[
        ("http://a.test", vec![says([redirect(302, "http://b.test/?q=2#f")])]),
        ("http://b.test", vec![says([redirect(307, "/3"), say(OK)])]),
    ]);
    origins.get("http://ann:s3cret@a.test/private?q=1#fragment", |_| {}).unwrap();
    for head in [origins.heads("http://a.test"), origins.heads("http://b.test")].concat() {
        for told in ["Referer", "Origin:", "private?q=1 ", "s3cret", "fragment", "#"] {
            let own = told == "private?q=1 " && head.starts_with("GET /private?q=1 ");
            assert!(own || !head.contains(told), "{told}: {head}");
        }
    }
}

#[test]
fn flaw_16_a_bearer_token_is_a_credential_and_netrc_is_asked_for_each_host() {
    check_ways("bearer", &|options| options.auth(Auth::bearer(SECRET).unwrap()));
    let path = std::env::temp_dir().join(format!("rq-netrc-flaw-16-{}", std::process::id()));
    std::fs::write(
        &path,
        "machine a.test login ann password a\nmachine b.test login bob password b\n",
    )
    .unwrap();
    let origins = Origins::start(&[
        ("http://a.test", vec![says([redirect(302, "http://b.test/"), say(OK)])]),
        ("http://b.test", vec![says([redirect(302, "http://c.test/")])]),
        ("http://c.test", vec![says([redirect(302, "http://a.test/")])]),
    ]);
    let netrc = path.to_str().unwrap().to_owned();
    origins.session.configure(|options| options.env("NETRC", Some(&netrc))).unwrap();
    let sent = origins.get("http://a.test/", |_| {});
    let _ = std::fs::remove_file(&path);
    assert_eq!(sent.unwrap().status(), 200);
    let credentials = |origin: &str| {
        let head = origins.heads(origin).remove(0);
        head.lines().find_map(|line| line.strip_prefix("Authorization: Basic ").map(str::to_owned))
    };
    assert_eq!(credentials("http://a.test").as_deref(), Some("YW5uOmE="));
    assert_eq!(credentials("http://b.test").as_deref(), Some("Ym9iOmI="));
    assert_eq!(credentials("http://c.test"), None);
}

/// Knows every name, and remembers what it was asked.
#[derive(Default)]
struct Book(Mutex<Vec<String>>);

impl Resolve for Book {
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        self.0.lock().unwrap().push(host.to_owned());
        Err(Error::new(ErrorKind::Dns, "no such host"))
    }
}

#[test]
fn flaw_17_no_part_of_a_password_is_ever_looked_up() {
    for (userinfo, host) in [
        ("ann:s3cret@", "b.test"),
        ("ann:s3@cret@", "b.test"),
        ("ann:s3cret%40x@", "b.test"),
        ("ann@x:s3cret:80@", "b.test"),
        ("s3cret@", "b.test"),
    ] {
        let location = format!("http://{userinfo}{host}/");
        let origins = Origins::start(&[("http://a.test", vec![says([redirect(302, &location)])])]);
        let book = Arc::new(Book::default());
        origins.session.configure(|options| options.resolver(book.clone())).unwrap();
        let error = origins.get("http://a.test/", |_| {}).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Dns, Phase::Dns), "{location}");
        assert_eq!(*book.0.lock().unwrap(), [host], "{location}");
        let told = format!("{error} {error:?} {}", error.url().unwrap());
        assert!(!told.contains("s3") && !told.contains("cret"), "{told}");
    }
}

#[test]
fn flaw_18_there_is_no_base_to_join_a_url_with() {
    let peer = Peer::plain(vec![]);
    for url in ["/path", "path", "//b.test/", "?q=1", ""] {
        let error = peer.session.get(url).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::MissingSchema, Phase::Prepare));
        let mut prepared =
            peer.session.prepare(&Request::new("GET", &peer.url()).unwrap()).unwrap();
        assert!(prepared.set_url(url).is_err(), "{url}");
        assert!(prepared.url().as_str().contains("127.0.0.1"), "the old one stays");
    }
    assert_eq!(peer.accepted(), 0);
    // A Location is joined, and one that names another host in disguise is another origin.
    for disguise in
        ["//b.test/next", "http:\\\\b.test/next", "\\\\b.test/next", "http://a.test@b.test/"]
    {
        let origins = Origins::start(&[
            ("http://a.test", vec![says([redirect(302, disguise), say(OK)])]),
            ("http://b.test", vec![says([say(OK)])]),
        ]);
        let own = |options: &mut Options| options.header("Authorization", SECRET).unwrap();
        assert_eq!(origins.get("http://a.test/", own).unwrap().status(), 200, "{disguise}");
        assert!(!origins.heads("http://b.test").concat().contains(SECRET), "{disguise}");
        let all = [origins.heads("http://a.test"), origins.heads("http://b.test")].concat();
        assert_eq!(all.len(), 2, "{disguise}: {all:#?}");
    }
}
