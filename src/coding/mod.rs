//! Takes content codings off: gzip, deflate, br and zstd, and stacks of them (RFC 9110 §8.4,
//! RFC 1950–1952, 7932, 8878; behaviours D12, D13; fault 73, flaws 77–80).
//!
//! Knows no connection. What comes out is bounded by the caller's memory, whatever went in; what is
//! corrupt or cut short is an error in every coding. The formats themselves are libraries' work,
//! one file each.

mod brotli;
mod inflate;
mod zstandard;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::limits::{CODING_BUFFER_BYTES, CODING_SILENT_BYTES_MAX, CODINGS_MAX};
use brotli::Brotli;
use inflate::Inflate;
use zstandard::Zstandard;

/// What librq offers: the default Accept-Encoding of a session.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// What one call came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Bytes of the input that were taken.
    pub(crate) used: usize,
    /// Bytes of the output that were made.
    pub(crate) made: usize,
}

/// The codings of one body, while it is read.
pub(crate) struct Decoder {
    /// The outermost, which was applied last, first.
    stages: Vec<Stage>,
    /// Bytes that passed between the codings since the last one came out.
    silent: usize,
}

/// One coding, and what the one around it has made of the input.
struct Stage {
    coding: Coding,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

enum Coding {
    Inflate(Inflate),
    Brotli(Box<Brotli>),
    Zstandard(Zstandard),
}

impl Decoder {
    /// The decoder for a body with these headers; `None` if there is nothing to take off. A coding
    /// that is not known stays on, and all within it.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] for more codings than anybody needs (flaw 77).
    pub(crate) fn of(headers: &Headers) -> Result<Option<Self>> {
        let names: Vec<&[u8]> = headers
            .get_all("content-encoding")
            .flat_map(|field| field.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
            .collect();
        if names.len() > CODINGS_MAX {
            let message = format!("the body has more than {CODINGS_MAX} content codings");
            return Err(Error::new(ErrorKind::Decode, message).in_phase(Phase::Body));
        }
        let mut stages = Vec::new();
        for name in names.iter().rev() {
            let Some(coding) = Coding::named(name)? else { break };
            stages.push(Stage { coding, buffer: Vec::new(), start: 0, end: 0, ended: false });
        }
        Ok((!stages.is_empty()).then_some(Self { stages, silent: 0 }))
    }

    /// Decodes from `input` into `out`; `ended`: nothing follows `input`. It makes progress or
    /// fails. With nothing left of an ended input, nothing made is the end of the body.
    pub(crate) fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        if out.is_empty() {
            return Ok(Step::default());
        }
        let step = run(&mut self.stages, input, ended, out, &mut self.silent)?;
        if step.made > 0 {
            self.silent = 0;
        }
        Ok(step)
    }
}

/// Runs the innermost of `stages`, and those around it as far as it needs input. A few bytes can
/// become terabytes of empty members for the next coding: `silent` ends that.
fn run(
    stages: &mut [Stage],
    input: &[u8],
    ended: bool,
    out: &mut [u8],
    silent: &mut usize,
) -> Result<Step> {
    let Some((inner, outer)) = stages.split_last_mut() else { return Ok(Step::default()) };
    if outer.is_empty() {
        return inner.coding.decode(input, ended, out);
    }
    let mut used = 0;
    loop {
        let unread = &inner.buffer[inner.start..inner.end];
        let step = inner.coding.decode(unread, inner.ended, out)?;
        inner.start += step.used;
        let is_empty = inner.start == inner.end;
        if step.made > 0 || (is_empty && inner.ended) {
            return Ok(Step { used, made: step.made });
        }
        if !is_empty {
            continue;
        }
        inner.buffer.resize(CODING_BUFFER_BYTES, 0);
        let step = run(outer, &input[used..], ended, &mut inner.buffer, silent)?;
        used += step.used;
        *silent += step.made;
        if *silent > CODING_SILENT_BYTES_MAX {
            return Err(corrupt("a content coding", "it goes on and on and holds nothing"));
        }
        (inner.start, inner.end) = (0, step.made);
        if step.made == 0 && used == input.len() {
            if !ended {
                return Ok(Step { used, made: 0 });
            }
            inner.ended = true;
        }
    }
}

impl Coding {
    fn named(name: &[u8]) -> Result<Option<Self>> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        Ok(Some(if is("gzip") || is("x-gzip") {
            Self::Inflate(Inflate::gzip())
        } else if is("deflate") {
            Self::Inflate(Inflate::deflate())
        } else if is("br") {
            Self::Brotli(Box::new(Brotli::new()))
        } else if is("zstd") {
            Self::Zstandard(Zstandard::new()?)
        } else {
            return Ok(None);
        }))
    }

    fn decode(&mut self, input: &[u8], ended: bool, out: &mut [u8]) -> Result<Step> {
        let step = match self {
            Self::Inflate(coding) => coding.decode(input, ended, out)?,
            Self::Brotli(coding) => coding.decode(input, ended, out)?,
            Self::Zstandard(coding) => coding.decode(input, ended, out)?,
        };
        // A library that neither takes nor gives would be asked for ever.
        match step == Step::default() && !input.is_empty() {
            true => Err(corrupt("a content coding", "nothing can be made of it")),
            false => Ok(step),
        }
    }
}

fn corrupt(coding: &str, why: &str) -> Error {
    let message = format!("the body cannot be decoded: {coding} is corrupt: {why}");
    Error::new(ErrorKind::Decode, message).in_phase(Phase::Body)
}

fn cut_short(coding: &str) -> Error {
    let message = format!("the body cannot be decoded: {coding} is cut short");
    Error::new(ErrorKind::Decode, message).in_phase(Phase::Body)
}

#[cfg(test)]
mod tests;
