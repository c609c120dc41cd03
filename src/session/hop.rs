//! One hop: the hooks before it, the sending with its retries, the cookies it brings, the challenge
//! that is answered once, the hooks behind it (behaviours A8, C1, K4–K6, Y2–Y6).

use super::retry::{Attempt, Retry};
use super::send::Call;
use crate::adapter::{Begun, SendContext};
use crate::error::Result;
use crate::headers::Headers;
use crate::hooks::Hooks;
use crate::prepare::Prepared;
use crate::response::Response;
use crate::trace::Step;

pub(super) struct Hop<'a> {
    pub(super) call: &'a Call<'a>,
    /// Whether the session's cookies take part.
    pub(super) uses_jar: bool,
}

impl Hop<'_> {
    pub(super) fn run(&self, request: &Prepared) -> Result<Response> {
        let (base, own) =
            (&self.call.settings.exchanging.hooks, &request.options().exchanging.hooks);
        let hooked;
        let mut sent = request;
        if !(base.requests.is_empty() && own.requests.is_empty()) {
            hooked = before(request.clone(), base, own)?;
            sent = &hooked;
        }
        let mut response = self.transmit(sent)?;
        if let Some(answer) = self.answer(sent, &response)? {
            response.store();
            self.call.budget.tell(Step::Redirect, || response.status().to_string());
            let challenged = std::mem::replace(&mut response, self.transmit(&answer)?);
            response.set_history(vec![challenged]);
            // What was refused again may bring what the next request answers with.
            self.learn(&answer, &response)?;
        }
        after(response, base, own)
    }

    /// The request with the answer to the response's challenge, if it is one and there is an
    /// answer (A8).
    fn answer(&self, request: &Prepared, response: &Response) -> Result<Option<Prepared>> {
        if !self.learn(request, response)? {
            return Ok(None);
        }
        let call = self.call;
        let has_cookies = self.uses_jar && response.headers().contains("set-cookie");
        call.session.in_context(&call.settings, |context| request.answering(context, has_cookies))
    }

    /// Keeps a digest challenge; whether there was one.
    #[inline]
    fn learn(&self, request: &Prepared, response: &Response) -> Result<bool> {
        match request.digest() {
            Some(digest) if matches!(response.status(), 400..=499) => {
                digest.learn(request.url(), response.headers())
            }
            _ => Ok(false),
        }
    }

    /// Sends, again and again as far as the retries go.
    fn transmit(&self, request: &Prepared) -> Result<Response> {
        let policy = request.options().retries_over(&self.call.settings);
        let Some(policy) = policy else { return self.send_once(request) };
        let mut retry = Retry::new(policy);
        loop {
            let mut result = self.send_once(request);
            let Some(Attempt { pause, why }) = retry.next(request, &result)? else { return result };
            if let Ok(response) = &mut result {
                response.store();
            }
            drop(result);
            self.call.budget.tell(Step::Retry, || why);
            self.call.budget.pause(pause)?;
        }
    }

    fn send_once(&self, request: &Prepared) -> Result<Response> {
        let response = self
            .with_context(request, |context| self.call.session.adapters.send(request, context))?;
        self.keep_cookies(request, response.headers());
        Ok(response)
    }

    /// Sends the request without asking for its answer, where that can be done at once and nobody
    /// has a word in it.
    pub(super) fn begin(&self, request: &Prepared) -> Option<Box<Begun>> {
        let call = self.call;
        let (base, own) = (&call.settings.exchanging.hooks, &request.options().exchanging.hooks);
        if !(base.requests.is_empty() && own.requests.is_empty()) {
            return None;
        }
        let begin = |context: &SendContext<'_>| Ok(call.session.adapters.begin(request, context));
        self.with_context(request, begin).ok().flatten()
    }

    #[inline(always)]
    fn with_context<R>(
        &self,
        request: &Prepared,
        run: impl FnOnce(&SendContext<'_>) -> Result<R>,
    ) -> Result<R> {
        let Call { session, settings, budget, begun } = self.call;
        run(&SendContext {
            session: settings,
            budget,
            proxy: session.proxy(settings, request)?,
            environment_ca: &|| session.environment_ca(settings),
            passed_over: &|headers| self.keep_cookies(request, headers),
            begun,
        })
    }

    /// Cookies of every reply are kept (C1), but for a proxy's own.
    fn keep_cookies(&self, request: &Prepared, headers: &Headers) {
        if self.uses_jar {
            self.call.session.cookies.store(request.url(), headers);
        }
    }
}

fn before(mut request: Prepared, base: &Hooks, own: &Hooks) -> Result<Prepared> {
    for hook in base.requests.iter().chain(&own.requests) {
        hook(&mut request)?;
    }
    Ok(request)
}

fn after(mut response: Response, base: &Hooks, own: &Hooks) -> Result<Response> {
    for hook in base.responses.iter().chain(&own.responses) {
        response = hook(response)?;
    }
    Ok(response)
}
