//! Reads a body's bytes straight into the caller's memory: from the socket, or from where TLS has
//! opened them.
//!
//! Only what came with the head is copied once more, and what is read for a caller whose buffer is
//! small, or slower than a large body comes: then much is read at a time. Chunked bodies are
//! `chunks`'s.

use super::{Open, Pace};
use crate::connect::Stop;
use crate::connect::stream::{Received, Stream};
use crate::deadline::Limit;
use crate::error::{self, Error};
use crate::http1::framing::BodyState;
use crate::limits::{READ_BUFFER_BYTES, READ_DIRECT_BYTES};

/// What a read came to.
pub(super) enum Taken {
    /// So much of the body, at the start of the caller's memory; it may be none.
    Some(usize),
    /// The peer's end; not clean: TLS was cut without its closing message.
    End { clean: bool },
}

/// Why a read failed.
pub(super) enum Broken {
    /// The connection did.
    Stop(Stop),
    /// What came is wrong.
    Wrong(Error),
}

impl From<Stop> for Broken {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

impl Open {
    /// Reads of a body that is not chunked into `out`: what lies in the buffer, else what the
    /// connection has.
    pub(super) fn receive(
        &mut self,
        out: &mut [u8],
        state: &mut BodyState,
        pace: &mut Pace,
        limit: &Limit,
    ) -> Result<Taken, Broken> {
        let (wanted, left) = (state.read_max(out.len()), state.read_max(usize::MAX));
        if self.buffer.unread().is_empty() {
            let direct = match state {
                BodyState::Length { left, .. } => pace.gather(&mut self.stream, *left)?,
                _ => false,
            };
            if wanted < READ_DIRECT_BYTES && !direct && pace.is_worth_reading_ahead(self, left) {
                self.buffer.widen();
            }
            let through = self.buffer.is_wide() && !direct;
            let much = if through { READ_DIRECT_BYTES } else { READ_BUFFER_BYTES };
            // TLS has a buffer of its own.
            if wanted >= much || wanted == left || matches!(self.stream, Stream::Tls(_)) {
                let received = self.stream.read(&mut out[..wanted], limit)?;
                pace.count(received, wanted);
                return Ok(match received {
                    Received::Bytes(count) => Taken::Some(state.take(&out[..count])?),
                    Received::End { clean } => Taken::End { clean },
                });
            }
            let room = self.buffer.room();
            let most = state.read_max(room.len());
            let received = self.stream.read(&mut room[..most], limit)?;
            pace.count(received, most);
            match received {
                Received::Bytes(count) => self.buffer.filled(count),
                Received::End { clean } => return Ok(Taken::End { clean }),
            }
        }
        if limit.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        let count = self.buffer.take(&mut out[..wanted]);
        Ok(Taken::Some(state.take(&out[..count])?))
    }

    /// Takes what has been received already, for nobody.
    pub(super) fn take_what_is_here(&mut self, state: &mut BodyState) -> error::Result<()> {
        let used = state.take(self.buffer.unread())?;
        self.buffer.consume(used);
        while !state.is_done() && !self.stream.unread().is_empty() {
            let used = state.take(self.stream.unread())?;
            self.stream.consume(used);
        }
        state.take_trailers().map(|_| ())
    }
}
