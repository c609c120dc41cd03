//! Text: which encoding a body is in, and what it says in UTF-8.
//!
//! What Content-Type declares and what the bytes look like are told here; `label` knows the names
//! of encodings, `decoder` decodes piece by piece, `json` finds JSON's encoding, `lines` splits.
//! Leaves to others where bytes come from and what the user has set.
//! Source: behaviours E1–E3, D7–D11; names and what they mean are Python's, decoding is
//! `encoding_rs`, guessing `chardetng` (both as browsers do).

mod decoder;
mod json;
mod label;
mod lines;
#[cfg(test)]
mod tests;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

use crate::headers::Headers;
use label::Codec;

pub(crate) use decoder::TextDecoder;
pub(crate) use json::json_text;
pub(crate) use lines::Lines;

/// The encoding that Content-Type declares, as it spells it (E1): the last charset parameter, else
/// ISO-8859-1 for `text/*` and utf-8 for `application/json`. An empty charset declares nothing.
pub(crate) fn declared_encoding(headers: &Headers) -> Option<String> {
    let (mut media_type, mut charset) = (&b""[..], &b""[..]);
    for field in headers.get_all("content-type") {
        let mut rest = field;
        let first = next_part(&mut rest);
        if media_type.is_empty() {
            media_type = first;
        }
        while !rest.is_empty() {
            charset = charset_of(next_part(&mut rest)).unwrap_or(charset);
        }
    }
    let begins = |with: &[u8]| {
        media_type.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    match charset {
        [] if begins(b"text/") => Some("ISO-8859-1".to_owned()),
        [] if begins(b"application/json") => Some("utf-8".to_owned()),
        [] => None,
        label => Some(label.iter().copied().map(char::from).collect()),
    }
}

/// Takes what stands before the next `;`, which does not count within a quoted string. A quote
/// that is never closed is a byte like any other.
fn next_part<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let mut end = 0;
    while let Some(byte) = rest.get(end).filter(|byte| **byte != b';') {
        let quoted = rest.get(end + 1..).filter(|_| *byte == b'"');
        end += 1 + quoted.and_then(|text| memchr::memchr(b'"', text)).map_or(0, |close| close + 1);
    }
    let part = rest.get(..end).unwrap_or_default();
    *rest = rest.get(end + 1..).unwrap_or_default();
    part.trim_ascii()
}

/// The value of a charset parameter that has one, without quotes of either kind.
fn charset_of(param: &[u8]) -> Option<&[u8]> {
    let at = memchr::memchr(b'=', param)?;
    let (name, value) = (bare(&param[..at]), bare(&param[at + 1..]));
    (name.eq_ignore_ascii_case(b"charset") && !value.is_empty()).then_some(value)
}

fn bare(mut text: &[u8]) -> &[u8] {
    while let [b'"' | b'\'' | b' ' | b'\t', rest @ ..] | [rest @ .., b'"' | b'\'' | b' ' | b'\t'] =
        text
    {
        text = rest;
    }
    text
}

/// Whether a label names an encoding that can be decoded.
pub(crate) fn is_known(label: &str) -> bool {
    label::codec(label).is_some()
}

/// What the bytes look like: a byte order mark, ASCII, UTF-8, else the likeliest of the encodings
/// that browsers know. The name is in lower case.
pub(crate) fn apparent_encoding(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => return "utf-8",
        [0xef, 0xbb, 0xbf, ..] => return "utf-8-sig",
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return "utf-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return "utf-16",
        _ if bytes.is_ascii() => return "ascii",
        _ if std::str::from_utf8(bytes).is_ok() => return "utf-8",
        _ => {}
    }
    // ISO-2022-JP is never guessed: ASCII with escapes could then hide what it says.
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    label::lower_name(detector.guess(None, Utf8Detection::Deny))
}

/// The bytes as text (E2), decoded by `label`; without one by what they look like; by utf-8 where
/// the label is unknown. What cannot be decoded becomes U+FFFD.
pub(crate) fn to_text(bytes: &[u8], label: Option<&str>) -> String {
    let label = label.unwrap_or_else(|| apparent_encoding(bytes));
    if matches!(label::codec(label), None | Some(Codec::Utf8)) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    TextDecoder::new(Some(label)).decode(bytes, true, &mut text);
    text
}
