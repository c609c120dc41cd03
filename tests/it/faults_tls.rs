//! Faults 14 to 22: handshakes that break, stall, drip or are refused, certificates that must not
//! be trusted, and garbage after a good handshake.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use rq::{Error, ErrorKind, Phase, Session};
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rq_testd::{Server, Step};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use crate::client::{
    at_once, ends_at, failure, get_text, ms, session, session_for, session_within, trusting,
    with_password,
};
use crate::peer::{Peer, once, read_to_end};

/// A server's side of TLS, by hand.
pub(crate) struct Handshake {
    pub(crate) stream: TcpStream,
    pub(crate) tls: ServerConnection,
}

impl Handshake {
    /// Reads the client's hello.
    pub(crate) fn begin(stream: TcpStream, config: Arc<ServerConfig>) -> Self {
        let tls = ServerConnection::new(config).unwrap();
        let mut handshake = Self { stream, tls };
        while !handshake.tls.wants_write() {
            handshake.read();
        }
        handshake
    }

    fn read(&mut self) {
        assert_ne!(self.tls.read_tls(&mut self.stream).unwrap(), 0, "the client is there");
        self.tls.process_new_packets().unwrap();
    }

    /// What is to be sent: the first time, everything from the server's hello to its Finished.
    pub(crate) fn flight(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).unwrap();
        }
        bytes
    }

    /// Ends the handshake and reads until a request has come.
    pub(crate) fn serve(&mut self) {
        let flight = self.flight();
        self.stream.write_all(&flight).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            self.read();
            let _ = std::io::Read::read_to_end(&mut self.tls.reader(), &mut request);
        }
    }
}

/// A session, and a certificate for this machine that it trusts.
pub(crate) fn trusted() -> (Session, Arc<ServerConfig>) {
    let ca = Ca::new("authority of a handshake");
    (trusting(&ca.pem()), ca.issue(&LOCAL_NAMES).server_config())
}

/// The error of a GET to a server that plays so.
#[track_caller]
fn error_of(session: &Session, play: impl FnOnce(TcpStream) + Send + 'static) -> Error {
    let (port, thread) = once(play);
    let url = with_password(&format!("https://localhost:{port}/"));
    let error = session.get(&url).expect_err("the request fails");
    thread.join().unwrap();
    crate::client::without_secrets(&error);
    error
}

#[track_caller]
fn check_tls_error(error: &Error, words: &str) {
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Tls, Phase::Tls), "{error:?}");
    assert!(error.message().contains(words), "{words:?} is not in {error}");
    assert!(error.message().contains("localhost"), "{error}");
}

/// Closes in order: what has come is read first.
fn close(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    read_to_end(stream);
}

#[test]
fn fault_14_the_end_during_the_handshake() {
    let error = at_once(|| error_of(&session(), |stream| close(&stream)));
    check_tls_error(&error, "closed the connection during the handshake");
}

#[test]
fn fault_14_the_end_anywhere_in_the_handshake() {
    let (session, config) = trusted();
    let whole = {
        let (config, (port, thread)) = (config.clone(), {
            let config = config.clone();
            once(move |stream| Handshake::begin(stream, config).flight().len())
        });
        drop(config);
        let _ = session.get(&format!("https://localhost:{port}/"));
        thread.join().unwrap()
    };
    for part in 1..8 {
        let (config, sent) = (config.clone(), whole * part / 8);
        let error = error_of(&session, move |stream| {
            let mut handshake = Handshake::begin(stream, config);
            let flight = handshake.flight();
            handshake.stream.write_all(&flight[..sent.min(flight.len() - 1)]).unwrap();
            close(&handshake.stream);
        });
        check_tls_error(&error, "closed the connection during the handshake");
    }
}

#[test]
fn fault_15_a_reset_during_the_handshake() {
    let peer = Peer::plain(vec![vec![Step::ReadBody(5), Step::Reset]]);
    let url = peer.url().replace("http://", "https://");
    let error = at_once(|| failure(peer.session.get(&url), ErrorKind::Tls, Phase::Tls));
    assert!(error.message().contains("reset"), "{error}");
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn fault_16_a_stall_before_and_after_the_servers_hello() {
    let server = Server::start();
    let url = with_password(&format!("https://{}", server.silent()));
    let session = session_within(ms(300), ms(10_000));
    let error =
        ends_at(ms(300), || failure(session.get(&url), ErrorKind::ConnectTimeout, Phase::Tls));
    assert!(error.message().contains("300 ms"), "{error}");

    let (session, config) = trusted();
    session.configure(|options| options.timeout(Some(ms(300)), None));
    let error = ends_at(ms(300), || {
        error_of(&session, |stream| {
            let mut handshake = Handshake::begin(stream, config);
            let flight = handshake.flight();
            handshake.stream.write_all(&flight[..100]).unwrap();
            read_to_end(&handshake.stream);
        })
    });
    assert_eq!((error.kind(), error.phase()), (ErrorKind::ConnectTimeout, Phase::Tls), "{error}");
}

#[test]
fn fault_17_a_drip_ends_at_the_connect_timeout_in_all() {
    let (session, config) = trusted();
    session.configure(|options| options.timeout(Some(ms(400)), Some(ms(10_000))));
    let error = ends_at(ms(400), || {
        error_of(&session, |stream| {
            let mut handshake = Handshake::begin(stream, config);
            for byte in handshake.flight() {
                thread::sleep(ms(20));
                if handshake.stream.write_all(&[byte]).is_err() {
                    break;
                }
            }
        })
    });
    assert_eq!((error.kind(), error.phase()), (ErrorKind::ConnectTimeout, Phase::Tls), "{error}");
}

#[test]
fn fault_18_plain_http_on_a_tls_port() {
    let server = Server::start();
    let url = with_password(&server.plain_as_tls());
    let error = at_once(|| failure(session_for(&server).get(&url), ErrorKind::Tls, Phase::Tls));
    check_tls_error(&error, "does not speak TLS");
}

#[test]
fn fault_18_tls_on_a_plain_port() {
    // The other way round: the server takes the client's request for a bad hello.
    let alert = b"\x15\x03\x01\x00\x02\x02\x46".to_vec();
    let peer = Peer::plain(vec![vec![Step::ReadHead, Step::Send(alert)]]);
    let error = failure(peer.get(), ErrorKind::Protocol, Phase::Head);
    assert!(error.message().contains("https://"), "{error}");
}

#[test]
fn fault_19_certificates_that_are_refused_with_a_reason_and_a_remedy() {
    let server = Server::start();
    let trusting_server = session_for(&server);
    let port = server.https().rsplit_once(':').unwrap().1.parse().unwrap();
    trusting_server.configure(|options| options.resolve("other.test", port, "127.0.0.1")).unwrap();
    let trusting_nobody_here = trusting(&Ca::new("somebody else").pem());
    for (session, url, reason) in [
        (&trusting_server, server.https_untrusted(), "unknown issuer"),
        (&trusting_nobody_here, server.https(), "unknown issuer"),
        (&trusting_server, server.https_wrong_host(), "wrong host"),
        (&trusting_server, server.https_expired(), "expired"),
        (&trusting_server, server.https().replace("localhost", "other.test"), "wrong host"),
    ] {
        let url = with_password(&url);
        let error = at_once(|| failure(session.get(&url), ErrorKind::Tls, Phase::Tls));
        assert!(error.message().contains(reason), "{url}: {error}");
        assert!(error.message().contains("verification off"), "{url}: {error}");
    }
}

#[test]
fn fault_19_good_certificates_and_no_verification() {
    let server = Server::start();
    let session = session_for(&server);
    let https = server.https();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("{}/headers", https.replace("localhost", host));
        assert_eq!(get_text(&session, &url).unwrap(), "ok", "{url}");
    }
    session.configure(|options| options.verify(false));
    for url in [https, server.https_untrusted(), server.https_wrong_host(), server.https_expired()]
    {
        assert_eq!(get_text(&session, &format!("{url}/headers")).unwrap(), "ok", "{url}");
    }
}

#[test]
fn fault_20_an_alert_and_a_version_too_old() {
    let alert = |bytes: &'static [u8]| {
        error_of(&session(), move |stream| {
            (&stream).write_all(bytes).unwrap();
            close(&stream);
        })
    };
    check_tls_error(&alert(b"\x15\x03\x03\x00\x02\x02\x28"), "alert HandshakeFailure");
    check_tls_error(&alert(b"\x15\x03\x03\x00\x02\x02\x46"), "alert ProtocolVersion");

    let mut hello = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02".to_vec();
    hello.extend_from_slice(&[7; 32]);
    hello.extend_from_slice(b"\x00\x00\x2f\x00");
    let error = error_of(&session(), move |stream| {
        (&stream).write_all(&hello).unwrap();
        close(&stream);
    });
    check_tls_error(&error, "");
}

#[test]
fn fault_20_no_common_application_protocol() {
    let (session, config) = trusted();
    let mut other = ServerConfig::clone(&config);
    other.alpn_protocols = vec![b"h2".to_vec()];
    let error = error_of(&session, move |mut stream| {
        let mut tls = ServerConnection::new(Arc::new(other)).unwrap();
        while tls.read_tls(&mut stream).unwrap() > 0 && tls.process_new_packets().is_ok() {}
        while tls.wants_write() {
            tls.write_tls(&mut stream).unwrap();
        }
        close(&stream);
    });
    check_tls_error(&error, "NoApplicationProtocol");
}

/// Asks for a client certificate, which this client has not.
fn wants_client_certificate() -> (Session, Arc<ServerConfig>) {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let ca = Ca::new("authority of two sides");
    let identity = ca.issue(&LOCAL_NAMES);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(identity.pem().as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(identity.key_pem().as_bytes()).unwrap(),
        )
        .unwrap();
    (trusting(&ca.pem()), Arc::new(config))
}

#[test]
fn fault_21_a_client_certificate_is_missing() {
    let (session, config) = wants_client_certificate();
    // With TLS 1.3 the client's handshake is over when the server says no.
    let error = error_of(&session, |stream| {
        let mut handshake = Handshake::begin(stream, config);
        let flight = handshake.flight();
        handshake.stream.write_all(&flight).unwrap();
        while handshake.tls.read_tls(&mut handshake.stream).unwrap() > 0
            && handshake.tls.process_new_packets().is_ok()
        {}
        let alert = handshake.flight();
        handshake.stream.write_all(&alert).unwrap();
        close(&handshake.stream);
    });
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(error.message().contains("CertificateRequired"), "{error}");
}

#[test]
fn fault_22_garbage_and_oversized_records_after_the_handshake() {
    for garbage in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"[..],
        b"\x17\x03\x03\xff\xff",
        b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let (session, config) = trusted();
        let error = error_of(&session, move |stream| {
            let mut handshake = Handshake::begin(stream, config);
            handshake.serve();
            handshake.stream.write_all(garbage).unwrap();
            close(&handshake.stream);
        });
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Tls, Phase::Head), "{error:?}");
    }
}

#[test]
fn fault_22_garbage_within_a_body_is_no_end_of_it() {
    let (session, config) = trusted();
    let (port, thread) = once(move |stream| {
        let mut handshake = Handshake::begin(stream, config);
        handshake.serve();
        handshake.tls.writer().write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf").unwrap();
        let mut reply = handshake.flight();
        reply.extend_from_slice(b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        handshake.stream.write_all(&reply).unwrap();
        close(&handshake.stream);
    });
    let result = session.get(&format!("https://localhost:{port}/"));
    let mut response = result.expect("what came before the garbage is delivered");
    failure(response.content(), ErrorKind::Tls, Phase::Body);
    failure(response.content(), ErrorKind::Tls, Phase::Body);
    // The error has closed the connection, which is what the server waits for.
    thread.join().unwrap();
}

#[test]
fn fault_23_a_chain_of_a_megabyte_is_refused_in_bounded_time() {
    let ca = Ca::new("authority of a long chain");
    let leaf = ca.issue(&LOCAL_NAMES);
    let mut chain = vec![CertificateDer::from_pem_slice(leaf.pem().as_bytes()).unwrap()];
    let filler = Ca::new(&"filler ".repeat(2000));
    while chain.iter().map(|it| it.len()).sum::<usize>() < 1_000_000 {
        chain.push(filler.der().clone());
    }
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem().as_bytes()).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map(Arc::new)
            .unwrap();
    let error = at_once(|| {
        error_of(&trusting(&ca.pem()), move |stream| {
            let mut handshake = Handshake::begin(stream, config);
            let flight = handshake.flight();
            // The client goes when it has seen enough.
            let _ = handshake.stream.write_all(&flight);
            close(&handshake.stream);
        })
    });
    check_tls_error(&error, "");
}

#[test]
fn fault_24_a_flood_of_key_updates_is_refused_and_a_few_are_fine() {
    for (updates, good) in [(20, true), (1_000_000, false)] {
        let (session, config) = trusted();
        let (port, thread) = once(move |stream| {
            let mut handshake = Handshake::begin(stream, config);
            handshake.serve();
            for _ in 0..updates {
                handshake.tls.refresh_traffic_keys().unwrap();
                let flight = handshake.flight();
                if handshake.stream.write_all(&flight).is_err() {
                    return;
                }
            }
            handshake.tls.writer().write_all(crate::peer::OK).unwrap();
            let flight = handshake.flight();
            handshake.stream.write_all(&flight).unwrap();
            read_to_end(&handshake.stream);
        });
        let got = at_once(|| get_text(&session, &format!("https://localhost:{port}/")));
        match good {
            true => assert_eq!(got.unwrap(), "ok"),
            false => drop(failure(got, ErrorKind::Tls, Phase::Head)),
        }
        session.close_idle();
        thread.join().unwrap();
    }
}
