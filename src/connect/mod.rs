//! Produces a connection: the chain is DNS → TCP → TLS, readable below from top to bottom.
//!
//! ```text
//!   http://    tcp
//!   https://   tcp → tls
//! ```
//! The whole chain stands under one limit, the connect timeout (behaviour O2). Knows neither
//! requests nor the pool.

mod dns;
mod socket;
pub(crate) mod stream;
mod sys;
mod tcp;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;

pub(crate) use dns::Lookups;
pub(crate) use socket::Stop;
use stream::Stream;
pub(crate) use tls::Profile;

use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::options::{Resolve, Trust};

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
        let addresses = addresses(&target, lookups, &limit, budget)?;
        let link = tcp::connect_any(&addresses, &limit).map_err(|stop| {
            let what = format!("cannot connect to {}", target.authority);
            failure(stop, ErrorKind::Connect, Phase::Connect, &what, budget)
        })?;
        match target.tls {
            None => Ok(Stream::Plain(link)),
            Some(profile) => {
                handshake(link, target.host, &target.authority, &profile, &limit, budget)
            }
        }
    }
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
    Ok(tcp::with_port(found, target.port))
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
        Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
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
