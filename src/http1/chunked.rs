//! Decodes a chunked body in any pieces, in place or on the way to its reader, and keeps its
//! trailers (RFC 9112 §7.1).
//!
//! ```text
//!   Size ──► Extension ──► SizeLf ──► Data ──► DataCr ──► DataLf ──► Size …
//!                                │ size 0
//!                                ▼
//!                            Trailers ──► Done
//! ```
//! Inside the framing a line ends with CRLF only (flaw 68). Sizes, lines and extensions are bounded
//! (flaws 66, 70).

use super::decode::parse_trailers;
use super::{body_fault, over_limit};
use crate::error::{Phase, Result};
use crate::headers::Headers;
use crate::limits::{CHUNK_EXTENSION_BYTES_MAX, CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX};

/// The state between two pieces.
#[derive(Debug, Default)]
pub(crate) struct Chunked {
    state: State,
    /// Size so far while a size line is read; bytes left while data is read.
    size: u64,
    digits: usize,
    line: usize,
    extensions: usize,
    trailers: Vec<u8>,
    last: Chunk,
    /// Whether the chunk before the last one was like it.
    is_steady: bool,
}

/// What a piece of the wire held.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Bytes of the body, now where they were wanted.
    pub(crate) body: usize,
    /// Bytes of the wire that were taken.
    pub(crate) used: usize,
}

/// What a chunk looks like on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Bytes of framing from the end of the data before it to the beginning of its own.
    pub(crate) framing: usize,
    /// Bytes of its data.
    pub(crate) data: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    Done,
}

impl Chunked {
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The trailer fields; call once, at the end.
    pub(crate) fn take_trailers(&mut self) -> Result<Headers> {
        parse_trailers(&std::mem::take(&mut self.trailers))
    }

    /// What the next chunk will look like, if it is like the two before it.
    pub(crate) fn forecast(&self) -> Option<Chunk> {
        self.is_steady.then_some(self.last)
    }

    /// How much is left of the chunk that is being read; 0 within the framing.
    pub(crate) fn data_left(&self) -> u64 {
        if self.state == State::Data { self.size } else { 0 }
    }

    /// Bytes of framing that have come since the last data.
    pub(crate) fn framing_begun(&self) -> usize {
        match self.state {
            State::Size | State::Extension => 2 + self.digits + self.line,
            State::SizeLf => 3 + self.digits + self.line,
            State::DataLf => 1,
            State::Data | State::DataCr | State::Trailers | State::Done => 0,
        }
    }

    /// Takes bytes of framing as received, up to where data begins or the body ends; how many those
    /// were.
    pub(crate) fn take_framing(&mut self, wire: &[u8]) -> Result<usize> {
        for (at, byte) in wire.iter().enumerate() {
            if matches!(self.state, State::Data | State::Done) {
                return Ok(at);
            }
            self.step(*byte)?;
        }
        Ok(wire.len())
    }

    /// Takes `count` bytes of data as received, no more than are left of the chunk.
    pub(crate) fn take_data(&mut self, count: usize) {
        debug_assert!(self.state == State::Data && count as u64 <= self.size);
        self.size -= count as u64;
        if self.size == 0 {
            self.state = State::DataCr;
        }
    }

    /// Takes `wire` as received, up to the body's end; how much of it that was.
    pub(crate) fn take(&mut self, wire: &[u8]) -> Result<usize> {
        let mut used = 0;
        while used < wire.len() && self.state != State::Done {
            used += self.take_framing(&wire[used..])?;
            if self.state == State::Data {
                let data = self.data_within(wire.len() - used);
                self.take_data(data);
                used += data;
            }
        }
        Ok(used)
    }

    /// Takes of `wire` as received what fits `out`, and copies the body's bytes there; the framing
    /// behind them too.
    pub(crate) fn decode_into(&mut self, wire: &[u8], out: &mut [u8]) -> Result<Decoded> {
        let (mut used, mut body) = (0, 0);
        while used < wire.len() && self.state != State::Done {
            if self.state != State::Data {
                used += self.take_framing(&wire[used..])?;
                continue;
            }
            let taken = self.data_within((wire.len() - used).min(out.len() - body));
            if taken == 0 {
                break;
            }
            out[body..body + taken].copy_from_slice(&wire[used..used + taken]);
            (used, body) = (used + taken, body + taken);
            self.take_data(taken);
        }
        Ok(Decoded { body, used })
    }

    /// How much of `most` bytes may be data.
    fn data_within(&self, most: usize) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX).min(most)
    }

    /// Takes all of `bytes` as received, up to the body's end; moves the body's bytes to the start
    /// of it.
    pub(crate) fn decode_in_place(&mut self, bytes: &mut [u8]) -> Result<Decoded> {
        let (mut used, mut body) = (0, 0);
        while used < bytes.len() && self.state != State::Done {
            if self.state != State::Data {
                used += self.take_framing(&bytes[used..])?;
                continue;
            }
            let taken = self.data_within(bytes.len() - used);
            if used != body {
                bytes.copy_within(used..used + taken, body);
            }
            (used, body) = (used + taken, body + taken);
            self.take_data(taken);
        }
        Ok(Decoded { body, used })
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) -> Result<()> {
        self.state = match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => self.digit(byte)?,
            (State::Size, b'\r') if self.digits > 0 => State::SizeLf,
            (State::Size | State::Extension, b';' | b' ' | b'\t') if self.digits > 0 => {
                self.extension()?
            }
            (State::Size, _) => return Err(body_fault("a chunk size that is not a hex number")),
            (State::Extension, b'\r') => State::SizeLf,
            (State::Extension, b'\n' | 0) => {
                return Err(body_fault("a control byte in a chunk extension"));
            }
            (State::Extension, _) => self.extension()?,
            (State::SizeLf, b'\n') => self.begin_data(),
            (State::SizeLf, _) => {
                return Err(body_fault("a chunk size line that does not end with CRLF"));
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::DataCr | State::DataLf, _) => {
                return Err(body_fault("a chunk that does not end with CRLF"));
            }
            (State::Trailers, _) => self.trailer_byte(byte)?,
            (State::Data | State::Done, _) => unreachable!("no framing"),
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<State> {
        self.digits += 1;
        if self.digits > 16 || self.size >> 59 != 0 {
            return Err(body_fault("a chunk size beyond 2^63"));
        }
        let digit = char::from(byte).to_digit(16).unwrap_or_default();
        self.size = self.size << 4 | u64::from(digit);
        Ok(State::Size)
    }

    fn extension(&mut self) -> Result<State> {
        self.line += 1;
        self.extensions += 1;
        if self.line > CHUNK_LINE_BYTES_MAX || self.extensions > CHUNK_EXTENSION_BYTES_MAX {
            let why = "the chunk extensions of the body are longer than librq accepts".to_owned();
            return Err(over_limit(Phase::Body, why));
        }
        Ok(State::Extension)
    }

    fn begin_data(&mut self) -> State {
        // CRLF before and behind the size and its extensions.
        let chunk = Chunk { framing: 4 + self.digits + self.line, data: self.size };
        self.is_steady = chunk == self.last;
        self.last = chunk;
        (self.digits, self.line) = (0, 0);
        if self.size == 0 { State::Trailers } else { State::Data }
    }

    /// Trailer lines are collected whole; the empty line ends them.
    fn trailer_byte(&mut self, byte: u8) -> Result<State> {
        if self.trailers.len() >= TRAILER_BYTES_MAX {
            let why = format!("the trailers are longer than {TRAILER_BYTES_MAX} bytes");
            return Err(over_limit(Phase::Body, why));
        }
        self.trailers.push(byte);
        if byte != b'\n' {
            return Ok(State::Trailers);
        }
        if !self.trailers.ends_with(b"\r\n") {
            return Err(body_fault("a trailer line that does not end with CRLF"));
        }
        let ended = self.trailers == b"\r\n" || self.trailers.ends_with(b"\r\n\r\n");
        Ok(if ended { State::Done } else { State::Trailers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// Decodes in pieces of `step` bytes: body, bytes used, trailers.
    fn decode(wire: &[u8], step: usize) -> Result<(Vec<u8>, usize, Option<Headers>)> {
        let (mut chunked, mut body, mut used) = (Chunked::default(), Vec::new(), 0);
        for piece in wire.chunks(step) {
            let mut piece = piece.to_vec();
            let decoded = chunked.decode_in_place(&mut piece)?;
            body.extend_from_slice(&piece[..decoded.body]);
            used += decoded.used;
            if chunked.is_done() {
                return Ok((body, used, Some(chunked.take_trailers()?)));
            }
        }
        Ok((body, used, None))
    }

    /// The same on the way to a reader with `room` bytes at a time.
    fn decode_away(wire: &[u8], step: usize, room: usize) -> Result<(Vec<u8>, usize)> {
        let (mut chunked, mut body, mut used) = (Chunked::default(), Vec::new(), 0);
        let mut out = vec![0; room];
        while used < wire.len() && !chunked.is_done() {
            let piece = &wire[used..wire.len().min(used + step)];
            let decoded = chunked.decode_into(piece, &mut out)?;
            assert!(decoded.used == piece.len() || decoded.body == room || chunked.is_done());
            body.extend_from_slice(&out[..decoded.body]);
            used += decoded.used;
        }
        if chunked.is_done() {
            chunked.take_trailers()?;
        }
        Ok((body, used))
    }

    fn in_all_pieces(wire: &[u8]) -> Result<(Vec<u8>, usize, Option<Headers>)> {
        let whole = decode(wire, wire.len());
        for step in 1..wire.len() {
            for room in [1, 2, 5, wire.len()] {
                let away = decode_away(wire, step, room);
                match (&whole, away) {
                    (Ok((body, used, _)), Ok(away)) => assert_eq!((body, *used), (&away.0, away.1)),
                    (Err(whole), Err(away)) => assert_eq!(whole.kind(), away.kind()),
                    (whole, away) => panic!("step {step}: {} {}", whole.is_ok(), away.is_ok()),
                }
            }
            match (&whole, decode(wire, step)) {
                (Ok(whole), Ok(cut)) => assert!(*whole == cut, "step {step}"),
                (Err(whole), Err(cut)) => assert_eq!(whole.kind(), cut.kind()),
                (whole, cut) => panic!("step {step}: {} {}", whole.is_ok(), cut.is_ok()),
            }
        }
        whole
    }

    #[test]
    fn decodes_in_place_in_any_pieces() {
        let wire = b"4\r\nWiki\r\nB;x=\"y\"\r\npedia in \r\n\r\n3 \r\nchu\r\n\
            0\r\nX-T: 1\r\nx-t: 2\r\n\r\nHTTP/1.1";
        let (body, used, trailers) = in_all_pieces(wire).unwrap();
        assert_eq!(body, b"Wikipedia in \r\nchu");
        assert_eq!(&wire[used..], b"HTTP/1.1");
        assert_eq!(trailers.unwrap().joined("X-T").unwrap().as_ref(), b"1, 2");
        assert!(in_all_pieces(b"0\r\n\r\n").unwrap().2.unwrap().is_empty());
    }

    #[test]
    fn fault_70_bad_framing_is_an_error() {
        for wire in [
            &b"+2\r\nab\r\n"[..],
            b"-2\r\n",
            b" 2\r\nab\r\n",
            b"\r\n",
            b"x\r\n",
            b"0x2\r\nab\r\n",
            b"2\nab\r\n",
            b"2\r\nabc\r\n",
            b"2\r\nab\n0\r\n\r\n",
            b"2\r\rab",
            b"2;x\nab\r\n",
            b"11111111111111111\r\n",
            b"FFFFFFFFFFFFFFFF\r\n",
            b"0\r\nX: 1\n\r\n",
            b"0\r\nno colon\r\n\r\n",
            b"0\r\nA : b\r\n\r\n",
        ] {
            let error =
                in_all_pieces(wire).err().unwrap_or_else(|| panic!("{}", wire.escape_ascii()));
            assert_eq!(error.kind(), ErrorKind::Protocol, "{}", wire.escape_ascii());
        }
    }

    #[test]
    fn flaw_70_extensions_and_trailers_are_bounded() {
        let long = [b"2;", &[b'x'; CHUNK_LINE_BYTES_MAX][..]].concat();
        assert_eq!(decode(&long, 64).unwrap_err().kind(), ErrorKind::Limit);
        let many = b"1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n".repeat(1000);
        assert_eq!(decode(&many, 4096).unwrap_err().kind(), ErrorKind::Limit);
        let trailers = [b"0\r\n", &b"A: b\r\n".repeat(20_000)[..]].concat();
        assert_eq!(decode(&trailers, 4096).unwrap_err().kind(), ErrorKind::Limit);
    }
}
