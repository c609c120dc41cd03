//! Compares an agent's answer to `send` with what a flow case expects of the response.
//!
//! Requests has header text, reasons and cookies as the ISO-8859-1 view of the bytes: they are
//! compared as bytes. Knows neither the server nor how requests are judged.

use rq_conformance::Parsed;
use serde_json::{Map, Value, json};

use crate::compare::{self, Fields, differ, latin1, show};
use crate::plan;
use crate::protocol::text;
use crate::report::Faults;

/// Judges the members of `expect` that are given; `what` names the step.
pub(crate) fn judge(expect: &Value, what: &str, answer: &[Parsed]) -> Result<Faults, String> {
    let mut faults = Faults::new();
    let members = expect.as_object().ok_or("an expected result is no object")?;
    if let Some(error) = members.get("error") {
        let got = format!("the status {}", one(answer, "status")?);
        differ(&mut faults, &format!("{what}: error"), error.to_string(), got);
        return Ok(faults);
    }
    for (name, expected) in members {
        let place = format!("{what}: {name}");
        match name.as_str() {
            "headers" | "raw_headers" => {
                let got: Vec<_> = lines(answer, "header").map(pair).collect();
                fields(&mut faults, &place, expected, &got)?;
            }
            _ => {
                let (expected, got) = member(name, expected, answer)?;
                differ(&mut faults, &place, expected, got);
            }
        }
    }
    Ok(faults)
}

/// What is expected of a member, and what was got, as texts that are equal if the members are.
fn member(name: &str, expected: &Value, answer: &[Parsed]) -> Result<(String, String), String> {
    let bytes = |at: &str| field(answer, at).map(show);
    let as_text = || plan::string(expected, name);
    Ok(match name {
        "status" => (expected.to_string(), one(answer, "status")?),
        "ok" | "is_redirect" | "is_permanent_redirect" => {
            (expected.to_string(), (one(answer, name)? == "1").to_string())
        }
        "url" | "text" => (show(as_text()?.as_bytes()), bytes(name)?),
        "reason" => (show(&latin1(as_text()?)), bytes(name)?),
        "encoding" => {
            let line = lines(answer, name).next().ok_or("the answer has no \"encoding\"")?;
            let got = line.fields.first().cloned().flatten();
            let shown = |label: Option<&[u8]>| label.map_or("none".to_owned(), show);
            (shown(expected.as_str().map(str::as_bytes)), shown(got.as_deref()))
        }
        "content" => (show(&plan::base64(expected)?), bytes(name)?),
        "history" => (expected.to_string(), history(answer).to_string()),
        "links" => (expected.to_string(), links(answer).to_string()),
        "cookies" => (expected_cookies(expected)?, got_cookies(answer, 4)),
        _ => return Err(format!("this driver does not know results.{name}")),
    })
}

/// Compares `expect.jar` with the answer to `jar`.
pub(crate) fn jar(expect: &Value, answer: &[Parsed]) -> Result<Faults, String> {
    let mut faults = Faults::new();
    differ(&mut faults, "jar", expected_cookies(expect)?, got_cookies(answer, 5));
    Ok(faults)
}

fn lines<'a>(answer: &'a [Parsed], word: &str) -> impl Iterator<Item = &'a Parsed> {
    answer.iter().filter(move |line| line.word == word)
}

/// The first field of the first such line.
fn field<'a>(answer: &'a [Parsed], word: &str) -> Result<&'a [u8], String> {
    let found = lines(answer, word).next().and_then(|line| line.fields.first());
    found.and_then(Option::as_deref).ok_or_else(|| format!("the agent's answer has no {word:?}"))
}

fn one(answer: &[Parsed], word: &str) -> Result<String, String> {
    field(answer, word).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

type Field = (Vec<u8>, Vec<u8>);

fn pair(line: &Parsed) -> Field {
    let bytes = |at: usize| line.fields.get(at).cloned().flatten().unwrap_or_default();
    (bytes(0), bytes(1))
}

/// `headers` has a name once; `raw_headers` as often as it came, but all of them together and
/// spelled as the first, since urllib3 keeps them so.
fn fields(
    faults: &mut Faults,
    place: &str,
    expected: &Value,
    got: Fields<'_>,
) -> Result<(), String> {
    let mut wanted = Vec::new();
    for field in plan::array(expected, place)? {
        let text = |at: usize| plan::string(&field[at], place).map(latin1);
        wanted.push((text(0)?, text(1)?));
    }
    let grouped = grouped(got);
    let got: Vec<Field> = match place.ends_with("raw_headers") {
        true => {
            let each = |(name, values): &(Vec<u8>, Vec<Vec<u8>>)| -> Vec<Field> {
                values.iter().map(|value| (name.clone(), value.clone())).collect()
            };
            grouped.iter().flat_map(each).collect()
        }
        false => {
            grouped.into_iter().map(|(name, values)| (name, values.join(&b", "[..]))).collect()
        }
    };
    compare::headers(faults, place, &wanted, &got);
    Ok(())
}

/// The values of each name, in the order in which the names first came.
fn grouped(fields: Fields<'_>) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut groups: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
    for (name, value) in fields {
        match groups.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.push(value.clone()),
            None => groups.push((name.clone(), vec![value.clone()])),
        }
    }
    groups
}

fn history(answer: &[Parsed]) -> Value {
    let hop = |line: &Parsed| json!([text(line, 0).parse::<i64>().unwrap_or(-1), text(line, 1)]);
    lines(answer, "history").map(hop).collect()
}

/// As Requests has them: by key, the last of a name wins.
fn links(answer: &[Parsed]) -> Value {
    let mut links = Map::new();
    for line in lines(answer, "link") {
        links.insert(text(line, 0), json!({ "url": text(line, 1) }));
    }
    for line in lines(answer, "link_param") {
        if let Some(link) = links.get_mut(&text(line, 0)) {
            link[text(line, 1)] = text(line, 2).into();
        }
    }
    Value::Object(links)
}

/// Cookies are judged as a set: Requests keeps them by domain, path and name.
fn expected_cookies(expected: &Value) -> Result<String, String> {
    let mut shown = Vec::new();
    for cookie in plan::array(expected, "cookies")? {
        let members = plan::array(cookie, "a cookie")?.iter();
        let member = |member: &Value| match member {
            Value::Bool(secure) => if *secure { "secure" } else { "not secure" }.to_owned(),
            member => show(&latin1(member.as_str().unwrap_or_default())),
        };
        shown.push(members.map(member).collect::<Vec<_>>().join(" "));
    }
    Ok(sorted(shown))
}

fn got_cookies(answer: &[Parsed], members: usize) -> String {
    let cookie = |line: &Parsed| {
        let members = line.fields.iter().take(members).enumerate();
        let member = |(at, field): (usize, &Option<Vec<u8>>)| match (at, field.as_deref()) {
            (4, Some(b"1")) => "secure".to_owned(),
            (4, _) => "not secure".to_owned(),
            (_, field) => show(field.unwrap_or_default()),
        };
        members.map(member).collect::<Vec<_>>().join(" ")
    };
    sorted(lines(answer, "cookie").map(cookie).collect())
}

fn sorted(mut cookies: Vec<String>) -> String {
    cookies.sort();
    match cookies.is_empty() {
        true => "none".to_owned(),
        false => cookies.join("\n              "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rq_conformance::parse;

    fn answer() -> Vec<Parsed> {
        let lines = [
            "status\t200",
            "reason\tOK",
            "url\thttp://a.test/",
            "header\tX-A\t1",
            "header\tContent-Length\t2",
            "header\tx-a\tcaf%E9",
            "history\t302\thttp://b.test/",
            "ok\t1",
            "is_redirect\t0",
            "is_permanent_redirect\t0",
            "encoding\t%",
            "link\tnext\t/2",
            "link_param\tnext\trel\tnext",
            "cookie\tb\t2\ta.test\t/\t0",
            "cookie\ta\t1\ta.test\t/\t1",
            "content\tok",
            "text\tok",
        ];
        lines.iter().map(|line| parse(line).unwrap()).collect()
    }

    fn right() -> Value {
        json!({
            "status": 200, "reason": "OK", "url": "http://a.test/", "ok": true, "encoding": null,
            "is_redirect": false, "is_permanent_redirect": false,
            "history": [[302, "http://b.test/"]],
            "links": {"next": {"url": "/2", "rel": "next"}},
            "headers": [["X-A", "1, caf\u{e9}"], ["Content-Length", "2"]],
            "raw_headers": [["X-A", "1"], ["X-A", "caf\u{e9}"], ["Content-Length", "2"]],
            "cookies": [["a", "1", "a.test", "/"], ["b", "2", "a.test", "/"]],
            "content": "b2s=", "text": "ok",
        })
    }

    #[test]
    fn a_difference_in_each_member_is_a_fault() {
        assert_eq!(judge(&right(), "step 1", &answer()), Ok(vec![]));
        for (member, wrong) in [
            ("status", json!(201)),
            ("reason", json!("ok")),
            ("url", json!("http://a.test/#")),
            ("ok", json!(false)),
            ("encoding", json!("")),
            ("is_redirect", json!(true)),
            ("is_permanent_redirect", json!(true)),
            ("history", json!([])),
            ("links", json!({"next": {"url": "/2"}})),
            ("headers", json!([["X-A", "1"], ["Content-Length", "2"]])),
            ("raw_headers", json!([["X-A", "1, caf\u{e9}"], ["Content-Length", "2"]])),
            ("cookies", json!([["a", "1", "a.test", "/"]])),
            ("content", json!("")),
            ("text", json!("OK")),
            ("error", json!("InvalidURL")),
        ] {
            let mut expect = right();
            expect[member] = wrong;
            assert_eq!(judge(&expect, "step 1", &answer()).unwrap().len(), 1, "{member}");
        }
        assert!(judge(&json!({"novel": 1}), "step 1", &answer()).is_err());
    }

    #[test]
    fn a_jar_is_a_set_and_tells_secure_cookies_apart() {
        let same = json!([["b", "2", "a.test", "/", false], ["a", "1", "a.test", "/", true]]);
        assert_eq!(jar(&same, &answer()), Ok(vec![]));
        let other = json!([["b", "2", "a.test", "/", false], ["a", "1", "a.test", "/", false]]);
        assert_eq!(jar(&other, &answer()).unwrap().len(), 1);
    }
}
