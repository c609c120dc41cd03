//! The adapter for http and https: a connection of the pool or a new one, the exchange on it, and
//! what is sent once more without asking: after a dead kept connection, without an Expect that was
//! refused, with the answer to a proxy's challenge.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::SendContext;
use super::exchange::{Half, Reply, exchange, receive, send};
use super::outgoing::Outgoing;
use super::pool::Pool;
use super::proxied::ProxyAuths;
use super::retry::{self, Failure};
use super::route::{Connection, Route};
use crate::body::content::Content;
use crate::body::{Body, Open, Watch};
use crate::connect::{Lookups, Profiles, System};
use crate::deadline::{Budget, Moment};
use crate::error::Result;
use crate::headers::Headers;
use crate::http1::framing::Framing;
use crate::options::Options;
use crate::prepare::Prepared;
use crate::process::PerProcess;
use crate::response::{Exchanged, Response};
use crate::trace::Step;

/// One pool of connections, and what it has learned of peers.
#[derive(Default)]
pub(crate) struct HttpAdapter {
    pub(super) profiles: Profiles,
    pub(super) proxy_auths: ProxyAuths,
    pub(super) system: Option<System>,
    shared: PerProcess<Shared>,
}

/// What a forked child must not share with its parent: sockets, and threads that it does not have.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) pool: std::sync::Arc<Pool>,
    pub(super) lookups: Lookups,
}

impl HttpAdapter {
    pub(crate) fn new(system: Option<System>) -> Self {
        Self { system, ..Self::default() }
    }

    /// Another of its kind, with connections of its own.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.system)
    }

    pub(super) fn shared(&self) -> &Shared {
        self.shared.get(|inherited| inherited.pool.drop_inherited())
    }
}

impl HttpAdapter {
    /// Sends `prepared` and reads the response's head.
    pub(crate) fn send(&self, prepared: &Prepared, context: &SendContext<'_>) -> Result<Response> {
        let route = Route::of(self, prepared, context)?;
        let mut outgoing = outgoing(prepared, &route)?;
        let mut response = self.exchange(prepared, &route, &outgoing, context)?;
        if response.status() == 417 && outgoing.expects() && outgoing.can_be_sent() {
            // Fault 47: the server does not know Expect; the body was not asked for.
            (context.passed_over)(response.headers());
            response.store();
            outgoing = Outgoing::of(prepared, route.wire(prepared)?.without_expect())?;
            context.budget.tell(Step::Retry, || "417".to_owned());
            response = self.exchange(prepared, &route, &outgoing, context)?;
        }
        if response.status() == 407 && outgoing.can_be_sent() && route.learn(response.headers())? {
            response.store();
            outgoing = Outgoing::of(prepared, route.wire(prepared)?)?;
            context.budget.tell(Step::Retry, || "407".to_owned());
            response = self.exchange(prepared, &route, &outgoing, context)?;
        }
        Ok(response)
    }

    /// Sends `prepared`, if it is of the kind that leaves at once, and leaves its answer to
    /// [`send`](Self::send), which tells as well what went wrong here.
    pub(crate) fn begin(
        &self,
        prepared: &Prepared,
        context: &SendContext<'_>,
    ) -> Option<Box<Begun>> {
        let route = Route::of(self, prepared, context).ok()?;
        // What is told to a proxy that forwards may be good for one sending.
        if route.forwarder().is_some() {
            return None;
        }
        let outgoing = outgoing(prepared, &route).ok().filter(Outgoing::leaves_at_once)?;
        Some(Box::new(Begun(route.connection(context.budget, false).map(|mut connection| {
            let Open { stream, buffer, .. } = &mut connection.open;
            let half = send(stream, buffer, &outgoing, context.budget);
            (connection, half)
        }))))
    }

    /// Closes connections that no request uses.
    pub(crate) fn close_idle(&self) {
        self.shared().pool.close_idle();
    }

    /// One exchange, and one more if its connection was kept and dead.
    fn exchange(
        &self,
        prepared: &Prepared,
        route: &Route<'_>,
        outgoing: &Outgoing<'_>,
        context: &SendContext<'_>,
    ) -> Result<Response> {
        let (method, budget) = (prepared.method(), context.budget);
        let mut fresh = false;
        if let Some(begun) = context.begun.take() {
            match begun.go_on(prepared, outgoing, context)? {
                Some(response) => return Ok(response),
                None => fresh = true,
            }
        }
        loop {
            let mut connection = route.connection(budget, fresh)?;
            let Connection { open, reused } = &mut connection;
            let reused = *reused;
            match exchange(&mut open.stream, &mut open.buffer, outgoing, budget) {
                Ok(reply) => return Ok(respond(prepared, connection, reply, context)),
                Err(failure)
                    if retry::may_resend(method, reused, &failure) && outgoing.can_be_sent() =>
                {
                    drop(connection);
                    tell_of_resending(budget);
                    fresh = true;
                }
                Err(Failure { error, .. }) => return Err(error),
            }
        }
    }
}

fn tell_of_resending(budget: &Budget) {
    budget.tell(Step::Retry, || "the kept connection was dead".to_owned());
}

/// An exchange that has begun: its request has been sent, or no connection could be had.
pub(crate) struct Begun(Result<(Connection, Box<Half>)>);

impl Begun {
    /// The response; `None`: its kept connection was dead, and the request is to be sent once more.
    /// Kept apart, since most requests are sent in one piece.
    #[cold]
    fn go_on(
        self,
        prepared: &Prepared,
        outgoing: &Outgoing<'_>,
        context: &SendContext<'_>,
    ) -> Result<Option<Response>> {
        let (mut connection, half) = self.0?;
        let Open { stream, buffer, .. } = &mut connection.open;
        match receive(stream, buffer, outgoing, *half, context.budget) {
            Ok(reply) => Ok(Some(respond(prepared, connection, reply, context))),
            // All of it is in memory: it can be sent again.
            Err(failure) if retry::may_resend(prepared.method(), connection.reused, &failure) => {
                drop(connection);
                tell_of_resending(context.budget);
                Ok(None)
            }
            Err(Failure { error, .. }) => Err(error),
        }
    }

    /// What becomes readable when there is an answer; `None`: there is nothing to wait for.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        let (Connection { open: Open { stream, buffer, .. }, .. }, half) = self.0.as_ref().ok()?;
        half.waits_since()?;
        // What has been opened already makes nothing readable.
        (stream.unread().is_empty() && buffer.unread().is_empty()).then(|| stream.descriptor())
    }

    /// How long the answer may be waited for; `None`: without a limit.
    pub(crate) fn wait_left(&self, budget: &Budget) -> Option<Duration> {
        let (_, half) = self.0.as_ref().ok()?;
        budget.left_since(half.waits_since()?)
    }
}

/// How `prepared` is written for its way.
#[inline]
fn outgoing<'a>(prepared: &'a Prepared, route: &Route<'_>) -> Result<Outgoing<'a>> {
    let known = if route.is_direct() { Outgoing::again(prepared) } else { None };
    match known {
        Some(outgoing) => Ok(outgoing),
        None => Outgoing::of(prepared, route.wire(prepared)?),
    }
}

#[inline(always)]
fn respond(
    prepared: &Prepared,
    connection: Connection,
    reply: Reply,
    context: &SendContext<'_>,
) -> Response {
    let Connection { mut open, reused } = connection;
    let Reply { head, framing, keep } = reply;
    let (options, session, budget) = (prepared.options(), context.session, context.budget);
    let (began, answered) = (budget.started(), Moment::now());
    let chain = open.stream.chain().cloned();
    open.keep = keep;
    let watch = watch(options, session, framing);
    let body = Body::new(framing, open, budget.clone(), watch);
    let content = content(body, &head.headers, options, session);
    let exchanged = Exchanged { began, answered, reused, framing, chain };
    Response::new(prepared.clone(), head, content, exchanged)
}

#[inline(always)]
pub(super) fn content(
    body: Body,
    headers: &Headers,
    options: &Options,
    session: &Options,
) -> Content {
    Content::new(body, headers, options.decodes_over(session), options.decoded_max_over(session))
}

/// What is asked of the body beside its bytes: most have nothing of it.
#[inline]
pub(super) fn watch(options: &Options, session: &Options, framing: Framing) -> Option<Box<Watch>> {
    let max = options.body_max_over(session);
    let (base, own) = (&session.exchanging.hooks.downloads, &options.exchanging.hooks.downloads);
    if max.is_none() && base.is_empty() && own.is_empty() {
        return None;
    }
    let listeners = base.iter().chain(own).cloned().collect();
    let total = match framing {
        Framing::Length(length) => Some(length),
        _ => None,
    };
    Some(Box::new(Watch { max, listeners, total }))
}
