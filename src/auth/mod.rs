//! Credentials on a request: which of them hold, and the header that they become (behaviours
//! A1–A7).
//!
//! What the program set on the request wins over what it set on the session; both win over an
//! Authorization header, which wins over the netrc file and that over the URL (A3 mended). The
//! wording of challenges and digests is in `challenge` and `digest`, the netrc file in `netrc`.

pub(crate) mod challenge;
pub(crate) mod digest;
pub(crate) mod netrc;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, check_value};
use crate::limits::DIGEST_ORIGINS_MAX;
use crate::prepare::Prepared;
use crate::url::Url;
use digest::{Digest, Pieces};

/// A way of authentication that librq does not know.
pub trait Authenticate: Send + Sync {
    /// Sees, and may change, a request that is being prepared; runs last.
    ///
    /// # Errors
    /// Fails the preparation.
    fn authenticate(&self, prepared: &mut Prepared) -> Result<()>;
}

/// Credentials, or a way to make them.
///
/// ```
/// let session = rq::Session::new();
/// session.configure(|options| options.auth(rq::Auth::basic("ann", "secret")));
/// let prepared = session.prepare(&rq::Request::new("GET", "http://example.org/")?)?;
/// assert_eq!(prepared.headers().get("authorization"), Some(&b"Basic YW5uOnNlY3JldA=="[..]));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone)]
pub struct Auth(Kind);

#[derive(Clone)]
enum Kind {
    None,
    Basic { user: String, password: String },
    Bearer { value: Vec<u8> },
    Digest(Arc<DigestAuth>),
    Custom(Arc<dyn Authenticate>),
}

impl Auth {
    /// No credentials at all: not the session's, the netrc file's, or the URL's.
    #[must_use]
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// Basic, as UTF-8 unless `Options::auth_latin1` says otherwise (RFC 7617).
    #[must_use]
    pub fn basic(user: &str, password: &str) -> Self {
        Self(Kind::Basic { user: user.to_owned(), password: password.to_owned() })
    }

    /// A bearer token (RFC 6750).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a token that no header can hold.
    pub fn bearer(token: &str) -> Result<Self> {
        let value = [b"Bearer ", token.as_bytes()].concat();
        check_value("Authorization", &value).map_err(|error| error.in_phase(Phase::Prepare))?;
        Ok(Self(Kind::Bearer { value }))
    }

    /// Digest (RFC 7616): once an origin's challenge is known, requests to it carry the answer.
    /// Clones share what they know.
    #[must_use]
    pub fn digest(user: &str, password: &str) -> Self {
        Self(Kind::Digest(Arc::new(DigestAuth::new(user, password))))
    }

    /// A way of the caller's own.
    #[must_use]
    pub fn custom(authenticate: Arc<dyn Authenticate>) -> Self {
        Self(Kind::Custom(authenticate))
    }

    /// Makes the header, or lets the caller's code do it. `latin1`: how basic credentials are
    /// written.
    pub(crate) fn apply(&self, prepared: &mut Prepared, latin1: bool) -> Result<()> {
        let value = match &self.0 {
            Kind::None => return Ok(()),
            Kind::Custom(custom) => return custom.authenticate(prepared),
            Kind::Basic { user, password } => {
                basic(&encoded(user, latin1)?, &encoded(password, latin1)?)
            }
            Kind::Bearer { value } => value.clone(),
            Kind::Digest(digest) => {
                prepared.set_digest(digest.clone());
                match digest.answer(prepared)? {
                    Some(value) => value.into_bytes(),
                    None => return Ok(()),
                }
            }
        };
        prepared.headers_mut().put("Authorization", &value);
        Ok(())
    }

    /// Whether this says that there are no credentials.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    /// Whether it says the same whenever it is asked.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self.0, Kind::None | Kind::Basic { .. } | Kind::Bearer { .. })
    }
}

/// Names the kind; credentials are never shown.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::None => "Auth::none",
            Kind::Basic { .. } => "Auth::basic",
            Kind::Bearer { .. } => "Auth::bearer",
            Kind::Digest(_) => "Auth::digest",
            Kind::Custom(_) => "Auth::custom",
        })
    }
}

fn basic(user: &[u8], password: &[u8]) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode([user, b":", password].concat())).into_bytes()
}

/// A2: UTF-8, or ISO-8859-1 by choice.
fn encoded(text: &str, latin1: bool) -> Result<Vec<u8>> {
    if !latin1 {
        return Ok(text.as_bytes().to_vec());
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).map_err(|_| beyond_latin1())).collect()
}

fn beyond_latin1() -> Error {
    let message = "the credentials hold a character that ISO-8859-1 has not; send them as UTF-8";
    Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare)
}

/// Credentials that were found, not set: they never replace an Authorization header.
pub(crate) fn apply_found(prepared: &mut Prepared, netrc: Option<&str>) {
    if prepared.headers().contains("authorization") {
        return;
    }
    let found = netrc.and_then(|text| netrc::credentials(text, prepared.url().host())).map(bytes);
    if let Some((user, password)) = found.or_else(|| of_url(prepared.url())) {
        prepared.headers_mut().put("Authorization", &basic(&user, &password));
    }
}

/// As [`apply_found`], from the netrc file alone: what stands in a Location is nobody's
/// credentials (R7, R8).
pub(crate) fn apply_netrc(prepared: &mut Prepared, netrc: &str) {
    if prepared.headers().contains("authorization") {
        return;
    }
    if let Some((user, password)) = netrc::credentials(netrc, prepared.url().host()) {
        let value = basic(user.as_bytes(), password.as_bytes());
        prepared.headers_mut().put("Authorization", &value);
    }
}

fn bytes((user, password): (String, String)) -> (Vec<u8>, Vec<u8>) {
    (user.into_bytes(), password.into_bytes())
}

/// A5: a user without a colon is not meant as credentials, nor is a colon alone.
fn of_url(url: &Url) -> Option<(Vec<u8>, Vec<u8>)> {
    url.userinfo().filter(|userinfo| userinfo.contains(':') && *userinfo != ":")?;
    url.credentials()
}

/// Digest credentials, and what servers asked of them.
pub(crate) struct DigestAuth {
    user: String,
    password: String,
    /// Of each origin the last challenge; the newest last.
    known: Mutex<Vec<Known>>,
}

/// A challenge, and how it was answered so far.
struct Known {
    origin: String,
    digest: Digest,
    count: u32,
    /// One for all answers: a `-sess` key is bound to the first (RFC 7616 §3.4.2).
    cnonce: String,
}

impl DigestAuth {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        let (user, password) = (user.to_owned(), password.to_owned());
        Self { user, password, known: Mutex::default() }
    }

    /// The header for a request to an origin whose challenge is known (A9).
    pub(crate) fn answer(&self, prepared: &Prepared) -> Result<Option<String>> {
        let (method, url) = (prepared.method(), prepared.url());
        prepared.with_pieces(|body| self.answer_for(&url.origin(), method, url.target(), body))
    }

    /// The header for a request line to `origin`; `body` is `None` where it can be read only once.
    pub(crate) fn answer_for(
        &self,
        origin: &str,
        method: &str,
        target: &str,
        body: Option<Pieces<'_>>,
    ) -> Result<Option<String>> {
        let (digest, count, cnonce) = {
            let mut known = self.lock();
            let Some(known) = known.iter_mut().find(|known| known.origin == origin) else {
                return Ok(None);
            };
            known.count = known.count.wrapping_add(1).max(1);
            (known.digest.clone(), known.count, known.cnonce.clone())
        };
        let (user, password) = (&self.user, &self.password);
        digest.authorization(user, password, method, target, body, count, &cnonce).map(Some)
    }

    /// Keeps the challenge that the server at `url` sent; whether it was one that can be answered.
    pub(crate) fn learn(&self, url: &Url, headers: &Headers) -> Result<bool> {
        self.learn_of(&url.origin(), headers.get_all("www-authenticate"))
    }

    /// Keeps what challenges of `origin` ask for. A nonce that is known already goes on being
    /// counted.
    pub(crate) fn learn_of<'a>(
        &self,
        origin: &str,
        challenges: impl Iterator<Item = &'a [u8]>,
    ) -> Result<bool> {
        let Some(digest) = Digest::of(challenges) else { return Ok(false) };
        let cnonce = Digest::new_cnonce()?;
        let mut known = self.lock();
        if known.iter().any(|old| old.origin == origin && old.digest.nonce() == digest.nonce()) {
            return Ok(true);
        }
        known.retain(|old| old.origin != origin);
        if known.len() == DIGEST_ORIGINS_MAX {
            known.remove(0);
        }
        known.push(Known { origin: origin.to_owned(), digest, count: 0, cnonce });
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestAuth")
    }
}
