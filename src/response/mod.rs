//! What came back: status, reason, headers as received, the way it came, and the body to read
//! (behaviours V1–V6, R12, R20). How the body is read is in `reading`.

mod reading;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::body::content::Content;
use crate::certs::Certificate;
use crate::connect::PeerChain;
use crate::deadline::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::http1::decode::Head;
use crate::http1::framing::Framing;
use crate::links::{Link, links};
use crate::prepare::Prepared;
use crate::prepare::redirect::is_redirect;
use crate::session::Cookies;
use reading::Reading;

/// A response whose head has been read; the body is read when the caller asks for it.
///
/// The connection serves the next request as soon as the body has been read to its last byte;
/// dropping or closing the response before gives the rest up. A response outlives its session.
///
/// ```no_run
/// let session = rq::Session::new();
/// let mut response = session.get("https://example.org/")?;
/// response.raise_for_status()?;
/// let mut buffer = vec![0; 256 * 1024];
/// loop {
///     match response.read(&mut buffer)? {
///         0 => break,
///         count => println!("{count} bytes"),
///     }
/// }
/// # Ok::<(), rq::Error>(())
/// ```
pub struct Response(Box<Parts>);

/// Boxed: a response is handed up through several layers.
struct Parts {
    request: Prepared,
    head: Head,
    reading: Reading,
    exchanged: Exchanged,
    /// What most have nothing of.
    way: Option<Box<Way>>,
}

/// How a response came about, and what may follow.
#[derive(Default)]
struct Way {
    history: Vec<Response>,
    /// Where a redirect that was not followed leads.
    next: Option<Result<Prepared>>,
}

/// What the adapter knows about the exchange.
pub(crate) struct Exchanged {
    /// When the hop began, and when the head had been read.
    pub(crate) began: Moment,
    pub(crate) answered: Moment,
    pub(crate) reused: bool,
    pub(crate) framing: Framing,
    /// What the server has shown of itself, over TLS.
    pub(crate) chain: Option<Arc<PeerChain>>,
}

impl Response {
    /// A response as it stands in memory at once: its parts are large.
    #[inline(always)]
    pub(crate) fn new(
        request: Prepared,
        head: Head,
        content: Content,
        exchanged: Exchanged,
    ) -> Self {
        let reading = Reading::new(content);
        let mut parts = Box::new(Parts { request, head, reading, exchanged, way: None });
        parts.reading.content_mut().begin();
        Self(parts)
    }

    /// The status code, 100 to 999.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.head.status
    }

    /// The reason phrase as received; empty if there was none.
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.head.reason())
    }

    /// 10 for HTTP/1.0, 11 for HTTP/1.1.
    #[must_use]
    pub fn http_version(&self) -> u8 {
        self.0.head.version
    }

    /// The URL that answered.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.request.url().as_str()
    }

    /// The request as it was sent.
    #[must_use]
    pub fn request(&self) -> &Prepared {
        &self.0.request
    }

    /// The header fields in order, as received.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.0.head.headers
    }

    /// True for a status below 400, and from 600 on (V1).
    #[must_use]
    pub fn ok(&self) -> bool {
        !matches!(self.status(), 400..=599)
    }

    /// Whether this is a redirect that can be followed: 301, 302, 303, 307 or 308 with a Location.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        is_redirect(self.status()) && self.headers().contains("location")
    }

    /// Whether this is a redirect for good: 301 or 308 with a Location.
    #[must_use]
    pub fn is_permanent_redirect(&self) -> bool {
        self.is_redirect() && matches!(self.status(), 301 | 308)
    }

    /// The responses that led here, the oldest first: the redirects that were followed, or else the
    /// challenge that was answered; each redirect has its own challenge in its own history (as in
    /// Requests). Of each one's body up to 64 KiB can be read.
    #[must_use]
    pub fn history(&self) -> &[Self] {
        self.0.way.as_ref().map_or(&[], |way| &way.history)
    }

    /// The responses that led here, to read their bodies, or to take them out.
    pub fn history_mut(&mut self) -> &mut Vec<Self> {
        &mut self.0.way.get_or_insert_default().history
    }

    /// The request that this redirect leads to, where it was not followed (R20); `None` for what is
    /// no redirect.
    ///
    /// # Errors
    /// Why it cannot be followed: a Location that is no URL, or a body that cannot be sent again.
    pub fn next(&self) -> Result<Option<Prepared>> {
        self.0.way.as_ref().and_then(|way| way.next.clone()).transpose()
    }

    /// The cookies that this response sets, in a jar of their own (C1).
    #[must_use]
    pub fn cookies(&self) -> Cookies {
        let cookies = Cookies::default();
        cookies.store(self.0.request.url(), self.headers());
        cookies
    }

    /// The links of the Link headers, in order (V5, RFC 8288).
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        links(self.headers())
    }

    /// The URL of the last link of this relation, as the header spells it (V5).
    #[must_use]
    pub fn link(&self, rel: &str) -> Option<String> {
        let links = self.links();
        let exact = links.iter().find(|link| link.key == rel);
        exact.or_else(|| links.iter().find(|link| link.has_rel(rel))).map(|link| link.url.clone())
    }

    /// From the start of sending until the head was read: this hop only, without the body (V3).
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.exchanged.began.age_at(self.0.exchanged.answered)
    }

    /// Whether the response came over a kept connection.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.0.exchanged.reused
    }

    /// The certificates of the server, its own first: those that lead to a trusted one; as it sent
    /// them where verification is off. Empty without TLS.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        self.0.exchanged.chain.as_ref().map(|chain| chain.certificates()).unwrap_or_default()
    }

    /// The length of the body as declared; 0 where there is none, `None` where it is not known
    /// beforehand.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        match self.0.exchanged.framing {
            Framing::None => Some(0),
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::Close => None,
        }
    }

    /// An error for a status from 400 to 599, worded as Requests does (V1).
    ///
    /// # Errors
    /// [`ErrorKind::Status`].
    pub fn raise_for_status(&self) -> Result<()> {
        let status = self.status();
        let side = match status {
            400..=499 => "Client",
            500..=599 => "Server",
            _ => return Ok(()),
        };
        let url = self.0.request.url().redacted();
        let message = format!("{status} {side} Error: {} for url: {url}", self.reason());
        Err(Error::new(ErrorKind::Status, message).with_status(status).at_url(&url))
    }

    pub(crate) fn location(&self) -> Option<Vec<u8>> {
        if !is_redirect(self.status()) {
            return None;
        }
        // R19: several are one value, as any list header is.
        let location = self.headers().joined("location")?;
        (!location.is_empty()).then(|| location.into_owned())
    }

    pub(crate) fn set_history(&mut self, history: Vec<Self>) {
        *self.history_mut() = history;
    }

    pub(crate) fn set_next(&mut self, next: Result<Prepared>) {
        self.0.way.get_or_insert_default().next = Some(next);
    }

    /// Frees the connection: what is left of the body is kept in memory if it is short.
    pub(crate) fn store(&mut self) {
        self.0.reading.content_mut().body_mut().store();
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response({} {})", self.status(), self.0.request.url().redacted())
    }
}
