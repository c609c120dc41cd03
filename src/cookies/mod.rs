//! The cookie jar: which cookies are kept, for whom, and what a request to a URL carries (RFC
//! 6265bis §5.7 and §5.8; behaviours C1 to C22 with their bugs mended; flaws 44 to 52).
//!
//! Pure: no files, and no clock, each call is told what time it is (seconds since 1970).
//! `set_cookie` judges what a server says, `cookie` knows hosts and paths, `date` reads `Expires`,
//! `netscape` reads and writes cookie files. The session shares a jar between threads and keeps its
//! clock.

mod cookie;
mod date;
pub(crate) mod netscape;
mod set_cookie;
mod suffix;

use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use cookie::Cookie;
pub(crate) use cookie::check_cookie;
use cookie::{check_path, is_https, is_ip, normal_domain, path_matches, path_of};
pub(crate) use date::parse as parse_date;
use set_cookie::SetCookie;

use crate::error::Result;
use crate::limits::{
    COOKIE_HEADER_BYTES_MAX, COOKIES_MAX, COOKIES_PER_DOMAIN_MAX, COOKIES_SENT_MAX,
};
use crate::url::Url;

/// The cookies of a session.
#[derive(Clone, Default)]
pub(crate) struct Jar {
    /// All cookies by their number, which counts up: the order in which they came.
    entries: BTreeMap<u64, Entry>,
    /// Their numbers by domain, ascending. Domains are spelled backwards, so that all below one
    /// stand together: `gro.elpmaxe` is followed by `gro.elpmaxe.a`.
    groups: BTreeMap<Box<[u8]>, Vec<u64>>,
    next_number: u64,
    /// No cookie expires before.
    earliest_expiry: Option<i64>,
}

#[derive(Clone)]
struct Entry {
    cookie: Cookie,
    /// Set by the program, not by a server: for its domain and all below it, and never evicted.
    is_own: bool,
}

impl Entry {
    /// Whether `cookie` takes this one's place. Servers' cookies for a host alone and for all below
    /// it are two; one of the program's is neither, and stands in for both.
    fn gives_way_to(&self, cookie: &Cookie, is_own: bool) -> bool {
        self.cookie.name == cookie.name
            && self.cookie.path == cookie.path
            && (is_own || self.is_own || self.cookie.is_host_only == cookie.is_host_only)
    }
}

impl Jar {
    /// Takes a Set-Cookie value that came from `url`; what RFC 6265bis ignores is ignored. True if
    /// a cookie was stored or deleted.
    pub(crate) fn receive(&mut self, url: &Url, set_cookie: &[u8], now: i64) -> bool {
        self.purge(now);
        let parsed = SetCookie::parse(set_cookie);
        let Some(cookie) = parsed.and_then(|parsed| parsed.cookie(url, now)) else {
            return false;
        };
        if !is_https(url) && self.would_shadow_a_secure_one(&cookie) {
            return false;
        }
        if cookie.is_expired(now) {
            let numbers = self.replaced_by(&cookie, false);
            numbers.iter().for_each(|number| self.remove(*number));
            return !numbers.is_empty();
        }
        self.put(cookie, false)
    }

    /// Sets a cookie of the program's own, for `domain` and all below it; `None` or empty: for
    /// every host. It takes the place of those with the same domain, path and name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidCookie`](crate::ErrorKind::InvalidCookie) as [`check_cookie`], and for a
    /// domain or a path that no URL can have.
    pub(crate) fn set(
        &mut self,
        name: &str,
        value: &str,
        domain: Option<&str>,
        path: Option<&str>,
        secure: bool,
    ) -> Result<()> {
        check_cookie(name, value)?;
        let domain = normal_domain(domain.unwrap_or_default())?;
        let path = path.unwrap_or("/");
        check_path(path)?;
        let cookie = Cookie {
            name: name.as_bytes().into(),
            value: value.as_bytes().into(),
            domain: domain.into(),
            path: path.into(),
            expires: None,
            is_secure: secure,
            is_http_only: false,
            is_host_only: false,
        };
        self.put(cookie, true);
        Ok(())
    }

    /// Adds a cookie that was kept elsewhere.
    pub(crate) fn add(&mut self, cookie: Cookie) {
        self.put(cookie, false);
    }

    /// Deletes the cookies of this domain, path and name, `None` standing for any; returns how many
    /// there were.
    pub(crate) fn clear(
        &mut self,
        domain: Option<&str>,
        path: Option<&str>,
        name: Option<&str>,
    ) -> usize {
        let Ok(domain) = domain.map(normal_domain).transpose() else { return 0 };
        let is_meant = |cookie: &Cookie| {
            domain.as_deref().is_none_or(|domain| domain == &*cookie.domain)
                && path.is_none_or(|path| path == &*cookie.path)
                && name.is_none_or(|name| name.as_bytes() == &*cookie.name)
        };
        self.remove_all(is_meant)
    }

    /// The Cookie header for `url`, `None` if there is nothing to send: cookies of longer paths
    /// first, then in the order in which they came (C7).
    ///
    /// `own` are the request's: they have no domain and the path `/`, so a value takes the place of
    /// such a cookie of that name, and comes last beside any other (C2). Without a value, all of
    /// that name are left out.
    ///
    /// A header grows no longer than servers take: of the cookies that servers have set the
    /// last are left out (flaw 49). What the program has set is always sent.
    pub(crate) fn header(
        &self,
        url: &Url,
        own: &[(String, Option<String>)],
        now: i64,
    ) -> Option<Vec<u8>> {
        if self.entries.is_empty() && own.is_empty() {
            return None;
        }
        let mut pairs = Vec::new();
        let mut pending: Vec<Option<&(String, Option<String>)>> = own.iter().map(Some).collect();
        for entry in self.matching(url, now) {
            let cookie = &entry.cookie;
            let replaces = |(name, value): &(String, Option<String>)| {
                name.as_bytes() == &*cookie.name
                    && (value.is_none() || (cookie.domain.is_empty() && &*cookie.path == "/"))
            };
            match own.iter().position(replaces) {
                None => pairs.push(Pair::of(entry)),
                Some(at) => {
                    pairs.extend(pending.get_mut(at).and_then(Option::take).and_then(own_pair))
                }
            }
        }
        pairs.extend(pending.into_iter().flatten().filter_map(own_pair));
        fit(&mut pairs);
        joined(&pairs)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The cookies that have not expired, in the order in which they came.
    pub(crate) fn iter(&self, now: i64) -> impl Iterator<Item = &Cookie> {
        let cookies = self.entries.values().map(|entry| &entry.cookie);
        cookies.filter(move |cookie| !cookie.is_expired(now))
    }

    /// Forgets the cookies that have expired. Costs nothing while none can have.
    pub(crate) fn purge(&mut self, now: i64) {
        if self.earliest_expiry.is_some_and(|earliest| earliest <= now) {
            self.remove_all(|cookie| cookie.is_expired(now));
            self.earliest_expiry =
                self.entries.values().filter_map(|entry| entry.cookie.expires).min();
        }
    }

    /// RFC 6265bis §5.8.3.
    fn matching(&self, url: &Url, now: i64) -> Vec<&Entry> {
        let (host, path, is_https) = (backwards(url.host()), path_of(url), is_https(url));
        let mut found = Vec::new();
        for domain in domains_of(&host, is_ip(url.host())) {
            for (number, entry) in self.group(domain) {
                let cookie = &entry.cookie;
                if (domain.len() == host.len() || !cookie.is_host_only)
                    && (is_https || !cookie.is_secure)
                    && path_matches(path, &cookie.path)
                    && !cookie.is_expired(now)
                {
                    found.push((Reverse(cookie.path.len()), number, entry));
                }
            }
        }
        found.sort_unstable_by_key(|(length, number, _)| (*length, *number));
        found.into_iter().map(|(_, _, entry)| entry).collect()
    }

    /// "Leave Secure Cookies Alone" (RFC 6265bis §5.7, step 16): what came without TLS must not be
    /// sent along with, or instead of, a Secure cookie of this name.
    fn would_shadow_a_secure_one(&self, new: &Cookie) -> bool {
        let is_shadowed = |(_, entry): (u64, &Entry)| {
            let old = &entry.cookie;
            old.is_secure && old.name == new.name && path_matches(&new.path, &old.path)
        };
        let domain = backwards(&new.domain);
        let mut above = domains_of(&domain, is_ip(&new.domain));
        if above.any(|domain| self.group(domain).any(is_shadowed)) {
            return true;
        }
        let mut start = domain.to_vec();
        start.push(b'.');
        let below = self.groups.range(start.clone().into_boxed_slice()..);
        let mut below = below.take_while(|(domain, _)| domain.starts_with(&start));
        below.any(|(domain, _)| self.group(domain).any(is_shadowed))
    }

    /// The cookies of one domain, itself spelled backwards.
    fn group(&self, domain: &[u8]) -> impl Iterator<Item = (u64, &Entry)> {
        let numbers = self.groups.get(domain).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| Some((*number, self.entries.get(number)?)))
    }

    fn replaced_by(&self, cookie: &Cookie, is_own: bool) -> Vec<u64> {
        let domain = backwards(&cookie.domain);
        let replaced = self.group(&domain).filter(|(_, entry)| entry.gives_way_to(cookie, is_own));
        replaced.map(|(number, _)| number).collect()
    }

    /// Stores a cookie; one that it replaces leaves it its place in the order. False if there was
    /// no room for it.
    fn put(&mut self, cookie: Cookie, is_own: bool) -> bool {
        let replaced = self.replaced_by(&cookie, is_own);
        replaced.iter().skip(1).for_each(|number| self.remove(*number));
        self.earliest_expiry = self.earliest_expiry.into_iter().chain(cookie.expires).min();
        let domain = backwards(&cookie.domain);
        let entry = Entry { cookie, is_own };
        if let Some(number) = replaced.first() {
            self.entries.insert(*number, entry);
            return true;
        }
        let number = self.next_number;
        self.next_number += 1;
        self.entries.insert(number, entry);
        self.groups.entry(domain.clone()).or_default().push(number);
        if !is_own {
            self.make_room(&domain);
        }
        self.entries.contains_key(&number)
    }

    /// In a crowded domain a cookie that is not Secure goes first, then the oldest (RFC 6265bis
    /// §5.7). Servers cannot push out what the program has set.
    fn make_room(&mut self, domain: &[u8]) {
        if self.groups.get(domain).is_some_and(|group| group.len() > COOKIES_PER_DOMAIN_MAX) {
            let received = || self.group(domain).filter(|(_, entry)| !entry.is_own);
            let plain = received().find(|(_, entry)| !entry.cookie.is_secure);
            let first = plain.or_else(|| received().next()).map(|(number, _)| number);
            if received().count() > COOKIES_PER_DOMAIN_MAX {
                first.into_iter().for_each(|number| self.remove(number));
            }
        }
        if self.entries.len() > COOKIES_MAX {
            let oldest = self.entries.iter().find(|(_, entry)| !entry.is_own);
            let oldest = oldest.map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| self.remove(number));
        }
    }

    fn remove_all(&mut self, is_meant: impl Fn(&Cookie) -> bool) -> usize {
        let meant = self.entries.iter().filter(|(_, entry)| is_meant(&entry.cookie));
        let numbers: Vec<u64> = meant.map(|(number, _)| *number).collect();
        numbers.iter().for_each(|number| self.remove(*number));
        numbers.len()
    }

    fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.remove(&number) else { return };
        let domain = backwards(&entry.cookie.domain);
        if let Some(group) = self.groups.get_mut(&domain) {
            group.retain(|other| *other != number);
            if group.is_empty() {
                self.groups.remove(&domain);
            }
        }
    }
}

fn backwards(domain: &str) -> Box<[u8]> {
    domain.bytes().rev().collect()
}

/// The domains whose cookies a host may get, spelled backwards as `host` is: itself, unless it is
/// an address those above it, and that of every host.
fn domains_of(host: &[u8], is_ip: bool) -> impl Iterator<Item = &[u8]> {
    let ends = (0..=host.len()).rev();
    let is_end =
        move |end: &usize| *end == 0 || host.get(*end).is_none_or(|byte| *byte == b'.' && !is_ip);
    ends.filter(is_end).filter_map(|end| host.get(..end))
}

/// What a Cookie header says of one cookie.
struct Pair<'a> {
    name: &'a [u8],
    value: &'a [u8],
    is_own: bool,
}

impl<'a> Pair<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self { name: &entry.cookie.name, value: &entry.cookie.value, is_own: entry.is_own }
    }

    /// With the `=`, and what parts it from the next.
    fn len(&self) -> usize {
        self.name.len() + self.value.len() + "=; ".len()
    }
}

/// That of a request's own cookie, if it has a value.
fn own_pair((name, value): &(String, Option<String>)) -> Option<Pair<'_>> {
    let value = value.as_ref()?.as_bytes();
    Some(Pair { name: name.as_bytes(), value, is_own: true })
}

/// Keeps as many of the servers' cookies, from the first on, as one header may hold beside the
/// program's.
fn fit(pairs: &mut Vec<Pair<'_>>) {
    let own: usize = pairs.iter().filter(|pair| pair.is_own).map(Pair::len).sum();
    // Nothing follows the last pair.
    let whole = COOKIE_HEADER_BYTES_MAX - "Cookie: ".len() + "; ".len();
    let (mut room, mut count) = (whole.checked_sub(own), 0);
    pairs.retain(|pair| {
        if pair.is_own {
            return true;
        }
        count += 1;
        room = room.and_then(|room| room.checked_sub(pair.len()));
        room.is_some() && count <= COOKIES_SENT_MAX
    });
}

fn joined(pairs: &[Pair<'_>]) -> Option<Vec<u8>> {
    let mut header = Vec::with_capacity(pairs.iter().map(Pair::len).sum());
    for pair in pairs {
        if !header.is_empty() {
            header.extend_from_slice(b"; ");
        }
        header.extend_from_slice(pair.name);
        header.push(b'=');
        header.extend_from_slice(pair.value);
    }
    (!header.is_empty()).then_some(header)
}

#[cfg(test)]
mod flaws_tests;

#[cfg(test)]
mod suffix_tests;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod vectors_tests;
