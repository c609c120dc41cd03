//! Idle connections, newest first, and how many may be open.
//!
//! A connection is found by [`Key`]: everything that must be equal for two requests to share one
//! (flaws 33–40). The lock is held for a push or a pop, never across a system call: connections
//! that must go are closed after it is released. Ages and limits are enforced when something is
//! taken or given back; no thread watches the pool. A forked child begins with pools of its own
//! ([`Pools`]). Sources: behaviours N1–N3; faults 76–78.

use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hashbrown::{Equivalent, HashMap};

use crate::body::Home;
use crate::body::buffer::ReadBuffer;
use crate::cancel::Wake;
use crate::connect::stream::Stream;
use crate::deadline::{Limit, Moment, WaitEnd};
use crate::limits::SPARE_BUFFERS_MAX;
use crate::options::PoolLimits;
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
    /// Of what tells most keys apart; the rest is for equality. FNV-1a, eight bytes at a time: the
    /// program itself chooses its hosts, and nobody profits from collisions.
    fn digest(&self) -> u64 {
        let mix = |state: u64, next: u64| (state ^ next).wrapping_mul(0x0100_0000_01b3);
        let text = |state: u64, text: &str| {
            let (words, rest) = text.as_bytes().as_chunks();
            let state =
                words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
            rest.iter().fold(state, |state, byte| mix(state, (*byte).into()))
        };
        let state = mix(0xcbf2_9ce4_8422_2325, u64::from(self.port) << 32 | u64::from(self.tls));
        let state = text(text(state, self.host), self.proxy.unwrap_or_default());
        // The map takes its buckets from the low bits and its tags from the high ones.
        state ^ (state >> 32)
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest());
    }
}

/// A key that the pool keeps; its connections share it.
#[derive(Debug)]
struct OwnedKey {
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

impl OwnedKey {
    fn of(key: &Key<'_>) -> Arc<Self> {
        let Key { scheme, host, port, tls, proxy, proxy_tls, socket, source } = *key;
        let (host, proxy, socket) = (host.into(), proxy.map(Into::into), socket.map(Into::into));
        Arc::new(Self {
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

    fn borrowed(&self) -> Key<'_> {
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

impl PartialEq for OwnedKey {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for OwnedKey {}

impl Hash for OwnedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl Equivalent<Arc<OwnedKey>> for Key<'_> {
    fn equivalent(&self, key: &Arc<OwnedKey>) -> bool {
        *self == key.borrowed()
    }
}

/// Keys bring their own digest.
#[derive(Default)]
struct Digests(u64);

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

/// How the pool behaves; a session may change it at any time.
#[derive(Clone, Copy)]
pub(super) struct Policy {
    pub(super) limits: PoolLimits,
    pub(super) idle_age: Option<Duration>,
}

/// What a request gets from the pool.
pub(super) struct Checkout {
    /// A kept connection, and for how long it rested; none: open one.
    pub(super) kept: Option<(Stream, Duration)>,
    pub(super) buffer: ReadBuffer,
    pub(super) lease: Lease,
}

/// The right to use a connection, and its way back.
pub(super) struct Lease {
    pool: Arc<Pool>,
    key: Arc<OwnedKey>,
    policy: Policy,
    permit: Option<Permit>,
}

/// One of the connections that may be open to a host; given back when it is closed. Weak, since
/// idle connections hold theirs inside the pool.
struct Permit {
    pool: Weak<Pool>,
    key: Arc<OwnedKey>,
}

struct Idle {
    key: Arc<OwnedKey>,
    stream: Stream,
    permit: Option<Permit>,
    since: Moment,
    serial: u64,
}

#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hosts: HashMap<Arc<OwnedKey>, Host, BuildHasherDefault<Digests>>,
    /// Serials of idle connections and since when, oldest first; those that were taken since are
    /// skipped and swept now and then.
    order: VecDeque<(u64, Moment, Arc<OwnedKey>)>,
    idle: usize,
    serial: u64,
    waiting: usize,
    spares: Vec<ReadBuffer>,
}

#[derive(Default)]
struct Host {
    /// Oldest first.
    idle: VecDeque<Idle>,
    /// Connections that exist, idle ones included; counted only under a limit.
    open: usize,
}

impl Wake for Pool {
    fn wake(&self) {
        let _state = self.lock();
        self.changed.notify_all();
    }
}

impl Pool {
    /// A kept connection for `key`, or the right to open one; waits under `limit` while too many
    /// are open.
    pub(super) fn checkout(
        self: &Arc<Self>,
        key: &Key<'_>,
        policy: Policy,
        limit: &Limit,
        now: Moment,
    ) -> Result<Checkout, WaitEnd> {
        let mut expired = Vec::new();
        let taken = self.take(key, policy, limit, now, &mut expired);
        // Closed here, without the lock.
        drop(expired);
        let (idle, buffer) = taken?;
        let buffer = buffer.unwrap_or_else(ReadBuffer::new);
        let pool = self.clone();
        Ok(match idle {
            Some(Idle { key, stream, permit, since, .. }) => {
                let lease = Lease { pool, key, policy, permit };
                Checkout { kept: Some((stream, since.age_at(now))), buffer, lease }
            }
            None => {
                let key = self.lock().known(key);
                let limited = policy.limits.open_per_host_max > 0;
                let permit =
                    limited.then(|| Permit { pool: Arc::downgrade(self), key: key.clone() });
                Checkout { kept: None, buffer, lease: Lease { pool, key, policy, permit } }
            }
        })
    }

    fn take(
        self: &Arc<Self>,
        key: &Key<'_>,
        policy: Policy,
        limit: &Limit,
        now: Moment,
        expired: &mut Vec<Idle>,
    ) -> Result<(Option<Idle>, Option<ReadBuffer>), WaitEnd> {
        let mut state = self.lock();
        if let Some(found) = state.pop(key, policy.idle_age, now, expired) {
            return Ok((Some(found), state.spares.pop()));
        }
        let open_max = policy.limits.open_per_host_max;
        if open_max == 0 {
            return Ok((None, state.spares.pop()));
        }
        drop(state);
        let waker: Arc<dyn Wake> = self.clone();
        let _registration = limit.cancel.as_ref().map(|token| token.register(waker));
        let mut wait = limit.wait();
        let mut state = self.lock();
        loop {
            if let Some(found) = state.pop(key, policy.idle_age, Moment::now(), expired) {
                return Ok((Some(found), state.spares.pop()));
            }
            let expiring = expired.iter().filter(|idle| idle.permit.is_some()).count();
            let host = state.host(key);
            if host.open < open_max + expiring {
                host.open += 1;
                return Ok((None, state.spares.pop()));
            }
            let left = wait.left()?;
            state.waiting += 1;
            state = match left {
                Some(left) => {
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting -= 1;
        }
    }

    /// Closes every idle connection.
    pub(super) fn close_idle(&self) {
        let mut state = self.lock();
        let idle: Vec<Idle> =
            state.hosts.values_mut().flat_map(|host| std::mem::take(&mut host.idle)).collect();
        state.idle = 0;
        state.order.clear();
        state.sweep();
        drop(state);
        drop(idle);
    }

    /// In a child: closes its copies of the parent's sockets, which disturbs nobody. Another thread
    /// of the parent may have held the lock at the fork; then they stay open until the child ends.
    pub(super) fn drop_inherited(&self) {
        let Ok(mut state) = self.state.try_lock() else { return };
        for idle in state.hosts.values_mut().flat_map(|host| host.idle.drain(..)) {
            // Not dropped: that would lock the pool again.
            std::mem::forget(idle.permit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait for a connection; a system call, so only if there are any.
    fn notify(&self, waiting: usize) {
        if waiting > 0 {
            self.changed.notify_all();
        }
    }
}

impl State {
    fn host(&mut self, key: &Key<'_>) -> &mut Host {
        self.hosts.entry(OwnedKey::of(key)).or_default()
    }

    /// `key` to keep: the connections of a host share one.
    fn known(&mut self, key: &Key<'_>) -> Arc<OwnedKey> {
        if let Some((known, _)) = self.hosts.get_key_value(key) {
            return known.clone();
        }
        self.sweep();
        let known = OwnedKey::of(key);
        self.hosts.insert(known.clone(), Host::default());
        known
    }

    /// The newest idle connection for `key`; if even that is too old, all of the host go to
    /// `expired`.
    fn pop(
        &mut self,
        key: &Key<'_>,
        age_max: Option<Duration>,
        now: Moment,
        expired: &mut Vec<Idle>,
    ) -> Option<Idle> {
        let host = self.hosts.get_mut(key)?;
        let newest = host.idle.pop_back()?;
        self.idle -= 1;
        if self.order.back().is_some_and(|(serial, ..)| *serial == newest.serial) {
            self.order.pop_back();
        }
        if age_max.is_none_or(|max| newest.since.age_at(now) < max) {
            return Some(newest);
        }
        self.idle -= host.idle.len();
        expired.push(newest);
        expired.extend(host.idle.drain(..));
        None
    }

    /// Keeps `idle`; what exceeds the limits or is too old goes to `gone`.
    fn push(&mut self, mut idle: Idle, policy: Policy, gone: &mut Vec<Idle>) {
        let PoolLimits { idle_max, idle_per_host_max, .. } = policy.limits;
        if idle_max == 0 || idle_per_host_max == 0 {
            gone.push(idle);
            return;
        }
        let now = idle.since;
        self.serial += 1;
        idle.serial = self.serial;
        self.order.push_back((self.serial, now, idle.key.clone()));
        let host = match self.hosts.get_mut(&idle.key) {
            Some(host) => host,
            None => self.hosts.entry(idle.key.clone()).or_default(),
        };
        host.idle.push_back(idle);
        self.idle += 1;
        if host.idle.len() > idle_per_host_max {
            gone.extend(host.idle.pop_front());
            self.idle -= 1;
        }
        while self.idle > idle_max {
            match self.oldest(|_| true) {
                Some(oldest) => gone.push(oldest),
                None => break,
            }
        }
        let is_old = |max| self.order.front().is_some_and(|(_, since, _)| since.age_at(now) >= max);
        if let Some(max) = policy.idle_age.filter(|max| is_old(*max)) {
            while let Some(old) = self.oldest(|idle| idle.since.age_at(now) >= max) {
                gone.push(old);
            }
        }
        self.sweep();
    }

    /// Takes the oldest idle connection of all if `wanted`.
    fn oldest(&mut self, wanted: impl Fn(&Idle) -> bool) -> Option<Idle> {
        while let Some((serial, _, key)) = self.order.front() {
            let host = self.hosts.get_mut(key);
            let first = host.and_then(|host| {
                host.idle.front().is_some_and(|idle| idle.serial == *serial).then_some(host)
            });
            match first {
                Some(host) if host.idle.front().is_some_and(&wanted) => {
                    self.order.pop_front();
                    self.idle -= 1;
                    return host.idle.pop_front();
                }
                Some(_) => return None,
                None => {
                    self.order.pop_front();
                }
            }
        }
        None
    }

    /// Forgets serials of connections that were taken, and hosts without any; each costs a constant
    /// on average.
    fn sweep(&mut self) {
        if self.order.len() > 2 * self.idle + 64 {
            let hosts = &self.hosts;
            self.order.retain(|(serial, _, key)| {
                // Serials grow from the oldest to the newest.
                let held = |host: &Host| host.idle.binary_search_by_key(serial, |idle| idle.serial);
                hosts.get(key).is_some_and(|host| held(host).is_ok())
            });
        }
        if self.hosts.len() > 2 * self.idle + 64 {
            self.hosts.retain(|_, host| !host.idle.is_empty() || host.open > 0);
        }
    }
}

impl Home for Lease {
    fn keep(self: Box<Self>, mut stream: Stream, buffer: ReadBuffer) {
        stream.park();
        let Self { pool, key, policy, permit } = *self;
        let idle = Idle { key, stream, permit, since: Moment::now(), serial: 0 };
        let mut gone = Vec::new();
        let mut state = pool.lock();
        state.push(idle, policy, &mut gone);
        give_spare(&mut state, buffer);
        let waiting = state.waiting;
        drop(state);
        pool.notify(waiting);
        drop(gone);
    }

    fn discard(self: Box<Self>, buffer: ReadBuffer) {
        give_spare(&mut self.pool.lock(), buffer);
    }
}

fn give_spare(state: &mut State, mut buffer: ReadBuffer) {
    if state.spares.len() < SPARE_BUFFERS_MAX && !buffer.is_grown() {
        buffer.clear();
        state.spares.push(buffer);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut state = pool.lock();
        if let Some(host) = state.hosts.get_mut(&self.key) {
            host.open = host.open.saturating_sub(1);
        }
        let waiting = state.waiting;
        drop(state);
        pool.notify(waiting);
    }
}
