//! A slow server: the read timeout is for silence, the deadline for the whole.

use std::time::{Duration, Instant};

use rq::{ErrorKind, Phase, Scheme};

use crate::client::{assert_brings, content, get};
use crate::nginx::{Nginx, Site};

over_http_and_https! {
    a_slow_body_is_no_silence,
    a_slow_body_ends_at_the_deadline,
}

fn a_slow_body_is_no_silence(scheme: Scheme) {
    let nginx = Nginx::start();
    let file = content(192 << 10);
    nginx.publish("file", &file);
    let session = nginx.session();
    let read = Duration::from_millis(1500);
    session.configure(|options| options.timeout(None, Some(read)));
    let started = Instant::now();
    let response = get(&session, &nginx.url(Site::Files, scheme, "/slow/file"), &[]);
    assert_brings(response, &file);
    assert!(started.elapsed() > read, "faster than the timeout: {:?}", started.elapsed());
}

fn a_slow_body_ends_at_the_deadline(scheme: Scheme) {
    let nginx = Nginx::start();
    // Half a minute's worth.
    nginx.publish("file", &content(2 << 20));
    let session = nginx.session();
    session.configure(|options| options.total_timeout(Some(Duration::from_millis(500))));
    let started = Instant::now();
    let mut response = get(&session, &nginx.url(Site::Files, scheme, "/slow/file"), &[]);
    let error = response.content().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::TotalTimeout, Phase::Body), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "late: {:?}", started.elapsed());
}
