//! Each timeout ends its own phase with its own kind, when it is due and not much later. They can
//! differ from request to request, over one and the same connection too.

use std::thread;
use std::time::Duration;

use rq::{ErrorKind, Options, Phase, PoolLimits, Request, Result, Session};
use rq_testd::Server;

use crate::client::{
    at_once, ends_at, failure, get_text, ms, session, session_for, session_within, with_password,
};

/// Short, so that the tests are; on a busy machine only lateness is forgiven.
const LIMIT: Duration = ms(200);

/// More than the sockets of both sides take.
const UPLOAD_BYTES: usize = 64 << 20;

/// Sends a request whose options are changed so, and reads the answer as text.
fn send_with(
    session: &Session,
    method: &str,
    url: &str,
    body: &[u8],
    change: impl FnOnce(&mut Options),
) -> Result<String> {
    let mut request = Request::new(method, &with_password(url))?;
    request.body(body);
    request.configure(change);
    let mut response = session.send(&session.prepare(&request)?)?;
    crate::client::text(&mut response)
}

/// A GET under this read timeout.
fn get_within(session: &Session, url: &str, read: Option<Duration>) -> Result<String> {
    send_with(session, "GET", url, b"", |options| options.timeout(Some(ms(10_000)), read))
}

#[test]
fn connecting_ends_at_the_connect_timeout() {
    let server = Server::start();
    let session = session_within(LIMIT, ms(10_000));
    let silent = format!("https://{}", server.silent());
    for (url, phase) in [(server.blackhole(), Phase::Connect), (silent, Phase::Tls)] {
        let url = with_password(&url);
        let error = ends_at(LIMIT, || failure(session.get(&url), ErrorKind::ConnectTimeout, phase));
        assert!(error.is_timeout() && error.message().contains("200 ms"), "{error}");
        assert!(error.message().contains("127.0.0.1:"), "{error}");
    }
}

#[test]
fn silence_ends_at_the_read_timeout() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        for (path, phase) in [("/stall-head", Phase::Head), ("/stall-body", Phase::Body)] {
            let (session, url) = (session_for(&server), format!("{base}{path}"));
            let get = || get_within(&session, &url, Some(LIMIT));
            let error = ends_at(LIMIT, || failure(get(), ErrorKind::ReadTimeout, phase));
            assert!(error.is_timeout() && error.message().contains("200 ms"), "{error}");
        }
    }
}

#[test]
fn fault_50_an_upload_that_nobody_takes_ends_at_the_write_timeout() {
    let server = Server::start();
    let body = vec![b'x'; UPLOAD_BYTES];
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), format!("{base}/no-read"));
        let post = || {
            send_with(&session, "POST", &url, &body, |options| {
                options.timeout(None, Some(LIMIT));
            })
        };
        ends_at(LIMIT, || failure(post(), ErrorKind::WriteTimeout, Phase::Send));
    }
}

#[test]
fn everything_ends_at_the_total_timeout() {
    let server = Server::start();
    let silent = format!("https://{}", server.silent());
    let upload = vec![b'x'; UPLOAD_BYTES];
    let mut cases =
        vec![(server.blackhole(), &[][..], Phase::Connect), (silent, &[][..], Phase::Tls)];
    for base in [server.http(), server.https()] {
        cases.push((format!("{base}/stall-head"), &[], Phase::Head));
        cases.push((format!("{base}/stall-body"), &[], Phase::Body));
        cases.push((format!("{base}/drip/1000/20"), &[], Phase::Body));
        cases.push((format!("{base}/no-read"), &upload, Phase::Send));
    }
    for (url, body, phase) in cases {
        let session = session_for(&server);
        let method = if body.is_empty() { "GET" } else { "POST" };
        let total = || {
            send_with(&session, method, &url, body, |options| {
                options.timeout(None, None);
                options.total_timeout(Some(LIMIT));
            })
        };
        let error = ends_at(LIMIT, || failure(total(), ErrorKind::TotalTimeout, phase));
        assert!(error.is_timeout() && error.message().contains("deadline of 200 ms"), "{error}");
    }
}

#[test]
fn waiting_for_the_pool_counts_for_the_total_timeout() {
    let server = Server::start();
    let session = session();
    let one = PoolLimits { idle_max: 1, idle_per_host_max: 1, open_per_host_max: 1 };
    session.configure(|options| options.pool(one)).unwrap();
    let url = format!("{}/bytes/10", server.http());
    let open = session.get(&url).unwrap();
    let total =
        || send_with(&session, "GET", &url, b"", |options| options.total_timeout(Some(LIMIT)));
    ends_at(LIMIT, || failure(total(), ErrorKind::TotalTimeout, Phase::Pool));
    drop(open);
}

#[test]
fn fault_61_the_read_timeout_is_for_each_silence() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        // A second in all, a tenth of it at a time.
        let url = format!("{base}/drip/10/100");
        let body = ends_at(ms(1000), || get_within(&session_for(&server), &url, Some(ms(500))));
        assert_eq!(body.unwrap(), "..........", "{base}");
    }
}

#[test]
fn requests_of_one_session_have_timeouts_of_their_own() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let url = format!("{base}/stall-head");
        thread::scope(|scope| {
            for limit in [100, 300, 500, 700].map(ms) {
                let (session, url) = (&session, &url);
                scope.spawn(move || {
                    let get = || get_within(session, url, Some(limit));
                    ends_at(limit, || failure(get(), ErrorKind::ReadTimeout, Phase::Head));
                });
            }
        });
    }
}

#[test]
fn a_kept_connection_takes_the_timeouts_of_each_request() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let slow = format!("{base}/delay/300");
        let over_one = |read| get_within(&session, &slow, read).unwrap();
        assert!(get_within(&session, &format!("{base}/json"), Some(ms(50))).is_ok());
        // What an earlier request set on the socket ends none of these.
        for read in [None, Some(ms(5000)), None] {
            assert_eq!(over_one(read), "slept");
        }
        let last = || get_within(&session, &format!("{base}/stall-head"), Some(LIMIT));
        ends_at(LIMIT, || failure(last(), ErrorKind::ReadTimeout, Phase::Head));
        let seen = get_text(&session, &format!("{base}/connections")).unwrap();
        assert!(seen.contains(r#""total": 2"#), "one connection until the timeout: {seen}");
    }
}

#[test]
fn a_total_timeout_leaves_nothing_behind_on_a_kept_connection() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let hasty = |options: &mut Options| options.total_timeout(Some(ms(500)));
        send_with(&session, "GET", &format!("{base}/json"), b"", hasty).unwrap();
        let slow = format!("{base}/delay/800");
        assert_eq!(get_within(&session, &slow, None).unwrap(), "slept");
    }
}

#[test]
fn a_session_s_timeouts_hold_until_they_are_changed() {
    let server = Server::start();
    let session = session_within(ms(10_000), LIMIT);
    let url = format!("{}/stall-head", server.http());
    let get = || failure(session.get(&url), ErrorKind::ReadTimeout, Phase::Head);
    ends_at(LIMIT, get);
    session.configure(|options| options.timeout(None, Some(ms(400))));
    ends_at(ms(400), get);
    // The request's own win, for the one request.
    ends_at(ms(100), || {
        failure(get_within(&session, &url, Some(ms(100))), ErrorKind::ReadTimeout, Phase::Head)
    });
    ends_at(ms(400), get);
}

#[test]
fn the_shortest_of_the_timeouts_counts() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let (session, url) = (session_for(&server), format!("{base}/stall-head"));
        let get = |read, total| {
            let result = send_with(&session, "GET", &url, b"", |options| {
                options.timeout(None, Some(read));
                options.total_timeout(Some(total));
            });
            result.unwrap_err().kind()
        };
        assert_eq!(ends_at(LIMIT, || get(LIMIT, ms(5000))), ErrorKind::ReadTimeout);
        assert_eq!(ends_at(LIMIT, || get(ms(5000), LIMIT)), ErrorKind::TotalTimeout);
    }
}

#[test]
fn a_timeout_of_almost_nothing_ends_at_once() {
    let server = Server::start();
    for tiny in [Duration::from_nanos(1), Duration::from_micros(10), Duration::ZERO] {
        for base in [server.http(), server.https()] {
            let (session, url) = (session_for(&server), format!("{base}/stall-head"));
            let get = || {
                let total = |options: &mut Options| options.total_timeout(Some(tiny));
                send_with(&session, "GET", &url, b"", total)
            };
            assert_eq!(at_once(get).unwrap_err().kind(), ErrorKind::TotalTimeout, "{tiny:?}");
            let get = || get_within(&session, &url, Some(tiny));
            let error = at_once(get).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ReadTimeout, "{tiny:?}: {error}");
        }
    }
}

#[test]
fn an_endless_timeout_never_ends() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        for (read, total) in [(Duration::MAX, None), (Duration::MAX, Some(Duration::MAX))] {
            let endless = |options: &mut Options| {
                options.timeout(Some(Duration::MAX), Some(read));
                options.total_timeout(total);
            };
            let slow = format!("{base}/delay/50");
            let answer = send_with(&session, "POST", &slow, b"body", endless);
            assert_eq!(answer.unwrap(), "slept", "{base}, {total:?}");
        }
    }
}
