//! Digest authentication without I/O: which challenge is answered, and the value of Authorization
//! or Proxy-Authorization that answers it.
//!
//! RFC 7616, and RFC 2069's form for servers that offer no qop; layout and algorithms of Requests
//! (behaviours A9–A16), its faults mended. Whose credentials go where, how often a nonce was used
//! and what is sent again, others decide. Text is hashed as UTF-8, as the caller spelt it: it is
//! not brought into Unicode's normal form.

use std::fmt::Write as _;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512, Sha512_256};

use super::challenge::{self, Challenge};
use crate::error::{Error, ErrorKind, Phase, Result};

/// Gives a body piece by piece, for those who hash it: in one pass, before it is sent.
pub(crate) type Pieces<'a> = &'a dyn Fn(&mut dyn FnMut(&[u8])) -> Result<()>;

/// What a server asked for. Holds no credential and no state: counting is the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    realm: String,
    nonce: String,
    /// Empty: none.
    opaque: String,
    /// As the server wrote it, to be echoed.
    algorithm: Option<String>,
    hash: Hash,
    /// A `-sess` algorithm.
    session: bool,
    qop: Qop,
    userhash: bool,
    utf8: bool,
}

impl Digest {
    /// The challenge with the strongest hash among these fields, of equal ones the first. None if
    /// none can be answered: no realm or nonce, an algorithm or qop that is not known, or text that
    /// is not UTF-8.
    pub(crate) fn of<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut best: Option<Self> = None;
        for digest in challenge::parse(fields).iter().filter_map(Self::of_challenge) {
            if best.as_ref().is_none_or(|best| digest.hash > best.hash) {
                best = Some(digest);
            }
        }
        best
    }

    fn of_challenge(challenge: &Challenge) -> Option<Self> {
        if !challenge.scheme.eq_ignore_ascii_case("digest") || challenge.token68.is_some() {
            return None;
        }
        let text =
            |name| challenge.param(name).map(|v| String::from_utf8(v.to_vec())).transpose().ok();
        let is = |name, value: &[u8]| {
            challenge.param(name).is_some_and(|v| v.eq_ignore_ascii_case(value))
        };
        let algorithm = text("algorithm")?;
        let (hash, session) = match &algorithm {
            Some(name) => Hash::named(name)?,
            None => (Hash::Md5, false),
        };
        let qop = Qop::of(&text("qop")?.unwrap_or_default())?;
        // A session's key is made with the cnonce, which a server without qop is never told.
        if session && qop == Qop::None {
            return None;
        }
        Some(Self {
            realm: text("realm")??,
            nonce: text("nonce")??,
            opaque: text("opaque")?.unwrap_or_default(),
            algorithm,
            hash,
            session,
            qop,
            userhash: is("userhash", b"true"),
            utf8: is("charset", b"utf-8"),
        })
    }

    /// The server's nonce: while it stays the same, `count` goes up.
    pub(crate) fn nonce(&self) -> &[u8] {
        self.nonce.as_bytes()
    }

    /// The value of (Proxy-)Authorization for one request.
    ///
    /// `uri` is the request target as sent; `count` ≥ 1 is the number of requests with this nonce;
    /// `cnonce` is of [`new_cnonce`](Self::new_cnonce), one for all requests with this nonce, since
    /// a `-sess` key is bound to the first. `body` is asked for only by a server that insists on
    /// auth-int; None: it is not known before it is sent.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`]: a control character in `user` or `uri`, or a body that is
    /// not known but must be hashed.
    #[expect(clippy::too_many_arguments, reason = "the ingredients of RFC 7616 §3.4")]
    pub(crate) fn authorization(
        &self,
        user: &str,
        password: &str,
        method: &str,
        uri: &str,
        body: Option<Pieces<'_>>,
        count: u32,
        cnonce: &str,
    ) -> Result<String> {
        if user.chars().any(char::is_control) {
            return Err(fault("the user name of digest authentication holds a control character"));
        }
        if uri.chars().any(char::is_control) {
            return Err(fault("digest authentication: the URL holds a control character"));
        }
        let secret = self.secret(user, password, cnonce);
        let request = self.request(method, uri, body)?;
        let (nonce, nc) = (self.nonce.as_str(), format!("{count:08x}"));
        let response = match self.qop.name() {
            None => self.hash.of(&[&secret, nonce, &request]),
            Some(qop) => self.hash.of(&[&secret, nonce, &nc, cnonce, qop, &request]),
        };
        let mut params = vec![
            self.username(user),
            quoted("realm", &self.realm),
            quoted("nonce", nonce),
            quoted("uri", uri),
            quoted("response", &response),
        ];
        if !self.opaque.is_empty() {
            params.push(quoted("opaque", &self.opaque));
        }
        params.extend(self.algorithm.iter().map(|name| quoted("algorithm", name)));
        if let Some(qop) = self.qop.name() {
            params.extend([quoted("qop", qop), format!("nc={nc}"), quoted("cnonce", cnonce)]);
        }
        if self.userhash {
            params.push("userhash=true".to_owned());
        }
        Ok(format!("Digest {}", params.join(", ")))
    }

    /// Sixteen random hexadecimal digits.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the system has no randomness to give.
    pub(crate) fn new_cnonce() -> Result<String> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| {
            fault("digest authentication: the system gave no random bytes")
                .with_os_error(error.raw_os_error().unwrap_or(0))
        })?;
        Ok(hex(&bytes))
    }

    /// RFC 7616 §3.4.2, hashed: A1.
    fn secret(&self, user: &str, password: &str, cnonce: &str) -> String {
        let secret = self.hash.of(&[user, &self.realm, password]);
        if self.session { self.hash.of(&[&secret, &self.nonce, cnonce]) } else { secret }
    }

    /// RFC 7616 §3.4.3, hashed: A2.
    fn request(&self, method: &str, uri: &str, body: Option<Pieces<'_>>) -> Result<String> {
        if self.qop != Qop::AuthInt {
            return Ok(self.hash.of(&[method, uri]));
        }
        let body = body.ok_or_else(|| {
            fault(
                "the server wants digest authentication over the body (qop=auth-int), which can be \
                 read only once; send it from memory or a file, or give it a way to rewind",
            )
        })?;
        Ok(self.hash.of(&[method, uri, &self.hash.of_pieces(body)?]))
    }

    /// RFC 7616 §3.4.4: hashed if the server wants it; extended (RFC 8187) if it is not ASCII and
    /// the server said what it makes of that; else as it is (A13).
    fn username(&self, user: &str) -> String {
        if self.userhash {
            return quoted("username", &self.hash.of(&[user, &self.realm]));
        }
        if !self.utf8 || user.is_ascii() {
            return quoted("username", user);
        }
        let mut text = "username*=UTF-8''".to_owned();
        for byte in user.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text
    }
}

fn fault(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare)
}

/// `name="value"`, escaped so that no value breaks out of its quotes (flaw 62).
fn quoted(name: &str, value: &str) -> String {
    let mut text = format!("{name}=\"");
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}

/// What of a request the response covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Qop {
    /// RFC 2069: no count, no cnonce.
    None,
    Auth,
    AuthInt,
}

impl Qop {
    /// `auth` wherever it is offered, as it needs no body; None if nothing known is.
    fn of(offered: &str) -> Option<Self> {
        let offers =
            |name: &str| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(name));
        if offers("auth") {
            Some(Self::Auth)
        } else if offers("auth-int") {
            Some(Self::AuthInt)
        } else {
            offered.split(',').all(|one| one.trim().is_empty()).then_some(Self::None)
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}

/// The hashes, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
    Sha512_256,
}

impl Hash {
    /// The hash of an algorithm, and whether it is a `-sess` one.
    fn named(algorithm: &str) -> Option<(Self, bool)> {
        let name = algorithm.to_ascii_uppercase();
        let base = name.strip_suffix("-SESS");
        let hash = match base.unwrap_or(&name) {
            "MD5" => Self::Md5,
            "SHA" => Self::Sha1,
            "SHA-256" => Self::Sha256,
            "SHA-512" => Self::Sha512,
            "SHA-512-256" => Self::Sha512_256,
            _ => return None,
        };
        Some((hash, base.is_some()))
    }

    /// The hash of parts with colons between them, in hexadecimal.
    fn of(self, parts: &[&str]) -> String {
        self.of_bytes(parts.join(":").as_bytes())
    }

    fn of_bytes(self, bytes: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(bytes)),
            Self::Sha1 => hex(&Sha1::digest(bytes)),
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sha512 => hex(&Sha512::digest(bytes)),
            Self::Sha512_256 => hex(&Sha512_256::digest(bytes)),
        }
    }

    fn of_pieces(self, pieces: Pieces<'_>) -> Result<String> {
        match self {
            Self::Md5 => hashed::<Md5>(pieces),
            Self::Sha1 => hashed::<Sha1>(pieces),
            Self::Sha256 => hashed::<Sha256>(pieces),
            Self::Sha512 => hashed::<Sha512>(pieces),
            Self::Sha512_256 => hashed::<Sha512_256>(pieces),
        }
    }
}

fn hashed<H: sha2::Digest>(pieces: Pieces<'_>) -> Result<String> {
    let mut hash = H::new();
    pieces(&mut |piece| hash.update(piece))?;
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
