//! Challenges of WWW-Authenticate and Proxy-Authenticate (RFC 9110 §11.6.1; behaviour A16).
//!
//! Reads any number of fields with any number of challenges each, in one pass. A challenge with bad
//! syntax is left out and the next scheme begins anew; a quote that never closes takes the rest of
//! its field with it. What a challenge asks for, and whether it is answered, others decide.

use crate::headers::is_token_byte;

/// What one scheme of a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// As the server spelt it; compared in any case.
    pub(crate) scheme: String,
    /// Names in lower case, values without quotes and escapes, in order.
    pub(crate) params: Vec<(String, Vec<u8>)>,
    /// What a scheme has that has no parameters, such as Negotiate.
    pub(crate) token68: Option<String>,
}

impl Challenge {
    /// The value of a parameter, named in lower case. Of equal names the first counts.
    pub(crate) fn param(&self, name: &str) -> Option<&[u8]> {
        self.params.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_slice())
    }
}

/// Every well-formed challenge of these fields, in order.
pub(crate) fn parse<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for field in fields {
        parse_field(field, &mut found);
    }
    found
}

/// A field is a list; a scheme begins a challenge, the parameters up to the next scheme are its.
fn parse_field(field: &[u8], found: &mut Vec<Challenge>) {
    let mut text = Cursor(field);
    let mut open: Option<Challenge> = None;
    while !text.0.is_empty() {
        let element = text.element();
        let clean = text.end_element();
        match element {
            Some(Element::Empty) if clean => {}
            Some(Element::Param(name, value)) if clean => {
                // A parameter without a scheme, or of a challenge that was given up.
                if let Some(challenge) = &mut open {
                    challenge.params.push((name, value));
                }
            }
            Some(Element::Start(challenge)) => {
                found.extend(open.take());
                open = challenge.filter(|_| clean);
            }
            _ => open = None,
        }
    }
    found.extend(open);
}

/// What stands between two commas.
enum Element {
    Empty,
    Param(String, Vec<u8>),
    /// A scheme, and its first parameter if there is one; None if that has bad syntax.
    Start(Option<Challenge>),
}

/// The rest of a field. Every reader consumes what it takes, so the whole costs one pass.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// The next element without its comma; None if it is none.
    fn element(&mut self) -> Option<Element> {
        self.blanks();
        let word = self.take_while(is_token_byte);
        if word.is_empty() {
            return Some(Element::Empty);
        }
        let spaced = self.blanks();
        if self.eat(b'=') {
            return Some(Element::Param(lower(word), self.value()?));
        }
        Some(Element::Start(self.challenge(word, spaced)))
    }

    /// What follows a scheme in its own element: nothing, a token68, or the first parameter.
    fn challenge(&mut self, scheme: &[u8], spaced: bool) -> Option<Challenge> {
        let mut challenge = Challenge { scheme: ascii(scheme), params: Vec::new(), token68: None };
        if self.at_end() {
            return Some(challenge);
        }
        challenge.token68 = self.token68();
        if challenge.token68.is_none() {
            let name = self.take_while(is_token_byte);
            self.blanks();
            let is_param = !name.is_empty() && self.eat(b'=');
            challenge.params.push((lower(name), is_param.then(|| self.value())??));
        }
        spaced.then_some(challenge)
    }

    /// A token68 that is the whole rest of its element; else nothing is consumed.
    fn token68(&mut self) -> Option<String> {
        let mut ahead = Cursor(self.0);
        let text = ahead.take_while(is_token68_byte);
        let padding = ahead.take_while(|byte| byte == b'=');
        ahead.blanks();
        if text.is_empty() || !ahead.at_end() {
            return None;
        }
        self.0 = ahead.0;
        Some(ascii(text) + &ascii(padding))
    }

    /// A quoted string, or bytes up to the next blank or comma: servers leave out the quotes of
    /// values that are no tokens (`nonce=abc==`, `domain=/`).
    fn value(&mut self) -> Option<Vec<u8>> {
        self.blanks();
        if self.0.first() == Some(&b'"') {
            return self.quoted();
        }
        let is_bare = |byte| !matches!(byte, b',' | b'"') && !is_blank(byte) && !is_control(byte);
        Some(self.take_while(is_bare).to_vec())
    }

    /// The text of a quoted string, escapes undone (RFC 9110 §5.6.4); None if it holds a control
    /// byte, or never ends: then nothing of the field is left.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.eat(b'"');
        let mut value = Vec::new();
        let mut clean = true;
        loop {
            let plain = self.take_while(|byte| !matches!(byte, b'"' | b'\\'));
            clean &= !plain.iter().copied().any(is_control);
            value.extend_from_slice(plain);
            let escaped = self.eat(b'\\');
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            if !escaped {
                return clean.then_some(value);
            }
            clean &= !is_control(*byte);
            value.push(*byte);
        }
    }

    /// Goes past the next comma outside of quotes; true if only blanks stood before it.
    fn end_element(&mut self) -> bool {
        self.blanks();
        let clean = self.at_end();
        while !self.at_end() {
            self.take_while(|byte| !matches!(byte, b',' | b'"'));
            if self.0.first() == Some(&b'"') {
                self.quoted();
            }
        }
        self.eat(b',');
        clean
    }

    fn at_end(&self) -> bool {
        matches!(self.0.first(), None | Some(b','))
    }

    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Skips blanks; true if there were any.
    fn blanks(&mut self) -> bool {
        !self.take_while(is_blank).is_empty()
    }

    fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !fits(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn is_token68_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Bytes that were found to be ASCII as text.
fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lower(name: &[u8]) -> String {
    ascii(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each challenge as `scheme token68 name=[value] …`.
    fn shown(fields: &[&str]) -> Vec<String> {
        let show = |challenge: Challenge| {
            let mut text = challenge.scheme;
            if let Some(token68) = challenge.token68 {
                text += &format!(" {token68}");
            }
            for (name, value) in challenge.params {
                text += &format!(" {name}=[{}]", String::from_utf8(value).unwrap());
            }
            text
        };
        parse(fields.iter().map(|field| field.as_bytes())).into_iter().map(show).collect()
    }

    #[track_caller]
    fn check(field: &str, expected: &[&str]) {
        assert_eq!(shown(&[field]), expected, "{field}");
    }

    #[test]
    fn challenges_of_one_field_and_of_several_a16() {
        // RFC 9110 §11.6.1's own example.
        check(
            r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
            &["Basic realm=[simple]", r#"Newauth realm=[apps] type=[1] title=[Login to "apps"]"#],
        );
        let fields =
            ["NTLM", "", "Negotiate a+/b==, basic Realm=x", " , ,Digest\ta=1 ,, b = \"2\" ,"];
        let expected = ["NTLM", "Negotiate a+/b==", "basic realm=[x]", "Digest a=[1] b=[2]"];
        assert_eq!(shown(&fields), expected);
        check("Negotiate, NTLM, Basic realm=a", &["Negotiate", "NTLM", "Basic realm=[a]"]);
        check("Digest , realm=a", &["Digest realm=[a]"]);
    }

    #[test]
    fn commas_and_escapes_within_quotes() {
        check(
            r#"Digest realm="a, Basic realm=b", nonce="\\\"\x," "#,
            &[r#"Digest realm=[a, Basic realm=b] nonce=[\"x,]"#],
        );
        check(r#"Digest realm="",nonce="n=,""#, &["Digest realm=[] nonce=[n=,]"]);
        check("Digest realm=\"\tü\"", &["Digest realm=[\tü]"]);
    }

    #[test]
    fn values_that_lack_their_quotes() {
        check(
            "Digest nonce=abc==, domain=/a?b, qop=",
            &["Digest nonce=[abc==] domain=[/a?b] qop=[]"],
        );
        check("Digest realm=a/b=", &["Digest realm=[a/b=]"]);
    }

    #[test]
    fn bad_syntax_of_one_does_not_lose_the_others() {
        for bad in [
            r#"Digest realm="a" nonce="b""#,
            r#"Digest realm="a"x"#,
            "Digest @, a=1",
            "Digest a=1, =2",
            r#"Digest a=b"c, d""#,
            "Digest a b",
            r#"Digest "a, b""#,
            "Digest/x",
            "@",
            "Digest a=\"1\";",
            "Digest a=\"\n\", b=2",
            "Digest a=\"\\\0\"",
            "Digest a=1\x7f",
            "x=1",
            "é a=1",
        ] {
            let field = format!("Basic realm=x, Y, {bad}, Z q=\"1\"");
            let found = shown(&[&field]);
            assert_eq!(found.first().map(String::as_str), Some("Basic realm=[x]"), "{field}");
            assert_eq!(found.last().map(String::as_str), Some("Z q=[1]"), "{field}");
            assert!(!found.iter().any(|one| one.starts_with("Digest")), "{field}: {found:?}");
        }
    }

    #[test]
    fn an_open_quote_ends_with_its_field() {
        let fields = ["Basic realm=x, Digest a=\"b, Z q=1", "Digest a=\"b\\", "Z"];
        assert_eq!(shown(&fields), ["Basic realm=[x]", "Z"]);
    }

    #[test]
    fn of_equal_names_the_first_counts() {
        let found = parse([&b"Digest realm=a, REALM=b"[..]].into_iter());
        assert_eq!(found[0].param("realm"), Some(&b"a"[..]));
        assert_eq!(found[0].param("nonce"), None);
    }

    #[test]
    fn every_round_consumes_what_it_read() {
        for piece in
            ["a=\"", "a,", "\"\\\",", "Digest a ", "x=\"\\\"", "a b=", "===", "Basic \"\","]
        {
            let field = piece.repeat(4096);
            let mut left = Cursor(field.as_bytes());
            while !left.0.is_empty() {
                let before = left.0.len();
                left.element();
                left.end_element();
                assert!(left.0.len() < before, "{piece}: nothing was consumed at {before}");
            }
        }
    }
}
