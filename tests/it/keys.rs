//! Every setting that makes a connection what it is, changed one after the other: each must see a
//! connection of its own, and find it again (flaws 23, 33–35, 40); and what TLS settings do.

use std::sync::{Arc, Mutex};

use rq::{CaBundle, ClientCert, ErrorKind, Options, Phase, Reason, Session, Step, TlsVersion};
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rq_testd::{Server, script_tls};

use crate::client::{
    connection, failure, get_text, port, send_with, session, session_for, trusting,
};
use crate::middle::{Middle, tls_before};
use crate::peer::answers;

type Change<'a> = (&'a str, Box<dyn Fn(&mut Options) + 'a>);

/// Sends the same GET under each change, twice over: every change has a connection of its own, and
/// the second time it finds that one again.
#[track_caller]
fn check_apart(session: &Session, url: &str, changes: &[Change<'_>]) {
    let round = || -> Vec<u64> {
        let sent = changes.iter().map(|(what, change)| {
            let mut response = send_with(session, "GET", url, change)
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            response.content().unwrap();
            connection(&response)
        });
        sent.collect()
    };
    let first = round();
    for (at, connection) in first.iter().enumerate() {
        let other = first[..at].iter().position(|earlier| earlier == connection);
        assert_eq!(
            other,
            None,
            "{} shares with {:?}",
            changes[at].0,
            other.map(|it| changes[it].0)
        );
    }
    assert_eq!(round(), first, "each finds its own again");
}

#[test]
fn every_tls_setting_has_connections_of_its_own() {
    let server = Server::start();
    let pem = server.ca().pem();
    let both = pem.clone() + &Ca::new("another").pem();
    let bundle = |pem: &str| CaBundle::from_pem(pem.as_bytes()).unwrap();
    let clients = Ca::new("authority of clients");
    let identity = |name: &str| {
        let made = clients.issue(&[name]);
        ClientCert::from_pem(made.pem().as_bytes(), Some(made.key_pem().as_bytes()), None).unwrap()
    };
    let (ann, bob) = (identity("ann.test"), identity("bob.test"));
    let pin = pin_of(&server);
    let other_pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let changes: Vec<Change> = vec![
        ("nothing", Box::new(|_| {})),
        ("verify off", Box::new(|options| options.verify(false))),
        ("a bundle more", Box::new(|options| options.ca(bundle(&both)))),
        ("ann's certificate", Box::new(|options| options.client_cert(Some(ann.clone())))),
        ("bob's certificate", Box::new(|options| options.client_cert(Some(bob.clone())))),
        ("a server name", Box::new(|options| options.server_name("127.0.0.1").unwrap())),
        ("the same name as set", Box::new(|options| options.server_name("localhost").unwrap())),
        ("TLS 1.3", Box::new(|options| options.tls_min(TlsVersion::V1_3))),
        ("a pin", Box::new(|options| options.pin(&pin).unwrap())),
        (
            "two pins",
            Box::new(|options| {
                options.pin(&pin).unwrap();
                options.pin(other_pin).unwrap();
            }),
        ),
        ("from an address", Box::new(|options| options.source_address(Some("127.0.0.1")).unwrap())),
        ("from another", Box::new(|options| options.source_address(Some("127.0.0.2")).unwrap())),
    ];
    check_apart(&session_for(&server), &format!("{}/json", server.https()), &changes);
    // What is set again is the same, whichever way: none of these parts a connection.
    let session = session_for(&server);
    let url = format!("{}/json", server.https());
    session.configure(|options| options.client_cert(Some(ann.clone())));
    let again = identity("ann.test");
    assert_ne!(again, ann, "another key");
    let first = send_with(&session, "GET", &url, |_| {}).map(|it| connection(&it)).unwrap();
    session.close_idle();
    let second = send_with(&session, "GET", &url, |options| options.client_cert(None));
    assert_ne!(connection(&second.unwrap()), first);
}

/// The pin of the server's own key, as the error for a wrong one tells it.
fn pin_of(server: &Server) -> String {
    let none = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let sent = send_with(&session_for(server), "GET", &server.https(), |options| {
        options.pin(none).unwrap();
    });
    let error = failure(sent, ErrorKind::Tls, Phase::Tls);
    assert_eq!(error.reason(), Some(Reason::PinMismatch), "{error}");
    let at = error.message().find("it has sha256//").expect("the key that it has");
    error.message()[at + "it has ".len()..].to_owned()
}

#[test]
fn pins_hold_with_verification_on_and_off() {
    let server = Server::start();
    let pin = pin_of(&server);
    let wrong = "pin-sha256=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"";
    for verify in [true, false] {
        let get = |pins: &[&str]| {
            let session = session_for(&server);
            send_with(&session, "GET", &format!("{}/json", server.https()), |options| {
                if !verify {
                    options.verify(false);
                }
                for pin in pins {
                    options.pin(pin).unwrap();
                }
            })
        };
        assert_eq!(get(&[&pin]).unwrap().status(), 200);
        assert_eq!(get(&[wrong, &pin]).unwrap().status(), 200, "any of them");
        let error = failure(get(&[wrong]), ErrorKind::Tls, Phase::Tls);
        assert_eq!(error.reason(), Some(Reason::PinMismatch));
    }
}

#[test]
fn every_proxy_setting_has_connections_of_its_own() {
    let server = Server::start();
    let ca = server.ca();
    let (one, two) = (Middle::tunnels(vec![]), Middle::tunnels(vec![]));
    let socks = Middle::socks(false);
    let front = tls_before(one.port, ca.issue(&LOCAL_NAMES).server_config());
    let via = |url: String| -> Box<dyn Fn(&mut Options)> {
        Box::new(move |options: &mut Options| options.proxy("https", Some(&url)).unwrap())
    };
    let secure = format!("https://127.0.0.1:{front}");
    let over_tls = |change: fn(&mut Options)| -> Box<dyn Fn(&mut Options)> {
        let url = secure.clone();
        Box::new(move |options: &mut Options| {
            options.proxy("https", Some(&url)).unwrap();
            change(options);
        })
    };
    let pem = ca.pem() + &Ca::new("another").pem();
    let bundle = CaBundle::from_pem(pem.as_bytes()).unwrap();
    let changes: Vec<Change> = vec![
        ("no proxy", Box::new(|_| {})),
        ("one", via(format!("http://127.0.0.1:{}", one.port))),
        ("another", via(format!("http://127.0.0.1:{}", two.port))),
        ("a user", via(format!("http://ann:a@127.0.0.1:{}", one.port))),
        ("another user", via(format!("http://bob:a@127.0.0.1:{}", one.port))),
        ("another password", via(format!("http://ann:b@127.0.0.1:{}", one.port))),
        ("socks5", via(format!("socks5://127.0.0.1:{}", socks.port))),
        ("socks5h", via(format!("socks5h://127.0.0.1:{}", socks.port))),
        ("socks4", via(format!("socks4://127.0.0.1:{}", socks.port))),
        ("over TLS", over_tls(|_| {})),
        ("not verified", over_tls(|options| options.proxy_verify(false))),
        (
            "another bundle for it",
            Box::new(move |options| {
                options.proxy("https", Some(&format!("https://127.0.0.1:{front}"))).unwrap();
                options.proxy_ca(bundle.clone());
            }),
        ),
    ];
    check_apart(&session_for(&server), &format!("{}/json", server.https()), &changes);
}

#[test]
fn sessions_of_tls_are_resumed_within_their_settings_alone() {
    let ca = Ca::new("authority of tickets");
    let peer = script_tls(&ca, vec![answers(); 6]);
    let session = trusting(&ca.pem());
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    session.configure(|options| {
        options.on_trace(Arc::new(move |trace| {
            if trace.step == Step::Tls {
                seen.lock().unwrap().push(trace.detail.ends_with("resumed"));
            }
        }));
    });
    let get = |change: &dyn Fn(&mut Options)| {
        let mut response = send_with(&session, "GET", peer.url(), change).unwrap();
        response.content().unwrap();
        session.close_idle();
        steps.lock().unwrap().pop().unwrap()
    };
    let plain = &|_: &mut Options| {};
    let newest = &|options: &mut Options| options.tls_min(TlsVersion::V1_3);
    let blind = &|options: &mut Options| options.verify(false);
    assert_eq!([get(plain), get(plain)], [false, true]);
    assert_eq!([get(newest), get(newest)], [false, true]);
    assert_eq!([get(blind), get(plain)], [false, true]);
}

#[test]
fn the_servers_certificates_can_be_read_resumed_or_not() {
    let server = Server::start();
    let session = session_for(&server);
    let url = format!("{}/json", server.https());
    for _ in 0..2 {
        let mut response = session.get(&url).unwrap();
        let certificates = response.certificates();
        assert_eq!(certificates.len(), 1, "the authority itself is not sent");
        let own = &certificates[0];
        assert_eq!(own.subject(), "CN=testd");
        assert!(own.issuer().starts_with("CN=") && own.der().starts_with(&[0x30, 0x82]));
        assert_eq!(own.not_before(), 1_420_070_400, "2015-01-01");
        assert_eq!(own.not_after(), 2_366_841_600, "2045-01-01");
        response.content().unwrap();
        session.close_idle();
    }
    let plain = session.get(&format!("{}/json", server.http())).unwrap();
    assert!(plain.certificates().is_empty());
}

#[test]
fn connections_leave_from_the_address_that_is_set() {
    let server = Server::start();
    let session = session();
    let url = format!("{}/json", server.http());
    session.configure(|options| options.source_address(Some("127.0.0.3"))).unwrap();
    assert!(get_text(&session, &url).is_ok());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let to = format!(":{:04X}", port(&url));
    let from_it = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns.get(2).is_some_and(|remote| remote.ends_with(&to))
            && columns[1].starts_with("0300007F")
    };
    assert!(table.lines().any(from_it), "{table}");
    // Only addresses of its family are connected to.
    session.configure(|options| options.source_address(Some("::1"))).unwrap();
    let error = failure(session.get(&url), ErrorKind::Connect, Phase::Connect);
    assert!(error.message().contains("127.0.0.1"), "{error}");
    let not_ours = "192.0.2.1";
    session.configure(|options| options.source_address(Some(not_ours))).unwrap();
    let error = failure(session.get(&url), ErrorKind::Connect, Phase::Connect);
    assert_ne!(error.os_error(), 0);
}

#[test]
fn an_address_with_a_zone_is_connected_to_and_the_zone_is_told_to_nobody() {
    let server = Server::start();
    let port = port(&server.http6());
    let session = session();
    // The loopback's own number, which every machine has.
    let seen = get_text(&session, &format!("http://[::1%251]:{port}/echo")).unwrap();
    assert!(seen.contains(&format!("Host: [::1]:{port}\r\n")), "{seen}");
    let nowhere = session.get(&format!("http://[fe80::1%25no-such-interface]:{port}/"));
    failure(nowhere, ErrorKind::Dns, Phase::Dns);
}
