//! Servers behind names: each origin (`http://a.test`, `https://b.test:444`) plays a script of its
//! own, and the session finds them all on this machine. For what must, and must not, go from one
//! origin to another; who they are is not verified.

use rq::{Options, Request, Response, Result, Session};
use rq_testd::pki::Ca;
use rq_testd::{Conn, Script, Step, script, script_tls};

use crate::client::{ms, port};
use crate::peer::say;

/// The origins of one test.
pub(crate) struct Origins {
    pub(crate) session: Session,
    scripts: Vec<(String, Script)>,
}

impl Origins {
    /// Starts the scripts.
    pub(crate) fn start(origins: &[(&str, Vec<Conn>)]) -> Self {
        let session = Session::new();
        session.configure(|options| {
            options.verify(false);
            options.timeout(Some(ms(10_000)), Some(ms(10_000)));
        });
        let mut scripts = Vec::new();
        for (origin, conns) in origins {
            let (scheme, authority) = origin.split_once("://").expect("an origin");
            let is_tls = scheme == "https";
            let script = match is_tls {
                true => script_tls(&Ca::new("authority"), conns.clone()),
                false => script(conns.clone()),
            };
            let (host, named) = authority.split_once(':').unwrap_or((authority, ""));
            let named = named.parse().unwrap_or(if is_tls { 443 } else { 80 });
            let address = format!("127.0.0.1:{}", port(script.url()));
            session.configure(|options| options.resolve(host, named, &address)).unwrap();
            scripts.push(((*origin).to_owned(), script));
        }
        Self { session, scripts }
    }

    /// Sends a GET whose settings are changed so.
    pub(crate) fn get(&self, url: &str, change: impl FnOnce(&mut Options)) -> Result<Response> {
        let mut request = Request::new("GET", url)?;
        request.configure(change);
        self.session.send(&self.session.prepare(&request)?)
    }

    fn script(&self, origin: &str) -> &Script {
        let found = self.scripts.iter().find(|(name, _)| name == origin);
        &found.expect("an origin of this test").1
    }

    /// The heads of all requests that came to `origin`, in order.
    pub(crate) fn heads(&self, origin: &str) -> Vec<String> {
        let script = self.script(origin);
        let received = (0..script.accepted()).flat_map(|n| script.received(n)).collect::<Vec<_>>();
        let text = String::from_utf8_lossy(&received).into_owned();
        text.split_terminator("\r\n\r\n").map(str::to_owned).collect()
    }

    /// How many connections came to `origin`.
    pub(crate) fn accepted(&self, origin: &str) -> usize {
        self.script(origin).accepted()
    }
}

/// A redirect without a body.
pub(crate) fn redirect(status: u16, location: &str) -> Step {
    say(format!("HTTP/1.1 {status} Away\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

/// A connection that answers its requests so, and stays open.
pub(crate) fn says(answers: impl IntoIterator<Item = Step>) -> Conn {
    let pairs = answers.into_iter().flat_map(|answer| [Step::ReadHead, answer]);
    pairs.chain([Step::Stall]).collect()
}
