//! Reads a response head: raw bytes and ranges into them, nothing renamed, reordered or joined.
//!
//! Nearly every head is plain, and read in one pass ([`plain`](super::plain)). For the others
//! [`end_of_head`] finds the head's end in linear time however the bytes arrive; `httparse` then
//! parses it once. Line ends are CRLF; a bare LF is tolerated, as in Requests (L2). Folded lines
//! are joined by one blank (fault 63). Everything else that RFC 9112 does not allow is an error,
//! not a guess. Limits: `limits.rs`; faults 59–66.

use std::mem::MaybeUninit;

use memchr::memchr_iter;

use super::last::LastHead;
use super::plain::plain_head;
use super::{head_fault, over_limit};
use crate::error::{Phase, Result};
use crate::headers::{Field, Headers, Span};
use crate::limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX, HEAD_LINE_BYTES_MAX};

/// A parsed response head.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// 10 or 11.
    pub(crate) version: u8,
    pub(crate) status: u16,
    reason: Span,
    pub(crate) headers: Headers,
}

impl Head {
    /// The head of these parts; `headers` begin with the text of the whole.
    pub(super) fn of(version: u8, status: u16, reason: Span, headers: Headers) -> Self {
        Self { version, status, reason, headers }
    }

    /// Becomes the same as `other`, in the memory that it has.
    pub(super) fn copy(&mut self, other: &Self) {
        (self.version, self.status, self.reason) = (other.version, other.status, other.reason);
        self.headers.copy(&other.headers);
    }

    /// The reason phrase as received; empty if there was none.
    pub(crate) fn reason(&self) -> &[u8] {
        self.reason.of(self.headers.text())
    }

    /// 1xx: another head follows.
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200
    }
}

/// Looks for the end of a head in bytes that arrive piece by piece.
#[derive(Debug, Default)]
pub(crate) struct HeadScanner {
    scanned: usize,
    line_start: usize,
    folded: bool,
}

impl HeadScanner {
    /// The length of the head at the start of `bytes`, its empty line included; `None`: more is
    /// needed. `bytes` must grow from call to call. Fails as soon as no head can come of them.
    pub(crate) fn end_of_head(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        check_start(bytes)?;
        for at in memchr_iter(b'\n', &bytes[self.scanned..]) {
            let at = self.scanned + at;
            let line = &bytes[self.line_start..at];
            match line {
                b"" | b"\r" => return Ok(Some(at + 1)),
                // RFC 9112 §5.2: a line that begins with a blank continues the one before it.
                [b' ' | b'\t', ..] => self.folded = true,
                _ => check_line(line.len())?,
            }
            self.line_start = at + 1;
        }
        self.scanned = bytes.len();
        check_line(bytes.len() - self.line_start)?;
        Ok(None)
    }
}

impl HeadScanner {
    /// The head at the start of `bytes` and its length, if all of it is there, behind `before`
    /// bytes of heads: [`end_of_head`](Self::end_of_head) and [`parse`](Self::parse) together.
    pub(crate) fn head(
        &mut self,
        bytes: &[u8],
        before: usize,
        last: &mut LastHead,
    ) -> Result<Option<(Head, usize)>> {
        if self.scanned == 0 {
            if let Some(head) = last.again(bytes) {
                let end = head.headers.text().len();
                check_head_size(before + end)?;
                return Ok(Some((head, end)));
            }
            if let Some((head, end)) = plain_head(bytes) {
                last.keep(&head);
                check_head_size(before + end)?;
                return Ok(Some((head, end)));
            }
        }
        last.read_another();
        let Some(end) = self.end_of_head(bytes)? else {
            check_head_size(before + bytes.len())?;
            return Ok(None);
        };
        check_head_size(before + end)?;
        Ok(Some((self.parse(&bytes[..end])?, end)))
    }

    /// Parses the complete head that this scanner has measured.
    pub(crate) fn parse(&self, raw: &[u8]) -> Result<Head> {
        parse_head(if self.folded { unfolded(raw) } else { raw.to_vec() })
    }
}

fn check_line(length: usize) -> Result<()> {
    if length <= HEAD_LINE_BYTES_MAX {
        return Ok(());
    }
    let why = format!("a line of the response head is longer than {HEAD_LINE_BYTES_MAX} bytes");
    Err(over_limit(Phase::Head, why))
}

/// Refuses a head, with its interim ones, that outgrows the table.
pub(crate) fn check_head_size(bytes: usize) -> Result<()> {
    if bytes <= HEAD_BYTES_MAX {
        return Ok(());
    }
    let why = format!("the response head is longer than {HEAD_BYTES_MAX} bytes");
    Err(over_limit(Phase::Head, why))
}

/// An answer that cannot be HTTP is told from its first byte on: banners, TLS records, HTTP/0.9
/// (fault 59).
fn check_start(bytes: &[u8]) -> Result<()> {
    const START: &[u8] = b"HTTP/1.";
    let length = bytes.len().min(START.len());
    if bytes[..length] == START[..length] {
        return Ok(());
    }
    if bytes.first() == Some(&0x15) || bytes.first() == Some(&0x16) {
        return Err(head_fault("the peer speaks TLS here; use https://"));
    }
    let shown = bytes[..bytes.len().min(16)].escape_ascii();
    Err(head_fault(format!("it begins with \"{shown}\"")))
}

fn parse_head(text: Vec<u8>) -> Result<Head> {
    let mut fields = [const { MaybeUninit::uninit() }; HEAD_FIELDS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    let done = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut parsed,
        &text,
        &mut fields,
    );
    match done {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(head_fault("its head is malformed")),
        Err(httparse::Error::TooManyHeaders) => {
            let why = format!("the response head has more than {HEAD_FIELDS_MAX} fields");
            return Err(over_limit(Phase::Head, why));
        }
        Err(error) => return Err(head_fault(error.to_string())),
    }
    let (Some(version), Some(status)) = (parsed.version, parsed.code) else {
        return Err(head_fault("its status line is incomplete"));
    };
    if !(100..=999).contains(&status) {
        return Err(head_fault(format!("status {status:03} is out of range")));
    }
    let span = |part: &[u8]| {
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let start = if part.is_empty() { 0 } else { start };
        Span { start: start as u32, end: (start + part.len()) as u32 }
    };
    let reason = match parsed.reason {
        // The parser hands out no reason that is not ASCII.
        None | Some("") => reason_in(&text),
        Some(reason) => span(reason.as_bytes()),
    };
    let fields = parsed.headers.iter().map(|field| {
        Field::new(field.name.as_bytes(), span(field.name.as_bytes()), span(field.value))
    });
    let fields = fields.collect();
    Ok(Head { version: 10 + version, status, reason, headers: Headers::from_parts(text, fields) })
}

/// What stands behind the three digits of the status line, which has been parsed.
fn reason_in(text: &[u8]) -> Span {
    const BEFORE: usize = "HTTP/1.1 200 ".len();
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let end = line.strip_suffix(b"\r").unwrap_or(line).len();
    Span { start: BEFORE.min(end) as u32, end: end as u32 }
}

/// Parses a trailer section, its empty line included, as fields (RFC 9112 §7.1.2).
pub(crate) fn parse_trailers(raw: &[u8]) -> Result<Headers> {
    let mut fields = [httparse::EMPTY_HEADER; HEAD_FIELDS_MAX];
    let parsed = match httparse::parse_headers(raw, &mut fields) {
        Ok(httparse::Status::Complete((_, parsed))) => parsed,
        Err(httparse::Error::TooManyHeaders) => {
            let why = format!("the trailers have more than {HEAD_FIELDS_MAX} fields");
            return Err(over_limit(Phase::Body, why));
        }
        _ => return Err(super::body_fault("its trailers are malformed")),
    };
    let mut trailers = Headers::new();
    for field in parsed {
        trailers.append(field.name, field.value);
    }
    Ok(trailers)
}

fn unfolded(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let (mut first, status_line) = (true, first_line(raw));
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        // A fold right after the status line continues nothing: left as it is, the parser refuses
        // it.
        let folds = matches!(line.first(), Some(b' ' | b'\t')) && text.len() > status_line;
        if folds && !first {
            while matches!(text.last(), Some(b'\r' | b'\n' | b' ' | b'\t')) {
                text.pop();
            }
            text.push(b' ');
            text.extend_from_slice(line.trim_ascii_start());
            if line.trim_ascii().is_empty() {
                text.extend_from_slice(b"\r\n");
            }
        } else {
            text.extend_from_slice(line);
        }
        first = false;
    }
    text
}

fn first_line(raw: &[u8]) -> usize {
    memchr::memchr(b'\n', raw).map_or(raw.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[track_caller]
    fn head(raw: &[u8]) -> Head {
        let mut scanner = HeadScanner::default();
        assert_eq!(scanner.end_of_head(raw).unwrap(), Some(raw.len()));
        scanner.parse(raw).unwrap()
    }

    #[track_caller]
    fn refused(raw: &[u8], kind: ErrorKind) {
        let mut scanner = HeadScanner::default();
        let result = scanner.end_of_head(raw).and_then(|end| match end {
            Some(end) => scanner.parse(&raw[..end]).map(|_| ()),
            None => panic!("{:?} is no complete head", raw.escape_ascii().to_string()),
        });
        let error = result.expect_err(&raw.escape_ascii().to_string());
        assert_eq!(error.kind(), kind, "{} {error}", raw.escape_ascii());
    }

    #[test]
    fn a_reason_is_kept_whatever_its_bytes() {
        for (line, reason) in [
            (&b"HTTP/1.1 200 caf\xe9 \xc3\xa9"[..], &b"caf\xe9 \xc3\xa9"[..]),
            (b"HTTP/1.1 200 ", b""),
            (b"HTTP/1.1 200", b""),
            (b"HTTP/1.0 404 Not Found", b"Not Found"),
        ] {
            for end in [&b"\r\n\r\n"[..], b"\n\n"] {
                assert_eq!(head(&[line, end].concat()).reason(), reason);
            }
        }
    }

    #[test]
    fn keeps_case_order_reason_and_repeats() {
        let head =
            head(b"HTTP/1.1 299 Weird  Reason\r\nX-b: 1\r\nx-A:\t2 \r\nX-B: caf\xe9\r\nE:\r\n\r\n");
        assert_eq!((head.version, head.status, head.reason()), (11, 299, &b"Weird  Reason"[..]));
        let fields: Vec<(&str, &[u8])> = head.headers.iter().collect();
        let expected: [(&str, &[u8]); 4] =
            [("X-b", b"1"), ("x-A", b"2"), ("X-B", b"caf\xe9"), ("E", b"")];
        assert_eq!(fields, expected);
    }

    #[test]
    fn tolerates_what_requests_tolerates() {
        assert_eq!(head(b"HTTP/1.0 200\r\n\r\n").reason(), b"");
        assert_eq!(head(b"HTTP/1.1 200 \r\n\r\n").version, 11);
        assert_eq!(head(b"HTTP/1.1 200 OK\nA: b\n\n").headers.get("a"), Some(&b"b"[..]));
    }

    #[test]
    fn fault_63_folds_are_joined_by_one_blank() {
        let folded = head(b"HTTP/1.1 200 OK\r\nA: b \r\n  c\r\n\td\r\nE: f\r\n\r\n");
        assert_eq!(folded.headers.get("A"), Some(&b"b c d"[..]));
        assert_eq!(folded.headers.get("E"), Some(&b"f"[..]));
        let blank = head(b"HTTP/1.1 200 OK\r\nA: b\r\n \r\nC: d\r\n\r\n");
        assert_eq!((blank.headers.get("a"), blank.headers.len()), (Some(&b"b"[..]), 2));
        refused(b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", ErrorKind::Protocol);
    }

    #[test]
    fn fault_59_what_is_not_http_is_told_at_once() {
        for raw in [
            &b"S"[..],
            b"SSH-2.0-x\r\n",
            b"\x16\x03\x01",
            b"<html>",
            b"HTTP/2 200",
            b"\r\n",
            b"ICY 200",
        ] {
            let error = HeadScanner::default().end_of_head(raw).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
        }
        assert!(HeadScanner::default().end_of_head(b"HTT").unwrap().is_none());
    }

    #[test]
    fn faults_63_to_66_malformed_heads_are_refused() {
        for raw in [
            &b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nA\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA: b\rc: d\r\n\r\n",
            b"HTTP/1.1 099 Low\r\n\r\n",
            b"HTTP/1.1 99 Low\r\n\r\n",
            b"HTTP/1.1 1000 High\r\n\r\n",
            b"HTTP/1.1 abc What\r\n\r\n",
            b"HTTP/1.2 200 OK\r\n\r\n",
            b"HTTP/1.1200 OK\r\n\r\n",
        ] {
            refused(raw, ErrorKind::Protocol);
        }
    }

    #[test]
    fn fault_62_limits_hold() {
        let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
        (0..=HEAD_FIELDS_MAX).for_each(|_| many.extend_from_slice(b"A: b\r\n"));
        many.extend_from_slice(b"\r\n");
        refused(&many, ErrorKind::Limit);
        let mut long = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
        long.resize(HEAD_LINE_BYTES_MAX + 64, b'x');
        let error = HeadScanner::default().end_of_head(&long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
    }

    /// The long heads of the corpus that tests/it/cuts.rs cuts at samples only; here at every byte.
    #[test]
    fn long_heads_give_the_same_cut_at_any_byte() {
        let fields = |count| b"A: b\r\n".repeat(count);
        let line = |length| [b"X: ", &b"y".repeat(length)[..], b"\r\n"].concat();
        let heads = [
            fields(HEAD_FIELDS_MAX),
            fields(HEAD_FIELDS_MAX + 1),
            [line(20_000), b" folded\r\n".to_vec(), line(20_000)].concat(),
            line(HEAD_LINE_BYTES_MAX - 16),
            line(HEAD_LINE_BYTES_MAX + 16),
        ];
        for fields in heads {
            let raw = [b"HTTP/1.1 200 OK\r\n", &fields[..], b"\r\n"].concat();
            let outcome = |at: usize| {
                let mut scanner = HeadScanner::default();
                let end = match scanner.end_of_head(&raw[..at]) {
                    Ok(None) => scanner.end_of_head(&raw),
                    end => end,
                };
                (end.map_err(|error| error.kind()), scanner.folded)
            };
            let whole = outcome(raw.len());
            (0..raw.len()).for_each(|at| assert_eq!(outcome(at), whole, "cut at {at}"));
        }
    }
}
