//! Mechanism: a prepared request in, a response out. Knows no session, no cookies, no redirects.
//!
//! [`Adapter`] is Requests' seam of the same name (behaviours S18, N4): policy above it, sockets
//! below. `http` is the one adapter so far: pool → connect → exchange, with one safe resend
//! (`retry`); `route` is the way to one server, through a proxy too (`proxied`).

mod exchange;
mod http;
mod pieces;
mod pool;
mod proxied;
mod retry;
mod route;

use crate::deadline::Budget;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::Options;
use crate::prepare::Prepared;
use crate::proxy::Proxy;
use crate::response::Response;
use crate::url::Url;

/// Sends prepared requests.
pub(crate) trait Adapter: Send + Sync {
    /// Sends `prepared` and reads the response's head.
    fn send(&self, prepared: &Prepared, context: &SendContext<'_>) -> Result<Response>;

    /// Closes connections that no request uses.
    fn close_idle(&self);
}

/// What the session adds to a prepared request.
pub(crate) struct SendContext<'a> {
    /// The session's settings.
    pub(crate) session: &'a Options,
    pub(crate) budget: &'a Budget,
    /// The proxy to go through.
    pub(crate) proxy: Option<Proxy>,
}

/// The adapter for `http://` and `https://`.
pub(crate) fn http() -> Box<dyn Adapter> {
    Box::new(http::HttpAdapter::default())
}

/// The error for a URL that nothing serves (S18).
pub(crate) fn unserved(url: &Url) -> Error {
    let shown = crate::headers::shortened(&url.redacted());
    let message = format!("no adapter serves {shown:?}: only http and https");
    Error::new(ErrorKind::InvalidSchema, message).in_phase(Phase::Prepare)
}
