//! Where redirects lead, and what the caller is told of it: methods and bodies, relative and odd
//! Locations, fragments, the limit, history, `next` (behaviours R1–R22). What must not go along is
//! in `flaws_redirects`; each case's exact bytes are in tests/conformance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rq::{BodyRead, ErrorKind, Options, Phase, Request, Response, Result, Upload};
use rq_testd::Step;

use crate::client::{ends_at, failure, ms, text};
use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, answers, say};

/// The URLs of a response's history and its own.
fn urls(response: &Response) -> Vec<String> {
    let all = response.history().iter().chain([response]);
    all.map(|response| response.url().to_owned()).collect()
}

/// Sends `method` with a body, gets this status with a Location, and returns the second request.
fn after(status: u16, method: &str, body: &str) -> String {
    let first = [Step::ReadHead, Step::ReadBody(body.len()), redirect(status, "/next")];
    let again = [Step::ReadHead, say(OK), Step::ReadBody(body.len()), Step::Stall];
    let peer = Peer::plain(vec![[&first[..], &again].concat()]);
    assert_eq!(
        peer.text(method, body.as_bytes()).unwrap().len(),
        2 * usize::from(method != "HEAD")
    );
    let received = String::from_utf8(peer.received(0)).unwrap();
    let second = received.find(" /next HTTP/1.1").expect("a second request");
    let line = received[..second].rfind(|c: char| !c.is_ascii_uppercase()).map_or(0, |at| at + 1);
    // A body may begin where the method does.
    received[line..].trim_start_matches("BODY").to_owned()
}

#[test]
fn methods_and_bodies_by_status() {
    for (status, method, next, keeps) in [
        (301, "POST", "GET", false),
        (301, "PUT", "PUT", true),
        (301, "DELETE", "DELETE", true),
        (302, "POST", "GET", false),
        (302, "PUT", "GET", false),
        (302, "HEAD", "HEAD", false),
        (303, "PATCH", "GET", false),
        (303, "HEAD", "HEAD", false),
        (307, "POST", "POST", true),
        (308, "PATCH", "PATCH", true),
        (308, "MKCOL", "MKCOL", true),
    ] {
        let body = if method == "HEAD" { "" } else { "body" };
        let seen = after(status, method, body);
        assert!(seen.starts_with(&format!("{next} /next HTTP/1.1\r\n")), "{status}: {seen}");
        assert_eq!(seen.contains("\r\nContent-Length: 4\r\n"), keeps, "{status} {method}: {seen}");
    }
}

#[test]
fn what_is_no_redirect_is_the_answer() {
    for head in [
        "300 Choices\r\nLocation: /next",
        "304 Same\r\nLocation: /next",
        "305 Proxy\r\nLocation: /next",
        "201 Created\r\nLocation: /next",
        "302 Nowhere",
        "302 Nowhere\r\nLocation:",
    ] {
        let reply = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall]]) {
            let response = peer.get().unwrap();
            assert_eq!(response.status().to_string(), head[..3], "{head}");
            assert!(response.history().is_empty() && response.next().unwrap().is_none(), "{head}");
        }
    }
}

#[test]
fn a_location_is_joined_with_the_url_that_answered() {
    for (location, target) in [
        ("/p", "/p"),
        ("p", "/dir/p"),
        ("?q=1", "/dir/page?q=1"),
        ("#f", "/dir/page?own=1"),
        ("../up", "/up"),
        ("./here", "/dir/here"),
        ("//a.test/other", "/other"),
        ("HTTP://A.TEST/Case", "/Case"),
        ("  /blank", "/blank"),
        ("http:/only/path", "/only/path"),
        ("/\u{e9}", "/%C3%A9"),
        ("/a b", "/a%20b"),
        ("/a%20b%zz", "/a%2520b%25zz"),
        ("http://a.test", "/"),
    ] {
        let origins =
            Origins::start(&[("http://a.test", vec![says([redirect(302, location), say(OK)])])]);
        let response = origins.get("http://a.test/dir/page?own=1#old", |_| {}).unwrap();
        assert_eq!(response.status(), 200, "{location}");
        let head = origins.heads("http://a.test").remove(1);
        assert!(head.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{location}: {head}");
    }
}

#[test]
fn a_location_that_leads_nowhere_is_an_error_with_its_url() {
    for (location, kind) in [
        ("mailto:ann@a.test", ErrorKind::InvalidSchema),
        ("ftp://a.test/x", ErrorKind::InvalidSchema),
        ("javascript:alert(1)", ErrorKind::InvalidSchema),
        ("http://a.test:99999/", ErrorKind::InvalidUrl),
        ("http://[::1/", ErrorKind::InvalidUrl),
        ("http://a b/", ErrorKind::InvalidUrl),
    ] {
        let origins = Origins::start(&[("http://a.test", vec![says([redirect(302, location)])])]);
        let error = origins.get("http://a.test/", |_| {}).unwrap_err();
        assert_eq!(error.kind(), kind, "{location}: {error}");
        assert!(error.url().is_some(), "{location}");
        // Unfollowed, it is an answer like any; what it leads to is asked for apart.
        let origins = Origins::start(&[("http://a.test", vec![says([redirect(302, location)])])]);
        let response = origins.get("http://a.test/", |options| options.follow_redirects(false));
        let next = response.unwrap().next();
        assert!(next.is_err() || next.unwrap().is_some(), "{location}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_escaped_as_they_stand() {
    let away = b"HTTP/1.1 302 Away\r\nLocation: /\xff\xe9\r\nContent-Length: 0\r\n\r\n";
    for peer in Peer::both(&[[vec![Step::ReadHead, say(away)], answers()].concat()]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let received = String::from_utf8(peer.received(0)).unwrap();
        assert!(received.contains("GET /%FF%E9 HTTP/1.1\r\n"), "{received}");
    }
}

#[test]
fn a_fragment_is_carried_on_until_another_comes() {
    let origins = Origins::start(&[(
        "http://a.test",
        vec![says([redirect(302, "/1"), redirect(302, "/2#own"), redirect(302, "/3"), say(OK)])],
    )]);
    let response = origins.get("http://a.test/#first", |_| {}).unwrap();
    let paths = ["/#first", "/1#first", "/2#own", "/3#own"];
    assert_eq!(urls(&response), paths.map(|path| format!("http://a.test{path}")));
    assert!(origins.heads("http://a.test").iter().all(|head| !head.contains('#')));
}

#[test]
fn the_limit_counts_redirects_and_names_the_last() {
    let endless = || says((1..40).map(|n| redirect(302, &format!("/{n}"))));
    for (max, sent) in [(0, 1), (1, 2), (5, 6), (30, 31)] {
        for peer in Peer::both(&[endless()]) {
            if max != 30 {
                peer.session.configure(|options| options.redirects_max(max));
            }
            let error = failure(peer.get(), ErrorKind::TooManyRedirects, Phase::Head);
            assert_eq!(error.message(), format!("Exceeded {max} redirects."));
            assert_eq!(error.status(), 302);
            assert_eq!(error.exception(), "TooManyRedirects");
            let received = String::from_utf8(peer.received(0)).unwrap();
            assert_eq!(received.matches(" HTTP/1.1\r\n").count(), sent, "{max}");
        }
    }
    for peer in Peer::both(&[says([redirect(302, "/1"), redirect(302, "/2"), say(OK)])]) {
        peer.session.configure(|options| options.redirects_max(2));
        assert_eq!(peer.text("GET", b"").unwrap(), "ok", "as many as are allowed");
    }
}

#[test]
fn history_holds_each_response_with_its_request_and_body() {
    let moved =
        "HTTP/1.1 301 Moved\r\nLocation: /2\r\nSet-Cookie: a=1\r\nContent-Length: 5\r\n\r\nfirst";
    let found = "HTTP/1.1 302 Found\r\nLocation: /3\r\nContent-Length: 6\r\n\r\nsecond";
    for peer in Peer::both(&[says([say(moved), say(found), say(OK)])]) {
        let mut response = peer.get().unwrap();
        let statuses: Vec<u16> = response.history().iter().map(Response::status).collect();
        assert_eq!((statuses, response.status()), (vec![301, 302], 200));
        assert!(response.history().iter().all(Response::is_redirect) && !response.is_redirect());
        let permanent = response.history().iter().map(Response::is_permanent_redirect);
        assert_eq!(permanent.collect::<Vec<_>>(), [true, false]);
        let targets: Vec<String> = response
            .history()
            .iter()
            .map(|response| response.request().url().as_str().rsplit('/').next().unwrap().into())
            .collect();
        assert_eq!(targets, ["", "2"]);
        let names = |response: &Response| response.cookies().list().len();
        assert_eq!((names(&response.history()[0]), names(&response)), (1, 0));
        let bodies: Vec<String> =
            response.history_mut().iter_mut().map(|old| text(old).unwrap()).collect();
        assert_eq!(bodies, ["first", "second"]);
        assert_eq!(text(&mut response).unwrap(), "ok");
        assert_eq!(peer.accepted(), 1, "all over one connection");
    }
}

#[test]
fn unfollowed_it_says_what_comes_next() {
    for peer in Peer::both(&[says([redirect(303, "/next#f"), say(OK)])]) {
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.configure(|options| {
            options.follow_redirects(false);
            options.header("X-Own", "1").unwrap();
            options.param("only", Some("once"));
        });
        request.body("");
        let response = peer.session.send(&peer.session.prepare(&request).unwrap()).unwrap();
        assert!(response.is_redirect() && response.history().is_empty());
        let next = response.next().unwrap().unwrap();
        assert_eq!(next.method(), "GET");
        assert!(next.url().as_str().ends_with("/next#f"), "{:?}", next.url());
        assert_eq!(next.headers().get("X-Own"), Some(&b"1"[..]));
        drop(response);
        assert_eq!(text(&mut peer.session.send(&next).unwrap()).unwrap(), "ok");
    }
}

/// Gives "body", and counts its rewinds.
struct Rewindable(&'static [u8], Option<Arc<AtomicUsize>>);

impl BodyRead for Rewindable {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let count = self.0.len().min(buf.len());
        buf[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }

    fn can_rewind(&self) -> bool {
        self.1.is_some()
    }

    fn rewind(&mut self) -> Result<()> {
        self.0 = b"body";
        if let Some(count) = &self.1 {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[test]
fn a_body_is_rewound_or_refused_and_never_sent_empty() {
    for status in [307, 308, 301] {
        let one = [Step::ReadHead, Step::ReadBody(4), redirect(status, "/2")];
        let two = [Step::ReadHead, Step::ReadBody(4), say(OK), Step::Stall];
        for peer in Peer::both(&[[&one[..], &two].concat()]) {
            let put = |upload: Upload| {
                let mut request = Request::new("PUT", &peer.url()).unwrap();
                request.body_stream(upload);
                peer.session.send(&peer.session.prepare(&request).unwrap())
            };
            let count = Arc::new(AtomicUsize::new(0));
            let source = Rewindable(b"body", Some(count.clone()));
            assert_eq!(put(Upload::new(source, Some(4))).unwrap().status(), 200, "{status}");
            assert_eq!(count.load(Ordering::Relaxed), 1);
            let received = String::from_utf8(peer.received(0)).unwrap();
            assert_eq!(received.matches("\r\n\r\nbody").count(), 2, "{received}");
        }
        for peer in Peer::both(&[[one.to_vec(), vec![Step::Stall]].concat(), answers()]) {
            let mut request = Request::new("PUT", &peer.url()).unwrap();
            request.body_stream(Upload::new(Rewindable(b"body", None), Some(4)));
            let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
            let error = sent.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Body, "{status}: {error}");
            assert_eq!(error.exception(), "UnrewindableBodyError");
            let received = String::from_utf8(peer.received(0)).unwrap();
            assert_eq!(received.matches(" HTTP/1.1\r\n").count(), 1, "{received}");
            assert_eq!(peer.accepted(), 1);
        }
    }
}

#[test]
fn each_hop_has_its_timeouts_and_all_have_one_deadline() {
    let slow = |location: &str| [Step::ReadHead, Step::Wait(ms(150)), redirect(302, location)];
    let hops = ["/1", "/2", "/3"].map(|location| slow(location).to_vec()).concat();
    for peer in Peer::both(&[[hops.clone(), answers()].concat(), hops]) {
        peer.session.configure(|options| options.timeout(None, Some(ms(400))));
        assert_eq!(peer.text("GET", b"").unwrap(), "ok", "450 ms in all, 150 at a time");
        peer.session.close_idle();
        peer.session.configure(|options| options.total_timeout(Some(ms(300))));
        let error = ends_at(ms(300), || failure(peer.get(), ErrorKind::TotalTimeout, Phase::Head));
        assert!(error.url().is_some());
        assert_eq!(peer.sockets(), 0);
    }
}

#[test]
fn parameters_are_not_repeated_and_settings_are() {
    let origins = Origins::start(&[
        ("http://a.test", vec![says([redirect(302, "http://b.test/x?y=1")])]),
        ("http://b.test", vec![says([say(OK)])]),
    ]);
    let own = |options: &mut Options| {
        options.param("q", Some("1"));
        options.header("Accept", "text/x").unwrap();
        options.body_max(Some(1));
    };
    let mut response = origins.get("http://a.test/", own).unwrap();
    assert_eq!(response.content().unwrap_err().kind(), ErrorKind::Limit, "the hop's own settings");
    let head = origins.heads("http://b.test").remove(0);
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n") && head.contains("Accept: text/x"));
    assert_eq!(origins.accepted("http://a.test"), 1);
}

#[test]
fn two_locations_are_one_list_and_a_loop_ends() {
    let two = "HTTP/1.1 302 Away\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    for peer in Peer::both(&[says([say(two), say(OK)])]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let received = String::from_utf8(peer.received(0)).unwrap();
        assert!(received.contains("GET /a,%20/b HTTP/1.1"), "{received}");
    }
}

#[test]
fn credentials_in_a_location_are_kept_in_the_url_and_not_sent() {
    for to in ["http://bob:s3cret@a.test/next", "http://bob:s3cret@b.test/next"] {
        let origins = Origins::start(&[
            ("http://a.test", vec![says([redirect(302, to), say(OK)])]),
            ("http://b.test", vec![says([say(OK)])]),
        ]);
        let response = origins.get("http://a.test/", |_| {}).unwrap();
        assert_eq!(response.url(), to);
        let heads = [origins.heads("http://a.test"), origins.heads("http://b.test")].concat();
        assert!(heads.len() == 2 && !heads.concat().contains("Authorization"), "{heads:#?}");
        assert!(!heads.concat().contains("s3cret"), "{heads:#?}");
    }
}

#[test]
fn an_error_of_a_later_hop_says_where_and_no_secret() {
    let peer = Peer::plain(vec![says([redirect(302, "http://b:t0ken-of-ann@127.0.0.1:1/x")])]);
    let error = failure(peer.get(), ErrorKind::Connect, Phase::Connect);
    assert_eq!(error.url(), Some("http://127.0.0.1:1/x"));
    assert_eq!(peer.accepted(), 1);
}
