//! A byte stream to the peer, plain or TLS: what the exchange reads from and writes to.

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::socket::{Link, Sent, Stop};
use super::tls::stream::{PeerChain, TlsStream};
use crate::cancel::{CancelToken, Registration};
use crate::deadline::Limit;
use crate::limits::PLAIN_SEND_BYTES;

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// This many bytes, at least one.
    Bytes(usize),
    /// The peer's end; not clean: TLS was cut without its closing message.
    End { clean: bool },
}

/// An open connection.
pub(crate) enum Stream {
    /// TCP, or a unix domain socket.
    Plain(Link),
    /// TLS, over TCP or over the TLS to a proxy.
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Reads at least one byte into `buf`, which must not be empty.
    pub(crate) fn read(&mut self, buf: &mut [u8], limit: &Limit) -> Result<Received, Stop> {
        match self {
            Self::Plain(link) => Ok(match link.recv(buf, limit)? {
                0 => Received::End { clean: true },
                read => Received::Bytes(read),
            }),
            Self::Tls(stream) => stream.read(buf, limit),
        }
    }

    /// Bytes that TLS has opened, and nobody has taken.
    pub(crate) fn unread(&self) -> &[u8] {
        match self {
            Self::Plain(_) => &[],
            Self::Tls(stream) => stream.unread(),
        }
    }

    /// Takes `count` of the [`unread`](Self::unread) bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        if let Self::Tls(stream) = self {
            stream.consume(count);
        }
    }

    /// Sends all of `outbox`. With `watch` it stops as soon as the peer has said something: false;
    /// what is left stays in the outbox, and the next call goes on with it.
    pub(crate) fn send(
        &mut self,
        outbox: &mut Outbox<'_>,
        limit: &Limit,
        watch: bool,
    ) -> Result<bool, Stop> {
        match self {
            Self::Plain(link) => send_plain(link, outbox, limit, watch),
            Self::Tls(stream) => stream.send(outbox, limit, watch),
        }
    }

    /// Reads as [`read`](Self::read), for those to whom every end is the same: 0.
    pub(super) fn recv(&mut self, buf: &mut [u8], limit: &Limit) -> Result<usize, Stop> {
        match self {
            Self::Plain(link) => link.recv(buf, limit),
            Self::Tls(stream) => match stream.read(buf, limit)? {
                Received::Bytes(count) => Ok(count),
                Received::End { .. } => Ok(0),
            },
        }
    }

    /// Reads what is there already; `None`: nothing yet.
    pub(super) fn recv_now(&mut self, buf: &mut [u8]) -> Result<Option<usize>, Stop> {
        match self {
            Self::Plain(link) => link.recv_now(buf),
            Self::Tls(stream) => match stream.has_input() {
                false => Ok(None),
                // There is something: no wait.
                true => self.recv(buf, &Limit::none()).map(Some),
            },
        }
    }

    /// Sends some of `parts`, waiting until at least a byte is taken. With `watch`, input ends the
    /// wait.
    pub(super) fn send_some(
        &mut self,
        parts: &[IoSlice<'_>],
        limit: &Limit,
        watch: bool,
    ) -> Result<Sent, Stop> {
        match self {
            Self::Plain(link) => link.send(parts, limit, watch),
            Self::Tls(stream) => stream.send_some(parts, limit, watch),
        }
    }

    /// Sends all of `bytes`.
    pub(super) fn send_all(&mut self, bytes: &[u8], limit: &Limit) -> Result<(), Stop> {
        self.send(&mut Outbox { first: bytes, second: &[] }, limit, false).map(|_| ())
    }

    /// What the peer has shown of itself, over TLS.
    pub(crate) fn chain(&self) -> Option<&Arc<PeerChain>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => stream.chain(),
        }
    }

    /// Whether the peer has sent something that no request asked for, or its end. Never blocks.
    pub(crate) fn has_input(&mut self) -> bool {
        match self {
            Self::Plain(link) => link.has_input(),
            Self::Tls(stream) => stream.has_input(),
        }
    }

    /// What becomes readable when the peer has sent something.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plain(link) => link.descriptor(),
            Self::Tls(stream) => stream.descriptor(),
        }
    }

    /// Lets `token` shut the connection down while the registration lives.
    pub(crate) fn register(&mut self, token: &CancelToken) -> Option<Registration> {
        match self {
            Self::Plain(link) => link.register(token),
            Self::Tls(stream) => stream.carrier().register(token),
        }
    }

    /// The plain connection that can gather what comes; `None`: TLS, or nothing that can.
    pub(crate) fn gatherer(&mut self) -> Option<&mut Link> {
        match self {
            Self::Plain(link) if link.can_gather() => Some(link),
            _ => None,
        }
    }

    /// The plain connection whose kernel can send files by itself.
    pub(crate) fn file_sender(&mut self) -> Option<&mut Link> {
        match self {
            Self::Plain(link) if link.can_send_files() => Some(link),
            _ => None,
        }
    }

    /// Gives up buffers while the connection idles.
    pub(crate) fn park(&mut self) {
        if let Self::Tls(stream) = self {
            stream.park();
        }
    }
}

fn send_plain(
    link: &mut Link,
    outbox: &mut Outbox<'_>,
    limit: &Limit,
    watch: bool,
) -> Result<bool, Stop> {
    while !outbox.is_empty() {
        let some = outbox.second.len().min(PLAIN_SEND_BYTES);
        let both = [IoSlice::new(outbox.first), IoSlice::new(&outbox.second[..some])];
        let parts = match (outbox.first.is_empty(), outbox.second.is_empty()) {
            (true, _) => &both[1..],
            (false, true) => &both[..1],
            (false, false) => &both[..],
        };
        match link.send(parts, limit, watch)? {
            Sent::Readable => return Ok(false),
            Sent::Bytes(sent) => outbox.advance(sent),
        }
    }
    Ok(true)
}

/// What is left to send, in two pieces: a head and the beginning of its body leave together.
pub(crate) struct Outbox<'a> {
    pub(crate) first: &'a [u8],
    pub(crate) second: &'a [u8],
}

impl Outbox<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// Takes `sent` bytes off the front.
    pub(crate) fn advance(&mut self, sent: usize) {
        let of_first = sent.min(self.first.len());
        self.first = &self.first[of_first..];
        self.second = &self.second[sent - of_first..];
    }
}
