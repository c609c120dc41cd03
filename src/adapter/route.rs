//! The way to the server of one request under its settings: directly, through a unix domain socket,
//! through a proxy that forwards (http), or one that connects (https, SOCKS). What decides which
//! connections may serve it is the pool's key (flaws 23, 33–40). `open` opens new ones.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use super::SendContext;
use super::http::{HttpAdapter, Shared};
use super::outgoing::Wire;
use super::place::Key;
use super::pool::{Checkout, Policy};
use crate::auth::digest::Pieces;
use crate::body::{Home, Open};
use crate::cancel::Registration;
use crate::connect::stream::Stream;
use crate::connect::{Profile, System, Target};
use crate::deadline::{Budget, WaitEnd};
use crate::error::{ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::limits::SILENCE_TRUSTED;
use crate::options::{Options, TlsSettings, Trust, check_socket_path};
use crate::prepare::{Prepared, is_idempotent};
use crate::proxy::{Proxy, ProxyScheme};
use crate::trace::Step;
use crate::url::{Scheme, Url};

/// A connection in use.
pub(super) struct Connection {
    pub(super) open: Open,
    pub(super) reused: bool,
}

/// How one request's URL is reached.
pub(super) struct Route<'a> {
    adapter: &'a HttpAdapter,
    session: &'a Options,
    pub(super) prepared: &'a Prepared,
    pub(super) url: &'a Url,
    pub(super) proxy: Option<&'a Proxy>,
    /// The unix domain socket, in place of an address.
    socket: Option<Cow<'a, str>>,
    source: Option<IpAddr>,
    keeps_credentials_back: bool,
    /// For TLS with the server.
    pub(super) profile: Option<Profile>,
    /// For TLS with the proxy.
    pub(super) proxy_profile: Option<Profile>,
    policy: Policy,
}

impl<'a> Route<'a> {
    #[inline(always)]
    pub(super) fn of(
        adapter: &'a HttpAdapter,
        prepared: &'a Prepared,
        context: &'a SendContext<'_>,
    ) -> Result<Self> {
        let (url, session, options) = (prepared.url(), context.session, prepared.options());
        let socket = socket_of(url, options, session)?;
        let proxy = context.proxy.as_ref().filter(|_| socket.is_none());
        let profile = match url.scheme() {
            Scheme::Https => Some(profile_for(adapter, context, options.tls_over(session))?),
            Scheme::Http => None,
            Scheme::Other if socket.is_some() => None,
            Scheme::Other => return Err(super::unserved(url)),
        };
        let proxy_profile = match proxy.map(Proxy::scheme) {
            Some(ProxyScheme::Https) => {
                Some(profile_for(adapter, context, options.proxy_tls_over(session))?)
            }
            _ => None,
        };
        let policy = Policy { limits: session.pool_limits(), idle_age: session.idle_age_max() };
        Ok(Self {
            adapter,
            session,
            prepared,
            url,
            proxy,
            socket,
            source: options.source_address_over(session),
            keeps_credentials_back: options.proxy_digest_over(session),
            profile,
            proxy_profile,
            policy,
        })
    }

    pub(super) fn socket_path(&self) -> Option<&str> {
        self.socket.as_deref()
    }

    /// All that must be equal for a kept connection to serve this request.
    fn key(&self) -> Key<'_> {
        let number = |profile: &Option<Profile>| profile.as_ref().map_or(0, Profile::number);
        // A proxy that forwards serves every host over the same connections (P13).
        let (host, port) = match self.forwarder() {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (self.url.host(), self.url.port()),
        };
        Key {
            scheme: self.url.scheme(),
            host,
            port,
            tls: number(&self.profile),
            proxy: self.proxy.map(Proxy::url),
            proxy_tls: number(&self.proxy_profile),
            socket: self.socket_path(),
            source: self.source,
        }
    }

    /// The proxy, if it reads the request itself.
    pub(super) fn forwarder(&self) -> Option<&'a Proxy> {
        self.proxy.filter(|proxy| self.profile.is_none() && !proxy.scheme().is_socks())
    }

    /// Whether the request is written as to the server itself, all of it.
    pub(super) fn is_direct(&self) -> bool {
        self.proxy.is_none() && self.url.scheme() != Scheme::Other
    }

    /// How the request is written for this way.
    pub(super) fn wire(&self, prepared: &Prepared) -> Result<Wire<'a>> {
        let Some(proxy) = self.forwarder() else {
            if self.url.scheme() == Scheme::Other {
                return Ok(Wire::local(self.url));
            }
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

    pub(super) fn authorization(
        &self,
        proxy: &Proxy,
        method: &str,
        target: &str,
        body: Option<Pieces<'_>>,
    ) -> Result<Option<Vec<u8>>> {
        self.adapter.proxy_auths.answer(proxy, self.keeps_credentials_back, method, target, body)
    }

    /// Keeps a digest challenge of `proxy`; whether its credentials can answer it.
    pub(super) fn learn_from(&self, proxy: &Proxy, headers: &Headers) -> Result<bool> {
        self.adapter.proxy_auths.learn(proxy, headers)
    }

    /// Keeps the challenge of a proxy that forwards; whether it is a new one to answer.
    pub(super) fn learn(&self, headers: &Headers) -> Result<bool> {
        let has_own = self.prepared.headers().contains("proxy-authorization");
        match self.forwarder() {
            Some(proxy) if !has_own => self.learn_from(proxy, headers),
            _ => Ok(false),
        }
    }

    /// A kept connection that is alive and silent, or a new one. `fresh`: not a kept one.
    ///
    /// The look at the socket costs a system call a request, and is worth it: without it an answer
    /// that came before its request would be taken for the answer to it (fault 77, flaw 41). Only
    /// where the last request has just ended there is nothing to see: what comes now would as
    /// likely come after the look.
    pub(super) fn connection(&self, budget: &Budget, fresh: bool) -> Result<Connection> {
        let Shared { pool, lookups } = self.adapter.shared();
        loop {
            let limit = budget.connecting_if(self.policy.limits.open_per_host_max > 0);
            let Checkout { kept, buffer, home, permit } = pool
                .checkout(&self.key(), self.policy, &limit, budget.started())
                .map_err(|end| match end {
                    WaitEnd::Cancelled => Budget::cancelled(Phase::Pool),
                    WaitEnd::TimedOut => {
                        let what =
                            format!("every connection to {} stayed in use", self.url.authority());
                        budget.timed_out(ErrorKind::PoolTimeout, Phase::Pool, &what)
                    }
                })?;
            let Some((mut stream, rested)) = kept else {
                let mut stream = self.open(lookups, budget)?;
                let registration = registered(&mut stream, budget);
                let open = Open { stream, buffer, home, permit, keep: false, registration };
                return Ok(Connection { open, reused: false });
            };
            if !fresh && (self.is_silent_after(rested) || !stream.has_input()) {
                budget.tell(Step::Reused, || self.url.authority());
                let registration = registered(&mut stream, budget);
                let open = Open { stream, buffer, home, permit, keep: false, registration };
                return Ok(Connection { open, reused: true });
            }
            // Dead, or it has said something unasked (faults 76, 77): closed, and the next one is
            // tried.
            drop(stream);
            drop(permit);
            home.discard(buffer);
        }
    }

    /// Whether a connection that rested for so long needs no look: this request may be sent again
    /// if it turns out dead, and the connection serves this server alone.
    fn is_silent_after(&self, rested: Duration) -> bool {
        rested < SILENCE_TRUSTED
            && is_idempotent(self.prepared.method())
            && self.prepared.source().can_rewind()
            && self.forwarder().is_none()
    }

    pub(super) fn system(&self) -> Option<System> {
        self.adapter.system
    }

    pub(super) fn target<'b>(&self, host: &'b str, port: u16) -> Target<'b> {
        Target {
            host,
            port,
            authority: self.url.authority(),
            address: self.session.override_for(host, port),
            resolver: self.session.custom_resolver(),
            source: self.source,
        }
    }
}

/// The unix domain socket that serves `url`: that of its own scheme, or else the one that is set.
#[inline(always)]
fn socket_of<'a>(
    url: &Url,
    options: &'a Options,
    session: &'a Options,
) -> Result<Option<Cow<'a, str>>> {
    match url.socket_path() {
        Some(path) => {
            check_socket_path(&path)?;
            Ok(Some(Cow::Owned(path)))
        }
        None => Ok(options.unix_socket_over(session).map(Cow::Borrowed)),
    }
}

/// The TLS profile for `settings`; a bundle that the environment names stands in for the system's.
fn profile_for(
    adapter: &HttpAdapter,
    context: &SendContext<'_>,
    mut settings: TlsSettings,
) -> Result<Profile> {
    if settings.trust == Trust::System
        && let Some(bundle) = (context.environment_ca)()?
    {
        settings.trust = Trust::Bundle(bundle);
    }
    adapter.profiles.get(settings)
}

/// Lets the call's token shut `stream` down, if it has one.
#[inline]
fn registered(stream: &mut Stream, budget: &Budget) -> Option<Registration> {
    budget.cancel.as_ref().and_then(|token| stream.register(token))
}
