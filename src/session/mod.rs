//! Policy: a session holds defaults, prepares requests with them, and sends. Knows no socket. Start
//! reading here.
//!
//! [`Session::prepare`] is pure (`prepare/`); [`Session::send`] is the send loop (`send.rs`) over
//! an adapter (`adapter/`). Sources: behaviours S1–S19, Z1.

mod send;

use std::sync::Arc;

use crate::adapter::{self, Adapter};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::options::{Options, SharedOptions};
use crate::prepare::{self, Prepared};
use crate::request::Request;
use crate::response::Response;

/// Defaults, and connections that are kept between requests. Clones are the same session; any
/// thread may use it.
///
/// ```no_run
/// use std::time::Duration;
///
/// let session = rq::Session::new();
/// session.configure(|options| {
///     options.timeout(Some(Duration::from_secs(3)), Some(Duration::from_secs(27)));
///     options.header("X-Trace", "1")
/// })?;
/// let mut response = session.get("https://example.org/")?;
/// println!("{} {}", response.status(), String::from_utf8_lossy(&response.content()?));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    options: SharedOptions,
    adapter: Box<dyn Adapter>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session with the four default headers of Requests and finite timeouts; nothing is opened
    /// yet.
    #[must_use]
    pub fn new() -> Self {
        let options = SharedOptions::new(Options::for_session());
        Self(Arc::new(Inner { options, adapter: adapter::http() }))
    }

    /// The session's settings: the defaults of every request.
    #[must_use]
    pub fn options(&self) -> &SharedOptions {
        &self.0.options
    }

    /// Changes the session's settings; requests under way keep those they began with.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn configure<R>(&self, change: impl FnOnce(&mut Options) -> R) -> R {
        self.0.options.update(change)
    }

    /// Merges `request` with the session's defaults into what will be sent. Sends nothing.
    ///
    /// # Errors
    /// An invalid URL; the request stays usable.
    pub fn prepare(&self, request: &Request) -> Result<Prepared> {
        prepare::prepare(Some(&self.0.options.snapshot()), request)
    }

    /// Sends `prepared` exactly as it stands and reads the response's head.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send(&self, prepared: &Prepared) -> Result<Response> {
        send::send(&self.0, prepared, None)
    }

    /// As [`send`](Self::send), until `cancel` is triggered: now, or while the body is read.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn send_cancellable(&self, prepared: &Prepared, cancel: &CancelToken) -> Result<Response> {
        send::send(&self.0, prepared, Some(cancel))
    }

    /// Prepares and sends a GET.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`send`](Self::send).
    pub fn get(&self, url: &str) -> Result<Response> {
        self.send(&self.prepare(&Request::new("GET", url)?)?)
    }

    /// Closes the connections that no request uses; the session stays usable (S8).
    pub fn close_idle(&self) {
        self.0.adapter.close_idle();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

/// Prepares without a session: no default headers at all (S10).
///
/// # Errors
/// An invalid URL.
pub fn prepare_alone(request: &Request) -> Result<Prepared> {
    prepare::prepare(None, request)
}
