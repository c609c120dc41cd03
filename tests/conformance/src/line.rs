//! One line of the protocol between the driver and an agent: fields separated by TAB, every byte
//! that is not visible ASCII (and `%`) as `%XX`, null as a lone `%`. Both sides written in Rust use
//! it; what the lines mean is theirs.

/// A line under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// A line that begins with `word`.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self(word.to_owned())
    }

    /// Adds a field.
    #[must_use]
    pub fn and(mut self, field: impl AsRef<[u8]>) -> Self {
        self.0.push('\t');
        self.0.push_str(&encode(field.as_ref()));
        self
    }

    /// Adds a field, or null.
    #[must_use]
    pub fn and_maybe(mut self, field: Option<impl AsRef<[u8]>>) -> Self {
        match field {
            Some(field) => self.and(field),
            None => {
                self.0.push_str("\t%");
                self
            }
        }
    }

    /// The line as it is sent, without its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A line as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The first field.
    pub word: String,
    /// The others; `None` is null.
    pub fields: Vec<Option<Vec<u8>>>,
}

/// Takes a line apart.
///
/// # Errors
/// Says which field is not encoded as it should be.
pub fn parse(line: &str) -> Result<Parsed, String> {
    let mut parts = line.split('\t');
    let word = parts.next().unwrap_or_default().to_owned();
    let fields = parts.map(decode).collect::<Result<_, _>>()?;
    Ok(Parsed { word, fields })
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'%' | ..=0x20 | 0x7f.. => text.push_str(&format!("%{byte:02X}")),
            visible => text.push(visible.into()),
        }
    }
    text
}

fn decode(field: &str) -> Result<Option<Vec<u8>>, String> {
    if field == "%" {
        return Ok(None);
    }
    let wrong = || format!("the field {field:?} is not encoded as the protocol has it");
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'%' => {
                let (digits, after) = after.split_at_checked(2).ok_or_else(wrong)?;
                bytes.push(hexadecimal(digits).ok_or_else(wrong)?);
                after
            }
            0x21..=0x7e => {
                bytes.push(byte);
                after
            }
            _ => return Err(wrong()),
        };
    }
    Ok(Some(bytes))
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | digit as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let line = Line::new("body").and(&all);
        assert!(line.as_str().bytes().all(|byte| byte == b'\t' || (0x21..=0x7e).contains(&byte)));
        let parsed = parse(line.as_str()).unwrap();
        assert_eq!((parsed.word.as_str(), parsed.fields), ("body", vec![Some(all)]));
    }

    #[test]
    fn empty_null_and_a_percent_sign_are_three_things() {
        let line = Line::new("x").and("").and_maybe(None::<&str>).and("%").and_maybe(Some("é\t"));
        assert_eq!(line.as_str(), "x\t\t%\t%25\t%C3%A9%09");
        let fields = parse(line.as_str()).unwrap().fields;
        let expected = [Some(&b""[..]), None, Some(b"%"), Some("é\t".as_bytes())];
        assert_eq!(fields.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lower_case_escapes_are_understood_and_broken_ones_refused() {
        assert_eq!(parse("x\t%c3%A9").unwrap().fields, [Some("é".as_bytes().to_vec())]);
        for broken in ["x\t%4", "x\ta%", "x\t%zz", "x\t%+1", "x\ta b", "x\té"] {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_line_without_fields_is_its_word() {
        assert_eq!(parse("."), Ok(Parsed { word: ".".to_owned(), fields: vec![] }));
    }
}
