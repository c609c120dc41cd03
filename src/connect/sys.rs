//! The few socket calls that differ between systems; everything above is portable.
//!
//! Linux, Android and the BSDs: flags on `socket` and `send`. Apple's systems know neither
//! MSG_NOSIGNAL nor SOCK_CLOEXEC: there the socket is marked right after it was made. Sends never
//! raise SIGPIPE (flaw 96).

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Result;
use rustix::net::{AddressFamily, SendAncillaryBuffer, SendFlags, SocketType};

#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::DONTWAIT;

/// A stream socket: non-blocking, closed on exec.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn stream_socket(family: AddressFamily) -> Result<OwnedFd> {
    use rustix::net::SocketFlags;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None)
}

/// A stream socket: non-blocking, closed on exec, silent when its peer is gone.
#[cfg(target_vendor = "apple")]
pub(super) fn stream_socket(family: AddressFamily) -> Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::ioctl_fioclex(&socket)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok(socket)
}

/// Sends what the socket takes now, in one system call.
pub(super) fn send(socket: impl AsFd, parts: &[IoSlice<'_>]) -> Result<usize> {
    match parts {
        [part] => rustix::net::send(socket, part, SEND),
        parts => rustix::net::sendmsg(socket, parts, &mut SendAncillaryBuffer::default(), SEND),
    }
}
