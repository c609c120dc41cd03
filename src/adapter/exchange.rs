//! One request and its answer on one connection: the only place where http1's bytes meet a stream.
//!
//! Head and small body leave in one system call. While a large body is sent, the peer may answer
//! early (413): sending stops, the answer is delivered, the connection is not used again (faults
//! 43–45). When sending breaks, an answer that is there already wins over the error. Interim
//! answers are skipped, up to a limit (faults 56–58).

use super::retry::Failure;
use crate::body::buffer::ReadBuffer;
use crate::connect::stream::{Received, Stream};
use crate::connect::{Stop, describe};
use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::http1::decode::{Head, HeadScanner, check_head_size};
use crate::http1::encode::{self, Upload, request_head};
use crate::http1::framing::{self, Framing};
use crate::http1::{head_fault, over_limit};
use crate::limits::{INTERIM_RESPONSES_MAX, SEND_PIECE_BYTES};
use crate::prepare::Prepared;

/// A request, encoded and checked: whatever is wrong with it was told before a connection was
/// touched.
pub(super) struct Outgoing<'a> {
    method: &'a str,
    head: Vec<u8>,
    body: &'a [u8],
    upload: Upload,
    asks_to_close: bool,
}

impl<'a> Outgoing<'a> {
    pub(super) fn of(prepared: &'a Prepared) -> Result<Self> {
        let (url, source) = (prepared.url(), prepared.source());
        let (head, upload) = request_head(
            prepared.method(),
            url.target(),
            &url.host_header(),
            prepared.headers(),
            source.len(),
        )?;
        let body = source.bytes().unwrap_or_default();
        let asks_to_close = encode::asks_to_close(prepared.headers());
        Ok(Self { method: prepared.method(), head, body, upload, asks_to_close })
    }
}

/// The head of the final response.
pub(super) struct Reply {
    pub(super) head: Head,
    pub(super) framing: Framing,
    /// Whether the connection may be kept after the body.
    pub(super) keep: bool,
}

/// Sends `outgoing` and reads the head of its answer; what came behind the head stays in `buffer`.
pub(super) fn exchange(
    stream: &mut Stream,
    buffer: &mut ReadBuffer,
    outgoing: &Outgoing<'_>,
    budget: &Budget,
) -> std::result::Result<Reply, Failure> {
    let limit = budget.exchanging();
    if budget.is_cancelled() {
        return Err(Failure { error: Budget::cancelled(Phase::Send), answered: false });
    }
    let (complete, send_error) = match send(stream, outgoing, &limit) {
        Ok(complete) => (complete, None),
        Err(Stop::TimedOut) => {
            let what = "the peer stopped taking the request and did not go on";
            let error = budget.timed_out(ErrorKind::WriteTimeout, Phase::Send, what);
            return Err(Failure { error, answered: false });
        }
        Err(stop @ Stop::Io(_)) => (
            false,
            Some(describe(stop, ErrorKind::Send, Phase::Send, "sending the request failed")),
        ),
        Err(stop) => {
            let error = describe(stop, ErrorKind::Send, Phase::Send, "sending the request failed");
            return Err(Failure { error, answered: false });
        }
    };
    match receive(stream, buffer, outgoing.method, budget, &limit) {
        Ok((head, framing, keep)) => {
            let keep = keep && complete && !outgoing.asks_to_close;
            Ok(Reply { head, framing, keep })
        }
        Err(failure) => Err(match (send_error, failure.error.kind()) {
            // A TLS alert says why the connection broke; a cancel is why.
            (_, ErrorKind::Cancelled | ErrorKind::Tls) => failure,
            (Some(error), _) => Failure { error, answered: failure.answered },
            // The peer's reset was seen before its effect on a send was.
            (None, ErrorKind::Closed) if !complete => {
                Failure { error: interrupted(&failure.error), answered: failure.answered }
            }
            (None, _) => failure,
        }),
    }
}

fn interrupted(closed: &Error) -> Error {
    let message = "the peer closed the connection before it had the whole request";
    Error::new(ErrorKind::Send, message).in_phase(Phase::Send).with_os_error(closed.os_error())
}

/// Sends head and body; false: the peer answered before the body was through.
fn send(
    stream: &mut Stream,
    outgoing: &Outgoing<'_>,
    limit: &Limit,
) -> std::result::Result<bool, Stop> {
    match outgoing.upload {
        Upload::Plain => send_plain(stream, outgoing, limit),
        Upload::Chunked => send_chunked(stream, outgoing, limit),
    }
}

fn send_plain(
    stream: &mut Stream,
    outgoing: &Outgoing<'_>,
    limit: &Limit,
) -> std::result::Result<bool, Stop> {
    let mut pieces = outgoing.body.chunks(SEND_PIECE_BYTES);
    let first = pieces.next().unwrap_or_default();
    if !stream.send_all(&outgoing.head, first, limit, !first.is_empty())? {
        return Ok(false);
    }
    for piece in pieces {
        if stream.has_input() || !stream.send_all(&[], piece, limit, true)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn send_chunked(
    stream: &mut Stream,
    outgoing: &Outgoing<'_>,
    limit: &Limit,
) -> std::result::Result<bool, Stop> {
    let mut prefix = outgoing.head.clone();
    for piece in outgoing.body.chunks(SEND_PIECE_BYTES) {
        prefix.extend_from_slice(encode::chunk_line(piece.len()).as_bytes());
        if !stream.send_all(&prefix, piece, limit, true)? || stream.has_input() {
            return Ok(false);
        }
        prefix.clear();
        prefix.extend_from_slice(encode::CHUNK_END);
    }
    prefix.extend_from_slice(encode::LAST_CHUNK);
    stream.send_all(&prefix, &[], limit, true)
}

/// Reads heads until the final one.
fn receive(
    stream: &mut Stream,
    buffer: &mut ReadBuffer,
    method: &str,
    budget: &Budget,
    limit: &Limit,
) -> std::result::Result<(Head, Framing, bool), Failure> {
    let mut heads = Heads { scanner: HeadScanner::default(), bytes: 0, interim: 0 };
    loop {
        let answered = heads.bytes > 0 || !buffer.unread().is_empty();
        let fail = |error| Failure { error, answered };
        if let Some(head) = heads.next(buffer).map_err(fail)? {
            let (framing, keep) = framing::of_response(method, &head).map_err(fail)?;
            return Ok((head, framing, keep));
        }
        match stream.read(buffer.room(), limit) {
            Ok(Received::Bytes(count)) => buffer.filled(count),
            Ok(Received::End { .. }) => return Err(fail(closed(answered))),
            Err(stop) => return Err(fail(broken(stop, answered, budget))),
        }
    }
}

/// The heads of one answer: any number of interim ones within the limits, then the final one.
struct Heads {
    scanner: HeadScanner,
    bytes: usize,
    interim: usize,
}

impl Heads {
    /// The final head, if it is complete in `buffer`.
    fn next(&mut self, buffer: &mut ReadBuffer) -> Result<Option<Head>> {
        while !buffer.unread().is_empty() {
            let Some(end) = self.scanner.end_of_head(buffer.unread())? else {
                check_head_size(self.bytes + buffer.unread().len())?;
                return Ok(None);
            };
            self.bytes += end;
            check_head_size(self.bytes)?;
            let head = self.scanner.parse(&buffer.unread()[..end])?;
            buffer.consume(end);
            self.scanner = HeadScanner::default();
            if !head.is_interim() {
                return Ok(Some(head));
            }
            self.skip(&head)?;
        }
        Ok(None)
    }

    fn skip(&mut self, head: &Head) -> Result<()> {
        if head.status == 101 {
            return Err(head_fault("status 101 although no other protocol was asked for"));
        }
        self.interim += 1;
        if self.interim > INTERIM_RESPONSES_MAX {
            let why = format!("more than {INTERIM_RESPONSES_MAX} interim (1xx) responses");
            return Err(over_limit(Phase::Head, why));
        }
        Ok(())
    }
}

fn closed(answered: bool) -> Error {
    let (kind, message) = match answered {
        true => {
            (ErrorKind::Incomplete, "the peer closed the connection within the response's head")
        }
        false => (ErrorKind::Closed, "the peer closed the connection without an answer"),
    };
    Error::new(kind, message).in_phase(Phase::Head)
}

fn broken(stop: Stop, answered: bool, budget: &Budget) -> Error {
    match stop {
        Stop::TimedOut => {
            let what = "the peer sent no answer";
            budget.timed_out(ErrorKind::ReadTimeout, Phase::Head, what)
        }
        stop => {
            let kind = if answered { ErrorKind::Incomplete } else { ErrorKind::Closed };
            describe(stop, kind, Phase::Head, "the connection broke before the answer")
        }
    }
}
