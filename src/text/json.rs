//! JSON text as UTF-8, whichever Unicode encoding it came in.
//!
//! JSON begins with an ASCII character or a byte order mark, so its first bytes tell the encoding
//! better than Content-Type does (E3, mended: Requests fails on a mark or UTF-16 that is declared
//! as `application/json`). Leaves parsing to others. Source: RFC 8259 §8.1, RFC 4627 §3.

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::label::{self, Codec};
use super::{apparent_encoding, to_text};
use crate::error::{Error, ErrorKind, Phase, Result};

/// The text without a byte order mark. What is not Unicode is decoded by `label` if that is a
/// legacy encoding, and by what it looks like if there is no label.
///
/// # Errors
/// [`ErrorKind::InvalidJson`]: neither UTF-8, UTF-16, UTF-32 nor what was declared.
pub(crate) fn json_text(bytes: &[u8], label: Option<&str>) -> Result<String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0, 0, 0, 1..=255, ..] => utf32(bytes, u32::from_be_bytes),
        [1..=255, 0, 0, 0, ..] => utf32(bytes, u32::from_le_bytes),
        [0, 1..=255, ..] => utf16(bytes, u16::from_be_bytes),
        [1..=255, 0, ..] => utf16(bytes, u16::from_le_bytes),
        _ => utf8(bytes).or_else(|error| legacy(bytes, label).ok_or(error)),
    }
}

fn utf8(bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| fault("UTF-8"))?;
    Ok(text.to_owned())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (units, rest) = bytes.as_chunks();
    let text = char::decode_utf16(units.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(fault("UTF-16")),
    }
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<String> {
    let (units, rest) = bytes.as_chunks();
    let text: Option<String> = units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect();
    text.filter(|_| rest.is_empty()).ok_or_else(|| fault("UTF-32"))
}

/// The text of bytes that are not Unicode.
fn legacy(bytes: &[u8], label: Option<&str>) -> Option<String> {
    let label = label.unwrap_or_else(|| apparent_encoding(bytes));
    let is_legacy = match label::codec(label)? {
        Codec::Utf8 | Codec::Utf8Sig | Codec::Utf16 | Codec::Utf32(_) => false,
        Codec::Web(encoding) => encoding != UTF_16LE && encoding != UTF_16BE,
        Codec::Ascii | Codec::WithControls(_) => true,
    };
    is_legacy.then(|| to_text(bytes, Some(label)))
}

fn fault(encoding: &str) -> Error {
    let message = format!(
        "the body is no JSON text: it is not valid {encoding}; \
         read its bytes, or set the encoding that it is in"
    );
    Error::new(ErrorKind::InvalidJson, message).in_phase(Phase::Body)
}
