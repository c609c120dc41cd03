//! zstd (RFC 8878): any number of frames, skippable ones too, none with a window beyond the limit
//! (RFC 9659, flaw 80). What follows them and is no frame is ignored, as with every coding here.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::{Step, corrupt, cut_short};
use crate::error::{Error, Result};
use crate::limits::ZSTD_WINDOW_BYTES_MAX;

/// The library's number for a wrong magic number, which it tells at the first wrong byte
/// (`ZSTD_error_prefix_unknown`), …
const NO_FRAME: usize = 10;
/// … and for too large a window (`ZSTD_error_frameParameter_windowTooLarge`). Both are fixed.
const WINDOW_TOO_LARGE: usize = 16;

pub(super) struct Zstandard {
    decoder: DCtx<'static>,
    /// Whether a frame is open.
    within: bool,
    /// Whether a frame has been read to its end: behind it others may follow, or garbage.
    has_frame: bool,
    /// Behind everything: padding and garbage.
    behind: bool,
}

impl Zstandard {
    pub(super) fn new() -> Result<Self> {
        let fault = |_| corrupt("zstd", "its decoder cannot be made");
        let mut decoder = DCtx::try_create().ok_or(0).map_err(fault)?;
        decoder.init().map_err(fault)?;
        let log = ZSTD_WINDOW_BYTES_MAX.ilog2();
        decoder.set_parameter(DParameter::WindowLogMax(log)).map_err(fault)?;
        Ok(Self { decoder, within: false, has_frame: false, behind: false })
    }

    pub(super) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        if self.behind || (input.is_empty() && !self.within) {
            return Ok(Step { used: input.len(), made: 0 });
        }
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(out);
        match self.decoder.decompress_stream(&mut to, &mut from) {
            Ok(left) => self.within = left != 0,
            Err(code) => {
                // Errors are negative numbers in an unsigned type.
                let number = code.wrapping_neg();
                self.behind = self.has_frame && number == NO_FRAME;
                return match self.behind {
                    true => Ok(Step { used: input.len(), made: 0 }),
                    false => Err(wrong(number)),
                };
            }
        }
        self.has_frame |= !self.within;
        let (used, made) = (from.pos, to.pos());
        match ended && made == 0 && used == input.len() && self.within {
            true => Err(cut_short("zstd")),
            false => Ok(Step { used, made }),
        }
    }
}

fn wrong(number: usize) -> Error {
    let why = match number == WINDOW_TOO_LARGE {
        true => "its window is larger than 8 MiB",
        false => "its data or sums are wrong",
    };
    corrupt("zstd", why)
}
