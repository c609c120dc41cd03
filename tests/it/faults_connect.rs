//! Faults 1 to 11: names without an address, resolvers that hang or answer oddly, ports that
//! refuse, swallow or drop. Nothing is ever sent here, so nothing is resent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rq::limits::DNS_THREADS_MAX;
use rq::{CancelToken, Error, ErrorKind, Phase, Request, Resolve, Result, Session};
use rq_testd::{Server, Step};

use crate::client::{
    SLACK, at_once, ends_at, failure, get_text, ms, session, session_within, timed, with_password,
    without_secrets,
};
use crate::peer::{OK, Peer, answers, once, read_head, read_to_end};

/// Answers every name with these addresses, and counts.
struct Addresses(Vec<IpAddr>, AtomicUsize);

impl Resolve for Addresses {
    fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(self.0.clone())
    }
}

fn addresses(all: impl IntoIterator<Item = IpAddr>) -> Arc<Addresses> {
    Arc::new(Addresses(all.into_iter().collect(), AtomicUsize::new(0)))
}

fn resolving(session: Session, resolver: Arc<dyn Resolve>) -> Session {
    session.configure(|options| options.resolver(resolver)).unwrap();
    session
}

/// Answers when told to; knows how many lookups wait at most.
#[derive(Default)]
struct Stalled {
    state: Mutex<(usize, usize, bool)>,
    changed: Condvar,
}

impl Resolve for Stalled {
    fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        state.1 = state.1.max(state.0);
        let mut state = self.changed.wait_while(state, |state| !state.2).unwrap();
        state.0 -= 1;
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

impl Stalled {
    fn release(&self) {
        self.state.lock().unwrap().2 = true;
        self.changed.notify_all();
    }
}

#[test]
fn fault_01_a_name_that_does_not_exist() {
    let url = with_password("http://nowhere.invalid/");
    let error = at_once(|| failure(session().get(&url), ErrorKind::Dns, Phase::Dns));
    assert!(error.message().contains("nowhere.invalid"), "{error}");

    struct Nothing;
    impl Resolve for Nothing {
        fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
            Err(Error::new(ErrorKind::Dns, format!("{host} is unknown to this test")))
        }
    }
    let session = resolving(session(), Arc::new(Nothing));
    let error = failure(session.get("http://example.test/"), ErrorKind::Dns, Phase::Dns);
    assert!(error.message().contains("example.test is unknown"), "{error}");
}

#[test]
fn fault_01_a_name_without_any_address() {
    let session = resolving(session(), addresses([]));
    let error = session.get("http://example.test/").unwrap_err();
    without_secrets(&error);
    assert!(matches!(error.kind(), ErrorKind::Dns | ErrorKind::Connect), "{error:?}");
}

#[test]
fn fault_03_a_resolver_that_stalls_is_a_connect_timeout_and_threads_are_bounded() {
    let resolver = Arc::new(Stalled::default());
    let session = resolving(session_within(ms(300), ms(10_000)), resolver.clone());
    thread::scope(|scope| {
        for _ in 0..3 * DNS_THREADS_MAX {
            scope.spawn(|| {
                let url = with_password("http://example.test/");
                ends_at(ms(300), || {
                    failure(session.get(&url), ErrorKind::ConnectTimeout, Phase::Dns)
                })
            });
        }
    });
    assert_eq!(resolver.state.lock().unwrap().1, DNS_THREADS_MAX);
    resolver.release();

    let peer = Peer::plain(vec![answers()]);
    let port = peer.url().rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(get_text(&session, &format!("http://example.test:{port}/")).unwrap(), "ok");
}

#[test]
fn fault_03_a_resolver_that_panics_fails_one_request() {
    struct Panics;
    impl Resolve for Panics {
        fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>> {
            std::panic::resume_unwind(Box::new("on purpose"))
        }
    }
    let session = resolving(session(), Arc::new(Panics));
    for _ in 0..2 * DNS_THREADS_MAX {
        at_once(|| failure(session.get("http://example.test/"), ErrorKind::Panic, Phase::Dns));
    }
}

#[test]
fn fault_04_names_that_cannot_exist_are_not_looked_up() {
    let resolver = addresses([Ipv4Addr::LOCALHOST.into()]);
    let session = resolving(session(), resolver.clone());
    // The last one fits into a SOCKS handshake, but not into DNS.
    let long = ["a".repeat(64), ["a."; 128].concat() + "a", ["a."; 127].concat() + "a"];
    for host in [&long[0], &long[1], &long[2], "", "a\0b", "a b"] {
        let error = session.get(&format!("http://{host}/")).unwrap_err();
        let phase = if host == long[2] { Phase::Dns } else { Phase::Prepare };
        assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidUrl, phase), "{host}");
    }
    assert_eq!(resolver.1.load(Ordering::SeqCst), 0);
}

#[test]
fn fault_05_the_first_address_refuses_and_the_second_answers() {
    let peer = Peer::plain(vec![answers()]);
    let port = peer.url().rsplit_once(':').unwrap().1.to_owned();
    let both = addresses([Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    let session = resolving(session(), both);
    let url = format!("http://example.test:{port}/");
    assert_eq!(at_once(|| get_text(&session, &url)).unwrap(), "ok");
    assert_eq!(peer.accepted(), 1);
}

#[test]
fn fault_05_the_first_address_is_silent_and_the_second_answers() {
    let server = Server::start();
    let port: u16 = server.blackhole().rsplit_once(':').unwrap().1.parse().unwrap();
    let good = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).unwrap();
    let answering = thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = good.accept().unwrap();
        read_head(&stream);
        stream.write_all(OK).unwrap();
        read_to_end(&stream);
    });
    let both = addresses([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    let session = resolving(session(), both);
    let url = format!("http://example.test:{port}/");
    let (text, took) = timed(|| get_text(&session, &url));
    assert_eq!(text.unwrap(), "ok");
    assert!(took < rq::limits::CONNECT_STAGGER + SLACK, "{took:?}");
    drop(session);
    answering.join().unwrap();
}

/// All of 127/8 is this machine, on Linux.
#[cfg(target_os = "linux")]
#[test]
fn fault_06_of_a_thousand_addresses_eight_are_tried() {
    let check = |position: u8, reached: bool| {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 7, position), 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thousand =
            (1..=1000_u16).map(|n| Ipv4Addr::new(127, 0, 7 + (n >> 8) as u8, n as u8).into());
        let session = resolving(session_within(ms(2000), ms(100)), addresses(thousand));
        let result = session.get(&format!("http://example.test:{port}/"));
        let kind = if reached { ErrorKind::ReadTimeout } else { ErrorKind::Connect };
        assert_eq!(result.unwrap_err().kind(), kind, "address {position}");
    };
    check(8, true);
    check(9, false);
}

#[test]
fn fault_07_a_port_that_refuses() {
    let server = Server::start();
    let url = with_password(&server.refused());
    let error = at_once(|| failure(session().get(&url), ErrorKind::Connect, Phase::Connect));
    let system = io::Error::from_raw_os_error(error.os_error());
    assert_eq!(system.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.message().contains("127.0.0.1:"), "{error}");
    assert!(error.message().contains("refused"), "{error}");
}

#[test]
fn fault_09_a_port_that_is_silent() {
    let server = Server::start();
    let url = with_password(&server.blackhole());
    let session = session_within(ms(300), ms(10_000));
    let error =
        ends_at(ms(300), || failure(session.get(&url), ErrorKind::ConnectTimeout, Phase::Connect));
    assert!(error.is_timeout() && error.message().contains("300 ms"), "{error}");
}

#[test]
fn fault_10_accepted_then_reset() {
    // Whether the reset comes within the connect, or before or after the request is sent, is up to
    // the kernel.
    let peer = Peer::plain(vec![vec![Step::Reset], answers()]);
    let error = at_once(|| peer.get()).unwrap_err();
    without_secrets(&error);
    let kinds = [ErrorKind::Connect, ErrorKind::Send, ErrorKind::Closed];
    assert!(kinds.contains(&error.kind()), "{error:?}");
    assert_eq!(peer.accepted(), 1, "a new connection that dies is not a reason to resend");
    peer.goes_on(2);
}

#[test]
fn fault_11_accepted_late_is_no_fault() {
    let (port, thread) = once(|stream| {
        use std::io::Write;
        thread::sleep(ms(200));
        read_head(&stream);
        (&stream).write_all(OK).unwrap();
        read_to_end(&stream);
    });
    let session = session_within(ms(100), ms(10_000));
    assert_eq!(get_text(&session, &format!("http://127.0.0.1:{port}/")).unwrap(), "ok");
    drop(session);
    thread.join().unwrap();
}

#[test]
fn fault_51_a_token_that_was_triggered_before_wins_over_every_fault() {
    let server = Server::start();
    let (session, token) = (session(), CancelToken::new());
    token.trigger();
    let invalid = "http://nowhere.invalid/".to_owned();
    for url in [invalid, server.refused(), server.blackhole(), server.plain_as_tls()] {
        let request = Request::new("GET", &with_password(&url)).unwrap();
        let prepared = session.prepare(&request).unwrap();
        let error = at_once(|| session.send_cancellable(&prepared, &token)).unwrap_err();
        without_secrets(&error);
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{url}: {error}");
    }
}
