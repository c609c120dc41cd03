//! The boundary itself: nothing panics across it, errno survives it, the sticky error rule is kept
//! here and nowhere else.
//!
//! The contract that every `SAFETY` line of this crate leans on, as the header's introduction words
//! it: a handle is NULL or came from librq and is not freed yet; text is NULL or NUL-terminated;
//! bytes are `len` readable (or writable) bytes or NULL; out-parameters are NULL or writable;
//! threads keep to the header's rules.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rq_core::{Error, ErrorKind, Result};

use crate::error::rq_error;

/// Runs a fallible call: nothing if `*error` is set already; a failure or panic becomes `*error`
/// and `fallback`.
pub(crate) fn entry<R>(
    error: *mut *mut rq_error,
    fallback: R,
    call: impl FnOnce() -> Result<R>,
) -> R {
    // SAFETY: `error` is NULL or writable by the contract above.
    if unsafe { error.as_ref() }.is_some_and(|set| !set.is_null()) {
        return fallback;
    }
    let result =
        with_errno_kept(|| catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|p| Err(bug(&*p))));
    match result {
        Ok(value) => value,
        Err(failure) => {
            // SAFETY: as above; the old value was NULL, so nothing leaks.
            if let Some(out) = unsafe { error.as_mut() } {
                *out = Box::into_raw(Box::new(rq_error::from(failure)));
            }
            fallback
        }
    }
}

/// Runs a call that cannot fail but by a bug: that gives `fallback`.
pub(crate) fn quiet<R>(fallback: R, call: impl FnOnce() -> Option<R>) -> R {
    with_errno_kept(|| catch_unwind(AssertUnwindSafe(call)).ok().flatten()).unwrap_or(fallback)
}

fn bug(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    Error::new(ErrorKind::Panic, format!("a bug in librq, please report it: {text}"))
}

/// Runs `call`, which must not panic, and leaves errno as it was.
fn with_errno_kept<R>(call: impl FnOnce() -> R) -> R {
    // SAFETY: asks for an address only.
    let errno = unsafe { errno_location() };
    // SAFETY: the address of a thread's errno is valid for as long as the thread runs.
    let before = unsafe { *errno };
    let result = call();
    // SAFETY: as above; a pointer and no reference, since `call` writes there too.
    unsafe { *errno = before };
    result
}

#[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "redox"))]
use libc::__errno_location as errno_location;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as errno_location;

/// The handle behind `pointer`; NULL is an error that names the parameter.
pub(crate) fn handle<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    optional(pointer).ok_or_else(|| null(name))
}

/// The handle behind `pointer`, where NULL is allowed.
pub(crate) fn optional<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: NULL or a live handle by the contract above.
    unsafe { pointer.as_ref() }
}

/// As [`handle`], to change it.
pub(crate) fn handle_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    // SAFETY: NULL or a live handle that only this thread uses, by the contract above.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

/// The text at `pointer`.
pub(crate) fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    checked_text(c_bytes(pointer, name)?, name)
}

/// The text at `pointer`, `None` for NULL.
pub(crate) fn optional_text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    optional_c_bytes(pointer).map(|bytes| checked_text(bytes, name)).transpose()
}

fn checked_text<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str> {
    // Most text is ASCII, and a look at eight bytes at a time costs a fraction of the full check.
    let (words, rest) = bytes.as_chunks();
    let is_beyond = |word: u64| word & u64::from_ne_bytes([0x80; 8]) != 0;
    if !words.iter().any(|word| is_beyond(u64::from_ne_bytes(*word))) && rest.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("{name} is not UTF-8: byte {} is wrong", error.valid_up_to());
        Error::new(ErrorKind::InvalidArgument, message)
    })
}

/// The NUL-terminated bytes at `pointer`, `None` for NULL; header values need not be UTF-8.
pub(crate) fn optional_c_bytes<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: NULL or NUL-terminated by the contract above.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// As [`optional_c_bytes`]; NULL is an error that names the parameter.
pub(crate) fn c_bytes<'a>(pointer: *const c_char, name: &str) -> Result<&'a [u8]> {
    optional_c_bytes(pointer).ok_or_else(|| null(name))
}

/// `len` bytes at `pointer`; NULL only if there are none.
pub(crate) fn bytes<'a>(pointer: *const c_void, len: usize, name: &str) -> Result<&'a [u8]> {
    check_length(len, name)?;
    match (pointer.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(null(name)),
        // SAFETY: `len` readable bytes by the contract above, no longer than any object can be.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), len) }),
    }
}

/// `len` writable bytes at `pointer`.
#[inline]
pub(crate) fn bytes_mut<'a>(pointer: *mut c_void, len: usize, name: &str) -> Result<&'a mut [u8]> {
    check_length(len, name)?;
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: `len` writable bytes by the contract above, no longer than any object can be.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), len) })
}

#[inline(always)]
fn check_length(len: usize, name: &str) -> Result<()> {
    match isize::try_from(len) {
        Ok(_) => Ok(()),
        Err(_) => Err(too_long(len, name)),
    }
}

#[cold]
fn too_long(len: usize, name: &str) -> Error {
    let message = format!("{name} cannot be {len} bytes long: no object is");
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cold]
fn null(name: &str) -> Error {
    Error::new(ErrorKind::Misuse, format!("{name} is NULL"))
}

/// Hands a new handle to the caller.
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes a handle back and drops it; NULL is fine.
pub(crate) fn free<T>(pointer: *mut T) {
    quiet((), || {
        if !pointer.is_null() {
            // SAFETY: made by `give`, and the caller gives it up, by the contract above.
            drop(unsafe { Box::from_raw(pointer) });
        }
        Some(())
    });
}

/// Writes to an out-parameter that may be NULL.
pub(crate) fn put<T>(out: *mut T, value: T) {
    // SAFETY: NULL or writable by the contract above; `T` needs no drop.
    if let Some(out) = unsafe { out.as_mut() } {
        *out = value;
    }
}
