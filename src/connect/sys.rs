//! The few socket calls that differ between systems; everything above is portable.
//!
//! Linux, Android and the BSDs: flags on `socket` and `send`. Apple's systems know neither
//! MSG_NOSIGNAL nor SOCK_CLOEXEC: there the socket is marked right after it was made. Sends never
//! raise SIGPIPE (flaw 96), but for `send_file`, whose caller sees to it.

use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

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

/// A part of a regular file.
#[derive(Clone, Copy)]
pub(crate) struct FilePart<'a> {
    pub(crate) file: BorrowedFd<'a>,
    pub(crate) at: u64,
    pub(crate) len: u64,
}

/// Sends of a file what the socket, which must be non-blocking, takes now. Raises SIGPIPE where the
/// peer is gone.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn send_file(
    socket: impl AsFd,
    file: BorrowedFd<'_>,
    mut at: u64,
    most: usize,
) -> Result<usize> {
    rustix::fs::sendfile(socket, file, Some(&mut at), most)
}

/// Other systems have other calls of this name.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn send_file(_: impl AsFd, _: BorrowedFd<'_>, _: u64, _: usize) -> Result<usize> {
    Err(rustix::io::Errno::NOSYS)
}

/// Sends what the socket takes now, in one system call.
pub(super) fn send(socket: impl AsFd, parts: &[IoSlice<'_>]) -> Result<usize> {
    match parts {
        [part] => rustix::net::send(socket, part, SEND),
        parts => rustix::net::sendmsg(socket, parts, &mut SendAncillaryBuffer::default(), SEND),
    }
}
