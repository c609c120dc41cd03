//! URLs by Requests' rules (RFC 3986 with its requoting, not WHATWG): parse, normalise, what goes
//! on the wire.
//!
//! One parser serves policy and connecting (flaw 91): the host that is looked up is the host that
//! was checked. Sources: behaviours U1–U14, U20; RFC 3986; UTS 46 by the `idna` crate. Parameters
//! are merged in `prepare`.

use std::fmt;

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
    scheme: Scheme,
    /// Encoded userinfo, without the `@`.
    userinfo: Option<String>,
    /// Lower case, ASCII; an IPv6 address without brackets, with its zone after `%`.
    host: String,
    explicit_port: Option<u16>,
    /// Path and query as sent.
    target: String,
    /// The whole URL, userinfo and fragment included.
    text: String,
}

impl Url {
    /// Parses and normalises `text`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingSchema`], [`ErrorKind::InvalidSchema`] or [`ErrorKind::InvalidUrl`]; the
    /// message shows the URL without its userinfo.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim_start();
        let fail = |why: &str| invalid(text, why);
        if text.len() > URL_BYTES_MAX {
            return Err(fail("it is longer than 1 MiB"));
        }
        let (scheme, rest) = split_scheme(text)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, hostport) = match authority.rsplit_once('@') {
            Some((userinfo, hostport)) => (Some(requote(userinfo, USERINFO)), hostport),
            None => (None, authority),
        };
        let (host, port) = split_port(hostport).map_err(fail)?;
        let explicit_port = port_number(port).map_err(|why| fail(&why))?;
        let host = normal_host(host).map_err(|why| fail(&why))?;

        let (tail, fragment) = match tail.split_once('#') {
            Some((tail, fragment)) => (tail, Some(requote(fragment, QUERY))),
            None => (tail, None),
        };
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(requote(query, QUERY))),
            None => (tail, None),
        };
        let mut target = requote(&without_dot_segments(path), PATH);
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            target = format!("{target}?{query}");
        }
        let mut url = Self { scheme, userinfo, host, explicit_port, target, text: String::new() };
        url.text = url.assemble(fragment.filter(|fragment| !fragment.is_empty()).as_deref());
        Ok(url)
    }

    fn assemble(&self, fragment: Option<&str>) -> String {
        let mut text = format!("{}://", self.scheme.name());
        if let Some(userinfo) = &self.userinfo {
            text = text + userinfo + "@";
        }
        text += &self.bracketed_host();
        if let Some(port) = self.explicit_port {
            text = format!("{text}:{port}");
        }
        text += &self.target;
        if let Some(fragment) = fragment {
            text = text + "#" + fragment;
        }
        text
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
        &self.host
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.explicit_port.unwrap_or(self.scheme.default_port())
    }

    /// User name and password, percent-decoded, if the URL has any.
    #[must_use]
    pub fn credentials(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let userinfo = self.userinfo.as_deref()?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Some((percent_decoded(user), percent_decoded(password)))
    }

    /// The request target in origin form: path and query, never userinfo or fragment (U20).
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The value of the Host header: the port is left out where it is the scheme's own (H5).
    #[must_use]
    pub fn host_header(&self) -> String {
        let mut host = self.bracketed_host();
        if let Some(zone) = host.find('%') {
            host.replace_range(zone..host.len() - 1, "");
        }
        match self.port() {
            port if port == self.scheme.default_port() => host,
            port => format!("{host}:{port}"),
        }
    }

    /// `host:port` for messages.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port())
    }

    fn bracketed_host(&self) -> String {
        if !self.host.contains(':') {
            return self.host.clone();
        }
        format!("[{}]", self.host.replacen('%', "%25", 1))
    }
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
    let shown = || crate::headers::shortened(&without_userinfo(text));
    let Some((name, rest)) = text.split_once(':') else {
        let message = format!("invalid URL {:?}: no scheme; did you mean https://…?", shown());
        return Err(Error::new(ErrorKind::MissingSchema, message));
    };
    let scheme = match name.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other
            if !other.is_empty()
                && other
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
        {
            let message = format!("no adapter serves {:?}: only http and https", shown());
            return Err(Error::new(ErrorKind::InvalidSchema, message));
        }
        _ => {
            let message = format!("invalid URL {:?}: no scheme; did you mean https://…?", shown());
            return Err(Error::new(ErrorKind::MissingSchema, message));
        }
    };
    match rest.strip_prefix("//") {
        Some(rest) => Ok((scheme, rest)),
        None => Err(invalid(text, "no host; write it as scheme://host/path")),
    }
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
    match hostport.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err("its host holds more than one ':' (an IPv6 address needs brackets)")
        }
        Some(split) => Ok(split),
        None => Ok((hostport, "")),
    }
}

/// U6, but port 0 is refused: nothing can be connected to.
fn port_number(port: &str) -> std::result::Result<Option<u16>, String> {
    if port.is_empty() {
        return Ok(None);
    }
    let digits = port.trim_start_matches('0');
    let number = match digits {
        _ if !port.bytes().all(|byte| byte.is_ascii_digit()) => None,
        "" => None,
        digits if digits.len() > 5 => None,
        digits => digits.parse().ok(),
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err("its port is not a number from 1 to 65535".to_owned()),
    }
}

/// U5, U7, U8; flaws 54, 91, 92.
fn normal_host(host: &str) -> std::result::Result<String, String> {
    if host.is_empty() {
        return Err("no host".to_owned());
    }
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return ipv6_literal(literal);
    }
    let bad = |byte: &u8| *byte <= b' ' || *byte == 0x7f || b"%\"<>[]\\^`{|}@".contains(byte);
    if let Some(byte) = host.bytes().find(bad) {
        return Err(format!("its host holds {}", crate::headers::byte_name(byte)));
    }
    if host.starts_with(['*', '.']) {
        return Err("its host begins with '*' or '.'".to_owned());
    }
    if host.is_ascii() {
        let host = host.to_ascii_lowercase();
        let whole = host.strip_suffix('.').unwrap_or(&host);
        let long = whole.split('.').any(|label| label.len() > LABEL_BYTES_MAX);
        if long || whole.len() > HOST_BYTES_MAX {
            return Err("its host is longer than DNS allows".to_owned());
        }
        return Ok(host);
    }
    if host.len() > 4 * HOST_BYTES_MAX {
        return Err("its host is longer than DNS allows".to_owned());
    }
    let strict = idna::uts46::Uts46::new().to_ascii(
        host.as_bytes(),
        idna::AsciiDenyList::STD3,
        idna::uts46::Hyphens::Allow,
        idna::uts46::DnsLength::Verify,
    );
    strict.map(|host| host.into_owned()).map_err(|_| "its host is not a valid IDNA name".to_owned())
}

fn ipv6_literal(literal: &str) -> std::result::Result<String, String> {
    let (address, zone) = match literal.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (literal, None),
    };
    if address.parse::<std::net::Ipv6Addr>().is_err() {
        return Err("what stands in brackets is not an IPv6 address".to_owned());
    }
    let address = address.to_ascii_lowercase();
    match zone {
        None => Ok(address),
        Some(zone) if !zone.is_empty() && zone.bytes().all(is_unreserved) => {
            Ok(format!("{address}%{zone}"))
        }
        Some(_) => Err("its IPv6 zone is not a name".to_owned()),
    }
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

const USERINFO: &[u8] = b"!$&'()*+,;=:";
const PATH: &[u8] = b"!$&'()*+,;=:@/";
const QUERY: &[u8] = b"!$&'()*+,;=:@/?";

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// U11 and U12 for one component: escapes stay (upper case) if every `%` begins a valid one, else
/// every `%` is escaped; escapes of unreserved bytes are decoded; all that may not stand raw is
/// escaped as UTF-8.
fn requote(component: &str, raw: &[u8]) -> String {
    let bytes = component.as_bytes();
    let escape_at = |at: usize| {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)
    };
    let valid = memchr::memchr_iter(b'%', bytes).all(|at| escape_at(at).is_some());
    let mut text = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let escaped = if byte == b'%' && valid { escape_at(at) } else { None };
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(byte) if is_unreserved(byte) => text.push(char::from(byte)),
            Some(byte) => push_escape(&mut text, byte),
            None if is_unreserved(byte) || raw.contains(&byte) => text.push(char::from(byte)),
            None => push_escape(&mut text, byte),
        }
    }
    text
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
