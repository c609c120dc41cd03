//! Escapes in URLs and forms: which bytes may stand raw in which component, Requests' requoting,
//! and form encoding (behaviours U10–U15).

/// RFC 3986 §5.2.4, before any percent handling (U10); always begins with `/`.
pub(super) fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// What a byte may be, as bits: one look for each byte of a URL.
pub(super) static CLASSES: [u8; 256] = classes();
const UNRESERVED: u8 = 1;
pub(super) const USERINFO: u8 = 2;
pub(super) const PATH: u8 = 4;
pub(super) const QUERY: u8 = 8;
/// Ends the authority of a URL; a backslash too, as browsers have it (U8).
pub(super) const ENDS_AUTHORITY: u8 = 32;
/// May not stand in a host; bytes beyond ASCII may, before IDNA.
pub(super) const NO_HOST: u8 = 16;
/// Is written otherwise in a host: capitals, and bytes beyond ASCII.
pub(super) const ODD_HOST: u8 = 64;
/// A dot, which may be a segment of its own.
pub(super) const DOT: u8 = 128;

const fn classes() -> [u8; 256] {
    let mut classes = [ODD_HOST; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            0..=b' ' | 0x7f => NO_HOST,
            b'/' => PATH | QUERY | ENDS_AUTHORITY,
            b'?' => QUERY | ENDS_AUTHORITY,
            b'#' => ENDS_AUTHORITY,
            b'\\' => NO_HOST | ENDS_AUTHORITY,
            b'@' => PATH | QUERY | NO_HOST,
            b'%' | b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{'..=b'}' => NO_HOST,
            b'.' => UNRESERVED | USERINFO | PATH | QUERY | DOT,
            b'A'..=b'Z' => UNRESERVED | USERINFO | PATH | QUERY | ODD_HOST,
            b'-' | b'_' | b'~' => UNRESERVED | USERINFO | PATH | QUERY,
            b'0'..=b'9' | b'a'..=b'z' => UNRESERVED | USERINFO | PATH | QUERY,
            // The rest: ! $ & ' ( ) * + , ; = :
            _ => USERINFO | PATH | QUERY,
        };
        byte += 1;
    }
    classes
}

/// What the bytes of a text are: what all of them are, and what any of them is.
pub(super) fn classes_of(text: &str) -> (u8, u8) {
    text.bytes().fold((u8::MAX, 0), |(all, any), byte| {
        let class = CLASSES[usize::from(byte)];
        (all & class, any | class)
    })
}

#[inline(always)]
pub(super) fn is_unreserved(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & UNRESERVED != 0
}

/// U11 and U12 for one component, added to `text`: escapes stay (upper case) if every `%` begins a
/// valid one, else every `%` is escaped; escapes of unreserved bytes are decoded; all that may not
/// stand raw in this `class` of component is escaped as UTF-8.
pub(super) fn requote(text: &mut String, component: &str, class: u8) {
    let bytes = component.as_bytes();
    let is_raw = |byte: u8| CLASSES[usize::from(byte)] & class != 0;
    if bytes.iter().all(|byte| is_raw(*byte)) {
        text.push_str(component);
        return;
    }
    requote_bytes(text, bytes, is_raw, |text, _, byte| push_escape(text, byte));
}

/// Adds query text as it was given, by U12 alone: escapes of unreserved bytes are decoded, others
/// stay as they are spelled; what no URL may hold is escaped, and so is `#`, which would end the
/// query.
pub(super) fn push_raw_query(text: &mut String, query: &str) {
    let is_raw = |byte: u8| CLASSES[usize::from(byte)] & QUERY != 0 || matches!(byte, b'[' | b']');
    requote_bytes(text, query.as_bytes(), is_raw, |text, escape, _| text.push_str(escape));
}

/// Requotes; `keep` adds an escape that stays, told as its text and its byte.
fn requote_bytes(
    text: &mut String,
    bytes: &[u8],
    is_raw: impl Fn(u8) -> bool,
    keep: impl Fn(&mut String, &str, u8),
) {
    let escape_at = |at: usize| {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)
    };
    let valid = memchr::memchr_iter(b'%', bytes).all(|at| escape_at(at).is_some());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let escaped = if byte == b'%' && valid { escape_at(at) } else { None };
        let start = at;
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(byte) if is_unreserved(byte) => text.push(char::from(byte)),
            Some(byte) => {
                keep(text, std::str::from_utf8(&bytes[start..at]).unwrap_or_default(), byte);
            }
            None if is_raw(byte) => text.push(char::from(byte)),
            None => push_escape(text, byte),
        }
    }
}

pub(super) fn push_escape(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// Adds `text` form-encoded (U15): blanks become `+`, all but the unreserved is escaped.
pub(crate) fn push_form_encoded(out: &mut String, text: &str) {
    let mut rest = text;
    loop {
        let (bytes, mut end) = (rest.as_bytes(), 0);
        while end < bytes.len() && is_unreserved(bytes[end]) {
            end += 1;
        }
        let (plain, special) = rest.split_at(end);
        out.push_str(plain);
        if special.is_empty() {
            return;
        }
        if let Some(behind) = special.strip_prefix(' ') {
            out.push('+');
            rest = behind;
        } else {
            let size = special.chars().next().map_or(0, char::len_utf8);
            let (escaped, behind) = special.split_at(size);
            escaped.bytes().for_each(|byte| push_escape(out, byte));
            rest = behind;
        }
    }
}

/// Adds a component as it stands, escaping only what cannot be sent.
pub(super) fn push_as_is(out: &mut String, component: &str) {
    for byte in component.bytes() {
        match byte {
            b'!'..=b'~' => out.push(char::from(byte)),
            byte => push_escape(out, byte),
        }
    }
}
