//! URLs by Requests' rules (RFC 3986 with its requoting, not WHATWG): parse, normalise, what goes
//! on the wire.
//!
//! One parser serves policy and connecting (flaw 91): the host that is looked up is the host that
//! was checked. Sources: behaviours U1–U14, U20; RFC 3986; UTS 46 by the `idna` crate. Parameters
//! are merged in `prepare`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{HOST_BYTES_MAX, LABEL_BYTES_MAX, URL_BYTES_MAX};

/// The schemes that librq's own adapter speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A parsed and normalised http or https URL.
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

impl Url {
    /// Parses and normalises `text`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingSchema`], [`ErrorKind::InvalidSchema`] or [`ErrorKind::InvalidUrl`]; the
    /// message shows the URL without its userinfo.
    pub fn parse(text: &str) -> Result<Self> {
        let input = text.trim_start();
        let fail = |why: &str| invalid(input, why);
        if input.len() > URL_BYTES_MAX {
            return Err(fail("it is longer than 1 MiB"));
        }
        let (scheme, rest) = split_scheme(input)?;
        let ends = |byte: u8| CLASSES[usize::from(byte)] & ENDS_AUTHORITY != 0;
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, hostport) = match authority.bytes().rposition(|byte| byte == b'@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let (host, port) = split_port(hostport).map_err(fail)?;
        let explicit_port = port_number(port).map_err(fail)?;

        let mut text = String::with_capacity(input.len() + 1);
        text.push_str(scheme.name());
        text.push_str("://");
        let userinfo = userinfo.map(|userinfo| {
            let range = pushed(&mut text, |text| requote(text, userinfo, USERINFO));
            text.push('@');
            range
        });
        let start = text.len();
        let (host, zoned_host) = push_host(&mut text, host).map_err(|why| fail(&why))?;
        let mut host_header = start..text.len();
        if let Some(number) = explicit_port {
            text.push(':');
            text.push_str(port.trim_start_matches('0'));
            if number != scheme.default_port() {
                host_header.end = text.len();
            }
        }
        let target = push_tail(&mut text, tail);
        Ok(Self { text, scheme, userinfo, host, zoned_host, explicit_port, host_header, target })
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

    /// User name and password, percent-decoded, if the URL has any.
    #[must_use]
    pub fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let userinfo = &self.text[self.userinfo.clone()?];
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
fn push_tail(text: &mut String, tail: &str) -> Range<usize> {
    let (tail, fragment) = split_at_byte(tail, b'#').unwrap_or((tail, ""));
    let (path, query) = split_at_byte(tail, b'?').unwrap_or((tail, ""));
    let target = pushed(text, |text| {
        match path.starts_with('/') && !path.as_bytes().windows(2).any(|pair| pair == b"/.") {
            true => requote(text, path, PATH),
            false => requote(text, &without_dot_segments(path), PATH),
        }
        if !query.is_empty() {
            text.push('?');
            requote(text, query, QUERY);
        }
    });
    if !fragment.is_empty() {
        text.push('#');
        requote(text, fragment, QUERY);
    }
    target
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

/// U2–U4: what has no scheme, another scheme, or no host.
fn split_scheme(text: &str) -> Result<(Scheme, &str)> {
    let (name, rest) = split_at_byte(text, b':').unwrap_or(("", text));
    let scheme = match name {
        name if name.eq_ignore_ascii_case("http") => Scheme::Http,
        name if name.eq_ignore_ascii_case("https") => Scheme::Https,
        name => return Err(no_http(text, name)),
    };
    match rest.strip_prefix("//") {
        Some(rest) => Ok((scheme, rest)),
        None => Err(invalid(text, "no host; write it as scheme://host/path")),
    }
}

fn no_http(text: &str, name: &str) -> Error {
    let shown = crate::headers::shortened(&without_userinfo(text));
    let scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if name.is_empty() || !name.bytes().all(scheme_byte) {
        let message = format!("invalid URL {shown:?}: no scheme; did you mean https://…?");
        return Error::new(ErrorKind::MissingSchema, message);
    }
    let message = format!("no adapter serves {shown:?}: only http and https");
    Error::new(ErrorKind::InvalidSchema, message)
}

fn split_port(hostport: &str) -> std::result::Result<(&str, &str), &'static str> {
    if hostport.starts_with('[') {
        let end = hostport.find(']').ok_or("the [ of its IPv6 address is never closed")?;
        let (host, rest) = hostport.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err("there is text between its IPv6 address and its port"),
        };
    }
    match split_at_byte(hostport, b':') {
        Some((_, port)) if port.as_bytes().contains(&b':') => {
            Err("its host holds more than one ':' (an IPv6 address needs brackets)")
        }
        Some(split) => Ok(split),
        None => Ok((hostport, "")),
    }
}

/// U6, but port 0 is refused: nothing can be connected to.
fn port_number(port: &str) -> std::result::Result<Option<u16>, &'static str> {
    if port.is_empty() {
        return Ok(None);
    }
    let digits = port.trim_start_matches('0');
    let plain = digits.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(number) if plain => Ok(Some(number)),
        _ => Err("its port is not a number from 1 to 65535"),
    }
}

/// Where the host stands in the text, and the host itself where that is not the same.
type PushedHost = (Range<usize>, Option<Box<str>>);

/// U5, U7, U8; flaws 54, 91, 92.
fn push_host(text: &mut String, host: &str) -> std::result::Result<PushedHost, String> {
    if host.is_empty() {
        return Err("no host".to_owned());
    }
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return push_ipv6(text, literal);
    }
    if let Some(byte) = host.bytes().find(|byte| CLASSES[usize::from(*byte)] & NO_HOST != 0) {
        return Err(format!("its host holds {}", crate::headers::byte_name(byte)));
    }
    if host.starts_with(['*', '.']) {
        return Err("its host begins with '*' or '.'".to_owned());
    }
    let too_long = || Err("its host is longer than DNS allows".to_owned());
    if !host.is_ascii() {
        if host.len() > 4 * HOST_BYTES_MAX {
            return too_long();
        }
        let ascii = idna_name(host)?;
        return Ok((pushed(text, |text| text.push_str(&ascii)), None));
    }
    let whole = host.strip_suffix('.').unwrap_or(host);
    let long_label = |label: &str| label.len() > LABEL_BYTES_MAX;
    if whole.len() > LABEL_BYTES_MAX
        && (whole.len() > HOST_BYTES_MAX || whole.split('.').any(long_label))
    {
        return too_long();
    }
    let range = pushed(text, |text| text.push_str(host));
    text[range.clone()].make_ascii_lowercase();
    Ok((range, None))
}

fn idna_name(host: &str) -> std::result::Result<String, String> {
    let name = idna::uts46::Uts46::new().to_ascii(
        host.as_bytes(),
        idna::AsciiDenyList::STD3,
        idna::uts46::Hyphens::Allow,
        idna::uts46::DnsLength::Verify,
    );
    name.map(|name| name.into_owned()).map_err(|_| "its host is not a valid IDNA name".to_owned())
}

fn push_ipv6(text: &mut String, literal: &str) -> std::result::Result<PushedHost, String> {
    let (address, zone) = match literal.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (literal, None),
    };
    if address.parse::<std::net::Ipv6Addr>().is_err() {
        return Err("what stands in brackets is not an IPv6 address".to_owned());
    }
    let address = address.to_ascii_lowercase();
    text.push('[');
    let range = pushed(text, |text| text.push_str(&address));
    let zoned_host = match zone {
        None => None,
        Some(zone) if !zone.is_empty() && zone.bytes().all(is_unreserved) => {
            text.push_str("%25");
            text.push_str(zone);
            Some(format!("{address}%{zone}").into())
        }
        Some(_) => return Err("its IPv6 zone is not a name".to_owned()),
    };
    text.push(']');
    Ok((range, zoned_host))
}

/// RFC 3986 §5.2.4, before any percent handling (U10); always begins with `/`.
fn without_dot_segments(path: &str) -> String {
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
static CLASSES: [u8; 256] = classes();
const UNRESERVED: u8 = 1;
const USERINFO: u8 = 2;
const PATH: u8 = 4;
const QUERY: u8 = 8;
/// Ends the authority of a URL; a backslash too, as browsers have it (U8).
const ENDS_AUTHORITY: u8 = 32;
/// May not stand in a host; bytes beyond ASCII may, before IDNA.
const NO_HOST: u8 = 16;

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
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
            b'-' | b'.' | b'_' | b'~' => UNRESERVED | USERINFO | PATH | QUERY,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => UNRESERVED | USERINFO | PATH | QUERY,
            // The rest: ! $ & ' ( ) * + , ; = :
            _ => USERINFO | PATH | QUERY,
        };
        byte += 1;
    }
    classes
}

fn is_unreserved(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & UNRESERVED != 0
}

/// U11 and U12 for one component, added to `text`: escapes stay (upper case) if every `%` begins a
/// valid one, else every `%` is escaped; escapes of unreserved bytes are decoded; all that may not
/// stand raw in this `class` of component is escaped as UTF-8.
fn requote(text: &mut String, component: &str, class: u8) {
    let bytes = component.as_bytes();
    let is_raw = |byte: u8| CLASSES[usize::from(byte)] & class != 0;
    if bytes.iter().all(|byte| is_raw(*byte)) {
        text.push_str(component);
        return;
    }
    let escape_at = |at: usize| {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)
    };
    let valid = memchr::memchr_iter(b'%', bytes).all(|at| escape_at(at).is_some());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let escaped = if byte == b'%' && valid { escape_at(at) } else { None };
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(byte) if is_unreserved(byte) => text.push(char::from(byte)),
            Some(byte) => push_escape(text, byte),
            None if is_raw(byte) => text.push(char::from(byte)),
            None => push_escape(text, byte),
        }
    }
}

fn push_escape(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn percent_decoded(text: &str) -> Vec<u8> {
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

#[cfg(test)]
mod tests;
