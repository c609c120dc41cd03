//! The public suffix list: whether a name is one that anybody may have names below, its private
//! section included. Leaves to `cookie` what is no name, and to others what follows from it.
//! Source: publicsuffix.org, "Format".
//!
//! `suffixes.txt` is the list with its names in ASCII, one line for each name that has suffixes
//! right below it: that name, then their labels. `*` stands for every label, `!` goes before one
//! that it does not stand for. Labels without a dot are left out: each is a suffix, listed or not.
//! Lines are sorted. `suffix_tests.rs` makes the file, from the `psl` crate's.

use memchr::{memchr, memrchr};

const LIST: &[u8] = include_bytes!("suffixes.txt");

/// Whether a name in lower case, without a dot at its end, is a public suffix.
pub(super) fn is_listed(name: &str) -> bool {
    let Some((label, parent)) = name.split_once('.') else { return true };
    let (label, below) = (label.as_bytes(), labels_below(parent.as_bytes()));
    let has = |rule: &[u8]| labels(below).any(|other| other == rule);
    let is_exempt = || labels(below).any(|other| other.strip_prefix(b"!") == Some(label));
    has(label) || (has(b"*") && !is_exempt())
}

fn labels(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ')
}

/// What the line of `parent` says behind it. Looked for by halving, as the file is sorted.
fn labels_below(parent: &[u8]) -> &'static [u8] {
    let mut rest = LIST;
    while !rest.is_empty() {
        let (before, behind) = rest.split_at(rest.len() / 2);
        let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
        let end = before.len() + memchr(b'\n', behind).unwrap_or(behind.len());
        let line = &rest[start..end];
        let (name, below) = line.split_at(memchr(b' ', line).unwrap_or(line.len()));
        rest = match name.cmp(parent) {
            std::cmp::Ordering::Equal => return below.trim_ascii_start(),
            std::cmp::Ordering::Less => rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Greater => &rest[..start],
        };
    }
    &[]
}
