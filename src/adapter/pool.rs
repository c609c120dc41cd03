//! Idle connections, newest first, and how many may be open.
//!
//! A connection is found by its [`Key`] (`place`). The lock is held for a push or a pop, never
//! across a system call: connections that must go are closed after it is released. Ages and limits
//! are enforced when something is taken or given back; no thread watches the pool. A forked child
//! begins with a pool of its own. Sources: behaviours N1–N3; faults 76–78.

use std::hash::BuildHasherDefault;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;

use super::idle::{Idles, List};
use super::place::{Digests, Key, Place};
use crate::body::buffer::ReadBuffer;
use crate::body::{Home, Permit};
use crate::cancel::Wake;
use crate::connect::stream::Stream;
use crate::deadline::{Limit, Moment, WaitEnd};
use crate::limits::SPARE_BUFFERS_MAX;
use crate::options::PoolLimits;

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
    /// Where it goes back to.
    pub(super) home: Arc<Place>,
    pub(super) permit: Option<Permit>,
}

/// One of the connections that may be open to a host; given back when it is closed.
struct Counted(Arc<Place>);

struct Idle {
    key: Arc<Place>,
    stream: Stream,
    permit: Option<Permit>,
    since: Moment,
}

/// A connection and for how long it rested, if there was one; a buffer, if there was a spare one.
type Taken = (Option<(Idle, Duration)>, Option<ReadBuffer>);

#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hosts: HashMap<Arc<Place>, Host, BuildHasherDefault<Digests>>,
    idles: Idles<Idle>,
    /// The only idle connection, if it is: most programs have one, and it is in none of the above.
    only: Option<Idle>,
    waiting: usize,
    spares: Vec<ReadBuffer>,
    /// What the last request said.
    policy: Option<Policy>,
}

#[derive(Default)]
struct Host {
    idle: List,
    /// Connections that exist, idle ones included; counted only under a limit.
    open: u32,
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
    #[inline]
    pub(super) fn checkout(
        self: &Arc<Self>,
        key: &Key<'_>,
        policy: Policy,
        limit: &Limit,
        now: Moment,
    ) -> Result<Checkout, WaitEnd> {
        if let Some(checkout) = self.take_only(key, policy, now) {
            return Ok(checkout);
        }
        let mut expired = None;
        let taken = self.take(key, policy, limit, now, &mut expired);
        // Closed here, without the lock.
        drop(expired);
        let (idle, buffer) = taken?;
        let buffer = buffer.unwrap_or_else(ReadBuffer::new);
        Ok(match idle {
            Some((Idle { key: home, stream, permit, .. }, rested)) => {
                Checkout { kept: Some((stream, rested)), buffer, home, permit }
            }
            None => {
                let home = self.lock().known(key, self);
                let limited = policy.limits.open_per_host_max > 0;
                let permit = limited.then(|| -> Permit { Box::new(Counted(home.clone())) });
                Checkout { kept: None, buffer, home, permit }
            }
        })
    }

    /// The only idle connection, if it may serve `key` and is not too old.
    #[inline(always)]
    fn take_only(&self, key: &Key<'_>, policy: Policy, now: Moment) -> Option<Checkout> {
        let mut state = self.lock();
        let only = state.only.as_ref().filter(|only| *key == only.key.borrowed())?;
        let rested = only.since.age_at(now);
        if policy.idle_age.is_some_and(|max| rested >= max) {
            return None;
        }
        state.policy = Some(policy);
        let Idle { key: home, stream, permit, .. } = state.only.take()?;
        let buffer = state.spares.pop();
        drop(state);
        let buffer = buffer.unwrap_or_else(ReadBuffer::new);
        Some(Checkout { kept: Some((stream, rested)), buffer, home, permit })
    }

    fn take(
        self: &Arc<Self>,
        key: &Key<'_>,
        policy: Policy,
        limit: &Limit,
        now: Moment,
        expired: &mut Option<Vec<Idle>>,
    ) -> Result<Taken, WaitEnd> {
        let mut state = self.lock();
        state.policy = Some(policy);
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
            let expiring = expired.iter().flatten().filter(|idle| idle.permit.is_some()).count();
            let host = state.host(key, self);
            if (host.open as usize) < open_max + expiring {
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
        let idle = state.drain();
        let only = state.only.take();
        state.sweep();
        drop(state);
        drop((idle, only));
    }

    /// In a child: closes its copies of the parent's sockets, which disturbs nobody. Another thread
    /// of the parent may have held the lock at the fork; then they stay open until the child ends.
    pub(super) fn drop_inherited(&self) {
        let Ok(mut state) = self.state.try_lock() else { return };
        let only = state.only.take();
        for idle in state.drain().chain(only) {
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
    fn host(&mut self, key: &Key<'_>, pool: &Arc<Pool>) -> &mut Host {
        self.hosts.entry(Place::of(key, pool)).or_default()
    }

    /// `key` to keep: the connections of a host share one.
    fn known(&mut self, key: &Key<'_>, pool: &Arc<Pool>) -> Arc<Place> {
        if let Some((known, _)) = self.hosts.get_key_value(key) {
            return known.clone();
        }
        self.sweep();
        let known = Place::of(key, pool);
        self.hosts.insert(known.clone(), Host::default());
        known
    }

    /// The newest idle connection for `key`, and for how long it rested; if even that is too old,
    /// all of the host go to `expired`.
    fn pop(
        &mut self,
        key: &Key<'_>,
        age_max: Option<Duration>,
        now: Moment,
        expired: &mut Option<Vec<Idle>>,
    ) -> Option<(Idle, Duration)> {
        let newest = match &self.only {
            Some(only) if *key == only.key.borrowed() => self.only.take()?,
            Some(_) => return None,
            None => self.newest(key)?,
        };
        let rested = newest.since.age_at(now);
        if age_max.is_none_or(|max| rested < max) {
            return Some((newest, rested));
        }
        let expired = expired.get_or_insert_default();
        expired.push(newest);
        while let Some(older) = self.newest(key) {
            expired.push(older);
        }
        None
    }

    /// The newest idle connection for `key`.
    fn newest(&mut self, key: &Key<'_>) -> Option<Idle> {
        self.idles.pop_newest(&mut self.hosts.get_mut(key)?.idle)
    }

    /// All of them but the only one.
    fn drain(&mut self) -> impl Iterator<Item = Idle> + use<> {
        self.hosts.values_mut().for_each(|host| host.idle = List::default());
        self.idles.drain()
    }

    /// Keeps `idle`; what exceeds the limits or is too old goes to `gone`.
    #[inline(always)]
    fn push(&mut self, idle: Idle, gone: &mut Option<Vec<Idle>>) {
        let policy = self.policy.filter(|policy| {
            let PoolLimits { idle_max, idle_per_host_max, .. } = policy.limits;
            idle_max > 0 && idle_per_host_max > 0
        });
        let Some(policy) = policy else {
            gone.get_or_insert_default().push(idle);
            return;
        };
        match self.only.take() {
            None if self.idles.len() == 0 => self.only = Some(idle),
            other => {
                if let Some(other) = other {
                    self.push_beside_others(other, policy, gone);
                }
                self.push_beside_others(idle, policy, gone);
            }
        }
    }

    fn push_beside_others(&mut self, idle: Idle, policy: Policy, gone: &mut Option<Vec<Idle>>) {
        let Policy { limits, idle_age } = policy;
        let now = idle.since;
        let host = match self.hosts.get_mut(&idle.key) {
            Some(host) => host,
            None => self.hosts.entry(idle.key.clone()).or_default(),
        };
        self.idles.push(&mut host.idle, idle);
        if host.idle.len() > limits.idle_per_host_max {
            gone.get_or_insert_default().extend(self.idles.pop_oldest(&mut host.idle));
        }
        self.evict(limits.idle_max, idle_age, now, gone);
        self.sweep();
    }

    /// Takes what is more than `idle_max`, or as old as `age_max`.
    fn evict(
        &mut self,
        idle_max: usize,
        age_max: Option<Duration>,
        now: Moment,
        gone: &mut Option<Vec<Idle>>,
    ) {
        let is_old = |idle: &Idle| age_max.is_some_and(|max| idle.since.age_at(now) >= max);
        while let Some(oldest) = self.idles.oldest()
            && (self.idles.len() > idle_max || is_old(oldest))
            && let Some(host) = self.hosts.get_mut(&oldest.key)
            // The oldest of all is the oldest of its host.
            && let Some(oldest) = self.idles.pop_oldest(&mut host.idle)
        {
            gone.get_or_insert_default().push(oldest);
        }
    }

    /// Forgets hosts without a connection; that costs a constant on average.
    fn sweep(&mut self) {
        if self.hosts.len() > 2 * self.idles.len() + 64 {
            self.hosts.retain(|_, host| host.idle.len() > 0 || host.open > 0);
        }
    }
}

impl Home for Place {
    fn keep(self: Arc<Self>, mut stream: Stream, buffer: ReadBuffer, permit: Option<Permit>) {
        // Without a pool the connection ends.
        let Some(pool) = self.pool.upgrade() else { return };
        stream.park();
        let idle = Idle { key: self, stream, permit, since: Moment::now() };
        let mut gone = None;
        let mut state = pool.lock();
        state.push(idle, &mut gone);
        give_spare(&mut state, buffer);
        let waiting = state.waiting;
        drop(state);
        pool.notify(waiting);
        drop(gone);
    }

    fn discard(&self, buffer: ReadBuffer) {
        if let Some(pool) = self.pool.upgrade() {
            give_spare(&mut pool.lock(), buffer);
        }
    }
}

fn give_spare(state: &mut State, mut buffer: ReadBuffer) {
    if state.spares.len() < SPARE_BUFFERS_MAX && !buffer.is_grown() {
        buffer.clear();
        state.spares.push(buffer);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(pool) = self.0.pool.upgrade() else { return };
        let mut state = pool.lock();
        if let Some(host) = state.hosts.get_mut(&self.0) {
            host.open = host.open.saturating_sub(1);
        }
        let waiting = state.waiting;
        drop(state);
        pool.notify(waiting);
    }
}
