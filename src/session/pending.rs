//! A request on its way: sent by one call, its answer read by another, and in between its caller
//! waits for the descriptor in whatever way suits it. Sends by `send`, which knows the rules.

use std::cell::Cell;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use super::send::{Call, budget};
use super::{Inner, Session};
use crate::adapter::Begun;
use crate::cancel::CancelToken;
use crate::deadline::Budget;
use crate::error::Result;
use crate::options::Options;
use crate::prepare::{Prepared, prepare};
use crate::request::Request;
use crate::response::Response;

/// A request between its sending and its answer: [`Session::perform_begin`] makes one, and
/// [`finish`](Self::finish) gives the response. Dropped, it gives up the request and its
/// connection.
///
/// A thread may have any number of them, and wait for all at once:
///
/// ```no_run
/// let session = rq::Session::new();
/// let request = rq::Request::new("GET", "https://example.org/")?;
/// let mut sent = Vec::new();
/// for _ in 0..3 {
///     sent.push(session.perform_begin(&request, None)?);
/// }
/// for pending in sent {
///     println!("{}", pending.finish()?.status());
/// }
/// # Ok::<(), rq::Error>(())
/// ```
pub struct Pending {
    session: Arc<Inner>,
    settings: Arc<Options>,
    budget: Budget,
    prepared: Prepared,
    begun: Option<Box<Begun>>,
}

impl Session {
    /// Prepares `request` and sends it, over a kept connection or a new one, but does not wait for
    /// the answer. It is [`finish`](Pending::finish) that sends what takes more than that: a body
    /// that is streamed, announced, or larger than 16 KiB, by a proxy that forwards or an adapter
    /// of the caller's, and with hooks of requests.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); what goes wrong later, `finish` tells.
    pub fn perform_begin(
        &self,
        request: &Request,
        cancel: Option<&CancelToken>,
    ) -> Result<Pending> {
        let settings = self.0.options.snapshot();
        let prepared = self.0.in_context(&settings, |context| prepare(Some(context), request))?;
        Ok(Pending::of(self.0.clone(), settings, prepared, cancel))
    }

    /// The same for a request that is prepared already.
    #[must_use]
    pub fn send_begin(&self, prepared: &Prepared, cancel: Option<&CancelToken>) -> Pending {
        Pending::of(self.0.clone(), self.0.options.snapshot(), prepared.clone(), cancel)
    }
}

impl Pending {
    fn of(
        session: Arc<Inner>,
        settings: Arc<Options>,
        prepared: Prepared,
        cancel: Option<&CancelToken>,
    ) -> Self {
        let budget = budget(&settings, &prepared, cancel);
        let call = Call { session: &session, settings, budget, begun: Cell::default() };
        let begun = call.begin(&prepared);
        let Call { settings, budget, .. } = call;
        Self { session, settings, budget, prepared, begun }
    }

    /// What becomes readable when an answer comes, when the connection ends, or when the request is
    /// cancelled: then [`finish`](Self::finish) waits for the rest of the head at most. `None`:
    /// there is nothing to wait for, and `finish` does all that is left.
    ///
    /// It is the connection's own: to be waited for, and for nothing else.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.begun.as_ref()?.descriptor()
    }

    /// How long the descriptor may be waited for, by the read timeout and the deadline; after it
    /// [`finish`](Self::finish) tells the timeout, or the answer that came late. `None`: without a
    /// limit.
    #[must_use]
    pub fn wait_left(&self) -> Option<Duration> {
        self.begun.as_ref()?.wait_left(&self.budget)
    }

    /// Reads the response's head, and sends before that what has not been sent. Blocks where there
    /// is no answer yet. What was waited since the sending counts.
    ///
    /// # Errors
    /// As [`Session::send_cancellable`].
    pub fn finish(self) -> Result<Response> {
        let Self { session, settings, budget, prepared, begun } = self;
        Call { session: &session, settings, budget, begun: Cell::new(begun) }.run(&prepared)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({})", if self.begun.is_some() { "sent" } else { "to be sent" })
    }
}
