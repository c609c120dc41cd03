//! SO_RCVLOWAT, for bodies that are gathered. Linux's: elsewhere a read that has taken some would
//! wait otherwise.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// Has reads of the socket wait for so much.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn set(socket: BorrowedFd<'_>, bytes: u32) -> io::Result<()> {
    let value = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    // SAFETY: the descriptor is open while it is borrowed, and the option is the int at this
    // address, of this length, which the system only reads.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            (&raw const value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
