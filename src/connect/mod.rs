//! Produces a connection: the chain is DNS → TCP → TLS, readable below from top to bottom.
//!
//! ```text
//!   http://                      tcp
//!   https://                     tcp → tls
//!   https:// through a proxy     tcp → tunnel → tls
//! ```
//! The whole chain stands under one limit, the connect timeout (behaviour O2). Knows neither
//! requests nor the pool.

mod dns;
mod socket;
pub(crate) mod stream;
mod sys;
mod tcp;
mod tls;
mod tunnel;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;

pub(crate) use dns::Lookups;
pub(crate) use socket::Stop;
use stream::Stream;
pub(crate) use tls::Profile;

use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::http1::decode::Head;
use crate::options::{Resolve, Trust};
use crate::trace::Step;

/// Where to connect to, and how.
pub(crate) struct Target<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// `host:port` for messages.
    pub(crate) authority: String,
    /// Connect here instead of looking `host` up.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) resolver: Option<Arc<dyn Resolve>>,
    /// For https.
    pub(crate) tls: Option<Profile>,
}

/// A tunnel to be asked for.
pub(crate) struct Tunnel<'a> {
    /// The CONNECT head as it is sent.
    pub(crate) head: &'a [u8],
    /// The server behind it.
    pub(crate) host: &'a str,
    /// The proxy, for messages.
    pub(crate) proxy: String,
}

/// What came of asking for a tunnel.
pub(crate) enum Opened {
    Stream(Stream),
    /// The head of an answer that opens none.
    Refused(Head),
}

/// Opens connections for one session.
#[derive(Default)]
pub(crate) struct Connector {
    profiles: tls::Profiles,
}

impl Connector {
    /// The TLS profile for `trust`.
    pub(crate) fn profile(&self, trust: &Trust) -> Result<Profile> {
        self.profiles.get(trust)
    }

    /// Connects to `target` within the budget's connect timeout.
    pub(crate) fn connect(
        &self,
        target: Target<'_>,
        lookups: &Lookups,
        budget: &Budget,
    ) -> Result<Stream> {
        let limit = budget.connecting();
        let link = link(&target, lookups, &limit, budget)?;
        match target.tls {
            None => Ok(Stream::Plain(link)),
            Some(profile) => {
                handshake(link, target.host, &target.authority, &profile, &limit, budget)
            }
        }
    }

    /// Connects to the server behind a tunnel through the proxy at `target`, all within the
    /// connect timeout.
    pub(crate) fn tunnel(
        &self,
        target: Target<'_>,
        tunnel: &Tunnel<'_>,
        lookups: &Lookups,
        budget: &Budget,
    ) -> Result<Opened> {
        let limit = budget.connecting();
        let mut link = link(&target, lookups, &limit, budget).map_err(unreached)?;
        let registration = limit.cancel.as_ref().map(|token| link.register(token));
        let head = tunnel::ask(&mut link, tunnel.head, &limit).map_err(|error| match error {
            tunnel::Failure::Error(error) => tunnel::told(&tunnel.proxy, &error),
            tunnel::Failure::Stop(stop) => {
                let what = format!("{} opened no tunnel", tunnel.proxy);
                failure(stop, ErrorKind::Proxy, Phase::Connect, &what, budget)
            }
        })?;
        drop(registration);
        match (head.status, target.tls) {
            (200..=299, Some(profile)) => {
                handshake(link, tunnel.host, tunnel.host, &profile, &limit, budget)
                    .map(Opened::Stream)
            }
            _ => Ok(Opened::Refused(head)),
        }
    }
}

/// A proxy that could not be reached (P7); timeouts and cancels stay what they are.
pub(crate) fn unreached(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Dns | ErrorKind::Connect => {
            let message = format!("the proxy cannot be reached: {}", error.message());
            Error::new(ErrorKind::Proxy, message)
                .in_phase(error.phase())
                .with_os_error(error.os_error())
        }
        _ => error,
    }
}

/// An open TCP connection to the target.
fn link(
    target: &Target<'_>,
    lookups: &Lookups,
    limit: &Limit,
    budget: &Budget,
) -> Result<socket::Link> {
    let addresses = addresses(target, lookups, limit, budget)?;
    let link = tcp::connect_any(&addresses, limit).map_err(|stop| {
        let what = format!("cannot connect to {}", target.authority);
        failure(stop, ErrorKind::Connect, Phase::Connect, &what, budget)
    })?;
    budget.tell(Step::Connect, || target.authority.clone());
    Ok(link)
}

fn addresses(
    target: &Target<'_>,
    lookups: &Lookups,
    limit: &Limit,
    budget: &Budget,
) -> Result<Vec<SocketAddr>> {
    if let Some(address) = target.address {
        return Ok(vec![address]);
    }
    let what = format!("no address of {} was found", target.host);
    let found = lookups
        .addresses(target.host, target.resolver.clone(), limit)
        .map_err(|stop| failure(stop, ErrorKind::Dns, Phase::Dns, &what, budget))?
        .map_err(|error| error.in_phase(Phase::Dns))?;
    if !is_address(target.host) {
        budget.tell(Step::Dns, || target.host.to_owned());
    }
    Ok(tcp::with_port(found, target.port))
}

/// Whether the host of a URL is an address, for which nothing is looked up.
fn is_address(host: &str) -> bool {
    host.contains(':') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

fn handshake(
    link: socket::Link,
    host: &str,
    authority: &str,
    profile: &Profile,
    limit: &Limit,
    budget: &Budget,
) -> Result<Stream> {
    let _registration = limit.cancel.as_ref().map(|token| link.register(token));
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        let message = format!("TLS cannot verify the host name {host:?}");
        Error::new(ErrorKind::Tls, message).in_phase(Phase::Tls)
    })?;
    match tls::stream::TlsStream::handshake(link, profile, name, limit) {
        Ok(stream) => {
            budget.tell(Step::Tls, || authority.to_owned());
            Ok(Stream::Tls(Box::new(stream)))
        }
        Err(stop) => {
            let what = format!("TLS with {authority} failed");
            Err(failure(explained(stop, host), ErrorKind::Tls, Phase::Tls, &what, budget))
        }
    }
}

/// The same stop, TLS errors put into words.
fn explained(stop: Stop, host: &str) -> Stop {
    match stop {
        Stop::Tls(error) => Stop::Tls(rustls::Error::General(tls::explain(&error, host))),
        stop => stop,
    }
}

/// The error for a stop while connecting: a timeout is the connect timeout, whatever was under way.
fn failure(stop: Stop, kind: ErrorKind, phase: Phase, what: &str, budget: &Budget) -> Error {
    match stop {
        Stop::TimedOut => budget.timed_out(ErrorKind::ConnectTimeout, phase, what),
        stop => describe(stop, kind, phase, what),
    }
}

/// The error for a stop that is no timeout.
pub(crate) fn describe(stop: Stop, kind: ErrorKind, phase: Phase, what: &str) -> Error {
    match &stop {
        Stop::Cancelled => Budget::cancelled(phase),
        Stop::Source(error) => error.clone(),
        Stop::Tls(rustls::Error::General(words)) => {
            Error::new(ErrorKind::Tls, format!("{what}: {words}")).in_phase(phase)
        }
        Stop::Tls(error) => {
            Error::new(ErrorKind::Tls, format!("{what}: {}", tls::explain(error, "the peer")))
                .in_phase(phase)
        }
        Stop::TimedOut | Stop::Io(_) => match stop.io_error() {
            Some(error) => Error::system(kind, what, &error).in_phase(phase),
            None => Error::new(kind, what).in_phase(phase),
        },
    }
}
