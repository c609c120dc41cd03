//! The proxy format: which proxy serves a URL, by environment, session and request.

use rq_conformance::Line;
use serde_json::{Value, json};

use crate::compare::{self, differ};
use crate::plan;
use crate::protocol::{Agent, Reply};
use crate::report::{Faults, Report};

/// Runs the cases of a file.
pub(crate) fn run(cases: &[Value], agent: &mut Agent, report: &mut Report) -> Result<(), String> {
    for case in cases {
        let name = case["name"].as_str().unwrap_or("a case without a name");
        let expect = case.get("depart").map_or(&case["expect"], |depart| &depart["expect"]);
        report.add(name, self::case(case, expect, agent));
    }
    Ok(())
}

fn case(case: &Value, expect: &Value, agent: &mut Agent) -> Result<Faults, String> {
    let trusted = case["trust_env"].as_bool().unwrap_or(true);
    let mut lines = vec![Line::new("case"), plan::flag("trust_env", trusted)];
    let empty = json!({});
    let member = |name: &str| case.get(name).unwrap_or(&empty);
    plan::environment(&mut lines, member("env"))?;
    plan::proxies(&mut lines, member("session_proxies"))?;
    let url = case["url"].as_str().ok_or("the case has no url")?;
    lines.push(Line::new("request").and("GET").and(url));
    plan::proxies(&mut lines, member("request_proxies"))?;
    judge(agent.ask(&lines, "proxy")?, expect)
}

/// Compares the proxy that an agent names with `expect.proxy`, or its error.
pub(crate) fn judge(reply: Reply, expect: &Value) -> Result<Faults, String> {
    let answer = match reply {
        Reply::Failed(failure) => return Ok(compare::failure(expect, &failure)),
        Reply::Done(answer) => answer,
    };
    let line = answer.iter().find(|line| line.word == "proxy");
    let got = line.and_then(|line| line.fields.first()).ok_or("the answer has no \"proxy\"")?;
    let got = got.as_ref().map(|url| String::from_utf8_lossy(url).into_owned());
    let expected = match (expect.get("error"), expect.get("proxy")) {
        (Some(error), _) => error.to_string(),
        (None, Some(proxy)) => shown(proxy.as_str()),
        (None, None) => return Ok(Faults::new()),
    };
    let mut faults = Faults::new();
    differ(&mut faults, "proxy", expected, shown(got.as_deref()));
    Ok(faults)
}

fn shown(proxy: Option<&str>) -> String {
    proxy.map_or("direct".to_owned(), |url| format!("{url:?}"))
}
