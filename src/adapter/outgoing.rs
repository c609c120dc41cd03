//! What one request puts on the wire: how it is written for the way that it takes, and its body.
//! Whatever is wrong with it is told here, before a connection is touched. `exchange` sends it.

use std::borrow::Cow;

use super::pieces::Pieces;
use crate::body::source::{Source, not_again};
use crate::error::Result;
use crate::headers::Headers;
use crate::http1::encode::{Upload, Written};
use crate::limits::BEGUN_BODY_BYTES_MAX;
use crate::prepare::Prepared;
use crate::trace::Progress;
use crate::url::Url;

/// How a request is written for the way that it takes.
pub(super) struct Wire<'a> {
    target: Cow<'a, str>,
    host: Cow<'a, str>,
    /// Fields that do not go this way.
    dropped: Vec<&'static str>,
    /// The Proxy-Authorization to add.
    authorization: Option<Vec<u8>>,
    /// Whether the next sending may be written so too: straight to the server, nothing left out.
    may_be_kept: bool,
}

impl<'a> Wire<'a> {
    /// To the server itself, in origin form; `tunnelled`: the proxy has had its own head.
    pub(super) fn direct(url: &'a Url, tunnelled: bool) -> Self {
        let dropped = if tunnelled { vec!["Proxy-Authorization"] } else { Vec::new() };
        let (target, host) = (Cow::Borrowed(url.target()), url.host_header());
        Self { target, host, dropped, authorization: None, may_be_kept: !tunnelled }
    }

    /// To a server of this machine behind a unix domain socket, which has no host name.
    pub(super) fn local(url: &'a Url) -> Self {
        let (target, host) = (Cow::Borrowed(url.target()), Cow::Borrowed("localhost"));
        Self { target, host, dropped: Vec::new(), authorization: None, may_be_kept: false }
    }

    /// To a proxy that forwards it, in absolute form (P4).
    pub(super) fn forwarded(url: &'a Url, target: String, authorization: Option<Vec<u8>>) -> Self {
        let (target, host) = (Cow::Owned(target), url.verbatim_host());
        Self { target, host, dropped: Vec::new(), authorization, may_be_kept: false }
    }

    /// The same, and the body is not announced.
    pub(super) fn without_expect(mut self) -> Self {
        self.dropped.push("Expect");
        self.may_be_kept = false;
        self
    }

    /// The request's fields as they go this way; most go unchanged.
    fn headers<'b>(&self, prepared: &'b Prepared) -> Cow<'b, Headers> {
        if self.dropped.is_empty() && self.authorization.is_none() {
            return Cow::Borrowed(prepared.headers());
        }
        let mut headers = prepared.headers().clone();
        for name in &self.dropped {
            headers.remove(name);
        }
        if let Some(value) = &self.authorization {
            headers.put("Proxy-Authorization", value);
        }
        Cow::Owned(headers)
    }
}

/// A request, encoded and checked: whatever is wrong with it was told before a connection was
/// touched.
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a str,
    pub(super) written: Cow<'a, Written>,
    source: &'a Source,
    progress: Option<&'a Progress>,
}

impl<'a> Outgoing<'a> {
    pub(super) fn of(prepared: &'a Prepared, wire: Wire<'_>) -> Result<Self> {
        let source = prepared.source();
        if !source.can_be_sent() {
            return Err(not_again());
        }
        let headers = wire.headers(prepared);
        let method = prepared.method();
        let written = Written::of(method, &wire.target, &wire.host, &headers, source.len())?;
        let written = match wire.may_be_kept {
            true => prepared.keep_written(written),
            false => Cow::Owned(written),
        };
        Ok(Self { method, written, source, progress: prepared.progress() })
    }

    /// As [`of`](Self::of), straight to the server, if that has been written before.
    pub(super) fn again(prepared: &'a Prepared) -> Option<Self> {
        let written = Cow::Borrowed(prepared.written()?);
        let (method, source) = (prepared.method(), prepared.source());
        Some(Self { method, written, source, progress: prepared.progress() })
    }

    /// Whether the body waits for a word of the server.
    pub(super) fn expects(&self) -> bool {
        self.written.expects
    }

    /// Whether its body can be sent, or sent again.
    pub(super) fn can_be_sent(&self) -> bool {
        self.source.can_be_sent()
    }

    /// Whether it is so small and so plain that a connection takes it at once, without a word of
    /// the server's or of the caller's.
    pub(super) fn leaves_at_once(&self) -> bool {
        let small = |bytes: &[u8]| bytes.len() <= BEGUN_BODY_BYTES_MAX;
        let plain = self.source.is_none() || self.source.bytes().is_some_and(small);
        plain && !self.expects() && self.progress.is_none()
    }

    /// Whether its head is all that is sent.
    pub(super) fn is_bare(&self) -> bool {
        self.source.is_none() && self.written.upload == Upload::Plain(0)
    }

    pub(super) fn pieces(&self) -> Result<Pieces<'a>> {
        let total = match self.written.upload {
            Upload::Plain(length) => Some(length),
            Upload::Chunked => self.source.len(),
        };
        Pieces::of(self.source, total, self.progress)
    }
}
