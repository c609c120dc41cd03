//! Idle connections, each in two lists: those of its host, and all. Knows neither hosts, ages nor
//! limits: `pool` does.
//!
//! All are in one piece of memory, and the lists are links between them: a connection is put in and
//! taken out by touching it and its neighbours alone, however many others there are.

use crate::limits::IDLE_SLOTS_KEPT;

/// Where there is no neighbour.
const NONE: u32 = u32::MAX;

/// Connections that idle.
pub(super) struct Idles<T> {
    slots: Vec<Slot<T>>,
    /// Slots without a connection.
    free: Vec<u32>,
    all: List,
}

/// One of the lists: its ends.
#[derive(Clone, Copy)]
pub(super) struct List {
    oldest: u32,
    newest: u32,
    len: u32,
}

struct Slot<T> {
    idle: Option<T>,
    /// Its neighbours among those of its host, and among all.
    links: [Link; 2],
}

#[derive(Clone, Copy)]
struct Link {
    older: u32,
    newer: u32,
}

const OF_HOST: usize = 0;
const OF_ALL: usize = 1;

impl<T> Default for Idles<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), all: List::default() }
    }
}

impl Default for List {
    fn default() -> Self {
        Self { oldest: NONE, newest: NONE, len: 0 }
    }
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Puts `at` behind its newest.
    fn append<T>(&mut self, slots: &mut [Slot<T>], at: u32, which: usize) {
        slots[at as usize].links[which] = Link { older: self.newest, newer: NONE };
        match slots.get_mut(self.newest as usize) {
            Some(newest) => newest.links[which].newer = at,
            None => self.oldest = at,
        }
        self.newest = at;
        self.len += 1;
    }

    fn remove<T>(&mut self, slots: &mut [Slot<T>], at: u32, which: usize) {
        let Link { older, newer } = slots[at as usize].links[which];
        match slots.get_mut(older as usize) {
            Some(older) => older.links[which].newer = newer,
            None => self.oldest = newer,
        }
        match slots.get_mut(newer as usize) {
            Some(newer) => newer.links[which].older = older,
            None => self.newest = older,
        }
        self.len -= 1;
    }
}

impl<T> Idles<T> {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The one that has idled for the longest.
    pub(super) fn oldest(&self) -> Option<&T> {
        self.slots.get(self.all.oldest as usize)?.idle.as_ref()
    }

    /// Puts in `idle`, the newest of `host` and of all.
    pub(super) fn push(&mut self, host: &mut List, idle: T) {
        let slot = Slot { idle: Some(idle), links: [Link { older: NONE, newer: NONE }; 2] };
        let at = self.free.pop().unwrap_or_else(|| u32::try_from(self.slots.len()).unwrap_or(NONE));
        match self.slots.get_mut(at as usize) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        host.append(&mut self.slots, at, OF_HOST);
        self.all.append(&mut self.slots, at, OF_ALL);
    }

    /// Takes out the newest of `host`.
    pub(super) fn pop_newest(&mut self, host: &mut List) -> Option<T> {
        self.remove(host, host.newest)
    }

    /// Takes out the oldest of `host`.
    pub(super) fn pop_oldest(&mut self, host: &mut List) -> Option<T> {
        self.remove(host, host.oldest)
    }

    fn remove(&mut self, host: &mut List, at: u32) -> Option<T> {
        let idle = self.slots.get_mut(at as usize)?.idle.take()?;
        host.remove(&mut self.slots, at, OF_HOST);
        self.all.remove(&mut self.slots, at, OF_ALL);
        self.free.push(at);
        if self.all.len == 0 && self.slots.len() > IDLE_SLOTS_KEPT {
            *self = Self::default();
        }
        Some(idle)
    }

    /// Takes out all; the lists of hosts are to be forgotten.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(self).slots.into_iter().filter_map(|slot| slot.idle)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// What [`Idles`] is held to: every connection in a row, its host with it.
    struct Model {
        row: VecDeque<(usize, u64)>,
    }

    impl Model {
        fn take(&mut self, at: Option<usize>) -> Option<u64> {
            at.and_then(|at| self.row.remove(at)).map(|(_, idle)| idle)
        }

        fn newest(&mut self, host: usize) -> Option<u64> {
            self.take(self.row.iter().rposition(|idle| idle.0 == host))
        }

        fn oldest(&mut self, host: usize) -> Option<u64> {
            self.take(self.row.iter().position(|idle| idle.0 == host))
        }
    }

    #[test]
    fn connections_come_out_by_host_and_by_age() {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |limit: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % limit as u64).unwrap()
        };
        let (mut idles, mut hosts) = (Idles::default(), [List::default(); 5]);
        let mut model = Model { row: VecDeque::new() };
        for serial in 0..20_000 {
            // More go in than out, then more go out than in, and so on.
            let (host, growing) = (below(5), (serial / 1000) % 2 == 0);
            match below(if growing { 4 } else { 8 }) {
                0 | 4 => assert_eq!(idles.pop_newest(&mut hosts[host]), model.newest(host)),
                5 => assert_eq!(idles.pop_oldest(&mut hosts[host]), model.oldest(host)),
                6 | 7 => {
                    let host = model.row.front().map_or(host, |idle| idle.0);
                    assert_eq!(idles.pop_oldest(&mut hosts[host]), model.oldest(host));
                }
                _ => {
                    idles.push(&mut hosts[host], serial);
                    model.row.push_back((host, serial));
                }
            }
            assert_eq!(idles.oldest(), model.row.front().map(|idle| &idle.1));
            assert_eq!(idles.len(), model.row.len());
            let of_host = model.row.iter().filter(|idle| idle.0 == host).count();
            assert_eq!(hosts[host].len(), of_host);
        }
        let mut rest: Vec<u64> = idles.drain().collect();
        rest.sort_unstable();
        assert!(rest.iter().eq(model.row.iter().map(|idle| &idle.1)));
        assert_eq!((idles.len(), idles.oldest()), (0, None));
    }

    #[test]
    fn slots_are_used_again() {
        let (mut idles, mut host) = (Idles::default(), List::default());
        for _ in 0..3 {
            (0..1000).for_each(|idle| idles.push(&mut host, idle));
            assert_eq!(idles.slots.len(), 1000);
            (0..500).for_each(|idle| assert_eq!(idles.pop_oldest(&mut host), Some(idle)));
            (0..500).for_each(|idle| idles.push(&mut host, idle));
            assert_eq!(idles.slots.len(), 1000);
            while idles.pop_newest(&mut host).is_some() {}
            assert!(idles.slots.is_empty());
        }
    }
}
