//! One cookie, and the rules that need no jar: what may be sent, and which hosts and paths a cookie
//! belongs to (RFC 6265 §5.1.3, §5.1.4; behaviours C8 to C11; flaws 45 to 47). Leaves to
//! `set_cookie` what a server may ask for, to the jar which cookie replaces which.

use std::fmt;

use super::suffix;
use crate::error::{Error, ErrorKind, Result};
use crate::url::{Scheme, Url};

/// One cookie, as a session keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: Box<[u8]>,
    pub(super) value: Box<[u8]>,
    pub(super) domain: Box<str>,
    pub(super) path: Box<str>,
    pub(super) expires: Option<i64>,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
    pub(super) is_host_only: bool,
}

impl Cookie {
    /// The name; never empty.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The value, exactly as it was set: quotes are part of it (C16).
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The host that the cookie belongs to, in lower case and without a leading dot; an IPv6
    /// address without brackets. Empty: every host.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path below which the cookie is sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is sent over https only.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether a browser would hide it from scripts; without effect here.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.is_http_only
    }

    /// Whether it is kept from the subdomains of [`domain`](Self::domain).
    #[must_use]
    pub fn is_host_only(&self) -> bool {
        self.is_host_only
    }

    /// When it ends, in seconds since 1970; `None`: with the session.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    pub(super) fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Everything but the value: values are secrets.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("domain", &self.domain)
            .field("path", &self.path)
            .field("expires", &self.expires)
            .field("is_secure", &self.is_secure)
            .field("is_http_only", &self.is_http_only)
            .field("is_host_only", &self.is_host_only)
            .finish_non_exhaustive()
    }
}

/// Checks that a Cookie header can hold this name and this value.
///
/// # Errors
/// [`ErrorKind::InvalidCookie`]: the name is empty or holds `=`, or either holds `;` or a control
/// character other than a tab.
pub(crate) fn check_cookie(name: &str, value: &str) -> Result<()> {
    // A name at fault is not shown: "sid=secret" is one.
    if name.is_empty() {
        return Err(invalid("a cookie needs a name"));
    }
    if name.contains('=') {
        return Err(invalid("a cookie's name holds '='; give name and value apart"));
    }
    if !is_sendable(name.as_bytes()) {
        return Err(invalid("a cookie's name holds ';' or a control character; no name can"));
    }
    if !is_sendable(value.as_bytes()) {
        let shown: String = name.chars().take(64).collect();
        return Err(invalid(&format!(
            "the value of the cookie {shown:?} holds ';' or a control character; encode it first"
        )));
    }
    Ok(())
}

pub(super) fn is_sendable(text: &[u8]) -> bool {
    !text.iter().any(|byte| *byte == b';' || is_control(*byte))
}

/// Bytes that neither a Cookie nor a Set-Cookie header may hold; a tab may be inside of both.
pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidCookie, why)
}

/// A domain as people write it (in any case, with a leading dot, in any script, an IPv6 address
/// with or without brackets) in the form in which [`Url::host`] gives hosts.
///
/// # Errors
/// [`ErrorKind::InvalidCookie`] if no URL can have this host.
pub(super) fn normal_domain(text: &str) -> Result<String> {
    let bare = text.strip_prefix('.').unwrap_or(text);
    if bare.is_empty() {
        return Ok(String::new());
    }
    let is_bare_ipv6 = bare.contains(':') && !bare.starts_with('[');
    let url = match is_bare_ipv6 {
        true => Url::parse(&format!("http://[{bare}]/")),
        false => Url::parse(&format!("http://{bare}/")),
    };
    let is_host_alone = |url: &Url| {
        url.explicit_port().is_none() && url.as_str() == format!("http://{}/", url.host_header())
    };
    match url {
        Ok(url) if is_host_alone(&url) => Ok(url.host().to_owned()),
        _ => Err(invalid("a cookie's domain is no host name; write it like \"example.org\"")),
    }
}

/// The path that the user gave.
///
/// # Errors
/// [`ErrorKind::InvalidCookie`] if no URL can have it.
pub(super) fn check_path(path: &str) -> Result<()> {
    let why =
        "a cookie's path begins with '/' and holds no control character; leave it out for \"/\"";
    if is_path(path) { Ok(()) } else { Err(invalid(why)) }
}

/// Whether this is a path that a cookie from a file or from the program may have.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.bytes().any(|byte| byte.is_ascii_control())
}

/// Whether the connection is one that Secure cookies may use.
pub(super) fn is_https(url: &Url) -> bool {
    url.scheme() == Scheme::Https
}

/// The path of the URL, without its query.
pub(super) fn path_of(url: &Url) -> &str {
    let target = url.target();
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The directory of the request's path: what a cookie without a path gets (RFC 6265 §5.1.4).
pub(super) fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => &path[..end],
        _ => "/",
    }
}

/// Whether a cookie of `cookie_path` is sent to `path` (RFC 6265 §5.1.4).
pub(super) fn path_matches(path: &str, cookie_path: &str) -> bool {
    // A URL that is not http may have no path at all.
    let path = if path.is_empty() { "/" } else { path };
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// Whether `host` is `domain` or below it (RFC 6265 §5.1.3).
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    let Some(below) = host.strip_suffix(domain) else { return false };
    below.is_empty() || (below.ends_with('.') && !is_ip(host))
}

/// What `__Secure-` and `__Host-` promise of a cookie (RFC 6265bis §4.1.3).
pub(super) fn keeps_its_prefix(cookie: &Cookie) -> bool {
    let is_of_host = cookie.is_secure && cookie.is_host_only && &*cookie.path == "/";
    (cookie.is_secure || !begins_with(&cookie.name, b"__Secure-"))
        && (is_of_host || !is_host_prefixed(&cookie.name))
}

pub(super) fn is_host_prefixed(name: &[u8]) -> bool {
    begins_with(name, b"__Host-")
}

/// In any case: there are servers that do not tell `__host-` from `__Host-`.
fn begins_with(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether a name is no host's own, so that no server may set cookies for all below it: one of the
/// public suffix list, its private section included (`co.uk`, `github.io`), a single label (`com`,
/// `localhost`), or an IP address, which has nothing below it. Whatever is no name counts too.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    let name = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
    name.split('.').any(str::is_empty) || is_ip(&name) || suffix::is_listed(&name)
}

/// Also for short forms such as `127.1`: a name whose last label is a number is an address.
pub(super) fn is_ip(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_number = match last.strip_prefix("0x") {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    is_number || host.contains(':')
}
