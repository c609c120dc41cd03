//! Servers' certificates: directly, behind a tunnel through a plain proxy, and under a pin.

use std::time::Duration;

use rq::{CaBundle, Error, ErrorKind, Phase, Result, Session, Url};

use crate::cases::{Case, Matrix, Trust};
use crate::serve::{OldServer, Server};

/// In a header of every request: no server may see it that was refused.
pub(crate) const TOKEN: &str = "t0ken-of-ann";

/// The case whose server speaks no version that rustls has.
const OLD: &str = "tls-1.1-only";

/// A server with a case's certificate.
pub(crate) enum Site {
    New(Server),
    /// What rustls does not speak.
    Old(OldServer),
}

impl Site {
    pub(crate) fn of(case: &Case) -> Self {
        match case.name.as_str() {
            OLD => Self::Old(OldServer::of(case)),
            _ => Self::New(Server::of(case)),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::New(server) => server.port,
            Self::Old(server) => server.port,
        }
    }

    pub(crate) fn heard(self) -> String {
        match self {
            Self::New(server) => server.heard(),
            Self::Old(server) => server.heard(),
        }
    }
}

/// A session that connects to this machine for the case's host at `port`.
pub(crate) fn session(host: &str, port: u16) -> Session {
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
pub(crate) fn url(scheme: &str, host: &str, port: u16) -> (String, String) {
    let url = format!("{scheme}://{host}:{port}/page");
    let host = Url::parse(&url).unwrap().host().to_owned();
    (url, host)
}

pub(crate) fn trust(session: &Session, case: &Case, trust: Trust) {
    session.configure(|options| match trust {
        Trust::Own => options.ca(CaBundle::from_pem(&case.ca).unwrap()),
        Trust::System => {}
        Trust::Anyone => options.verify(false),
    });
}

/// GETs and reads the body.
pub(crate) fn get(session: &Session, url: &str) -> Result<()> {
    let mut response = session.get(url)?;
    assert_eq!((response.status(), &*response.content()?), (200, &b"ok"[..]));
    Ok(())
}

/// What is wrong with `result`, if the server has heard so much of the request.
pub(crate) fn fault(expected: &str, result: Result<()>, heard: &str) -> Option<String> {
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
    let told = (error.kind(), error.phase(), reason(error));
    if told != (ErrorKind::Tls, Phase::Tls, expected) || error.message().contains(TOKEN) {
        return Some(format!("{expected} is told as {}: {error:?}", reason(error)));
    }
    None
}

/// The reason as a word; empty without one.
pub(crate) fn reason(error: &Error) -> &'static str {
    error.reason().map_or("", rq::Reason::name)
}

/// Plays each case under each trust; all that goes wrong is told at the end.
pub(crate) fn each(play: impl Fn(&Case, Trust) -> Option<String>) {
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

/// A request straight to `site`.
fn direct(case: &Case, whom: Trust, site: Site) -> Option<String> {
    let (url, host) = url("https", &case.host, site.port());
    let session = session(&host, site.port());
    trust(&session, case, whom);
    let result = get(&session, &url);
    fault(case.outcome(whom), result, &site.heard())
}

#[test]
fn directly() {
    each(|case, whom| direct(case, whom, Site::of(case)));
}

#[test]
fn directly_over_tls_1_2() {
    each(|case, whom| {
        (case.name != OLD).then(|| direct(case, whom, Site::New(Server::of_tls_1_2(case))))?
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

/// The pin of a certificate's key.
fn pin_of(case: &Case) -> String {
    use base64::Engine;
    use sha2::Digest;
    let certificate = webpki::EndEntityCert::try_from(&case.chain[0]).unwrap();
    let hash = sha2::Sha256::digest(certificate.subject_public_key_info());
    format!("sha256//{}", base64::engine::general_purpose::STANDARD.encode(hash))
}

/// GETs the case's page where its key must be that of `pinned`.
fn get_pinned(case: &str, pinned: &str, whom: Trust) -> (Result<()>, String) {
    let matrix = Matrix::get();
    let (case, pinned) = (matrix.case(case), matrix.case(pinned));
    let server = Server::of(case);
    let (url, host) = url("https", &case.host, server.port);
    let session = session(&host, server.port);
    trust(&session, case, whom);
    session.configure(|options| options.pin(&pin_of(pinned))).unwrap();
    (get(&session, &url), server.heard())
}

#[test]
fn a_pinned_key_is_asked_for_whoever_is_trusted() {
    for whom in [Trust::Own, Trust::Anyone] {
        get_pinned("good-ec", "good-ec", whom).0.unwrap();
        for (case, pinned, expected) in [
            ("good-ec", "good-rsa", "pin_mismatch"),
            // A copy of the pinned certificate is nothing without its key.
            ("key-mismatch", "good-ec", "bad_signature"),
        ] {
            let (result, heard) = get_pinned(case, pinned, whom);
            assert_eq!((reason(&result.unwrap_err()), &*heard), (expected, ""), "{whom:?}");
        }
    }
    // A pin does not make up for anything else.
    let (result, heard) = get_pinned("expired", "expired", Trust::Own);
    assert_eq!((reason(&result.unwrap_err()), &*heard), ("expired", ""));
}
