//! Splits a stream into lines: exactly, and the same however it is cut (D7–D9, mended).
//!
//! Bytes end their lines with `\n`, `\r\n` or `\r`; text with what Python's `str.splitlines` knows
//! as well; either with one delimiter instead. A stream that ends with a terminator has no empty
//! line behind it. Leaves decoding to `decoder`, reading to others.
//!
//! Every byte is looked at twice, when it is pushed (is the line too long?) and when its line is
//! taken, and moved at most twice: what was taken is dropped only when it is half of the buffer.

use memchr::memmem::Finder;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::{LINE_BUFFER_BYTES, LINE_BYTES_MAX};

/// The lines of one stream.
pub(crate) struct Lines {
    terminator: Terminator,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Where the line begins whose end has not come; all lines before it are whole.
    whole: usize,
    /// From where its end is looked for: there is none before.
    scan: usize,
    state: State,
    /// Bytes looked at and moved, for the tests that hold the cost.
    #[cfg(test)]
    work: usize,
}

enum Terminator {
    /// `\n`, `\r\n`, `\r`.
    Bytes,
    /// Those of `str.splitlines`, in UTF-8.
    Text,
    Delimiter(Box<Finder<'static>>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    /// A line was too long.
    Failed,
}

/// What a search for the end of a line found.
enum Found {
    /// The line ends here, the next one begins there.
    Line { end: usize, next: usize },
    /// Not before more has come; it cannot begin before this place.
    From(usize),
}

impl Lines {
    /// Lines of bytes.
    pub(crate) fn bytes() -> Self {
        Self::new(Terminator::Bytes)
    }

    /// Lines of text, which is pushed as UTF-8.
    pub(crate) fn text() -> Self {
        Self::new(Terminator::Text)
    }

    /// Pieces between these bytes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`]: the delimiter is empty.
    pub(crate) fn delimited(delimiter: &[u8]) -> Result<Self> {
        if delimiter.is_empty() {
            let message = "a line delimiter needs a byte at least: it is empty";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let finder = Finder::new(delimiter).into_owned();
        Ok(Self::new(Terminator::Delimiter(Box::new(finder))))
    }

    fn new(terminator: Terminator) -> Self {
        Self {
            terminator,
            buffer: Vec::new(),
            start: 0,
            whole: 0,
            scan: 0,
            state: State::Open,
            #[cfg(test)]
            work: 0,
        }
    }

    /// Adds what comes next of the stream.
    ///
    /// # Errors
    /// [`ErrorKind::Limit`]: a line is longer than [`LINE_BYTES_MAX`]. The lines before it can be
    /// taken; every later push fails too.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.drop_taken();
        if self.state == State::Open {
            self.buffer.extend_from_slice(piece);
            if !self.find_whole_lines() {
                // What is left are the lines before the one that is too long.
                self.buffer.truncate(self.whole);
                self.buffer.shrink_to_fit();
                self.state = State::Failed;
            }
        }
        if self.state != State::Failed {
            return Ok(());
        }
        let message = format!(
            "a line is longer than {LINE_BYTES_MAX} bytes: read this body in pieces of a size"
        );
        Err(Error::new(ErrorKind::Limit, message).in_phase(Phase::Body))
    }

    /// The stream ends here: what was left open is the last line, unless it is empty.
    pub(crate) fn end(&mut self) {
        if self.state == State::Open {
            self.state = State::Ended;
            self.find_whole_lines();
            self.whole = self.buffer.len();
        }
    }

    /// The next whole line, without its terminator; None: more is needed, or the end.
    pub(crate) fn next_line(&mut self) -> Option<&[u8]> {
        self.drop_taken();
        if self.start >= self.whole {
            return None;
        }
        let start = self.start;
        let (end, next) = match self.find(start) {
            Found::Line { end, next } => (end, next),
            Found::From(_) => (self.whole, self.whole),
        };
        self.start = next;
        self.buffer.get(start..end)
    }

    /// Looks for line ends in what has not been looked at; false: a line is too long.
    fn find_whole_lines(&mut self) -> bool {
        loop {
            match self.find(self.scan) {
                Found::Line { end, next } => {
                    if end - self.whole > LINE_BYTES_MAX {
                        return false;
                    }
                    (self.whole, self.scan) = (next, next);
                }
                Found::From(scan) => {
                    self.scan = scan;
                    // A terminator may have begun behind `scan`.
                    return scan - self.whole <= LINE_BYTES_MAX;
                }
            }
        }
    }

    fn find(&mut self, from: usize) -> Found {
        let found = match &self.terminator {
            Terminator::Bytes => find_bytes(&self.buffer, from, self.state),
            Terminator::Text => find_text(&self.buffer, from, self.state),
            Terminator::Delimiter(finder) => find_delimiter(&self.buffer, from, finder),
        };
        #[cfg(test)]
        {
            let (Found::Line { next: to, .. } | Found::From(to)) = found;
            self.work += to - from;
        }
        found
    }

    /// Makes room: never moves more than was taken, and gives back the memory of a long line.
    fn drop_taken(&mut self) {
        if self.start == 0 || self.start < self.buffer.len() - self.start {
            return;
        }
        self.buffer.drain(..self.start);
        self.whole -= self.start;
        self.scan = self.scan.saturating_sub(self.start);
        self.start = 0;
        let length = self.buffer.len();
        #[cfg(test)]
        {
            self.work += length;
        }
        if self.buffer.capacity() > LINE_BUFFER_BYTES.max(4 * length) {
            self.buffer.shrink_to(LINE_BUFFER_BYTES.max(2 * length));
        }
    }
}

fn find_bytes(buffer: &[u8], from: usize, state: State) -> Found {
    let rest = buffer.get(from..).unwrap_or_default();
    match memchr::memchr2(b'\n', b'\r', rest) {
        Some(at) => terminator_at(buffer, from + at, state).unwrap_or(Found::From(from + at)),
        None => Found::From(buffer.len()),
    }
}

fn find_text(buffer: &[u8], from: usize, state: State) -> Found {
    let may_end = |byte: &u8| TEXT_ENDS[usize::from(*byte)];
    let mut from = from;
    loop {
        let rest = buffer.get(from..).unwrap_or_default();
        let Some(at) = rest.iter().position(may_end).map(|at| from + at) else {
            return Found::From(buffer.len());
        };
        match terminator_at(buffer, at, state) {
            Some(found) => return found,
            None if is_cut(&buffer[at..]) => return Found::From(at),
            None => from = at + 1,
        }
    }
}

/// The terminator that begins with the byte here: None if it is another character, or has not come
/// as a whole.
fn terminator_at(buffer: &[u8], at: usize, state: State) -> Option<Found> {
    let length = match buffer.get(at..)? {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\r'] if state == State::Open => return None,
        [b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1e, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => return None,
    };
    Some(Found::Line { end: at, next: at + length })
}

/// Whether the buffer ends within what may become a terminator.
fn is_cut(rest: &[u8]) -> bool {
    matches!(rest, [b'\r' | 0xc2 | 0xe2] | [0xe2, 0x80])
}

/// Bytes that a terminator of text begins with.
static TEXT_ENDS: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = [b'\n', b'\r', 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0xc2, 0xe2];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

fn find_delimiter(buffer: &[u8], from: usize, finder: &Finder<'_>) -> Found {
    let length = finder.needle().len();
    match finder.find(buffer.get(from..).unwrap_or_default()) {
        Some(at) => Found::Line { end: from + at, next: from + at + length },
        // The last bytes may be the beginning of a delimiter.
        None => Found::From(from.max((buffer.len() + 1).saturating_sub(length))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Random;
    use super::*;

    /// All lines of `input`, cut into pieces of these lengths, over and over.
    fn split(mut lines: Lines, input: &[u8], cuts: impl FnMut() -> usize) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut rest = input;
        let mut cuts = std::iter::repeat_with(cuts);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            lines.push(piece).unwrap();
            rest = behind;
            while let Some(line) = lines.next_line() {
                found.push(line.to_vec());
            }
        }
        lines.end();
        while let Some(line) = lines.next_line() {
            found.push(line.to_vec());
        }
        assert!(lines.next_line().is_none());
        found
    }

    /// The plainest splitter there is: the first terminator that fits, longest first.
    fn naive(input: &[u8], terminators: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut found, mut line, mut at) = (Vec::new(), Vec::new(), 0);
        while at < input.len() {
            match terminators.iter().find(|end| input[at..].starts_with(end)) {
                Some(end) => {
                    found.push(std::mem::take(&mut line));
                    at += end.len();
                }
                None => {
                    line.push(input[at]);
                    at += 1;
                }
            }
        }
        if !line.is_empty() {
            found.push(line);
        }
        found
    }

    const BYTES: &[&[u8]] = &[b"\r\n", b"\n", b"\r"];
    const TEXT: &[&[u8]] = &[
        b"\r\n",
        b"\n",
        b"\r",
        b"\x0b",
        b"\x0c",
        b"\x1c",
        b"\x1d",
        b"\x1e",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xa9",
    ];

    #[test]
    fn lines_are_those_of_python_without_its_faults() {
        let cases: [(&[u8], &[&str]); 8] = [
            (b"", &[]),
            (b"a\r\nb", &["a", "b"]),
            (b"a\n", &["a"]),
            (b"\n\n", &["", ""]),
            (b"a\r", &["a"]),
            (b"a\r\rb\n\rc", &["a", "", "b", "", "c"]),
            (b"a\r\n\r\n", &["a", ""]),
            (b"a\x0bb\xc2\x85c", &["a\x0bb\u{85}c"]),
        ];
        for (input, expected) in cases {
            for size in [1, 2, 3, 100] {
                let found = split(Lines::bytes(), input, || size);
                let expected: Vec<&[u8]> = expected.iter().map(|line| line.as_bytes()).collect();
                assert_eq!(found, expected, "{} by {size}", input.escape_ascii());
            }
        }
        let comma = || Lines::delimited(b",").unwrap();
        assert_eq!(split(comma(), b"a,,b,", || 1), [&b"a"[..], b"", b"b"]);
        assert_eq!(split(Lines::delimited(b"aa").unwrap(), b"aaab", || 1), [&b""[..], b"ab"]);
        assert_eq!(Lines::delimited(b"").err().map(|e| e.kind()), Some(ErrorKind::InvalidArgument));
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let mut random = Random(7);
        let alphabet = *b"ab\r\r\n\n\x0b\x0c\x1c\x1d\x1e\x1f\xc2\xc2\x85\xe2\xe2\x80\x80\xa8\xa9";
        for round in 0..20_000 {
            let input: Vec<u8> =
                (0..round % 40).map(|_| alphabet[random.below(alphabet.len())]).collect();
            let delimiter: Vec<u8> =
                (0..=random.below(3)).map(|_| b"ab\r\n"[random.below(4)]).collect();
            for (lines, terminators) in [
                (Lines::bytes(), BYTES),
                (Lines::text(), TEXT),
                (Lines::delimited(&delimiter).unwrap(), &[&delimiter[..]]),
            ] {
                let expected = naive(&input, terminators);
                let found = split(lines, &input, || random.below(5));
                assert_eq!(found, expected, "{}", input.escape_ascii());
            }
        }
    }

    #[test]
    fn a_line_comes_as_soon_as_its_end_is_known() {
        let mut lines = Lines::text();
        lines.push(b"a\nb\xe2\x80").unwrap();
        assert_eq!(lines.next_line(), Some(&b"a"[..]));
        assert_eq!(lines.next_line(), None);
        lines.push(b"\xa8c\r").unwrap();
        assert_eq!(lines.next_line(), Some(&b"b"[..]));
        assert_eq!(lines.next_line(), None, "a line feed may follow");
        lines.push(b"d").unwrap();
        assert_eq!(lines.next_line(), Some(&b"c"[..]));
        lines.end();
        assert_eq!(lines.next_line(), Some(&b"d"[..]));
        assert_eq!(lines.next_line(), None);
    }

    #[test]
    fn a_line_may_have_so_many_bytes_and_not_one_more() {
        let piece = [b'x'; 16 * 1024];
        for ends in ["\n", "\r\n", "\r", ""] {
            for more in [0, 1] {
                let mut lines = Lines::bytes();
                lines.push(b"first\n").unwrap();
                for _ in 0..LINE_BYTES_MAX / piece.len() {
                    lines.push(&piece).unwrap();
                }
                let last = "x".repeat(more) + ends;
                let pushed = last.bytes().try_for_each(|byte| lines.push(&[byte]));
                lines.end();
                assert_eq!(lines.next_line(), Some(&b"first"[..]));
                if more == 0 {
                    pushed.unwrap();
                    assert_eq!(lines.next_line().map(<[u8]>::len), Some(LINE_BYTES_MAX));
                } else {
                    assert_eq!(pushed.unwrap_err().kind(), ErrorKind::Limit);
                    assert_eq!(lines.push(b"\n").unwrap_err().kind(), ErrorKind::Limit);
                }
                assert_eq!(lines.next_line(), None);
                assert!(lines.buffer.capacity() <= LINE_BUFFER_BYTES);
                assert!(lines.work <= 5 * LINE_BYTES_MAX, "{}", lines.work);
            }
        }
    }

    #[test]
    fn a_line_that_never_ends_costs_no_more_than_the_limit() {
        let piece = [b'\x1f'; 16 * 1024];
        for mut lines in [Lines::bytes(), Lines::text(), Lines::delimited(b"\n\n").unwrap()] {
            let pushed = (0..100_000_000 / piece.len()).find(|_| lines.push(&piece).is_err());
            assert_eq!(pushed, Some(LINE_BYTES_MAX / piece.len()));
            assert!(lines.work <= 2 * LINE_BYTES_MAX, "{}", lines.work);
            assert!(lines.buffer.capacity() <= LINE_BUFFER_BYTES);
        }
    }

    #[test]
    fn many_lines_cost_what_their_bytes_cost() {
        const SIZE: usize = 10_000_000;
        // All at once; in pieces that are read up; in pieces that are read too slowly.
        let newlines = vec![b'\n'; SIZE];
        let mut lines = Lines::bytes();
        lines.push(&newlines).unwrap();
        lines.end();
        assert_eq!(std::iter::from_fn(|| lines.next_line().map(drop)).count(), SIZE);
        assert!(lines.work <= 4 * SIZE, "{}", lines.work);

        let mut lines = Lines::delimited(b"ab").unwrap();
        let mut found = 0;
        for _ in 0..SIZE / 20 {
            for piece in [b"a", b"b"] {
                lines.push(piece).unwrap();
                found += usize::from(lines.next_line().is_some());
            }
        }
        assert_eq!(found, SIZE / 20);
        assert!(lines.work <= SIZE, "{}", lines.work);

        let mut lines = Lines::text();
        for piece in newlines.chunks(1000) {
            lines.push(piece).unwrap();
            assert_eq!(lines.next_line(), Some(&b""[..]));
        }
        lines.end();
        let rest = std::iter::from_fn(|| lines.next_line().map(drop)).count();
        assert_eq!(rest, SIZE - SIZE / 1000);
        assert!(lines.work <= 4 * SIZE, "{}", lines.work);
        assert!(lines.buffer.capacity() <= LINE_BUFFER_BYTES);
    }
}
