//! Checks a Digest answer by computing it anew from the request as it arrived (RFC 7616 §3.4, and
//! RFC 2069 §2.1.2 without qop).
//!
//! The driver's own reading of the RFCs: a slip of the library does not show in its own mirror.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512, Sha512_256};

use crate::server::Received;

/// The parameters of a Digest Authorization, or Proxy-Authorization, as they arrived.
pub(crate) struct Answer(Vec<(String, String)>);

impl Answer {
    /// `None`: the request carries none.
    pub(crate) fn of(request: &Received) -> Option<Self> {
        ["Authorization", "Proxy-Authorization"].into_iter().find_map(|name| {
            let value = request.value(name)?;
            let text = String::from_utf8_lossy(&value).into_owned();
            text.strip_prefix("Digest ").map(parameters).map(Self)
        })
    }

    /// A parameter's value without quotes; empty if it is missing.
    pub(crate) fn get(&self, name: &str) -> &str {
        let named = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.0.iter().find(named).map_or("", |(_, value)| value)
    }

    /// Whether this answers for `request`, with one of these names and passwords.
    pub(crate) fn check(
        &self,
        request: &Received,
        credentials: &[(&str, &str)],
    ) -> Result<(), String> {
        let line = String::from_utf8_lossy(&request.line).into_owned();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let uri = self.get("uri");
        // In a request to a proxy the target is the whole URL.
        if target != uri && !(target.contains("://") && target.ends_with(uri)) {
            return Err(format!("uri={uri:?} in a request for {target:?}"));
        }
        let hash = self.hash()?;
        let name_of = |user: &str| match self.get("userhash") {
            "true" => hash(format!("{user}:{}", self.get("realm")).as_bytes()),
            _ => user.to_owned(),
        };
        let known = credentials.iter().find(|(user, _)| name_of(user) == self.get("username"));
        let (user, password) = known.ok_or_else(|| format!("username={}", self.get("username")))?;
        let computed = self.response(hash, &(user, password), method, &request.content);
        match computed == self.get("response") {
            true => Ok(()),
            false => Err(format!("response={:?}, not {computed:?}", self.get("response"))),
        }
    }

    fn hash(&self) -> Result<Hash, String> {
        let algorithm = self.get("algorithm").to_ascii_uppercase();
        match algorithm.strip_suffix("-SESS").unwrap_or(&algorithm) {
            "" | "MD5" => Ok(|bytes| hexadecimal(&Md5::digest(bytes))),
            "SHA" => Ok(|bytes| hexadecimal(&Sha1::digest(bytes))),
            "SHA-256" => Ok(|bytes| hexadecimal(&Sha256::digest(bytes))),
            "SHA-512" => Ok(|bytes| hexadecimal(&Sha512::digest(bytes))),
            "SHA-512-256" => Ok(|bytes| hexadecimal(&Sha512_256::digest(bytes))),
            _ => Err(format!("algorithm={algorithm:?}")),
        }
    }

    fn response(
        &self,
        hash: Hash,
        (user, password): &(&str, &str),
        method: &str,
        content: &[u8],
    ) -> String {
        let (nonce, cnonce, qop) = (self.get("nonce"), self.get("cnonce"), self.get("qop"));
        let mut secret = hash(format!("{user}:{}:{password}", self.get("realm")).as_bytes());
        if self.get("algorithm").to_ascii_uppercase().ends_with("-SESS") {
            secret = hash(format!("{secret}:{nonce}:{cnonce}").as_bytes());
        }
        let mut request = format!("{method}:{}", self.get("uri"));
        if qop == "auth-int" {
            request = format!("{request}:{}", hash(content));
        }
        let request = hash(request.as_bytes());
        let text = match qop {
            "" => format!("{secret}:{nonce}:{request}"),
            qop => format!("{secret}:{nonce}:{}:{cnonce}:{qop}:{request}", self.get("nc")),
        };
        hash(text.as_bytes())
    }
}

type Hash = fn(&[u8]) -> String;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes `a=b, c="d, e"` apart; a backslash in quotes stands for the character behind it.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, end) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, length) = unquoted(quoted);
                (value, length + 1)
            }
            None => {
                let length = after.find(',').unwrap_or(after.len());
                (after[..length].trim_end().to_owned(), length)
            }
        };
        found.push((name.trim().to_owned(), value));
        rest = after.get(end..).unwrap_or("").trim_start_matches([',', ' ']);
    }
    found
}

/// What stands before the closing quote, and how many bytes of the text that and the quote are.
fn unquoted(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, at + 1),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(authorization: &str) -> Received {
        Received {
            line: b"GET /dir/index.html HTTP/1.1".to_vec(),
            fields: vec![(b"Authorization".to_vec(), authorization.as_bytes().to_vec())],
            ..Received::default()
        }
    }

    /// The example of RFC 7616 §3.9.1.
    fn example(algorithm: &str, response: &str) -> Received {
        request(&format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
             response=\"{response}\""
        ))
    }

    #[test]
    fn the_example_of_the_rfc_is_right_and_another_password_is_not() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let request = example(algorithm, response);
            let answer = Answer::of(&request).unwrap();
            assert_eq!(answer.check(&request, &[("Mufasa", "Circle of Life")]), Ok(()));
            assert!(answer.check(&request, &[("Mufasa", "circle of life")]).is_err());
            assert!(answer.check(&request, &[("Scar", "Circle of Life")]).is_err());
        }
    }

    #[test]
    fn parameters_hold_commas_and_escapes_in_quotes() {
        let pairs = parameters(r#"realm="a, \"b\"" ,nc=00000001, qop=auth,x="""#);
        let expected = [("realm", "a, \"b\""), ("nc", "00000001"), ("qop", "auth"), ("x", "")];
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn an_answer_for_another_target_is_refused() {
        let mut request = example("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        request.line = b"GET /dir/ HTTP/1.1".to_vec();
        let answer = Answer::of(&request).unwrap();
        assert!(answer.check(&request, &[("Mufasa", "Circle of Life")]).is_err());
    }
}
