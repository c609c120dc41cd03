//! What the user asks for: method, URL, body and settings, before any session has seen it
//! (behaviour area S).

use std::sync::OnceLock;

use crate::body::source::Source;
use crate::error::{Phase, Result};
use crate::options::{Options, SharedOptions};
use crate::url::{Url, without_userinfo};

/// A request as the user words it. Becomes a [`Prepared`](crate::Prepared) with
/// [`Session::prepare`](crate::Session::prepare).
///
/// ```
/// let mut request = rq::Request::new("POST", "https://example.org/upload")?;
/// request.configure(|options| options.header("X-Trace", "1"))?;
/// request.body("hello");
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) method: String,
    url: String,
    /// The URL, parsed by the first preparation: a request may be sent any number of times.
    parsed: OnceLock<Url>,
    pub(crate) source: Source,
    options: SharedOptions,
}

impl Request {
    /// A request for `url`. The URL is parsed when the request is prepared; the method must be a
    /// token.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidMethod`](crate::ErrorKind::InvalidMethod) if `method` cannot be one.
    pub fn new(method: &str, url: &str) -> Result<Self> {
        crate::prepare::check_method(method)?;
        Ok(Self {
            method: method.to_owned(),
            url: url.to_owned(),
            parsed: OnceLock::new(),
            source: Source::Empty,
            options: SharedOptions::new(Options::for_request()),
        })
    }

    /// Sends these bytes. Content-Length follows; no Content-Type is guessed (B2).
    pub fn body(&mut self, bytes: impl AsRef<[u8]>) {
        self.source = Source::of(bytes.as_ref());
    }

    /// The URL, parsed.
    pub(crate) fn parsed_url(&self) -> Result<&Url> {
        match self.parsed.get() {
            Some(url) => Ok(url),
            None => {
                let url = Url::parse(&self.url).map_err(|error| error.in_phase(Phase::Prepare))?;
                Ok(self.parsed.get_or_init(|| url))
            }
        }
    }

    /// The request's own settings; they win over the session's and are not kept by it (S7).
    #[must_use]
    pub fn options(&self) -> &SharedOptions {
        &self.options
    }

    /// Changes the request's settings.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn configure<R>(&mut self, change: impl FnOnce(&mut Options) -> R) -> R {
        self.options.update(change)
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} {})", self.method, without_userinfo(&self.url))
    }
}
