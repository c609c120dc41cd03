//! zstd (RFC 8878): any number of frames, none with a window beyond the limit (RFC 9659, flaw 80).

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::{Step, corrupt, cut_short};
use crate::error::Result;
use crate::limits::ZSTD_WINDOW_BYTES_MAX;

pub(super) struct Zstandard {
    decoder: Decoder<'static>,
    /// Whether a frame is open.
    within: bool,
}

impl Zstandard {
    pub(super) fn new() -> Result<Self> {
        let fault = |_| corrupt("zstd", "its decoder cannot be made");
        let mut decoder = Decoder::new().map_err(fault)?;
        let log = ZSTD_WINDOW_BYTES_MAX.ilog2();
        decoder.set_parameter(DParameter::WindowLogMax(log)).map_err(fault)?;
        Ok(Self { decoder, within: false })
    }

    pub(super) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        if input.is_empty() && !self.within {
            return Ok(Step::default());
        }
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(out);
        let left = self.decoder.run(&mut from, &mut to);
        let (used, made) = (from.pos(), to.pos());
        match left {
            Ok(left) => self.within = left != 0,
            Err(error) => {
                let words = error.to_string();
                return Err(match words.contains("memory") {
                    true => corrupt("zstd", "its window is larger than 8 MiB"),
                    false => corrupt("zstd", "its data or sums are wrong"),
                });
            }
        }
        match ended && made == 0 && used == input.len() && self.within {
            true => Err(cut_short("zstd")),
            false => Ok(Step { used, made }),
        }
    }
}
