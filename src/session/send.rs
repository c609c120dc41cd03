//! The send loop: one hop is adapter → response; what a hop may lead to (another hop) is decided
//! here.

use super::Inner;
use crate::adapter::SendContext;
use crate::cancel::CancelToken;
use crate::deadline::Budget;
use crate::error::{Phase, Result};
use crate::prepare::Prepared;
use crate::response::Response;

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
        false => session.adapter.send(prepared, SendContext { session: settings, budget }),
    };
    sent.map_err(|error| error.at_url(&prepared.url().redacted()))
}
