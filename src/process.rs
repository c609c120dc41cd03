//! Tells a process from its forked child, so that the two never share a connection (fault 78).
//!
//! Asking the system for the process id costs a system call a request. A library that can register
//! a fork handler (the C package does) calls [`watch_forks`] once and [`forked`] in each child;
//! then a counter answers instead.

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

/// A number that differs between a process and its children.
pub(crate) fn identity() -> u32 {
    match WATCHED.load(Ordering::Acquire) {
        true => FORKS.load(Ordering::Acquire),
        false => std::process::id(),
    }
}
