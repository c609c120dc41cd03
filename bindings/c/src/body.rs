//! The body of a response: whole, as it comes, or into a file.

use std::ffi::{c_char, c_void};
use std::ptr;

use rq_core::{Error, ErrorKind, Response, Result};

use crate::boundary::{bytes_mut, entry, handle_mut, optional, put, quiet, text};
use crate::error::rq_error;
use crate::response::rq_response;

/// The length of the body as the response declares it, before it is decoded; 0 if it has none, -1
/// if it is not known before the end.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_length(response: *const rq_response) -> i64 {
    quiet(-1, || {
        let length = optional(response)?.response.content_length()?;
        i64::try_from(length).ok()
    })
}

/// Reads some of the body into `buf`, decoded: returns how many bytes, 0 at the end, -1 on error.
/// Without a content coding a large `buf` (64 KiB and more) is filled straight from the socket. Of
/// a large body that comes fast the system may hold bytes back for up to 20 ms, until many have
/// come, if its length is known (over plain connections, on Linux); else up to 512 KiB are read
/// ahead where `buf` is smaller than 256 KiB. The connection serves the next request once the end
/// is reached.
///
/// Blocks, for the read timeout at most. Errors: `RQ_ERR_INCOMPLETE` if the body is truncated,
/// `RQ_ERR_DECODE`, timeouts, `RQ_ERR_CANCELLED`, `RQ_ERR_PROTOCOL`, `RQ_ERR_LIMIT`, what a hook
/// says; an error stays: every later read reports it again. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    read(response, buf, cap, error, Response::read)
}

/// What rq_body_read_now returns beside numbers of bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum rq_now {
    /// It would have to wait.
    RQ_NOT_YET = -2,
}

/// As rq_body_read, but waits for nothing: returns `RQ_NOT_YET` where that would have to, while the
/// end has not come. For programs that wait in a way of their own, or read what has come already on
/// a thread that must not block. Nothing is lost by it: any read goes on from there, and the read
/// timeout begins anew with one that waits. It still takes the time that copying, decrypting,
/// decoding and the hooks of the body take.
///
/// Errors: as rq_body_read, but the read timeout; -1 then. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read_now(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    let mut yet = true;
    let got = read(response, buf, cap, error, |response, buf| {
        let got = response.read_now(buf)?;
        yet = got.is_some();
        Ok(got.unwrap_or_default())
    });
    if yet { got } else { rq_now::RQ_NOT_YET as i64 }
}

/// As rq_body_read, but fills `buf`: returns `cap` but for the last of the body. For chunks of one
/// size, however the bytes arrive. An error behind bytes that were read is told by the next call.
///
/// Errors: as rq_body_read. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read_full(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    read(response, buf, cap, error, Response::read_full)
}

/// As rq_body_read, with the bytes as they were transferred: no content coding is taken off.
///
/// Errors: as rq_body_read; `RQ_ERR_MISUSE` once other reads have begun, and for those after it.
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read_raw(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    read(response, buf, cap, error, Response::read_raw)
}

fn read(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
    read: impl FnOnce(&mut Response, &mut [u8]) -> Result<usize>,
) -> i64 {
    entry(error, -1, || {
        let response = handle_mut(response, "response")?;
        let buf = bytes_mut(buf, cap, "buf")?;
        if buf.is_empty() {
            let message = "buf has no room: 0 bytes would look like the end of the body";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        read(&mut response.response, buf).map(|count| count as i64)
    })
}

/// Reads all that is left of the body and keeps it: further calls return the same bytes. A NUL that
/// `len` does not count follows them. NULL on error: what came before it can still be read by
/// rq_body_read.
///
/// Blocks. Errors: as rq_body_read. Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_bytes(
    response: *mut rq_response,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_void {
    put(len, 0);
    entry(error, ptr::null(), || {
        let bytes = handle_mut(response, "response")?.response.bytes_with_nul()?;
        put(len, bytes.len().saturating_sub(1));
        Ok(bytes.as_ptr().cast())
    })
}

/// Writes all that is left of the body to a file and returns its bytes; -1 on error. The file
/// appears whole, in place of an old one of that name, or not at all; a link stays one, and a
/// device is written to as it is.
///
/// Blocks. Errors: as rq_body_read; `RQ_ERR_FILE` for what cannot be written. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_save(
    response: *mut rq_response,
    path: *const c_char,
    error: *mut *mut rq_error,
) -> i64 {
    entry(error, -1, || {
        let response = handle_mut(response, "response")?;
        let count = response.response.save(text(path, "path")?)?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    })
}

/// Gives up the rest of the body. The connection is kept if the rest has arrived already, else it
/// is closed. Reading on is an error. NULL is fine.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_close(response: *mut rq_response) {
    quiet((), || {
        handle_mut(response, "response").ok()?.response.close();
        Some(())
    });
}
