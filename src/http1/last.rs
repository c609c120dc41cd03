//! The head that was read last. A server that is asked often sends the same head for as long as its
//! date stays: what is equal to it, byte for byte, means the same, and is not looked at again.
//!
//! Whose head it was does not matter, since nothing is believed that does not stand in the new one.
//! It lies with the read buffer, of which a connection has one only while it is used.

use super::decode::Head;
use super::framing::{self, Framing};
use crate::error::Result;
use crate::limits::{HEAD_KEPT_BYTES_MAX, HEADS_UNLIKE_MAX};

/// The last head, if there was one worth keeping.
#[derive(Default)]
pub(crate) struct LastHead(Option<Box<Known>>);

struct Known {
    head: Head,
    /// What it told a request that was no HEAD of its body and of the connection.
    framing: Option<(Framing, bool)>,
    /// Whether it is the head that was read just now.
    is_current: bool,
    /// How many heads there have been since it was kept that were others.
    others: u32,
    /// How many there must have been before the next is kept: where no head is like the one before
    /// it, few are.
    patience: u32,
}

impl LastHead {
    /// Another head has been read.
    pub(super) fn read_another(&mut self) {
        if let Some(known) = &mut self.0 {
            known.is_current = false;
        }
    }

    /// The head at the start of `bytes`, if it is the last one once more.
    #[inline]
    pub(super) fn again(&mut self, bytes: &[u8]) -> Option<Head> {
        let known = self.0.as_mut()?;
        known.is_current = bytes.starts_with(known.head.headers.text());
        if !known.is_current {
            known.others += 1;
            return None;
        }
        (known.others, known.patience) = (0, 1);
        Some(known.head.clone())
    }

    /// Keeps `head`, which was read just now and is another, if that may be of use.
    #[inline]
    pub(super) fn keep(&mut self, head: &Head) {
        match &mut self.0 {
            Some(known) if known.others < known.patience => {}
            _ if head.headers.text().len() > HEAD_KEPT_BYTES_MAX => {}
            Some(known) => {
                known.head.copy(head);
                (known.framing, known.is_current) = (None, true);
                (known.others, known.patience) = (0, HEADS_UNLIKE_MAX.min(2 * known.patience));
            }
            None => {
                let (head, framing, is_current) = (head.clone(), None, true);
                let known = Known { head, framing, is_current, others: 0, patience: 1 };
                self.0 = Some(Box::new(known));
            }
        }
    }

    /// The framing of the response to `method`, whose head was read just now, and whether the
    /// connection may be kept after it.
    #[inline(always)]
    pub(crate) fn framing_of(&mut self, method: &str, head: &Head) -> Result<(Framing, bool)> {
        let known = self.0.as_mut().filter(|known| known.is_current);
        let Some(known) = known.filter(|_| !method.eq_ignore_ascii_case("HEAD")) else {
            return framing::of_response(method, head);
        };
        if let Some(framing) = known.framing {
            return Ok(framing);
        }
        let found = framing::of_response(method, head)?;
        known.framing = Some(found);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::HeadScanner;
    use super::*;

    const HEADS: &[&str] = &[
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 28 Nov 2026 14:00:00 GMT\r\n\
         Content-Length: 100\r\nEmpty:\r\nBlanks:  b c  \r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 28 Nov 2026 14:00:01 GMT\r\n\
         Content-Length: 99\r\nEmpty:\r\nBlanks:  b c  \r\nConnection: close\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nServer: nginx\r\nEmpty:\r\nBlanks:  b c  \r\n\
         Blanks:  b c  \r\nX: \u{e9}\r\n\r\n",
        "HTTP/1.0 200 Fine\r\nServer: nginx\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        // Not plain: told apart by what follows a line that is known.
        "HTTP/1.1 200 OK\r\nServer: nginx\r\n folded\r\nEmpty:\r\n\r\n",
        "HTTP/1.1 200 OK\nServer: nginx\n\n",
        // Ambiguous: an error each time.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    ];

    /// All that is read of a head.
    #[derive(Debug, PartialEq)]
    struct Seen {
        line: (u8, u16, Vec<u8>),
        fields: Vec<(String, Vec<u8>)>,
        end: usize,
        framing: Option<(Framing, bool)>,
    }

    fn read(raw: &[u8], method: &str, last: &mut LastHead) -> Option<Seen> {
        let (head, end) = HeadScanner::default().head(raw, 0, last).ok()??;
        let fields = head.headers.received();
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        let framing = last.framing_of(method, &head).ok();
        // Found by their names, too.
        for (name, value) in head.headers.iter() {
            assert!(head.headers.get_all(name).any(|found| found == value), "{name}");
        }
        Some(Seen {
            line: (head.version, head.status, head.reason().to_vec()),
            fields,
            end,
            framing,
        })
    }

    #[test]
    fn a_head_is_the_same_whatever_was_read_before_it() {
        for methods in [["GET", "GET"], ["HEAD", "GET"], ["GET", "head"]] {
            for before in HEADS {
                for then in HEADS {
                    let raw = format!("{then}body");
                    let mut last = LastHead::default();
                    read(before.as_bytes(), methods[0], &mut last);
                    let alone = read(raw.as_bytes(), methods[1], &mut LastHead::default());
                    for _ in 0..3 {
                        assert_eq!(read(raw.as_bytes(), methods[1], &mut last), alone, "{raw}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_head_with_one_byte_changed_is_read_anew() {
        let raw = HEADS[0].as_bytes();
        for at in 0..raw.len() {
            for byte in *b"\0\t\n\r :;Aa0\x7f\xff" {
                let mut last = LastHead::default();
                assert!(read(raw, "GET", &mut last).is_some());
                let mut other = raw.to_vec();
                other[at] = byte;
                let alone = read(&other, "GET", &mut LastHead::default());
                assert_eq!(read(&other, "GET", &mut last), alone, "{}", other.escape_ascii());
                assert!(read(raw, "GET", &mut last).is_some());
            }
            let mut last = LastHead::default();
            read(raw, "GET", &mut last);
            assert!(read(&raw[..at], "GET", &mut last).is_none());
        }
    }

    #[test]
    fn where_no_head_is_like_the_one_before_it_few_are_kept() {
        let (mut last, mut kept) = (LastHead::default(), 0);
        for number in 0..10 * HEADS_UNLIKE_MAX {
            let raw = format!("HTTP/1.1 200 OK\r\nX-Request: {number:05}\r\n\r\n");
            read(raw.as_bytes(), "GET", &mut last);
            kept += u32::from(last.0.as_ref().is_some_and(|known| known.is_current));
        }
        assert!(kept < 20, "{kept}");
        // Two alike, and they are again.
        let raw = HEADS[0].as_bytes();
        for _ in 0..=HEADS_UNLIKE_MAX {
            read(raw, "GET", &mut last);
        }
        assert!(last.again(raw).is_some());
        read(HEADS[1].as_bytes(), "GET", &mut last);
        assert!(last.again(HEADS[1].as_bytes()).is_some());
    }

    #[test]
    fn a_long_head_is_not_kept() {
        let long = "x".repeat(HEAD_KEPT_BYTES_MAX);
        let raw = format!("HTTP/1.1 200 OK\r\nServer: nginx{long}\r\n\r\n");
        let mut last = LastHead::default();
        assert!(read(raw.as_bytes(), "GET", &mut last).is_some());
        assert!(last.0.is_none());
        assert!(read(HEADS[0].as_bytes(), "GET", &mut last).is_some());
        assert!(read(raw.as_bytes(), "GET", &mut last).is_some());
        assert!(last.again(raw.as_bytes()).is_none());
    }
}
