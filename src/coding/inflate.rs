//! gzip and deflate. gzip: any number of members, with their sums checked; what follows them and is
//! no member is ignored, as gzip(1) does. deflate: in zlib's wrapper, or raw as some servers send
//! it; its first two bytes tell.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Step, corrupt, cut_short};
use crate::error::Result;

/// What every member begins with (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const WINDOW_BITS: u8 = 15;

pub(super) struct Inflate {
    is_gzip: bool,
    /// Whether a member has been read to its end: behind it others may follow, or garbage.
    has_member: bool,
    state: State,
}

enum State {
    /// Before a stream, of whose first two bytes one may have come.
    Start(Option<u8>),
    Within(Decompress),
    /// Behind everything: padding and garbage.
    Behind,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self { is_gzip: true, has_member: false, state: State::Start(None) }
    }

    pub(super) fn deflate() -> Self {
        Self { is_gzip: false, ..Self::gzip() }
    }

    fn name(&self) -> &'static str {
        if self.is_gzip { "gzip" } else { "deflate" }
    }

    pub(super) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match self.state {
                State::Behind => return Ok(Step { used: input.len(), made: 0 }),
                State::Start(None) if rest.is_empty() => return Ok(Step { used, made: 0 }),
                State::Start(Some(_)) if rest.is_empty() && !ended => {
                    return Ok(Step { used, made: 0 });
                }
                State::Start(held) => used += self.start(held, rest, ended)?,
                State::Within(_) => {
                    let step = self.inflate(rest, ended, out)?;
                    used += step.used;
                    if step.made > 0 || matches!(self.state, State::Within(_)) {
                        return Ok(Step { used, made: step.made });
                    }
                }
            }
        }
    }

    /// Looks at the first two bytes of a stream, one of which may be `held`; how many it took.
    fn start(&mut self, held: Option<u8>, rest: &[u8], ended: bool) -> Result<usize> {
        let (first, second) = match (held, rest) {
            (Some(first), _) => (first, rest.first()),
            (None, [first, behind @ ..]) => (*first, behind.first()),
            (None, []) => return Ok(0),
        };
        // Only the magic number tells a member from garbage. Whatever is wrong behind it is an
        // error: else a broken member would pass for the end of the body.
        let is_magic = first == GZIP_MAGIC[0] && second.is_none_or(|it| *it == GZIP_MAGIC[1]);
        if self.has_member && !is_magic {
            self.state = State::Behind;
            return Ok(0);
        }
        let Some(second) = second else {
            if ended {
                return Err(cut_short(self.name()));
            }
            self.state = State::Start(Some(first));
            return Ok(1);
        };
        let mut decompress = match self.is_gzip {
            true => Decompress::new_gzip(WINDOW_BITS),
            false => Decompress::new(is_zlib(first, *second)),
        };
        if held.is_some() {
            // The first byte of a stream makes nothing.
            decompress
                .decompress(&[first], &mut [0], FlushDecompress::None)
                .map_err(|_| corrupt(self.name(), "its beginning is none"))?;
        }
        self.state = State::Within(decompress);
        Ok(0)
    }

    fn inflate(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        let name = self.name();
        let State::Within(decompress) = &mut self.state else { return Ok(Step::default()) };
        let before = (decompress.total_in(), decompress.total_out());
        let status = decompress.decompress(input, out, FlushDecompress::None);
        let used = (decompress.total_in() - before.0) as usize;
        let made = (decompress.total_out() - before.1) as usize;
        let status = match status {
            Ok(status) => status,
            // What came before the fault is good; the next call meets it again.
            Err(_) if made > 0 => return Ok(Step { used, made }),
            Err(_) => return Err(corrupt(name, "its data or sums are wrong")),
        };
        if status == Status::StreamEnd {
            self.has_member = true;
            // Behind deflate nothing can follow: it is ignored.
            self.state = if self.is_gzip { State::Start(None) } else { State::Behind };
        } else if made == 0 && ended && used == input.len() {
            return Err(cut_short(name));
        }
        Ok(Step { used, made })
    }
}

/// Whether these two bytes begin a zlib stream: method, window, and a sum over both (RFC 1950
/// §2.2).
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}
