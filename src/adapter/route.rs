//! The way to the server of one request under its settings: directly, through a proxy that forwards
//! (http), or through a tunnel that a proxy opens (https). What decides which connections may serve
//! it is the pool's key (flaws 33–40).

use super::SendContext;
use super::exchange::Wire;
use super::http::{HttpAdapter, Shared};
use super::pool::{Checkout, Key, Lease, Policy};
use super::proxied::{self, refused};
use crate::auth::digest::Pieces;
use crate::body::Home;
use crate::body::buffer::ReadBuffer;
use crate::cancel::Registration;
use crate::connect::stream::Stream;
use crate::connect::{Connector, Lookups, Opened, Profile, Target, Tunnel, unreached};
use crate::deadline::{Budget, WaitEnd};
use crate::error::{ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::options::Options;
use crate::prepare::Prepared;
use crate::proxy::Proxy;
use crate::trace::Step;
use crate::url::{Scheme, Url};

/// A connection in use.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) buffer: ReadBuffer,
    pub(super) lease: Lease,
    pub(super) reused: bool,
    pub(super) registration: Option<Registration>,
}

/// How one request's URL is reached.
pub(super) struct Route<'a> {
    adapter: &'a HttpAdapter,
    session: &'a Options,
    prepared: &'a Prepared,
    url: &'a Url,
    proxy: Option<&'a Proxy>,
    keeps_credentials_back: bool,
    profile: Option<Profile>,
    key: Key<'a>,
    policy: Policy,
}

impl<'a> Route<'a> {
    pub(super) fn of(
        adapter: &'a HttpAdapter,
        prepared: &'a Prepared,
        context: &'a SendContext<'_>,
    ) -> Result<Self> {
        let (url, session) = (prepared.url(), context.session);
        let proxy = context.proxy.as_ref();
        proxy.map_or(Ok(()), proxied::check_scheme)?;
        let profile = match url.scheme() {
            Scheme::Http => None,
            Scheme::Other => return Err(super::unserved(url)),
            Scheme::Https => {
                Some(adapter.connector.profile(&prepared.options().trust_over(session))?)
            }
        };
        let tls = profile.as_ref().map_or(0, |profile| profile.number);
        // A proxy that forwards serves every host over the same connections (P13).
        let (host, port) = match proxy {
            Some(proxy) if profile.is_none() => (proxy.host(), proxy.port()),
            _ => (url.host(), url.port()),
        };
        let key = Key { scheme: url.scheme(), host, port, tls, proxy: proxy.map(Proxy::url) };
        let policy = Policy { limits: session.pool_limits(), idle_age: session.idle_age_max() };
        let keeps_credentials_back = prepared.options().proxy_digest_over(session);
        Ok(Self {
            adapter,
            session,
            prepared,
            url,
            proxy,
            keeps_credentials_back,
            profile,
            key,
            policy,
        })
    }

    /// The proxy, if it reads the request itself.
    fn forwarder(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|_| self.profile.is_none())
    }

    /// How the request is written for this way.
    pub(super) fn wire(&self, prepared: &Prepared) -> Result<Wire<'a>> {
        let Some(proxy) = self.forwarder() else {
            // What was meant for the proxy is never told to the server (flaw 19).
            return Ok(Wire::direct(self.url, self.proxy.is_some()));
        };
        let target = format!("http://{}{}", self.url.verbatim_host(), self.url.target());
        let authorization = match prepared.headers().contains("proxy-authorization") {
            true => None,
            false => prepared
                .with_pieces(|body| self.authorization(proxy, prepared.method(), &target, body))?,
        };
        Ok(Wire::forwarded(self.url, target, authorization))
    }

    fn authorization(
        &self,
        proxy: &Proxy,
        method: &str,
        target: &str,
        body: Option<Pieces<'_>>,
    ) -> Result<Option<Vec<u8>>> {
        self.adapter.proxy_auths.answer(proxy, self.keeps_credentials_back, method, target, body)
    }

    /// Keeps the challenge of a proxy that forwards; whether it is a new one to answer.
    pub(super) fn learn(&self, headers: &Headers) -> Result<bool> {
        let has_own = self.prepared.headers().contains("proxy-authorization");
        match self.forwarder() {
            Some(proxy) if !has_own => self.adapter.proxy_auths.learn(proxy, headers),
            _ => Ok(false),
        }
    }

    /// A kept connection that is alive and silent, or a new one. `fresh`: not a kept one.
    ///
    /// The look at the socket costs a system call a request, and is worth it: without it an answer
    /// that came before its request would be taken for the answer to it (fault 77, flaw 41).
    pub(super) fn connection(&self, budget: &Budget, fresh: bool) -> Result<Connection> {
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
                budget.tell(Step::Reused, || self.url.authority());
                return Ok(Connection::new(stream, buffer, lease, true, budget));
            }
            // Dead, or it has said something unasked (faults 76, 77): closed, and the next one is
            // tried.
            drop(stream);
            Box::new(lease).discard(buffer);
        }
    }

    fn open(&self, lookups: &Lookups, budget: &Budget) -> Result<Stream> {
        let connector = &self.adapter.connector;
        let Some(proxy) = self.proxy else {
            return connector.connect(
                self.target(self.url.host(), self.url.port()),
                lookups,
                budget,
            );
        };
        let target = self.target(proxy.host(), proxy.port());
        if self.profile.is_none() {
            let target = Target { tls: None, authority: proxy.to_string(), ..target };
            return connector.connect(target, lookups, budget).map_err(unreached);
        }
        self.tunnel(connector, proxy, lookups, budget)
    }

    /// Opens a tunnel; a digest challenge is answered once, on a new connection.
    fn tunnel(
        &self,
        connector: &Connector,
        proxy: &Proxy,
        lookups: &Lookups,
        budget: &Budget,
    ) -> Result<Stream> {
        let own = self.prepared.headers().get("proxy-authorization");
        let to = self.url.authority();
        let mut answered = false;
        loop {
            let authorization = match own {
                Some(own) => Some(own.to_vec()),
                None => self.authorization(proxy, "CONNECT", &to, Some(&|_| Ok(())))?,
            };
            let agent = self.prepared.headers().get("user-agent").map(<[u8]>::to_vec);
            let head = proxied::connect_head(&to, agent.as_deref(), authorization.as_deref())?;
            let tunnel = Tunnel { head: &head, host: self.url.host(), proxy: proxy.to_string() };
            let target =
                Target { authority: proxy.to_string(), ..self.target(proxy.host(), proxy.port()) };
            match connector.tunnel(target, &tunnel, lookups, budget)? {
                Opened::Stream(stream) => return Ok(stream),
                Opened::Refused(head) => {
                    let may_answer = !answered && head.status == 407 && own.is_none();
                    if !may_answer || !self.adapter.proxy_auths.learn(proxy, &head.headers)? {
                        return Err(refused(proxy, &head));
                    }
                    answered = true;
                    budget.tell(Step::Retry, || "407".to_owned());
                }
            }
        }
    }

    fn target<'b>(&self, host: &'b str, port: u16) -> Target<'b> {
        Target {
            host,
            port,
            authority: self.url.authority(),
            address: self.session.override_for(host, port),
            resolver: self.session.custom_resolver(),
            tls: self.profile.clone(),
        }
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
