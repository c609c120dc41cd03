//! The endpoints: one table of all of them, and what their handlers share. Normal answers are in
//! `answers`, redirects and bombs in `journeys`, digest challenges in `challenge`, misbehaviour in
//! `faults`. The same on every listener, plain or TLS.

mod answers;
mod challenge;
mod faults;
mod journeys;

use std::io::{self, Write};
use std::sync::Arc;

use rustls::ServerConfig;

use crate::http::{Reply, Request, Wire, reason};
use crate::listen::Connection;
use crate::stream::{End, Stream};

/// The most bytes or fields of a head that is built in memory.
const HEAD_PARTS_MAX: u64 = 1 << 24;

/// None when the connection stays open for another request. An error cuts the connection.
type Outcome = io::Result<Option<End>>;

/// A request and the connection it came on.
struct Exchange<'a> {
    connection: &'a Connection,
    wire: &'a mut Wire,
    request: &'a Request,
    /// From 1, the request's number on its connection.
    number: u64,
}

/// Serves a connection to its end.
pub(crate) fn serve(connection: &Connection, tls: Option<&Arc<ServerConfig>>) {
    let Ok(stream) = Stream::new(&connection.socket, tls) else { return };
    let mut wire = Wire::new(stream);
    let end = exchanges(connection, &mut wire).unwrap_or(End::Cut);
    wire.stream.end(end);
}

fn exchanges(connection: &Connection, wire: &mut Wire) -> io::Result<End> {
    let mut last = false;
    for number in 1.. {
        let request = match wire.read_request() {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(error) => return refuse(wire, error),
        };
        let mut exchange = Exchange { connection, wire, request: &request, number };
        if last {
            exchange.drain()?;
            break;
        }
        let outcome = exchange.serve();
        match outcome {
            Ok(Some(end)) => return Ok(end),
            Ok(None) if request.keep_alive => {}
            Ok(None) => break,
            Err(error) => return refuse(wire, error),
        }
        last = request.path == "/die-on-second";
    }
    Ok(End::Close)
}

/// Tells the client what was wrong with its request, if that was what failed.
fn refuse(wire: &mut Wire, error: io::Error) -> io::Result<End> {
    if error.kind() != io::ErrorKind::InvalidData {
        return Err(error);
    }
    let reply =
        Reply::new(400, reason(400)).field("Connection", "close").text(format!("{error}\n"));
    wire.stream.write_all(&[reply.head, b"\r\n".to_vec(), reply.body].concat())?;
    wire.stream.flush()?;
    Ok(End::Close)
}

impl Exchange<'_> {
    /// The table of endpoints: first segment of the path, then numbers.
    fn serve(&mut self) -> Outcome {
        let request = self.request;
        let mut segments = request.path.trim_start_matches('/').split('/');
        let name = segments.next().unwrap_or_default();
        if name == "digest" {
            let (user, password) = (segments.next(), segments.next());
            self.drain()?;
            return self.digest(user.unwrap_or_default(), password.unwrap_or_default());
        }
        let Ok(numbers) = segments.map(str::parse).collect::<Result<Vec<u64>, _>>() else {
            self.drain()?;
            return self.not_found();
        };
        match name {
            "echo" => return self.echo(),
            "upload" => return self.upload(),
            "sink" => return self.sink(),
            "early413" => return self.early_413(),
            "early-close" => return self.early_close(),
            "no-read" => return self.no_read(),
            "kill-upload" => return self.kill_upload(),
            _ => self.drain()?,
        }
        match (name, numbers.as_slice()) {
            ("json" | "die-on-second", []) => self.json(),
            ("bytes", &[size]) => self.bytes(size),
            ("sha256", &[size]) => self.sha256(size),
            ("same", &[size]) => self.same(size),
            ("chunked", &[size]) => self.chunked(size),
            ("lines", &[count, pause_ms]) => self.lines(count, pause_ms),
            ("close", &[size]) => self.until_close(size),
            ("status", &[status @ 100..=999]) => self.status(status),
            ("headers", []) => self.headers(),
            ("delay", &[time_ms]) => self.delay(time_ms),
            ("drip", &[size, pause_ms]) => self.drip(size, pause_ms),
            ("interim", []) => self.interim(),
            ("interim", &[count]) => self.interim_many(count),
            ("connections", []) => self.connections(),
            ("stall-head", []) => self.stall_head(),
            ("stall-body", []) => self.stall_body(),
            ("truncated", []) => self.half_body(End::Close),
            ("truncated-chunked", []) => self.truncated_chunked(),
            ("truncated-close", []) => self.truncated_close(),
            ("rst-head", []) => Ok(Some(End::Reset)),
            ("rst-body", []) => self.half_body(End::Reset),
            ("then-close", []) => self.then(End::Close),
            ("then-rst", []) => self.then(End::Reset),
            ("then-garbage", []) => self.then_garbage(),
            ("huge-head", &[size @ ..=HEAD_PARTS_MAX]) => self.huge_head(size),
            ("many-fields", &[count @ ..=HEAD_PARTS_MAX]) => self.many_fields(count),
            ("raw", []) => self.raw(),
            ("redirect", &[left]) => self.redirect(left),
            ("bomb", &[size]) => self.bomb(size),
            _ => self.not_found(),
        }
    }

    /// Reads the request's body and forgets it.
    fn drain(&mut self) -> io::Result<()> {
        self.wire.read_body(self.request, &mut |_| Ok(()))
    }

    /// A reply with the fields that every normal reply has.
    fn reply(&self, status: u64) -> Reply {
        self.number_reply(Reply::new(status, reason(status)))
    }

    fn number_reply(&self, reply: Reply) -> Reply {
        let reply =
            reply.field("X-Connection", self.connection.number).field("X-Request", self.number);
        if self.request.keep_alive { reply } else { reply.field("Connection", "close") }
    }

    /// Sends a reply, without its body where HEAD asked, and keeps the connection.
    fn send(&mut self, reply: &Reply) -> Outcome {
        let body = if self.is_head() { &[][..] } else { &reply.body };
        self.write(&[&reply.head, b"\r\n".as_slice(), body].concat())?;
        Ok(None)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.stream.write_all(bytes)?;
        self.wire.stream.flush()
    }

    fn is_head(&self) -> bool {
        self.request.method == "HEAD"
    }

    /// The value of `name` in the query, percent-decoded.
    fn query(&self, name: &str) -> Option<Vec<u8>> {
        let pairs =
            self.request.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let value = pairs.into_iter().find(|pair| pair.0 == name)?.1;
        Some(crate::http::percent_decode(value))
    }

    fn not_found(&mut self) -> Outcome {
        let reply = self.reply(404).text("no such endpoint\n");
        self.send(&reply)
    }
}
