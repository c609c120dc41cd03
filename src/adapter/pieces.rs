//! A request's body in the pieces in which it is sent: straight from memory, or read into one
//! buffer. Tells the caller's progress as they leave.

use crate::body::source::{Reading, Source};
use crate::connect::{FilePart, Stop};
use crate::error::Result;
use crate::limits::{SEND_FILE_BYTES_MIN, SEND_PIECE_BYTES, UPLOAD_READ_BYTES};
use crate::trace::Progress;

/// The pieces of one sending.
pub(super) struct Pieces<'a> {
    from: From<'a>,
    progress: Option<&'a Progress>,
    total: Option<u64>,
    sent: u64,
    /// Whether files are read although they could be sent otherwise.
    reads_files: bool,
}

enum From<'a> {
    Memory(std::slice::Chunks<'a, u8>),
    Source { reading: Reading<'a>, buffer: Vec<u8> },
}

impl<'a> Pieces<'a> {
    /// The pieces of `source`, which must come to `total` bytes if that is said.
    pub(super) fn of(
        source: &'a Source,
        total: Option<u64>,
        progress: Option<&'a Progress>,
    ) -> Result<Self> {
        let from = match source {
            Source::Empty => From::Memory([].chunks(1)),
            Source::Bytes(bytes) => From::Memory(bytes.chunks(SEND_PIECE_BYTES)),
            source => {
                let most = total.and_then(|total| usize::try_from(total).ok());
                let size = most.unwrap_or(usize::MAX).clamp(1, UPLOAD_READ_BYTES);
                // Not more than is needed, and no page of it touched before it is.
                From::Source { reading: source.reading(total)?, buffer: vec![0; size] }
            }
        };
        Ok(Self { from, progress, total, sent: 0, reads_files: false })
    }

    /// The next piece, never empty; `None` at the end.
    pub(super) fn next(&mut self) -> std::result::Result<Option<&[u8]>, Stop> {
        match &mut self.from {
            From::Memory(chunks) => Ok(chunks.next()),
            From::Source { reading, buffer } => {
                let count = reading.read(buffer).map_err(Stop::Source)?;
                Ok((count > 0).then_some(&buffer[..count]))
            }
        }
    }

    /// The file that comes next, if there is enough of it to be sent without being read.
    pub(super) fn file(&self) -> Option<FilePart<'a>> {
        match &self.from {
            From::Source { reading, .. } if !self.reads_files => {
                reading.file().filter(|file| file.len >= SEND_FILE_BYTES_MIN)
            }
            _ => None,
        }
    }

    /// Tells that `count` bytes of [`file`](Self::file) have left; 0: it must be read after all.
    pub(super) fn sent_file(&mut self, count: usize) -> std::result::Result<(), Stop> {
        match &mut self.from {
            From::Source { reading, .. } if count > 0 => {
                reading.skip(count as u64).map_err(Stop::Source)?;
                self.sent(count)
            }
            _ => {
                self.reads_files = true;
                Ok(())
            }
        }
    }

    /// Whether nothing is left that would have to be asked for: the whole length has left.
    pub(super) fn is_done(&self) -> bool {
        self.total == Some(self.sent)
    }

    /// Tells that the last piece has left.
    pub(super) fn sent(&mut self, count: usize) -> std::result::Result<(), Stop> {
        self.sent += count as u64;
        match self.progress {
            Some(progress) if count > 0 => progress(self.sent, self.total).map_err(Stop::Source),
            _ => Ok(()),
        }
    }
}
