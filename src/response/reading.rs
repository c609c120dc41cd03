//! How a response's body is read: whole or in pieces, as bytes, lines or text, decoded or as
//! transferred, or straight into a file (behaviours D1–D11, E1–E3).
//!
//! Lines and text are the same however the bytes arrive. One way of reading is kept to: what a line
//! reader has read ahead would be missing elsewhere. Bytes that were read whole are kept, and
//! every other way begins anew with them (D5).

use std::io;
use std::path::Path;

use super::Response;
use crate::body::content::Content;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::files::NewFile;
use crate::headers::Headers;
use crate::limits::{LINE_BUFFER_BYTES, READ_AHEAD_BYTES, READ_BUFFER_BYTES};
use crate::text::{self, Lines, TextDecoder};

/// A body while it is read.
pub(super) struct Reading {
    content: Content,
    /// All of it and a NUL, once asked for, and how far it was read again. Where it failed, what
    /// came before.
    whole: Option<Whole>,
    encoding: Option<String>,
    /// Lines and text under way.
    ahead: Option<Box<Ahead>>,
}

/// A body that was read whole, or as far as it came.
struct Whole {
    /// A NUL follows the body, for those who lend it to C.
    bytes: Vec<u8>,
    at: usize,
    failed: bool,
}

impl Whole {
    fn body(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().saturating_sub(1)]
    }

    fn unread(&self) -> &[u8] {
        self.body().get(self.at..).unwrap_or_default()
    }
}

/// What was read ahead of the caller.
struct Ahead {
    mode: Mode,
    /// Whether the ends of its lines are UTF-8, so that no character is cut.
    splits_text: bool,
    lines: Lines,
    decoder: Option<TextDecoder>,
    input: Vec<u8>,
    text: String,
    line: Vec<u8>,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A delimiter was set; nothing is read yet.
    Nothing,
    Lines,
    TextLines,
    Text,
}

impl Ahead {
    fn new(lines: Lines) -> Self {
        let (input, text, line) = Default::default();
        let splits_text = true;
        Self {
            mode: Mode::Nothing,
            splits_text,
            lines,
            decoder: None,
            input,
            text,
            line,
            ended: false,
        }
    }
}

impl Reading {
    #[inline(always)]
    pub(super) fn new(content: Content) -> Self {
        Self { content, whole: None, encoding: None, ahead: None }
    }

    pub(super) fn content_mut(&mut self) -> &mut Content {
        &mut self.content
    }

    /// Refuses what would miss the bytes that were read ahead.
    fn only_bytes(&self) -> Result<()> {
        match self.ahead.as_ref().is_none_or(|ahead| ahead.mode == Mode::Nothing) {
            true => Ok(()),
            false => Err(misuse("the body is being read as lines or text; go on with these")),
        }
    }

    #[inline]
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        match self.whole {
            None => self.content.read(out),
            Some(_) => self.read_again(out),
        }
    }

    /// Reads on in what was read whole.
    fn read_again(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some(whole) = &mut self.whole else { return Ok(0) };
        let count = whole.unread().len().min(out.len());
        if count == 0 && whole.failed {
            return self.content.read(out);
        }
        out[..count].copy_from_slice(&whole.unread()[..count]);
        whole.at += count;
        Ok(count)
    }

    /// All of the body, and a NUL behind it. What came before a failure stays readable.
    fn whole(&mut self) -> Result<&[u8]> {
        if self.whole.is_none() {
            self.only_bytes()?;
            let mut bytes = Vec::new();
            let read = self.content.read_all(&mut bytes);
            bytes.push(0);
            self.whole = Some(Whole { bytes, at: 0, failed: read.is_err() });
        }
        match &self.whole {
            Some(whole) if !whole.failed => Ok(&whole.bytes),
            _ => self.content.read(&mut [0]).map(|_| &[][..]),
        }
    }

    /// Begins, or goes on, to read in one way.
    fn begin(&mut self, mode: Mode, declared: Option<String>) -> Result<&mut Ahead> {
        let usual = if mode == Mode::TextLines { Lines::text } else { Lines::bytes };
        let ahead = self.ahead.get_or_insert_with(|| Box::new(Ahead::new(usual())));
        if ahead.mode == Mode::Nothing {
            if mode == Mode::TextLines && !ahead.splits_text {
                let message = "the delimiter of lines of text is not UTF-8";
                let error = Error::new(ErrorKind::InvalidArgument, message);
                return Err(error.in_phase(Phase::Body));
            }
            ahead.mode = mode;
            if mode != Mode::Lines {
                ahead.decoder = Some(TextDecoder::new(declared.as_deref()));
            }
        }
        match ahead.mode == mode {
            true => Ok(ahead),
            false => Err(misuse("the body is being read in another way; go on with that")),
        }
    }

    /// Reads the next piece ahead; false at the end.
    fn advance(&mut self) -> Result<bool> {
        let Some(mut ahead) = self.ahead.take() else { return Ok(false) };
        ahead.input.resize(READ_BUFFER_BYTES, 0);
        let result = if ahead.ended { Ok(0) } else { self.read(&mut ahead.input) };
        let advanced = result.and_then(|count| ahead.take(count));
        self.ahead = Some(ahead);
        advanced
    }

    fn next_line(&mut self) -> Result<bool> {
        loop {
            let Some(ahead) = &mut self.ahead else { return Ok(false) };
            if let Some(line) = ahead.lines.next_line() {
                ahead.line.clear();
                if line.len() < LINE_BUFFER_BYTES {
                    ahead.line.shrink_to(LINE_BUFFER_BYTES);
                }
                ahead.line.extend_from_slice(line);
                return Ok(true);
            }
            if !self.advance()? {
                return Ok(false);
            }
        }
    }
}

impl Ahead {
    /// Takes `count` new bytes of the input; 0 is the end. False if the end was known already.
    fn take(&mut self, count: usize) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.ended = count == 0;
        let piece = &self.input[..count];
        match &mut self.decoder {
            None => self.lines.push(piece)?,
            Some(decoder) => {
                decoder.decode(piece, self.ended, &mut self.text);
                if self.mode == Mode::TextLines {
                    self.lines.push(self.text.as_bytes())?;
                    self.text.clear();
                }
            }
        }
        if self.ended {
            self.lines.end();
        }
        Ok(true)
    }
}

fn misuse(message: &str) -> Error {
    Error::new(ErrorKind::Misuse, message).in_phase(Phase::Body)
}

impl Response {
    /// Reads some of the body into `buffer`: at least one byte, 0 at the end. Content codings are
    /// taken off.
    ///
    /// # Errors
    /// Timeouts, [`ErrorKind::Incomplete`] for a truncated body, [`ErrorKind::Protocol`] for bad
    /// framing, [`ErrorKind::Decode`] for a bad coding, [`ErrorKind::Limit`],
    /// [`ErrorKind::Cancelled`]. An error stays: every later read returns it again.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let reading = &mut self.0.reading;
        let read = reading.only_bytes().and_then(|()| reading.read(buffer));
        read.map_err(|error| self.located(error))
    }

    /// As [`read`](Self::read), but waits for nothing: `None` where it would have to. Any read goes
    /// on from there; the read timeout begins anew with one that waits.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_now(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let reading = &mut self.0.reading;
        let read = reading.only_bytes().and_then(|()| match reading.whole {
            None => reading.content.read_if(buffer, true),
            Some(_) => reading.read_again(buffer).map(Some),
        });
        read.map_err(|error| self.located(error))
    }

    /// Fills `buffer`, as far as the body goes: what is less than that is the end, or comes before
    /// an error, which the next call tells. For chunks of one size, however the bytes arrive (D3).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_full(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if filled == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(filled)
    }

    /// Reads some of the body as it was transferred, with its content codings. Not to be mixed
    /// with the ways that take them off.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::Misuse`] for a mix.
    pub fn read_raw(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let reading = &mut self.0.reading;
        let read = match reading.whole {
            Some(_) => Err(misuse("the body has been read whole, without its codings")),
            None => reading.only_bytes().and_then(|()| reading.content.read_raw(buffer)),
        };
        read.map_err(|error| self.located(error))
    }

    /// A copy of [`bytes`](Self::bytes).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn content(&mut self) -> Result<Vec<u8>> {
        self.bytes().map(<[u8]>::to_vec)
    }

    /// Reads all that is left of the body and keeps it: further calls give the same bytes. What
    /// came before an error can still be read.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn bytes(&mut self) -> Result<&[u8]> {
        let bytes = self.bytes_with_nul()?;
        Ok(&bytes[..bytes.len().saturating_sub(1)])
    }

    /// As [`bytes`](Self::bytes), and a NUL behind them.
    #[doc(hidden)]
    pub fn bytes_with_nul(&mut self) -> Result<&[u8]> {
        if let Err(error) = self.0.reading.whole() {
            return Err(self.located(error));
        }
        self.0.reading.whole()
    }

    /// The whole body as text, decoded by [`encoding`](Self::encoding), or, where none is known, by
    /// what it looks like; what cannot be decoded becomes U+FFFD (E2).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn text(&mut self) -> Result<String> {
        let label = self.encoding();
        self.bytes().map(|bytes| text::to_text(bytes, label.as_deref()))
    }

    /// The whole body as JSON text in UTF-8, whatever UTF it came in, without a byte order mark
    /// (E3). It is not parsed.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::InvalidJson`] if it cannot be text.
    pub fn json_text(&mut self) -> Result<String> {
        let label = self.encoding();
        let text = text::json_text(self.bytes()?, label.as_deref());
        text.map_err(|error| self.located(error))
    }

    /// The next line of the body, without its end (`\n`, `\r\n`, `\r`); `None` after the last
    /// one. The same lines however the bytes arrive, and no empty one at the end (D7–D9 mended).
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::Limit`] for a line of more than 16 MiB.
    pub fn line(&mut self) -> Result<Option<&[u8]>> {
        let reading = &mut self.0.reading;
        let found = reading.begin(Mode::Lines, None).map(drop).and_then(|()| reading.next_line());
        match found {
            Ok(true) => Ok(self.0.reading.ahead.as_ref().map(|ahead| &ahead.line[..])),
            Ok(false) => Ok(None),
            Err(error) => Err(self.located(error)),
        }
    }

    /// The next line of the body as text; ends are also those that Python's `str.splitlines` knows
    /// (D7, D11).
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub fn text_line(&mut self) -> Result<Option<&str>> {
        let label = self.encoding();
        let reading = &mut self.0.reading;
        let found = reading.begin(Mode::TextLines, label).map(drop);
        match found.and_then(|()| reading.next_line()) {
            Ok(true) => {
                let line = self.0.reading.ahead.as_ref().map(|ahead| &ahead.line[..]);
                Ok(line.map(|line| std::str::from_utf8(line).unwrap_or_default()))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(self.located(error)),
        }
    }

    /// Ends lines with these bytes, of text in UTF-8, in place of the usual ends; none: with those
    /// again. Before the first line.
    ///
    /// # Errors
    /// [`ErrorKind::Misuse`] once lines are being read.
    pub fn set_line_delimiter(&mut self, delimiter: &[u8]) -> Result<()> {
        let reading = &mut self.0.reading;
        reading.only_bytes()?;
        reading.ahead = match delimiter.is_empty() {
            true => None,
            false => {
                let mut ahead = Ahead::new(Lines::delimited(delimiter)?);
                ahead.splits_text = std::str::from_utf8(delimiter).is_ok();
                Some(Box::new(ahead))
            }
        };
        Ok(())
    }

    /// Adds the next piece of the body to `text`, decoded as it comes: how many bytes it added, 0
    /// at the end. Where no encoding is known it is UTF-8 (D11).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_text(&mut self, text: &mut String) -> Result<usize> {
        let count = self.text_ahead()?.len();
        if let Some(ahead) = &mut self.0.reading.ahead {
            text.push_str(&ahead.text);
            ahead.text.clear();
        }
        Ok(count)
    }

    /// As [`read_text`](Self::read_text), whole characters into memory of at least 4 bytes.
    #[doc(hidden)]
    pub fn read_text_into(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let text = self.text_ahead()?;
        let mut count = buffer.len().min(text.len());
        while !text.is_char_boundary(count) {
            count -= 1;
        }
        buffer[..count].copy_from_slice(&text.as_bytes()[..count]);
        if let Some(ahead) = &mut self.0.reading.ahead {
            ahead.text.drain(..count);
        }
        Ok(count)
    }

    /// The text that was decoded and not read yet: at least a character, none at the end.
    fn text_ahead(&mut self) -> Result<&str> {
        let label = self.encoding();
        let reading = &mut self.0.reading;
        let mut advanced = reading.begin(Mode::Text, label).map(|_| true);
        while let Ok(true) = advanced {
            if reading.ahead.as_ref().is_some_and(|ahead| !ahead.text.is_empty()) {
                break;
            }
            advanced = reading.advance();
        }
        match advanced {
            Ok(_) => Ok(self.0.reading.ahead.as_ref().map_or("", |ahead| &ahead.text)),
            Err(error) => Err(self.located(error)),
        }
    }

    /// Writes all that is left of the body to a file, whole or not at all: an old one is replaced
    /// at once when all has come. How many bytes it has.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::File`]; the old file stays.
    pub fn save(&mut self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref();
        let fault = |error: &io::Error| {
            let what = format!("cannot write the body to {}", path.display());
            Error::system(ErrorKind::File, &what, error).in_phase(Phase::Body)
        };
        let mut file = NewFile::create(path, 0o666).map_err(|error| fault(&error))?;
        let mut buffer = vec![0; READ_AHEAD_BYTES];
        let mut saved = 0;
        loop {
            match self.read(&mut buffer)? {
                0 => break,
                count => file.write(&buffer[..count]).map_err(|error| fault(&error))?,
            }
            saved = file.written();
        }
        file.keep().map_err(|error| fault(&error))?;
        Ok(saved)
    }

    /// The encoding of the text: the one that was set, or that Content-Type declares, as it spells
    /// it (E1).
    #[must_use]
    pub fn encoding(&self) -> Option<String> {
        let set = self.0.reading.encoding.clone();
        set.or_else(|| text::declared_encoding(self.headers()))
    }

    /// Decodes text as this encoding; `None`: as declared.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that no encoding has.
    pub fn set_encoding(&mut self, label: Option<&str>) -> Result<()> {
        if let Some(label) = label.filter(|label| !text::is_known(label)) {
            let shown = crate::headers::shortened(label);
            let message = format!("{shown:?} is no encoding that can be decoded");
            return Err(Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Body));
        }
        self.0.reading.encoding = label.map(str::to_owned);
        Ok(())
    }

    /// The encoding that the whole body looks like: `"utf-8"`, `"windows-1252"`, `"ascii"`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn apparent_encoding(&mut self) -> Result<&'static str> {
        self.bytes().map(text::apparent_encoding)
    }

    /// The fields after a chunked body; `None` until it has been read to its end.
    #[must_use]
    pub fn trailers(&self) -> Option<&Headers> {
        self.0.reading.content.body().trailers()
    }

    /// Gives up what has not been read. The connection is kept if the rest has arrived already.
    pub fn close(&mut self) {
        self.0.reading.content.body_mut().close();
    }

    fn located(&self, error: Error) -> Error {
        error.at_url(&self.0.request.url().redacted())
    }
}

impl io::Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::read(self, buffer).map_err(Into::into)
    }
}
