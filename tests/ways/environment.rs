//! Which way the environment sends requests, as a session sees it, with proxies that are there: one
//! that refuses shows that it was asked, one that works that it was not needed.

use rq::{ErrorKind, Session};

use crate::{header, session, text, way};

/// A session with these variables and no others.
fn session_in(variables: &[(&str, &str)]) -> Session {
    let session = session();
    session.configure(|options| {
        options.trust_env(true).unwrap();
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"] {
            options.env(name, None).unwrap();
            options.env(&name.to_uppercase(), None).unwrap();
        }
        for (name, value) in variables {
            options.env(name, Some(value)).unwrap();
        }
    });
    session
}

#[test]
fn each_scheme_has_its_proxy() {
    let (squid, wrong) = (way("PROXY_SQUID"), way("PROXY_SQUID_WRONG"));
    let session = session_in(&[("http_proxy", &squid), ("HTTPS_PROXY", &wrong)]);
    let response = session.get(&format!("{}/small", way("HTTP"))).unwrap();
    assert!(header(&response, "Via").contains("squid"), "it did not go through squid");
    let error = session.get(&format!("{}/small", way("HTTPS"))).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Proxy, 407), "{error}");
}

#[test]
fn all_proxy_is_for_both() {
    let session = session_in(&[("ALL_PROXY", &way("PROXY_SQUID_WRONG"))]);
    assert_eq!(session.get(&format!("{}/small", way("HTTP"))).unwrap().status(), 407);
    let error = session.get(&format!("{}/small", way("HTTPS"))).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Proxy, 407), "{error}");
}

#[test]
fn all_proxy_may_speak_socks() {
    let session = session_in(&[("all_proxy", &way("PROXY_SOCKS5_MICROSOCKS_WRONG"))]);
    for origin in [way("HTTP"), way("HTTPS")] {
        let error = session.get(&format!("{origin}/small")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Socks, "{error}");
    }
    let session = session_in(&[("all_proxy", &way("PROXY_SOCKS5H_MICROSOCKS_USER"))]);
    for origin in [way("HTTP"), way("HTTPS")] {
        assert_eq!(text(&session, &format!("{origin}/small")), "small");
    }
}

#[test]
fn no_proxy_names_hosts_that_are_reached_directly() {
    let (wrong, http) = (way("PROXY_SQUID_WRONG"), way("HTTP"));
    let port = http.rsplit(':').next().unwrap();
    let this_port = format!("localhost:{port}");
    for (no_proxy, status) in [
        ("localhost", 200),
        ("other.test, localhost", 200),
        (&*this_port, 200),
        ("*", 200),
        ("127.0.0.1", 407),
        ("localhost:1", 407),
        ("ocalhost", 407),
    ] {
        let session = session_in(&[("http_proxy", &wrong), ("NO_PROXY", no_proxy)]);
        let response = session.get(&format!("{http}/small")).unwrap();
        assert_eq!(response.status(), status, "NO_PROXY={no_proxy}");
    }
}

#[test]
fn no_proxy_names_ranges_of_addresses() {
    let http = way("HTTP").replace("localhost", "127.0.0.1");
    let wrong = way("PROXY_SQUID_WRONG");
    for (no_proxy, status) in [("127.0.0.0/8", 200), ("127.0.0.1", 200), ("10.0.0.0/8", 407)] {
        let session = session_in(&[("http_proxy", &wrong), ("no_proxy", no_proxy)]);
        let response = session.get(&format!("{http}/small")).unwrap();
        assert_eq!(response.status(), status, "no_proxy={no_proxy}");
    }
}

#[test]
fn what_is_set_wins_over_the_environment() {
    let session = session_in(&[("http_proxy", &way("PROXY_SQUID_WRONG"))]);
    session.configure(|options| options.proxy("http", Some(&way("PROXY_TINYPROXY")))).unwrap();
    assert_eq!(text(&session, &format!("{}/small", way("HTTP"))), "small");
    session.configure(|options| options.trust_env(false)).unwrap();
    session.configure(|options| options.proxy("http", None)).unwrap();
    assert_eq!(text(&session, &format!("{}/small", way("HTTP"))), "small");
}
