//! Pure: a request and its settings become the exact bytes that will be sent.
//!
//! The order is fixed: method, URL and parameters, headers, cookies, body, credentials (behaviour
//! S9); what comes later may see what came before, and a caller's own authentication, which is
//! last, may change all of it. Knows neither sockets nor the clock. `content` decides which body is
//! sent, `curl` writes a request down. Sources: behaviours S, H, U15–U18, B1–B15, C2–C7, G1.

pub(crate) mod again;
mod content;
mod curl;
pub(crate) mod redirect;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::auth::digest::Pieces;
use crate::auth::{self, DigestAuth};
use crate::body::source::{Source, not_again};
use crate::cookies::Jar;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, byte_name, is_token_byte, shortened};
use crate::http1::encode::Written;
use crate::options::{Options, SharedOptions, merged_headers};
use crate::params::{Query, merged};
use crate::request::Request;
use crate::trace::Progress;
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
#[derive(Clone)]
pub struct Prepared(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    method: Cow<'static, str>,
    url: Url,
    headers: Arc<Headers>,
    source: Source,
    options: Arc<Options>,
    digest: Option<Arc<DigestAuth>>,
    progress: Option<Progress>,
    written: Kept,
}

/// The head as it was last sent, which it is again as long as nothing changes.
#[derive(Default)]
struct Kept(OnceLock<Written>);

/// What a clone is for is to be changed.
impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What a session adds to its requests.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Arc<Options>,
    /// The Cookie header for a URL and the request's own cookies.
    pub(crate) cookies: &'a CookieHeader<'a>,
    /// The text of the netrc file, where there is one to use.
    pub(crate) netrc: Option<&'a str>,
}

/// What makes a Cookie header; holds its lock for no longer than that.
type CookieHeader<'a> = dyn Fn(&Url, &[(String, Option<String>)]) -> Option<Vec<u8>> + 'a;

/// Prepares `request` with the defaults of a session, or without any (S10).
pub(crate) fn prepare(context: Option<&Context<'_>>, request: &Request) -> Result<Prepared> {
    if let Some(context) = context
        && let Some(prepared) = request.again.find(context, request)
    {
        return Ok(prepared);
    }
    prepare_anew(context, request)
}

fn prepare_anew(context: Option<&Context<'_>>, request: &Request) -> Result<Prepared> {
    let prepared =
        merge(context, request).map_err(|error| error.at_url(&request.redacted_url()))?;
    if let Some(context) = context {
        request.again.keep(context, request, &prepared);
    }
    Ok(prepared)
}

fn merge(context: Option<&Context<'_>>, request: &Request) -> Result<Prepared> {
    let session = context.map(|context| &**context.options);
    let options = request.options().snapshot();
    let method = request.method.clone();
    let url = merged_url(session, &options, request)?;
    let mut headers = merged_headers(session, &options);
    put_cookies(&mut headers, &url, context, &options);
    let (source, content_type) = content::source(&request.content, &mut headers)?;
    let progress = request.content.progress.clone();
    let (digest, written) = Default::default();
    let mut parts = Parts { method, url, headers, source, options, digest, progress, written };
    frame(&mut parts);
    content_type.put(&mut parts.headers);
    if parts.options.expects_over(session) && !parts.source.is_none() {
        Headers::own(&mut parts.headers).put("Expect", b"100-continue");
    }
    let mut prepared = Prepared(Arc::new(parts));
    authenticate(&mut prepared, context)?;
    Ok(prepared)
}

fn merged_url(session: Option<&Options>, options: &Options, request: &Request) -> Result<Url> {
    let own = &options.wording;
    let of_session = session.map(|session| &session.wording);
    let as_is = own.path_as_is.or(of_session.and_then(|session| session.path_as_is));
    let mut url = request.parsed_url(as_is == Some(true))?.into_owned();
    let mut room = String::new();
    match merged(of_session.map(|session| &session.params), &own.params, &mut room) {
        Query::Empty => {}
        Query::Encoded(query) => url.add_query(query),
        Query::Raw(query) => url.add_raw_query(query),
    }
    Ok(url)
}

/// A Cookie header of the caller's own wins over all cookies (C5).
fn put_cookies(
    headers: &mut Arc<Headers>,
    url: &Url,
    context: Option<&Context<'_>>,
    options: &Options,
) {
    let own = &options.wording.cookies;
    let used = context.filter(|context| uses_jar(context.options, options));
    let value = match used {
        Some(context) => (context.cookies)(url, own),
        None if own.is_empty() => None,
        None => Jar::default().header(url, own, 0),
    };
    if let Some(value) = value.filter(|_| !headers.contains("cookie")) {
        Headers::own(headers).append("Cookie", &value);
    }
}

/// Whether a request takes part in the session's cookies.
pub(crate) fn uses_jar(session: &Options, request: &Options) -> bool {
    request.wording.jar.or(session.wording.jar) != Some(false)
}

/// A1, A3, A4: what was set, or else what is found.
fn authenticate(prepared: &mut Prepared, context: Option<&Context<'_>>) -> Result<()> {
    let options = prepared.0.options.clone();
    let session = context.map(|context| &context.options.wording);
    let auth = options.wording.auth.as_ref().or(session.and_then(|session| session.auth.as_ref()));
    match auth {
        Some(auth) if auth.is_none() => Ok(()),
        Some(auth) => {
            let latin1 = options.wording.latin1.or(session.and_then(|session| session.latin1));
            auth.apply(prepared, latin1 == Some(true))
        }
        None => {
            let netrc = context.and_then(|context| context.netrc);
            auth::apply_found(prepared, netrc);
            Ok(())
        }
    }
}

/// Sets the fields that follow from the body (B1, B2, B11–B13): one framing, never two. A stream of
/// unknown length goes out in chunks, unless its length was declared.
fn frame(parts: &mut Parts) {
    let codes = parts.headers.contains("transfer-encoding");
    if codes && parts.headers.lists("transfer-encoding", "chunked") {
        Headers::own(&mut parts.headers).remove("content-length");
        if parts.source.len().is_none() {
            Headers::own(&mut parts.headers).put("Transfer-Encoding", b"chunked");
        }
        return;
    }
    let bare_get = matches!(&*parts.method, "GET" | "HEAD");
    if bare_get && parts.source.is_none() {
        return;
    }
    let declared = parts.headers.contains("content-length");
    match parts.source.len() {
        None if declared => {}
        None => Headers::own(&mut parts.headers).put("Transfer-Encoding", b"chunked"),
        Some(length) => {
            if !parts.source.is_none() || !declared {
                let mut digits = [0; 20];
                Headers::own(&mut parts.headers)
                    .put("Content-Length", decimal(length, &mut digits));
            }
        }
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
fn check_method(method: &str) -> Result<()> {
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

/// Whether sending `method` twice is the same as sending it once (RFC 9110 §9.2.2).
pub(crate) fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE")
}

/// Methods are upper-cased, custom ones too (G1).
pub(crate) fn normal_method(method: &str) -> Result<Cow<'static, str>> {
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
        let as_is = self.0.options.wording.path_as_is == Some(true);
        let parsed = if as_is { Url::parse_as_is(url) } else { Url::parse(url) };
        self.edit().url = parsed.map_err(|error| error.in_phase(Phase::Prepare))?;
        Ok(())
    }

    /// The headers in the order in which they will be sent, after `Host`.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.0.headers
    }

    /// The headers, to change.
    pub fn headers_mut(&mut self) -> &mut Headers {
        Headers::own(&mut self.edit().headers)
    }

    /// The body, if there is one in memory; one that is streamed is not.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.source.bytes()
    }

    /// How long the body is: 0 without one, `None` where only the end of its stream will tell.
    #[must_use]
    pub fn body_length(&self) -> Option<u64> {
        self.0.source.len()
    }

    /// The whole body, read from its stream or file if it is not in memory; empty without one. For
    /// adapters that answer in place of a server: a stream that can be read only once is used up.
    ///
    /// # Errors
    /// [`ErrorKind::Body`] if it cannot be read (again), [`ErrorKind::BodyLength`] and what its
    /// source says.
    pub fn content(&self) -> Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.body() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut all = Vec::new();
        self.0.source.each_piece(&mut |piece| all.extend_from_slice(piece))?;
        Ok(Cow::Owned(all))
    }

    /// Replaces the body; its framing follows it (behaviour S12 mended). Empty bytes are no body.
    pub fn set_body(&mut self, bytes: impl AsRef<[u8]>) {
        self.set_source(Source::of(bytes.as_ref()));
    }

    /// Replaces the body by a stream or a file.
    pub fn set_body_stream(&mut self, upload: crate::Upload) {
        self.set_source(upload.into_source());
    }

    fn set_source(&mut self, source: Source) {
        let parts = self.edit();
        let was_chunked = parts.source.len().is_none();
        parts.source = source;
        Headers::own(&mut parts.headers).remove("content-length");
        if was_chunked {
            Headers::own(&mut parts.headers).remove("transfer-encoding");
        }
        frame(parts);
    }

    /// Changes the settings that hold when this is sent: timeouts, trust, proxies, the jar. Method,
    /// URL, headers and body stay as they were prepared.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn configure<R>(&mut self, change: impl FnOnce(&mut Options) -> R) -> R {
        change(Arc::make_mut(&mut self.edit().options))
    }

    /// The same request, to be sent with what `over` says about sending: its timeouts, trust,
    /// proxies and jar win over the request's and the session's (S14).
    #[must_use]
    pub fn overridden(&self, over: &SharedOptions) -> Self {
        let options = Arc::new(self.0.options.overridden_by(&over.snapshot()));
        Self(Arc::new(Parts { options, ..(*self.0).clone() }))
    }

    /// The request as a curl command line. Credentials and cookies are masked unless
    /// `show_secrets`.
    #[must_use]
    pub fn curl(&self, show_secrets: bool) -> String {
        curl::command(self, show_secrets)
    }

    /// Runs `run` with what gives the body piece by piece, where it can be read more than once.
    pub(crate) fn with_pieces<R>(&self, run: impl FnOnce(Option<Pieces<'_>>) -> R) -> R {
        let source = &self.0.source;
        let give = |take: &mut dyn FnMut(&[u8])| source.each_piece(take);
        run(source.can_rewind().then_some(&give))
    }

    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.0.progress.as_ref()
    }

    /// The digest credentials that it carries, to be told of challenges.
    pub(crate) fn digest(&self) -> Option<&Arc<DigestAuth>> {
        self.0.digest.as_ref()
    }

    /// This request with the answer to the challenge that its credentials have learnt, `None` if
    /// there is none. `has_cookies`: the challenge came with cookies, which go along (C1).
    pub(crate) fn answering(
        &self,
        context: &Context<'_>,
        has_cookies: bool,
    ) -> Result<Option<Self>> {
        let Some(digest) = self.digest() else { return Ok(None) };
        if !self.0.source.can_be_sent() {
            return Err(not_again());
        }
        let mut next = self.clone();
        let has_own = |options: &Options| options.headers.contains("cookie");
        if has_cookies && !has_own(context.options) && !has_own(self.options()) {
            let parts = next.edit();
            Headers::own(&mut parts.headers).remove("Cookie");
            let options = parts.options.clone();
            put_cookies(&mut parts.headers, &parts.url, Some(context), &options);
        }
        let Some(value) = digest.answer(&next)? else { return Ok(None) };
        next.headers_mut().remove("Authorization");
        next.headers_mut().put("Authorization", value.as_bytes());
        Ok(Some(next))
    }

    pub(crate) fn set_digest(&mut self, digest: Arc<DigestAuth>) {
        self.edit().digest = Some(digest);
    }

    pub(crate) fn source(&self) -> &Source {
        &self.0.source
    }

    /// The settings of the request that this was prepared from.
    pub(crate) fn options(&self) -> &Arc<Options> {
        &self.0.options
    }

    /// The head as it goes straight to the server, if that has been written before.
    pub(crate) fn written(&self) -> Option<&Written> {
        self.0.written.0.get()
    }

    /// Keeps the head as it goes straight to the server, where its body will be the same again.
    pub(crate) fn keep_written(&self, written: Written) -> Cow<'_, Written> {
        match self.0.source {
            Source::Empty | Source::Bytes(_) => {
                Cow::Borrowed(self.0.written.0.get_or_init(|| written))
            }
            _ => Cow::Owned(written),
        }
    }

    fn edit(&mut self) -> &mut Parts {
        let parts = Arc::make_mut(&mut self.0);
        parts.written = Kept::default();
        parts
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({} {})", self.method(), self.url().redacted())
    }
}

#[cfg(test)]
mod tests;
