//! The read buffer: what came with the head, and small reads of the body. Lent by the pool, given
//! back with the connection, so that an idle connection holds none. Wide while a large body is read
//! ahead.

use crate::limits::{HEAD_BYTES_MAX, READ_AHEAD_BYTES, READ_BUFFER_BYTES};

/// Received bytes that nobody has taken yet.
pub(crate) struct ReadBuffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl ReadBuffer {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; READ_BUFFER_BYTES].into(), start: 0, end: 0 }
    }

    /// True if it has grown for a huge head or a large body: not worth keeping.
    pub(crate) fn is_grown(&self) -> bool {
        self.bytes.len() > READ_BUFFER_BYTES
    }

    /// Makes room to read a body ahead; nothing may be unread.
    pub(crate) fn widen(&mut self) {
        debug_assert!(self.start == self.end);
        // A new one, not a longer one: its pages cost nothing before something comes.
        self.bytes = vec![0; READ_AHEAD_BYTES].into();
        self.clear();
    }

    /// Whether a body is read ahead into it.
    pub(crate) fn is_wide(&self) -> bool {
        self.bytes.len() >= READ_AHEAD_BYTES
    }

    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    #[inline(always)]
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Takes `count` of the unread bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Where the next bytes go; never empty. Grows by doubling, to what the longest head needs: old
    /// and new bytes together are less than twice [`HEAD_BYTES_MAX`] (fault 62).
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() {
            self.make_room();
        }
        &mut self.bytes[self.end..]
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            let larger = (self.bytes.len() * 2).min(HEAD_BYTES_MAX + READ_BUFFER_BYTES);
            let mut bytes = vec![0; larger.max(self.end + 1)];
            bytes[..self.end].copy_from_slice(&self.bytes[..self.end]);
            self.bytes = bytes.into();
        }
    }

    /// Counts `count` bytes that were read into [`room`](Self::room).
    pub(crate) fn filled(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.bytes.len());
    }

    /// Moves what fits of the unread bytes into `out`.
    pub(crate) fn take(&mut self, out: &mut [u8]) -> usize {
        let count = out.len().min(self.end - self.start);
        out[..count].copy_from_slice(&self.bytes[self.start..self.start + count]);
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
            if buffer.bytes.len() != size {
                let both = size + buffer.bytes.len();
                assert!(both < 2 * HEAD_BYTES_MAX, "{size} and {}", buffer.bytes.len());
                size = buffer.bytes.len();
            }
            buffer.filled(room.min(1000));
        }
        // A piece that ends elsewhere leaves room too.
        buffer.consume(1);
        buffer.filled(buffer.bytes.len() - buffer.end);
        assert!(!buffer.room().is_empty());
        assert_eq!(buffer.unread().len(), buffer.end - buffer.start);
    }
}
