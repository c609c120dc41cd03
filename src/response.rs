//! What came back: status, reason, headers as received, and the body to read (behaviours V1–V4,
//! D1).

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::http1::decode::Head;
use crate::http1::framing::Framing;
use crate::prepare::Prepared;

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
    body: Body,
    exchanged: Exchanged,
}

/// What the adapter knows about the exchange.
pub(crate) struct Exchanged {
    pub(crate) elapsed: Duration,
    pub(crate) reused: bool,
    pub(crate) framing: Framing,
}

impl Response {
    pub(crate) fn new(request: Prepared, head: Head, body: Body, exchanged: Exchanged) -> Self {
        Self(Box::new(Parts { request, head, body, exchanged }))
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

    /// The fields after a chunked body; `None` until it has been read to its end.
    #[must_use]
    pub fn trailers(&self) -> Option<&Headers> {
        self.0.body.trailers()
    }

    /// From the start of sending until the head was read: this hop only, without the body (V3).
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.exchanged.elapsed
    }

    /// Whether the response came over a kept connection.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.0.exchanged.reused
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

    /// Reads some of the body into `buffer`: at least one byte, 0 at the end.
    ///
    /// # Errors
    /// Timeouts, [`ErrorKind::Incomplete`] for a truncated body, [`ErrorKind::Protocol`] for bad
    /// framing, [`ErrorKind::Cancelled`]. An error stays: every later read returns it again.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.0.body.read(buffer).map_err(|error| self.located(error))
    }

    /// Reads all that is left of the body.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn content(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        self.0.body.read_all(&mut all).map_err(|error| self.located(error))?;
        Ok(all)
    }

    /// Gives up what has not been read. The connection is kept if the rest has arrived already.
    pub fn close(&mut self) {
        self.0.body.close();
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

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response({} {})", self.status(), self.0.request.url().redacted())
    }
}
