//! Callbacks: functions of yours that librq calls, on the thread of the call that needs them, with
//! no lock of librq held.

use std::ffi::c_void;
use std::ptr;

use rq_core::{Authenticate, BodyRead, Error, ErrorKind, Prepared, Progress, Result, Upload};

use crate::error::rq_error;
use crate::prepared::rq_prepared;

/// Reads the next bytes of a body into `buf`: returns how many, at most `cap`; 0 at the end; -1 if
/// it failed (say why with rq_error_set, which becomes the error of the request). Since: 0.1.
pub type rq_read_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        buf: *mut c_void,
        cap: usize,
        error: *mut *mut rq_error,
    ) -> i64,
>;

/// Goes back to where the body began, for a request that is sent again; false if it cannot (say why
/// with rq_error_set). Since: 0.1.
pub type rq_rewind_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, error: *mut *mut rq_error) -> bool>;

/// Sees, and may change, a request that is being prepared; `prepared` is lent for the call. Setting
/// the error fails the preparation. Since: 0.1.
pub type rq_auth_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        prepared: *mut rq_prepared,
        error: *mut *mut rq_error,
    ),
>;

/// Told while a body is sent or received: the bytes so far, and all of them, -1 if that is unknown.
/// Setting the error ends the request. Since: 0.1.
pub type rq_progress_fn = Option<
    unsafe extern "C" fn(context: *mut c_void, bytes: u64, total: i64, error: *mut *mut rq_error),
>;

/// Called once when librq is done with a context, from any thread; also when the function that
/// took the context failed. Since: 0.1.
pub type rq_free_fn = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// A context of the caller's, freed when the last user is gone.
pub(crate) struct Context {
    pointer: *mut c_void,
    free: rq_free_fn,
}

// SAFETY: the header demands of contexts that they may be used on any thread that uses the handle
// they were given to.
unsafe impl Send for Context {}
// SAFETY: as above; sessions are shared by threads, and the header says so of their callbacks.
unsafe impl Sync for Context {}

impl Context {
    pub(crate) fn new(pointer: *mut c_void, free: rq_free_fn) -> Self {
        Self { pointer, free }
    }

    /// What callbacks get. A method, so that a closure captures the context and not the field.
    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the caller's function for the caller's context, called once: here.
            unsafe { free(self.pointer) }
        }
    }
}

/// The callback, or an error that names the parameter.
pub(crate) fn present<F>(callback: Option<F>, name: &str) -> Result<F> {
    callback.ok_or_else(|| Error::new(ErrorKind::Misuse, format!("{name} is NULL")))
}

/// Runs a callback with an error of its own; what it set becomes the result.
pub(crate) fn told<R>(call: impl FnOnce(*mut *mut rq_error) -> R) -> (R, Result<()>) {
    let mut error = ptr::null_mut();
    let value = call(&raw mut error);
    if error.is_null() {
        return (value, Ok(()));
    }
    // SAFETY: only rq_error_set makes errors, as boxes, and the callback left this one to us.
    let error = unsafe { Box::from_raw(error) };
    (value, Err(error.into_error()))
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Callback, format!("{what} failed without saying why"))
}

type ReadFn = unsafe extern "C" fn(*mut c_void, *mut c_void, usize, *mut *mut rq_error) -> i64;
type RewindFn = unsafe extern "C" fn(*mut c_void, *mut *mut rq_error) -> bool;

struct Reader {
    read: ReadFn,
    rewind: Option<RewindFn>,
    context: Context,
}

impl BodyRead for Reader {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let (context, out, cap) = (self.context.pointer(), buf.as_mut_ptr().cast(), buf.len());
        // SAFETY: the caller's function; `out` is `cap` writable bytes.
        let (count, result) = told(|error| unsafe { (self.read)(context, out, cap, error) });
        result?;
        usize::try_from(count).map_err(|_| failed("the callback that reads the body"))
    }

    fn can_rewind(&self) -> bool {
        self.rewind.is_some()
    }

    fn rewind(&mut self) -> Result<()> {
        let rewind = present(self.rewind, "rewind")?;
        // SAFETY: the caller's function.
        let (done, result) = told(|error| unsafe { rewind(self.context.pointer(), error) });
        result?;
        match done {
            true => Ok(()),
            false => {
                let message = "the body cannot be sent again: its callback could not rewind";
                Err(Error::new(ErrorKind::Body, message))
            }
        }
    }
}

/// A body that a callback gives; `length` -1: unknown.
pub(crate) fn upload(
    read: rq_read_fn,
    rewind: rq_rewind_fn,
    context: Context,
    length: i64,
) -> Result<Upload> {
    let length = match length {
        -1 => None,
        length => Some(u64::try_from(length).map_err(|_| {
            let message = format!("the length of a body cannot be {length}; -1 is unknown");
            Error::new(ErrorKind::InvalidArgument, message)
        })?),
    };
    let read = present(read, "read")?;
    Ok(Upload::new(Reader { read, rewind, context }, length))
}

type AuthFn = unsafe extern "C" fn(*mut c_void, *mut rq_prepared, *mut *mut rq_error);

/// Authentication by a callback.
pub(crate) struct Authenticator {
    pub(crate) call: AuthFn,
    pub(crate) context: Context,
}

impl Authenticate for Authenticator {
    fn authenticate(&self, prepared: &mut Prepared) -> Result<()> {
        let mut lent = rq_prepared::from(prepared.clone());
        let pointer = &raw mut lent;
        // SAFETY: the caller's function; the handle lives until it returns.
        let ((), result) =
            told(|error| unsafe { (self.call)(self.context.pointer(), pointer, error) });
        result?;
        *prepared = lent.prepared;
        Ok(())
    }
}

/// Progress told to a callback.
pub(crate) fn progress(call: rq_progress_fn, context: Context) -> Result<Progress> {
    let call = present(call, "callback")?;
    Ok(std::sync::Arc::new(move |bytes, total: Option<u64>| {
        let total = total.map_or(-1, |total| i64::try_from(total).unwrap_or(i64::MAX));
        // SAFETY: the caller's function.
        let ((), result) = told(|error| unsafe { call(context.pointer(), bytes, total, error) });
        result
    }))
}
