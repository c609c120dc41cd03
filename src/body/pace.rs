//! How fast a body comes, and how it is read then: ahead of the caller, or gathered by the system.
//!
//! Both are for large bodies over plain connections that come faster than they are read. What they
//! cost where it turns out otherwise is bounded: reading ahead waits for nothing, and gathering
//! ends with the first read that had to wait for long. TLS has a buffer of its own.

use super::Open;
use crate::connect::Stop;
use crate::connect::stream::{Received, Stream};
use crate::deadline::Moment;
use crate::limits::{
    GATHER_AFTER_BYTES, GATHER_AFTER_TIME, GATHER_BYTES, GATHER_LEFT_BYTES_MIN,
    READ_AHEAD_AFTER_BYTES, READ_AHEAD_LEFT_BYTES_MIN,
};

/// The pace of one body.
#[derive(Default)]
pub(super) struct Pace {
    /// How much has come in full reads since the last one that was not.
    rush: usize,
    /// How much has come since the last look at the clock.
    stretch: usize,
    looked: Option<Moment>,
    /// Whether much of a gathered body waited to be read when that was looked at.
    behind: bool,
}

impl Pace {
    /// Counts a read that was asked for so much.
    pub(super) fn count(&mut self, received: Received, asked: usize) {
        let Received::Bytes(count) = received else { return };
        self.rush = if count == asked { self.rush.saturating_add(count) } else { 0 };
        self.stretch = self.stretch.saturating_add(count);
    }

    /// Whether the body, of which `left` bytes are left, is large, and the socket has always had
    /// more of it than was asked for.
    pub(super) fn is_worth_reading_ahead(&self, open: &Open, left: usize) -> bool {
        self.rush >= READ_AHEAD_AFTER_BYTES
            && left >= READ_AHEAD_LEFT_BYTES_MIN
            && matches!(open.stream, Stream::Plain(_))
            && !open.buffer.is_wide()
    }

    /// Begins to gather a body that has become fast, and ends it where too little is left of it to
    /// wait for. Whether it is gathered and the caller keeps up with it: then reading ahead would
    /// only copy.
    pub(super) fn gather(&mut self, stream: &mut Stream, left: u64) -> Result<bool, Stop> {
        let Some(link) = stream.gatherer() else { return Ok(false) };
        if link.gathers() && left < 2 * GATHER_BYTES as u64 {
            link.gather_no_more()?;
        } else if link.gathers() && self.stretch >= GATHER_AFTER_BYTES {
            self.stretch = 0;
            self.behind = link.is_behind();
        } else if !link.gathers() && left >= GATHER_LEFT_BYTES_MIN && self.has_been_fast() {
            link.gather(usize::try_from(left).unwrap_or(usize::MAX));
        }
        Ok(link.gathers() && !self.behind)
    }

    /// Whether a stretch of the body has just come to its end, and was fast.
    fn has_been_fast(&mut self) -> bool {
        if self.looked.is_some() && self.stretch < GATHER_AFTER_BYTES {
            return false;
        }
        self.stretch = 0;
        let now = Moment::now();
        let last = self.looked.replace(now);
        last.is_some_and(|last| last.age_at(now) <= GATHER_AFTER_TIME)
    }
}
