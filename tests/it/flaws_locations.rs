//! Flaws 17 and 18, and what is like them: a Location never leads a secret, or a request, where it
//! only seems to lead.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rq::{Error, ErrorKind, Options, Phase, Request, Resolve, Result};

use crate::client::failure;
use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, say};

/// Stands in every secret of a request.
const SECRET: &str = "t0ken-of-ann";

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

#[test]
fn a_hook_that_answers_for_another_origin_does_not_take_secrets_there() {
    // The hook's own response is a redirect of another origin: its Location is joined there, and
    // the secrets are still those of the first.
    let origins = Origins::start(&[
        ("http://a.test", vec![says([say(OK)])]),
        ("http://b.test", vec![says([redirect(302, "/next"), say(OK)])]),
    ]);
    let elsewhere = origins.session.clone();
    let sent = origins.get("http://a.test/", |options| {
        options.header("Authorization", SECRET).unwrap();
        options.cookie("own", Some(SECRET)).unwrap();
        options.on_response(Arc::new(move |response| {
            if !response.url().starts_with("http://a.test") {
                return Ok(response);
            }
            let mut request = Request::new("GET", "http://b.test/")?;
            request.configure(|options| options.follow_redirects(false));
            elsewhere.send(&elsewhere.prepare(&request)?)
        }));
    });
    assert_eq!(sent.unwrap().status(), 200);
    for head in origins.heads("http://b.test") {
        assert!(!head.contains(SECRET), "{head}");
    }
}

#[test]
fn an_error_of_a_later_hop_says_where_and_no_secret() {
    let peer = Peer::plain(vec![says([redirect(302, "http://b:t0ken-of-ann@127.0.0.1:1/x")])]);
    let error = failure(peer.get(), ErrorKind::Connect, Phase::Connect);
    assert_eq!(error.url(), Some("http://127.0.0.1:1/x"));
    assert_eq!(peer.accepted(), 1);
}
