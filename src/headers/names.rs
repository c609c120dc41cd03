//! Names and tokens as they are compared: in any case (RFC 9110 §5.1).

use std::cmp::Ordering;

/// What equal names have in common, in any case: length, first byte and last byte. Most names that
/// are not equal differ in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    #[inline]
    pub(super) const fn of(name: &[u8]) -> Self {
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return Self(0) };
        // Letters differ from their other case in this bit alone.
        let (first, last) = ((*first | 0x20) as u32, (*last | 0x20) as u32);
        Self((name.len() as u32) << 16 | first << 8 | last)
    }

    /// One bit of 64; names that are often asked for have different ones.
    #[inline]
    pub(super) fn mark(self) -> u64 {
        1 << (self.0.wrapping_mul(0x9e37_79b1) >> 26)
    }
}

pub(super) const CONNECTION: Tag = Tag::of(b"connection");
pub(super) const CONTENT_LENGTH: Tag = Tag::of(b"content-length");
pub(super) const TRANSFER_ENCODING: Tag = Tag::of(b"transfer-encoding");

/// The high bit of each of eight bytes that is an ASCII letter.
#[inline(always)]
pub(crate) fn letters_in(word: u64) -> u64 {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let lower = (word | (0x20 * EACH)) & (0x7f * EACH);
    let (from_a, beyond_z) = (lower + (0x80 - 0x61) * EACH, lower + (0x80 - 0x7b) * EACH);
    from_a & !beyond_z & !word & (0x80 * EACH)
}

/// Whether two names are the same, in any case: eight bytes at a time, the last eight perhaps for
/// the second time.
pub(super) fn same_name(a: &[u8], b: &[u8]) -> bool {
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    if a.len() != b.len() {
        return false;
    }
    let is_same = |x: &[u8; 8], y: &[u8; 8]| {
        let (x, y) = (u64::from_ne_bytes(*x), u64::from_ne_bytes(*y));
        let other = x ^ y;
        // What differs in the bit of a letter's case alone must be a letter.
        other & !CASE == 0 && (other << 2) & !letters_in(x) == 0
    };
    match (a.last_chunk(), b.last_chunk()) {
        (Some(x), Some(y)) => {
            let words = a.as_chunks().0.iter().zip(b.as_chunks().0);
            is_same(x, y) && words.into_iter().all(|(x, y)| is_same(x, y))
        }
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// Whether this comma-separated list holds `token`, in any case. Nearly always it is one item.
pub(crate) fn lists_token(value: &[u8], token: &[u8]) -> bool {
    let is_it = |item: &[u8]| same_name(item.trim_ascii(), token);
    match value.len().cmp(&token.len()) {
        Ordering::Less => false,
        Ordering::Equal => same_name(value, token),
        Ordering::Greater => {
            value.iter().any(|byte| matches!(byte, b',' | b' ' | b'\t'))
                && value.split(|byte| *byte == b',').any(is_it)
        }
    }
}
