//! Writes what is sent: the request head and the framing of a chunked body.
//!
//! The head writer sends what it is given, in order and in its case; it only adds `Host` where none
//! is set (H2, H4). The last check before the wire is here, whoever built the request: nothing that
//! splits a head or frames a body twice leaves this file (flaws 53–61). Source: RFC 9112 §3, §5,
//! §6, §7.1.

use super::framing::plain_number;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, check_name, check_value, is_sendable, is_token_byte};

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// As it is, this many bytes.
    Plain(u64),
    /// In chunks.
    Chunked,
}

/// A request's head, ready to send, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) head: Vec<u8>,
    pub(crate) upload: Upload,
    /// Whether it asks to close the connection (RFC 9112 §9.6).
    pub(crate) asks_to_close: bool,
    /// Whether the body waits for a word of the server (RFC 9110 §10.1.1).
    pub(crate) expects: bool,
}

impl Written {
    /// Writes the head of a request whose body has `body_length` bytes; `None`: only the end of its
    /// source tells.
    pub(crate) fn of(
        method: &str,
        target: &str,
        host: &str,
        headers: &Headers,
        body_length: Option<u64>,
    ) -> Result<Self> {
        let (head, upload) = request_head(method, target, host, headers, body_length)?;
        let asks_to_close = headers.lists("connection", "close");
        let expects = upload != Upload::Plain(0) && headers.lists("expect", "100-continue");
        Ok(Self { head, upload, asks_to_close, expects })
    }
}

/// The request head, ready to send, and the framing that its fields promise for `body_length`
/// bytes; `None`: only the end of its source tells.
fn request_head(
    method: &str,
    target: &str,
    host: &str,
    headers: &Headers,
    body_length: Option<u64>,
) -> Result<(Vec<u8>, Upload)> {
    let hosts = headers.get_all("host").take(2).count();
    let upload = checked_framing(headers, hosts, body_length)?;
    if method.is_empty() || !method.bytes().all(is_token_byte) {
        return Err(refused("the method is not a token"));
    }
    for part in [target, host] {
        if part.is_empty() || !is_visible(part.as_bytes()) {
            return Err(refused("the target or the host holds a blank, control or non-ASCII byte"));
        }
    }
    let size = method.len() + target.len() + host.len() + headers.text().len();
    let mut head = Vec::with_capacity(size + 32 + 4 * headers.len());
    for part in [method, " ", target, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    if hosts == 0 {
        push_field(&mut head, b"Host", host.as_bytes());
    }
    match headers.all_lines() {
        Some(lines) => head.extend_from_slice(lines),
        None => push_fields(&mut head, headers)?,
    }
    head.extend_from_slice(b"\r\n");
    Ok((head, upload))
}

/// Writes the fields one by one, and looks at each.
fn push_fields(head: &mut Vec<u8>, headers: &Headers) -> Result<()> {
    for (name, value, line) in headers.lines() {
        // A name that is not UTF-8 is no token.
        if !is_sendable(name, value) {
            return Err(unsendable(name, value));
        }
        match line {
            Some(line) => head.extend_from_slice(line),
            None => push_field(head, name, value),
        }
    }
    Ok(())
}

/// Whether all bytes are ASCII without blanks and controls; eight at a time can be asked at once.
fn is_visible(text: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = text.as_chunks();
    let is_fine = |word: u64| {
        let low = word.wrapping_sub(0x21 * EACH) & !word;
        (low | word | word.wrapping_add(EACH)) & (0x80 * EACH) == 0
    };
    words.iter().all(|word| is_fine(u64::from_ne_bytes(*word)))
        && rest.iter().all(|byte| matches!(byte, b'!'..=b'~'))
}

fn unsendable(name: &[u8], value: &[u8]) -> Error {
    let name = String::from_utf8_lossy(name);
    let fault = check_name(&name).and_then(|()| check_value(&name, value)).err();
    fault.map_or_else(|| refused("a header cannot be sent"), send_phase)
}

fn push_field(head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    head.extend_from_slice(name);
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// One framing, and the true one: otherwise the rest of the body would be the next request (flaws
/// 60, 61; S12, B11).
fn checked_framing(headers: &Headers, hosts: usize, body_length: Option<u64>) -> Result<Upload> {
    let mut lengths = headers.get_all("content-length");
    let (declared, another) = (lengths.next(), lengths.next());
    if headers.contains("transfer-encoding") {
        let mut codings = headers.get_all("transfer-encoding");
        let plain = codings.next().is_some_and(|v| v.eq_ignore_ascii_case(b"chunked"));
        if !plain || codings.next().is_some() {
            return Err(refused("Transfer-Encoding can only be \"chunked\""));
        }
        if declared.is_some() {
            return Err(refused("Transfer-Encoding and Content-Length exclude each other"));
        }
        return Ok(Upload::Chunked);
    }
    if another.is_some() || hosts > 1 {
        return Err(refused("Content-Length and Host may stand only once"));
    }
    let declared = declared.map(|value| {
        std::str::from_utf8(value).ok().and_then(|text| plain_number(text.as_bytes()))
    });
    match (declared, body_length) {
        (None, Some(0)) => Ok(Upload::Plain(0)),
        (None, _) => Err(refused("the request has a body but neither Content-Length nor chunks")),
        // The source will be held to what was declared for it (B11).
        (Some(Some(length)), None) => Ok(Upload::Plain(length)),
        (Some(Some(length)), Some(true_length)) if length == true_length => {
            Ok(Upload::Plain(length))
        }
        (Some(_), None) => Err(refused("Content-Length is not a number")),
        (Some(_), Some(length)) => Err(refused(&format!(
            "Content-Length does not say the {length} bytes of the body; set the body again"
        ))),
    }
}

fn refused(why: &str) -> Error {
    send_phase(Error::new(ErrorKind::InvalidHeader, format!("the request was not sent: {why}")))
}

fn send_phase(error: Error) -> Error {
    error.in_phase(Phase::Send)
}

/// The line before a chunk of `length` bytes (never 0); lower-case hex (B7).
pub(crate) fn chunk_line(length: usize) -> String {
    format!("{length:x}\r\n")
}

/// What stands after a chunk.
pub(crate) const CHUNK_END: &[u8] = b"\r\n";
/// The end of a chunked body without trailers.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.append(name, value.as_bytes());
        }
        headers
    }

    #[test]
    fn writes_what_it_is_given() {
        let fields = headers(&[("x-B", "1"), ("X-a", "2"), ("x-b", "caf\u{e9}")]);
        let (head, upload) = request_head("get", "/p?q", "h:1", &fields, Some(0)).unwrap();
        let expected =
            "get /p?q HTTP/1.1\r\nHost: h:1\r\nx-B: 1\r\nX-a: 2\r\nx-b: caf\u{e9}\r\n\r\n";
        assert_eq!(
            (String::from_utf8(head).unwrap().as_str(), upload),
            (expected, Upload::Plain(0))
        );
        let own_host = headers(&[("X", "1"), ("hOST", "mine")]);
        let (head, _) = request_head("GET", "/", "h", &own_host, Some(0)).unwrap();
        assert_eq!(head, b"GET / HTTP/1.1\r\nX: 1\r\nhOST: mine\r\n\r\n");
    }

    #[test]
    fn flaw_54_nothing_splits_a_head() {
        for (method, target, host) in [
            ("G T", "/", "h"),
            ("GET", "/\r\nX: 1", "h"),
            ("GET", "/ x", "h"),
            ("GET", "/", "h\n"),
            ("GET", "", "h"),
            ("GET", "/é", "h"),
        ] {
            assert!(
                request_head(method, target, host, &Headers::new(), Some(0)).is_err(),
                "{method} {target}"
            );
        }
        for fields in [[("A", "x\r\nB: y")], [("A\r\nB", "y")], [("A ", "y")]] {
            assert!(request_head("GET", "/", "h", &headers(&fields), Some(0)).is_err());
        }
    }

    #[test]
    fn flaw_61_framing_is_single_and_true() {
        let check = |fields: &[(&str, &str)], length| {
            request_head("POST", "/", "h", &headers(fields), Some(length))
                .map(|(_, upload)| upload)
                .ok()
        };
        assert_eq!(check(&[("Content-Length", "3")], 3), Some(Upload::Plain(3)));
        assert_eq!(check(&[("Transfer-Encoding", "Chunked")], 3), Some(Upload::Chunked));
        assert_eq!(check(&[], 0), Some(Upload::Plain(0)));
        assert_eq!(check(&[], 3), None);
        for length in ["1", "4", "+3", "-3", "3 ", "", "3, 3", "x"] {
            assert_eq!(check(&[("content-length", length)], 3), None, "{length}");
        }
        assert_eq!(check(&[("Content-Length", "3"), ("content-length", "3")], 3), None);
        assert_eq!(check(&[("Content-Length", "3"), ("Transfer-Encoding", "chunked")], 3), None);
        assert_eq!(check(&[("Transfer-Encoding", "gzip, chunked")], 3), None);
        let stream = |fields: &[(&str, &str)]| {
            request_head("PUT", "/", "h", &headers(fields), None).map(|(_, upload)| upload).ok()
        };
        assert_eq!(stream(&[("Content-Length", "7")]), Some(Upload::Plain(7)));
        assert_eq!(stream(&[("Transfer-Encoding", "chunked")]), Some(Upload::Chunked));
        assert_eq!(stream(&[("Content-Length", "x")]), None);
        assert_eq!(stream(&[]), None);
        assert_eq!(check(&[("Host", "a"), ("Host", "b")], 0), None);
    }
}
