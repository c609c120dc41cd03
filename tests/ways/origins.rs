//! Servers with a will of their own: haproxy that limits, rejects and falls silent, and nginx that
//! speaks one version of TLS.

use std::process;
use std::time::Duration;

use rq::{ClientCert, ErrorKind, Session};

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
        // haproxy remembers paths; this program may run twice under one rig.
        let number = 2 * u64::from(process::id()) + number as u64;
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

/// The certificate and key of these variables.
fn cert(cert: &str, key: Option<&str>) -> ClientCert {
    let (cert, key) = (way(cert), key.map(way));
    ClientCert::from_files(cert.as_ref(), key.as_ref().map(AsRef::as_ref), None).unwrap()
}

#[test]
fn nginx_asks_for_a_certificate() {
    let url = format!("{}/whoami", way("MTLS"));
    for proxy in [
        None,
        Some("PROXY_SQUID"),
        Some("PROXY_STUNNEL"),
        Some("PROXY_SOCKS4A_TWISTED"),
        Some("PROXY_SOCKS5H_MICROSOCKS_USER"),
    ] {
        let session = proxy.map_or_else(session, session_through);
        assert_eq!(session.get(&url).unwrap().status(), 400, "{proxy:?}");
        for cert in [cert("CLIENT_CERT", Some("CLIENT_KEY")), cert("CLIENT_CERT_AND_KEY", None)] {
            session.configure(|options| options.client_cert(Some(cert)));
            assert_eq!(text(&session, &url), "CN=rig client", "{proxy:?}");
        }
        session.configure(|options| {
            options.client_cert(Some(cert("STRANGER_CERT", Some("STRANGER_KEY"))))
        });
        assert_eq!(session.get(&url).unwrap().status(), 400, "{proxy:?}");
        session.configure(|options| options.client_cert(None));
        assert_eq!(session.get(&url).unwrap().status(), 400, "{proxy:?}");
    }
}

#[test]
fn who_shows_a_certificate_shares_no_connection_with_who_does_not() {
    let (session, url) = (session(), format!("{}/small", way("HTTPS")));
    session.configure(|options| options.client_cert(Some(cert("CLIENT_CERT_AND_KEY", None))));
    let connection = |session: &Session| {
        let mut response = session.get(&url).unwrap();
        response.bytes().unwrap();
        (header(&response, "X-Connection").to_owned(), response.is_reused())
    };
    let (with, _) = connection(&session);
    assert_eq!(connection(&session), (with.clone(), true));
    session.configure(|options| options.client_cert(None));
    let (without, reused) = connection(&session);
    assert!(!reused && with != without, "{with} and {without}");
}
