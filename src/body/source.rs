//! What is uploaded: nothing, bytes, a file, a caller's stream, or several of these one after
//! another. Its length decides the framing of the request (behaviours B1, B2, B6, B7).
//!
//! A [`Source`] is a description, cheap to clone; a [`Reading`] is one pass over it, which holds it
//! to its length: what it gives is never more and never less than was declared (B14 mended).

use std::sync::Arc;

use super::file::FileSource;
use super::upload::{InUse, Upload};
use crate::connect::FilePart;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::UPLOAD_READ_BYTES;

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub(crate) enum Source {
    /// No body.
    #[default]
    Empty,
    /// Bytes in memory, never empty.
    Bytes(Arc<[u8]>),
    /// A file, or a part of it.
    File(FileSource),
    /// A caller's stream.
    Upload(Upload),
    /// One after another: the parts of a multipart body.
    Chain(Arc<[Self]>),
}

impl Source {
    /// The source for these bytes; an empty body is no body (B4).
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Bytes(bytes.into()) }
    }

    /// The bytes of a body that is in memory.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// How many bytes it will give; `None` where only the end of the stream tells.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::File(file) => file.len(),
            Self::Upload(upload) => upload.len(),
            Self::Chain(sources) => {
                sources.iter().try_fold(0_u64, |sum, source| sum.checked_add(source.len()?))
            }
        }
    }

    /// Whether nothing is sent, not even an empty stream.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether it could be sent now: not at all, or for a second time.
    pub(crate) fn can_be_sent(&self) -> bool {
        match self {
            Self::Empty | Self::Bytes(_) => true,
            Self::File(file) => file.can_be_sent(),
            Self::Upload(upload) => upload.can_be_sent(),
            Self::Chain(sources) => sources.iter().all(Self::can_be_sent),
        }
    }

    /// Whether it can be read any number of times.
    pub(crate) fn can_rewind(&self) -> bool {
        match self {
            Self::Empty | Self::Bytes(_) => true,
            Self::File(file) => file.can_rewind(),
            Self::Upload(upload) => upload.can_rewind(),
            Self::Chain(sources) => sources.iter().all(Self::can_rewind),
        }
    }

    /// Gives all of it to `take`, for those who look at it before it is sent.
    pub(crate) fn each_piece(&self, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        let mut reading = self.reading(self.len())?;
        let mut buffer = vec![0; UPLOAD_READ_BYTES];
        loop {
            match reading.read(&mut buffer)? {
                0 => return Ok(()),
                count => take(&buffer[..count]),
            }
        }
    }

    /// One pass over it. `declared`: how many bytes must come, if that is known.
    pub(crate) fn reading(&self, declared: Option<u64>) -> Result<Reading<'_>> {
        let mut reading = Reading { pending: vec![self], at: 0, open: None, left: declared };
        reading.begin()?;
        Ok(reading)
    }
}

/// One pass over a source.
pub(crate) struct Reading<'a> {
    /// What is still to be read, the next one last.
    pending: Vec<&'a Source>,
    /// How far the bytes or the file that come next have been read.
    at: u64,
    /// The caller's stream that is being read.
    open: Option<InUse<'a>>,
    left: Option<u64>,
}

impl<'a> Reading<'a> {
    /// Takes the streams that a pass needs, so that one that cannot be read again is told before
    /// anything is sent.
    fn begin(&mut self) -> Result<()> {
        match self.pending.iter().all(|source| source.can_be_sent()) {
            true => Ok(()),
            false => Err(not_again()),
        }
    }

    /// Fills `buf` from its beginning; 0 is the end. A caller's stream is asked once.
    ///
    /// # Errors
    /// What the source says, and [`ErrorKind::BodyLength`] if it does not keep to its length.
    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let count = self.fill(buf)?;
        let Some(left) = self.left else { return Ok(count) };
        let count = count as u64;
        if count > left || (count == left && self.gives_more()?) {
            return Err(length(format!("the body gave more than the {} bytes declared", left)));
        }
        if count == 0 && left > 0 {
            return Err(length(format!("the body ended {left} bytes before its declared length")));
        }
        self.left = Some(left - count);
        Ok(count as usize)
    }

    /// The file that comes next, as far as it belongs to this pass.
    pub(crate) fn file(&self) -> Option<FilePart<'a>> {
        let Some(Source::File(file)) = self.pending.last() else { return None };
        let part = file.part(self.at)?;
        Some(FilePart { len: part.len.min(self.left.unwrap_or(u64::MAX)), ..part })
    }

    /// Counts `count` bytes of [`file`](Self::file) that were not read.
    pub(crate) fn skip(&mut self, count: u64) -> Result<()> {
        self.at += count;
        let Some(left) = &mut self.left else { return Ok(()) };
        *left -= count.min(*left);
        if *left == 0 && self.gives_more()? {
            return Err(length("the body gave more than the bytes declared".to_owned()));
        }
        Ok(())
    }

    /// Whether there is anything behind the last declared byte.
    fn gives_more(&mut self) -> Result<bool> {
        Ok(self.fill(&mut [0])? > 0)
    }

    fn fill(&mut self, buf: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            let Some(source) = self.pending.last().copied() else { break };
            let room = &mut buf[filled..];
            let count = match source {
                Source::Empty => 0,
                Source::Bytes(bytes) => copy(&bytes[self.at as usize..], room),
                Source::File(file) => file.read(self.at, room)?,
                Source::Upload(upload) => self.stream(upload)?.read(room)?,
                Source::Chain(sources) => {
                    self.pending.pop();
                    self.pending.extend(sources.iter().rev());
                    continue;
                }
            };
            self.at += count as u64;
            filled += count;
            if count == 0 {
                self.next();
            } else if self.open.is_some() {
                // Whatever a stream gives is sent at once; asking for more could block.
                break;
            }
        }
        Ok(filled)
    }

    fn stream(&mut self, upload: &'a Upload) -> Result<&mut InUse<'a>> {
        match &mut self.open {
            Some(open) => Ok(open),
            closed => Ok(closed.insert(upload.take()?)),
        }
    }

    fn next(&mut self) {
        self.pending.pop();
        self.at = 0;
        self.open = None;
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    to[..count].copy_from_slice(&from[..count]);
    count
}

fn length(message: String) -> Error {
    Error::new(ErrorKind::BodyLength, message).in_phase(Phase::Send)
}

pub(crate) fn not_again() -> Error {
    let message = "the body has been read and cannot be sent again; give it a way to rewind";
    Error::new(ErrorKind::Body, message).in_phase(Phase::Send)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::upload::Upload;

    fn all(source: &Source, declared: Option<u64>, piece: usize) -> Result<Vec<u8>> {
        let (mut reading, mut got) = (source.reading(declared)?, Vec::new());
        let mut buf = vec![0; piece];
        loop {
            match reading.read(&mut buf)? {
                0 => return Ok(got),
                count => got.extend_from_slice(&buf[..count]),
            }
        }
    }

    fn stream(text: &'static str) -> Source {
        Source::Upload(Upload::from_read(text.as_bytes(), None))
    }

    #[test]
    fn a_chain_is_read_in_order_whatever_the_size_of_the_pieces() {
        for piece in 1..12 {
            let inner = Source::Chain([Source::of(b"cd"), Source::Empty].into());
            let chain = Source::Chain([Source::of(b"ab"), inner, stream("ef")].into());
            assert_eq!(chain.len(), None);
            assert_eq!(all(&chain, None, piece).unwrap(), b"abcdef");
        }
    }

    #[test]
    fn a_source_is_held_to_its_length() {
        assert_eq!(all(&stream("abc"), Some(3), 2).unwrap(), b"abc");
        for declared in [2, 4] {
            for piece in 1..6 {
                let error = all(&stream("abc"), Some(declared), piece).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::BodyLength, "{declared} {piece}");
            }
        }
    }

    #[test]
    fn what_cannot_be_rewound_is_sent_once() {
        let once = stream("abc");
        assert!(once.can_be_sent());
        assert_eq!(all(&once, None, 8).unwrap(), b"abc");
        assert!(!once.can_be_sent());
        assert_eq!(once.reading(None).err().map(|error| error.kind()), Some(ErrorKind::Body));
    }
}
