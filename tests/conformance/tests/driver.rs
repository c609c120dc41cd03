//! The driver judged itself: it passes what is right, and fails what is not. Uses the Rust agent,
//! so that `cargo test` holds the core to every recorded case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const AGENT: &str = env!("CARGO_BIN_EXE_rq-conformance-agent");

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn drive(disputed: &Path, vectors: &Path, agent: &str) -> Output {
    let driver = env!("CARGO_BIN_EXE_rq-conformance");
    Command::new(driver).args([disputed, vectors, Path::new(agent)]).output().unwrap()
}

/// A file of this text, in a folder that cargo keeps for tests.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn closing_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_core_answers_every_recorded_case_as_expected() {
    let mut files = 0;
    for entry in fs::read_dir(folder().join("vectors")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files += 1;
            let output = drive(&folder().join("disputed.txt"), &path, AGENT);
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}:\n{said}", path.display());
        }
    }
    assert!(files >= 7, "only {files} files of vectors");
}

/// For each format a case that is right, and where in it to write something wrong.
fn one_of_each_format() -> Vec<(&'static str, Value, &'static str)> {
    let pick = |file: &str, list: &str| -> Value {
        let text = fs::read_to_string(folder().join("vectors").join(file)).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        all.pointer(list).cloned().unwrap()
    };
    vec![
        ("prepare", pick("prepare.json", "/0"), "/expect/url"),
        ("proxy", pick("proxy.json", "/0"), "/expect/proxy"),
        ("no_proxy", pick("no_proxy.json", "/cases/5"), "/url"),
        ("cookies", pick("cookies.json", "/cases/0"), "/expect_cookie_header"),
        ("flow", pick("flow.json", "/0"), "/expect/results/0/url"),
    ]
}

#[test]
fn a_wrong_expectation_fails_in_every_format_unless_it_is_disputed() {
    let none = file("none.txt", "");
    for (format, case, place) in one_of_each_format() {
        let text = |case: &Value| json!({ "cases": [case] }).to_string();
        let right = drive(&none, &file(&format!("right-{format}.json"), &text(&case)), AGENT);
        assert_eq!(right.status.code(), Some(0), "{format}");
        assert_eq!(closing_line(&right), "1 passed, 0 failed");

        let mut wrong = case.clone();
        *wrong.pointer_mut(place).unwrap() = json!("http://wrong.test/");
        let vectors = file(&format!("wrong-{format}.json"), &text(&wrong));
        let output = drive(&none, &vectors, AGENT);
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert_eq!(closing_line(&output), "0 passed, 1 failed");

        let block = String::from_utf8_lossy(&output.stdout).into_owned();
        let name = block.lines().next().and_then(|line| line.strip_prefix("FAIL ")).unwrap();
        let listed = file(&format!("{format}.txt"), &format!("# why\n{name}\tfor a test\n"));
        let output = drive(&listed, &vectors, AGENT);
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(closing_line(&output), "0 passed, 1 failed");
    }
}

#[test]
fn what_arrives_at_the_server_is_judged_too() {
    let case = json!([{
        "name": "streamed", "session": {},
        "request": {"url": "http://a.test/", "method": "POST", "data": {"chunks": ["one", "two"]}},
        "expect": {"body": "onetow"},
    }]);
    let output = drive(&file("none.txt", ""), &file("wire.json", &case.to_string()), AGENT);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("body on the wire") && said.contains("\"onetwo\""), "{said}");
}

#[test]
fn requests_and_the_jar_of_a_flow_are_judged_too() {
    let flow = fs::read_to_string(folder().join("vectors/flow.json")).unwrap();
    let flow: Value = serde_json::from_str(&flow).unwrap();
    let named = |case: &&Value| case["name"] == "wire-http10-reply";
    let case = flow.as_array().unwrap().iter().find(named).unwrap();
    let cookie = json!([["a", "1", "example.test", "/", false]]);
    for (place, wrong, said) in [
        ("/expect/requests/0/raw", json!("GET / HTTP/1.1\r\n\r\n"), "request 1\n"),
        ("/expect/requests/1/connection", json!(0), "request 2: connection\n"),
        ("/expect/requests", json!([]), "0 requests\n"),
        ("/expect/jar", cookie, "jar\n"),
    ] {
        let mut case = case.clone();
        *case.pointer_mut(place).unwrap() = wrong;
        let vectors = file("flow-wrong.json", &json!([case]).to_string());
        let output = drive(&file("none.txt", ""), &vectors, AGENT);
        assert_eq!(output.status.code(), Some(1), "{place}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(said), "{place}: {text}");
    }
}

#[test]
fn a_departure_that_expects_null_runs_and_is_not_judged() {
    let case = json!([{
        "name": "free", "session": {},
        "replies": [{"raw": "HTTP/1.1 200 OK\r\n\r\n", "close": true}],
        "steps": [{"url": "http://a.test:{port}/"}],
        "expect": {"requests": [], "results": [{"status": 500}], "jar": null},
        "depart": {"why": "for a test", "expect": null},
    }]);
    let output = drive(&file("none.txt", ""), &file("free.json", &case.to_string()), AGENT);
    assert_eq!(closing_line(&output), "1 passed, 0 failed");
}

#[test]
fn what_cannot_be_run_is_neither_passed_nor_failed() {
    let none = file("none.txt", "");
    for (name, text, why) in
        [("unknown.json", "[{}]", "no known kind"), ("broken.json", "[{", "broken.json")]
    {
        let output = drive(&none, &file(name, text), AGENT);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{name}");
    }
    let output = drive(&none, &folder().join("vectors/proxy.json"), "no-such-agent");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-agent"));
}

#[test]
fn a_member_that_the_driver_does_not_know_fails_its_case() {
    let case = json!([{
        "name": "new", "session": {}, "request": {"url": "http://a.test/", "novel": 1},
        "expect": {"method": "GET"},
    }]);
    let output = drive(&file("none.txt", ""), &file("novel.json", &case.to_string()), AGENT);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("request.novel"));
}
