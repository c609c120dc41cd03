//! The body of a response: whole, or as it comes.

use std::ffi::c_void;
use std::ptr;

use rq_core::{Error, ErrorKind};

use crate::boundary::{bytes_mut, entry, handle_mut, optional, put, quiet};
use crate::error::rq_error;
use crate::response::rq_response;

/// The length of the body as the response declares it; 0 if it has none, -1 if it is not known
/// before the end.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_length(response: *const rq_response) -> i64 {
    quiet(-1, || {
        let length = optional(response)?.response.content_length()?;
        i64::try_from(length).ok()
    })
}

/// Reads some of the body into `buf`: returns how many bytes, 0 at the end, -1 on error. A large
/// `buf` (64 KiB and more) is filled straight from the socket. The connection serves the next
/// request once the end is reached.
///
/// Blocks, for the read timeout at most. Errors: `RQ_ERR_INCOMPLETE` if the body is truncated,
/// timeouts, `RQ_ERR_CANCELLED`, `RQ_ERR_PROTOCOL`; an error stays: every later read reports it
/// again. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read(
    response: *mut rq_response,
    buf: *mut c_void,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    entry(error, -1, || {
        let response = handle_mut(response, "response")?;
        let buf = bytes_mut(buf, cap, "buf")?;
        if buf.is_empty() {
            let message = "buf has no room: 0 bytes would look like the end of the body";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        response.response.read(buf).map(|count| count as i64)
    })
}

/// Reads all that is left of the body and keeps it: further calls return the same bytes. A NUL that
/// `len` does not count follows them. NULL on error.
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
        let handle = handle_mut(response, "response")?;
        let bytes = match handle.bytes.take() {
            Some(bytes) => bytes,
            None => {
                let mut bytes = handle.response.content()?;
                bytes.push(0);
                bytes
            }
        };
        let bytes = handle.bytes.insert(bytes);
        put(len, bytes.len() - 1);
        Ok(bytes.as_ptr().cast())
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
