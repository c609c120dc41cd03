//! Names and tokens as they are compared: in any case (RFC 9110 §5.1).

use std::cmp::Ordering;

/// Whether two names are the same, in any case. What the bit of a letter's case does not tell apart
/// is nearly always the same.
pub(super) fn same_name(a: &[u8], b: &[u8]) -> bool {
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    let ((words, rest), (others, other_rest)) = (a.as_chunks(), b.as_chunks());
    let is_close = |(x, y): (&[u8; 8], &[u8; 8])| {
        (u64::from_ne_bytes(*x) ^ u64::from_ne_bytes(*y)) & !CASE == 0
    };
    let is_same = |(x, y): (&u8, &u8)| x == y || (x ^ y == 0x20 && x.is_ascii_alphabetic());
    a.len() == b.len()
        && words.iter().zip(others).all(is_close)
        && rest.iter().zip(other_rest).all(is_same)
        && (words == others || words.as_flattened().iter().zip(others.as_flattened()).all(is_same))
}

/// Whether this comma-separated list holds `token`, in any case. Nearly always it is one item.
pub(super) fn lists_token(value: &[u8], token: &[u8]) -> bool {
    let is_it = |item: &[u8]| same_name(item.trim_ascii(), token);
    match value.len().cmp(&token.len()) {
        Ordering::Less => false,
        Ordering::Equal => same_name(value, token),
        Ordering::Greater => match memchr::memchr3(b',', b' ', b'\t', value) {
            None => false,
            Some(_) => value.split(|byte| *byte == b',').any(is_it),
        },
    }
}
