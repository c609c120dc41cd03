//! Servers with a will of their own: haproxy that limits, rejects and falls silent, and nginx that
//! speaks one version of TLS.

use std::time::Duration;

use rq::ErrorKind;

use crate::{PATIENCE, header, session, session_through, text, way};

/// haproxy over http and over https.
fn haproxies() -> [String; 2] {
    [way("HAPROXY_HTTP"), way("HAPROXY_HTTPS")]
}

#[test]
fn haproxy_keeps_connections() {
    for origin in haproxies() {
        let session = session();
        for reused in [false, true, true] {
            let mut response = session.get(&format!("{origin}/small")).unwrap();
            assert_eq!((response.status(), response.is_reused()), (200, reused), "{origin}");
            assert_eq!(response.bytes().unwrap(), b"small");
        }
    }
}

#[test]
fn haproxy_limits_and_retries_are_used_up() {
    for origin in haproxies() {
        let session = session();
        session.configure(|options| options.retries(2));
        let response = session.get(&format!("{origin}/busy")).unwrap();
        assert_eq!((response.status(), header(&response, "Retry-After")), (429, "0"));
    }
}

#[test]
fn haproxy_limits_once_and_lets_in_what_waited() {
    for (number, origin) in haproxies().into_iter().enumerate() {
        let session = session();
        let url = format!("{origin}/once/{number}");
        let response = session.get(&url).unwrap();
        assert_eq!((response.status(), header(&response, "Retry-After")), (429, "1"));
        let url = format!("{origin}/once/with-retries-{number}");
        session.configure(|options| options.retries(1));
        assert_eq!(text(&session, &url), "let in");
    }
}

#[test]
fn haproxy_rejects_without_a_word() {
    for origin in haproxies() {
        let error = session().get(&format!("{origin}/reject")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    }
}

#[test]
fn haproxy_falls_silent() {
    for origin in haproxies() {
        let session = session();
        let silence = Some(Duration::from_millis(300));
        session.configure(|options| options.timeout(Some(PATIENCE), silence));
        let error = session.get(&format!("{origin}/silence")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadTimeout, "{error}");
    }
}

#[test]
fn nginx_speaks_one_version_of_tls() {
    for (port, version) in [("TLS12", "TLSv1.2"), ("TLS13", "TLSv1.3")] {
        let url = format!("{}/small", way(port));
        for session in [session(), session_through("PROXY_SQUID")] {
            for reused in [false, true] {
                let mut response = session.get(&url).unwrap();
                assert_eq!(header(&response, "X-Protocol"), version);
                assert_eq!(response.is_reused(), reused, "{version}");
                assert_eq!(response.bytes().unwrap(), b"small");
            }
        }
    }
}

#[test]
fn nginx_asks_for_a_certificate() {
    let response = session().get(&format!("{}/whoami", way("MTLS"))).unwrap();
    assert_eq!(response.status(), 400);
}
