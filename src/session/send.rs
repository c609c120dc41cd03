//! The send loop: one hop is adapter → response; what a hop may lead to (another hop) is decided
//! here.

use std::sync::Arc;

use super::Inner;
use crate::adapter::{self, SendContext};
use crate::cancel::CancelToken;
use crate::deadline::Budget;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::Options;
use crate::prepare::{Prepared, uses_jar};
use crate::proxy::Proxy;
use crate::response::Response;
use crate::url::Scheme;

/// Sends `prepared` under the settings of the session and of the request that it came from.
pub(super) fn send(
    session: &Inner,
    prepared: &Prepared,
    cancel: Option<&CancelToken>,
) -> Result<Response> {
    let settings = session.options.snapshot();
    let timeouts = prepared.options().timeouts_over(&settings);
    let budget = Budget::start(timeouts, cancel);
    let sent = match budget.is_cancelled() {
        true => Err(Budget::cancelled(Phase::Send)),
        false => send_hop(session, prepared, settings, budget),
    };
    sent.map_err(|error| error.at_url(&prepared.url().redacted()))
}

/// Sends once; what the response's head tells is kept: cookies, and a challenge (C1, A9).
fn send_hop(
    session: &Inner,
    prepared: &Prepared,
    settings: Arc<Options>,
    budget: Budget,
) -> Result<Response> {
    if prepared.url().scheme() == Scheme::Other {
        return Err(adapter::unserved(prepared.url()));
    }
    if let Some(proxy) = session.proxy(&settings, prepared)? {
        return Err(no_proxies_yet(&proxy));
    }
    let uses_jar = uses_jar(&settings, prepared.options());
    let response = session.adapter.send(prepared, SendContext { session: settings, budget })?;
    if uses_jar {
        session.cookies.store(prepared.url(), response.headers());
    }
    if let (Some(digest), 401) = (prepared.digest(), response.status()) {
        digest.learn(prepared.url(), response.headers())?;
    }
    Ok(response)
}

/// Going past a proxy that was asked for would tell the server who asks.
fn no_proxies_yet(proxy: &Proxy) -> Error {
    let message = format!("cannot send through {proxy}: this version connects directly only");
    Error::new(ErrorKind::InvalidProxy, message).in_phase(Phase::Prepare)
}
