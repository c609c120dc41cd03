//! Opens a TCP connection to the first of several addresses that answers: Happy Eyeballs (RFC
//! 8305).
//!
//! Addresses of the two families alternate; each gets a head start over the next, a failed one
//! none. All attempts wait in one `poll`, together with a pipe that a cancel token writes to.
//! Faults 5–13.

use std::io::{PipeWriter, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{AddressFamily, bind, connect, sockopt};

use super::socket::{Link, Stop, timespec};
use super::sys;
use crate::cancel::{CancelToken, Registration, Wake};
use crate::deadline::{Limit, Moment};
use crate::limits::{ADDRESSES_MAX, CONNECT_STAGGER};

/// Connects to one of `addresses`, from `source` where it is given: then to those of its family; on
/// failure the last address's error.
pub(super) fn connect_any(
    addresses: &[SocketAddr],
    source: Option<IpAddr>,
    limit: &Limit,
) -> Result<Link, Stop> {
    let alarm = limit.cancel.as_ref().map(Alarm::new).transpose().map_err(Stop::Io)?;
    let mut waiting = alternating(addresses);
    waiting.retain(|to| source.is_none_or(|source| source.is_ipv4() == to.is_ipv4()));
    let mut race = Race { waiting, source, attempts: Vec::new(), error: None };
    let mut wait = limit.wait();
    let mut next_start = None;
    loop {
        if race.attempts.is_empty() || next_start.is_none_or(|at: Moment| !at.is_ahead()) {
            match race.start_next() {
                Some(socket) => return settle(socket),
                None if race.attempts.is_empty() => {
                    return Err(Stop::Io(race.error.unwrap_or(Errno::ADDRNOTAVAIL)));
                }
                None => next_start = Some(Moment::in_future(CONNECT_STAGGER)),
            }
        }
        let mut left = wait.left()?;
        if let (false, Some(at)) = (race.waiting.is_empty(), next_start) {
            left = Some(left.map_or(at.ahead(), |left| left.min(at.ahead())));
        }
        let mut ready: Vec<PollFd<'_>> = race.sockets().collect();
        ready.extend(alarm.as_ref().map(|alarm| PollFd::new(&alarm.pipe, PollFlags::IN)));
        match poll(&mut ready, left.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(Stop::Io(errno)),
        }
        let done: Vec<bool> = ready.iter().map(|fd| !fd.revents().is_empty()).collect();
        if let Some(socket) = race.take_winner(&done) {
            return settle(socket);
        }
        if race.lost_one(&done) {
            next_start = None;
        }
    }
}

/// The attempts under way and the addresses not tried yet.
struct Race {
    waiting: Vec<SocketAddr>,
    source: Option<IpAddr>,
    attempts: Vec<Option<OwnedFd>>,
    error: Option<Errno>,
}

impl Race {
    /// Starts attempts until one is under way; a socket that connected at once is returned.
    fn start_next(&mut self) -> Option<OwnedFd> {
        self.attempts.retain(Option::is_some);
        while !self.waiting.is_empty() {
            let address = self.waiting.remove(0);
            match start(address, self.source) {
                Ok((socket, true)) => return Some(socket),
                Ok((socket, false)) => {
                    self.attempts.push(Some(socket));
                    return None;
                }
                Err(errno) => self.error = Some(errno),
            }
        }
        None
    }

    fn sockets(&self) -> impl Iterator<Item = PollFd<'_>> {
        self.attempts.iter().flatten().map(|socket| PollFd::new(socket, PollFlags::OUT))
    }

    /// The first connected one among those that are `done`; failed ones are dropped.
    fn take_winner(&mut self, done: &[bool]) -> Option<OwnedFd> {
        for (attempt, _) in self.attempts.iter_mut().zip(done).filter(|(_, done)| **done) {
            let socket = attempt.take()?;
            match sockopt::socket_error(&socket) {
                Ok(Ok(())) => return Some(socket),
                Ok(Err(errno)) | Err(errno) => self.error = Some(errno),
            }
        }
        None
    }

    fn lost_one(&mut self, done: &[bool]) -> bool {
        let lost = self.attempts.iter().zip(done).any(|(attempt, _)| attempt.is_none());
        self.attempts.retain(Option::is_some);
        lost
    }
}

/// Begins to connect; true: connected at once.
fn start(address: SocketAddr, source: Option<IpAddr>) -> Result<(OwnedFd, bool), Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = sys::stream_socket(family)?;
    if let Some(source) = source {
        bind(&socket, &SocketAddr::new(source, 0))?;
    }
    match connect(&socket, &address) {
        Ok(()) => Ok((socket, true)),
        // Interrupted or under way: either way the kernel goes on connecting.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(errno) => Err(errno),
    }
}

/// From here on the socket blocks, and small writes leave at once.
fn settle(socket: OwnedFd) -> Result<Link, Stop> {
    ioctl_fionbio(&socket, false).map_err(Stop::Io)?;
    sockopt::set_tcp_nodelay(&socket, true).map_err(Stop::Io)?;
    Ok(Link::new(socket))
}

/// RFC 8305 §4: families take turns, beginning with the first address's.
fn alternating(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (mut these, mut others): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv4() == first_is_v4);
    let mut mixed = Vec::with_capacity(addresses.len());
    these.reverse();
    others.reverse();
    while mixed.len() < ADDRESSES_MAX {
        let before = mixed.len();
        mixed.extend(these.pop());
        mixed.extend(others.pop());
        if mixed.len() == before {
            break;
        }
    }
    mixed.truncate(ADDRESSES_MAX);
    mixed
}

/// Puts the port to each address; a zone stays.
pub(super) fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.iter_mut().for_each(|address| address.set_port(port));
    addresses
}

/// A pipe whose end becomes readable when the token is triggered.
struct Alarm {
    /// Dropped before the pipe: a bell that rang into a pipe without a reader would raise SIGPIPE.
    _registration: Registration,
    pipe: std::io::PipeReader,
}

struct Bell(PipeWriter);

impl Wake for Bell {
    fn wake(&self) {
        // One byte in an empty pipe never blocks.
        let _ = (&self.0).write(&[1]);
    }
}

impl Alarm {
    fn new(token: &CancelToken) -> Result<Self, Errno> {
        let (pipe, bell) = std::io::pipe()
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::MFILE))?;
        Ok(Self { _registration: token.register(Arc::new(Bell(bell))), pipe })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_6_families_alternate_and_at_most_eight_are_tried() {
        let v6 = |n: u16| SocketAddr::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, n]), 1);
        let v4 = |n: u8| SocketAddr::new(IpAddr::from([127, 0, 0, n]), 1);
        let mixed = alternating(&[v6(1), v6(2), v4(1), v6(3)]);
        assert_eq!(mixed, [v6(1), v4(1), v6(2), v6(3)]);
        let many: Vec<SocketAddr> = (0..100).map(v4).collect();
        assert_eq!(alternating(&many).len(), ADDRESSES_MAX);
    }
}
