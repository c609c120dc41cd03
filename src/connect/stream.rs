//! A byte stream to the peer, plain or TLS: what the exchange reads from and writes to.

use std::io::IoSlice;

use super::socket::{Link, Sent, Stop};
use super::tls::stream::TlsStream;
use crate::cancel::{CancelToken, Registration};
use crate::deadline::Limit;

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
    /// TCP.
    Plain(Link),
    /// TLS over TCP.
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

    /// Sends `first` and `second`, together where they fit. With `watch` it stops as soon as the
    /// peer answers: false.
    pub(crate) fn send_all(
        &mut self,
        first: &[u8],
        second: &[u8],
        limit: &Limit,
        watch: bool,
    ) -> Result<bool, Stop> {
        match self {
            Self::Plain(link) => send_plain(link, first, second, limit, watch),
            Self::Tls(stream) => {
                Ok(stream.send_all(first, limit, watch)?
                    && stream.send_all(second, limit, watch)?)
            }
        }
    }

    /// Whether the peer has sent something that no request asked for, or its end. Never blocks.
    pub(crate) fn has_input(&mut self) -> bool {
        match self {
            Self::Plain(link) => link.has_input(),
            Self::Tls(stream) => stream.has_input(),
        }
    }

    /// Lets `token` shut the connection down while the registration lives.
    pub(crate) fn register(&self, token: &CancelToken) -> Registration {
        match self {
            Self::Plain(link) => link.register(token),
            Self::Tls(stream) => stream.link().register(token),
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
    mut first: &[u8],
    mut second: &[u8],
    limit: &Limit,
    watch: bool,
) -> Result<bool, Stop> {
    while !(first.is_empty() && second.is_empty()) {
        let both = [IoSlice::new(first), IoSlice::new(second)];
        let parts = match (first.is_empty(), second.is_empty()) {
            (true, _) => &both[1..],
            (false, true) => &both[..1],
            (false, false) => &both[..],
        };
        match link.send(parts, limit, watch)? {
            Sent::Readable => return Ok(false),
            Sent::Bytes(sent) => {
                let of_first = sent.min(first.len());
                first = &first[of_first..];
                second = &second[sent - of_first..];
            }
        }
    }
    Ok(true)
}
