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

/// The plain head at the start of `bytes` and its length; `None` if it is none, or not all there.
pub(super) fn plain_head(bytes: &[u8]) -> Option<(Head, usize)> {
    let bytes = &bytes[..bytes.len().min(READ_BUFFER_BYTES)];
    let (line, rest) = bytes.split_at_checked(b"HTTP/1.1 200 ".len())?;
    let (version, code) = match line.split_first_chunk()? {
        (b"HTTP/1.1 ", code) => (11, code),
        (b"HTTP/1.0 ", code) => (10, code),
        _ => return None,
    };
    let status = status_of(code)?;
    let reason =
        Span { start: line.len() as u32, end: (line.len() + text_before_end(rest)?) as u32 };
    if !is_ascii_text(reason.of(bytes)) {
        return None;
    }
    let mut at = reason.end as usize + 2;
    let mut fields = Vec::with_capacity(USUAL_FIELDS);
    while bytes.get(at) != Some(&b'\r') {
        let (field, end) = field_at(bytes, at)?;
        if fields.len() == HEAD_FIELDS_MAX {
            return None;
        }
        fields.push(field);
        at = end;
    }
    if bytes.get(at + 1) != Some(&b'\n') {
        return None;
    }
    let end = at + 2;
    let headers = Headers::from_parts(bytes[..end].to_vec(), fields);
    Some((Head::of(version, status, reason, headers), end))
}

/// `"200 "` as a number from 100 on.
fn status_of(code: &[u8]) -> Option<u16> {
    match *code {
        [first @ b'1'..=b'9', second @ b'0'..=b'9', third @ b'0'..=b'9', b' '] => {
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
    !is_blank(ends.0) && !is_blank(ends.1) && reason.is_ascii()
}

/// The field whose line begins at `start`, and where the next line begins.
fn field_at(bytes: &[u8], start: usize) -> Option<(Field, usize)> {
    let line = &bytes[start..];
    let name = name_length(line)?;
    if name == 0 || line[name] != b':' {
        return None;
    }
    let mut value = name + 1;
    while line.get(value) == Some(&b' ') {
        value += 1;
    }
    let end = value + text_before_end(&line[value..])?;
    let next = start + end + 2;
    let mut last = end;
    while last > value && line[last - 1] == b' ' {
        last -= 1;
    }
    let span =
        |from: usize, to: usize| Span { start: (start + from) as u32, end: (start + to) as u32 };
    // An empty value stands nowhere.
    let value = if value == last { Span::default() } else { span(value, last) };
    Some((Field::new(&line[..name], span(0, name), value), next))
}

/// How many bytes of a token stand before the first that is none; `None`: all are. Nearly all names
/// are letters and dashes, and eight at a time can be looked at.
#[inline(always)]
fn name_length(line: &[u8]) -> Option<usize> {
    const DASHES: u64 = u64::from_le_bytes([b'-'; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let mut at = 0;
    for word in line.as_chunks().0 {
        let word = u64::from_le_bytes(*word);
        let is_other = word ^ DASHES;
        let other = (((is_other & !HIGH) + !HIGH) | is_other) & !letters_in(word) & HIGH;
        if other != 0 {
            at += other.trailing_zeros() as usize / 8;
            break;
        }
        at += 8;
    }
    line[at..].iter().position(|byte| !is_token_byte(*byte)).map(|more| at + more)
}

/// How much text stands before the CRLF that ends it; `None` if any other control stands there, or
/// it does not end.
#[inline(always)]
fn text_before_end(bytes: &[u8]) -> Option<usize> {
    let end = first_control(bytes)?;
    (bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n')).then_some(end)
}

/// Where the first byte below 0x20, or DEL, stands: eight bytes at a time.
#[inline(always)]
fn first_control(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = 0x80 * EACH;
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is_del = word ^ (0x7f * EACH);
        // A borrow marks bytes behind the first one only, and the first one is what counts.
        let found =
            (word.wrapping_sub(0x20 * EACH) & !word | is_del.wrapping_sub(EACH) & !is_del) & HIGH;
        if found != 0 {
            return Some(8 * index + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| *byte < 0x20 || *byte == 0x7f)?;
    Some(8 * words.len() + at)
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
    fn controls_are_found_wherever_they_stand() {
        for length in 0..40 {
            for at in 0..length {
                for byte in [0, 0x1f, b'\r', 0x7f] {
                    let mut bytes = vec![b' '; length];
                    bytes[at..].fill(0xff);
                    bytes[at] = byte;
                    assert_eq!(first_control(&bytes), Some(at));
                    bytes[at..].fill(byte);
                    assert_eq!(first_control(&bytes), Some(at));
                }
            }
            assert_eq!(first_control(&vec![0x80; length]), None);
        }
    }
}
