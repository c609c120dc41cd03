//! The only reader of the clock: how long each step of a request may take.
//!
//! A [`Budget`] is fixed when a call starts. Connecting (DNS, TCP, TLS handshake) must end by one
//! instant; reading and writing may pause for the read timeout at most (behaviour O3); the total
//! deadline stands over both and over the body. Everything is monotonic time but the age of
//! cookies.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::cancel::{CancelToken, Wake};
use crate::error::{Error, ErrorKind, Phase};
use crate::trace::{OnTrace, Step, Trace};

/// The timeouts of a request. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For DNS, TCP connect and TLS handshake together.
    pub(crate) connect: Option<Duration>,
    /// The longest silence of the peer, before the head and within the body.
    pub(crate) read: Option<Duration>,
    /// For the whole call: pool, connect, send, head and body.
    pub(crate) total: Option<Duration>,
}

/// The system's timers know no shorter one; a timeout of 0 would be none.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Seconds since 1970, for what servers date: cookies.
pub(crate) fn unix_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// What a call may spend, and how it is cancelled.
#[derive(Clone)]
pub(crate) struct Budget {
    /// When the hop under way began.
    started: Instant,
    /// When the call began; later hops start later.
    began: Instant,
    pub(crate) timeouts: Timeouts,
    deadline: Option<Instant>,
    pub(crate) cancel: Option<CancelToken>,
    trace: Option<Arc<[OnTrace]>>,
}

impl Budget {
    /// Starts the clock of one call.
    #[inline(always)]
    pub(crate) fn start(timeouts: Timeouts, cancel: Option<&CancelToken>) -> Self {
        let started = Instant::now();
        let deadline = timeouts.total.and_then(|total| started.checked_add(total));
        Self { started, began: started, timeouts, deadline, cancel: cancel.cloned(), trace: None }
    }

    /// Has `listeners` told of each step.
    pub(crate) fn traced_by(&mut self, listeners: Arc<[OnTrace]>) {
        self.trace = Some(listeners);
    }

    /// Starts the clock of the call's next hop; the deadline stays.
    pub(crate) fn next_hop(&mut self) {
        self.started = Instant::now();
    }

    /// Tells that a step has been done; `detail` is made only if somebody listens.
    #[inline(always)]
    pub(crate) fn tell(&self, step: Step, detail: impl FnOnce() -> String) {
        if let Some(listeners) = &self.trace {
            self.tell_them(listeners, step, &detail());
        }
    }

    #[cold]
    fn tell_them(&self, listeners: &[OnTrace], step: Step, detail: &str) {
        let trace = Trace { step, elapsed: self.began.elapsed(), detail };
        listeners.iter().for_each(|listener| listener(&trace));
    }

    /// Waits for `pause`, or until the call is cancelled or its deadline has passed.
    pub(crate) fn pause(&self, pause: Duration) -> Result<(), Error> {
        let end = Instant::now().checked_add(pause);
        let limit =
            Limit { by: earlier(end, self.deadline), cancel: self.cancel.clone(), ..Limit::none() };
        let bell = Arc::new(Bell::default());
        let _registration = limit.cancel.as_ref().map(|token| token.register(bell.clone()));
        let mut wait = limit.wait();
        loop {
            match wait.left() {
                Ok(left) => bell.wait(left),
                Err(WaitEnd::Cancelled) => return Err(Self::cancelled(Phase::Send)),
                Err(WaitEnd::TimedOut) if self.is_over() => {
                    let what = "the pause before the next try did not end";
                    return Err(self.timed_out(ErrorKind::TotalTimeout, Phase::Send, what));
                }
                Err(WaitEnd::TimedOut) => return Ok(()),
            }
        }
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// When the hop began: recent enough to tell the age of idle connections by.
    pub(crate) fn started(&self) -> Moment {
        Moment(self.started)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(CancelToken::is_triggered)
    }

    /// The error of a cancel, or of a deadline that has passed while `what`.
    pub(crate) fn check(&self, what: &str, phase: Phase) -> Result<(), Error> {
        if self.is_cancelled() {
            return Err(Self::cancelled(phase));
        }
        match self.is_over() {
            true => Err(self.timed_out(ErrorKind::TotalTimeout, phase, what)),
            false => Ok(()),
        }
    }

    /// The limit for everything that counts as connecting, from now.
    pub(crate) fn connecting(&self) -> Limit {
        let by = self.timeouts.connect.and_then(|connect| Instant::now().checked_add(connect));
        Limit { by: earlier(by, self.deadline), cancel: self.cancel.clone(), ..Limit::none() }
    }

    /// [`connecting`](Self::connecting) where something may have to be waited for; else no limit,
    /// and no clock is read.
    pub(crate) fn connecting_if(&self, may_wait: bool) -> Limit {
        match may_wait {
            true => self.connecting(),
            false => Limit::none(),
        }
    }

    /// The limit for each wait of an exchange.
    #[inline(always)]
    pub(crate) fn exchanging(&self) -> Limit {
        let idle = self.timeouts.read.map(|read| read.max(SHORTEST_WAIT));
        Limit { idle, by: self.deadline, cancel: self.cancel.clone(), now: false }
    }

    /// The same for a wait that has begun at `since`.
    pub(crate) fn exchanging_since(&self, since: Moment) -> Limit {
        let by = self.timeouts.read.and_then(|read| since.0.checked_add(read));
        Limit { by: earlier(by, self.deadline), cancel: self.cancel.clone(), ..Limit::none() }
    }

    /// How long such a wait may still last; `None` is no limit.
    pub(crate) fn left_since(&self, since: Moment) -> Option<Duration> {
        let by = self.exchanging_since(since).by?;
        Some(by.saturating_duration_since(Instant::now()))
    }

    /// The error for a limit that ran out: total if the deadline has passed, else `kind`.
    pub(crate) fn timed_out(&self, kind: ErrorKind, phase: Phase, what: &str) -> Error {
        let total = self.is_over();
        let (kind, limit, name) = match kind {
            _ if total => (ErrorKind::TotalTimeout, self.timeouts.total, "deadline"),
            ErrorKind::ConnectTimeout | ErrorKind::PoolTimeout => {
                (kind, self.timeouts.connect, "connect timeout")
            }
            _ => (kind, self.timeouts.read, "read timeout"),
        };
        let limit = limit.unwrap_or_default().as_millis();
        Error::new(kind, format!("{what} within the {name} of {limit} ms")).in_phase(phase)
    }

    pub(crate) fn cancelled(phase: Phase) -> Error {
        Error::new(ErrorKind::Cancelled, "the request was cancelled").in_phase(phase)
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// How long one blocking call may wait: at most `idle`, and not beyond `by`.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) idle: Option<Duration>,
    pub(crate) by: Option<Instant>,
    pub(crate) cancel: Option<CancelToken>,
    /// Nothing is waited for: what would have to wait ends with `Stop::NotYet`.
    pub(crate) now: bool,
}

impl Limit {
    /// No limit at all.
    pub(crate) const fn none() -> Self {
        Self { idle: None, by: None, cancel: None, now: false }
    }

    /// No wait at all.
    pub(crate) const fn now() -> Self {
        Self { idle: None, by: None, cancel: None, now: true }
    }

    /// A wait that begins now.
    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait { limit: self, since: None, trusted: false }
    }

    /// Whether its instant has passed.
    pub(crate) fn is_over(&self) -> bool {
        self.by.is_some_and(|by| Instant::now() >= by)
    }

    /// The same limit, but not beyond `most` from now.
    pub(crate) fn at_most(&self, most: Duration) -> Self {
        Self { by: earlier(self.by, Instant::now().checked_add(most)), ..self.clone() }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(CancelToken::is_triggered)
    }
}

/// What a pause sleeps on; a cancel rings it.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn wait(&self, left: Option<Duration>) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        if !*rung {
            let left = left.unwrap_or(Duration::MAX);
            drop(self.changed.wait_timeout(rung, left));
        }
    }
}

impl Wake for Bell {
    fn wake(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

/// One wait under a [`Limit`]. The clock is read only where a limit needs it.
pub(crate) struct Wait<'a> {
    limit: &'a Limit,
    since: Option<Instant>,
    /// The first wait was left to the kernel's timer.
    trusted: bool,
}

/// Why a wait must end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    TimedOut,
    Cancelled,
}

impl Wait<'_> {
    /// What is left of the wait: `None` is no limit. Never zero.
    pub(crate) fn left(&mut self) -> Result<Option<Duration>, WaitEnd> {
        if self.limit.is_cancelled() {
            return Err(WaitEnd::Cancelled);
        }
        if self.limit.idle.is_none() && self.limit.by.is_none() {
            return Ok(None);
        }
        let now = Instant::now();
        let spent = now - *self.since.get_or_insert(now);
        let idle = match self.limit.idle {
            Some(idle) => Some(idle.checked_sub(spent).filter(not_zero).ok_or(WaitEnd::TimedOut)?),
            None => None,
        };
        let rest = match self.limit.by {
            Some(by) => {
                Some(by.checked_duration_since(now).filter(not_zero).ok_or(WaitEnd::TimedOut)?)
            }
            None => None,
        };
        Ok(match (idle, rest) {
            (Some(idle), Some(rest)) => Some(idle.min(rest)),
            (idle, rest) => idle.or(rest),
        })
    }

    /// Counts time that has been waited where no clock was read.
    pub(crate) fn has_lasted(&mut self, time: Duration) {
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now.checked_sub(time).unwrap_or(now));
        }
    }

    /// The socket timeout for the rest of the wait, and whether its end is the end of the wait.
    ///
    /// While only the read timeout counts, no clock is read before a signal interrupts the wait,
    /// and this is one constant value, so that the socket's timeout need not change from call to
    /// call. Near a deadline it steps down by powers of two: at most a dozen changes for any
    /// deadline.
    pub(crate) fn socket_timeout(&mut self) -> Result<Option<(Duration, bool)>, WaitEnd> {
        if let (None, Some(idle), None) = (self.limit.by, self.limit.idle, self.since)
            && !std::mem::replace(&mut self.trusted, true)
        {
            let cancelled = self.limit.is_cancelled();
            return if cancelled { Err(WaitEnd::Cancelled) } else { Ok(Some((idle, true))) };
        }
        let first = self.since.is_none();
        let Some(left) = self.left()? else { return Ok(None) };
        match self.limit.idle {
            Some(idle) if first && left == idle => Ok(Some((idle, true))),
            _ => Ok(Some((step(left), false))),
        }
    }
}

fn not_zero(duration: &Duration) -> bool {
    !duration.is_zero()
}

/// The largest power of two milliseconds within `left`; below 16 ms, `left` itself (rounded up to 1
/// ms).
fn step(left: Duration) -> Duration {
    let ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    if ms < 16 {
        return left.max(SHORTEST_WAIT);
    }
    Duration::from_millis(1 << ms.ilog2().min(31))
}

/// When something happened, for ages; the clock stays in this file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Instant);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn age_at(self, now: Self) -> Duration {
        now.0.saturating_duration_since(self.0)
    }

    pub(crate) fn in_future(by: Duration) -> Self {
        Self(Instant::now() + by)
    }

    /// How long until then; zero once it has passed.
    pub(crate) fn ahead(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    pub(crate) fn is_ahead(self) -> bool {
        !self.ahead().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_fit_and_are_few() {
        let mut left = Duration::from_millis(60_000);
        let mut changes = 0;
        while !left.is_zero() && changes < 100 {
            assert!(step(left) <= left.max(Duration::from_millis(1)));
            left = left.saturating_sub(step(left));
            changes += 1;
        }
        assert!(changes <= 20, "{changes}");
    }

    #[test]
    fn a_read_timeout_alone_is_constant() {
        let idle = Duration::from_secs(60);
        let limit = Limit { idle: Some(idle), ..Limit::none() };
        assert_eq!(limit.wait().socket_timeout(), Ok(Some((idle, true))));
    }

    #[test]
    fn a_passed_deadline_ends_the_wait() {
        let limit = Limit { by: Some(Instant::now()), ..Limit::none() };
        assert_eq!(limit.wait().left(), Err(WaitEnd::TimedOut));
    }
}
