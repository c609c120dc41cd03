//! A connected TCP socket: blocking reads under a limit, sends that never raise SIGPIPE,
//! cancellable from any thread.
//!
//! Reads block in `recv` with SO_RCVTIMEO, which is set only when its value changes: no poll, one
//! system call a read. Sends never block in the kernel: they wait in `poll`, where an early answer
//! is seen as well (fault 44). While much is gathered, a read sleeps until [`GATHER_BYTES`] have
//! come (SO_RCVLOWAT), but no longer than [`GATHER_WAIT`]. The kernel sends files by itself where
//! [`System`] gives what that takes.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, Shutdown, sockopt};

use super::sys::{self, FilePart};
use crate::cancel::{CancelToken, Registration, Wake};
use crate::deadline::{Limit, Wait, WaitEnd};
use crate::limits::{
    GATHER_BEHIND_PART, GATHER_BYTES, GATHER_WAIT, GATHER_WINDOW_BYTES, SEND_FILE_BYTES,
    SEND_FILE_PIECE_BYTES,
};

/// Why reading or writing ended before it was done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The limit ran out.
    TimedOut,
    /// It would have had to wait, and was not to.
    NotYet,
    /// The token was triggered.
    Cancelled,
    /// The system said no.
    Io(Errno),
    /// TLS said no.
    Tls(rustls::Error),
    /// What was to be sent could not be had: the caller's body failed.
    Source(crate::error::Error),
}

impl From<WaitEnd> for Stop {
    fn from(end: WaitEnd) -> Self {
        match end {
            WaitEnd::TimedOut => Self::TimedOut,
            WaitEnd::Cancelled => Self::Cancelled,
        }
    }
}

impl Stop {
    /// The system's error, where there is one.
    pub(crate) fn io_error(&self) -> Option<io::Error> {
        match self {
            Self::Io(errno) => Some(io::Error::from(*errno)),
            _ => None,
        }
    }
}

/// What a send came to.
pub(crate) enum Sent {
    /// This many bytes were taken.
    Bytes(usize),
    /// Nothing was taken; the peer has sent something (only told to those who watch).
    Readable,
}

/// The descriptor. Most have no token that may shut them down: those take no memory of their own,
/// of which every idle connection would keep a page from the system.
enum Socket {
    Own(OwnedFd),
    Shared(Arc<Switch>),
    /// Between the two; never seen.
    Moving,
}

/// A descriptor that a token may shut down.
struct Switch(OwnedFd);

impl Wake for Switch {
    fn wake(&self) {
        // A peer that is gone already is as good as shut down.
        let _ = rustix::net::shutdown(&self.0, Shutdown::Both);
    }
}

impl Socket {
    fn share(&mut self) -> Option<Arc<Switch>> {
        let switch = match std::mem::replace(self, Self::Moving) {
            Self::Own(fd) => Arc::new(Switch(fd)),
            Self::Shared(switch) => switch,
            Self::Moving => return None,
        };
        *self = Self::Shared(switch.clone());
        Some(switch)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Own(fd) => fd.as_fd(),
            Self::Shared(switch) => switch.0.as_fd(),
            // No socket: every call fails.
            Self::Moving => rustix::fs::CWD,
        }
    }
}

/// What of the system takes `unsafe`, and so comes from a crate that may have it.
#[derive(Clone, Copy)]
pub struct System {
    /// Sets SO_RCVLOWAT of a socket, as Linux knows it.
    pub set_low_water: fn(BorrowedFd<'_>, u32) -> io::Result<()>,
    /// Calls a function whose system calls may raise SIGPIPE, and keeps that from the process.
    pub without_sigpipe: fn(&mut dyn FnMut()),
}

/// One end of a TCP connection.
pub(crate) struct Link {
    socket: Socket,
    /// SO_RCVTIMEO as it stands.
    read_timeout: Option<Duration>,
    system: Option<System>,
    /// Whether SO_RCVLOWAT can be set at all.
    can_gather: bool,
    /// Whether SO_RCVLOWAT is more than the one byte that it is otherwise.
    gathers: bool,
}

impl Link {
    /// Takes over a connected, blocking socket.
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket: Socket::Own(socket),
            read_timeout: None,
            system: None,
            can_gather: false,
            gathers: false,
        }
    }

    /// Has it gather and send files by this.
    pub(super) fn with_system(mut self, system: Option<System>) -> Self {
        self.system = system;
        self.can_gather = system.is_some();
        self
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(crate) fn can_send_files(&self) -> bool {
        self.system.is_some()
    }

    pub(crate) fn can_gather(&self) -> bool {
        self.can_gather
    }

    pub(crate) fn gathers(&self) -> bool {
        self.gathers
    }

    /// Has reads wait for much at a time, of `left` bytes at least that are to come. Nothing that
    /// must be possible: where it is not, they wait for one byte as before.
    ///
    /// A read that has taken some waits for [`GATHER_BYTES`] more: with less than twice as much to
    /// come it must be [ended](Self::gather_no_more).
    pub(crate) fn gather(&mut self, left: usize) {
        let Some(System { set_low_water: set, .. }) = self.system else { return };
        // The kernel makes the receive buffer as large as the low water asks for, and leaves it so:
        // while there is room, the peer's sends go on without this side's doing.
        let window = left.min(GATHER_WINDOW_BYTES);
        let result = [window, GATHER_BYTES].into_iter().try_for_each(|bytes| {
            self.gathers = true;
            set(self.socket.as_fd(), u32::try_from(bytes).unwrap_or(1))
        });
        if result.is_err() {
            let _ = self.gather_no_more();
            self.can_gather = false;
        }
    }

    /// Whether so much waits to be read that the peer may soon have to wait: what is counted of the
    /// buffer is about twice what it holds.
    pub(crate) fn is_behind(&self) -> bool {
        match (ioctl_fionread(&self.socket), sockopt::socket_recv_buffer_size(&self.socket)) {
            (Ok(waiting), Ok(buffer)) => waiting >= buffer as u64 / GATHER_BEHIND_PART,
            _ => false,
        }
    }

    /// Reads wait for one byte again.
    pub(crate) fn gather_no_more(&mut self) -> Result<(), Stop> {
        if let (true, Some(System { set_low_water: set, .. })) = (self.gathers, self.system) {
            set(self.socket.as_fd(), 1)
                .map_err(|error| Stop::Io(Errno::from_io_error(&error).unwrap_or(Errno::INVAL)))?;
            self.gathers = false;
        }
        Ok(())
    }

    /// Lets `token` shut this connection down for as long as the registration lives.
    pub(super) fn register(&mut self, token: &CancelToken) -> Option<Registration> {
        self.socket.share().map(|switch| token.register(switch))
    }

    /// Reads at least one byte into `buf`; 0 is the peer's end.
    #[inline]
    pub(super) fn recv(&mut self, buf: &mut [u8], limit: &Limit) -> Result<usize, Stop> {
        let room = buf.len();
        self.receive(room, limit, |socket, flags| {
            rustix::net::recv(socket, &mut *buf, flags).map(|(read, _)| read)
        })
    }

    /// Reads at least one byte into `parts`, of which there are `room` bytes, one after the other;
    /// 0 is the peer's end.
    pub(crate) fn recv_parts(
        &mut self,
        parts: &mut [IoSliceMut<'_>],
        room: usize,
        limit: &Limit,
    ) -> Result<usize, Stop> {
        self.receive(room, limit, |socket, flags| match flags.is_empty() {
            true => rustix::io::readv(socket, parts),
            false => {
                let mut control = RecvAncillaryBuffer::default();
                rustix::net::recvmsg(socket, parts, &mut control, flags).map(|got| got.bytes)
            }
        })
    }

    /// Reads by `read` into so much room. What is not to wait takes what is there, however much is
    /// gathered, and says nothing of how fast more comes.
    #[inline(always)]
    fn receive(
        &mut self,
        room: usize,
        limit: &Limit,
        mut read: impl FnMut(&Socket, RecvFlags) -> rustix::io::Result<usize>,
    ) -> Result<usize, Stop> {
        let mut wait = limit.wait();
        let flags = if limit.now { RecvFlags::DONTWAIT } else { RecvFlags::empty() };
        loop {
            let mut timeout = wait.socket_timeout()?;
            let gathers = self.gathers && !limit.now;
            if gathers {
                timeout = timeout.filter(|(time, _)| *time <= GATHER_WAIT);
                timeout = timeout.or(Some((GATHER_WAIT, false)));
            }
            if !limit.now {
                self.set_read_timeout(timeout.map(|(timeout, _)| timeout)).map_err(Stop::Io)?;
            }
            let result = read(&self.socket, flags);
            if gathers && !result.is_ok_and(|read| read >= GATHER_BYTES.min(room)) {
                // It has become slow, or has ended: what comes from now on is not kept back.
                self.gather_no_more()?;
                if result == Err(Errno::AGAIN) {
                    wait.has_lasted(GATHER_WAIT);
                }
            }
            match result {
                Ok(0) | Err(_) if limit.is_cancelled() => return Err(Stop::Cancelled),
                Ok(read) => return Ok(read),
                Err(Errno::AGAIN) if limit.now => return Err(Stop::NotYet),
                // The kernel's timer is trusted where it timed the whole wait; else what is left is
                // waited for.
                Err(Errno::AGAIN) if timeout.is_some_and(|(_, whole)| whole) => {
                    return Err(Stop::TimedOut);
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(Stop::Io(errno)),
            }
        }
    }

    /// Reads what is there already; `None`: nothing yet.
    pub(super) fn recv_now(&mut self, buf: &mut [u8]) -> Result<Option<usize>, Stop> {
        loop {
            match rustix::net::recv(&self.socket, &mut *buf, RecvFlags::DONTWAIT) {
                Ok((read, _)) => return Ok(Some(read)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Stop::Io(errno)),
            }
        }
    }

    /// Whether the peer has sent anything, its end included. Takes nothing.
    pub(super) fn has_input(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let mut byte = [0_u8; 1];
        !matches!(rustix::net::recv(&self.socket, &mut byte[..], flags), Err(Errno::AGAIN))
    }

    /// Sends some of `parts`, waiting until the peer takes at least a byte. With `watch`, input
    /// ends the wait.
    pub(super) fn send(
        &mut self,
        parts: &[IoSlice<'_>],
        limit: &Limit,
        watch: bool,
    ) -> Result<Sent, Stop> {
        let mut wait = limit.wait();
        loop {
            match sys::send(&self.socket, parts) {
                Ok(sent) => return Ok(Sent::Bytes(sent)),
                Err(_) if limit.is_cancelled() => return Err(Stop::Cancelled),
                Err(Errno::AGAIN) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Stop::Io(errno)),
            }
            if !self.wait_for_room(&mut wait, limit, watch)? {
                return Ok(Sent::Readable);
            }
        }
    }

    /// Sends some of a file that the kernel reads by itself, waiting until it takes at least a
    /// byte. Input ends the wait. 0 bytes: the file is to be read in the usual way.
    pub(crate) fn send_file(&mut self, part: &FilePart<'_>, limit: &Limit) -> Result<Sent, Stop> {
        let mut wait = limit.wait();
        loop {
            match self.send_file_now(part) {
                Ok(sent) => return Ok(Sent::Bytes(sent)),
                Err(_) if limit.is_cancelled() => return Err(Stop::Cancelled),
                // Not from this kind of file.
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => return Ok(Sent::Bytes(0)),
                Err(Errno::AGAIN) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Stop::Io(errno)),
            }
            if !self.wait_for_room(&mut wait, limit, true)? {
                return Ok(Sent::Readable);
            }
        }
    }

    /// `sendfile` knows no flags: the socket is non-blocking for its time, and SIGPIPE is kept from
    /// the process.
    fn send_file_now(&mut self, part: &FilePart<'_>) -> rustix::io::Result<usize> {
        let Some(System { without_sigpipe, .. }) = self.system else { return Ok(0) };
        let most =
            usize::try_from(part.len).map_or(SEND_FILE_BYTES, |len| len.min(SEND_FILE_BYTES));
        rustix::io::ioctl_fionbio(&self.socket, true)?;
        let mut result = Ok(0);
        without_sigpipe(&mut || result = self.send_file_in_pieces(part, most));
        rustix::io::ioctl_fionbio(&self.socket, false)?;
        result
    }

    /// Sends up to `most` bytes, as long as the socket takes whole pieces.
    fn send_file_in_pieces(&self, part: &FilePart<'_>, most: usize) -> rustix::io::Result<usize> {
        let mut sent = 0;
        while sent < most {
            let piece = SEND_FILE_PIECE_BYTES.min(most - sent);
            match sys::send_file(&self.socket, part.file, part.at + sent as u64, piece) {
                Ok(count) if count == piece => sent += count,
                Ok(count) => return Ok(sent + count),
                Err(errno) if sent == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    /// Waits until the peer takes more; false: it has said something (only with `watch`).
    fn wait_for_room(
        &mut self,
        wait: &mut Wait<'_>,
        limit: &Limit,
        watch: bool,
    ) -> Result<bool, Stop> {
        loop {
            let input = if watch { PollFlags::IN } else { PollFlags::empty() };
            let mut ready = [PollFd::new(&self.socket, PollFlags::OUT | input)];
            let left = match limit.now {
                true => Some(Timespec::default()),
                false => wait.left()?.map(timespec),
            };
            match poll(&mut ready, left.as_ref()) {
                Ok(0) if limit.now => return Err(Stop::NotYet),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) if watch && ready[0].revents().contains(PollFlags::IN) => {
                    return if limit.is_cancelled() { Err(Stop::Cancelled) } else { Ok(false) };
                }
                Ok(_) => return Ok(true),
                Err(errno) => return Err(Stop::Io(errno)),
            }
        }
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> rustix::io::Result<()> {
        if self.read_timeout != timeout {
            sockopt::set_socket_timeout(&self.socket, sockopt::Timeout::Recv, timeout)?;
            self.read_timeout = timeout;
        }
        Ok(())
    }
}

/// A duration for `poll`, rounded up to the next millisecond so that a wait never ends a moment too
/// early.
pub(super) fn timespec(duration: Duration) -> Timespec {
    let ms = duration.as_nanos().div_ceil(1_000_000);
    let ms = i64::try_from(ms).unwrap_or(i64::MAX / 2);
    Timespec { tv_sec: ms / 1000, tv_nsec: (ms % 1000 * 1_000_000) as _ }
}
