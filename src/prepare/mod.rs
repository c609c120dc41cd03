//! Pure: a request and its settings become the exact bytes that will be sent.
//!
//! The order is fixed: method, URL, headers, body (behaviour S9); what comes later may see what
//! came before. Knows neither sockets nor the clock. Sources: behaviours S, H, B1–B4, B12, B13, G1.

use std::borrow::Cow;
use std::sync::Arc;

use crate::body::source::Source;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, byte_name, is_token_byte, lists_token, shortened};
use crate::options::{Options, merged_headers};
use crate::request::Request;
use crate::url::Url;

/// A request as it will be sent: readable, editable, sent exactly as it stands.
///
/// A clone shares its data until one of them changes. `Host` is written by the wire unless it is
/// set here.
///
/// ```
/// let session = rq::Session::new();
/// let mut prepared = session.prepare(&rq::Request::new("post", "http://example.org/x")?)?;
/// prepared.headers_mut().set("X-Trace", b"2")?;
/// prepared.set_body("new");
/// assert_eq!(prepared.method(), "POST");
/// assert_eq!(prepared.headers().get("content-length"), Some(&b"3"[..]));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    method: Cow<'static, str>,
    url: Url,
    headers: Headers,
    source: Source,
    options: Arc<Options>,
}

/// Prepares `request` with the defaults of a session, or without any (S10).
pub(crate) fn prepare(session: Option<&Options>, request: &Request) -> Result<Prepared> {
    let method = normal_method(&request.method)?;
    let url = request.parsed_url()?.clone();
    let options = request.options().snapshot();
    let headers = merged_headers(session, &options);
    let source = request.source.clone();
    let mut parts = Parts { method, url, headers, source, options };
    frame(&mut parts);
    Ok(Prepared(Arc::new(parts)))
}

/// Sets the fields that follow from the body (B1, B2, B12, B13): one framing, never two.
fn frame(parts: &mut Parts) {
    let chunked = lists_token(parts.headers.get_all("transfer-encoding"), "chunked");
    let length = parts.source.len();
    let bare_get = matches!(&*parts.method, "GET" | "HEAD");
    if chunked {
        parts.headers.remove("content-length");
    } else if length > 0 || !(bare_get || parts.headers.contains("content-length")) {
        let mut digits = [0; 20];
        parts.headers.put("Content-Length", decimal(length, &mut digits));
    }
}

/// `number` in decimal, written into `digits`.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// Refuses what is not a token (RFC 9110 §9.1; flaw 53).
pub(crate) fn check_method(method: &str) -> Result<()> {
    if !method.is_empty() && method.bytes().all(is_token_byte) {
        return Ok(());
    }
    let why = match method.bytes().find(|byte| !is_token_byte(*byte)) {
        None => "it is empty".to_owned(),
        Some(byte) => format!("it holds {}", byte_name(byte)),
    };
    let message = format!("the method {:?} cannot be sent: {why}", shortened(method));
    Err(Error::new(ErrorKind::InvalidMethod, message).in_phase(Phase::Prepare))
}

/// Methods are upper-cased, custom ones too (G1).
fn normal_method(method: &str) -> Result<Cow<'static, str>> {
    const USUAL: [&str; 7] = ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
    if let Some(usual) = USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(method)) {
        return Ok(Cow::Borrowed(usual));
    }
    check_method(method)?;
    Ok(Cow::Owned(method.to_ascii_uppercase()))
}

impl Prepared {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// Replaces the method; it is sent as spelled here.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidMethod`] if it is not a token; the old one stays.
    pub fn set_method(&mut self, method: &str) -> Result<()> {
        check_method(method)?;
        self.edit().method = Cow::Owned(method.to_owned());
        Ok(())
    }

    /// The URL, normalised.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Replaces the URL.
    ///
    /// # Errors
    /// As [`Url::parse`]; the old one stays.
    pub fn set_url(&mut self, url: &str) -> Result<()> {
        self.edit().url = Url::parse(url).map_err(|error| error.in_phase(Phase::Prepare))?;
        Ok(())
    }

    /// The headers in the order in which they will be sent, after `Host`.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.0.headers
    }

    /// The headers, to change.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.edit().headers
    }

    /// The body, if there is one.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.source.bytes()
    }

    /// Replaces the body; Content-Length follows it (behaviour S12 mended). Empty bytes are no
    /// body.
    pub fn set_body(&mut self, bytes: impl AsRef<[u8]>) {
        let parts = self.edit();
        parts.source = Source::of(bytes.as_ref());
        parts.headers.remove("content-length");
        frame(parts);
    }

    pub(crate) fn source(&self) -> &Source {
        &self.0.source
    }

    /// The settings of the request that this was prepared from.
    pub(crate) fn options(&self) -> &Arc<Options> {
        &self.0.options
    }

    fn edit(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests;
