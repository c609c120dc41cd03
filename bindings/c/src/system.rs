//! What the core asks of Linux that takes `unsafe`: SO_RCVLOWAT for bodies that are gathered, and
//! SIGPIPE kept from the process while the kernel sends a file.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
};

/// Has reads of the socket wait for so much.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn set_low_water(socket: BorrowedFd<'_>, bytes: u32) -> io::Result<()> {
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

/// Calls `call`, and lets a SIGPIPE be none that it has raised in this thread, whatever its system
/// calls returned: sendfile raises it also where it has sent something. What the thread blocks, and
/// what waits for it already, stays as it is.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn without_sigpipe(call: &mut dyn FnMut()) {
    let mut pipe = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the set that the others take; all are of this thread alone.
    unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
    }
    // SAFETY: `before` was filled above: the call cannot fail with these arguments.
    let was_blocked = unsafe { libc::sigismember(before.as_ptr(), libc::SIGPIPE) == 1 };
    let was_pending = was_blocked && is_pending();
    call();
    if !was_pending && is_pending() {
        let no_wait = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the set was filled above; nothing is told of the signal that is taken.
        unsafe { libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &raw const no_wait) };
    }
    // SAFETY: as above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
}

/// Whether a SIGPIPE waits for this thread.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_pending() -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: sigpending fills the set that sigismember reads.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0
            && libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    }
}
