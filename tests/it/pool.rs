//! Connections that are kept: when they go back, who may share them, how many there are, and what
//! happens when one died meanwhile. The server numbers its connections, so that a response tells
//! over which one it came. Faults while a connection idles are in `faults_idle`.

use std::collections::HashSet;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use rq::{CaBundle, ErrorKind, Phase, PoolLimits, Request, Response, Result, Session};
use rq_testd::Server;
use rq_testd::pki::Ca;

use crate::client::{
    connection, connection_of, ends_at, failure, get_text, ms, send, session, session_for, text,
    timed, trusting, with_password,
};
use crate::peer::{OK, Peer, answers_then, read_head, say};

const LIMITS: PoolLimits =
    PoolLimits { idle_max: 100, idle_per_host_max: 10, open_per_host_max: 0 };

fn with_limits(session: &Session, limits: PoolLimits) {
    session.configure(|options| options.pool(limits)).unwrap();
}

/// Sends a GET whose options are changed so.
fn get_with(
    session: &Session,
    url: &str,
    change: impl FnOnce(&mut rq::Options),
) -> Result<Response> {
    let mut request = Request::new("GET", url)?;
    request.configure(change);
    session.send(&session.prepare(&request)?)
}

/// Has `count` responses open at a time, reads them, and returns how many came over kept
/// connections.
fn reused_of(count: usize, session: &Session, url: &str) -> usize {
    let mut open: Vec<Response> = (0..count).map(|_| session.get(url).unwrap()).collect();
    for response in &mut open {
        response.content().unwrap();
    }
    open.iter().filter(|response| response.is_reused()).count()
}

#[test]
fn requests_one_after_the_other_share_a_connection() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let numbers: Vec<u64> = ["/json", "/bytes/300000", "/chunked/30000", "/status/404"]
            .map(|path| connection_of(&session, &format!("{base}{path}")))
            .into();
        assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]), "{base}: {numbers:?}");
    }
}

#[test]
fn a_connection_goes_back_with_the_last_byte() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), format!("{base}/bytes/100000"));
        let mut first = session.get(&url).unwrap();
        let mut body = vec![0; 100_000];
        std::io::Read::read_exact(&mut first, &mut body[..99_999]).unwrap();
        let mut second = session.get(&url).unwrap();
        assert!(!second.is_reused(), "a byte is missing");
        assert_eq!(first.read(&mut body[99_999..]).unwrap(), 1);
        // Nobody has read the end: 0 bytes.
        assert_eq!(connection_of(&session, &url), connection(&first));
        assert_eq!(second.content().unwrap(), body);
    }
}

#[test]
fn a_response_without_a_body_gives_its_connection_back_at_once() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let bare = [("HEAD", "/bytes/5000"), ("GET", "/status/204"), ("GET", "/status/304")];
        let open: Vec<Response> = [bare.as_slice(), &[("GET", "/bytes/0")]]
            .concat()
            .into_iter()
            .map(|(method, path)| send(&session, method, &format!("{base}{path}"), b"").unwrap())
            .collect();
        let numbers: HashSet<u64> = open.iter().map(connection).collect();
        assert_eq!(numbers.len(), 1, "{base}: {numbers:?}");
    }
}

#[test]
fn two_open_responses_have_two_connections() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), format!("{base}/bytes/500"));
        let (mut first, mut second) = (session.get(&url).unwrap(), session.get(&url).unwrap());
        assert_ne!(connection(&first), connection(&second));
        assert_eq!(first.content().unwrap(), second.content().unwrap());
        assert_eq!(reused_of(2, &session, &url), 2, "{base}");
    }
}

#[test]
fn fault_75_an_unread_response_is_kept_only_if_all_of_it_has_come() {
    let server = Server::start();
    // A small body comes with its head, or close behind: either way the session goes on.
    let cases = [("/json", None), ("/bytes/50000000", Some(false)), ("/drip/100/100", Some(false))];
    for base in [server.http(), server.https()] {
        for (path, kept) in cases {
            let session = session_for(&server);
            let (_, took) = timed(|| session.get(&format!("{base}{path}")).map(drop));
            assert!(took < ms(1000), "{path}: dropping took {took:?}");
            let mut next = session.get(&format!("{base}/json")).unwrap();
            assert!(text(&mut next).unwrap().contains("librq"));
            assert!(kept.is_none_or(|kept| next.is_reused() == kept), "{path}");
        }
    }
}

#[test]
fn a_small_unread_response_that_came_whole_is_kept() {
    let peer = Peer::plain(vec![answers_then([say(OK)])]);
    drop(peer.get().unwrap());
    peer.goes_on(1);
}

#[test]
fn idle_connections_of_a_host_are_limited() {
    let server = Server::start();
    let url = format!("{}/json", server.http());
    for (idle_per_host_max, kept) in [(0, 0), (1, 1), (3, 3), (10, 5)] {
        let session = session();
        with_limits(&session, PoolLimits { idle_per_host_max, ..LIMITS });
        assert_eq!(reused_of(5, &session, &url), 0);
        assert_eq!(reused_of(5, &session, &url), kept, "limit {idle_per_host_max}");
    }
}

#[test]
fn idle_connections_in_all_are_limited_and_the_oldest_goes() {
    let server = Server::start();
    let session = session();
    with_limits(&session, PoolLimits { idle_max: 2, ..LIMITS });
    let address = server.http().replace("http://", "");
    let port: u32 = address.rsplit(':').next().unwrap().parse().unwrap();
    let url = |host: &str| format!("http://{host}:{port}/json");
    for host in ["a.test", "b.test", "c.test"] {
        session.configure(|options| options.resolve(host, port, &address)).unwrap();
        connection_of(&session, &url(host));
    }
    for (host, reused) in [("b.test", 1), ("c.test", 1), ("a.test", 0)] {
        assert_eq!(reused_of(1, &session, &url(host)), reused, "{host}");
    }
}

#[test]
fn an_idle_connection_ages() {
    let server = Server::start();
    let url = format!("{}/json", server.http());
    for (age, kept) in
        [(Some(Duration::ZERO), 0), (Some(ms(50)), 0), (Some(ms(60_000)), 1), (None, 1)]
    {
        let session = session();
        session.configure(|options| options.idle_age(age)).unwrap();
        connection_of(&session, &url);
        // Age is time that passes.
        thread::sleep(ms(60));
        assert_eq!(reused_of(1, &session, &url), kept, "{age:?}");
    }
}

#[test]
fn close_idle_closes_what_idles_and_nothing_else() {
    let server = Server::start();
    let (session, url) = (session(), format!("{}/bytes/100", server.http()));
    let mut open = session.get(&url).unwrap();
    let idle = connection_of(&session, &url);
    session.close_idle();
    assert_eq!(open.content().unwrap().len(), 100);
    assert_eq!(connection_of(&session, &url), connection(&open), "not {idle}");
}

#[test]
fn open_connections_are_limited_and_others_wait() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        with_limits(&session, PoolLimits { open_per_host_max: 2, ..LIMITS });
        let url = format!("{base}/delay/20");
        let numbers: HashSet<u64> = thread::scope(|scope| {
            let one = || connection_of(&session, &url);
            let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(numbers.len() <= 2, "{base}: {numbers:?}");
    }
}

#[test]
fn waiting_for_a_connection_ends_at_the_connect_timeout() {
    let server = Server::start();
    let session = session();
    with_limits(&session, PoolLimits { open_per_host_max: 1, ..LIMITS });
    let url = with_password(&format!("{}/bytes/100", server.http()));
    let mut open = session.get(&url).unwrap();
    let hasty = || get_with(&session, &url, |options| options.timeout(Some(ms(150)), None));
    let error = ends_at(ms(150), || failure(hasty(), ErrorKind::PoolTimeout, Phase::Pool));
    assert!(error.is_timeout() && error.message().contains("127.0.0.1:"), "{error}");
    open.content().unwrap();
    assert_eq!(connection(&hasty().unwrap()), connection(&open));
}

#[test]
fn a_waiter_gets_the_connection_that_is_given_back_or_the_place_of_one_that_is_closed() {
    let server = Server::start();
    for (path, kept) in [("/bytes/100", true), ("/bytes/50000000", false)] {
        let session = session();
        with_limits(&session, PoolLimits { open_per_host_max: 1, ..LIMITS });
        let mut open = session.get(&format!("{}{path}", server.http())).unwrap();
        let waiter = thread::spawn({
            let (session, url) = (session.clone(), format!("{}/json", server.http()));
            move || session.get(&url).map(|response| response.is_reused())
        });
        match kept {
            true => drop(open.content().unwrap()),
            false => open.close(),
        }
        assert_eq!(waiter.join().unwrap().unwrap(), kept, "{path}");
    }
}

#[test]
fn flaw_33_verify_on_and_off_never_share_a_connection() {
    let server = Server::start();
    let (session, url) = (session_for(&server), format!("{}/json", server.https()));
    let verified = connection_of(&session, &url);
    let mut unverified = get_with(&session, &url, |options| options.verify(false)).unwrap();
    unverified.content().unwrap();
    assert_ne!(connection(&unverified), verified);
    assert_eq!(connection_of(&session, &url), verified);
    // Off first: what was opened blindly is no way around verification.
    let url = with_password(&format!("{}/json", server.https_untrusted()));
    get_with(&session, &url, |options| options.verify(false)).unwrap().content().unwrap();
    failure(session.get(&url), ErrorKind::Tls, Phase::Tls);
}

#[test]
fn flaw_35_two_ca_bundles_never_share_a_connection() {
    let server = Server::start();
    let (own, other) = (server.ca().pem(), Ca::new("another").pem());
    let bundle = |pem: &str| CaBundle::from_pem(pem.as_bytes()).unwrap();
    let (session, url) = (trusting(&own), with_password(&format!("{}/json", server.https())));
    let first = connection_of(&session, &url);
    let over = |pem: &str| {
        let mut response = get_with(&session, &url, |options| options.ca(bundle(pem)))?;
        response.content().map(|_| connection(&response))
    };
    assert_ne!(over(&(own.clone() + &other)).unwrap(), first, "a bundle that also trusts the peer");
    failure(over(&other), ErrorKind::Tls, Phase::Tls);
    assert_eq!(over(&own).unwrap(), first, "bundles are compared by what they hold");
    let mut file = get_with(&session, &url, |options| options.ca_file(server.ca_file()).unwrap());
    assert_eq!(connection(file.as_mut().unwrap()), first);
}

#[test]
fn flaw_40_schemes_hosts_and_ports_never_share_a_connection() {
    let (server, other) = (Server::start(), Server::start());
    let session = session_for(&server);
    let named = server.http().replace("127.0.0.1", "localhost");
    for base in [server.http(), named, other.http(), server.https()] {
        let mut response = session.get(&format!("{base}/json")).unwrap();
        assert!(!response.is_reused(), "{base}");
        response.content().unwrap();
    }
}

#[test]
fn fault_53_a_get_on_a_dying_kept_connection_is_resent_once() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let dying = connection_of(&session, &format!("{base}/die-on-second"));
        let next = connection_of(&session, &format!("{base}/json"));
        assert_eq!(next, dying + 1, "{base}");
    }
}

#[test]
fn fault_54_a_post_on_a_dying_kept_connection_is_not_resent() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), with_password(&format!("{base}/upload")));
        let dying = connection_of(&session, &format!("{base}/die-on-second"));
        failure(send(&session, "POST", &url, b"once"), ErrorKind::Closed, Phase::Head);
        assert_eq!(connection_of(&session, &format!("{base}/json")), dying + 1, "{base}");
    }
}

#[test]
fn a_connection_that_asks_to_be_closed_is_not_kept() {
    let server = Server::start();
    let (session, url) = (session(), format!("{}/json", server.http()));
    let closing = |options: &mut rq::Options| options.header("Connection", "close").unwrap();
    let mut first = get_with(&session, &url, closing).unwrap();
    first.content().unwrap();
    assert_eq!(reused_of(1, &session, &url), 0);
    assert_eq!(reused_of(1, &session, &format!("{}/close/10", server.http())), 1);
    assert_eq!(reused_of(1, &session, &url), 0, "the body lasted until the close");
}

#[test]
fn fault_77_bytes_that_come_while_idle_are_never_an_answer() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        assert_eq!(get_text(&session, &format!("{base}/then-garbage")).unwrap(), "ok");
        // The server sends after 20 ms.
        thread::sleep(ms(100));
        let mut next = session.get(&format!("{base}/json")).unwrap();
        assert!(text(&mut next).unwrap().contains("librq"));
        assert!(!next.is_reused(), "{base}");
    }
}

#[test]
fn threads_share_a_session_and_get_their_own_answers() {
    const THREADS: usize = 16;
    const REQUESTS: usize = 200;
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, start) = (session_for(&server), Barrier::new(THREADS));
        with_limits(&session, PoolLimits { idle_per_host_max: THREADS, ..LIMITS });
        let (numbers, seen) = mpsc::channel();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (session, start, base, numbers) = (&session, &start, &base, numbers.clone());
                scope.spawn(move || {
                    start.wait();
                    for number in 0..REQUESTS {
                        numbers.send(exchange(session, base, thread * REQUESTS + number)).unwrap();
                    }
                });
            }
        });
        drop(numbers);
        let connections: HashSet<u64> = seen.iter().collect();
        assert!(connections.len() <= THREADS, "{base}: {} connections", connections.len());
    }
}

/// A request that only its own answer fits; over which connection it went.
fn exchange(session: &Session, base: &str, serial: usize) -> u64 {
    let mut response = match serial % 2 {
        0 => session.get(&format!("{base}/bytes/{serial}")).unwrap(),
        _ => send(session, "POST", &format!("{base}/echo"), format!("<{serial}>").as_bytes())
            .unwrap(),
    };
    let body = response.content().unwrap();
    match serial % 2 {
        0 => assert!(
            body.len() == serial
                && body.iter().enumerate().all(|(i, b)| usize::from(*b) == i % 251)
        ),
        _ => assert!(body.ends_with(format!("\r\n\r\n<{serial}>").as_bytes())),
    }
    connection(&response)
}

#[test]
fn fault_77_an_answer_that_comes_before_its_request_is_none() {
    let ((read, was_read), (sent, was_sent)) = (mpsc::channel(), mpsc::channel());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut first = listener.accept().unwrap().0;
        read_head(&first);
        first.write_all(OK).unwrap();
        was_read.recv().unwrap();
        first.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged").unwrap();
        sent.send(()).unwrap();
        // Whoever takes the forged answer never comes back.
        let mut second = listener.accept().unwrap().0;
        read_head(&second);
        second.write_all(OK).unwrap();
    });
    let session = session();
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
    read.send(()).unwrap();
    was_sent.recv().unwrap();
    // The connection has hardly idled: but long enough that it is looked at.
    thread::sleep(ms(1));
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
    server.join().unwrap();
}
