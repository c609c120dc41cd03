//! How long a connection serves: kept, used up, idle for too long, cut, shared by threads.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use rq::{ErrorKind, Phase, Scheme};

use crate::client::{assert_brings, content, get, place, send};
use crate::nginx::{Nginx, Site};

over_http_and_https! {
    three_requests_use_one_connection,
    a_connection_ends_with_its_fifth_answer,
    a_connection_closed_while_idle_is_noticed,
    no_answer_at_all_is_an_error,
    eight_threads_share_a_session,
}

fn three_requests_use_one_connection(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"hello");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/page"));
    let mut connections = HashSet::new();
    for number in 1..=3 {
        let response = get(&session, &url, &[]);
        assert_eq!((place(&response).1, response.is_reused()), (number, number > 1));
        connections.insert(place(&response).0);
        assert_brings(response, b"hello");
    }
    assert_eq!(connections.len(), 1);
}

fn a_connection_ends_with_its_fifth_answer(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"hello");
    let (session, url) = (nginx.session(), nginx.url(Site::FewRequests, scheme, "/page"));
    let numbers = (0..12).map(|_| {
        // Never sent twice, so that only a connection known to be closed is replaced.
        let mut response = send(&session, "POST", &url, b"");
        assert!(response.content().unwrap().starts_with(b"<html>"));
        assert_eq!(response.is_reused(), place(&response).1 > 1);
        place(&response).1
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]);
}

fn a_connection_closed_while_idle_is_noticed(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"hello");
    let (session, url) = (nginx.session(), nginx.url(Site::ShortIdle, scheme, "/page"));
    let first = get(&session, &url, &[]);
    let connection = place(&first).0;
    assert_brings(first, b"hello");
    // The time that nginx lets a connection idle is what is tested.
    thread::sleep(Duration::from_millis(1300));
    // A POST is never sent twice: it arrives only if the closed connection is not used for it.
    let second = send(&session, "POST", &url, b"");
    assert_eq!((second.status(), second.is_reused()), (405, false));
    assert_ne!(place(&second).0, connection);
}

fn no_answer_at_all_is_an_error(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"hello");
    let session = nginx.session();
    let (silence, page) =
        (nginx.url(Site::Files, scheme, "/silence"), nginx.url(Site::Files, scheme, "/page"));
    let closed = || {
        let error = session.get(&silence).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Closed, Phase::Head), "{error}");
        assert_eq!(error.url(), Some(&*silence));
    };
    closed();
    assert_brings(get(&session, &page, &[]), b"hello");
    // On a kept connection: sent once more on a new one, with the same end.
    closed();
    assert_brings(get(&session, &page, &[]), b"hello");
}

fn eight_threads_share_a_session(scheme: Scheme) {
    let nginx = Nginx::start();
    let session = nginx.session();
    let file = content(64 << 10);
    // Sizes on both sides of every buffer's: each thread has its own.
    let sizes = [8, 1000, 4096, 16_000, 16_384, 20_000, 40_000, 65_536];
    for size in sizes {
        nginx.publish(&size.to_string(), &file[..size]);
    }
    let fetch = |size: usize| {
        let url = nginx.url(Site::Files, scheme, &format!("/{size}"));
        let fetch_once = |_| {
            let response = get(&session, &url, &[]);
            let connection = place(&response).0;
            assert_brings(response, &file[..size]);
            connection
        };
        (0..200).map(fetch_once).collect::<HashSet<_>>()
    };
    let fetch = &fetch;
    let connections = thread::scope(|scope| {
        let threads = sizes.map(|size| scope.spawn(move || fetch(size)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<HashSet<_>>()
    });
    assert!(connections.len() <= sizes.len(), "{} connections", connections.len());
}
