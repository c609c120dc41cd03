//! What goes wrong on the way, and what decides which way is gone, with real peers: proxies that
//! refuse, by password, by rule or because nobody is there; the environment; servers that limit,
//! reject and fall silent, that speak one version of TLS, that ask for certificates.
//!
//! What works is checked by ways.c, main.go and ways.mjs. All are run by run.sh under rig, which
//! starts the peers and sets the variables that are read here.

use std::env;
use std::time::Duration;

use rq::{Request, Response, Session};

/// Ends a test that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The value of `RQ_WAY_` and `name`.
fn way(name: &str) -> String {
    let name = format!("RQ_WAY_{name}");
    env::var(&name).unwrap_or_else(|_| panic!("{name} is not set: run tests/ways/run.sh"))
}

/// A session that trusts the rig's authority, and nothing of this machine's environment.
fn session() -> Session {
    let session = Session::new();
    session.configure(|options| {
        options.trust_env(false).unwrap();
        options.ca_file(way("CA_FILE")).unwrap();
        options.timeout(Some(PATIENCE), Some(PATIENCE));
    });
    session
}

/// The same through the proxy whose variable this is.
fn session_through(proxy: &str) -> Session {
    let session = session();
    session.configure(|options| options.proxy("all", Some(&way(proxy)))).unwrap();
    session
}

/// The origins over http and over https.
fn origins() -> [String; 2] {
    [way("HTTP"), way("HTTPS")]
}

/// A header of the response; empty without one.
fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    std::str::from_utf8(response.headers().get(name).unwrap_or_default()).unwrap()
}

/// GETs with settings of its own, and reads all of it.
fn text(session: &Session, url: &str) -> String {
    let mut response = session.get(url).unwrap();
    String::from_utf8(response.bytes().unwrap().to_vec()).unwrap()
}

/// Sends a POST with a body.
fn post(session: &Session, url: &str, body: &[u8]) -> rq::Result<Response> {
    let mut request = Request::new("POST", url).unwrap();
    request.body(body);
    session.send(&session.prepare(&request).unwrap())
}

mod environment;
mod origins;
mod proxies;
