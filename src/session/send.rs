//! The send loop: hops one after another until one's response is the answer. A hop is one request
//! and its response, with the challenge it may have to answer first (`hop`); a redirect leads to
//! the next (behaviours S16, R1–R12, R20).

use std::cell::Cell;
use std::sync::Arc;

use super::Inner;
use super::hop::Hop;
use crate::adapter::Begun;
use crate::cancel::CancelToken;
use crate::deadline::Budget;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::Options;
use crate::prepare::redirect::redirected;
use crate::prepare::{Prepared, uses_jar};
use crate::response::Response;
use crate::trace::Step;

/// Sends `prepared` under the settings of the session and of the request that it came from.
pub(super) fn send(
    session: &Inner,
    settings: Arc<Options>,
    prepared: &Prepared,
    cancel: Option<&CancelToken>,
) -> Result<Response> {
    let budget = budget(&settings, prepared, cancel);
    Call { session, settings, budget, begun: Cell::default() }.run(prepared)
}

/// What the call may spend, and who is told of it.
#[inline(always)]
pub(super) fn budget(
    settings: &Options,
    prepared: &Prepared,
    cancel: Option<&CancelToken>,
) -> Budget {
    let mut budget = Budget::start(prepared.options().timeouts_over(settings), cancel);
    let (own, base) = (&prepared.options().exchanging.hooks, &settings.exchanging.hooks);
    if !(own.traces.is_empty() && base.traces.is_empty()) {
        budget.traced_by(base.traces.iter().chain(&own.traces).cloned().collect());
    }
    budget
}

/// One call of the caller's: any number of hops under one deadline.
pub(super) struct Call<'a> {
    pub(super) session: &'a Inner,
    pub(super) settings: Arc<Options>,
    pub(super) budget: Budget,
    /// What the first sending goes on with, if it has begun.
    pub(super) begun: Cell<Option<Box<Begun>>>,
}

impl Call<'_> {
    #[inline(always)]
    pub(super) fn run(mut self, prepared: &Prepared) -> Result<Response> {
        let sent = match self.budget.is_cancelled() {
            true => Err(Budget::cancelled(match self.begun.take() {
                Some(_) => Phase::Head,
                None => Phase::Send,
            })),
            false => self.follow(prepared),
        };
        sent.map_err(|error| error.at_url(&prepared.url().redacted()))
    }

    /// Sends the request as far as that takes no wait.
    pub(super) fn begin(&self, prepared: &Prepared) -> Option<Box<Begun>> {
        match self.budget.is_cancelled() {
            true => None,
            false => self.on_hop(prepared).begin(prepared),
        }
    }

    /// Sends, and follows where the responses lead.
    #[inline(always)]
    fn follow(&mut self, prepared: &Prepared) -> Result<Response> {
        let mut response = self.hop(prepared)?;
        let Some(mut location) = response.location() else { return Ok(response) };
        let max = prepared.options().redirects_max_over(&self.settings);
        if !prepared.options().follows_over(&self.settings) {
            response.set_next(self.next(prepared, &response, &location));
            return Ok(response);
        }
        let mut history = Vec::new();
        let mut request = prepared.clone();
        loop {
            if history.len() >= max {
                return Err(too_many(max, &response));
            }
            request = self
                .next(&request, &response, &location)
                .map_err(|error| error.at_url(&response.request().url().redacted()))?;
            response.store();
            self.budget.tell(Step::Redirect, || request.url().redacted());
            history.push(response);
            self.budget.next_hop();
            response =
                self.hop(&request).map_err(|error| error.at_url(&request.url().redacted()))?;
            match response.location() {
                Some(next) => location = next,
                None => {
                    response.set_history(history);
                    return Ok(response);
                }
            }
        }
    }

    /// The request that `response` to `request` leads to.
    fn next(&self, request: &Prepared, response: &Response, location: &[u8]) -> Result<Prepared> {
        let (from, status) = (response.request().url(), response.status());
        self.session.in_context(&self.settings, |context| {
            redirected(request, from, status, location, context)
        })
    }

    fn hop(&self, request: &Prepared) -> Result<Response> {
        self.session.adapters.check(request.url())?;
        self.on_hop(request).run(request)
    }

    fn on_hop(&self, request: &Prepared) -> Hop<'_> {
        Hop { call: self, uses_jar: uses_jar(&self.settings, request.options()) }
    }
}

/// R11.
fn too_many(max: usize, response: &Response) -> Error {
    let message = format!("Exceeded {max} redirects.");
    Error::new(ErrorKind::TooManyRedirects, message)
        .in_phase(Phase::Head)
        .with_status(response.status())
        .at_url(&response.request().url().redacted())
}
