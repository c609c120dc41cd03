//! The head that nearly every server sends, read in one pass: complete, lines that end with CRLF,
//! no folds, no blanks but where they belong, all of it short.
//!
//! Everything else is for `decode`, which alone knows what else is tolerated and what is an error:
//! this file never says no, only "not plain". What both accept they read alike (a test holds them
//! to it).

use super::decode::Head;
use crate::headers::{Field, Headers, Span, is_token_byte, letters_in};
use crate::limits::{HEAD_FIELDS_MAX, READ_BUFFER_BYTES};

/// The first allocation for the fields of a head.
const USUAL_FIELDS: usize = 12;

const HTTP_1_1: u64 = u64::from_le_bytes(*b"HTTP/1.1");
const HTTP_1_0: u64 = u64::from_le_bytes(*b"HTTP/1.0");
const EACH: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = 0x80 * EACH;

/// The plain head at the start of `bytes` and its length; `None` if it is none, or not all there.
///
/// A function of its own, so that its loop has the registers for itself.
#[inline(never)]
pub(super) fn plain_head(bytes: &[u8]) -> Option<(Head, usize)> {
    let bytes = &bytes[..bytes.len().min(READ_BUFFER_BYTES)];
    let version = match word_at(bytes, 0) {
        HTTP_1_1 => 11,
        HTTP_1_0 => 10,
        _ => return None,
    };
    let status = status_of(*bytes.get(8..)?.first_chunk()?)?;
    let start = b"HTTP/1.1 200 ".len() as u32;
    let reason = Span { start, end: end_of_text(bytes, start)? };
    if !is_ascii_text(reason.of(bytes)) {
        return None;
    }
    let mut at = reason.end + 2;
    let mut fields = Vec::with_capacity(USUAL_FIELDS);
    while *bytes.get(at as usize)? != b'\r' {
        let (field, next) = field_at(bytes, at)?;
        if fields.len() == HEAD_FIELDS_MAX {
            return None;
        }
        fields.push(field);
        at = next;
    }
    let end = at as usize + 2;
    let head = bytes.get(..end).filter(|head| head.ends_with(b"\n"))?;
    let headers = Headers::from_parts(head.to_vec(), fields);
    Some((Head::of(version, status, reason, headers), end))
}

/// `" 200 "` as a number from 100 on.
#[inline(always)]
fn status_of(code: [u8; 5]) -> Option<u16> {
    match code {
        [b' ', first @ b'1'..=b'9', second @ b'0'..=b'9', third @ b'0'..=b'9', b' '] => {
            let digit = |byte: u8| u16::from(byte - b'0');
            Some(100 * digit(first) + 10 * digit(second) + digit(third))
        }
        _ => None,
    }
}

/// A reason that needs no second look: ASCII, no blank at its ends, not empty.
fn is_ascii_text(reason: &[u8]) -> bool {
    let ends = (reason.first(), reason.last());
    let is_blank = |end: Option<&u8>| end.is_none_or(|byte| *byte == b' ');
    !is_blank(ends.0) && !is_blank(ends.1) && reason.iter().all(u8::is_ascii)
}

/// The field whose line begins at `start`, and where the next line begins.
#[inline(always)]
fn field_at(bytes: &[u8], start: u32) -> Option<(Field, u32)> {
    let colon = end_of_name(bytes, start)?;
    let value = match bytes.get(colon as usize..colon as usize + 3)? {
        [_, b' ', b' '] => end_of_blanks(bytes, colon + 1),
        [_, b' ', _] => colon + 2,
        _ => colon + 1,
    };
    let end = end_of_text(bytes, value)?;
    let text = match bytes.get(end as usize - 1)? {
        b' ' => without_blanks(bytes, value, end),
        _ if value == end => Span::default(),
        _ => Span { start: value, end },
    };
    let name = Span { start, end: colon };
    Some((Field::new(bytes.get(start as usize..colon as usize)?, name, text), end + 2))
}

#[cold]
fn end_of_blanks(bytes: &[u8], start: u32) -> u32 {
    let blanks = bytes[start as usize..].iter().take_while(|byte| **byte == b' ');
    start + blanks.count() as u32
}

/// The value from `start` to `end`, its last blanks left out; an empty one stands nowhere.
#[cold]
fn without_blanks(bytes: &[u8], start: u32, end: u32) -> Span {
    match bytes[start as usize..end as usize].trim_ascii_end().len() {
        0 => Span::default(),
        length => Span { start, end: start + length as u32 },
    }
}

/// Where the colon stands behind the name that begins at `start`. Nearly all names are letters and
/// dashes, and eight at a time can be looked at.
#[inline(always)]
fn end_of_name(bytes: &[u8], start: u32) -> Option<u32> {
    let mut at = start;
    loop {
        let word = word_at(bytes, at);
        let is_other = word ^ (u64::from(b'-') * EACH);
        let other = (((is_other & !HIGH) + !HIGH) | is_other) & !letters_in(word) & HIGH;
        if other != 0 {
            at += other.trailing_zeros() / 8;
            break;
        }
        at += 8;
    }
    match bytes.get(at as usize)? {
        b':' if at > start => Some(at),
        _ => end_of_rare_name(bytes, start, at),
    }
}

/// The same, of which all before `from` has been looked at.
#[cold]
fn end_of_rare_name(bytes: &[u8], start: u32, from: u32) -> Option<u32> {
    let mut rest = bytes[from as usize..].iter();
    let end = from + rest.position(|byte| !is_token_byte(*byte))? as u32;
    (end > start && bytes[end as usize] == b':').then_some(end)
}

/// Where the CRLF stands that ends the text from `start` on; `None` if any other control stands
/// there, or it does not end.
#[inline(always)]
fn end_of_text(bytes: &[u8], start: u32) -> Option<u32> {
    let mut at = start;
    loop {
        let found = controls_in(word_at(bytes, at));
        if found != 0 {
            at += found.trailing_zeros() / 8;
            break;
        }
        at += 8;
    }
    (bytes.get(at as usize..at as usize + 2)? == b"\r\n").then_some(at)
}

/// The high bit of the first of eight bytes that is below 0x20, or DEL; those of others behind it
/// say nothing.
#[inline(always)]
fn controls_in(word: u64) -> u64 {
    let is_del = word ^ (0x7f * EACH);
    // A borrow marks bytes behind the first one only, and the first one is what counts.
    (word.wrapping_sub(0x20 * EACH) & !word | is_del.wrapping_sub(EACH) & !is_del) & HIGH
}

/// Eight bytes from `at` on; behind the end there are zeros, which no text holds.
#[inline(always)]
fn word_at(bytes: &[u8], at: u32) -> u64 {
    match bytes.get(at as usize..at as usize + 8).and_then(|word| word.first_chunk()) {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(bytes, at),
    }
}

#[cold]
fn last_word(bytes: &[u8], at: u32) -> u64 {
    let mut word = [0; 8];
    let rest = bytes.get(at as usize..).unwrap_or_default();
    word[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::super::decode::HeadScanner;
    use super::*;

    const HEADS: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 100\r\nE:\r\nA:  b c  \r\n\r\nbody",
        b"HTTP/1.0 404 Not Found\r\nX-Y: caf\xe9\r\nx-y: 2\r\n\r\n",
        b"HTTP/1.1 299 W  X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    ];

    type Seen = (u8, u16, Vec<u8>, Vec<(String, Vec<u8>)>, usize);

    fn seen(head: &Head, end: usize) -> Seen {
        let fields = head.headers.received();
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        (head.version, head.status, head.reason().to_vec(), fields, end)
    }

    /// What is plain, if anything; it must be what the full parser sees.
    #[track_caller]
    fn check(raw: &[u8]) -> bool {
        let Some((head, end)) = plain_head(raw) else { return false };
        let mut scanner = HeadScanner::default();
        let full = scanner.end_of_head(raw).unwrap().expect("a whole head");
        let full = seen(&scanner.parse(&raw[..full]).unwrap(), full);
        assert_eq!(seen(&head, end), full, "{}", raw.escape_ascii());
        true
    }

    #[test]
    fn what_is_plain_is_read_as_the_full_parser_reads_it() {
        assert_eq!(
            HEADS.iter().map(|raw| check(raw)).collect::<Vec<_>>(),
            [true, true, true, false]
        );
        let mut plain = 0;
        for raw in HEADS {
            for at in 0..raw.len() {
                check(&raw[..at]);
                for byte in *b"\0\t\n\r\x1f :;Aa9\x7f\x80\xff" {
                    let mut other = raw.to_vec();
                    other[at] = byte;
                    plain += usize::from(check(&other));
                    other.insert(at, raw[at]);
                    plain += usize::from(check(&other));
                }
            }
        }
        assert!(plain > 1000, "{plain}");
    }

    #[test]
    fn a_head_that_is_not_all_there_is_not_plain() {
        let raw = HEADS[1];
        (0..raw.len()).for_each(|end| assert!(plain_head(&raw[..end]).is_none(), "{end}"));
        assert!(plain_head(raw).is_some());
        let many =
            [b"HTTP/1.1 200 OK\r\n", &b"A: b\r\n".repeat(HEAD_FIELDS_MAX)[..], b"\r\n"].concat();
        assert!(plain_head(&many).is_some());
        let more = [b"HTTP/1.1 200 OK\r\n", &b"A: b\r\n".repeat(HEAD_FIELDS_MAX + 1)[..], b"\r\n"]
            .concat();
        assert!(plain_head(&more).is_none());
    }

    #[test]
    fn the_end_of_text_is_found_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..length {
                for byte in [0, 0x1f, b'\t', b'\r', b'\n', 0x7f] {
                    let mut bytes = vec![b' '; length];
                    bytes[at..].fill(0xff);
                    bytes[at] = byte;
                    assert_eq!(end_of_text(&bytes, 0), None);
                    if let Some(behind) = bytes.get_mut(at + 1) {
                        *behind = b'\n';
                        let found = (byte == b'\r').then_some(at as u32);
                        assert_eq!(end_of_text(&bytes, 0), found);
                        assert_eq!(end_of_text(&bytes, at as u32), found);
                    }
                }
            }
            assert_eq!(end_of_text(&vec![0x80; length], 0), None);
        }
    }
}
