//! URLs by Requests' rules (RFC 3986 with its requoting, not WHATWG): parse, normalise, what goes
//! on the wire.
//!
//! One parser serves policy and connecting (flaw 91): the host that is looked up is the host that
//! was checked. `host` checks the authority, `quote` knows the escapes. Sources: behaviours U1–U20;
//! RFC 3986. Parameters are merged in `prepare`.

mod host;
mod join;
mod quote;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use host::{port_number, push_host, push_verbatim_host, split_port};
use quote::{CLASSES, DOT, ENDS_AUTHORITY, NO_HOST, PATH, QUERY, USERINFO};
use quote::{classes_of, requote, without_dot_segments};
pub(crate) use quote::{percent_decoded, push_form_encoded};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::URL_BYTES_MAX;

/// The schemes that librq's own adapter speaks, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Anything else: can be prepared, and sent where an adapter serves it.
    Other,
}

impl Scheme {
    /// 80 or 443; 0 for other schemes.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Other => 0,
        }
    }
}

/// A parsed and normalised URL. One of another scheme that does not begin with `http` is kept as it
/// is written and has no parts (U2).
///
/// ```
/// let url = rq::Url::parse("HTTP://Example.ORG:80/a/../b c?x=1#top")?;
/// assert_eq!(url.as_str(), "http://example.org:80/b%20c?x=1#top");
/// assert_eq!(url.target(), "/b%20c?x=1");
/// assert_eq!(url.host_header(), "example.org");
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// The whole URL, userinfo and fragment included; the parts below are ranges of it.
    text: String,
    scheme: Scheme,
    scheme_end: usize,
    userinfo: Option<Range<usize>>,
    /// Lower case, ASCII, an IPv6 address without its brackets.
    host: Range<usize>,
    /// The host where it is not a range of the text: an IPv6 address with a zone.
    zoned_host: Option<Box<str>>,
    explicit_port: Option<u16>,
    /// The value of the Host header, but for a zone.
    host_header: Range<usize>,
    /// Path and query as sent.
    target: Range<usize>,
}

/// How path, query and fragment are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Requoted, without dot segments.
    Normal,
    /// Requoted by U12 alone, dot segments and all: what Requests does for other schemes.
    Other,
    /// As given, but for what cannot be sent.
    AsIs,
}

impl Url {
    /// Parses and normalises `text`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingSchema`] or [`ErrorKind::InvalidUrl`]; the message shows the URL without
    /// its userinfo.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_in(text, Style::Normal)
    }

    /// As [`parse`](Self::parse), but path, query and fragment stay as they are written: dot
    /// segments and escapes too. Only what no request can hold is escaped.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_as_is(text: &str) -> Result<Self> {
        Self::parse_in(text, Style::AsIs)
    }

    fn parse_in(text: &str, style: Style) -> Result<Self> {
        let input = text.trim_start();
        let fail = |why: &str| invalid(input, why);
        if input.len() > URL_BYTES_MAX {
            return Err(fail("it is longer than 1 MiB"));
        }
        let (scheme, name, rest) = match split_scheme(input)? {
            Split::Parts(scheme, name, rest) => (scheme, name, rest),
            Split::Opaque => return Ok(Self::opaque(input)),
        };
        let mut seen = 0;
        let ends = |byte: u8| {
            seen |= CLASSES[usize::from(byte)];
            seen & ENDS_AUTHORITY != 0
        };
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        // An @ can stand in no host, as few other bytes: most authorities need no second look.
        let at = match seen & NO_HOST {
            0 => None,
            _ => authority.bytes().rposition(|byte| byte == b'@'),
        };
        let (userinfo, hostport) = match at {
            Some(0) => (None, &authority[1..]),
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let (host, port) = split_port(hostport).map_err(fail)?;
        let explicit_port = port_number(port).map_err(fail)?;

        let mut text = String::with_capacity(input.len() + 1);
        let scheme_end = pushed(&mut text, |text| push_scheme(text, scheme, name)).end;
        text.push_str("://");
        let userinfo = userinfo.map(|userinfo| {
            let range = pushed(&mut text, |text| requote(text, userinfo, USERINFO));
            text.push('@');
            range
        });
        let start = text.len();
        let push_host = if scheme == Scheme::Other { push_verbatim_host } else { push_host };
        let (host, zoned_host) = push_host(&mut text, host).map_err(|why| fail(&why))?;
        let mut host_header = start..text.len();
        if let Some(number) = explicit_port {
            text.push(':');
            text.push_str(port.trim_start_matches('0'));
            if number != scheme.default_port() {
                host_header.end = text.len();
            }
        }
        let style =
            if scheme == Scheme::Other && style == Style::Normal { Style::Other } else { style };
        let target = push_tail(&mut text, tail, style);
        Ok(Self {
            text,
            scheme,
            scheme_end,
            userinfo,
            host,
            zoned_host,
            explicit_port,
            host_header,
            target,
        })
    }

    /// A URL without parts (U2).
    fn opaque(text: &str) -> Self {
        let scheme_end = text.bytes().position(|byte| byte == b':').unwrap_or(text.len());
        Self {
            text: text.to_owned(),
            scheme: Scheme::Other,
            scheme_end,
            userinfo: None,
            host: 0..0,
            zoned_host: None,
            explicit_port: None,
            host_header: 0..0,
            target: 0..0,
        }
    }

    /// Whether this is a URL without parts, kept as it was written (U2).
    pub(crate) fn is_opaque(&self) -> bool {
        self.target.is_empty()
    }

    /// Adds form-encoded pairs to the query, before the fragment (U17).
    pub(crate) fn add_query(&mut self, encoded: &str) {
        if !encoded.is_empty() && !self.is_opaque() {
            self.text.reserve(encoded.len() + 1);
            self.insert_query(|text| text.push_str(encoded));
        }
    }

    /// Adds query text as it was given (U18).
    pub(crate) fn add_raw_query(&mut self, query: &str) {
        if !query.is_empty() && !self.is_opaque() {
            self.insert_query(|text| quote::push_raw_query(text, query));
        }
    }

    fn insert_query(&mut self, push: impl FnOnce(&mut String)) {
        let mut fragment = String::new();
        if self.target.end < self.text.len() {
            fragment = self.text.split_off(self.target.end);
        }
        let has_query = self.target().contains('?');
        self.text.push(if has_query { '&' } else { '?' });
        push(&mut self.text);
        self.target.end = self.text.len();
        self.text.push_str(&fragment);
    }

    /// The whole URL, normalised; userinfo and fragment included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole URL without userinfo, for messages and logs.
    #[must_use]
    pub fn redacted(&self) -> String {
        without_userinfo(&self.text)
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The name of the scheme, in lower case where the URL was parsed: `"https"`.
    #[must_use]
    pub fn scheme_name(&self) -> &str {
        &self.text[..self.scheme_end]
    }

    /// Scheme, host and port: what credentials are bound to.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme_name(), self.host(), self.port())
    }

    /// The port, if the URL names one.
    pub(crate) fn explicit_port(&self) -> Option<u16> {
        self.explicit_port
    }

    /// The host: lower case, IDNA form, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.zoned_host.as_deref().unwrap_or(&self.text[self.host.clone()])
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.explicit_port.unwrap_or(self.scheme.default_port())
    }

    /// The path of the unix domain socket that a `http+unix://%2Fpath/…` URL names as its host.
    pub(crate) fn socket_path(&self) -> Option<String> {
        if self.scheme != Scheme::Other || self.scheme_name() != "http+unix" {
            return None;
        }
        String::from_utf8(percent_decoded(self.host())).ok()
    }

    /// The userinfo as it stands in the URL.
    pub(crate) fn userinfo(&self) -> Option<&str> {
        self.userinfo.clone().map(|range| &self.text[range])
    }

    /// User name and password, percent-decoded, if the URL has any.
    #[must_use]
    pub fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let userinfo = self.userinfo()?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Some((percent_decoded(user), percent_decoded(password)))
    }

    /// The request target in origin form: path and query, never userinfo or fragment (U20).
    #[must_use]
    pub fn target(&self) -> &str {
        &self.text[self.target.clone()]
    }

    /// The value of the Host header: the port is left out where it is the scheme's own (H5), and so
    /// is the zone of an IPv6 address (RFC 6874 §4).
    #[must_use]
    pub fn host_header(&self) -> Cow<'_, str> {
        let value = &self.text[self.host_header.clone()];
        if self.zoned_host.is_none() {
            return Cow::Borrowed(value);
        }
        match value.split_once("%25") {
            Some((address, rest)) => {
                let port = rest.split_once(']').map_or("", |(_, port)| port);
                Cow::Owned(format!("{address}]{port}"))
            }
            None => Cow::Borrowed(value),
        }
    }

    /// Host and port as the URL spells them, for requests to a proxy (H5).
    pub(crate) fn verbatim_host(&self) -> Cow<'_, str> {
        if self.zoned_host.is_some() {
            return self.host_header();
        }
        Cow::Borrowed(&self.text[self.host_header.start..self.target.start])
    }

    /// `host:port` for messages.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.host_header();
        match self.port() == self.scheme.default_port() {
            true => format!("{host}:{}", self.port()),
            false => host.into_owned(),
        }
    }
}

/// Where what `push` adds to `text` stands in it.
fn pushed(text: &mut String, push: impl FnOnce(&mut String)) -> Range<usize> {
    let start = text.len();
    push(text);
    start..text.len()
}

/// `str::split_once` for an ASCII byte; several times faster on the short texts at hand.
fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|other| other == byte)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Adds path, query and fragment; returns where path and query stand. Bare `?` and `#` go (U14).
fn push_tail(text: &mut String, tail: &str, style: Style) -> Range<usize> {
    if is_normal_target(tail) {
        return pushed(text, |text| text.push_str(tail));
    }
    let (tail, fragment) = split_at_byte(tail, b'#').unwrap_or((tail, ""));
    let (path, query) = split_at_byte(tail, b'?').unwrap_or((tail, ""));
    let push = |text: &mut String, component: &str, class: u8| match style {
        Style::Normal => requote(text, component, class),
        Style::Other => quote::push_raw_query(text, component),
        Style::AsIs => quote::push_as_is(text, component),
    };
    let target = pushed(text, |text| {
        let is_plain =
            path.starts_with('/') && !path.as_bytes().windows(2).any(|pair| pair == b"/.");
        if !is_plain && style == Style::Normal {
            push(text, &without_dot_segments(path), PATH);
        } else {
            if !path.starts_with('/') {
                text.push('/');
            }
            push(text, path, PATH);
        }
        if !query.is_empty() {
            text.push('?');
            push(text, query, QUERY);
        }
    });
    if !fragment.is_empty() {
        text.push('#');
        push(text, fragment, QUERY);
    }
    target
}

/// Whether path and query, without a fragment, need no change: one look at each byte of most URLs.
fn is_normal_target(tail: &str) -> bool {
    if !tail.starts_with('/') || tail.ends_with('?') {
        return false;
    }
    let (all, any) = classes_of(tail);
    let has_dot_segment = || tail.as_bytes().windows(2).any(|pair| pair == b"/.");
    all & QUERY != 0 && (any & DOT == 0 || !has_dot_segment())
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// The URL as text with anything between `//` and `@` cut out; safe for any input.
pub(crate) fn without_userinfo(text: &str) -> String {
    let Some(start) = text.find("//").map(|at| at + 2) else {
        // No authority to find: whatever stands before an @ may be a password.
        return text.rsplit_once('@').map_or(text, |(_, rest)| rest).to_owned();
    };
    let end = text[start..].find(['/', '?', '#', '\\']).map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => format!("{}{}", &text[..start], &text[start + at + 1..]),
        None => text.to_owned(),
    }
}

fn invalid(text: &str, why: &str) -> Error {
    let shown = crate::headers::shortened(&without_userinfo(text));
    Error::new(ErrorKind::InvalidUrl, format!("invalid URL {shown:?}: {why}"))
}

/// What the beginning of a URL says.
enum Split<'a> {
    /// Scheme, its name as written, and what stands after `://`.
    Parts(Scheme, &'a str, &'a str),
    /// A URL of another scheme, not to be touched.
    Opaque,
}

/// U2–U4: what has no scheme, another scheme, or no host.
fn split_scheme(text: &str) -> Result<Split<'_>> {
    let Some((name, rest)) = split_at_byte(text, b':') else { return Err(no_scheme(text)) };
    let scheme = match name {
        name if name.eq_ignore_ascii_case("http") => Scheme::Http,
        name if name.eq_ignore_ascii_case("https") => Scheme::Https,
        _ if !text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http")) => {
            return Ok(Split::Opaque);
        }
        name if !is_scheme(name) => return Err(no_scheme(text)),
        _ => Scheme::Other,
    };
    match rest.strip_prefix("//") {
        Some(rest) => Ok(Split::Parts(scheme, name, rest)),
        None => Err(invalid(text, "no host; write it as scheme://host/path")),
    }
}

/// RFC 3986 §3.1, but that a digit may come first.
fn is_scheme(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn push_scheme(text: &mut String, scheme: Scheme, name: &str) {
    match scheme {
        Scheme::Http => text.push_str("http"),
        Scheme::Https => text.push_str("https"),
        Scheme::Other => text.extend(name.chars().map(|c| c.to_ascii_lowercase())),
    }
}

fn no_scheme(text: &str) -> Error {
    let shown = crate::headers::shortened(&without_userinfo(text));
    let message = format!("invalid URL {shown:?}: no scheme; did you mean https://…?");
    Error::new(ErrorKind::MissingSchema, message)
}

#[cfg(test)]
mod tests;
