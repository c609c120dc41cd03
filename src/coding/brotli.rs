//! br (RFC 7932). What follows the end of the stream is ignored.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Step, corrupt, cut_short};
use crate::error::Result;

pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    begun: bool,
    done: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: no windows beyond RFC 7932's 16 MiB.
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state, begun: false, done: false }
    }

    pub(super) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        if self.done || (!self.begun && input.is_empty()) {
            return Ok(Step { used: input.len(), made: 0 });
        }
        self.begun = true;
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut made, mut total) = (out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut made,
            out,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultSuccess => {
                self.done = true;
                Ok(Step { used: input.len(), made })
            }
            BrotliResult::NeedsMoreInput if made == 0 && ended => Err(cut_short("br")),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(Step { used, made }),
            BrotliResult::ResultFailure => Err(corrupt("br", "its data are wrong")),
        }
    }
}
