//! A caller's own stream as a body: read piece by piece while it is sent, rewound where it can be
//! (behaviours B7, B10, B11, B16).
//!
//! The stream is taken out of its [`Upload`] while it is read, so no lock is held when the caller's
//! code runs; a second request that wants it at the same time is told so.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::FileSource;
use super::source::{Source, not_again};
use crate::error::{Error, ErrorKind, Phase, Result};

/// What a stream of the caller's does.
pub trait BodyRead: Send {
    /// Reads the next bytes into `buf`: their number, 0 at the end. May block.
    ///
    /// # Errors
    /// Ends the request; the error reaches the caller of `send` as it is.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize>;

    /// Whether [`rewind`](Self::rewind) may be called.
    fn can_rewind(&self) -> bool {
        false
    }

    /// Goes back to the beginning, for a request that is sent again.
    ///
    /// # Errors
    /// Ends the request.
    fn rewind(&mut self) -> Result<()> {
        Err(not_again())
    }
}

/// A body that is read while it is sent.
///
/// ```
/// let mut request = rq::Request::new("PUT", "http://example.org/log")?;
/// request.body_stream(rq::Upload::from_read(std::io::stdin(), None));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone)]
pub struct Upload(Kind);

#[derive(Clone)]
enum Kind {
    File(FileSource),
    Stream(Arc<Stream>),
}

struct Stream {
    length: Option<u64>,
    can_rewind: bool,
    state: Mutex<State>,
}

struct State {
    /// `None` while a request reads it.
    reader: Option<Box<dyn BodyRead>>,
    read: bool,
}

impl Upload {
    /// A stream that gives `length` bytes, or, with `None`, is sent in chunks until it ends.
    pub fn new(reader: impl BodyRead + 'static, length: Option<u64>) -> Self {
        let can_rewind = reader.can_rewind();
        let state = Mutex::new(State { reader: Some(Box::new(reader)), read: false });
        Self(Kind::Stream(Arc::new(Stream { length, can_rewind, state })))
    }

    /// Anything that can be read, once.
    pub fn from_read(reader: impl io::Read + Send + 'static, length: Option<u64>) -> Self {
        Self::new(Once(reader), length)
    }

    /// A file from its position to its end; the position of a regular file is not moved.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if its length cannot be told.
    pub fn from_file(file: File) -> Result<Self> {
        Ok(Self(Kind::File(FileSource::new(file)?)))
    }

    /// The file at `path`, opened now.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be opened.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self(Kind::File(FileSource::open(path.as_ref())?)))
    }

    pub(crate) fn into_source(self) -> Source {
        match self.0 {
            Kind::File(file) => Source::File(file),
            Kind::Stream(_) => Source::Upload(self),
        }
    }

    pub(super) fn len(&self) -> Option<u64> {
        match &self.0 {
            Kind::File(file) => file.len(),
            Kind::Stream(stream) => stream.length,
        }
    }

    pub(super) fn can_rewind(&self) -> bool {
        match &self.0 {
            Kind::File(file) => file.can_rewind(),
            Kind::Stream(stream) => stream.can_rewind,
        }
    }

    pub(super) fn can_be_sent(&self) -> bool {
        match &self.0 {
            Kind::File(file) => file.can_be_sent(),
            Kind::Stream(stream) => stream.can_rewind || !stream.lock().read,
        }
    }

    /// Takes the stream for one pass, at its beginning.
    pub(super) fn take(&self) -> Result<InUse<'_>> {
        let Kind::Stream(stream) = &self.0 else { return Err(not_again()) };
        let (mut reader, again) = {
            let mut state = stream.lock();
            let reader = state.reader.take().ok_or_else(busy)?;
            (reader, std::mem::replace(&mut state.read, true))
        };
        let rewound = if again { reader.rewind() } else { Ok(()) };
        let in_use = InUse { stream, reader: Some(reader) };
        rewound.map(|()| in_use)
    }
}

fn busy() -> Error {
    let message = "another request is sending this body; a stream serves one at a time";
    Error::new(ErrorKind::Misuse, message).in_phase(Phase::Send)
}

impl Stream {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?} bytes)", self.len())
    }
}

/// A stream that one request reads; goes back when dropped.
pub(super) struct InUse<'a> {
    stream: &'a Stream,
    reader: Option<Box<dyn BodyRead>>,
}

impl InUse<'_> {
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        match reader.read(buf)? {
            count if count <= buf.len() => Ok(count),
            count => {
                let room = buf.len();
                let message =
                    format!("the body's callback says {count} bytes for a buffer of {room}");
                Err(Error::new(ErrorKind::Callback, message).in_phase(Phase::Send))
            }
        }
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.stream.lock().reader = self.reader.take();
    }
}

struct Once<R>(R);

impl<R: io::Read + Send> BodyRead for Once<R> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        loop {
            match self.0.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let what = "reading the body failed";
                    let error = Error::system(ErrorKind::Callback, what, &error);
                    return Err(error.in_phase(Phase::Send));
                }
                Ok(count) => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_serves_one_request_at_a_time() {
        let upload = Upload::from_read(&b"abc"[..], Some(3));
        let mut first = upload.take().unwrap();
        assert_eq!(upload.take().err().map(|error| error.kind()), Some(ErrorKind::Misuse));
        let mut buf = [0; 8];
        assert_eq!(first.read(&mut buf).unwrap(), 3);
        drop(first);
        assert_eq!(upload.take().err().map(|error| error.kind()), Some(ErrorKind::Body));
    }

    #[test]
    fn a_callback_cannot_claim_more_than_it_was_given() {
        struct Liar;
        impl BodyRead for Liar {
            fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
                Ok(buf.len() + 1)
            }
        }
        let upload = Upload::new(Liar, None);
        let error = upload.take().unwrap().read(&mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Callback);
    }
}
