//! Opens a connection the whole way: directly, through a unix domain socket, or through a proxy
//! with what it must be told first (behaviours P4–P7, X1–X5; `connect` has the table of the ways).

use super::proxied::{connect_head, refused};
use super::route::Route;
use crate::connect::socks::{Destination, Handshake, Version, check_name};
use crate::connect::stream::Stream;
use crate::connect::{Asked, Dial, Lookups, Target, is_address, unreached};
use crate::deadline::Budget;
use crate::error::{Error, ErrorKind, Phase, Reason, Result};
use crate::limits::ADDRESSES_MAX;
use crate::proxy::{Proxy, ProxyScheme};
use crate::trace::Step;

impl Route<'_> {
    /// A new connection, ready for the request; all of it under one connect timeout.
    pub(super) fn open(&self, lookups: &Lookups, budget: &Budget) -> Result<Stream> {
        let dial = Dial::new(lookups, self.system(), budget);
        let stream = match (self.socket_path(), self.proxy) {
            (Some(path), _) => dial.reach_unix(path)?,
            (None, None) => dial.reach(&self.target(self.url.host(), self.url.port()))?,
            (None, Some(proxy)) if proxy.scheme().is_socks() => self.through_socks(&dial, proxy)?,
            (None, Some(proxy)) if self.profile.is_none() => return self.reach(&dial, proxy),
            (None, Some(proxy)) => self.through_tunnel(&dial, proxy, budget)?,
        };
        match &self.profile {
            None => Ok(stream),
            Some(profile) => dial.secure(stream, self.url.host(), &self.url.authority(), profile),
        }
    }

    /// A connection to the proxy itself.
    fn reach(&self, dial: &Dial<'_>, proxy: &Proxy) -> Result<Stream> {
        let authority = proxy.to_string();
        let target =
            Target { authority: authority.clone(), ..self.target(proxy.host(), proxy.port()) };
        let kind = if proxy.scheme().is_socks() { ErrorKind::Socks } else { ErrorKind::Proxy };
        let opened = dial.reach(&target).and_then(|stream| match &self.proxy_profile {
            None => Ok(stream),
            Some(profile) => dial.secure(stream, proxy.host(), &authority, profile),
        });
        opened.map_err(|error| unreached(error, kind))
    }

    /// A tunnel to the server; a digest challenge is answered once, on a new connection.
    fn through_tunnel(&self, dial: &Dial<'_>, proxy: &Proxy, budget: &Budget) -> Result<Stream> {
        let own = self.prepared.headers().get("proxy-authorization");
        let agent = self.prepared.headers().get("user-agent");
        let to = self.url.authority();
        let mut answered = false;
        loop {
            let authorization = match own {
                Some(own) => Some(own.to_vec()),
                None => self.authorization(proxy, "CONNECT", &to, Some(&|_| Ok(())))?,
            };
            let head = connect_head(&to, agent, authorization.as_deref())?;
            let stream = self.reach(dial, proxy)?;
            match dial.tunnel(stream, &head, &proxy.to_string())? {
                Asked::Opened(stream) => return Ok(stream),
                Asked::Refused(head, rest, stream) => {
                    let may_answer = !answered && head.status == 407 && own.is_none();
                    if !may_answer || !self.learn_from(proxy, &head.headers)? {
                        return Err(refused(proxy, &head, &rest, stream, budget));
                    }
                    answered = true;
                    budget.tell(Step::Retry, || "407".to_owned());
                }
            }
        }
    }

    /// The connection of a SOCKS proxy to the server. Where names are looked up here, all its
    /// addresses are tried, each over a connection of its own.
    fn through_socks(&self, dial: &Dial<'_>, proxy: &Proxy) -> Result<Stream> {
        let (version, credentials) = match proxy.scheme() {
            ProxyScheme::Socks4 | ProxyScheme::Socks4a => (Version::V4, None),
            _ => (Version::V5, proxy.credentials()),
        };
        let handshake = Handshake { version, credentials, user_id: proxy.user() };
        let name = proxy.to_string();
        handshake.check(&name)?;
        let mut failed = None;
        for to in self.destinations(dial, proxy.scheme())? {
            let stream = self.reach(dial, proxy)?;
            match dial.socks(stream, &handshake, &to, &name) {
                Err(error) if another_may_do(&error) => failed = Some(error),
                done => return done,
            }
        }
        Err(failed.unwrap_or_else(|| {
            let to = self.url.authority();
            let message =
                format!("{to} has no IPv4 address, and SOCKS 4 knows no other; use socks5");
            Error::new(ErrorKind::Socks, message)
                .in_phase(Phase::Connect)
                .with_reason(Some(Reason::AddressNotSupported))
        }))
    }

    /// What a SOCKS proxy is asked to connect to (X1, X2): addresses as such, names only where the
    /// proxy is the one to look them up.
    fn destinations(&self, dial: &Dial<'_>, scheme: ProxyScheme) -> Result<Vec<Destination<'_>>> {
        let (host, port) = (self.url.host(), self.url.port());
        let by_proxy = matches!(scheme, ProxyScheme::Socks4a | ProxyScheme::Socks5h);
        if by_proxy && !is_address(host) {
            check_name(host)?;
            return Ok(vec![Destination::Name(host, port)]);
        }
        let mut addresses = dial.addresses(&self.target(host, port))?;
        if matches!(scheme, ProxyScheme::Socks4 | ProxyScheme::Socks4a) {
            addresses.retain(std::net::SocketAddr::is_ipv4);
        }
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses.into_iter().map(Destination::Address).collect())
    }
}

/// Whether the proxy may reach another address of the server.
fn another_may_do(error: &Error) -> bool {
    error.kind() == ErrorKind::Socks
        && matches!(
            error.reason(),
            Some(
                Reason::GeneralFailure
                    | Reason::Refused
                    | Reason::NetworkUnreachable
                    | Reason::HostUnreachable
                    | Reason::ConnectionRefused
                    | Reason::TtlExpired
                    | Reason::AddressNotSupported
            )
        )
}
