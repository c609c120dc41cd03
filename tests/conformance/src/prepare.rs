//! The prepare format: a session and a request, and the request that they prepare to.
//!
//! What goes to an http:// URL is also sent, to the scripted server, where the very bytes that were
//! prepared must arrive; a streamed body shows only there.

use rq_conformance::Line;
use serde_json::{Value, json};

use crate::compare::{self, Prepared, Stand};
use crate::plan::{self, Scratch};
use crate::protocol::{Agent, Reply};
use crate::report::{Faults, Report};
use crate::server::Server;

/// Runs the cases of a file.
pub(crate) fn run(cases: &[Value], agent: &mut Agent, report: &mut Report) -> Result<(), String> {
    let server = Server::start().map_err(|error| format!("the server: {error}"))?;
    let mut scratch = Scratch::new()?;
    let stand = defaults(agent, &mut scratch)?;
    let mut runner = Runner { agent, server, scratch, stand };
    for case in cases {
        let name = case["name"].as_str().unwrap_or("a case without a name");
        let outcome = runner.case(case);
        report.add(name, outcome);
    }
    Ok(())
}

/// The library's own values, as a plain GET shows them.
pub(crate) fn defaults(agent: &mut Agent, scratch: &mut Scratch) -> Result<Stand, String> {
    let plain = json!({"session": {}, "request": {"url": "http://example.test/"}});
    let prepared = match ask(agent, scratch, &plain, &[])? {
        Reply::Failed(failure) => return Err(format!("a plain GET cannot be prepared: {failure}")),
        Reply::Done(answer) => Prepared::read(&answer)?,
    };
    let value = |name: &str| {
        let value = prepared.header(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("a plain GET has no {name}"))
    };
    Ok(Stand {
        user_agent: value("User-Agent")?,
        accept_encoding: value("Accept-Encoding")?,
        boundary: String::new(),
    })
}

fn ask(
    agent: &mut Agent,
    scratch: &mut Scratch,
    case: &Value,
    more: &[Line],
) -> Result<Reply, String> {
    let mut lines = plan::session(&case["session"])?;
    lines.extend_from_slice(more);
    lines.extend(plan::request(&case["request"], scratch)?);
    agent.ask(&lines, "prepare")
}

struct Runner<'a> {
    agent: &'a mut Agent,
    server: Server,
    scratch: Scratch,
    stand: Stand,
}

impl Runner<'_> {
    /// Prepares a case on a fresh session with `more` settings.
    fn prepare(&mut self, case: &Value, more: &[Line]) -> Result<Reply, String> {
        ask(self.agent, &mut self.scratch, case, more)
    }

    fn case(&mut self, case: &Value) -> Result<Faults, String> {
        let expect = case.get("depart").map_or(&case["expect"], |depart| &depart["expect"]);
        let answer = match self.prepare(case, &[])? {
            Reply::Failed(failure) => return Ok(compare::failure(expect, &failure)),
            Reply::Done(answer) => answer,
        };
        let prepared = Prepared::read(&answer)?;
        let mut faults = compare::prepared(expect, &prepared, &self.stand_for(&prepared));
        if expect.get("error").is_none() && prepared.url.starts_with("http://") {
            faults.extend(self.send(case, expect, &prepared)?);
        }
        Ok(faults)
    }

    fn stand_for(&self, prepared: &Prepared) -> Stand {
        Stand { boundary: prepared.boundary(), ..self.stand.clone() }
    }

    /// Prepares once more, now that the host is known that must lead to the server, and sends.
    fn send(&mut self, case: &Value, expect: &Value, seen: &Prepared) -> Result<Faults, String> {
        let (host, port) = seen.host_and_port()?;
        let host = Line::new("resolve").and(host).and(port.to_string());
        let answer = match self.prepare(case, &[host.and(self.server.address())])? {
            Reply::Failed(failure) => return Err(format!("the second preparing: {failure}")),
            Reply::Done(answer) => answer,
        };
        let prepared = Prepared::read(&answer)?;
        self.server.answer(b"");
        let sent = self.agent.ask(&[], "send")?;
        if declares_untruth(expect, &prepared) {
            // Requests sends it, and leaves the peer waiting or with the rest as a next request.
            return match sent {
                Reply::Failed(_) => Ok(Faults::default()),
                Reply::Done(_) => Err("it was sent with an untrue Content-Length".to_owned()),
            };
        }
        match (self.server.received().as_slice(), sent) {
            ([received], Reply::Done(_)) => {
                let stand = self.stand_for(&prepared);
                Ok(compare::wire(expect, &prepared, received, &stand))
            }
            (received, Reply::Done(_)) => Err(format!("{} requests arrived", received.len())),
            (received, Reply::Failed(failure)) => {
                let fault = received.iter().find_map(|received| received.fault.as_deref());
                let heard = fault.map(|fault| format!("; the server: {fault}"));
                Err(format!("sending failed: {failure}{}", heard.unwrap_or_default()))
            }
        }
    }
}

/// Whether the request's own Content-Length is not the length of the body that is expected.
fn declares_untruth(expect: &Value, prepared: &Prepared) -> bool {
    let declared = prepared.header("Content-Length").and_then(|value| value.parse::<usize>().ok());
    let body = match expect.get("body") {
        Some(Value::String(body)) if !body.contains("{boundary}") => body.chars().count(),
        Some(Value::Null) => 0,
        _ => return false,
    };
    declared.is_some_and(|declared| declared != body)
}
