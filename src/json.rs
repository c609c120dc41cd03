//! Tells whether text is JSON (RFC 8259): what is sent as JSON should be some.
//!
//! Leaves reading values to others: nothing is built, nothing is allocated but the nesting.
//! Source: behaviour B5; NaN and Infinity are not JSON.

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::limits::JSON_DEPTH_MAX;

/// Refuses what is not one JSON value in UTF-8.
///
/// # Errors
/// [`ErrorKind::InvalidJson`]; the message tells the byte, never the text.
pub(crate) fn check(text: &[u8]) -> Result<()> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(fault("it is not UTF-8", error.valid_up_to()));
    }
    let mut scanner = Scanner { text, at: 0 };
    scanner.value().map_err(|why| fault(why, scanner.at))
}

fn fault(why: &str, at: usize) -> Error {
    let message = format!("the body is not JSON: {why} (byte {at})");
    Error::new(ErrorKind::InvalidJson, message).in_phase(Phase::Prepare)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

type Check = std::result::Result<(), &'static str>;

impl Scanner<'_> {
    /// One value, and nothing but blanks behind it.
    fn value(&mut self) -> Check {
        // What closes each level that is open, the innermost last.
        let mut open: Vec<u8> = Vec::new();
        loop {
            if self.begins_level(&mut open)? {
                continue;
            }
            // A value is complete: levels that end here, then the next value, or the end.
            loop {
                self.skip_blanks();
                match (open.last(), self.peek()) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => return Err("there is text behind the value"),
                    (Some(close), Some(byte)) if *close == byte => {
                        self.at += 1;
                        open.pop();
                    }
                    (Some(close), Some(b',')) => {
                        self.at += 1;
                        if *close == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(_), Some(_)) => return Err("a comma or a closing bracket is missing"),
                    (Some(_), None) => return Err("it ends within an array or object"),
                }
            }
        }
    }

    /// True after the beginning of an array or object that is not empty; else one value was read.
    fn begins_level(&mut self, open: &mut Vec<u8>) -> std::result::Result<bool, &'static str> {
        self.skip_blanks();
        let close = match self.peek() {
            Some(b'{') => b'}',
            Some(b'[') => b']',
            _ => return self.scalar().map(|()| false),
        };
        self.at += 1;
        self.skip_blanks();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if open.len() == JSON_DEPTH_MAX {
            return Err("it is nested too deeply");
        }
        open.push(close);
        if close == b'}' {
            self.key()?;
        }
        Ok(true)
    }

    /// The name of a member and its colon.
    fn key(&mut self) -> Check {
        self.skip_blanks();
        self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err("a colon is missing");
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Check {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let words: [&[u8]; 3] = [b"true", b"false", b"null"];
                let word = words.iter().find(|word| self.text[self.at..].starts_with(word));
                self.at += word.ok_or("a value is missing")?.len();
                Ok(())
            }
        }
    }

    fn string(&mut self) -> Check {
        if self.peek() != Some(b'"') {
            return Err("a string is missing");
        }
        self.at += 1;
        loop {
            let byte = self.peek().ok_or("it ends within a string")?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                0..0x20 => return Err("a string holds a control character"),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Check {
        let byte = self.peek().ok_or("it ends within a string")?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err("an escape is wrong");
                }
                self.at += 4;
                Ok(())
            }
            _ => Err("an escape is wrong"),
        }
    }

    fn number(&mut self) -> Check {
        const WRONG: &str = "a number is wrong";
        self.takes(b"-");
        if !self.takes(b"0") && self.digits() == 0 {
            return Err(WRONG);
        }
        if self.takes(b".") && self.digits() == 0 {
            return Err(WRONG);
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            if self.digits() == 0 {
                return Err(WRONG);
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        digits
    }

    /// Steps over one of these bytes if it comes next.
    fn takes(&mut self, any: &[u8]) -> bool {
        let comes = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(comes);
        comes
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json() {
        for text in [
            "0",
            "-0.5e+10",
            "\"\"",
            "\"\\u00e9\\n\"",
            "true",
            "null",
            "[]",
            "{}",
            " [ 1 , 2 ] ",
            "{\"a\": 1, \"b\": [true, null, 1.5], \"c\": {\"d\": {}}}",
            "[[], {}, [[1]]]",
        ] {
            check(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "",
            " ",
            "NaN",
            "-Infinity",
            "[1,]",
            "[1",
            "{\"a\"}",
            "{a: 1}",
            "{\"a\": 1,}",
            "01",
            "1.",
            "1e",
            "-",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\n\"",
            "[1] 2",
            "tru",
            "]",
            "[}",
            "{\"a\":}",
        ] {
            let error = check(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidJson, "{text}");
        }
        assert!(check(b"\"\xff\"").unwrap_err().message().contains("byte 1"));
        assert!(check("[".repeat(100_000).as_bytes()).is_err());
    }
}
