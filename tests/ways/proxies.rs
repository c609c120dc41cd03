//! Proxies that refuse, and what they are told that nobody else may learn.

use std::time::Duration;

use rq::{Error, ErrorKind, Reason, Session};

use crate::{PATIENCE, header, origins, post, session, session_through, text, way};

/// The tunnel is refused with this status.
#[track_caller]
fn refused(session: &Session, url: &str, status: u16) {
    let error = error_of(session, url);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Proxy, status), "{error}");
}

/// The SOCKS proxy refuses for this reason.
#[track_caller]
fn socks_refused(session: &Session, url: &str, reason: Reason) {
    let error = error_of(session, url);
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Socks, Some(reason)), "{error}");
}

/// The error, in which nothing of the credentials is.
#[track_caller]
fn error_of(session: &Session, url: &str) -> Error {
    let error = session.get(url).unwrap_err();
    for secret in ["wrong", "p@ss", "p%40ss", "cmlnOn"] {
        assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
    }
    error
}

#[test]
fn squid_asks_for_the_right_password() {
    let session = session_through("PROXY_SQUID_WRONG");
    let response = session.get(&format!("{}/small", way("HTTP"))).unwrap();
    assert_eq!(response.status(), 407);
    assert_eq!(header(&response, "Proxy-Authenticate"), "Basic realm=\"rig\"");
    refused(&session, &format!("{}/small", way("HTTPS")), 407);
}

#[test]
fn squid_asks_for_a_password_at_all() {
    let (_, address) = split(&way("PROXY_SQUID"));
    let session = session();
    session.configure(|options| options.proxy("all", Some(&address))).unwrap();
    assert_eq!(session.get(&format!("{}/small", way("HTTP"))).unwrap().status(), 407);
    refused(&session, &format!("{}/small", way("HTTPS")), 407);
}

/// A proxy's URL as its userinfo and what is left without it.
fn split(proxy: &str) -> (String, String) {
    let (scheme, rest) = proxy.split_once("://").unwrap();
    let (userinfo, host) = rest.split_once('@').unwrap();
    (userinfo.to_owned(), format!("{scheme}://{host}"))
}

#[test]
fn squid_is_told_credentials_by_a_header_too() {
    let (_, address) = split(&way("PROXY_SQUID"));
    let session = session();
    // rig and p@ss:w/rd
    let credentials = "Basic cmlnOnBAc3M6dy9yZA==";
    session.configure(|options| {
        options.proxy("all", Some(&address)).unwrap();
        options.header("Proxy-Authorization", credentials).unwrap();
    });
    assert_eq!(text(&session, &format!("{}/small", way("HTTP"))), "small");
}

#[test]
fn squid_refuses_what_its_rules_forbid() {
    let session = session_through("PROXY_SQUID");
    assert_eq!(session.get("http://closed.invalid/").unwrap().status(), 403);
    refused(&session, "https://closed.invalid/", 403);
}

#[test]
fn squid_tells_of_a_server_that_is_not_there() {
    let session = session_through("PROXY_SQUID");
    let server = refusing();
    assert_eq!(session.get(&format!("http://{server}/")).unwrap().status(), 503);
    refused(&session, &format!("https://{server}/"), 503);
    // What was refused does no harm to what comes next.
    for origin in origins() {
        assert_eq!(text(&session, &format!("{origin}/small")), "small");
    }
}

/// `127.0.0.1:PORT` that refuses connections.
fn refusing() -> String {
    way("REFUSED").trim_start_matches("http://").to_owned()
}

#[test]
fn squid_sends_an_upload_on_only_with_the_right_password() {
    let body = vec![b'x'; 1 << 20];
    for origin in origins() {
        let url = format!("{origin}/upload");
        let mut response = post(&session_through("PROXY_SQUID"), &url, &body).unwrap();
        let said = String::from_utf8(response.bytes().unwrap().to_vec()).unwrap();
        assert!(said.starts_with("{\"bytes\": 1048576,"), "{said}");
    }
    let wrong = session_through("PROXY_SQUID_WRONG");
    let response = post(&wrong, &format!("{}/upload", way("HTTP")), &body).unwrap();
    assert_eq!(response.status(), 407);
}

#[test]
fn servers_never_see_what_is_for_the_proxy() {
    for proxy in [
        "PROXY_SQUID",
        "PROXY_TINYPROXY",
        "PROXY_STUNNEL",
        "PROXY_SOCKS5_MICROSOCKS_USER",
        "PROXY_SOCKS5H_MICROSOCKS_USER",
    ] {
        let session = session_through(proxy);
        for origin in origins() {
            let url = format!("{origin}/credentials");
            assert_eq!(text(&session, &url), "[][]", "{proxy}, {url}");
        }
    }
}

#[test]
fn squid_is_reached_over_tls_if_its_certificate_is_known() {
    let session = session_through("PROXY_STRANGER");
    for origin in origins() {
        let error = session.get(&format!("{origin}/small")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    }
    // Whom the proxy's leg trusts says nothing of the server's.
    session.configure(|options| options.proxy_ca_file(way("STRANGER_CA_FILE"))).unwrap();
    for origin in origins() {
        assert_eq!(text(&session, &format!("{origin}/small")), "small");
    }
    session.configure(|options| options.ca_file(way("STRANGER_CA_FILE"))).unwrap();
    let error = session.get(&format!("{}/small", way("HTTPS"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!(text(&session, &format!("{}/small", way("HTTP"))), "small");
}

#[test]
fn a_proxy_of_any_certificate_is_no_server_of_any() {
    let session = session_through("PROXY_STRANGER");
    session.configure(|options| options.proxy_verify(false));
    for origin in origins() {
        assert_eq!(text(&session, &format!("{origin}/small")), "small");
    }
    session.configure(|options| options.ca_file(way("STRANGER_CA_FILE"))).unwrap();
    let error = session.get(&format!("{}/small", way("HTTPS"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

#[test]
fn microsocks_asks_for_the_right_password() {
    let session = session_through("PROXY_SOCKS5_MICROSOCKS_WRONG");
    for origin in origins() {
        socks_refused(&session, &format!("{origin}/small"), Reason::Authentication);
    }
}

#[test]
fn microsocks_asks_for_a_password_at_all() {
    let (_, address) = split(&way("PROXY_SOCKS5_MICROSOCKS_USER"));
    let session = session();
    session.configure(|options| options.proxy("all", Some(&address))).unwrap();
    for origin in origins() {
        socks_refused(&session, &format!("{origin}/small"), Reason::Authentication);
    }
}

#[test]
fn dante_asks_for_the_right_password() {
    if way("PROXY_SOCKS5_DANTE_WRONG").is_empty() {
        eprintln!("dante with passwords did not run: it needs root");
        return;
    }
    let session = session_through("PROXY_SOCKS5_DANTE_WRONG");
    for origin in origins() {
        socks_refused(&session, &format!("{origin}/small"), Reason::Authentication);
    }
}

#[test]
fn socks_proxies_tell_of_a_server_that_is_not_there() {
    for (proxy, reason) in [
        ("SOCKS4_DANTE", Reason::Refused),
        ("SOCKS4A_TWISTED", Reason::Refused),
        ("SOCKS5_DANTE", Reason::ConnectionRefused),
        ("SOCKS5H_DANTE", Reason::ConnectionRefused),
        ("SOCKS5H_MICROSOCKS_USER", Reason::ConnectionRefused),
    ] {
        let session = session_through(&format!("PROXY_{proxy}"));
        for scheme in ["http", "https"] {
            socks_refused(&session, &format!("{scheme}://{}/", refusing()), reason);
        }
    }
}

#[test]
fn dante_refuses_socks4a() {
    let session = session_through("PROXY_SOCKS4A_DANTE");
    for origin in origins() {
        socks_refused(&session, &format!("{origin}/small"), Reason::Refused);
    }
}

#[test]
fn a_proxy_that_is_not_there_is_told_from_a_server_that_is_not() {
    for scheme in ["http", "https", "socks4", "socks4a", "socks5", "socks5h"] {
        let session = session();
        let proxy = format!("{scheme}://{}", refusing());
        session.configure(|options| options.proxy("all", Some(&proxy))).unwrap();
        let kind = if scheme.starts_with("socks") { ErrorKind::Socks } else { ErrorKind::Proxy };
        for origin in origins() {
            let error = session.get(&format!("{origin}/small")).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}

#[test]
fn a_proxy_of_another_kind_is_an_error() {
    // Those that wait for more are given up by the timeout; the others say what they are.
    let waited = ErrorKind::ConnectTimeout;
    for (scheme, peer, over_http, over_https) in [
        ("socks5", "PROXY_TINYPROXY", waited, waited),
        ("socks4", "PROXY_TINYPROXY", waited, waited),
        ("https", "PROXY_TINYPROXY", waited, waited),
        ("https", "PROXY_SOCKS5_MICROSOCKS", ErrorKind::Tls, ErrorKind::Tls),
        ("http", "PROXY_SOCKS5_MICROSOCKS", ErrorKind::Protocol, ErrorKind::Protocol),
    ] {
        let session = session();
        session.configure(|options| {
            let port = way(peer).rsplit(':').next().unwrap().to_owned();
            options.proxy("all", Some(&format!("{scheme}://localhost:{port}"))).unwrap();
            options.timeout(Some(Duration::from_millis(500)), Some(PATIENCE));
        });
        for (origin, kind) in origins().into_iter().zip([over_http, over_https]) {
            let error = session.get(&format!("{origin}/small")).unwrap_err();
            assert_eq!(error.kind(), kind, "{scheme}, {peer}: {error}");
        }
    }
}
