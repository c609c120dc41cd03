//! The scripted server: answers every request with the same bytes and keeps what was asked, head
//! and content apart, chunked framing taken off (RFC 9112 §6, §7.1).
//!
//! testd's scripts read bodies of a length known beforehand only; here the client says it. A
//! request that is not understood is kept with a note, and its connection closed.

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
    /// Why the rest was not read, if it was not.
    pub(crate) fault: Option<String>,
}

/// A port that answers, as long as the program runs.
pub(crate) struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    reply: Vec<u8>,
    received: Vec<Received>,
}

impl Server {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server =
            Self { port: listener.local_addr()?.port(), script: Arc::new(Mutex::default()) };
        let script = Arc::clone(&server.script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&script);
                thread::spawn(move || serve(stream, &script));
            }
        });
        Ok(server)
    }

    /// Where it listens, as a resolver override has it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Answers every further request with 200, these header lines (each with its line end) and no
    /// content; forgets what was received.
    pub(crate) fn answer(&self, lines: &[u8]) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let head = [b"HTTP/1.1 200 OK\r\n", lines, b"Content-Length: 0\r\n\r\n"].concat();
        *script = Script { reply: head, received: Vec::new() };
    }

    /// What was received since the last `answer`.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }
}

fn serve(stream: TcpStream, script: &Mutex<Script>) {
    // A client that goes away ends its connection: nothing is lost but that.
    let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
    let Ok(writer) = stream.try_clone() else { return };
    let (mut reader, mut writer) = (BufReader::new(stream), writer);
    while reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty()) {
        let mut received = Received::default();
        if let Err(error) = received.read(&mut reader) {
            received.fault = Some(error.to_string());
        }
        let broken = received.fault.is_some();
        let reply = {
            let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
            script.received.push(received);
            script.reply.clone()
        };
        if broken || writer.write_all(&reply).is_err() {
            return;
        }
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
