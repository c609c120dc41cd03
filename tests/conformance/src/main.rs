//! The driver: runs the cases of a vectors file through the agent of one language.
//!
//!     rq-conformance DISPUTED VECTORS AGENT [ARGUMENT…]
//!
//! Finds out a file's format by its content, starts the agent, and hands both to the module of the
//! format. Exit code 0: nothing failed that is not disputed; 1: something did; 2: it cannot run.
//! README.md has the protocol, vectors/README.md the formats.

mod answer;
mod compare;
mod cookies;
mod digest;
mod flow;
mod no_proxy;
mod plan;
mod prepare;
mod protocol;
mod proxy;
mod report;
mod server;

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use protocol::Agent;
use report::Report;
use serde_json::Value;

/// The formats of vectors/README.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Prepare,
    Proxy,
    NoProxy,
    Cookies,
    Flow,
}

impl Format {
    /// Each format has a member in its cases that no other has.
    fn of(cases: &[Value]) -> Option<Self> {
        let first = cases.first()?;
        let has = |name: &str| first.get(name).is_some();
        match () {
            () if has("steps") => Some(Self::Flow),
            () if has("set_cookie") => Some(Self::Cookies),
            () if has("requests") => Some(Self::NoProxy),
            () if has("session_proxies") || has("request_proxies") => Some(Self::Proxy),
            () if has("request") => Some(Self::Prepare),
            () => None,
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            // Standard error may be closed; the exit code tells it as well.
            let _ = writeln!(std::io::stderr(), "rq-conformance: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    let [disputed, path, command @ ..] = arguments else {
        return Err("usage: rq-conformance DISPUTED VECTORS AGENT [ARGUMENT…]".to_owned());
    };
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let file: Value = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let cases = file.get("cases").unwrap_or(&file).as_array().map(Vec::as_slice);
    let cases = cases.ok_or_else(|| format!("{path}: no list of cases"))?;
    let format = Format::of(cases).ok_or_else(|| format!("{path}: a format of no known kind"))?;
    let mut report = Report::new(disputed)?;
    let mut agent = Agent::start(command.to_vec())?;
    match format {
        Format::Prepare => prepare::run(cases, &mut agent, &mut report)?,
        Format::Proxy => proxy::run(cases, &mut agent, &mut report)?,
        Format::NoProxy => no_proxy::run(cases, &mut agent, &mut report)?,
        Format::Cookies => cookies::run(&file, &mut agent, &mut report)?,
        Format::Flow => flow::run(cases, &mut agent, &mut report)?,
    }
    let ended = agent.finish();
    let passed = report.close();
    ended.map(|()| passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_what_their_cases_hold() {
        for (member, format) in [
            (r#"[{"name": "", "session": {}, "request": {}}]"#, Some(Format::Prepare)),
            (r#"[{"name": "", "env": {}, "session_proxies": {}}]"#, Some(Format::Proxy)),
            (r#"[{"env": {}, "requests": {}}]"#, Some(Format::NoProxy)),
            (r#"[{"set_cookie": []}]"#, Some(Format::Cookies)),
            (r#"[{"session": {}, "steps": []}]"#, Some(Format::Flow)),
            ("[{}]", None),
            ("[]", None),
        ] {
            let cases: Vec<Value> = serde_json::from_str(member).unwrap();
            assert_eq!(Format::of(&cases), format, "{member}");
        }
    }
}
