//! Servers' certificates: directly, behind a tunnel through a plain proxy.

use std::time::Duration;

use rq::{CaBundle, Error, ErrorKind, Phase, Result, Session, Url};

use crate::cases::{Case, Matrix, Trust};
use crate::serve::{OldServer, Server};

/// In a header of every request: no server may see it that was refused.
const TOKEN: &str = "t0ken-of-ann";

/// A server with a case's certificate.
enum Site {
    New(Server),
    /// What rustls does not speak.
    Old(OldServer),
}

impl Site {
    fn of(case: &Case) -> Self {
        match case.name.as_str() {
            "tls-1.1-only" => Self::Old(OldServer::of(case)),
            _ => Self::New(Server::of(case)),
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::New(server) => server.port,
            Self::Old(server) => server.port,
        }
    }

    fn heard(self) -> String {
        match self {
            Self::New(server) => server.heard(),
            Self::Old(server) => server.heard(),
        }
    }
}

/// A session that connects to this machine for the case's host at `port`.
fn session(host: &str, port: u16) -> Session {
    let session = Session::new();
    session.configure(|options| {
        let limit = Some(Duration::from_secs(10));
        options.trust_env(false).unwrap();
        options.timeout(limit, limit);
        options.header("Authorization", format!("Bearer {TOKEN}")).unwrap();
        options.resolve(host, port.into(), "127.0.0.1").unwrap();
    });
    session
}

/// The URL of the case's host at `port`, and that host as the client looks it up.
fn url(scheme: &str, host: &str, port: u16) -> (String, String) {
    let url = format!("{scheme}://{host}:{port}/page");
    let host = Url::parse(&url).unwrap().host().to_owned();
    (url, host)
}

fn trust(session: &Session, case: &Case, trust: Trust) {
    session.configure(|options| match trust {
        Trust::Own => options.ca(CaBundle::from_pem(&case.ca).unwrap()),
        Trust::System => {}
        Trust::Anyone => options.verify(false),
    });
}

/// GETs and reads the body.
fn get(session: &Session, url: &str) -> Result<()> {
    let mut response = session.get(url)?;
    assert_eq!((response.status(), &*response.content()?), (200, &b"ok"[..]));
    Ok(())
}

/// What is wrong with `result`, if the server has heard so much of the request.
fn fault(expected: &str, result: Result<()>, heard: &str) -> Option<String> {
    let was_sent = heard.contains("/page") || heard.contains(TOKEN);
    match result {
        Ok(()) if expected == "accept" && was_sent => None,
        Ok(()) => Some(format!("accepted instead of {expected}")),
        Err(error) if expected == "accept" => Some(format!("refused: {error}")),
        Err(_) if was_sent => Some(format!("refused, but the server has heard {heard:?}")),
        Err(error) => wrong_error(expected, &error),
    }
}

fn wrong_error(expected: &str, error: &Error) -> Option<String> {
    let told = (error.kind(), error.phase());
    if told != (ErrorKind::Tls, Phase::Tls) || error.message().contains(TOKEN) {
        return Some(format!("{expected} is told as {error:?}"));
    }
    None
}

/// Plays each case under each trust; all that goes wrong is told at the end.
fn each(play: impl Fn(&Case, Trust) -> Option<String>) {
    let matrix = Matrix::get();
    assert!(matrix.cases.len() > 70, "only {} cases", matrix.cases.len());
    let mut faults = Vec::new();
    for case in &matrix.cases {
        for trust in Trust::ALL {
            if let Some(fault) = play(case, trust) {
                faults.push(format!("{} ({trust:?}): {fault}", case.name));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn directly() {
    each(|case, whom| {
        let site = Site::of(case);
        let (url, host) = url("https", &case.host, site.port());
        let session = session(&host, site.port());
        trust(&session, case, whom);
        let result = get(&session, &url);
        fault(case.outcome(whom), result, &site.heard())
    });
}

#[test]
fn through_a_tunnel() {
    each(|case, whom| {
        let (site, proxy) = (Site::of(case), Server::start(None));
        let (url, host) = url("https", &case.host, site.port());
        let session = session(&host, site.port());
        trust(&session, case, whom);
        let proxy_url = format!("http://127.0.0.1:{}", proxy.port);
        session.configure(|options| options.proxy("https", Some(&proxy_url))).unwrap();
        let result = get(&session, &url);
        drop(session);
        let asked = proxy.heard();
        if !asked.starts_with("CONNECT ") || asked.contains(TOKEN) {
            return Some(format!("the proxy was asked {asked:?}"));
        }
        fault(case.outcome(whom), result, &site.heard())
    });
}
