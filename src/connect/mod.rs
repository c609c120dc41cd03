//! Produces connections, link by link: lookup and TCP or a unix domain socket ([`Dial::reach`]),
//! TLS ([`Dial::secure`]), a tunnel of an HTTP proxy ([`Dial::tunnel`]), the connection of a SOCKS
//! proxy ([`Dial::socks`]). Which links make a way is the adapter's to say:
//!
//! ```text
//!   http://                             reach
//!   https://                            reach → secure
//!   http:// through an http:// proxy    reach
//!   http:// through an https:// proxy   reach → secure
//!   https:// through an http:// proxy   reach → tunnel → secure
//!   https:// through an https:// proxy  reach → secure → tunnel → secure
//!   through a SOCKS proxy               reach → socks (→ secure)
//! ```
//! The whole way stands under one limit, the connect timeout (behaviour O2). Knows neither requests
//! nor the pool.

mod dns;
mod socket;
pub(crate) mod socks;
pub(crate) mod stream;
mod sys;
mod tcp;
mod tls;
mod tunnel;
mod unix;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;

pub(crate) use dns::Lookups;
pub use socket::System;
pub(crate) use socket::{Link, Sent, Stop};
use stream::Stream;
pub(crate) use sys::FilePart;
pub(crate) use tls::stream::{PeerChain, TlsStream};
pub(crate) use tls::{Profile, Profiles};

use crate::deadline::{Budget, Limit};
use crate::error::{Error, ErrorKind, Phase, Reason, Result};
use crate::http1::decode::Head;
use crate::options::Resolve;
use crate::trace::Step;

/// What to connect to, and how it is found.
pub(crate) struct Target<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// `host:port` for messages.
    pub(crate) authority: String,
    /// Connect here instead of looking `host` up.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) resolver: Option<Arc<dyn Resolve>>,
    /// The address of this machine to connect from.
    pub(crate) source: Option<IpAddr>,
}

/// What came of asking for a tunnel.
pub(crate) enum Asked {
    Opened(Stream),
    /// An answer that opens none: its head, what came behind it, and the connection.
    Refused(Head, Vec<u8>, Stream),
}

/// One opening of a connection: everything that it takes is under its limit.
pub(crate) struct Dial<'a> {
    lookups: &'a Lookups,
    system: Option<System>,
    limit: Limit,
    budget: &'a Budget,
}

impl<'a> Dial<'a> {
    /// Starts the connect timeout.
    pub(crate) fn new(lookups: &'a Lookups, system: Option<System>, budget: &'a Budget) -> Self {
        Self { lookups, system, limit: budget.connecting(), budget }
    }

    /// An open TCP connection to `target`.
    pub(crate) fn reach(&self, target: &Target<'_>) -> Result<Stream> {
        let addresses = self.addresses(target)?;
        let link = tcp::connect_any(&addresses, target.source, &self.limit).map_err(|stop| {
            let what = format!("cannot connect to {}", target.authority);
            self.failure(stop, ErrorKind::Connect, Phase::Connect, &what)
        })?;
        self.budget.tell(Step::Connect, || target.authority.clone());
        Ok(Stream::Plain(link.with_system(self.system)))
    }

    /// An open connection to the unix domain socket at `path`.
    pub(crate) fn reach_unix(&self, path: &str) -> Result<Stream> {
        let link = unix::connect(path, &self.limit).map_err(|stop| {
            let what = format!("cannot connect to the unix domain socket {path:?}");
            self.failure(stop, ErrorKind::Connect, Phase::Connect, &what)
        })?;
        self.budget.tell(Step::Connect, || path.to_owned());
        Ok(Stream::Plain(link))
    }

    /// TLS over `carrier`, with whoever proves to be `host`, or whom the profile names instead.
    pub(crate) fn secure(
        &self,
        mut carrier: Stream,
        host: &str,
        authority: &str,
        profile: &Profile,
    ) -> Result<Stream> {
        let _registration = self.limit.cancel.as_ref().and_then(|token| carrier.register(token));
        let name = server_name(profile.name_for(host))?;
        match TlsStream::handshake(carrier, profile, name, &self.limit) {
            Ok(stream) => {
                self.budget.tell(Step::Tls, || format!("{authority}, {}", stream.described()));
                Ok(Stream::Tls(Box::new(stream)))
            }
            Err(stop) => {
                let what = format!("TLS with {authority} failed");
                Err(self.failure(stop, ErrorKind::Tls, Phase::Tls, &what))
            }
        }
    }

    /// Asks the HTTP proxy at the other end of `stream` for a tunnel, with this CONNECT head.
    pub(crate) fn tunnel(&self, mut stream: Stream, head: &[u8], proxy: &str) -> Result<Asked> {
        let registration = self.limit.cancel.as_ref().and_then(|token| stream.register(token));
        let (head, rest) =
            tunnel::ask(&mut stream, head, &self.limit).map_err(|failure| match failure {
                tunnel::Failure::Error(error) => tunnel::told(proxy, &error),
                tunnel::Failure::Stop(stop) => {
                    let what = format!("{proxy} opened no tunnel");
                    self.failure(stop, ErrorKind::Proxy, Phase::Connect, &what)
                }
            })?;
        drop(registration);
        Ok(match head.status {
            200..=299 => Asked::Opened(stream),
            _ => Asked::Refused(head, rest, stream),
        })
    }

    /// Asks the SOCKS proxy at the other end of `stream` for a connection to `to`. `more`: another
    /// address of the server could be tried after this.
    pub(crate) fn socks(
        &self,
        mut stream: Stream,
        handshake: &socks::Handshake<'_>,
        to: &socks::Destination<'_>,
        proxy: &str,
    ) -> Result<Stream> {
        let registration = self.limit.cancel.as_ref().and_then(|token| stream.register(token));
        socks::ask(&mut stream, handshake, to, &self.limit).map_err(|failure| match failure {
            socks::Failure::Refused(reason, why) => {
                let message = format!("{proxy} did not connect to {to}: {why}");
                Error::new(ErrorKind::Socks, message)
                    .in_phase(Phase::Connect)
                    .with_reason(Some(reason))
            }
            socks::Failure::Stop(stop) => {
                let what = format!("{proxy} did not connect to {to}");
                self.failure(stop, ErrorKind::Socks, Phase::Connect, &what)
            }
        })?;
        drop(registration);
        Ok(stream)
    }

    /// The addresses of `target`, at least one.
    pub(crate) fn addresses(&self, target: &Target<'_>) -> Result<Vec<SocketAddr>> {
        if let Some(address) = target.address {
            return Ok(vec![address]);
        }
        let what = format!("no address of {} was found", target.host);
        let found = self
            .lookups
            .addresses(target.host, target.resolver.clone(), &self.limit)
            .map_err(|stop| self.failure(stop, ErrorKind::Dns, Phase::Dns, &what))?
            .map_err(|error| error.in_phase(Phase::Dns))?;
        if !is_address(target.host) {
            self.budget.tell(Step::Dns, || target.host.to_owned());
        }
        Ok(tcp::with_port(found, target.port))
    }

    /// The error for a stop while connecting: a timeout is the connect timeout, whatever was under
    /// way.
    fn failure(&self, stop: Stop, kind: ErrorKind, phase: Phase, what: &str) -> Error {
        match stop {
            Stop::TimedOut => self.budget.timed_out(ErrorKind::ConnectTimeout, phase, what),
            stop => describe(stop, kind, phase, what),
        }
    }
}

/// A proxy that could not be reached (P7, X4); timeouts and cancels stay what they are.
pub(crate) fn unreached(error: Error, kind: ErrorKind) -> Error {
    match error.kind() {
        ErrorKind::Dns | ErrorKind::Connect => {
            let message = format!("the proxy cannot be reached: {}", error.message());
            Error::new(kind, message)
                .in_phase(error.phase())
                .with_os_error(error.os_error())
                .with_reason(Some(Reason::Unreachable))
        }
        ErrorKind::Tls => error.with_exception("ProxyError"),
        _ => error,
    }
}

/// Whether the host of a URL is an address, for which nothing is looked up.
pub(crate) fn is_address(host: &str) -> bool {
    host.contains(':') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// The name to verify: without the dot at its end (T9), without the zone of an address.
fn server_name(host: &str) -> Result<ServerName<'static>> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        let message = format!("TLS cannot verify the host name {host:?}");
        Error::new(ErrorKind::Tls, message).in_phase(Phase::Tls)
    })
}

/// The error for a stop that is no timeout.
pub(crate) fn describe(stop: Stop, kind: ErrorKind, phase: Phase, what: &str) -> Error {
    match &stop {
        Stop::Cancelled => Budget::cancelled(phase),
        Stop::Source(error) => error.clone(),
        Stop::Tls(error) => {
            let (words, reason) = tls::explain(error);
            let message = format!("{what}: {words}");
            Error::new(ErrorKind::Tls, message).in_phase(phase).with_reason(reason)
        }
        Stop::TimedOut | Stop::NotYet | Stop::Io(_) => match stop.io_error() {
            Some(error) => Error::system(kind, what, &error).in_phase(phase),
            None => Error::new(kind, what).in_phase(phase),
        },
    }
}
