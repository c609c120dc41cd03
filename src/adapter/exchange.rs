//! One request and its answer on one connection: the only place where http1's bytes meet a stream.
//!
//! Head and small body leave in one system call. While a large body is sent, the peer may answer
//! early (413): sending stops, the answer is delivered, the connection is not used again (faults
//! 43–45). When sending breaks, an answer that is there already wins over the error. Interim
//! answers are skipped, up to a limit (faults 56–58).

use super::outgoing::Outgoing;
use super::pieces::Pieces;
use super::retry::Failure;
use crate::body::buffer::ReadBuffer;
use crate::connect::stream::{Outbox, Received, Stream};
use crate::connect::{Sent, Stop, describe};
use crate::deadline::{Budget, Limit, Moment};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::http1::decode::{Head, HeadScanner};
use crate::http1::encode::{self, Upload, Written};
use crate::http1::framing::Framing;
use crate::http1::{head_fault, over_limit};
use crate::limits::{EXPECT_WAIT, INTERIM_RESPONSES_MAX};
use crate::trace::Step;

/// The head of the final response.
pub(super) struct Reply {
    pub(super) head: Head,
    pub(super) framing: Framing,
    /// Whether the connection may be kept after the body.
    pub(super) keep: bool,
}

/// Sends `outgoing` and reads the head of its answer; what came behind the head stays in `buffer`.
#[inline(always)]
pub(super) fn exchange(
    stream: &mut Stream,
    buffer: &mut ReadBuffer,
    outgoing: &Outgoing<'_>,
    budget: &Budget,
) -> std::result::Result<Reply, Failure> {
    let mut exchange = Exchange::on(stream, buffer, budget);
    let sent = exchange.put(outgoing, budget)?;
    exchange.get(outgoing, sent, budget)
}

/// The first half of an [`exchange`]: what was sent, and of the answer's heads what came meanwhile.
pub(super) fn send(
    stream: &mut Stream,
    buffer: &mut ReadBuffer,
    outgoing: &Outgoing<'_>,
    budget: &Budget,
) -> Box<Half> {
    let mut exchange = Exchange::on(stream, buffer, budget);
    let sent = exchange.put(outgoing, budget);
    Box::new(Half { sent, heads: exchange.heads, at: Moment::now() })
}

/// The second half.
pub(super) fn receive(
    stream: &mut Stream,
    buffer: &mut ReadBuffer,
    outgoing: &Outgoing<'_>,
    half: Half,
    budget: &Budget,
) -> std::result::Result<Reply, Failure> {
    let Half { sent, heads, at } = half;
    let mut exchange =
        Exchange { heads, sent_at: Some(at), ..Exchange::on(stream, buffer, budget) };
    exchange.get(outgoing, sent?, budget)
}

/// An exchange between its sending and its answer.
pub(super) struct Half {
    sent: std::result::Result<Sending, Failure>,
    heads: Heads,
    at: Moment,
}

impl Half {
    /// Since when the answer is waited for; `None`: there is nothing to wait for.
    pub(super) fn waits_since(&self) -> Option<Moment> {
        let whole = matches!(self.sent, Ok(Sending { complete: true, error: None }));
        (whole && self.heads.outcome.is_none()).then_some(self.at)
    }
}

/// What came of sending a request, where that did not end the exchange.
struct Sending {
    /// All of it was sent.
    complete: bool,
    /// Why the connection broke: an answer may have come nevertheless.
    error: Option<Error>,
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
    /// When the request was sent, if that was not now.
    sent_at: Option<Moment>,
}

impl<'a> Exchange<'a> {
    #[inline(always)]
    fn on(stream: &'a mut Stream, buffer: &'a mut ReadBuffer, budget: &Budget) -> Self {
        let limit = budget.exchanging();
        Self { stream, buffer, limit, heads: Heads::default(), sent_at: None }
    }

    /// Sends the request, as far as the peer takes it.
    #[inline(always)]
    fn put(
        &mut self,
        outgoing: &Outgoing<'_>,
        budget: &Budget,
    ) -> std::result::Result<Sending, Failure> {
        let sent = match outgoing.is_bare() {
            true => self.transmit(&outgoing.written.head, &[], false),
            false => {
                let pieces = outgoing.pieces();
                let mut pieces = pieces.map_err(|error| Failure { error, answered: false })?;
                self.send(outgoing, &mut pieces)
            }
        };
        match sent {
            Ok(complete) => {
                let far = if complete { "whole" } else { "until its answer" };
                budget.tell(Step::Sent, || far.to_owned());
                Ok(Sending { complete, error: None })
            }
            Err(stop) => {
                let broken = matches!(stop, Stop::Io(_));
                // The caller's own error may be of any kind: it is no dead connection, whatever it
                // says.
                let answered = matches!(stop, Stop::Source(_));
                let error = unsent(stop, budget);
                match broken {
                    true => Ok(Sending { complete: false, error: Some(error) }),
                    false => Err(Failure { error, answered }),
                }
            }
        }
    }

    /// Reads the head of the answer.
    #[inline(always)]
    fn get(
        &mut self,
        outgoing: &Outgoing<'_>,
        sent: Sending,
        budget: &Budget,
    ) -> std::result::Result<Reply, Failure> {
        let Sending { complete, error: send_error } = sent;
        let received = self.receive(outgoing.method, budget);
        match (received, self.heads.outcome.take()) {
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
    #[inline(always)]
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
            match self.read(budget) {
                Ok(Received::Bytes(count)) => self.buffer.filled(count),
                Ok(Received::End { .. }) => return Err(fail(closed(answered))),
                Err(stop) => return Err(fail(broken(stop, answered, budget))),
            }
        }
    }

    /// Waits for what comes next. What was sent before now has been waited for since.
    #[inline(always)]
    fn read(&mut self, budget: &Budget) -> std::result::Result<Received, Stop> {
        match self.sent_at.take() {
            None => self.stream.read(self.buffer.room(), &self.limit),
            Some(at) => self.read_since(at, budget),
        }
    }

    fn read_since(&mut self, at: Moment, budget: &Budget) -> std::result::Result<Received, Stop> {
        let now = Limit { now: true, ..self.limit.clone() };
        match self.stream.read(self.buffer.room(), &now) {
            Err(Stop::NotYet) => self.stream.read(self.buffer.room(), &budget.exchanging_since(at)),
            at_once => at_once,
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
