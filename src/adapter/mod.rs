//! Mechanism: a prepared request in, a response out. Knows no session, no cookies, no redirects.
//!
//! [`Adapter`] is Requests' seam of the same name (behaviours S18, N4), for the caller's own ones:
//! a mock, a recorder, another transport; its answers come back as [`Reply`]. `http` is the
//! built-in one: pool → connect → exchange, with one safe resend (`retry`). `route` is the way to
//! one server, `open` takes it, `proxied` holds what is said to proxies.

mod exchange;
mod http;
mod idle;
mod open;
mod outgoing;
mod pieces;
mod place;
mod pool;
mod proxied;
mod reply;
mod retry;
mod route;

pub use crate::connect::System;
pub(crate) use http::{Begun, HttpAdapter};
pub use reply::Reply;

use std::cell::Cell;

use crate::certs::CaBundle;
use crate::deadline::Budget;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::options::Options;
use crate::prepare::Prepared;
use crate::proxy::Proxy;
use crate::url::{Scheme, Url};

/// Answers requests in place of a server: what [`Session::mount`](crate::Session::mount) takes.
///
/// ```
/// use std::sync::Arc;
/// use rq::{Adapter, Prepared, Reply, Result, Session};
///
/// struct Echo;
///
/// impl Adapter for Echo {
///     fn send(&self, request: &Prepared) -> Result<Reply> {
///         let mut reply = Reply::new(200)?;
///         reply.header("Content-Type", "text/plain")?;
///         reply.body(request.method());
///         Ok(reply)
///     }
/// }
///
/// let session = Session::new();
/// session.mount("mock://", Arc::new(Echo))?;
/// assert_eq!(session.get("mock://anything")?.content()?, b"GET");
/// # Ok::<(), rq::Error>(())
/// ```
pub trait Adapter: Send + Sync {
    /// The answer to `request`, on the thread of the call, with no lock held.
    ///
    /// # Errors
    /// Whatever the adapter says; the call fails with it, and a retry policy may try again.
    fn send(&self, request: &Prepared) -> Result<Reply>;
}

/// What the session adds to a prepared request.
pub(crate) struct SendContext<'a> {
    /// The session's settings.
    pub(crate) session: &'a Options,
    pub(crate) budget: &'a Budget,
    /// The proxy to go through.
    pub(crate) proxy: Option<Proxy>,
    /// The CA bundle that the environment names in place of the system's.
    pub(crate) environment_ca: &'a dyn Fn() -> Result<Option<CaBundle>>,
    /// Is shown the headers of a reply of the server's that is answered without the caller seeing
    /// it.
    pub(crate) passed_over: &'a dyn Fn(&Headers),
    /// The exchange that has begun already, for the first sending to go on with.
    pub(crate) begun: &'a Cell<Option<Box<Begun>>>,
}

/// Whether the built-in adapter serves `url`.
pub(crate) fn is_served(url: &Url) -> bool {
    url.scheme() != Scheme::Other || url.socket_path().is_some()
}

/// The error for a URL that nothing serves (S18).
pub(crate) fn unserved(url: &Url) -> Error {
    let shown = crate::headers::shortened(&url.redacted());
    let message =
        format!("no adapter serves {shown:?}: only http, https, http+unix, and what is mounted");
    Error::new(ErrorKind::InvalidSchema, message).in_phase(Phase::Prepare)
}
