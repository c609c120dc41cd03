//! Certificates that clients show: good ones, locked ones, those that a server refuses, and what is
//! told when one is set that cannot be used (behaviours T5, T6; fault 21).

use rq::{CaBundle, ClientCert, Error, ErrorKind, Phase, Result, Session};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::cases::{Client, Matrix, Scratch};
use crate::matrix::{get, session, url};
use crate::serve::{Server, configuration_for_clients};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn from_pem(client: &Client) -> Result<ClientCert> {
    ClientCert::from_pem(&client.certificate, client.key.as_deref(), client.password.as_deref())
}

fn from_files(client: &Client) -> Result<ClientCert> {
    let folder = Scratch::new();
    let certificate = folder.file("cert.pem", &client.certificate);
    let key = client.key.as_ref().map(|key| folder.file("key.pem", key));
    ClientCert::from_files(&certificate, key.as_deref(), client.password.as_deref())
}

/// A server that demands certificates, and a session that trusts it.
fn demanding(version: &'static SupportedProtocolVersion) -> (Server, Session, String) {
    let matrix = Matrix::get();
    let case = matrix.case("good-ec");
    let config = configuration_for_clients(case, &matrix.client_root, version);
    let server = Server::start(Some(config));
    let (url, host) = url("https", &case.host, server.port);
    let session = session(&host, server.port);
    session.configure(|options| options.ca(CaBundle::from_pem(&case.ca).unwrap()));
    (server, session, url)
}

/// What is told of a certificate that cannot be used, when it is set.
fn check_unusable(client: &Client, error: &Error) {
    assert_eq!((error.kind(), error.phase()), (ErrorKind::File, Phase::Prepare), "{error:?}");
    let words = match (&*client.name, &*client.outcome) {
        ("encrypted-wrong-password", _) => "does not open with this password",
        ("encrypted-no-password", _) => "give its password",
        ("encrypted-old", _) => "openssl pkcs8 -topk8",
        ("no-key", _) => "no private key",
        (_, "mismatch") => "does not belong to the certificate",
        (name, _) => panic!("{name} has no words of its own"),
    };
    assert!(error.message().contains(words), "{}: {error}", client.name);
    let password = client.password.as_deref().unwrap_or("open-");
    assert!(!error.message().contains(password), "{}: {error}", client.name);
}

#[test]
fn each_is_shown_or_told_to_be_unusable() {
    let matrix = Matrix::get();
    assert!(matrix.clients.len() > 15, "only {} certificates", matrix.clients.len());
    for client in &matrix.clients {
        for made in [from_pem(client), from_files(client)] {
            let name = &client.name;
            if let "file" | "mismatch" = &*client.outcome {
                check_unusable(client, &made.expect_err(name));
                continue;
            }
            let certificate = made.unwrap_or_else(|error| panic!("{name}: {error}"));
            for version in VERSIONS {
                let (server, session, url) = demanding(version);
                session.configure(|options| options.client_cert(Some(certificate.clone())));
                let result = get(&session, &url);
                match &*client.outcome {
                    "accept" => result.unwrap_or_else(|error| panic!("{name}: {error}")),
                    _ => refused(&result.expect_err(name), "does not accept the client certif"),
                }
                assert_eq!(server.heard().is_empty(), client.outcome != "accept", "{name}");
            }
        }
    }
}

/// By an alert; with TLS 1.3 it comes when the client's handshake is over.
#[track_caller]
fn refused(error: &Error, words: &str) {
    let reason = error.reason().map(|reason| reason.name());
    assert_eq!((error.kind(), reason), (ErrorKind::Tls, Some("alert")), "{error:?}");
    assert!(error.message().contains(words), "{error}");
}

#[test]
fn without_one_the_error_says_what_to_set() {
    for version in VERSIONS {
        let (server, session, url) = demanding(version);
        refused(&get(&session, &url).unwrap_err(), "client certificate");
        assert_eq!(server.heard(), "");
    }
}

#[test]
fn a_request_s_certificate_is_its_own_and_none_is_none() {
    let certificate = from_pem(&Matrix::get().clients[0]).unwrap();
    let (server, session, url) = demanding(&TLS13);
    session.configure(|options| options.client_cert(Some(certificate)));
    let mut request = rq::Request::new("GET", &url).unwrap();
    request.configure(|options| options.client_cert(None));
    let result = session.send(&session.prepare(&request).unwrap());
    refused(&result.expect_err("the session's is not shown"), "set a client certificate");
    assert_eq!(server.heard(), "");
}

#[test]
fn missing_files_are_named() {
    let folder = Scratch::new();
    let there = folder.file("cert.pem", &Matrix::get().clients[0].certificate);
    let missing = folder.0.join("missing.pem");
    for (certificate, key) in [(&missing, None), (&there, Some(missing.as_path()))] {
        let error = ClientCert::from_files(certificate, key, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File, "{error:?}");
        assert!(error.message().contains("missing.pem") && error.os_error() != 0, "{error}");
    }
}
