//! A token that another thread triggers ends a request in whatever phase it is: each phase is made
//! to block by a peer that keeps silent there. And a token reaches no further than its requests.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rq::{CancelToken, ErrorKind, Phase, PoolLimits, Request, Resolve, Response, Result, Session};
use rq_testd::{Server, script};

use crate::client::{
    connection, connection_of, failure, ms, session, session_for, text, with_password,
    without_secrets,
};

/// After the trigger: 100 ms are promised on a machine that does nothing else.
const PROMPT: Duration = ms(500);

/// How long a request has to get to where it blocks: nothing tells that it does. One that is not
/// there yet ends in the same phase, since no earlier one looks at the token.
const SETTLING: Duration = ms(250);

const UPLOAD_BYTES: usize = 64 << 20;

/// Prepares and sends, cancellable.
fn send(
    session: &Session,
    method: &str,
    url: &str,
    body: &[u8],
    token: &CancelToken,
) -> Result<Response> {
    let mut request = Request::new(method, url)?;
    request.body(body);
    session.send_cancellable(&session.prepare(&request)?, token)
}

/// Runs `work`, triggers its token meanwhile; it must end promptly, and in `phase`.
#[track_caller]
fn check(phase: Phase, work: impl FnOnce(&CancelToken) -> Result<Vec<u8>>) {
    let token = CancelToken::new();
    let other = token.clone();
    let trigger = thread::spawn(move || {
        thread::sleep(SETTLING);
        let triggered = Instant::now();
        other.trigger();
        triggered
    });
    let result = work(&token);
    let ended = Instant::now();
    let triggered = trigger.join().unwrap();
    failure(result, ErrorKind::Cancelled, phase);
    let took = ended.checked_duration_since(triggered).expect("the request waits for the trigger");
    assert!(took < PROMPT, "{phase:?} took {took:?}");
}

/// The same for a GET of `url`, its body read.
#[track_caller]
fn check_get(phase: Phase, session: &Session, url: &str) {
    check(phase, |token| send(session, "GET", &with_password(url), b"", token)?.content());
}

/// Answers when the test has ended.
struct Blocking(Mutex<mpsc::Receiver<()>>);

impl Resolve for Blocking {
    fn resolve(&self, _: &str) -> Result<Vec<IpAddr>> {
        let _ = self.0.lock().unwrap().recv_timeout(ms(5000));
        Ok(vec![])
    }
}

#[test]
fn ends_a_lookup() {
    let (_until_here, end) = mpsc::channel();
    let session = session();
    let resolver = Arc::new(Blocking(Mutex::new(end)));
    session.configure(|options| options.resolver(resolver)).unwrap();
    check_get(Phase::Dns, &session, "http://slow.test/");
}

#[test]
fn ends_connecting() {
    let server = Server::start();
    check_get(Phase::Connect, &session(), &server.blackhole());
}

#[test]
fn ends_a_tls_handshake() {
    let server = Server::start();
    check_get(Phase::Tls, &session(), &format!("https://{}", server.silent()));
}

#[test]
fn ends_waiting_for_the_head() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        check_get(Phase::Head, &session_for(&server), &format!("{base}/stall-head"));
    }
}

#[test]
fn fault_51_ends_an_upload() {
    let server = Server::start();
    let body = vec![b'x'; UPLOAD_BYTES];
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let mut request = Request::new("POST", &with_password(&format!("{base}/no-read"))).unwrap();
        request.body(&body);
        // Prepared before the count-down: copying the body takes its time.
        let prepared = session.prepare(&request).unwrap();
        check(Phase::Send, |token| session.send_cancellable(&prepared, token)?.content());
    }
}

#[test]
fn ends_waiting_for_the_body() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        check_get(Phase::Body, &session_for(&server), &format!("{base}/stall-body"));
    }
}

#[test]
fn ends_waiting_for_the_pool() {
    let server = Server::start();
    let session = session();
    let one = PoolLimits { idle_max: 1, idle_per_host_max: 1, open_per_host_max: 1 };
    session.configure(|options| options.pool(one)).unwrap();
    let mut first = session.get(&format!("{}/json", server.http())).unwrap();
    check_get(Phase::Pool, &session, &format!("{}/json", server.http()));
    // The one who gave up waiting has not taken the place with it.
    first.content().unwrap();
    assert_eq!(connection_of(&session, &format!("{}/json", server.http())), connection(&first));
}

/// What has been received, and decrypted, but not read, is not given any more.
#[test]
fn a_cancelled_body_stays_cancelled() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        for path in ["bytes/1000000", "chunked/1000000"] {
            let (session, token) = (session_for(&server), CancelToken::new());
            let url = with_password(&format!("{base}/{path}"));
            let mut response = send(&session, "GET", &url, b"", &token).unwrap();
            assert!(response.read(&mut [0; 10]).unwrap() > 0);
            token.trigger();
            failure(response.read(&mut [0; 10]), ErrorKind::Cancelled, Phase::Body);
            failure(response.content(), ErrorKind::Cancelled, Phase::Body);
            let before = connection(&response);
            drop(response);
            let url = format!("{base}/json");
            assert_ne!(connection_of(&session, &url), before, "its connection is closed");
        }
    }
}

#[test]
fn triggered_before_nothing_is_sent() {
    let peer = script(vec![vec![rq_testd::Step::ReadHead]]);
    let token = CancelToken::new();
    token.trigger();
    let error = send(&session(), "GET", &with_password(peer.url()), b"", &token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    without_secrets(&error);
    assert_eq!(peer.received(0), b"");
}

#[test]
fn triggered_before_nothing_is_sent_over_a_kept_connection() {
    let server = Server::start();
    let (session, token) = (session(), CancelToken::new());
    let url = format!("{}/json", server.http());
    assert_eq!(connection_of(&session, &url), 1);
    token.trigger();
    let error = send(&session, "GET", &url, b"", &token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    without_secrets(&error);
    let mut next = session.get(&url).unwrap();
    let first = r#"{"hello": "librq", "connection": 1, "request": 2}"#;
    assert_eq!(text(&mut next).unwrap(), first, "the server saw nothing of it");
}

#[test]
fn one_token_ends_many_requests() {
    let server = Server::start();
    let session = session();
    let url = with_password(&format!("{}/stall-head", server.http()));
    let token = CancelToken::new();
    thread::scope(|scope| {
        let requests: Vec<_> =
            (0..8).map(|_| scope.spawn(|| send(&session, "GET", &url, b"", &token))).collect();
        thread::sleep(SETTLING);
        token.trigger();
        let triggered = Instant::now();
        for request in requests {
            failure(request.join().unwrap(), ErrorKind::Cancelled, Phase::Head);
        }
        assert!(triggered.elapsed() < PROMPT, "took {:?}", triggered.elapsed());
    });
}

#[test]
fn a_late_trigger_does_not_reach_the_kept_connection() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, token) = (session_for(&server), CancelToken::new());
        let url = format!("{base}/json");
        let mut first = send(&session, "GET", &url, b"", &token).unwrap();
        first.content().unwrap();
        token.trigger();
        assert_eq!(connection_of(&session, &url), connection(&first), "{base}");
    }
}

#[test]
fn a_late_trigger_does_not_reach_the_next_request() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, token) = (session_for(&server), CancelToken::new());
        let mut first = send(&session, "GET", &format!("{base}/json"), b"", &token).unwrap();
        first.content().unwrap();
        let next = thread::spawn({
            let (session, url) = (session.clone(), format!("{base}/delay/300"));
            move || session.get(&url).and_then(|mut response| Ok((response.content()?, response)))
        });
        thread::sleep(SETTLING);
        token.trigger();
        let (body, next) = next.join().unwrap().unwrap();
        assert_eq!((&body[..], connection(&next)), (&b"slept"[..], connection(&first)));
    }
}
