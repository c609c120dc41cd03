//! What the user asks for: method, URL, body and settings, before any session has seen it
//! (behaviour area S).

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::body::multipart::Part;
use crate::body::source::Source;
use crate::body::upload::Upload;
use crate::error::{Error, Phase, Result};
use crate::options::{Options, SharedOptions};
use crate::prepare::again::Again;
use crate::trace::Progress;
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
    /// In upper case (G1).
    pub(crate) method: Cow<'static, str>,
    url: String,
    parsed: Parsed,
    pub(crate) content: Content,
    options: SharedOptions,
    pub(crate) again: Again,
}

/// The URL, parsed, of a request that is prepared for the second time: it may be so any number of
/// times, but most are once.
#[derive(Default)]
struct Parsed {
    again: AtomicBool,
    url: OnceLock<Url>,
}

impl Clone for Parsed {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What the user gave to be sent; which of it is, `prepare` decides.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(crate) body: Source,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) json: Option<Source>,
    pub(crate) parts: Vec<Part>,
    pub(crate) progress: Option<Progress>,
}

impl Request {
    /// A request for `url`. The URL is parsed when the request is prepared; the method must be a
    /// token.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidMethod`](crate::ErrorKind::InvalidMethod) if `method` cannot be one.
    pub fn new(method: &str, url: &str) -> Result<Self> {
        Ok(Self {
            method: crate::prepare::normal_method(method)?,
            url: url.to_owned(),
            parsed: Parsed::default(),
            content: Content::default(),
            options: SharedOptions::of_request(),
            again: Again::default(),
        })
    }

    /// Sends these bytes. Content-Length follows; no Content-Type is guessed (B2).
    pub fn body(&mut self, bytes: impl AsRef<[u8]>) {
        self.content_mut().body = Source::of(bytes.as_ref());
    }

    /// Sends what a stream or a file gives, read while it is sent: with Content-Length where its
    /// length is known, else in chunks (B6, B7).
    pub fn body_stream(&mut self, upload: Upload) {
        self.content_mut().body = upload.into_source();
    }

    /// Sends the file at `path`, opened now and read while it is sent.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) if it cannot be opened; the body stays.
    pub fn body_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.body_stream(Upload::from_path(path)?);
        Ok(())
    }

    /// Sends this JSON text, as `application/json` unless a Content-Type is set. A body, fields or
    /// parts win over it (B5).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidJson`](crate::ErrorKind::InvalidJson) if it is not JSON in UTF-8.
    pub fn json(&mut self, text: impl AsRef<[u8]>) -> Result<()> {
        crate::json::check(text.as_ref())?;
        self.content_mut().json = Some(Source::of(text.as_ref()));
        Ok(())
    }

    /// Adds a form field: sent form-encoded, or as multipart beside parts (B3, M2). A body wins
    /// over fields.
    pub fn field(&mut self, name: &str, value: &str) {
        self.content_mut().fields.push((name.to_owned(), value.to_owned()));
    }

    /// Adds a part: the body becomes multipart/form-data, the fields first (M1, M2).
    pub fn part(&mut self, part: Part) {
        self.content_mut().parts.push(part);
    }

    /// The part that was added as the `index`-th, to change.
    pub fn part_mut(&mut self, index: usize) -> Option<&mut Part> {
        self.content_mut().parts.get_mut(index)
    }

    /// Tells `progress` while the body is sent.
    pub fn progress(&mut self, progress: Progress) {
        self.content_mut().progress = Some(progress);
    }

    /// The content, to change: what was prepared before holds no more.
    fn content_mut(&mut self) -> &mut Content {
        self.again = Again::default();
        &mut self.content
    }

    /// Whether it has been prepared more than once.
    pub(crate) fn is_parsed(&self) -> bool {
        self.parsed.url.get().is_some()
    }

    /// The URL as it was given, without userinfo.
    pub(crate) fn redacted_url(&self) -> String {
        without_userinfo(&self.url)
    }

    /// The URL, parsed; `as_is`: with path and query as they are written.
    pub(crate) fn parsed_url(&self, as_is: bool) -> Result<Cow<'_, Url>> {
        let in_prepare = |error: Error| error.in_phase(Phase::Prepare);
        if as_is {
            return Url::parse_as_is(&self.url).map(Cow::Owned).map_err(in_prepare);
        }
        if let Some(url) = self.parsed.url.get() {
            return Ok(Cow::Borrowed(url));
        }
        let url = Url::parse(&self.url).map_err(in_prepare)?;
        match self.parsed.again.swap(true, Ordering::Relaxed) {
            true => Ok(Cow::Borrowed(self.parsed.url.get_or_init(|| url))),
            false => Ok(Cow::Owned(url)),
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
        write!(f, "Request({} {})", self.method, self.redacted_url())
    }
}
