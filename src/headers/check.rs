//! What may stand in a request's head: names that are tokens, values that end no line (RFC 9110 §5;
//! behaviours H8, H10; flaws 53–57); and how a message shows what may not.

use crate::error::{Error, ErrorKind, Result};

/// A byte that would end or split its field: CR, LF, NUL.
#[inline(always)]
fn split_in(value: &[u8]) -> Option<u8> {
    let is_split = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
    match holds_control(value) {
        true => value.iter().copied().find(is_split),
        false => None,
    }
}

/// Whether a byte is below 0x20: nearly none is, and eight at a time can be asked at once.
#[inline(always)]
fn holds_control(value: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = value.as_chunks();
    let has = |word: u64| word.wrapping_sub(0x20 * EACH) & !word & (0x80 * EACH) != 0;
    words.iter().any(|word| has(u64::from_ne_bytes(*word))) || rest.iter().any(|byte| *byte < 0x20)
}

/// The last check before the wire: a name that is no token, or a value that would end or split its
/// field, is not sent.
pub(crate) fn is_sendable(name: &[u8], value: &[u8]) -> bool {
    name.iter().all(|byte| is_token_byte(*byte)) && !splits_head(value)
}

/// Whether a field value holds a byte that would end or split its field.
fn splits_head(value: &[u8]) -> bool {
    split_in(value).is_some()
}

/// RFC 9110 §5.6.2: the bytes of a token.
#[inline(always)]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[usize::from(byte)]
}

static TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric()
            || matches!(c, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.')
            || matches!(c, b'^' | b'_' | b'`' | b'|' | b'~');
        byte += 1;
    }
    table
};

/// Refuses what is not a field name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if !name.is_empty() && name.bytes().all(is_token_byte) {
        return Ok(());
    }
    let why = match name.bytes().find(|byte| !is_token_byte(*byte)) {
        None => "it is empty".to_owned(),
        Some(byte) => format!("it holds {}", byte_name(byte)),
    };
    let message = format!("header name {:?} cannot be sent: {why}", shortened(name));
    Err(Error::new(ErrorKind::InvalidHeader, message))
}

/// Refuses what is not a field value. The message names the header and the fault, never the value.
pub(crate) fn check_value(name: &str, value: &[u8]) -> Result<()> {
    let fault = if let Some(byte) = split_in(value) {
        format!("it holds {}; remove it", byte_name(byte))
    } else if value.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        "it begins with a blank".to_owned()
    } else {
        return Ok(());
    };
    let message = format!("the value of header {name:?} cannot be sent: {fault}");
    Err(Error::new(ErrorKind::InvalidHeader, message))
}

/// A byte for a message: printable as itself, controls by name.
pub(crate) fn byte_name(byte: u8) -> String {
    match byte {
        b'\r' => "a carriage return (CR)".into(),
        b'\n' => "a line feed (LF)".into(),
        0 => "a NUL byte".into(),
        b' ' => "a blank".into(),
        b'\t' => "a tab".into(),
        0x21..=0x7e => format!("{:?}", char::from(byte)),
        _ => format!("byte 0x{byte:02x}"),
    }
}

/// At most 40 characters of untrusted text, for a message.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
