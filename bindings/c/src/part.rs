//! rq_part: one part of a multipart body.

use std::ffi::{c_char, c_void};

use rq_core::{Part, Result};

use crate::boundary::{bytes, c_bytes, entry, handle, handle_mut, optional_text, text};
use crate::callbacks::{Context, rq_free_fn, rq_read_fn, rq_rewind_fn, upload};
use crate::error::rq_error;
use crate::request::rq_request;

/// A part of a request's multipart body: a field with a type of its own, or a file. Empty until it
/// is given content.
pub struct rq_part {
    pub(crate) request: *mut rq_request,
    pub(crate) index: usize,
}

fn change(
    part: *mut rq_part,
    error: *mut *mut rq_error,
    change: impl FnOnce(&mut Part) -> Result<()>,
) {
    entry(error, (), || {
        let &rq_part { request, index } = handle(part, "part")?;
        // The request lends the part, so it is alive while the part is.
        handle_mut(request, "part")?.request.part_mut(index).map_or(Ok(()), change)
    });
}

/// Sets the file name that the server sees; NULL: none, a plain field. Unless it is set, a part
/// made from a file has the last piece of its path, and any other part none.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for text that is not UTF-8. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_filename(
    part: *mut rq_part,
    filename: *const c_char,
    error: *mut *mut rq_error,
) {
    change(part, error, |part| {
        part.filename(optional_text(filename, "filename")?);
        Ok(())
    });
}

/// Sets the part's Content-Type; none is guessed.
///
/// Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_type(
    part: *mut rq_part,
    content_type: *const c_char,
    error: *mut *mut rq_error,
) {
    change(part, error, |part| part.content_type(text(content_type, "content_type")?));
}

/// Adds a header to the part, after Content-Disposition and Content-Type. One with an empty value
/// is not sent.
///
/// Errors: `RQ_ERR_INVALID_HEADER`, also for Content-Disposition, which the names make. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_header(
    part: *mut rq_part,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut rq_error,
) {
    change(part, error, |part| part.header(text(name, "name")?, c_bytes(value, "value")?));
}

/// Gives the part these bytes.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_bytes(
    part: *mut rq_part,
    data: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    change(part, error, |part| {
        part.bytes(bytes(data, len, "data")?);
        Ok(())
    });
}

/// Gives the part the file at `path`: opened now, read while the body is sent.
///
/// Errors: `RQ_ERR_FILE` if it cannot be opened. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_file(part: *mut rq_part, path: *const c_char, error: *mut *mut rq_error) {
    change(part, error, |part| part.file(text(path, "path")?));
}

/// Gives the part what `read` gives, as rq_request_body_callback does a body.
///
/// Errors, ownership: as there. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_part_callback(
    part: *mut rq_part,
    read: rq_read_fn,
    rewind: rq_rewind_fn,
    context: *mut c_void,
    free: rq_free_fn,
    length: i64,
    error: *mut *mut rq_error,
) {
    let context = Context::new(context, free);
    change(part, error, move |part| {
        part.stream(upload(read, rewind, context, length)?);
        Ok(())
    });
}
