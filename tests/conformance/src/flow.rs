//! The flow format: steps on one session against the scripted server. Judged are the bytes of every
//! request and the connection it came on, what came of each step, and the cookies at the end.
//!
//! `answer` compares responses, `digest` computes what no record can hold.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use rq_conformance::Line;
use serde_json::Value;

use crate::answer;
use crate::compare::{self, Stand, differ, latin1};
use crate::digest;
use crate::plan::{self, Scratch};
use crate::prepare;
use crate::protocol::{self, Agent};
use crate::report::{Faults, Report};
use crate::server::{Received, Reply, Server};

/// Runs the cases of a file.
pub(crate) fn run(cases: &[Value], agent: &mut Agent, report: &mut Report) -> Result<(), String> {
    let server = Server::start().map_err(|error| format!("the server: {error}"))?;
    let mut scratch = Scratch::new()?;
    let stand = prepare::defaults(agent, &mut scratch)?;
    for case in cases {
        let name = case["name"].as_str().unwrap_or("a case without a name");
        let outcome = with_port(case, server.port())
            .and_then(|case| self::case(&case, agent, &server, &mut scratch, &stand));
        report.add(name, outcome);
    }
    Ok(())
}

fn with_port(case: &Value, port: u16) -> Result<Value, String> {
    let text = case.to_string().replace("{port}", &port.to_string());
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn case(
    case: &Value,
    agent: &mut Agent,
    server: &Server,
    scratch: &mut Scratch,
    stand: &Stand,
) -> Result<Faults, String> {
    // Of a `depart` that expects null nothing is judged but that it runs.
    let expect = case.get("depart").map_or(&case["expect"], |depart| &depart["expect"]);
    server.answer_each(replies(case)?);
    let mut lines = plan::session(&case["session"])?;
    lines.extend(overrides(case));
    let mut faults = Faults::new();
    for (number, step) in plan::array(&case["steps"], "steps")?.iter().enumerate() {
        lines.extend(plan::request(step, scratch)?);
        let reply = agent.ask(&lines, "send")?;
        lines.clear();
        if let Some(expect) = expect.pointer(&format!("/results/{number}")) {
            faults.extend(result(expect, number + 1, reply)?);
        }
    }
    if let (Some(expect), reply) = (expect.get("jar"), agent.ask(&[], "jar")?) {
        match reply {
            protocol::Reply::Done(cookies) => faults.extend(answer::jar(expect, &cookies)?),
            protocol::Reply::Failed(failure) => return Err(format!("the jar: {failure}")),
        }
    }
    if let Some(expect) = expect.get("requests") {
        let expect = plan::array(expect, "requests")?;
        requests(&mut faults, expect, &server.received(), stand, &credentials(case));
    }
    Ok(faults)
}

fn replies(case: &Value) -> Result<Vec<Reply>, String> {
    let reply = |reply: &Value| {
        let bytes = match reply.get("b64") {
            Some(encoded) => plan::base64(encoded)?,
            None => latin1(plan::string(&reply["raw"], "a reply")?),
        };
        Ok(Reply { bytes, closes: reply["close"] == true })
    };
    plan::array(&case["replies"], "replies")?.iter().map(reply).collect()
}

fn result(expect: &Value, number: usize, reply: protocol::Reply) -> Result<Faults, String> {
    let step = format!("step {number}");
    match reply {
        protocol::Reply::Done(answer) => answer::judge(expect, &step, &answer),
        protocol::Reply::Failed(failure) => Ok(compare::failure(expect, &failure)),
    }
}

fn requests(
    faults: &mut Faults,
    expect: &[Value],
    received: &[Received],
    stand: &Stand,
    credentials: &[(&str, &str)],
) {
    let count = |count: usize| format!("{count} requests");
    differ(faults, "the server", count(expect.len()), count(received.len()));
    for (number, received) in received.iter().enumerate() {
        let what = format!("request {}", number + 1);
        if let Some(fault) = &received.fault {
            differ(faults, &what, "a whole request".to_owned(), fault.clone());
        }
        let Some(expect) = expect.get(number) else {
            differ(faults, &what, "none".to_owned(), shown(&received.raw));
            continue;
        };
        let connection = received.connection.to_string();
        differ(
            faults,
            &format!("{what}: connection"),
            expect["connection"].to_string(),
            connection,
        );
        request(faults, &what, expect["raw"].as_str().unwrap_or(""), received, stand, credentials);
    }
}

fn request(
    faults: &mut Faults,
    what: &str,
    expect: &str,
    received: &Received,
    stand: &Stand,
    credentials: &[(&str, &str)],
) {
    let mut stand = stand.clone();
    if expect.contains("{boundary}") {
        stand.boundary = boundary(&received.raw);
        compare::boundary(faults, &stand.boundary);
    }
    let mut wanted = stand.fill(expect);
    if wanted.contains("{response}") {
        let found = digest::Answer::of(received);
        if let Some(answer) = &found {
            wanted = wanted.replace("{response}", answer.get("response"));
            wanted = wanted.replace("{cnonce}", answer.get("cnonce"));
        }
        let checked = found.map_or(Ok(()), |answer| answer.check(received, credentials));
        let got = checked.err().unwrap_or_else(|| "a right one".to_owned());
        differ(faults, &format!("{what}: digest answer"), "a right one".to_owned(), got);
    }
    differ(faults, what, shown(&latin1(&wanted)), shown(&received.raw));
}

/// What stands behind `boundary=` in the head.
fn boundary(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let found = text.split_once("boundary=").and_then(|(_, rest)| rest.split("\r\n").next());
    found.unwrap_or_default().to_owned()
}

/// The bytes of a request, a line each.
fn shown(raw: &[u8]) -> String {
    raw.escape_ascii().to_string().replace("\\r\\n", "\\r\\n\n              ")
}

/// Every name and password for Digest of a case.
fn credentials(case: &Value) -> Vec<(&str, &str)> {
    let steps = case["steps"].as_array().into_iter().flatten();
    let given = steps.chain([&case["session"]]).map(|place| &place["auth"]["digest"]);
    given.filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?))).collect()
}

/// Every host that a case names leads to this machine, at the port that belongs to it.
fn overrides(case: &Value) -> Vec<Line> {
    let mut found = BTreeSet::new();
    hosts(case, &mut found);
    let line = |(host, port): (String, u16)| {
        let line = Line::new("resolve").and(host).and(port.to_string());
        line.and(format!("{}:{port}", Ipv4Addr::LOCALHOST))
    };
    found.into_iter().map(line).collect()
}

fn hosts(value: &Value, found: &mut BTreeSet<(String, u16)>) {
    match value {
        Value::String(text) => hosts_of_text(text, found),
        Value::Array(items) => items.iter().for_each(|item| hosts(item, found)),
        Value::Object(members) => members.values().for_each(|member| hosts(member, found)),
        _ => {}
    }
}

/// Host and port behind each `//`; addresses need no override, and `localhost` is never looked up.
fn hosts_of_text(text: &str, found: &mut BTreeSet<(String, u16)>) {
    for (at, _) in text.match_indices("//") {
        let scheme_port = if text[..at].ends_with("https:") { 443 } else { 80 };
        let rest = &text[at + 2..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~%:@".contains(c);
        let authority = rest.split(|c: char| !is_part(c)).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let port = if port.is_empty() { Ok(scheme_port) } else { port.parse() };
        let is_name = host.contains('.') && host.parse::<Ipv4Addr>().is_err();
        if let (true, Ok(port)) = (is_name, port) {
            found.insert((host.to_ascii_lowercase(), port));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hosts_are_found_wherever_a_case_names_them() {
        let case = json!({
            "replies": [{"raw": "Location: //Other.Test:81/x\r\n\r\n"}],
            "steps": [{"url": "http://u:p@a.test:8080/?q=//b.test", "proxies": {
                "http": "http://127.0.0.1:3128", "https": "https://p.test"}}],
            "more": ["http://localhost:80/", "https://host.test:port/", "//x"],
        });
        let mut found = BTreeSet::new();
        hosts(&case, &mut found);
        let expected = [("a.test", 8080), ("b.test", 80), ("other.test", 81), ("p.test", 443)];
        let expected = expected.map(|(host, port)| (host.to_owned(), port));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_request_that_differs_or_is_missing_or_comes_elsewhere_is_a_fault() {
        let raw = "GET / HTTP/1.1\r\nUser-Agent: {user-agent}\r\n\r\n";
        let stand = Stand { user_agent: "librq".to_owned(), ..Stand::default() };
        let arrived = Received {
            raw: b"GET / HTTP/1.1\r\nUser-Agent: librq\r\n\r\n".to_vec(),
            ..Received::default()
        };
        let judge = |expect: Value, received: &[Received]| {
            let mut faults = Faults::new();
            requests(&mut faults, expect.as_array().unwrap(), received, &stand, &[]);
            faults.len()
        };
        let right = json!([{"connection": 0, "raw": raw}]);
        assert_eq!(judge(right.clone(), std::slice::from_ref(&arrived)), 0);
        assert_eq!(
            judge(json!([{"connection": 1, "raw": raw}]), std::slice::from_ref(&arrived)),
            1
        );
        assert_eq!(
            judge(json!([{"connection": 0, "raw": "GET /"}]), std::slice::from_ref(&arrived)),
            1
        );
        assert_eq!(judge(json!([]), &[arrived]), 2);
        assert_eq!(judge(right, &[]), 1);
    }
}
