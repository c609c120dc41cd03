//! Compares what an agent prepared, and what arrived at the server, with what a case expects.
//!
//! Knows place-holders, Requests' exception tree (behaviour Q1) and how a prepared request looks on
//! the wire (H2, H4, H5, U20); it knows no file format.

use rq_conformance::Parsed;
use serde_json::Value;

use crate::protocol::{Failure, text};
use crate::report::{Fault, Faults};
use crate::server::Received;

/// An exception, and those that it also is.
const PARENTS: &[(&str, &[&str])] = &[
    ("ProxyError", &["ConnectionError"]),
    ("SSLError", &["ConnectionError"]),
    ("ProtocolError", &["ConnectionError"]),
    ("ConnectTimeout", &["ConnectionError", "Timeout"]),
    ("ReadTimeout", &["Timeout"]),
    ("MissingSchema", &["ValueError"]),
    ("InvalidSchema", &["ValueError"]),
    ("InvalidURL", &["ValueError"]),
    ("InvalidProxyURL", &["InvalidURL"]),
    ("InvalidHeader", &["ValueError"]),
    ("JSONDecodeError", &["InvalidJSONError", "ValueError"]),
    ("StreamConsumedError", &["TypeError"]),
    ("UnrewindableBodyError", &["UnrewindableBody"]),
];

/// What stands for `{user-agent}`, `{accept-encoding}` and `{boundary}`.
#[derive(Clone, Default)]
pub(crate) struct Stand {
    pub(crate) user_agent: String,
    pub(crate) accept_encoding: String,
    pub(crate) boundary: String,
}

impl Stand {
    /// Puts the actual values in.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{user-agent}", &self.user_agent)
            .replace("{accept-encoding}", &self.accept_encoding)
            .replace("{boundary}", &self.boundary)
    }
}

/// What an agent says that it prepared.
pub(crate) struct Prepared {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Body,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Bytes(Vec<u8>),
    /// Its length; -1 if it is not known.
    Stream(i64),
}

impl Prepared {
    pub(crate) fn read(answer: &[Parsed]) -> Result<Self, String> {
        let one = |word: &str| answer.iter().find(|line| line.word == word);
        let missing = |word: &str| format!("the agent's answer has no {word:?}");
        let bytes = |line: &Parsed, at: usize| line.fields.get(at).cloned().flatten();
        let headers = answer.iter().filter(|line| line.word == "header");
        let headers = headers.map(|line| Some((bytes(line, 0)?, bytes(line, 1)?)));
        let body = match (one("body"), one("stream")) {
            (Some(line), None) => bytes(line, 0).map_or(Body::None, Body::Bytes),
            (None, Some(line)) => {
                Body::Stream(text(line, 0).parse().map_err(|_| missing("stream length"))?)
            }
            _ => return Err(missing("body or stream")),
        };
        Ok(Self {
            method: text(one("method").ok_or_else(|| missing("method"))?, 0),
            url: text(one("url").ok_or_else(|| missing("url"))?, 0),
            headers: headers.collect::<Option<_>>().ok_or_else(|| missing("header value"))?,
            body,
        })
    }

    /// The value of the first header of this name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let named = |(other, _): &&(Vec<u8>, Vec<u8>)| other.eq_ignore_ascii_case(name.as_bytes());
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// What the multipart Content-Type says; empty without one.
    pub(crate) fn boundary(&self) -> String {
        let kind = self.header("Content-Type").unwrap_or_default();
        kind.split_once("boundary=").map(|(_, boundary)| boundary.to_owned()).unwrap_or_default()
    }

    /// Where `http://` requests of this URL go: host without brackets, and port.
    pub(crate) fn host_and_port(&self) -> Result<(String, u16), String> {
        let (authority, _) = split_http(&self.url).ok_or("the URL is not http://")?;
        let after_host = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority[after_host..].rfind(':') {
            None => (authority, "80"),
            Some(colon) => (&authority[..after_host + colon], &authority[after_host + colon + 1..]),
        };
        let port = port.parse().map_err(|_| format!("{authority:?} has no port"))?;
        Ok((host.trim_matches(['[', ']']).to_owned(), port))
    }
}

/// Authority without userinfo, and request target, of an `http://` URL.
fn split_http(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?.split('#').next()?;
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    Some((authority.rsplit('@').next()?, target))
}

/// Judges a prepared request by the members of `expect` that are given.
pub(crate) fn prepared(expect: &Value, got: &Prepared, stand: &Stand) -> Faults {
    let mut faults = Faults::new();
    if let Some(error) = expect.get("error") {
        differ(&mut faults, "error", error.to_string(), format!("a request for {}", got.url));
        return faults;
    }
    for (what, got) in [("method", &got.method), ("url", &got.url)] {
        if let Some(expected) = expect.get(what).and_then(Value::as_str) {
            differ(&mut faults, what, show(stand.fill(expected).as_bytes()), show(got.as_bytes()));
        }
    }
    if let Some(expected) = expect.get("headers").and_then(Value::as_array) {
        let expected = expected.iter().map(|pair| {
            let field = |at: usize| stand.fill(pair[at].as_str().unwrap_or_default()).into_bytes();
            (field(0), field(1))
        });
        headers(&mut faults, "headers", &expected.collect::<Vec<_>>(), &got.headers);
        if expect["headers"].to_string().contains("{boundary}") {
            boundary(&mut faults, &stand.boundary);
        }
    }
    body(&mut faults, expect, got, stand);
    faults
}

/// A boundary must look like those of Requests.
pub(crate) fn boundary(faults: &mut Faults, boundary: &str) {
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if boundary.len() != 32 || !boundary.chars().all(hexadecimal) {
        differ(faults, "boundary", "32 hexadecimal digits".to_owned(), show(boundary.as_bytes()));
    }
}

/// A body in memory is compared here; one that is streamed shows on the wire.
fn body(faults: &mut Faults, expect: &Value, got: &Prepared, stand: &Stand) {
    let Some(member) = expect.get("body") else { return };
    let expected = content(member, stand);
    match (&expected, &got.body) {
        (None, Body::None) | (Some(_), Body::Stream(-1)) => {}
        (Some(expected), Body::Bytes(got)) => differ(faults, "body", show(expected), show(got)),
        (Some(expected), Body::Stream(length)) => {
            differ(faults, "body length", expected.len().to_string(), length.to_string());
        }
        (expected, got) => {
            let expected = expected.as_deref().map_or("none".to_owned(), show);
            differ(faults, "body", expected, format!("{got:?}"));
        }
    }
}

/// The bytes of an expected body: each character is one.
fn content(member: &Value, stand: &Stand) -> Option<Vec<u8>> {
    member.as_str().map(|text| latin1(&stand.fill(text)))
}

/// Judges what arrived: the prepared request, exactly (S12, H2), with the expected body.
pub(crate) fn wire(
    expect: &Value,
    prepared: &Prepared,
    received: &Received,
    stand: &Stand,
) -> Faults {
    let mut faults = Faults::new();
    if let Some(fault) = &received.fault {
        differ(&mut faults, "on the wire", "a whole request".to_owned(), fault.clone());
        return faults;
    }
    let (authority, target) = split_http(&prepared.url).unwrap_or_default();
    let line = format!("{} {target} HTTP/1.1", prepared.method);
    differ(&mut faults, "request line", show(line.as_bytes()), show(&received.line));
    let mut fields = prepared.headers.clone();
    if prepared.header("Host").is_none() {
        let host = without_zone(authority.strip_suffix(":80").unwrap_or(authority));
        fields.insert(0, (b"Host".to_vec(), host.into_bytes()));
    }
    headers(&mut faults, "headers on the wire", &fields, &received.fields);
    let expected = match &prepared.body {
        Body::None => Some(Vec::new()),
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Stream(_) => expect.get("body").and_then(|member| content(member, stand)),
    };
    if let Some(expected) = expected {
        differ(&mut faults, "body on the wire", show(&expected), show(&received.content));
    }
    if let Body::Stream(length @ 0..) = prepared.body {
        let is_chunked = prepared.header("Transfer-Encoding").is_some();
        let length = if is_chunked { String::new() } else { length.to_string() };
        let expected = show(length.as_bytes());
        let got = received.value("Content-Length").unwrap_or_default();
        differ(&mut faults, "Content-Length on the wire", expected, show(&got));
    }
    faults
}

/// The zone of an IPv6 address is this machine's own business (RFC 6874 §4).
fn without_zone(authority: &str) -> String {
    match (authority.find("%25"), authority.find(']')) {
        (Some(zone), Some(end)) if zone < end => {
            format!("{}{}", &authority[..zone], &authority[end..])
        }
        _ => authority.to_owned(),
    }
}

/// Judges an error; `expect` names one exception or several.
pub(crate) fn failure(expect: &Value, got: &Failure) -> Faults {
    let mut faults = Faults::new();
    let expected: Vec<&str> = match expect.get("error") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name],
        _ => vec![],
    };
    if !expected.iter().any(|name| is_a(&got.exception, name)) {
        let expected = match expected.is_empty() {
            true => "no error".to_owned(),
            false => expected.join(" or "),
        };
        differ(&mut faults, "error", expected, got.to_string());
    }
    faults
}

fn is_a(exception: &str, ancestor: &str) -> bool {
    exception == ancestor
        || PARENTS
            .iter()
            .filter(|(name, _)| *name == exception)
            .any(|(_, parents)| parents.iter().any(|parent| is_a(parent, ancestor)))
}

pub(crate) type Fields<'a> = &'a [(Vec<u8>, Vec<u8>)];

/// Adds a fault if the fields differ.
pub(crate) fn headers(faults: &mut Faults, what: &str, expected: Fields<'_>, got: Fields<'_>) {
    let shown = |fields: Fields<'_>| {
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii()))
            .collect();
        lines.join("\n              ")
    };
    differ(faults, what, shown(expected), shown(got));
}

/// Adds a fault if the two differ.
pub(crate) fn differ(faults: &mut Faults, what: &str, expected: String, got: String) {
    if expected != got {
        faults.push(Fault { what: what.to_owned(), expected, got });
    }
}

/// Bytes in quotes, what is not visible ASCII escaped: equal texts are equal bytes.
pub(crate) fn show(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// The bytes of which `text` is the ISO-8859-1 view; a character beyond becomes its UTF-8.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(u32::from(character)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared_for(url: &str) -> Prepared {
        Prepared { method: "GET".into(), url: url.into(), headers: vec![], body: Body::None }
    }

    #[test]
    fn exceptions_are_their_parents() {
        assert!(is_a("InvalidProxyURL", "ValueError"));
        assert!(is_a("ProtocolError", "ConnectionError"));
        assert!(!is_a("ConnectionError", "ProtocolError"));
        assert!(!is_a("InvalidURL", "InvalidHeader"));
    }

    #[test]
    fn hosts_and_ports_of_urls() {
        for (url, host, port) in [
            ("http://a.test/", "a.test", 80),
            ("http://u:p@a.test:8080/x?y:z@w", "a.test", 8080),
            ("http://[::1]/", "::1", 80),
            ("http://[::1]:81", "::1", 81),
        ] {
            assert_eq!(prepared_for(url).host_and_port(), Ok((host.to_owned(), port)), "{url}");
        }
        assert!(prepared_for("https://a.test/").host_and_port().is_err());
    }

    #[test]
    fn a_difference_in_each_member_is_a_fault() {
        let got = prepared_for("http://a.test/");
        let right: Value = serde_json::json!(
            {"method": "GET", "url": "http://a.test/", "headers": [], "body": null});
        assert_eq!(prepared(&right, &got, &Stand::default()), []);
        for (member, wrong) in [
            ("method", serde_json::json!("PUT")),
            ("url", serde_json::json!("http://a.test/b")),
            ("headers", serde_json::json!([["A", "b"]])),
            ("body", serde_json::json!("")),
            ("error", serde_json::json!("InvalidURL")),
        ] {
            let mut expect = right.clone();
            expect[member] = wrong;
            assert_eq!(prepared(&expect, &got, &Stand::default()).len(), 1, "{member}");
        }
    }

    #[test]
    fn what_arrived_differently_is_a_fault() {
        let sent = prepared_for("http://u@a.test:80/x?y#z");
        let mut received = Received {
            line: b"GET /x?y HTTP/1.1".to_vec(),
            fields: vec![(b"Host".to_vec(), b"a.test".to_vec())],
            ..Received::default()
        };
        let judge =
            |received: &Received| wire(&Value::Null, &sent, received, &Stand::default()).len();
        assert_eq!(judge(&received), 0);
        received.content = b"x".to_vec();
        assert_eq!(judge(&received), 1);
        received.fields.clear();
        received.line = b"GET / HTTP/1.1".to_vec();
        assert_eq!(judge(&received), 3);
    }
}
