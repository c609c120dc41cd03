//! Where a redirect leads: a Location resolved against the URL that answered (RFC 3986 §5.2,
//! RFC 9110 §10.2.2; behaviours R14–R17).

use super::{Style, Url, invalid, split_at_byte};
use crate::error::{Error, ErrorKind, Result};

impl Url {
    /// The URL that `location` names from here. Without a fragment of its own it keeps this one's;
    /// one of another scheme is kept as it is. Bytes that are not UTF-8 are escaped as they stand.
    pub(crate) fn join(&self, location: &[u8]) -> Result<Self> {
        let text = text_of(location);
        let (reference, fragment) = split_at_byte(&text, b'#').unwrap_or((&text, ""));
        let fragment = if fragment.is_empty() { self.fragment() } else { fragment };
        let mut joined = match scheme_of(reference) {
            Some((name, rest)) if is_http(name) && !rest.starts_with("//") => {
                // R15: `http:/path` is a path, but only of the same scheme.
                if !name.eq_ignore_ascii_case(self.scheme_name()) {
                    return Err(invalid(reference, "no host; write it as scheme://host/path"));
                }
                self.resolved(rest)
            }
            Some(_) => reference.to_owned(),
            None if reference.starts_with("//") => format!("{}:{reference}", self.scheme_name()),
            None => self.resolved(reference),
        };
        if !fragment.is_empty() {
            joined.push('#');
            joined.push_str(fragment);
        }
        match Self::parse_in(&joined, Style::Normal) {
            Err(error) if error.kind() == ErrorKind::MissingSchema => {
                Err(Error::new(ErrorKind::InvalidUrl, error.message()))
            }
            parsed => parsed,
        }
    }

    /// Everything before the path: scheme, userinfo, host and port.
    fn base(&self) -> &str {
        &self.text[..self.target.start]
    }

    /// What stands behind `#`.
    fn fragment(&self) -> &str {
        self.text[self.target.end..].strip_prefix('#').unwrap_or_default()
    }

    /// A reference without a scheme, authority and fragment, on this URL's base.
    fn resolved(&self, reference: &str) -> String {
        let (path, query) = split_at_byte(reference, b'?').unwrap_or((reference, ""));
        let (own_path, own_query) =
            split_at_byte(self.target(), b'?').unwrap_or((self.target(), ""));
        let (folder, path, query) = match path {
            "" => ("", own_path, if query.is_empty() { own_query } else { query }),
            path if path.starts_with('/') => ("", path, query),
            path => (&own_path[..own_path.rfind('/').map_or(0, |at| at + 1)], path, query),
        };
        let mut text = format!("{}{folder}{path}", self.base());
        if !query.is_empty() {
            text.push('?');
            text.push_str(query);
        }
        text
    }

    /// Whether what is secret for this URL's server may be told to the server of `next`: only if it
    /// is the same origin, or the same host went from http to https (R6; flaws 1–10).
    pub(crate) fn shares_secrets_with(&self, next: &Self) -> bool {
        let is_upgrade = (self.scheme_name(), next.scheme_name()) == ("http", "https")
            && (self.port(), next.port()) == (80, 443);
        let is_same = self.scheme_name() == next.scheme_name() && self.port() == next.port();
        self.host() == next.host() && (is_same || is_upgrade)
    }
}

fn is_http(name: &str) -> bool {
    name.eq_ignore_ascii_case("http") || name.eq_ignore_ascii_case("https")
}

/// Scheme and rest of a reference that has one (RFC 3986 §3.1).
fn scheme_of(reference: &str) -> Option<(&str, &str)> {
    let (name, rest) = split_at_byte(reference, b':')?;
    let is_scheme = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((name, rest))
}

/// A Location is UTF-8 (R14); what is not is escaped byte by byte.
fn text_of(location: &[u8]) -> String {
    let location = location.trim_ascii();
    if let Ok(text) = std::str::from_utf8(location) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(location.len() + 8);
    for byte in location {
        match byte {
            0..=0x7f => text.push(char::from(*byte)),
            byte => super::quote::push_escape(&mut text, *byte),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn joined(base: &str, location: &[u8]) -> String {
        Url::parse(base).unwrap().join(location).unwrap().as_str().to_owned()
    }

    #[test]
    fn the_examples_of_rfc_3986() {
        let cases = [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"),
            (";x", "http://a/b/c/;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("./../g", "http://a/b/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("http:g", "http://a/b/c/g"),
            ("HTTP://B/x", "http://b/x"),
        ];
        for (location, expected) in cases {
            assert_eq!(joined("http://a/b/c/d;p?q", location.as_bytes()), expected, "{location}");
        }
    }

    #[test]
    fn fragments_and_bytes() {
        assert_eq!(joined("http://a/x#top", b"/y"), "http://a/y#top");
        assert_eq!(joined("http://a/x#top", b"/y#"), "http://a/y#top");
        assert_eq!(joined("http://a/x#top", b"/y#new"), "http://a/y#new");
        assert_eq!(joined("http://a/x", b"/caf\xe9"), "http://a/caf%E9");
        assert_eq!(joined("http://a/x", "/caf\u{e9}".as_bytes()), "http://a/caf%C3%A9");
        assert_eq!(joined("http://u:p@a:81/x", b"y z"), "http://u:p@a:81/y%20z");
        assert_eq!(joined("http://a/x#f", b"mailto:x@y"), "mailto:x@y#f");
    }

    #[test]
    fn no_host_is_no_url() {
        let base = Url::parse("http://a/x").unwrap();
        for location in ["http://", "https:/x", "//", "http:///x", "//:80/"] {
            let error = base.join(location.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidUrl, "{location}");
        }
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let shares =
            |a: &str, b: &str| Url::parse(a).unwrap().shares_secrets_with(&Url::parse(b).unwrap());
        assert!(shares("http://a/", "http://A:80/x"));
        assert!(shares("http://a/", "https://a/"));
        assert!(shares("http://a:80/", "https://a:443/"));
        assert!(!shares("https://a/", "http://a/"));
        assert!(!shares("http://a/", "http://a:81/"));
        assert!(!shares("http://a:81/", "https://a/"));
        assert!(!shares("http://a/", "http://b.a/"));
        assert!(!shares("http://a/", "http://a./"));
    }
}
