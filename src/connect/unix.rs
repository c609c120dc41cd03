//! Opens a connection to a unix domain socket.
//!
//! Such a connect succeeds or fails at once, but for a listener whose queue is full: the system has
//! nothing to wait on for that, so it is tried again after short pauses.

use std::time::Duration;

use rustix::event::poll;
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, connect as connect_socket};

use super::socket::{Link, Stop, timespec};
use super::sys;
use crate::deadline::Limit;

/// Between two tries at a full queue.
const PAUSE: Duration = Duration::from_millis(5);

/// Connects to the socket at `path`.
pub(super) fn connect(path: &str, limit: &Limit) -> Result<Link, Stop> {
    let address = SocketAddrUnix::new(path).map_err(Stop::Io)?;
    let socket = sys::stream_socket(AddressFamily::UNIX).map_err(Stop::Io)?;
    let mut wait = limit.wait();
    loop {
        let left = wait.left()?;
        match connect_socket(&socket, &address) {
            Ok(()) | Err(Errno::ISCONN) => break,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let pause = left.map_or(PAUSE, |left| left.min(PAUSE));
                let _ = poll(&mut [], Some(&timespec(pause)));
            }
            Err(errno) => return Err(Stop::Io(errno)),
        }
    }
    ioctl_fionbio(&socket, false).map_err(Stop::Io)?;
    Ok(Link::new(socket))
}
