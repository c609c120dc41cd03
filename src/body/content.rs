//! A response's body without its content codings, and never longer than allowed (behaviours D4,
//! D12–D14; flaws 77–80).
//!
//! Where no coding is to be taken off, reads go straight through. Else what comes from the
//! connection passes through one buffer of fixed size, and what comes out is bounded by the
//! caller's own memory.

use super::Body;
use crate::coding::Decoder;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::limits::{CODED_READ_BYTES, READ_BUFFER_BYTES};

/// The content of a response.
pub(crate) struct Content {
    body: Body,
    coding: Option<Box<Coding>>,
    /// How many bytes it may have as decoded.
    max: Option<u64>,
    made: u64,
}

/// The codings to take off, and what they have not taken yet.
struct Coding {
    /// `None`: what the headers say cannot be decoded; the first read says why.
    decoder: Result<Decoder>,
    input: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Which of the two ways of reading was begun.
    decoded: bool,
    raw: bool,
}

impl Content {
    /// The content of `body`, decoded as its headers say unless `decodes` is off.
    /// [`begin`](Self::begin) is to be called where it will stay.
    #[inline(always)]
    pub(crate) fn new(body: Body, headers: &Headers, decodes: bool, max: Option<u64>) -> Self {
        let is_coded = decodes && headers.contains("content-encoding");
        let coding = if is_coded { Coding::of(headers) } else { None };
        Self { body, coding, max, made: 0 }
    }

    /// Ends what is at its end already.
    pub(crate) fn begin(&mut self) {
        self.body.begin();
        if self.coding.is_some() {
            // What its codings make of it decides whether the body was right (fault 73).
            self.body.hold();
        }
    }

    /// The body as it is transferred, its codings on.
    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    pub(crate) fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Reads at least one decoded byte; 0 is the end.
    #[inline]
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.read_if(out, false).map(Option::unwrap_or_default)
    }

    /// As [`read`](Self::read); `None`: it would have to wait, and is to read `now`. What has come
    /// of a coded body stays with its codings.
    #[inline]
    pub(crate) fn read_if(&mut self, out: &mut [u8], now: bool) -> Result<Option<usize>> {
        match (self.max, &self.coding) {
            (None, None) => self.body.read_if(out, now),
            (None, Some(_)) => self.read_unbounded(out, now),
            (Some(max), _) => self.read_bounded(out, max, now),
        }
    }

    fn read_bounded(&mut self, out: &mut [u8], max: u64, now: bool) -> Result<Option<usize>> {
        let left = usize::try_from(max - self.made.min(max)).unwrap_or(usize::MAX);
        if left == 0 && !out.is_empty() {
            // Whether it is too long shows only when one byte more is there.
            return match self.read_unbounded(&mut [0], now)? {
                Some(1..) => Err(self.too_long(max)),
                nothing => Ok(nothing),
            };
        }
        let room = left.min(out.len());
        let count = self.read_unbounded(&mut out[..room], now)?;
        self.made += count.unwrap_or_default() as u64;
        Ok(count)
    }

    fn too_long(&mut self, max: u64) -> Error {
        let message = format!("the decoded body is longer than the {max} bytes that are allowed");
        let error = Error::new(ErrorKind::Limit, message).in_phase(Phase::Body);
        self.body.fail(error.clone());
        error
    }

    fn read_unbounded(&mut self, out: &mut [u8], now: bool) -> Result<Option<usize>> {
        let Some(coding) = &mut self.coding else { return self.body.read_if(out, now) };
        let result = coding.read(&mut self.body, out, now);
        match &result {
            Err(error) if error.kind() != ErrorKind::Misuse => self.body.fail(error.clone()),
            Ok(Some(0)) if !out.is_empty() => self.body.release(),
            _ => {}
        }
        result
    }

    /// Reads some of the body as transferred.
    pub(crate) fn read_raw(&mut self, out: &mut [u8]) -> Result<usize> {
        if let Some(coding) = &mut self.coding {
            if coding.decoded {
                return Err(mixed("decoded"));
            }
            coding.raw = true;
            self.body.release();
        }
        self.body.read(out)
    }

    /// Reads the rest into `all`.
    pub(crate) fn read_all(&mut self, all: &mut Vec<u8>) -> Result<()> {
        if self.coding.is_none() && self.max.is_none() {
            return self.body.read_all(all);
        }
        let mut end = all.len();
        loop {
            if end == all.len() {
                all.resize(end + READ_BUFFER_BYTES.max(end), 0);
            }
            match self.read(&mut all[end..]) {
                Ok(0) => break,
                Ok(count) => end += count,
                Err(error) => {
                    all.truncate(end);
                    return Err(error);
                }
            }
        }
        all.truncate(end);
        Ok(())
    }
}

impl Coding {
    /// What the headers say; `None`: nothing that has to be taken off.
    fn of(headers: &Headers) -> Option<Box<Self>> {
        let decoder = Decoder::of(headers).transpose()?;
        let (input, start, end, ended) = (Vec::new(), 0, 0, false);
        Some(Box::new(Self { decoder, input, start, end, ended, decoded: false, raw: false }))
    }

    fn read(&mut self, body: &mut Body, out: &mut [u8], now: bool) -> Result<Option<usize>> {
        if self.raw {
            return Err(mixed("undecoded"));
        }
        if let Some(error) = body.failure() {
            return Err(error);
        }
        self.decoded = true;
        let decoder = self.decoder.as_mut().map_err(|error| error.clone())?;
        loop {
            // A little input may make output for a long time.
            body.check_limits()?;
            let step = decoder.decode(&self.input[self.start..self.end], self.ended, out)?;
            self.start += step.used;
            if step.made > 0 || out.is_empty() {
                return Ok(Some(step.made));
            }
            match (self.start == self.end, self.ended) {
                (true, true) => return Ok(Some(0)),
                (true, false) => {
                    make_room(&mut self.input, self.end, body);
                    let Some(count) = body.read_if(&mut self.input, now)? else { return Ok(None) };
                    (self.start, self.end) = (0, count);
                    self.ended = count == 0;
                }
                (false, _) => {}
            }
        }
    }
}

/// A place for the next of the body: no more than is left of it, and much only once it has shown
/// that it is long; `last` bytes have come with the read before.
fn make_room(input: &mut Vec<u8>, last: usize, body: &Body) {
    let is_long = last > READ_BUFFER_BYTES / 2;
    let size = if is_long { CODED_READ_BYTES } else { READ_BUFFER_BYTES };
    let size = body.left_within(size).max(1);
    if input.len() < size {
        *input = vec![0; size];
    }
}

fn mixed(other: &str) -> Error {
    let message = format!("the body is being read {other}; decoded and raw reads do not mix");
    Error::new(ErrorKind::Misuse, message).in_phase(Phase::Body)
}
