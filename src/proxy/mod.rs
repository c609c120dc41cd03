//! Which proxy serves a URL: the maps of a request and of its session, then the environment
//! (behaviours P1–P3, P8–P12).
//!
//! Pure: bytes in, a choice out. The map closest to the request wins, key by key; `NO_PROXY`
//! filters the environment's proxies only. Beyond Requests: what was set on the session wins over
//! the environment, a list in place of `NO_PROXY` may stand on the session, and `localhost:3128` is
//! a proxy without a scheme. How a proxy is spoken to is the adapter's.

mod no_proxy;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;

use crate::env::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::url::Url;

/// Proxies by key, as in Requests: `"http"`, `"https"`, `"all"`, `"http://host"`, `"all://host"`.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    /// `None`: a direct connection.
    pairs: Vec<(String, Option<Proxy>)>,
    no_proxy: Option<String>,
}

impl Proxies {
    /// Sets the proxy of `key`; `None` and `""` are a direct connection, which hides what the
    /// session and the environment say of this key (P2). The key `"no_proxy"` is that of Requests'
    /// map.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidProxy`] if the URL has no valid host and port, [`ErrorKind::InvalidUrl`]
    /// if its scheme is none of a proxy.
    pub(crate) fn set(&mut self, key: &str, url: Option<&str>) -> Result<()> {
        if key == "no_proxy" {
            self.set_no_proxy(url);
            return Ok(());
        }
        let url = url.unwrap_or_default();
        let proxy = Proxy::parse(url).map_err(|fault| fault.of("the proxy's URL"))?;
        match self.pairs.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => *old = proxy,
            None => self.pairs.push((key.to_owned(), proxy)),
        }
        Ok(())
    }

    /// Sets the list that is used in place of `NO_PROXY` (P10); an empty one lets nothing past.
    pub(crate) fn set_no_proxy(&mut self, list: Option<&str>) {
        self.no_proxy = list.map(str::to_owned);
    }

    /// These, and what only `base` has.
    pub(crate) fn over(&self, base: &Self) -> Self {
        let mut merged = self.clone();
        let is_new =
            |(key, _): &&(String, Option<Proxy>)| !self.pairs.iter().any(|(k, _)| k == key);
        merged.pairs.extend(base.pairs.iter().filter(is_new).cloned());
        merged.no_proxy = merged.no_proxy.or_else(|| base.no_proxy.clone());
        merged
    }

    /// True if neither a proxy nor a list is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.no_proxy.is_none()
    }

    /// What is set for `prefix`, or for `prefix://host`; the inner `None` is a direct connection.
    fn get(&self, prefix: &str, host: Option<&str>) -> Option<Option<&Proxy>> {
        let is_key = |key: &str| match (key.strip_prefix(prefix), host) {
            (Some(rest), Some(host)) => rest.strip_prefix("://") == Some(host),
            (Some(rest), None) => rest.is_empty(),
            (None, _) => false,
        };
        self.pairs.iter().find(|(key, _)| is_key(key)).map(|(_, proxy)| proxy.as_ref())
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.pairs.iter().map(|(key, proxy)| (key, proxy))).finish()
    }
}

/// The proxy for a URL of `scheme` and `host` (lower case, without brackets), `None` for a direct
/// connection. `env` is `None` where the environment is not to be trusted.
///
/// # Errors
/// As [`Proxies::set`], for a variable of the environment.
pub(crate) fn choose(
    scheme: &str,
    host: &str,
    explicit_port: Option<u16>,
    default_port: Option<u16>,
    request: &Proxies,
    session: &Proxies,
    mut env: Option<&Environment>,
) -> Result<Option<Proxy>> {
    // P1's keys; the environment has two of them.
    for (prefix, key_host) in
        [(scheme, Some(host)), (scheme, None), ("all", Some(host)), ("all", None)]
    {
        let own = request.get(prefix, key_host).or_else(|| session.get(prefix, key_host));
        if let Some(proxy) = own {
            return Ok(proxy.cloned());
        }
        let (None, Some(variables)) = (key_host, env) else { continue };
        let Some(url) = proxy_variable(variables, prefix) else { continue };
        let own_list = request.no_proxy.as_deref().or(session.no_proxy.as_deref());
        let list = own_list.map_or_else(|| no_proxy_variable(variables), Cow::Borrowed);
        if !no_proxy::covers(&list, host, explicit_port.or(default_port)) {
            let parsed = url.to_str().ok_or(Fault::NoHost).and_then(Proxy::parse);
            let what = || format!("the proxy of the environment's variable {prefix}_proxy");
            return parsed.map_err(|fault| fault.of(&what()));
        }
        env = None;
    }
    Ok(None)
}

/// The value of `<prefix>_proxy` (P8): lower case wins, also where it is empty. What a CGI program
/// finds in `HTTP_PROXY` is a header of its client (CVE-2016-1000110).
fn proxy_variable<'a>(env: &'a Environment, prefix: &str) -> Option<&'a OsStr> {
    let name = format!("{prefix}_proxy");
    if let Some(value) = env.get(&name) {
        return (!value.is_empty()).then_some(value);
    }
    let value = env.get_in_capitals(&name)?;
    let is_a_header = prefix == "http" && env.get("REQUEST_METHOD").is_some();
    (!is_a_header).then_some(value)
}

/// The value of `no_proxy`, or of `NO_PROXY` where that is empty.
fn no_proxy_variable(env: &Environment) -> Cow<'_, str> {
    let lower = env.get("no_proxy").filter(|value| !value.is_empty());
    let value = lower.or_else(|| env.get_in_capitals("no_proxy"));
    value.unwrap_or_default().to_string_lossy()
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProxyScheme {
    Http,
    Https,
    Socks4,
    /// SOCKS 4, the proxy looks names up.
    Socks4a,
    Socks5,
    /// SOCKS 5, the proxy looks names up.
    Socks5h,
}

impl ProxyScheme {
    const ALL: [Self; 6] =
        [Self::Http, Self::Https, Self::Socks4, Self::Socks4a, Self::Socks5, Self::Socks5h];

    /// As it stands in a URL.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// Whether it speaks SOCKS, of any version.
    pub(crate) const fn is_socks(self) -> bool {
        !matches!(self, Self::Http | Self::Https)
    }

    /// The port of a URL that names none (RFC 9110 §4.2, RFC 1928 §3).
    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            _ => 1080,
        }
    }
}

/// A proxy to use: its URL, taken apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    url: String,
    scheme: ProxyScheme,
    host: String,
    port: u16,
    user: Vec<u8>,
    credentials: Option<(Vec<u8>, Vec<u8>)>,
}

impl Proxy {
    /// Parses a proxy's URL; an empty one is a direct connection (P2, P3).
    fn parse(text: &str) -> std::result::Result<Option<Self>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        let (name, rest) = split_scheme(text).ok_or(Fault::NoHost)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        // Url's own error would show what stands before a forgotten @.
        let parsed = Url::parse(&format!("http://{authority}/")).map_err(|_| Fault::NoHost)?;
        let is_named = |scheme: &ProxyScheme| scheme.name().eq_ignore_ascii_case(name);
        let scheme = ProxyScheme::ALL.into_iter().find(is_named).ok_or(Fault::OtherScheme)?;
        let normal = parsed.as_str().trim_start_matches("http://").trim_end_matches('/');
        // P4: a user without a colon is not meant as credentials.
        let has_password = parsed.userinfo().is_some_and(|userinfo| userinfo.contains(':'));
        let credentials = parsed.credentials();
        let user = credentials.as_ref().map(|(user, _)| user.clone()).unwrap_or_default();
        Ok(Some(Self {
            url: format!("{}://{normal}{tail}", scheme.name()),
            scheme,
            host: parsed.host().to_owned(),
            port: parsed.explicit_port().unwrap_or(scheme.default_port()),
            user,
            credentials: credentials.filter(|_| has_password),
        }))
    }

    /// The whole URL, userinfo included; scheme and host in normal form.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Lower case, IDNA form, an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The user name, percent-decoded; empty without one. SOCKS 4 has no passwords: there a user
    /// without a colon counts too.
    pub(crate) fn user(&self) -> &[u8] {
        &self.user
    }

    /// User name and password, percent-decoded; the password may be empty (P4).
    pub(crate) fn credentials(&self) -> Option<(&[u8], &[u8])> {
        self.credentials.as_ref().map(|(user, password)| (&user[..], &password[..]))
    }
}

/// Scheme, host and port, for messages: never the userinfo.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "{}://[{}]:{}", self.scheme.name(), self.host, self.port),
            false => write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The scheme and what follows its `//`. Without a scheme it is http: `host`, `host:3128`,
/// `//host`; but `u:p@host` and `http:/x` have a scheme, and no host (P3).
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix("//") {
        return Some(("http", rest));
    }
    let is_scheme = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let Some((name, rest)) = text.split_once(':').filter(|(name, _)| is_scheme(name)) else {
        return Some(("http", text));
    };
    if let Some(rest) = rest.strip_prefix("//") {
        return Some((name, rest));
    }
    let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_port = after_digits.len() < rest.len()
        && (after_digits.is_empty() || after_digits.starts_with('/'));
    // Requests sees no scheme in a name with a dot.
    (is_port || name.contains('.')).then_some(("http", text))
}

/// Why a text is no proxy's URL. It never holds the text: where a URL is malformed, what is a
/// password cannot be told.
#[derive(Clone, Copy)]
enum Fault {
    NoHost,
    OtherScheme,
}

impl Fault {
    fn of(self, what: &str) -> Error {
        let (kind, why) = match self {
            Self::NoHost => (
                ErrorKind::InvalidProxy,
                "has no valid host and port; write it as scheme://host:port",
            ),
            Self::OtherScheme => (
                ErrorKind::InvalidUrl,
                "has an unsupported scheme; use http, https, socks4, socks4a, socks5 or socks5h",
            ),
        };
        Error::new(kind, format!("{what} {why}"))
    }
}

#[cfg(test)]
mod tests;
