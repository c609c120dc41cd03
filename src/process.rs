//! Tells a process from its forked child, so that the two never share a connection (fault 78).
//!
//! Asking the system for the process id costs a system call a request. A library that can register
//! a fork handler (the C package does) calls [`watch_forks`] once and [`forked`] in each child;
//! then a counter answers instead.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static WATCHED: AtomicBool = AtomicBool::new(false);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Promises that [`forked`] is called in every child from now on.
pub fn watch_forks() {
    WATCHED.store(true, Ordering::Release);
}

/// To be called in a child, right after the fork. Async-signal-safe.
pub fn forked() {
    FORKS.fetch_add(1, Ordering::AcqRel);
}

/// A value of this process: a forked child gets a new one, and takes no lock of its parent's for
/// it.
#[derive(Default)]
pub(crate) struct PerProcess<T> {
    first: OnceLock<Box<Generation<T>>>,
}

struct Generation<T> {
    process: u32,
    value: T,
    next: OnceLock<Box<Self>>,
}

impl<T: Default> PerProcess<T> {
    /// The value of this process; in a new child, `retire` is given the inherited one.
    pub(crate) fn get(&self, retire: impl Fn(&T)) -> &T {
        let process = identity();
        let new = || Box::new(Generation { process, value: T::default(), next: OnceLock::new() });
        let mut generation = self.first.get_or_init(new);
        while generation.process != process {
            let inherited = &generation.value;
            generation = generation.next.get_or_init(|| {
                retire(inherited);
                new()
            });
        }
        &generation.value
    }
}

/// A number that differs between a process and its children.
fn identity() -> u32 {
    match WATCHED.load(Ordering::Acquire) {
        true => FORKS.load(Ordering::Acquire),
        false => std::process::id(),
    }
}
