//! One request and its answer on one connection: the only place where http1's bytes meet a stream.
//!
//! Head and small body leave in one system call. While a large body is sent, the peer may answer
//! early (413): sending stops, the answer is delivered, the connection is not used again (faults
//! 43–45). When sending breaks, an answer that is there already wins over the error. Interim
//! answers are skipped, up to a limit (faults 56–58).

use std::borrow::Cow;

use super::pieces::Pieces;
use super::retry::Failure;
use crate::body::buffer::ReadBuffer;
use crate::body::source::{Source, not_again};
use crate::connect::stream::{Outbox, Received, Stream};
use crate::connect::{Sent, Stop, describe};
use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::http1::decode::{Head, HeadScanner};
use crate::http1::encode::{self, Upload, Written};
use crate::http1::framing::Framing;
use crate::http1::{head_fault, over_limit};
use crate::limits::{EXPECT_WAIT, INTERIM_RESPONSES_MAX};
use crate::prepare::Prepared;
use crate::trace::{Progress, Step};
use crate::url::Url;

/// How a request is written for the way that it takes.
pub(super) struct Wire<'a> {
    target: Cow<'a, str>,
    host: Cow<'a, str>,
    /// Fields that do not go this way.
    dropped: Vec<&'static str>,
    /// The Proxy-Authorization to add.
    authorization: Option<Vec<u8>>,
    /// Whether the next sending may be written so too: straight to the server, nothing left out.
    may_be_kept: bool,
}

impl<'a> Wire<'a> {
    /// To the server itself, in origin form; `tunnelled`: the proxy has had its own head.
    pub(super) fn direct(url: &'a Url, tunnelled: bool) -> Self {
        let dropped = if tunnelled { vec!["Proxy-Authorization"] } else { Vec::new() };
        let (target, host) = (Cow::Borrowed(url.target()), url.host_header());
        Self { target, host, dropped, authorization: None, may_be_kept: !tunnelled }
    }

    /// To a server of this machine behind a unix domain socket, which has no host name.
    pub(super) fn local(url: &'a Url) -> Self {
        let (target, host) = (Cow::Borrowed(url.target()), Cow::Borrowed("localhost"));
        Self { target, host, dropped: Vec::new(), authorization: None, may_be_kept: false }
    }

    /// To a proxy that forwards it, in absolute form (P4).
    pub(super) fn forwarded(url: &'a Url, target: String, authorization: Option<Vec<u8>>) -> Self {
        let (target, host) = (Cow::Owned(target), url.verbatim_host());
        Self { target, host, dropped: Vec::new(), authorization, may_be_kept: false }
    }

    /// The same, and the body is not announced.
    pub(super) fn without_expect(mut self) -> Self {
        self.dropped.push("Expect");
        self.may_be_kept = false;
        self
    }

    /// The request's fields as they go this way; most go unchanged.
    fn headers<'b>(&self, prepared: &'b Prepared) -> Cow<'b, Headers> {
        if self.dropped.is_empty() && self.authorization.is_none() {
            return Cow::Borrowed(prepared.headers());
        }
        let mut headers = prepared.headers().clone();
        for name in &self.dropped {
            headers.remove(name);
        }
        if let Some(value) = &self.authorization {
            headers.put("Proxy-Authorization", value);
        }
        Cow::Owned(headers)
    }
}

/// A request, encoded and checked: whatever is wrong with it was told before a connection was
/// touched.
pub(super) struct Outgoing<'a> {
    method: &'a str,
    written: Cow<'a, Written>,
    source: &'a Source,
    progress: Option<&'a Progress>,
}

impl<'a> Outgoing<'a> {
    pub(super) fn of(prepared: &'a Prepared, wire: Wire<'_>) -> Result<Self> {
        let source = prepared.source();
        if !source.can_be_sent() {
            return Err(not_again());
        }
        let headers = wire.headers(prepared);
        let method = prepared.method();
        let written = Written::of(method, &wire.target, &wire.host, &headers, source.len())?;
        let written = match wire.may_be_kept {
            true => prepared.keep_written(written),
            false => Cow::Owned(written),
        };
        Ok(Self { method, written, source, progress: prepared.progress() })
    }

    /// As [`of`](Self::of), straight to the server, if that has been written before.
    pub(super) fn again(prepared: &'a Prepared) -> Option<Self> {
        let written = Cow::Borrowed(prepared.written()?);
        let (method, source) = (prepared.method(), prepared.source());
        Some(Self { method, written, source, progress: prepared.progress() })
    }

    /// Whether the body waits for a word of the server.
    pub(super) fn expects(&self) -> bool {
        self.written.expects
    }

    /// Whether its body can be sent, or sent again.
    pub(super) fn can_be_sent(&self) -> bool {
        self.source.can_be_sent()
    }

    /// Whether its head is all that is sent.
    fn is_bare(&self) -> bool {
        self.source.is_none() && self.written.upload == Upload::Plain(0)
    }

    fn pieces(&self) -> Result<Pieces<'a>> {
        let total = match self.written.upload {
            Upload::Plain(length) => Some(length),
            Upload::Chunked => self.source.len(),
        };
        Pieces::of(self.source, total, self.progress)
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
    let mut exchange = Exchange { stream, buffer, limit, heads: Heads::default() };
    let sent = match outgoing.is_bare() {
        true => exchange.transmit(&outgoing.written.head, &[], false),
        false => {
            let pieces = outgoing.pieces();
            let mut pieces = pieces.map_err(|error| Failure { error, answered: false })?;
            exchange.send(outgoing, &mut pieces)
        }
    };
    let (complete, send_error) = match sent {
        Ok(complete) => (complete, None),
        Err(stop) => {
            let broken = matches!(stop, Stop::Io(_));
            // The caller's own error may be of any kind: it is no dead connection, whatever it
            // says.
            let answered = matches!(stop, Stop::Source(_));
            let error = unsent(stop, budget);
            if !broken {
                return Err(Failure { error, answered });
            }
            (false, Some(error))
        }
    };
    if send_error.is_none() {
        budget.tell(Step::Sent, || if complete { "whole" } else { "until its answer" }.to_owned());
    }
    let received = exchange.receive(outgoing.method, budget);
    match (received, exchange.heads.outcome) {
        (Ok((framing, keep)), Some(Ok(head))) => {
            budget.tell(Step::Head, || head.status.to_string());
            let keep = keep && complete && !outgoing.written.asks_to_close;
            Ok(Reply { head, framing, keep })
        }
        (Ok(_), _) => Err(Failure { error: closed(false), answered: false }),
        (Err(failure), _) => Err(match (send_error, failure.error.kind()) {
            // A TLS alert says why the connection broke; a cancel is why.
            (_, ErrorKind::Cancelled | ErrorKind::Tls) => failure,
            (Some(error), _) => Failure { error, answered: failure.answered },
            // The peer's end was seen before its effect on a send was.
            (None, ErrorKind::Closed) if !complete => {
                Failure { error: interrupted(&failure.error), answered: failure.answered }
            }
            (None, _) => failure,
        }),
    }
}

fn unsent(stop: Stop, budget: &Budget) -> Error {
    match stop {
        Stop::TimedOut => {
            let what = "the peer stopped taking the request and did not go on";
            budget.timed_out(ErrorKind::WriteTimeout, Phase::Send, what)
        }
        stop => describe(stop, ErrorKind::Send, Phase::Send, "sending the request failed"),
    }
}

fn interrupted(closed: &Error) -> Error {
    let message = "the peer closed the connection before it had the whole request";
    Error::new(ErrorKind::Send, message).in_phase(Phase::Send).with_os_error(closed.os_error())
}

/// One exchange under way.
struct Exchange<'a> {
    stream: &'a mut Stream,
    buffer: &'a mut ReadBuffer,
    limit: Limit,
    heads: Heads,
}

impl Exchange<'_> {
    /// Sends head and body; false: the final answer came before the body was through.
    fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        pieces: &mut Pieces<'_>,
    ) -> std::result::Result<bool, Stop> {
        let Written { head, upload, expects, .. } = &*outgoing.written;
        let mut head = &head[..];
        if *expects {
            if !self.transmit(head, &[], true)? || !self.may_go_on()? {
                return Ok(false);
            }
            head = &[];
        }
        if *upload == Upload::Chunked {
            return self.send_chunks(head, pieces);
        }
        let first = pieces.next()?.unwrap_or_default();
        let count = first.len();
        if !self.transmit(head, first, count > 0)? {
            return Ok(false);
        }
        pieces.sent(count)?;
        while !pieces.is_done() {
            if self.has_answer()? {
                return Ok(false);
            }
            if let (Some(file), Some(link)) = (pieces.file(), self.stream.file_sender()) {
                match link.send_file(&file, &self.limit)? {
                    Sent::Bytes(count) => pieces.sent_file(count)?,
                    // What it is, is looked at above.
                    Sent::Readable => {}
                }
                continue;
            }
            let Some(piece) = pieces.next()? else { break };
            let count = piece.len();
            if !self.transmit(&[], piece, true)? {
                return Ok(false);
            }
            pieces.sent(count)?;
        }
        Ok(true)
    }

    fn send_chunks(
        &mut self,
        head: &[u8],
        pieces: &mut Pieces<'_>,
    ) -> std::result::Result<bool, Stop> {
        let mut prefix = head.to_vec();
        while let Some(piece) = pieces.next()? {
            let count = piece.len();
            prefix.extend_from_slice(encode::chunk_line(count).as_bytes());
            if !self.transmit(&prefix, piece, true)? || self.has_answer()? {
                return Ok(false);
            }
            prefix.clear();
            prefix.extend_from_slice(encode::CHUNK_END);
            pieces.sent(count)?;
        }
        prefix.extend_from_slice(encode::LAST_CHUNK);
        self.transmit(&prefix, &[], true)
    }

    /// Sends two pieces; false: the final answer came before they were through (with `watch`).
    fn transmit(
        &mut self,
        first: &[u8],
        second: &[u8],
        watch: bool,
    ) -> std::result::Result<bool, Stop> {
        let mut outbox = Outbox { first, second };
        while !self.stream.send(&mut outbox, &self.limit, watch)? {
            if self.has_answer()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits for the server's word on an announced body: 100, or silence for a second, lets it go;
    /// a final answer keeps it back (fault 46, flaw 42).
    fn may_go_on(&mut self) -> std::result::Result<bool, Stop> {
        let wait = self.limit.at_most(EXPECT_WAIT);
        while !self.heads.continues {
            match self.stream.read(self.buffer.room(), &wait) {
                Ok(Received::Bytes(count)) => self.buffer.filled(count),
                Ok(Received::End { .. }) => return Ok(false),
                Err(Stop::TimedOut) if self.limit.is_over() => return Err(Stop::TimedOut),
                Err(Stop::TimedOut) => return Ok(true),
                Err(stop) => return Err(stop),
            }
            if self.heads.advance(self.buffer) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes what the peer has said so far, without waiting. True if sending on is of no use: the
    /// final head, nonsense, or the end. Interim answers and parts of a head are neither (fault
    /// 56).
    fn has_answer(&mut self) -> std::result::Result<bool, Stop> {
        while self.stream.has_input() {
            match self.stream.read(self.buffer.room(), &self.limit)? {
                Received::Bytes(count) => self.buffer.filled(count),
                Received::End { .. } => return Ok(true),
            }
            if self.heads.advance(self.buffer) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads heads until the final one, which stays the outcome.
    fn receive(
        &mut self,
        method: &str,
        budget: &Budget,
    ) -> std::result::Result<(Framing, bool), Failure> {
        loop {
            self.heads.advance(self.buffer);
            let answered = self.heads.bytes > 0 || !self.buffer.unread().is_empty();
            let fail = |error| Failure { error, answered };
            match &self.heads.outcome {
                Some(Ok(head)) => {
                    return self.buffer.last_head().framing_of(method, head).map_err(fail);
                }
                Some(Err(error)) => return Err(fail(error.clone())),
                None => {}
            }
            match self.stream.read(self.buffer.room(), &self.limit) {
                Ok(Received::Bytes(count)) => self.buffer.filled(count),
                Ok(Received::End { .. }) => return Err(fail(closed(answered))),
                Err(stop) => return Err(fail(broken(stop, answered, budget))),
            }
        }
    }
}

/// The heads of one answer: any number of interim ones within the limits, then the final one.
#[derive(Default)]
struct Heads {
    scanner: HeadScanner,
    bytes: usize,
    interim: usize,
    /// Whether the server has said 100: go on.
    continues: bool,
    /// The final head, or what was wrong.
    outcome: Option<Result<Head>>,
}

impl Heads {
    /// Looks at what is in `buffer`; true once there is an outcome.
    #[inline(always)]
    fn advance(&mut self, buffer: &mut ReadBuffer) -> bool {
        if !buffer.unread().is_empty() {
            self.take(buffer);
        }
        self.outcome.is_some()
    }

    /// Takes heads out of `buffer`, as far as they are complete, up to the final one.
    fn take(&mut self, buffer: &mut ReadBuffer) {
        while self.outcome.is_none() && !buffer.unread().is_empty() {
            let (unread, last) = buffer.unread_with_last();
            match self.scanner.head(unread, self.bytes, last) {
                Ok(Some((head, end))) => {
                    self.bytes += end;
                    buffer.consume(end);
                    if !head.is_interim() {
                        self.outcome = Some(Ok(head));
                        return;
                    }
                    self.scanner = HeadScanner::default();
                    self.outcome = self.skip(&head).err().map(Err);
                }
                Ok(None) => return,
                Err(error) => self.outcome = Some(Err(error)),
            }
        }
    }

    fn skip(&mut self, head: &Head) -> Result<()> {
        if head.status == 101 {
            return Err(head_fault("status 101 although no other protocol was asked for"));
        }
        self.continues |= head.status == 100;
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
