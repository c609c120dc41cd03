//! Decodes bytes to UTF-8 piece by piece: the same text however they are cut (D11).
//!
//! `encoding_rs` does nearly all of it; ASCII, UTF-32 and the byte order mark of UTF-16 are done
//! here, as Python does them. What cannot be decoded becomes U+FFFD; so does a character that the
//! end cuts off.

use encoding_rs::{CoderResult, Decoder, UTF_8, UTF_16BE, UTF_16LE};

use super::label::{self, ByteOrder, Codec};
use crate::limits::TEXT_PIECE_BYTES;

/// Decodes one stream.
pub(crate) struct TextDecoder {
    state: State,
    /// Where `encoding_rs` writes to, made when it is first needed. Its text means nothing.
    scratch: String,
}

enum State {
    Web(Decoder),
    /// For an encoding of one byte a character: 80–9F are the C1 controls.
    WithControls(Decoder),
    Ascii,
    /// UTF-16 of which at most one byte has come.
    Utf16(Option<u8>),
    Utf32(Utf32),
    /// The end was decoded.
    Done,
}

impl TextDecoder {
    /// For the encoding of this label; utf-8 if it is unknown, or none.
    pub(crate) fn new(label: Option<&str>) -> Self {
        let state = match label.and_then(label::codec).unwrap_or(Codec::Utf8) {
            Codec::Utf8 => State::Web(UTF_8.new_decoder_without_bom_handling()),
            Codec::Utf8Sig => State::Web(UTF_8.new_decoder_with_bom_removal()),
            Codec::Utf16 => State::Utf16(None),
            Codec::Utf32(order) => State::Utf32(Utf32 { order, held: [0; 4], count: 0 }),
            Codec::Ascii => State::Ascii,
            Codec::WithControls(encoding) => {
                State::WithControls(encoding.new_decoder_without_bom_handling())
            }
            Codec::Web(encoding) => State::Web(encoding.new_decoder_without_bom_handling()),
        };
        Self { state, scratch: String::new() }
    }

    /// Appends the text of `input` to `out`; a character whose bytes have not all come waits for
    /// the next call. `last`: this is the end of the stream, and what comes later is ignored.
    pub(crate) fn decode(&mut self, input: &[u8], last: bool, out: &mut String) {
        let input = self.begin(input, last, out);
        match &mut self.state {
            State::Web(decoder) => decode_web(decoder, &mut self.scratch, input, last, out),
            State::WithControls(decoder) => {
                decode_with_controls(decoder, &mut self.scratch, input, out);
            }
            State::Ascii => out.extend(input.iter().map(|byte| match byte {
                0..0x80 => char::from(*byte),
                _ => char::REPLACEMENT_CHARACTER,
            })),
            State::Utf32(decoder) => decoder.decode(input, last, out),
            State::Utf16(_) | State::Done => {}
        }
        if last {
            self.state = State::Done;
        }
    }

    /// Decides the byte order of UTF-16 by its first two bytes; returns what is left to decode.
    fn begin<'a>(&mut self, input: &'a [u8], last: bool, out: &mut String) -> &'a [u8] {
        let State::Utf16(held) = &mut self.state else { return input };
        let held = held.take();
        let (first, second, rest) = match (held, input) {
            (Some(first), [second, rest @ ..]) => (Some(first), Some(*second), rest),
            (None, [first, second, rest @ ..]) => (Some(*first), Some(*second), rest),
            (None, [first]) => (Some(*first), None, &[][..]),
            (held, _) => (held, None, input),
        };
        let (encoding, bytes) = match (first, second) {
            (Some(0xfe), Some(0xff)) => (UTF_16BE, [None, None]),
            (Some(0xff), Some(0xfe)) => (UTF_16LE, [None, None]),
            (first, None) if !last => {
                self.state = State::Utf16(first);
                return &[];
            }
            _ => (UTF_16LE, [first, second]),
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        for byte in bytes.into_iter().flatten() {
            decode_web(&mut decoder, &mut self.scratch, &[byte], false, out);
        }
        self.state = State::Web(decoder);
        rest
    }
}

fn decode_web(
    decoder: &mut Decoder,
    scratch: &mut String,
    mut input: &[u8],
    last: bool,
    out: &mut String,
) {
    if scratch.is_empty() {
        *scratch = "\0".repeat(TEXT_PIECE_BYTES);
    }
    loop {
        let (result, read, written, _) = decoder.decode_to_str(input, scratch, last);
        out.push_str(scratch.get(..written).unwrap_or_default());
        input = input.get(read..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

/// One byte is one character: there is no state, and no end to tell.
fn decode_with_controls(
    decoder: &mut Decoder,
    scratch: &mut String,
    input: &[u8],
    out: &mut String,
) {
    let is_control = |byte: &u8| (0x80..0xa0).contains(byte);
    for run in input.chunk_by(|a, b| is_control(a) == is_control(b)) {
        if run.first().is_some_and(is_control) {
            out.extend(run.iter().copied().map(char::from));
        } else {
            decode_web(decoder, scratch, run, false, out);
        }
    }
}

/// UTF-32, which browsers do not know any more.
struct Utf32 {
    order: ByteOrder,
    held: [u8; 4],
    count: usize,
}

impl Utf32 {
    fn decode(&mut self, input: &[u8], last: bool, out: &mut String) {
        for byte in input {
            self.held[self.count % 4] = *byte;
            self.count += 1;
            if self.count == 4 {
                self.count = 0;
                self.unit(out);
            }
        }
        if last && self.count > 0 {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }

    /// One character, or the byte order mark.
    fn unit(&mut self, out: &mut String) {
        let is_first = self.order == ByteOrder::Marked;
        if is_first {
            let is_big = self.held == [0, 0, 0xfe, 0xff];
            self.order = if is_big { ByteOrder::Big } else { ByteOrder::Little };
        }
        let number = match self.order {
            ByteOrder::Big => u32::from_be_bytes(self.held),
            _ => u32::from_le_bytes(self.held),
        };
        if !(is_first && number == 0xfeff) {
            out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}
