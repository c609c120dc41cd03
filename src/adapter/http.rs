//! The adapter for http and https: a connection of the pool or a new one, the exchange on it, one
//! safe resend.

use std::sync::Arc;

use super::exchange::{Outgoing, Reply, exchange};
use super::pool::{Checkout, Key, Lease, Policy, Pool};
use super::retry::{self, Failure};
use super::{Adapter, SendContext};
use crate::body::buffer::ReadBuffer;
use crate::body::{Body, Home, Open};
use crate::cancel::Registration;
use crate::connect::stream::Stream;
use crate::connect::{Connector, Lookups, Profile, Target};
use crate::deadline::{Budget, WaitEnd};
use crate::error::{ErrorKind, Phase, Result};
use crate::options::Options;
use crate::prepare::Prepared;
use crate::process::PerProcess;
use crate::response::{Exchanged, Response};
use crate::url::{Scheme, Url};

#[derive(Default)]
pub(super) struct HttpAdapter {
    connector: Connector,
    shared: PerProcess<Shared>,
}

/// What a forked child must not share with its parent: sockets, and threads that it does not have.
#[derive(Default)]
struct Shared {
    pool: Arc<Pool>,
    lookups: Lookups,
}

impl HttpAdapter {
    fn shared(&self) -> &Shared {
        self.shared.get(|inherited| inherited.pool.drop_inherited())
    }
}

/// A connection in use.
struct Connection {
    stream: Stream,
    buffer: ReadBuffer,
    lease: Lease,
    reused: bool,
    registration: Option<Registration>,
}

impl Adapter for HttpAdapter {
    fn send(&self, prepared: &Prepared, context: SendContext) -> Result<Response> {
        let outgoing = Outgoing::of(prepared)?;
        let route = Route::of(self, prepared, &context)?;
        let budget = context.budget;
        let method = prepared.method();
        let mut connection = route.connection(&budget, false)?;
        loop {
            let Connection { stream, buffer, reused, .. } = &mut connection;
            let reused = *reused;
            match exchange(stream, buffer, &outgoing, &budget) {
                Ok(reply) => return Ok(respond(prepared, connection, reply, budget)),
                Err(failure)
                    if retry::may_resend(method, reused, &failure) && outgoing.can_be_sent() =>
                {
                    drop(connection);
                    connection = route.connection(&budget, true)?;
                }
                Err(Failure { error, .. }) => return Err(error),
            }
        }
    }

    fn close_idle(&self) {
        self.shared().pool.close_idle();
    }
}

/// How one request's URL is reached under its settings.
struct Route<'a> {
    adapter: &'a HttpAdapter,
    session: Arc<Options>,
    url: &'a Url,
    profile: Option<Profile>,
    key: Key<'a>,
    policy: Policy,
}

impl<'a> Route<'a> {
    fn of(adapter: &'a HttpAdapter, prepared: &'a Prepared, context: &SendContext) -> Result<Self> {
        let (url, session) = (prepared.url(), context.session.clone());
        let profile = match url.scheme() {
            Scheme::Http => None,
            Scheme::Other => return Err(super::unserved(url)),
            Scheme::Https => {
                Some(adapter.connector.profile(&prepared.options().trust_over(&session))?)
            }
        };
        let key = Key {
            scheme: url.scheme(),
            host: url.host(),
            port: url.port(),
            tls: profile.as_ref().map_or(0, |profile| profile.number),
            proxy: None,
        };
        let policy = Policy { limits: session.pool_limits(), idle_age: session.idle_age_max() };
        Ok(Self { adapter, session, url, profile, key, policy })
    }

    /// A kept connection that is alive and silent, or a new one. `fresh`: not a kept one.
    ///
    /// The look at the socket costs a system call a request, and is worth it: without it an answer
    /// that came before its request would be taken for the answer to it (fault 77, flaw 41).
    fn connection(&self, budget: &Budget, fresh: bool) -> Result<Connection> {
        let Shared { pool, lookups } = self.adapter.shared();
        loop {
            let limit = budget.connecting_if(self.policy.limits.open_per_host_max > 0);
            let Checkout { kept, buffer, lease } = pool
                .checkout(&self.key, self.policy, &limit, budget.started())
                .map_err(|end| match end {
                    WaitEnd::Cancelled => Budget::cancelled(Phase::Pool),
                    WaitEnd::TimedOut => {
                        let what =
                            format!("every connection to {} stayed in use", self.url.authority());
                        budget.timed_out(ErrorKind::PoolTimeout, Phase::Pool, &what)
                    }
                })?;
            let Some(mut stream) = kept else {
                let stream = self.open(lookups, budget)?;
                return Ok(Connection::new(stream, buffer, lease, false, budget));
            };
            if !fresh && !stream.has_input() {
                return Ok(Connection::new(stream, buffer, lease, true, budget));
            }
            // Dead, or it has said something unasked (faults 76, 77): closed, and the next one is
            // tried.
            drop(stream);
            Box::new(lease).discard(buffer);
        }
    }

    fn open(&self, lookups: &Lookups, budget: &Budget) -> Result<Stream> {
        let target = Target {
            host: self.url.host(),
            port: self.url.port(),
            authority: self.url.authority(),
            address: self.session.override_for(self.url.host(), self.url.port()),
            resolver: self.session.custom_resolver(),
            tls: self.profile.clone(),
        };
        self.adapter.connector.connect(target, lookups, budget)
    }
}

impl Connection {
    fn new(
        stream: Stream,
        buffer: ReadBuffer,
        lease: Lease,
        reused: bool,
        budget: &Budget,
    ) -> Self {
        let registration = budget.cancel.as_ref().map(|token| stream.register(token));
        Self { stream, buffer, lease, reused, registration }
    }
}

fn respond(prepared: &Prepared, connection: Connection, reply: Reply, budget: Budget) -> Response {
    let Connection { stream, buffer, lease, reused, registration } = connection;
    let Reply { head, framing, keep } = reply;
    let elapsed = budget.elapsed();
    let open = Open { stream, buffer, home: Box::new(lease), keep, registration };
    let body = Body::new(framing, open, budget);
    let exchanged = Exchanged { elapsed, reused, framing };
    Response::new(prepared.clone(), head, body, exchanged)
}
