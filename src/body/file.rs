//! A file as a body: from where its position stood to where its end was when it was given (B6).
//!
//! A regular file is read by offset, so its position is never moved, any number of requests may
//! send it at once, and it can be sent again (B22). Anything else (a pipe, a terminal) is read
//! once, to its end. A file that has become shorter is an error, never a short body.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::source::not_again;
use crate::connect::FilePart;
use crate::error::{Error, ErrorKind, Phase, Result};

/// An open file, or what is left of it.
#[derive(Clone)]
pub(crate) struct FileSource(Arc<Inner>);

struct Inner {
    file: File,
    kind: Kind,
}

enum Kind {
    Regular { start: u64, len: u64 },
    Stream { read: AtomicBool },
}

impl FileSource {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let what = || format!("cannot read the file {}", path.display());
        let file = File::open(path).map_err(|error| fault(&what(), &error))?;
        let source = Self::new(file).map_err(|error| error.in_phase(Phase::Prepare))?;
        match source.0.file.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                let message = format!("{}: it is a directory", what());
                Err(Error::new(ErrorKind::File, message).in_phase(Phase::Prepare))
            }
            _ => Ok(source),
        }
    }

    /// `file` from its position to its end.
    pub(crate) fn new(mut file: File) -> Result<Self> {
        let unreadable = |error: io::Error| fault("cannot tell the length of the file", &error);
        let metadata = file.metadata().map_err(unreadable)?;
        let kind = match metadata.is_file() {
            true => {
                let start = file.stream_position().map_err(unreadable)?;
                Kind::Regular { start, len: metadata.len().saturating_sub(start) }
            }
            false => Kind::Stream { read: AtomicBool::new(false) },
        };
        Ok(Self(Arc::new(Inner { file, kind })))
    }

    pub(super) fn len(&self) -> Option<u64> {
        match self.0.kind {
            Kind::Regular { len, .. } => Some(len),
            Kind::Stream { .. } => None,
        }
    }

    pub(super) fn can_rewind(&self) -> bool {
        matches!(self.0.kind, Kind::Regular { .. })
    }

    pub(super) fn can_be_sent(&self) -> bool {
        match &self.0.kind {
            Kind::Regular { .. } => true,
            Kind::Stream { read } => !read.load(Ordering::Relaxed),
        }
    }

    /// The file from `at` bytes on, for those who can send it without reading it.
    pub(super) fn part(&self, at: u64) -> Option<FilePart<'_>> {
        match &self.0.kind {
            Kind::Regular { start, len } => Some(FilePart {
                file: self.0.file.as_fd(),
                at: start + at,
                len: len - at.min(*len),
            }),
            Kind::Stream { .. } => None,
        }
    }

    /// Reads what stands `at` bytes from the beginning of this body; 0 is its end.
    pub(super) fn read(&self, at: u64, buf: &mut [u8]) -> Result<usize> {
        let Inner { file, kind } = &*self.0;
        match kind {
            Kind::Regular { start, len } => read_at(file, start + at, len - at.min(*len), buf),
            Kind::Stream { read } => {
                if at == 0 && read.swap(true, Ordering::Relaxed) {
                    return Err(not_again());
                }
                retried(|| (&*file).read(buf))
            }
        }
    }
}

fn read_at(file: &File, at: u64, left: u64, buf: &mut [u8]) -> Result<usize> {
    let most = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
    if most == 0 {
        return Ok(0);
    }
    match retried(|| file.read_at(&mut buf[..most], at))? {
        0 => {
            let message = format!("the file became {left} bytes shorter while it was sent");
            Err(Error::new(ErrorKind::BodyLength, message).in_phase(Phase::Send))
        }
        count => Ok(count),
    }
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(fault("the file cannot be read", &error).in_phase(Phase::Send));
            }
            Ok(count) => return Ok(count),
        }
    }
}

fn fault(what: &str, error: &io::Error) -> Error {
    Error::system(ErrorKind::File, what, error).in_phase(Phase::Prepare)
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?} bytes)", self.len())
    }
}
