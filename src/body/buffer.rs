//! The read buffer: what came with the head, and small reads of the body. Lent by the pool, given
//! back with the connection, so that an idle connection holds none. Wide while a large body is read
//! ahead.

use crate::http1::last::LastHead;
use crate::limits::{HEAD_BYTES_MAX, READ_AHEAD_BYTES, READ_BUFFER_BYTES};

/// Received bytes that nobody has taken yet. Boxed: a buffer is handed from layer to layer with its
/// connection.
pub(crate) struct ReadBuffer(Box<Parts>);

struct Parts {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    last: LastHead,
}

impl ReadBuffer {
    pub(crate) fn new() -> Self {
        let bytes = vec![0; READ_BUFFER_BYTES].into();
        Self(Box::new(Parts { bytes, start: 0, end: 0, last: LastHead::default() }))
    }

    /// True if it has grown for a huge head or a large body: not worth keeping.
    pub(crate) fn is_grown(&self) -> bool {
        self.0.bytes.len() > READ_BUFFER_BYTES
    }

    /// Makes room to read a body ahead; nothing may be unread.
    pub(crate) fn widen(&mut self) {
        debug_assert!(self.0.start == self.0.end);
        // A new one, not a longer one: its pages cost nothing before something comes.
        self.0.bytes = vec![0; READ_AHEAD_BYTES].into();
        self.clear();
    }

    /// Whether a body is read ahead into it.
    pub(crate) fn is_wide(&self) -> bool {
        self.0.bytes.len() >= READ_AHEAD_BYTES
    }

    pub(crate) fn clear(&mut self) {
        (self.0.start, self.0.end) = (0, 0);
    }

    #[inline(always)]
    pub(crate) fn unread(&self) -> &[u8] {
        let Parts { bytes, start, end, .. } = &*self.0;
        &bytes[*start..*end]
    }

    /// The unread bytes, and the head that was read last.
    #[inline(always)]
    pub(crate) fn unread_with_last(&mut self) -> (&[u8], &mut LastHead) {
        let Parts { bytes, start, end, last } = &mut *self.0;
        (&bytes[*start..*end], last)
    }

    pub(crate) fn last_head(&mut self) -> &mut LastHead {
        &mut self.0.last
    }

    /// Takes `count` of the unread bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.0.start += count;
        debug_assert!(self.0.start <= self.0.end);
        if self.0.start == self.0.end {
            self.clear();
        }
    }

    /// Where the next bytes go; never empty. Grows by doubling, to what the longest head needs: old
    /// and new bytes together are less than twice [`HEAD_BYTES_MAX`] (fault 62).
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.0.end == self.0.bytes.len() {
            self.make_room();
        }
        &mut self.0.bytes[self.0.end..]
    }

    fn make_room(&mut self) {
        if self.0.start > 0 {
            self.0.bytes.copy_within(self.0.start..self.0.end, 0);
            (self.0.start, self.0.end) = (0, self.0.end - self.0.start);
        }
        if self.0.end == self.0.bytes.len() {
            let larger = (self.0.bytes.len() * 2).min(HEAD_BYTES_MAX + READ_BUFFER_BYTES);
            let mut bytes = vec![0; larger.max(self.0.end + 1)];
            bytes[..self.0.end].copy_from_slice(&self.0.bytes[..self.0.end]);
            self.0.bytes = bytes.into();
        }
    }

    /// Counts `count` bytes that were read into [`room`](Self::room).
    pub(crate) fn filled(&mut self, count: usize) {
        self.0.end += count;
        debug_assert!(self.0.end <= self.0.bytes.len());
    }

    /// Moves what fits of the unread bytes into `out`.
    pub(crate) fn take(&mut self, out: &mut [u8]) -> usize {
        let count = out.len().min(self.0.end - self.0.start);
        out[..count].copy_from_slice(&self.0.bytes[self.0.start..self.0.start + count]);
        self.consume(count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_62_the_longest_head_takes_less_than_twice_its_bytes() {
        let (mut buffer, mut size) = (ReadBuffer::new(), READ_BUFFER_BYTES);
        while buffer.unread().len() <= HEAD_BYTES_MAX {
            let room = buffer.room().len();
            assert!(room > 0);
            if buffer.0.bytes.len() != size {
                let both = size + buffer.0.bytes.len();
                assert!(both < 2 * HEAD_BYTES_MAX, "{size} and {}", buffer.0.bytes.len());
                size = buffer.0.bytes.len();
            }
            buffer.filled(room.min(1000));
        }
        // A piece that ends elsewhere leaves room too.
        buffer.consume(1);
        buffer.filled(buffer.0.bytes.len() - buffer.0.end);
        assert!(!buffer.room().is_empty());
        assert_eq!(buffer.unread().len(), buffer.0.end - buffer.0.start);
    }
}
