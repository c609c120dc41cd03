//! Flaws 81 to 87: certificates that must not be accepted, in whatever combination of settings, and
//! what trust is made of. The certificates themselves have a test target of their own.

use std::sync::Arc;
use std::time::Duration;

use rq::{CaBundle, ErrorKind, Options, Phase, Reason, Session, TlsVersion, Url};
use rq_testd::pki::Ca;
use rq_testd::{Server, Step, script_tls};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::client::{
    at_once, failure, get_text, port, send_with, session, session_for, text, trusting,
};
use crate::peer::{OK, answers, say};

fn bundle(pem: &str) -> CaBundle {
    CaBundle::from_pem(pem.as_bytes()).unwrap()
}

#[test]
fn flaw_81_the_wrong_name_is_refused_in_every_combination() {
    let server = Server::start();
    let pem = server.ca().pem();
    let both = pem.clone() + &Ca::new("another").pem();
    let file = server.ca_file();
    type Change<'a> = &'a dyn Fn(&mut Options);
    let trusts: [(&str, Change); 5] = [
        ("memory", &|options| options.ca(bundle(&pem))),
        ("file", &|options| options.ca_file(&file).unwrap()),
        ("two authorities", &|options| options.ca(bundle(&both))),
        ("verify on", &|options| options.verify(true)),
        ("off and on again", &|options| {
            options.verify(false);
            options.ca(bundle(&pem));
        }),
    ];
    let others: [(&str, Change); 4] = [
        ("nothing else", &|_| {}),
        ("TLS 1.3", &|options| options.tls_min(TlsVersion::V1_3)),
        ("a name", &|options| options.server_name("elsewhere.test").unwrap()),
        ("an address as name", &|options| options.server_name("127.0.0.9").unwrap()),
    ];
    let session = session_for(&server);
    for (trust, trusts) in trusts {
        for (other, changes) in others {
            let url = match other {
                // The certificate is for 127.0.0.1 and localhost, and asked for another name.
                "a name" | "an address as name" => server.https(),
                _ => server.https_wrong_host(),
            };
            let sent = send_with(&session, "GET", &url, |options| {
                trusts(options);
                changes(options);
            });
            let error = failure(sent, ErrorKind::Tls, Phase::Tls);
            assert_eq!(error.reason(), Some(Reason::WrongHost), "{trust}, {other}: {error}");
        }
    }
}

#[test]
fn a_server_name_of_the_callers_is_asked_for_and_verified() {
    let ca = Ca::new("authority of a name");
    let peer = script_tls(&ca, vec![answers(), answers()]);
    let session = trusting(&ca.pem());
    let url = format!("https://10.0.0.1:{}/", port(peer.url()));
    session.configure(|options| {
        options.resolve("10.0.0.1", port(peer.url()).into(), "127.0.0.1").unwrap();
    });
    let error = failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::WrongHost));
    assert!(error.message().contains("localhost"), "the names that it has: {error}");
    session.configure(|options| options.server_name("LOCALHOST").unwrap());
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
}

#[test]
fn flaw_82_names_are_compared_by_the_rules_of_certificates() {
    // What the list of certificates does not have: how hosts are spelled.
    let ca = Ca::new("authority of names");
    let identity = ca.issue(&["*.rq.test", "rq.test", "127.0.0.1"]);
    for (host, good) in [
        ("a.rq.test", true),
        ("A.RQ.test", true),
        ("a.rq.test.", true),
        ("rq.test", true),
        ("127.0.0.1", true),
        ("a.b.rq.test", false),
        ("xrq.test", false),
        ("127.0.0.2", false),
        ("[::ffff:127.0.0.1]", false),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = listener.local_addr().unwrap().port();
        drop(listener);
        let front = crate::middle::tls_before(answering(), identity.server_config());
        let session = trusting(&ca.pem());
        session.configure(|options| {
            let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
            options.resolve(&host, origin.into(), &format!("127.0.0.1:{front}")).unwrap();
        });
        let got = get_text(&session, &format!("https://{host}:{origin}/"));
        match good {
            true => assert_eq!(got.unwrap(), "ok", "{host}"),
            false => {
                let error = failure(got, ErrorKind::Tls, Phase::Tls);
                assert_eq!(error.reason(), Some(Reason::WrongHost), "{host}: {error}");
            }
        }
    }
}

/// A port where one plain request is answered.
fn answering() -> u16 {
    let script = rq_testd::script(vec![vec![Step::ReadHead, say(OK), Step::Close]; 2]);
    let port = port(script.url());
    // It listens for as long as the test runs.
    std::mem::forget(script);
    port
}

/// A session that sees only these of the variables that name bundles.
fn fresh(variables: &[(&str, &str)]) -> Session {
    let session = Session::new();
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        session.configure(|options| options.env(name, None)).unwrap();
    }
    for (name, value) in variables {
        session.configure(|options| options.env(name, Some(value))).unwrap();
    }
    session
}

#[test]
fn flaw_83_a_given_bundle_replaces_and_never_adds() {
    let server = Server::start();
    // The variable stands for the system's roots; an explicit bundle leaves nothing of them.
    let session = fresh(&[("SSL_CERT_FILE", &server.ca_file())]);
    let url = format!("{}/json", server.https());
    assert!(get_text(&session, &url).is_ok());
    session.configure(|options| options.ca(bundle(&Ca::new("another").pem())));
    let error = failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn the_environments_bundle_stands_in_for_the_systems_and_explicit_settings_win() {
    let server = Server::start();
    let (file, folder) = (server.ca_file(), server.ca_dir());
    let url = format!("{}/json", server.https());
    for (name, value) in [
        ("REQUESTS_CA_BUNDLE", &file),
        ("REQUESTS_CA_BUNDLE", &folder),
        ("CURL_CA_BUNDLE", &file),
        ("SSL_CERT_FILE", &file),
        ("SSL_CERT_DIR", &folder),
    ] {
        assert!(get_text(&fresh(&[(name, value)]), &url).is_ok(), "{name}={value}");
        let wins = fresh(&[(name, value)]);
        wins.configure(|options| options.trust_env(false)).unwrap();
        assert_eq!(wins.get(&url).unwrap_err().kind(), ErrorKind::Tls, "not trusted: {name}");
    }
    let missing = fresh(&[("REQUESTS_CA_BUNDLE", "/no/such/ca.pem"), ("SSL_CERT_FILE", &file)]);
    let error = missing.get(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    for word in ["/no/such/ca.pem", "REQUESTS_CA_BUNDLE"] {
        assert!(error.message().contains(word), "{error}");
    }
    assert!(
        get_text(&missing, &format!("{}/json", server.http())).is_ok(),
        "only https asks for it"
    );
    missing.configure(|options| options.ca_file(&file)).unwrap();
    assert!(get_text(&missing, &url).is_ok(), "what is set wins");
    let off = fresh(&[("REQUESTS_CA_BUNDLE", "/no/such/ca.pem")]);
    off.configure(|options| options.verify(false));
    assert!(get_text(&off, &url).is_ok(), "and so does verification off");
}

#[test]
fn flaw_84_what_cannot_be_honoured_is_an_error() {
    let session = session();
    session.configure(|options| {
        for bad in ["", "a b", "*", "-"] {
            assert!(options.server_name(bad).is_err(), "{bad:?}");
        }
        for bad in ["sha256//", "sha1//x", "md5"] {
            assert!(options.pin(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "localhost", "127.0.0.1:80"] {
            assert!(options.source_address(Some(bad)).is_err(), "{bad:?}");
        }
        assert!(options.ca_file("/no/such").is_err());
        assert!(options.proxy("http", Some("ftp://p:1")).is_err());
    });
    // An address is verified as one: a name that looks like it does not count.
    let ca = Ca::new("authority of an address");
    let peer = script_tls(&ca, vec![answers()]);
    let url = format!("https://127.0.0.1:{}/", port(peer.url()));
    assert_eq!(get_text(&trusting(&ca.pem()), &url).unwrap(), "ok");
}

#[test]
fn flaw_85_a_close_within_the_handshake_or_after_ends_at_once() {
    let ca = Ca::new("authority of ends");
    for end in [Step::Close, Step::Reset] {
        let peer = script_tls(&ca, vec![vec![Step::ReadHead, end]]);
        let sent = at_once(|| trusting(&ca.pem()).get(peer.url()));
        failure(sent, ErrorKind::Closed, Phase::Head);
    }
}

#[test]
fn flaw_86_a_maze_of_certificates_costs_a_bounded_time() {
    // Authorities of one name, none of which is trusted: each could have signed each.
    let own = Ca::new("maze");
    let leaf = own.issue(&["localhost", "127.0.0.1"]);
    let mut chain = vec![CertificateDer::from_pem_slice(leaf.pem().as_bytes()).unwrap()];
    chain.extend((0..60).map(|_| Ca::new("maze").der().clone()));
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map(Arc::new)
        .unwrap();
    let front = crate::middle::tls_before(answering(), config);
    let session = trusting(&Ca::new("maze").pem());
    session.configure(|options| options.total_timeout(Some(Duration::from_secs(30))));
    let sent = session.get(&format!("https://127.0.0.1:{front}/"));
    let error = failure(sent, ErrorKind::Tls, Phase::Tls);
    assert!(error.reason().is_some(), "{error}");
}

#[test]
fn flaw_87_a_host_is_its_ascii_form_everywhere() {
    for (text, host) in [
        ("http://bücher.test/", "xn--bcher-kva.test"),
        ("http://BÜCHER.test/", "xn--bcher-kva.test"),
        ("http://straße.test/", "xn--strae-oqa.test"),
        ("http://faß.test/", "xn--fa-hia.test"),
    ] {
        let url = Url::parse(text).unwrap();
        assert_eq!((url.host(), &*url.host_header()), (host, host));
    }
    // Forms that decode to ASCII are no names (RUSTSEC-2024-0421).
    assert!(Url::parse("http://example.xn--bücher-/").is_err());
    let server = Server::start();
    let session = session_for(&server);
    let mut response =
        send_with(&session, "GET", &format!("{}/echo", server.http()), |_| {}).unwrap();
    assert!(text(&mut response).unwrap().contains("Host: 127.0.0.1:"));
}
