//! What decides which connections may serve a request: everything that must be equal for two
//! requests to share one (flaws 33–40). Connections find their way back to the pool by it.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use hashbrown::Equivalent;

use super::pool::Pool;
use crate::url::Scheme;

/// What two requests must have in common to use one connection. Borrowed: a request that finds a
/// kept connection allocates no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) scheme: Scheme,
    /// Lower case, with its IPv6 zone.
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The TLS profile; 0 for plain connections.
    pub(super) tls: u32,
    /// The proxy with its credentials (flaw 23).
    pub(super) proxy: Option<&'a str>,
    /// The TLS profile of the leg to it; 0 for plain ones.
    pub(super) proxy_tls: u32,
    /// The path of the unix domain socket.
    pub(super) socket: Option<&'a str>,
    /// The address of this machine that is connected from.
    pub(super) source: Option<IpAddr>,
}

impl Key<'_> {
    /// Of what tells most keys apart; the rest is for equality. Eight bytes at a time, by the
    /// halves of a product, so that every bit counts in the buckets of the map and in its tags
    /// alike: the program itself chooses its hosts, and nobody profits from collisions.
    fn digest(&self) -> u64 {
        let mix = |state: u64, next: u64| {
            let product = u128::from(state ^ next) * 0x9e37_79b9_7f4a_7c15;
            (product as u64) ^ (product >> 64) as u64
        };
        let text = |state: u64, text: &str| {
            let (words, rest) = text.as_bytes().as_chunks();
            let state =
                words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            mix(state ^ text.len() as u64, u64::from_le_bytes(last))
        };
        let state = mix(0x2545_f491_4f6c_dd1d, u64::from(self.port) << 32 | u64::from(self.tls));
        self.proxy.iter().fold(text(state, self.host), |state, proxy| text(state, proxy))
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest());
    }
}

/// A key that the pool keeps; its connections share it, and find their way back by it.
pub(super) struct Place {
    /// Weak, since idle connections hold theirs inside the pool.
    pub(super) pool: Weak<Pool>,
    digest: u64,
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    tls: u32,
    proxy: Option<Box<str>>,
    proxy_tls: u32,
    socket: Option<Box<str>>,
    source: Option<IpAddr>,
}

impl Place {
    pub(super) fn of(key: &Key<'_>, pool: &Arc<Pool>) -> Arc<Self> {
        let Key { scheme, host, port, tls, proxy, proxy_tls, socket, source } = *key;
        let (host, proxy, socket) = (host.into(), proxy.map(Into::into), socket.map(Into::into));
        Arc::new(Self {
            pool: Arc::downgrade(pool),
            digest: key.digest(),
            scheme,
            host,
            port,
            tls,
            proxy,
            proxy_tls,
            socket,
            source,
        })
    }

    pub(super) fn borrowed(&self) -> Key<'_> {
        let Self { scheme, host, port, tls, proxy, proxy_tls, socket, source, .. } = self;
        Key {
            scheme: *scheme,
            host,
            port: *port,
            tls: *tls,
            proxy: proxy.as_deref(),
            proxy_tls: *proxy_tls,
            socket: socket.as_deref(),
            source: *source,
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl Equivalent<Arc<Place>> for Key<'_> {
    fn equivalent(&self, key: &Arc<Place>) -> bool {
        *self == key.borrowed()
    }
}

/// Keys bring their own digest.
#[derive(Default)]
pub(super) struct Digests(u64);

impl Hasher for Digests {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 ^= digest;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn hosts_of_one_pattern_spread_over_buckets_and_tags() {
        let digests: Vec<u64> = (0..128)
            .map(|number| {
                let host = format!("h{number}.test");
                let (tls, proxy_tls) = (0, 0);
                let (proxy, socket, source) = (None, None, None);
                let scheme = Scheme::Http;
                Key { scheme, host: &host, port: 80, tls, proxy, proxy_tls, socket, source }
                    .digest()
            })
            .collect();
        // 128 balls that fall by chance leave about 47 of 128 buckets empty.
        for shift in [0, 7, 57] {
            let used: HashSet<u64> = digests.iter().map(|digest| digest >> shift & 127).collect();
            assert!(used.len() >= 64, "{} of 128 at bit {shift}", used.len());
        }
    }
}
