//! What the tests do with the client: sessions that carry secrets, outcomes as text, errors and
//! times checked. Leaves servers to `peer` and testd.

use std::collections::HashSet;
use std::fmt::Debug;
use std::fs;
use std::time::{Duration, Instant};

use rq::{CaBundle, Error, ErrorKind, Headers, Options, Phase, Request, Response, Result, Session};
use rq_testd::Server;

/// How much later than its limit a timeout may come on a busy machine.
pub(crate) const SLACK: Duration = Duration::from_secs(1);

/// In the URL of every fault's request; no message may hold it.
const PASSWORD: &str = "s3cret-of-ann";
/// In a header of every fault's request; no message may hold it.
const TOKEN: &str = "t0ken-of-ann";

/// Milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A session whose requests carry a token, and whose timeouts end a test that hangs.
pub(crate) fn session() -> Session {
    timed_session(Session::new())
}

/// The same of a session that was made otherwise.
pub(crate) fn timed_session(session: Session) -> Session {
    session.configure(|options| {
        options.timeout(Some(ms(10_000)), Some(ms(10_000)));
        options.header("Authorization", format!("Bearer {TOKEN}")).unwrap();
    });
    session
}

/// The same with these timeouts for connecting and reading.
pub(crate) fn session_within(connect: Duration, read: Duration) -> Session {
    let session = session();
    session.configure(|options| options.timeout(Some(connect), Some(read)));
    session
}

/// A session that trusts the authority in `pem` alone.
pub(crate) fn trusting(pem: &str) -> Session {
    let session = session();
    session.configure(|options| options.ca(CaBundle::from_pem(pem.as_bytes()).unwrap()));
    session
}

/// A session that trusts the test authority of `server`.
pub(crate) fn session_for(server: &Server) -> Session {
    trusting(&server.ca().pem())
}

/// The URL with user name and password.
pub(crate) fn with_password(url: &str) -> String {
    url.replacen("://", &format!("://ann:{PASSWORD}@"), 1)
}

/// Sends a request without a body whose settings are changed so.
pub(crate) fn send_with(
    session: &Session,
    method: &str,
    url: &str,
    change: impl FnOnce(&mut Options),
) -> Result<Response> {
    let mut request = Request::new(method, url)?;
    request.configure(change);
    session.send(&session.prepare(&request)?)
}

/// Prepares and sends.
pub(crate) fn send(session: &Session, method: &str, url: &str, body: &[u8]) -> Result<Response> {
    let mut request = Request::new(method, url)?;
    request.body(body);
    session.send(&session.prepare(&request)?)
}

/// Sends a GET and reads the whole body as text.
pub(crate) fn get_text(session: &Session, url: &str) -> Result<String> {
    session.get(url).and_then(|mut response| text(&mut response))
}

/// The whole body as text.
pub(crate) fn text(response: &mut Response) -> Result<String> {
    response.content().map(|body| String::from_utf8_lossy(&body).into_owned())
}

/// A header of the response as text; empty without one.
pub(crate) fn header(response: &Response, name: &str) -> String {
    String::from_utf8_lossy(response.headers().get(name).unwrap_or_default()).into_owned()
}

/// The number that the server has given to the response's connection.
pub(crate) fn connection(response: &Response) -> u64 {
    header(response, "X-Connection").parse().expect("a numbered connection")
}

/// Sends a GET, reads it to its end and returns the number of its connection.
pub(crate) fn connection_of(session: &Session, url: &str) -> u64 {
    let mut response = session.get(url).unwrap();
    response.content().unwrap();
    connection(&response)
}

/// The error of `result`, which must be of this kind, from this phase, and free of secrets.
#[track_caller]
pub(crate) fn failure<T: Debug>(result: Result<T>, kind: ErrorKind, phase: Phase) -> Error {
    let error = result.expect_err("the request fails");
    assert_eq!((error.kind(), error.phase()), (kind, phase), "{error}");
    without_secrets(&error);
    error
}

/// Fails if any text of the error holds a secret, or if it does not say where it happened.
#[track_caller]
pub(crate) fn without_secrets(error: &Error) {
    let told = format!("{error} {error:?} {}", error.url().unwrap_or_default());
    assert!(!told.contains(PASSWORD) && !told.contains(TOKEN), "{told}");
    assert!(error.url().is_some(), "no URL: {told}");
}

/// How many sockets of this machine are connected to `port` over IPv4, by the kernel's own table;
/// those that nobody holds any more do not count. Where there is no such table, none are seen.
///
/// The table is read in pieces while it changes, and may show a socket twice: inodes are counted.
pub(crate) fn sockets_to(port: u16) -> usize {
    sockets_of(port).len()
}

/// The inodes of those sockets.
pub(crate) fn sockets_of(port: u16) -> HashSet<String> {
    let to = format!(":{port:04X}");
    let inode = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_to = columns.get(2).is_some_and(|remote| remote.ends_with(&to));
        columns.get(9).filter(|inode| is_to && **inode != "0").map(|inode| (*inode).to_owned())
    };
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    table.lines().filter_map(inode).collect()
}

/// The port of a URL that has one.
pub(crate) fn port(url: &str) -> u16 {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Runs `work` and says how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed())
}

/// Runs `work`, which must end not before `limit` and not long after it.
#[track_caller]
pub(crate) fn ends_at<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let (result, took) = timed(work);
    // The kernel's timer may be a jiffy ahead of the clock.
    assert!(took + ms(10) >= limit && took < limit + SLACK, "took {took:?} instead of {limit:?}");
    result
}

/// Runs `work`, which must not wait for anything.
#[track_caller]
pub(crate) fn at_once<T>(work: impl FnOnce() -> T) -> T {
    ends_at(Duration::ZERO, work)
}

/// Everything that a caller sees of a response, read in pieces of at most `step` bytes:
/// `200 OK [Name: value; …] "body" [trailers]`, or the error's kind and phase.
pub(crate) fn outcome(result: Result<Response>, step: usize) -> String {
    let told = |error: &Error| format!("{:?} in {}", error.kind(), error.phase().name());
    let mut response = match result {
        Ok(response) => response,
        Err(error) => return told(&error),
    };
    let mut seen =
        format!("{} {} {}", response.status(), response.reason(), fields(response.headers()));
    let (mut body, mut buffer) = (Vec::new(), vec![0; step]);
    loop {
        match response.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => body.extend_from_slice(&buffer[..count]),
            // How much came before the fault depends on the pieces; that it is one does not.
            Err(error) => return format!("{seen}, {}", told(&error)),
        }
    }
    seen += &format!(" \"{}\"", body.escape_ascii());
    if let Some(trailers) = response.trailers() {
        seen += &format!(" {}", fields(trailers));
    }
    seen
}

fn fields(headers: &Headers) -> String {
    let field = |(name, value): (&str, &[u8])| format!("{name}: {}", value.escape_ascii());
    format!("[{}]", headers.iter().map(field).collect::<Vec<_>>().join("; "))
}
