//! Cancellation: a token that any thread may trigger, and what it wakes.
//!
//! Whatever blocks (a socket, a lookup, a wait for the pool) registers a [`Wake`] for as long as it
//! blocks. Triggering calls every registered waker under the token's lock, and dropping a
//! [`Registration`] takes the same lock: once a connection has left a request, no trigger can reach
//! it any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that blocks and can be told to stop. Must not block itself, nor use the token.
pub(crate) trait Wake: Send + Sync {
    /// Makes the blocked call return soon; called at most once per registration.
    fn wake(&self);
}

/// Ends requests from another thread.
///
/// Clones are the same token. A triggered token stays triggered: every request that uses it ends
/// with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), in whatever phase it is, within 100
/// ms.
///
/// ```
/// let token = rq::CancelToken::new();
/// token.trigger();
/// let session = rq::Session::new();
/// let request = rq::Request::new("GET", "http://127.0.0.1:1/")?;
/// let error = session.send_cancellable(&session.prepare(&request)?, &token).unwrap_err();
/// assert_eq!(error.kind(), rq::ErrorKind::Cancelled);
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    triggered: AtomicBool,
    wakers: Mutex<Wakers>,
}

#[derive(Default)]
struct Wakers {
    next: u64,
    list: Vec<(u64, Arc<dyn Wake>)>,
}

impl CancelToken {
    /// A token that nothing has triggered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every request that uses this token, now and later. Any thread, any number of times.
    pub fn trigger(&self) {
        self.0.triggered.store(true, Ordering::SeqCst);
        for (_, waker) in &self.lock().list {
            waker.wake();
        }
    }

    /// Whether [`trigger`](Self::trigger) was called.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.0.triggered.load(Ordering::SeqCst)
    }

    /// Has `waker` called on a trigger until the registration is dropped; at once if it was
    /// triggered before.
    pub(crate) fn register(&self, waker: Arc<dyn Wake>) -> Registration {
        let mut wakers = self.lock();
        if self.is_triggered() {
            waker.wake();
        }
        let id = wakers.next;
        wakers.next += 1;
        wakers.list.push((id, waker));
        Registration { token: self.clone(), id }
    }

    fn lock(&self) -> MutexGuard<'_, Wakers> {
        self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelToken({})", if self.is_triggered() { "triggered" } else { "armed" })
    }
}

/// Keeps a waker known to its token.
pub(crate) struct Registration {
    token: CancelToken,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.token.lock().list.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn wakes_what_is_registered_and_nothing_else() {
        let token = CancelToken::new();
        let (gone, there) = (Arc::new(Counter(0.into())), Arc::new(Counter(0.into())));
        drop(token.register(gone.clone()));
        let registration = token.register(there.clone());
        token.trigger();
        assert_eq!((gone.0.load(Ordering::SeqCst), there.0.load(Ordering::SeqCst)), (0, 1));
        drop(registration);
        let late = Arc::new(Counter(0.into()));
        let _late = token.register(late.clone());
        assert_eq!(late.0.load(Ordering::SeqCst), 1, "a triggered token wakes at registration");
    }
}
