//! gzip and deflate. gzip: any number of members, with their sums checked; what follows them and is
//! no member is ignored, as gzip(1) does. deflate: in zlib's wrapper, or raw as some servers send
//! it; its first two bytes tell.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Step, corrupt, cut_short};
use crate::error::Result;

/// Bytes of a gzip header without its optional fields (RFC 1952 §2.3).
const GZIP_HEADER_BYTES: u64 = 10;
const WINDOW_BITS: u8 = 15;

pub(super) struct Inflate {
    is_gzip: bool,
    state: State,
}

enum State {
    /// Before the first byte; of deflate one may be held until the second is there.
    Start(Option<u8>),
    /// Within a member, the how-manieth.
    Within(Decompress, u32),
    /// Behind a member of gzip.
    Between(u32),
    /// Behind everything.
    Behind,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self { is_gzip: true, state: State::Between(0) }
    }

    pub(super) fn deflate() -> Self {
        Self { is_gzip: false, state: State::Start(None) }
    }

    fn name(&self) -> &'static str {
        if self.is_gzip { "gzip" } else { "deflate" }
    }

    pub(super) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match &mut self.state {
                State::Behind => return Ok(Step { used: input.len(), made: 0 }),
                State::Between(_) | State::Start(None) if rest.is_empty() => {
                    return Ok(Step { used, made: 0 });
                }
                State::Between(members) if *members > 0 && rest[0] != 0x1f => {
                    self.state = State::Behind;
                }
                State::Between(members) => {
                    let decompress = Decompress::new_gzip(WINDOW_BITS);
                    self.state = State::Within(decompress, *members + 1);
                }
                State::Start(_) => match self.start(rest, ended)? {
                    Some(count) => used += count,
                    None => return Ok(Step { used, made: 0 }),
                },
                State::Within(..) => {
                    let step = self.inflate(rest, ended, out)?;
                    used += step.used;
                    let more = used < input.len() || !matches!(self.state, State::Within(..));
                    if step.made > 0 || !more {
                        return Ok(Step { used, made: step.made });
                    }
                    if step == Step::default() && used == input.len() - rest.len() {
                        return Err(corrupt(self.name(), "nothing can be made of it"));
                    }
                }
            }
        }
    }

    /// Looks at the first two bytes of deflate: how many of `rest` it took, `None` if it needs
    /// more.
    fn start(&mut self, rest: &[u8], ended: bool) -> Result<Option<usize>> {
        let State::Start(held) = self.state else { return Ok(None) };
        let (first, second) = match (held, rest) {
            (None, [first, second, ..]) => (*first, *second),
            (Some(first), [second, ..]) => (first, *second),
            (None, [first]) if !ended => {
                self.state = State::Start(Some(*first));
                return Ok(Some(1));
            }
            _ if !ended => return Ok(None),
            _ => return Err(cut_short("deflate")),
        };
        let is_zlib =
            first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]) % 31 == 0;
        let mut decompress = Decompress::new(is_zlib);
        if held.is_some() {
            // The first byte of a stream makes nothing.
            decompress
                .decompress(&[first], &mut [0], FlushDecompress::None)
                .map_err(|_| corrupt("deflate", "its beginning is none"))?;
        }
        self.state = State::Within(decompress, 1);
        Ok(Some(0))
    }

    fn inflate(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        let name = self.name();
        let State::Within(decompress, members) = &mut self.state else {
            return Ok(Step::default());
        };
        let before = (decompress.total_in(), decompress.total_out());
        let status = decompress.decompress(input, out, FlushDecompress::None);
        let used = (decompress.total_in() - before.0) as usize;
        let made = (decompress.total_out() - before.1) as usize;
        match status {
            Ok(Status::StreamEnd) => {
                let members = *members;
                self.state = if self.is_gzip { State::Between(members) } else { State::Behind };
                Ok(Step { used, made })
            }
            Ok(_) if made == 0 && ended && used == input.len() => Err(cut_short(name)),
            Ok(_) => Ok(Step { used, made }),
            // Not a member after all.
            Err(_) if *members > 1 && before.0 < GZIP_HEADER_BYTES && made == 0 => {
                self.state = State::Behind;
                Ok(Step { used, made })
            }
            Err(_) => Err(corrupt(name, "its data or sums are wrong")),
        }
    }
}
