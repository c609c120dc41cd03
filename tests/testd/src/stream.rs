//! A connection's bytes, plain or under TLS, its three ways to end, and waiting that a torn down
//! connection cuts short. It knows nothing of HTTP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What poll must be asked to report when the peer has closed its side only.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const PEER_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const PEER_CLOSED: PollFlags = PollFlags::HUP;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// close_notify under TLS, then FIN.
    Close,
    /// FIN alone, even under TLS: what a crashed or malicious peer does.
    Cut,
    /// RST.
    Reset,
}

/// The bytes of one connection.
pub(crate) enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

/// A socket that its listener shares, in order to shut it down.
pub(crate) struct Socket(Arc<TcpStream>);

impl Stream {
    pub(crate) fn new(
        socket: &Arc<TcpStream>,
        tls: Option<&Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let socket = Socket(Arc::clone(socket));
        let Some(config) = tls else { return Ok(Self::Plain(socket)) };
        let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, socket))))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => &socket.0,
            Self::Tls(tls) => &tls.sock.0,
        }
    }

    /// Waits for `time`; an error when the connection was torn down meanwhile, by either side.
    pub(crate) fn wait(&self, time: Duration) -> io::Result<()> {
        match self.poll(PollFlags::empty(), Instant::now().checked_add(time))? {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }

    /// Waits, without reading, until the client has closed or the server stops.
    pub(crate) fn wait_for_close(&self) -> io::Result<()> {
        self.poll(PEER_CLOSED, None).map(drop)
    }

    /// Waits as `wait_for_close` does, but for `time` at most.
    pub(crate) fn wait_for_close_within(&self, time: Duration) -> io::Result<()> {
        self.poll(PEER_CLOSED, Instant::now().checked_add(time)).map(drop)
    }

    /// Whether one of `flags`, an error or a hang-up came before `until`; None waits for ever.
    fn poll(&self, flags: PollFlags, until: Option<Instant>) -> io::Result<bool> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::new(self.socket(), flags)], left.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                ready => return Ok(ready? > 0),
            }
        }
    }

    /// Ends the connection. What the client sent and nobody read turns a FIN into a RST: that is
    /// TCP.
    pub(crate) fn end(mut self, end: End) {
        if let (End::Close, Self::Tls(tls)) = (end, &mut self) {
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
        // Whoever fails here has a client that is gone already.
        let _ = match end {
            End::Reset => {
                set_socket_linger(self.socket(), Some(Duration::ZERO)).map_err(Into::into)
            }
            End::Close | End::Cut => self.socket().shutdown(Shutdown::Write),
        };
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}
