//! The scripted server: answers the n-th request with the n-th reply, or every one with the same,
//! and keeps what was asked: its very bytes, and head and content apart with chunked framing taken
//! off (RFC 9112 §6, §7.1).
//!
//! testd's scripts read bodies of a length known beforehand only; here the client says it. A
//! request that is not understood is kept with a note, and its connection closed; so is that of a
//! request for which no reply is left.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any wait of a healthy client, shorter than the driver's patience.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A request as received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    pub(crate) line: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) content: Vec<u8>,
    /// All of it as it came, chunked framing included.
    pub(crate) raw: Vec<u8>,
    /// The number of its connection, among those on which requests came since the last script.
    pub(crate) connection: usize,
    /// Why the rest was not read, if it was not.
    pub(crate) fault: Option<String>,
}

/// A port that answers, as long as the program runs.
pub(crate) struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
}

/// The answer to a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection is closed behind it.
    pub(crate) closes: bool,
}

#[derive(Default)]
struct Script {
    replies: Replies,
    received: Vec<Received>,
    /// Those on which requests came, in this order.
    connections: Vec<usize>,
}

enum Replies {
    Same(Reply),
    Each(Vec<Reply>),
}

impl Default for Replies {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Script {
    /// Keeps a request and finds the reply to it; `None`: there is none, or it was not understood.
    fn take(&mut self, mut received: Received, connection: usize) -> Option<Reply> {
        let known = self.connections.iter().position(|known| *known == connection);
        received.connection = known.unwrap_or_else(|| {
            self.connections.push(connection);
            self.connections.len() - 1
        });
        let is_broken = received.fault.is_some();
        let number = self.received.len();
        self.received.push(received);
        match &self.replies {
            _ if is_broken => None,
            Replies::Same(reply) => Some(reply.clone()),
            Replies::Each(replies) => replies.get(number).cloned(),
        }
    }
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server =
            Self { port: listener.local_addr()?.port(), script: Arc::new(Mutex::default()) };
        let script = Arc::clone(&server.script);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let script = Arc::clone(&script);
                thread::spawn(move || serve(stream, connection, &script));
            }
        });
        Ok(server)
    }

    /// Where it listens, as a resolver override has it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Answers every further request with 200, these header lines (each with its line end) and no
    /// content; forgets what was received.
    pub(crate) fn answer(&self, lines: &[u8]) {
        let bytes = [b"HTTP/1.1 200 OK\r\n", lines, b"Content-Length: 0\r\n\r\n"].concat();
        self.begin(Replies::Same(Reply { bytes, closes: false }));
    }

    /// Answers the n-th request from now on with the n-th of these; forgets what was received.
    pub(crate) fn answer_each(&self, replies: Vec<Reply>) {
        self.begin(Replies::Each(replies));
    }

    fn begin(&self, replies: Replies) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        *script = Script { replies, ..Script::default() };
    }

    /// What was received since the last `answer` or `answer_each`.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }
}

fn serve(stream: TcpStream, connection: usize, script: &Mutex<Script>) {
    // A client that goes away ends its connection: nothing is lost but that.
    let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
        let mut received = Received::default();
        let mut recorder = Recorder { inner: &mut reader, bytes: Vec::new() };
        if let Err(error) = received.read(&mut recorder) {
            received.fault = Some(error.to_string());
        }
        received.raw = recorder.bytes;
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(reply) = script.take(received, connection) else { return };
        drop(script);
        if writer.write_all(&reply.bytes).is_err() || reply.closes {
            return;
        }
    }
}

/// Keeps all that is read through it.
struct Recorder<R> {
    inner: R,
    bytes: Vec<u8>,
}

impl<R: BufRead> Read for Recorder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Recorder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            self.bytes.extend_from_slice(&bytes[..amount]);
        }
        self.inner.consume(amount);
    }
}

impl Received {
    fn read(&mut self, reader: &mut impl BufRead) -> io::Result<()> {
        self.line = read_line(reader)?;
        loop {
            let line = read_line(reader)?;
            if line.is_empty() {
                break;
            }
            let colon = line.windows(2).position(|pair| pair == b": ");
            let colon = colon.ok_or_else(|| malformed("a header line without \": \""))?;
            self.fields.push((line[..colon].to_vec(), line[colon + 2..].to_vec()));
        }
        match (self.value("Transfer-Encoding"), self.value("Content-Length")) {
            (None, None) => Ok(()),
            (None, Some(length)) => {
                let length = number(&length, 10)?;
                read_content(reader, length, &mut self.content)
            }
            (Some(coding), None) if coding == b"chunked" => read_chunks(reader, &mut self.content),
            _ => Err(malformed("a framing that is not clear")),
        }
    }

    /// The value of the field of this name, the last one if repeated.
    pub(crate) fn value(&self, name: &str) -> Option<Vec<u8>> {
        let named = |field: &&(Vec<u8>, Vec<u8>)| field.0.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().rfind(named).map(|field| field.1.clone())
    }
}

fn read_chunks(reader: &mut impl BufRead, content: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let size = number(&read_line(reader)?, 16)?;
        read_content(reader, size, content)?;
        if !read_line(reader)?.is_empty() {
            return Err(malformed("a chunk that is longer than its size, or a trailer"));
        }
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_content(reader: &mut impl BufRead, size: u64, content: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.take(size).read_to_end(content)?;
    match read as u64 == size {
        true => Ok(()),
        false => Err(malformed(&format!("a body that ended {} bytes early", size - read as u64))),
    }
}

/// A line without its CRLF.
fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\r\n") {
        Some(text) => Ok(text.to_vec()),
        None => Err(malformed("a line that does not end with CRLF")),
    }
}

fn number(digits: &[u8], radix: u32) -> io::Result<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
    text.and_then(|text| u64::from_str_radix(text, radix).ok())
        .ok_or_else(|| malformed("a length that is none"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
