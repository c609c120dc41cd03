//! Where a response body ends, and whether its connection can serve another request.
//!
//! Ambiguous framing is refused: it is how responses get mixed up (RFC 9112 §6.3, §9.3; faults 64,
//! 65, 74; flaws 64–67).

use super::chunked::Chunked;
use super::decode::Head;
use super::head_fault;
use crate::error::Result;
use crate::headers::{Headers, OfConnection, lists_token};

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none: HEAD, 1xx, 204, 304.
    None,
    /// By its length in bytes.
    Length(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    Close,
}

/// The framing of the response to `method`, and whether the connection may be kept after it.
pub(crate) fn of_response(method: &str, head: &Head) -> Result<(Framing, bool)> {
    let (mut closes, mut keeps) = (false, false);
    let (mut coding, mut length) = (Coding::None, Ok(None));
    for (which, value) in head.headers.of_connection() {
        match which {
            OfConnection::Connection => {
                closes |= lists_token(value, b"close");
                keeps |= head.version != 11 && lists_token(value, b"keep-alive");
            }
            OfConnection::ContentLength => {
                length = length.and_then(|before| one_length(before, value));
            }
            OfConnection::TransferEncoding => coding = one_coding(coding, value)?,
        }
    }
    let length = length?;
    // RFC 9112 §9.3: 1.1 keeps alive unless it says `close`; 1.0 only if it says `keep-alive`.
    let keep = !closes && (head.version == 11 || keeps);
    if matches!(head.status, 100..=199 | 204 | 304) || method.eq_ignore_ascii_case("HEAD") {
        return Ok((Framing::None, keep));
    }
    Ok(match (coding, length) {
        // Chunked counts and the length is a lie: the connection is not trusted any further (fault
        // 65).
        (Coding::Chunked, length) => {
            (Framing::Chunked, keep && length.is_none() && head.version == 11)
        }
        (Coding::Identity, Some(length)) => (Framing::Length(length), false),
        (Coding::None, Some(length)) => (Framing::Length(length), keep),
        (_, None) => (Framing::Close, false),
    })
}

#[derive(PartialEq, Eq)]
enum Coding {
    None,
    /// `identity`, which old servers still send, says nothing.
    Identity,
    Chunked,
}

/// Transfer-Encoding must be exactly `chunked`, once: no other coding was asked for (no TE is
/// sent).
fn one_coding(before: Coding, value: &[u8]) -> Result<Coding> {
    match value {
        _ if before != Coding::None => Err(head_fault("two Transfer-Encoding fields")),
        value if value.eq_ignore_ascii_case(b"chunked") => Ok(Coding::Chunked),
        value if value.eq_ignore_ascii_case(b"identity") => Ok(Coding::Identity),
        _ => Err(head_fault("a Transfer-Encoding that is not \"chunked\"")),
    }
}

/// Content-Length is digits; repeated or listed values must be equal (RFC 9110 §8.6).
fn one_length(before: Option<u64>, value: &[u8]) -> Result<Option<u64>> {
    let number = plain_number(value).or_else(|| equal_numbers(value));
    if number.is_none() {
        let fault = head_fault("a Content-Length that is not one number");
        // Requests calls a list of different ones an invalid header.
        let lists = value.contains(&b',');
        return Err(if lists { fault.with_exception("InvalidHeader") } else { fault });
    }
    if before.is_some() && before != number {
        // Requests calls this one an invalid header.
        return Err(head_fault("two different Content-Lengths").with_exception("InvalidHeader"));
    }
    Ok(number)
}

/// The number of a list whose items are all the same number: `5, 5`.
fn equal_numbers(list: &[u8]) -> Option<u64> {
    let mut numbers = list.split(|byte| *byte == b',').map(|item| plain_number(item.trim_ascii()));
    let first = numbers.next()??;
    numbers.all(|number| number == Some(first)).then_some(first)
}

/// Decimal digits only, at most 2^63 - 1.
pub(crate) fn plain_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    (number <= i64::MAX as u64).then_some(number)
}

/// A body while it is read.
#[derive(Debug)]
pub(crate) enum BodyState {
    /// Bytes still to come.
    Length { left: u64, total: u64 },
    /// Inside a chunked body.
    Chunked(Box<Chunked>),
    /// Until the connection ends.
    Close,
    /// Read to its end.
    Done,
}

impl BodyState {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::None | Framing::Length(0) => Self::Done,
            Framing::Length(total) => Self::Length { left: total, total },
            Framing::Chunked => Self::Chunked(Box::default()),
            Framing::Close => Self::Close,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// How much may be read into a buffer of `cap` bytes without reading beyond the body, where
    /// that is known.
    pub(crate) fn read_max(&self, cap: usize) -> usize {
        match self {
            Self::Length { left, .. } => usize::try_from(*left).unwrap_or(usize::MAX).min(cap),
            _ => cap,
        }
    }

    /// Takes `wire` as received, up to the body's end; how much of it that was. What is not framing
    /// is the body's.
    pub(crate) fn take(&mut self, wire: &[u8]) -> Result<usize> {
        match self {
            Self::Done => Ok(0),
            Self::Close => Ok(wire.len()),
            Self::Length { left, .. } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(wire.len());
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(taken)
            }
            Self::Chunked(chunked) => chunked.take(wire),
        }
    }

    /// The trailers of a chunked body whose end has come: it is done with that.
    pub(crate) fn take_trailers(&mut self) -> Result<Option<Headers>> {
        match self {
            Self::Chunked(chunked) if chunked.is_done() => {
                let trailers = chunked.take_trailers()?;
                *self = Self::Done;
                Ok(Some(trailers))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::HeadScanner;
    use super::*;

    fn parse_head(raw: &[u8]) -> Result<Head> {
        HeadScanner::default().parse(raw)
    }

    fn framing(method: &str, rest: &str) -> Option<(Framing, bool)> {
        let raw = format!("HTTP/1.1 {rest}\r\n\r\n");
        of_response(method, &parse_head(raw.as_bytes()).unwrap()).ok()
    }

    #[test]
    fn by_length_chunked_or_close() {
        assert_eq!(framing("GET", "200 OK\r\nContent-Length: 5"), Some((Framing::Length(5), true)));
        assert_eq!(
            framing("GET", "200 OK\r\nTransfer-Encoding: CHUNKED"),
            Some((Framing::Chunked, true))
        );
        assert_eq!(framing("GET", "200 OK"), Some((Framing::Close, false)));
        assert_eq!(
            framing("GET", "200 OK\r\nContent-Length: 5\r\nConnection: x, Close"),
            Some((Framing::Length(5), false))
        );
    }

    #[test]
    fn fault_74_some_responses_have_no_body() {
        for (method, rest) in [("HEAD", "200 OK"), ("GET", "204 No"), ("GET", "304 Not")] {
            let rest = format!("{rest}\r\nContent-Length: 5");
            assert_eq!(framing(method, &rest), Some((Framing::None, true)));
        }
    }

    #[test]
    fn fault_64_lengths_that_lie_are_refused() {
        for value in [
            "+5",
            "-5",
            "5 5",
            "",
            "0x5",
            "5,6",
            "5,",
            "9223372036854775808",
            "99999999999999999999",
            "5\u{b5}",
        ] {
            assert_eq!(
                framing("GET", &format!("200 OK\r\nContent-Length: {value}")),
                None,
                "{value:?}"
            );
        }
        for fields in ["5\r\nContent-Length: 5", "5, 5", "05"] {
            let expected = Some((Framing::Length(5), true));
            assert_eq!(framing("GET", &format!("200 OK\r\nContent-Length: {fields}")), expected);
        }
        assert_eq!(framing("GET", "200 OK\r\nContent-Length: 5\r\ncontent-length: 6"), None);
    }

    #[test]
    fn fault_65_length_and_chunked_is_chunked_and_closed() {
        let both = "200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked";
        assert_eq!(framing("GET", both), Some((Framing::Chunked, false)));
        for value in
            ["xchunked", "gzip", "gzip, chunked", "chunked, chunked", "chunked;q=1", "\"chunked\""]
        {
            assert_eq!(
                framing("GET", &format!("200 OK\r\nTransfer-Encoding: {value}")),
                None,
                "{value}"
            );
        }
        let identity = "200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: identity";
        assert_eq!(framing("GET", identity), Some((Framing::Length(5), false)));
    }

    #[test]
    fn http_1_0_closes_unless_it_says_otherwise() {
        let of = |raw: &str| of_response("GET", &parse_head(raw.as_bytes()).unwrap()).unwrap();
        assert_eq!(of("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"), (Framing::Length(1), false));
        let kept = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n";
        assert_eq!(of(kept), (Framing::Length(1), true));
    }
}
