//! One Set-Cookie line: parsed, and judged by the URL that it came from (RFC 6265 §5.2, RFC 6265bis
//! §5.6 and §5.7; behaviours C8 to C16). Leaves to the jar what needs the cookies that are there.
//!
//! Two rules are RFC 6265's where 6265bis loosened them: a cookie without a name is ignored, and so
//! is an empty Domain attribute.

use super::cookie::{
    Cookie, default_path, domain_matches, is_control, is_host_prefixed, is_https, is_public_suffix,
    keeps_its_prefix, path_of,
};
use super::date;
use crate::limits::{
    ATTRIBUTE_BYTES_MAX, COOKIE_AGE_SECONDS_MAX, COOKIE_BYTES_MAX, SET_COOKIE_BYTES_MAX,
};
use crate::url::Url;

/// What a line says, whoever sent it.
#[derive(Default)]
pub(super) struct SetCookie<'a> {
    name: &'a [u8],
    value: &'a [u8],
    max_age: Option<i64>,
    expires: Option<i64>,
    domain: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    is_secure: bool,
    is_http_only: bool,
}

impl<'a> SetCookie<'a> {
    /// `None` where the RFC has the whole line ignored.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        if line.len() > SET_COOKIE_BYTES_MAX || line.iter().any(|byte| is_control(*byte)) {
            return None;
        }
        let mut parts = line.split(|byte| *byte == b';');
        let (name, value) = pair(parts.next()?);
        let value = value?;
        if name.is_empty() || name.len() + value.len() > COOKIE_BYTES_MAX {
            return None;
        }
        let mut parsed = Self { name, value, ..Self::default() };
        for (attribute, value) in parts.map(pair) {
            let value = value.unwrap_or_default();
            if value.len() <= ATTRIBUTE_BYTES_MAX {
                parsed.take(attribute, value);
            }
        }
        Some(parsed)
    }

    /// The last of equal attributes counts, but for those that are ignored.
    fn take(&mut self, attribute: &[u8], value: &'a [u8]) {
        let is = |name: &[u8]| attribute.eq_ignore_ascii_case(name);
        if is(b"expires") {
            self.expires = date::parse(value).or(self.expires);
        } else if is(b"max-age") {
            self.max_age = seconds(value).or(self.max_age);
        } else if is(b"domain") && !value.is_empty() {
            self.domain = Some(value.strip_prefix(b".").unwrap_or(value));
        } else if is(b"path") {
            self.path = Some(value);
        } else if is(b"secure") {
            self.is_secure = true;
        } else if is(b"httponly") {
            self.is_http_only = true;
        }
    }

    /// The cookie, if `url` may set it.
    pub(super) fn cookie(&self, url: &Url, now: i64) -> Option<Cookie> {
        let domain = self.domain_for(url.host())?;
        let cookie = Cookie {
            name: self.name.into(),
            value: self.value.into(),
            is_host_only: domain.is_none(),
            domain: domain.unwrap_or_else(|| url.host().to_owned()).into(),
            path: self.path_for(url).into(),
            expires: self.expiry(now),
            is_secure: self.is_secure,
            is_http_only: self.is_http_only,
        };
        let is_path_said = self.path.is_some() || !is_host_prefixed(self.name);
        let is_allowed = is_https(url) || !cookie.is_secure;
        (is_allowed && is_path_said && keeps_its_prefix(&cookie)).then_some(cookie)
    }

    /// The domain, `Some(None)` for the host alone, `None` if the host may not set it.
    fn domain_for(&self, host: &str) -> Option<Option<String>> {
        if host.is_empty() {
            return None;
        }
        let Some(domain) = self.domain.filter(|domain| !domain.is_empty()) else {
            return Some(None);
        };
        let domain = str::from_utf8(domain).ok()?.to_ascii_lowercase();
        match is_public_suffix(&domain) {
            true => (domain == host).then_some(None),
            false => domain_matches(host, &domain).then_some(Some(domain)),
        }
    }

    /// A path that does not begin with `/` counts as none.
    fn path_for(&self, url: &Url) -> String {
        match self.path {
            Some(path) if path.starts_with(b"/") => String::from_utf8_lossy(path).into_owned(),
            _ => default_path(path_of(url)).to_owned(),
        }
    }

    /// Max-Age wins over Expires; neither reaches beyond 400 days.
    fn expiry(&self, now: i64) -> Option<i64> {
        match self.max_age {
            Some(age) if age <= 0 => Some(i64::MIN),
            Some(age) => Some(now.saturating_add(age.min(COOKIE_AGE_SECONDS_MAX))),
            None => {
                let latest = now.saturating_add(COOKIE_AGE_SECONDS_MAX);
                self.expires.map(|expires| expires.min(latest))
            }
        }
    }
}

/// What stands before and behind the first `=`, without the blanks around it.
fn pair(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (trimmed(&text[..at]), Some(trimmed(&text[at + 1..]))),
        None => (trimmed(text), None),
    }
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Digits with at most a `-` before them; a number beyond `i64` is one that never ends.
fn seconds(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    Some(if is_negative { -value } else { value })
}
