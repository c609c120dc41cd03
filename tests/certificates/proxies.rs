//! Proxies that are spoken to over TLS: their certificate is verified as a server's is, by settings
//! of their own, and the server's behind them is verified all the same (flaw 27; behaviours P4–P7).

use rq::{CaBundle, ClientCert, Options, Session};
use rustls::version::TLS13;

use crate::cases::{Case, Matrix, Trust};
use crate::matrix::{Site, TOKEN, each, fault, get, reason, session, trust, url};
use crate::serve::{Server, configuration_for_clients};

fn bundle(case: &Case) -> CaBundle {
    CaBundle::from_pem(&case.ca).unwrap()
}

/// Sends `session` through the proxy at `port`, known by the case's host.
fn through(session: &Session, case: &Case, port: u16) {
    let (url, host) = url("https", &case.host, port);
    session.configure(|options| {
        options.resolve(&host, port.into(), "127.0.0.1").unwrap();
        options.proxy("all", Some(&url)).unwrap();
    });
}

fn trust_of_proxy(session: &Session, case: &Case, trust: Trust) {
    session.configure(|options| match trust {
        Trust::Own => options.proxy_ca(bundle(case)),
        Trust::System => {}
        Trust::Anyone => options.proxy_verify(false),
    });
}

/// Plays a request whose proxy has the certificate of `case`.
fn at_the_proxy(case: &Case, whom: Trust, scheme: &str) -> Option<String> {
    let good = Matrix::get().case("good-ec");
    let (site, server) = (Site::of(case), Server::of(good));
    let (url, host) = url(scheme, &good.host, server.port);
    let session = session(&host, server.port);
    through(&session, case, site.port());
    trust_of_proxy(&session, case, whom);
    if whom != Trust::System {
        trust(&session, good, Trust::Own);
    }
    let result = get(&session, &url);
    drop(session);
    let (asked, heard) = (site.heard(), server.heard());
    let expected = case.outcome(whom);
    match (scheme, expected) {
        ("http", _) => fault(expected, result, &asked),
        (_, "accept") if !asked.starts_with("CONNECT ") || asked.contains(TOKEN) => {
            Some(format!("the proxy was asked {asked:?}"))
        }
        (_, "accept") => fault(expected, result, &heard),
        _ if asked.contains("CONNECT ") || !heard.is_empty() => {
            Some(format!("the proxy was asked {asked:?}, the server {heard:?}"))
        }
        _ => fault(expected, result, &heard),
    }
}

#[test]
fn the_certificate_at_a_proxy_that_opens_a_tunnel() {
    each(|case, whom| at_the_proxy(case, whom, "https"));
}

#[test]
fn the_certificate_at_a_proxy_that_forwards() {
    each(|case, whom| at_the_proxy(case, whom, "http"));
}

#[test]
fn the_certificate_behind_a_proxy_over_tls() {
    let good = Matrix::get().case("good-rsa");
    each(|case, whom| {
        let (site, proxy) = (Site::of(case), Server::of(good));
        let (url, host) = url("https", &case.host, site.port());
        let session = session(&host, site.port());
        through(&session, good, proxy.port);
        session.configure(|options| options.proxy_ca(bundle(good)));
        trust(&session, case, whom);
        let result = get(&session, &url);
        drop(session);
        let asked = proxy.heard();
        if !asked.starts_with("CONNECT ") || asked.contains(TOKEN) {
            return Some(format!("the proxy was asked {asked:?}"));
        }
        fault(case.outcome(whom), result, &site.heard())
    });
}

/// The outcome of a GET through a proxy over TLS, each side with a certificate of the table, and
/// what the proxy and the server have heard.
fn play(
    at_proxy: &str,
    at_server: &str,
    set: impl FnOnce(&mut Options, &Case, &Case),
) -> (rq::Result<()>, String, String) {
    let matrix = Matrix::get();
    let (at_proxy, at_server) = (matrix.case(at_proxy), matrix.case(at_server));
    let (proxy, server) = (Server::of(at_proxy), Server::of(at_server));
    let (url, host) = url("https", &at_server.host, server.port);
    let session = session(&host, server.port);
    through(&session, at_proxy, proxy.port);
    session.configure(|options| set(options, at_proxy, at_server));
    let result = get(&session, &url);
    drop(session);
    (result, proxy.heard(), server.heard())
}

#[test]
fn one_bundle_is_for_both_unless_the_proxy_has_its_own() {
    let (result, asked, heard) =
        play("good-rsa", "good-ec", |options, _, server| options.ca(bundle(server)));
    result.unwrap();
    assert!(asked.starts_with("CONNECT ") && heard.starts_with("GET /page"), "{asked} {heard}");
    // The proxy's own bundle is for nobody else, nor the server's once the proxy has one.
    let (result, asked, heard) =
        play("cross-signed", "good-ec", |options, proxy, _| options.proxy_ca(bundle(proxy)));
    assert_eq!(reason(&result.unwrap_err()), "unknown_issuer");
    assert!(asked.starts_with("CONNECT ") && heard.is_empty(), "{asked} {heard}");
    let (result, asked, heard) = play("good-rsa", "cross-signed", |options, _, server| {
        options.ca(bundle(server));
        options.proxy_ca(bundle(server));
    });
    assert_eq!(reason(&result.unwrap_err()), "unknown_issuer");
    assert!(asked.is_empty() && heard.is_empty(), "{asked} {heard}");
}

#[test]
fn verification_is_off_for_one_side_or_for_both() {
    let (result, ..) = play("wrong-host", "expired", |options, _, _| options.verify(false));
    result.unwrap();
    let (result, asked, heard) =
        play("wrong-host", "expired", |options, _, _| options.proxy_verify(false));
    assert_eq!(reason(&result.unwrap_err()), "expired");
    assert!(asked.starts_with("CONNECT ") && heard.is_empty(), "{asked} {heard}");
    let (result, asked, heard) = play("wrong-host", "good-ec", |options, proxy, _| {
        options.verify(false);
        options.proxy_ca(bundle(proxy));
    });
    assert_eq!(reason(&result.unwrap_err()), "wrong_host");
    assert!(asked.is_empty() && heard.is_empty(), "{asked} {heard}");
}

#[test]
fn a_client_certificate_is_for_one_side() {
    let matrix = Matrix::get();
    let (case, shown) = (matrix.case("good-ec"), &matrix.clients[0]);
    let certificate = ClientCert::from_pem(&shown.certificate, shown.key.as_deref(), None).unwrap();
    let start = |demands: bool| match demands {
        true => Server::start(Some(configuration_for_clients(case, &matrix.client_root, &TLS13))),
        false => Server::of(case),
    };
    for (proxy_demands, for_proxy) in [(true, true), (true, false), (false, true), (false, false)] {
        let (proxy, server) = (start(proxy_demands), start(!proxy_demands));
        let (url, host) = url("https", &case.host, server.port);
        let session = session(&host, server.port);
        through(&session, case, proxy.port);
        session.configure(|options| {
            options.ca(bundle(case));
            match for_proxy {
                true => options.proxy_client_cert(Some(certificate.clone())),
                false => options.client_cert(Some(certificate.clone())),
            }
        });
        let result = get(&session, &url);
        drop(session);
        let (asked, heard) = (proxy.heard(), server.heard());
        match proxy_demands == for_proxy {
            true => result.unwrap(),
            false => {
                assert_eq!(reason(&result.unwrap_err()), "alert");
                assert_eq!((asked.is_empty(), &*heard), (proxy_demands, ""));
            }
        }
    }
}
