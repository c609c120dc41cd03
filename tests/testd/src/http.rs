//! HTTP/1.1 as a server sees it: reading request heads, and bodies by their framing (RFC 9112 §6),
//! and putting together heads of replies. Strict about requests, since its clients are under test.
//!
//! Errors of kind `InvalidData` mean a request that is not HTTP; any other kind, a connection lost.

use std::fmt::Display;
use std::io::{self, Read, Write};

use crate::stream::Stream;

/// The longest request head, and the longest line of chunked framing, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;

/// A connection with a read buffer.
pub(crate) struct Wire {
    pub(crate) stream: Stream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// A request's head.
pub(crate) struct Request {
    /// The head as it came, with the empty line.
    pub(crate) raw: Vec<u8>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) keep_alive: bool,
    expects_continue: bool,
    framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
}

/// A part of a request's body as it arrives.
pub(crate) enum Piece<'a> {
    Content(&'a [u8]),
    /// Sizes and line ends of chunks, and the trailer section.
    Framing(&'a [u8]),
}

/// Takes the pieces of a body; its error ends the reading.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Piece) -> io::Result<()>;

impl Wire {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0 }
    }

    /// Reads the next request's head; None when the client closed before its first byte.
    pub(crate) fn read_request(&mut self) -> io::Result<Option<Request>> {
        if self.start == self.end && self.fill()? == 0 {
            return Ok(None);
        }
        Request::parse(self.read_until(b"\r\n\r\n")?).map(Some)
    }

    /// Reads the body that `request` announces, after the 100 it may wait for.
    pub(crate) fn read_body(&mut self, request: &Request, sink: Sink) -> io::Result<()> {
        if request.expects_continue && request.framing != Framing::Length(0) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.stream.flush()?;
        }
        match request.framing {
            Framing::Length(length) => self.read_content(length, sink),
            Framing::Chunked => self.read_chunked(sink),
        }
    }

    /// Reads up to and including `mark`.
    pub(crate) fn read_until(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let unread = &self.buffer[self.start..self.end];
            let from = searched - mark.len().min(searched);
            if let Some(at) = unread[from..].windows(mark.len()).position(|bytes| bytes == mark) {
                let found = unread[..from + at + mark.len()].to_vec();
                self.start += found.len();
                return Ok(found);
            }
            searched = unread.len();
            if searched > HEAD_BYTES_MAX {
                return Err(malformed("a head or line that is too long"));
            }
            self.fill_or_fail()?;
        }
    }

    /// Reads exactly `left` bytes of content.
    pub(crate) fn read_content(&mut self, mut left: u64, sink: Sink) -> io::Result<()> {
        while left > 0 {
            if self.start == self.end {
                self.fill_or_fail()?;
            }
            let size = left.min((self.end - self.start) as u64) as usize;
            let content = &self.buffer[self.start..self.start + size];
            self.start += size;
            left -= size as u64;
            sink(Piece::Content(content))?;
        }
        Ok(())
    }

    fn read_chunked(&mut self, sink: Sink) -> io::Result<()> {
        loop {
            let line = self.read_until(b"\r\n")?;
            let size = chunk_size(&line)?;
            sink(Piece::Framing(&line))?;
            if size == 0 {
                return self.read_trailers(sink);
            }
            self.read_content(size, sink)?;
            let line = self.read_until(b"\r\n")?;
            if line.len() > 2 {
                return Err(malformed("a chunk longer than its size"));
            }
            sink(Piece::Framing(&line))?;
        }
    }

    fn read_trailers(&mut self, sink: Sink) -> io::Result<()> {
        loop {
            let line = self.read_until(b"\r\n")?;
            sink(Piece::Framing(&line))?;
            if line.len() == 2 {
                return Ok(());
            }
        }
    }

    fn fill_or_fail(&mut self) -> io::Result<()> {
        match self.fill()? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Reads more of what has come; never called with more than a head's worth of it unread.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }
}

impl Request {
    fn parse(raw: Vec<u8>) -> io::Result<Self> {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let line = (words.next(), words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(version @ ("HTTP/1.1" | "HTTP/1.0")), None) = line
        else {
            return Err(malformed("a request line of another kind"));
        };
        let known = matches!(version, "HTTP/1.1" | "HTTP/1.0");
        if !known || !is_token(method) || target.is_empty() {
            return Err(malformed("a method, target or version that is none"));
        }
        let fields = lines.map(parse_field).collect::<io::Result<Vec<_>>>()?;
        let values = |name: &str| {
            let of_name = fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
            of_name.map(|field| field.1).collect::<Vec<_>>().join(",").to_ascii_lowercase()
        };
        let (path, query) = path_and_query(target);
        let says = |option| values("connection").split(',').any(|word| word.trim() == option);
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            keep_alive: !says("close") && (version == "HTTP/1.1" || says("keep-alive")),
            expects_continue: values("expect") == "100-continue",
            framing: Framing::of(&values("transfer-encoding"), &values("content-length"))?,
            raw,
        })
    }

    /// The value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.raw);
        let fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
        let found = fields.into_iter().find(|field| field.0.eq_ignore_ascii_case(name));
        found.map(|field| field.1.trim_matches([' ', '\t']).to_owned())
    }
}

impl Framing {
    /// The framing by the joined values of the two fields. Both at once, or two lengths, are
    /// refused: a client that sends them can be made to smuggle requests.
    fn of(encoding: &str, length: &str) -> io::Result<Self> {
        match (encoding, length) {
            ("", "") => Ok(Self::Length(0)),
            ("chunked", "") => Ok(Self::Chunked),
            ("", digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map(Self::Length).map_err(|_| malformed("a length beyond 64 bits"))
            }
            _ => Err(malformed("a framing that is not clear")),
        }
    }
}

fn parse_field(line: &str) -> io::Result<(&str, &str)> {
    match line.split_once(':') {
        Some((name, value)) if is_token(name) => Ok((name, value.trim_matches([' ', '\t']))),
        _ => Err(malformed("a field line that is none")),
    }
}

/// The size at the start of a chunk; extensions are passed over.
fn chunk_size(line: &[u8]) -> io::Result<u64> {
    let text = String::from_utf8_lossy(line);
    let digits = text.trim_end_matches("\r\n").split(';').next().unwrap_or_default().trim_end();
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let size = if hexadecimal { u64::from_str_radix(digits, 16).ok() } else { None };
    size.ok_or_else(|| malformed("a chunk size that is none"))
}

/// Path and query of a target in origin form, or in the absolute form that proxies get.
fn path_and_query(target: &str) -> (&str, &str) {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    path.split_once('?').unwrap_or((path, ""))
}

fn is_token(text: &str) -> bool {
    let marks = b"!#$%&'*+-.^_`|~";
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Decodes `%XX`; anything else stands for itself, a plus sign too.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&digit| (digit as char).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            decoded.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    decoded
}

/// The head of a reply under construction, and its body when that is short.
pub(crate) struct Reply {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u64, reason: &str) -> Self {
        Self::with_raw_reason(status, reason.as_bytes())
    }

    pub(crate) fn with_raw_reason(status: u64, reason: &[u8]) -> Self {
        let head =
            [format!("HTTP/1.1 {status} ").as_bytes(), reason, b"\r\nServer: testd\r\n"].concat();
        Self { head, body: Vec::new() }
    }

    pub(crate) fn field(self, name: &str, value: impl Display) -> Self {
        self.raw_fields(format!("{name}: {value}\r\n").as_bytes())
    }

    /// Adds whole field lines, with their line ends.
    pub(crate) fn raw_fields(mut self, lines: &[u8]) -> Self {
        self.head.extend_from_slice(lines);
        self
    }

    /// Sets the body, its type and its length.
    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len();
        self.field("Content-Type", kind).field("Content-Length", length)
    }

    pub(crate) fn text(self, body: impl Into<Vec<u8>>) -> Self {
        self.body("text/plain", body)
    }
}

/// The usual reason phrase of a status.
pub(crate) fn reason(status: u64) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unnamed",
    }
}
