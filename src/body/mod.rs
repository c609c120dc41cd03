//! What the caller reads: framing is taken off, truncation is an error, the connection goes home
//! with the last byte.
//!
//! How bytes get into the caller's memory is `receive`'s, and `chunks`'s. An error stays: no later
//! read turns it into an end. Sources: behaviours D1–D21, faults 67–75. Content codings are
//! `content`'s, lines and text the response's.

pub(crate) mod buffer;
mod chunks;
pub(crate) mod content;
mod file;
pub(crate) mod multipart;
mod pace;
mod receive;
pub(crate) mod source;
pub(crate) mod upload;

use std::sync::Arc;

use buffer::ReadBuffer;
use pace::Pace;
use receive::{Broken, Taken};

use crate::cancel::Registration;
use crate::connect::stream::Stream;
use crate::connect::{Stop, describe};
use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::http1::framing::{BodyState, Framing};
use crate::limits::{DRAIN_BYTES_MAX, DRAIN_TIME, READ_BUFFER_BYTES, RESERVE_BYTES_MAX};
use crate::trace::{Progress, Step};

/// Where a connection goes when its response has been read.
pub(crate) trait Home: Send + Sync {
    /// Takes the connection back for the next request.
    fn keep(self: Arc<Self>, stream: Stream, buffer: ReadBuffer, permit: Option<Permit>);
    /// Takes the buffer of a connection that must not be used again.
    fn discard(&self, buffer: ReadBuffer);
}

/// The right to have a connection open, where there may not be any number of them: given back by
/// being dropped, after the connection.
pub(crate) type Permit = Box<dyn Send + Sync>;

/// A connection while its response is read.
pub(crate) struct Open {
    pub(crate) stream: Stream,
    pub(crate) buffer: ReadBuffer,
    pub(crate) home: Arc<dyn Home>,
    pub(crate) permit: Option<Permit>,
    /// Whether the connection may serve another request after this body.
    pub(crate) keep: bool,
    pub(crate) registration: Option<Registration>,
}

/// The body of a response.
pub(crate) struct Body {
    state: BodyState,
    open: Option<Open>,
    budget: Budget,
    limit: Limit,
    received: u64,
    pace: Pace,
    trailers: Option<Box<Headers>>,
    failed: Option<Error>,
    watch: Option<Box<Watch>>,
    /// Whether the connection waits for more than the last byte: for the codings to come to their
    /// end.
    held: bool,
    finished: Option<Box<Open>>,
    /// What was read ahead of the caller, to free the connection.
    stored: Vec<u8>,
    stored_at: usize,
}

/// What is asked of a body beside its bytes.
pub(crate) struct Watch {
    /// How many bytes it may have as transferred.
    pub(crate) max: Option<u64>,
    pub(crate) listeners: Vec<Progress>,
    /// Its declared length.
    pub(crate) total: Option<u64>,
}

impl Body {
    /// The body behind a head; [`begin`](Self::begin) is to be called where it will stay.
    #[inline(always)]
    pub(crate) fn new(
        framing: Framing,
        open: Open,
        budget: Budget,
        watch: Option<Box<Watch>>,
    ) -> Self {
        Self {
            state: BodyState::new(framing),
            open: Some(open),
            limit: budget.exchanging(),
            budget,
            received: 0,
            pace: Pace::default(),
            trailers: None,
            failed: None,
            watch,
            held: false,
            finished: None,
            stored: Vec::new(),
            stored_at: 0,
        }
    }

    /// Ends what is at its end, or too long, before anything is read.
    pub(crate) fn begin(&mut self) {
        if self.open.is_none() {
            return;
        }
        if self.state.is_done() {
            self.finish();
        } else if let (Some(watch), BodyState::Length { total, .. }) = (&self.watch, &self.state) {
            self.failed = watch.check(*total).err();
            if self.failed.is_some() {
                self.give_up();
            }
        }
    }

    /// A body that never was on a connection.
    pub(crate) fn in_memory(bytes: Vec<u8>, budget: Budget, watch: Option<Box<Watch>>) -> Self {
        let too_long = watch.as_ref().and_then(|watch| watch.check(bytes.len() as u64).err());
        Self {
            state: BodyState::Done,
            open: None,
            limit: budget.exchanging(),
            budget,
            received: bytes.len() as u64,
            pace: Pace::default(),
            trailers: None,
            stored: if too_long.is_some() { Vec::new() } else { bytes },
            failed: too_long,
            watch: None,
            held: false,
            finished: None,
            stored_at: 0,
        }
    }

    /// Reads at least one byte into `out`; 0 is the end of the body.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.read_if(out, false).map(Option::unwrap_or_default)
    }

    /// As [`read`](Self::read); `None`: it would have to wait, and is to read `now`. Nothing is
    /// lost by that.
    pub(crate) fn read_if(&mut self, out: &mut [u8], now: bool) -> Result<Option<usize>> {
        if self.stored_at < self.stored.len() {
            return Ok(Some(self.take_stored(out)));
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if out.is_empty() {
            return Ok(Some(0));
        }
        self.limit.now = now;
        let result = self.read_some(out);
        if let Err(error) = &result {
            self.fail(error.clone());
        }
        result
    }

    /// How much of `most` may be left of it.
    fn left_within(&self, most: usize) -> usize {
        self.state.read_max(most)
    }

    /// The error that ended the body, once all that came before it has been read.
    fn failure(&self) -> Option<Error> {
        if self.stored_at < self.stored.len() { None } else { self.failed.clone() }
    }

    /// The error of a cancel, or of a deadline that has passed.
    fn check_limits(&self) -> Result<()> {
        if self.limit.is_cancelled() {
            return Err(Budget::cancelled(Phase::Body));
        }
        if self.limit.is_over() {
            let what = format!("the body, {} bytes so far, was not decoded", self.received);
            return Err(self.budget.timed_out(ErrorKind::TotalTimeout, Phase::Body, &what));
        }
        Ok(())
    }

    /// Ends the body with an error that stays, and its connection.
    pub(crate) fn fail(&mut self, error: Error) {
        self.failed = Some(error);
        self.give_up();
    }

    /// Has the connection wait for [`release`](Self::release) when the last byte has come; without
    /// it, it ends with the body.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// What was held goes home.
    pub(crate) fn release(&mut self) {
        self.held = false;
        if let Some(open) = self.finished.take() {
            self.go_home(*open);
        }
    }

    fn take_stored(&mut self, out: &mut [u8]) -> usize {
        let rest = &self.stored[self.stored_at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.stored_at += count;
        count
    }

    /// Reads the rest as transferred into memory, so that the connection is free: if it is short
    /// and comes soon. Else the connection is closed, and what was read stays readable (flaw 43).
    pub(crate) fn store(&mut self) {
        if matches!(self.state, BodyState::Length { left, .. } if left > DRAIN_BYTES_MAX as u64) {
            return self.close();
        }
        self.store_beginning();
    }

    /// As [`store`](Self::store), but of a long body too: as much of it as comes soon.
    pub(crate) fn store_beginning(&mut self) {
        let limit = self.limit.at_most(DRAIN_TIME);
        let usual = std::mem::replace(&mut self.limit, limit);
        let mut stored = std::mem::take(&mut self.stored);
        let mut end = stored.len();
        while self.open.is_some() && self.failed.is_none() && end < DRAIN_BYTES_MAX {
            let room = self.state.read_max(READ_BUFFER_BYTES).clamp(1, DRAIN_BYTES_MAX - end);
            stored.resize(end + room, 0);
            // An error stays with the body; nobody has asked for it yet.
            end += self.read(&mut stored[end..]).unwrap_or(0);
        }
        stored.truncate(end);
        self.stored = stored;
        self.limit = usual;
        self.release();
        self.close();
    }

    fn read_some(&mut self, out: &mut [u8]) -> Result<Option<usize>> {
        while let Some(open) = &mut self.open {
            let taken = match &mut self.state {
                BodyState::Chunked(chunked) => {
                    open.receive_chunks(out, chunked, &mut self.pace, &self.limit)
                }
                state => open.receive(out, state, &mut self.pace, &self.limit),
            };
            let count = match taken {
                Ok(Taken::Some(count)) => count,
                Ok(Taken::End { clean }) => return self.ended(clean).map(Some),
                Err(Broken::Stop(Stop::NotYet)) => return Ok(None),
                Err(Broken::Stop(stop)) => return Err(self.broken(stop)),
                Err(Broken::Wrong(error)) => return Err(error),
            };
            let trailers = self.state.take_trailers()?;
            self.received += count as u64;
            if let Some(watch) = &self.watch {
                watch.received(self.received, count)?;
            }
            if self.state.is_done() {
                self.trailers = trailers.map(Box::new);
                self.finish();
            }
            if count > 0 {
                return Ok(Some(count));
            }
        }
        Ok(Some(0))
    }

    /// The connection ended: the body's end only where nothing else tells it, and only if TLS was
    /// closed properly.
    fn ended(&mut self, clean: bool) -> Result<usize> {
        if matches!(self.state, BodyState::Close) && clean {
            self.state = BodyState::Done;
            self.budget.tell(Step::Body, || self.received.to_string());
            self.give_up();
            return Ok(0);
        }
        Err(self.truncated(0, "the peer closed the connection"))
    }

    fn truncated(&self, os_error: i32, how: &str) -> Error {
        let got = self.received;
        let message = match &self.state {
            BodyState::Length { total, .. } => {
                format!("the body is truncated: {how} after {got} of {total} bytes")
            }
            BodyState::Chunked(_) => {
                format!("the body is truncated: {how} after {got} bytes, before the last chunk")
            }
            _ => format!(
                "the body is truncated: {how} after {got} bytes, without its closing message"
            ),
        };
        Error::new(ErrorKind::Incomplete, message).in_phase(Phase::Body).with_os_error(os_error)
    }

    fn broken(&self, stop: Stop) -> Error {
        match stop {
            Stop::TimedOut => {
                let what =
                    format!("the body stopped after {} bytes and did not go on", self.received);
                self.budget.timed_out(ErrorKind::ReadTimeout, Phase::Body, &what)
            }
            Stop::Io(_) => {
                let os_error = stop.io_error().and_then(|error| error.raw_os_error()).unwrap_or(0);
                self.truncated(os_error, "the connection broke")
            }
            stop => describe(stop, ErrorKind::Incomplete, Phase::Body, "reading the body failed"),
        }
    }

    /// Reads the rest into `all`.
    pub(crate) fn read_all(&mut self, all: &mut Vec<u8>) -> Result<()> {
        let mut room = match self.state {
            // One byte more than promised: the read that meets the end needs a place to look.
            BodyState::Length { left, .. } => usize::try_from(left).unwrap_or(usize::MAX),
            _ => READ_BUFFER_BYTES,
        };
        let mut end = all.len();
        while self.open.is_some() || self.stored_at < self.stored.len() {
            if end == all.len() {
                room = room.clamp(1, RESERVE_BYTES_MAX.max(end));
                all.resize(end + room, 0);
            }
            match self.read(&mut all[end..]) {
                Ok(count) => end += count,
                Err(error) => {
                    all.truncate(end);
                    return Err(error);
                }
            }
            room = self.state.read_max(usize::MAX).min(RESERVE_BYTES_MAX.max(end));
        }
        all.truncate(end);
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Gives up the rest. The connection is kept only if all of it has come already.
    pub(crate) fn close(&mut self) {
        if let Some(open) = &mut self.open {
            match open.take_what_is_here(&mut self.state) {
                Ok(()) if self.state.is_done() => self.finish(),
                _ => self.give_up(),
            }
            let gone = "the body was closed before its end";
            self.failed
                .get_or_insert_with(|| Error::new(ErrorKind::Misuse, gone).in_phase(Phase::Body));
        }
        // Still held: nobody has seen that the body was right.
        self.give_up();
    }

    /// The trailers, once the body has been read to its end.
    pub(crate) fn trailers(&self) -> Option<&Headers> {
        self.trailers.as_deref()
    }

    /// The body is complete: the connection goes home, or ends.
    fn finish(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.budget.tell(Step::Body, || self.received.to_string());
        match self.held {
            true => self.finished = Some(Box::new(open)),
            false => self.go_home(open),
        }
    }

    #[inline]
    fn go_home(&self, open: Open) {
        let Open { stream, buffer, home, permit, keep, registration } = open;
        // First, so that no trigger can reach the connection when another request has it.
        drop(registration);
        let cancelled = self.limit.is_cancelled();
        if keep && buffer.unread().is_empty() && stream.unread().is_empty() && !cancelled {
            home.keep(stream, buffer, permit);
        } else {
            drop(stream);
            drop(permit);
            home.discard(buffer);
        }
    }

    fn give_up(&mut self) {
        let open = self.open.take().or_else(|| self.finished.take().map(|open| *open));
        if let Some(Open { stream, buffer, home, registration, permit, .. }) = open {
            drop(registration);
            drop(stream);
            drop(permit);
            home.discard(buffer);
        }
    }
}

impl Watch {
    fn check(&self, bytes: u64) -> Result<()> {
        match self.max {
            Some(max) if bytes > max => {
                let message = format!("the body is longer than the {max} bytes that are allowed");
                Err(Error::new(ErrorKind::Limit, message).in_phase(Phase::Body))
            }
            _ => Ok(()),
        }
    }

    fn received(&self, received: u64, new: usize) -> Result<()> {
        self.check(received)?;
        match new {
            0 => Ok(()),
            _ => self.listeners.iter().try_for_each(|listener| listener(received, self.total)),
        }
    }
}

impl Drop for Body {
    #[inline]
    fn drop(&mut self) {
        if self.open.is_some() || self.finished.is_some() {
            self.close();
        }
    }
}
