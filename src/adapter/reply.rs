//! What a caller's own adapter answers, and the response that becomes of it: read, decoded and
//! followed as one that came over a connection.

use super::SendContext;
use super::http::{content, watch};
use crate::body::Body;
use crate::deadline::Moment;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, check_value};
use crate::http1::decode::HeadScanner;
use crate::http1::framing::Framing;
use crate::prepare::Prepared;
use crate::response::{Exchanged, Response};

/// The answer of an [`Adapter`](super::Adapter): a status, headers, and a body in memory.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    reason: Option<Vec<u8>>,
    headers: Headers,
    body: Vec<u8>,
}

impl Reply {
    /// An answer without headers and body; its reason is that of the status.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub fn new(status: u16) -> Result<Self> {
        let mut reply = Self { status, reason: None, headers: Headers::new(), body: Vec::new() };
        reply.status(status)?;
        Ok(reply)
    }

    /// Sets the status.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a number that is no final status.
    pub fn status(&mut self, status: u16) -> Result<()> {
        if !(200..=999).contains(&status) {
            let message = format!("{status} is not a status from 200 to 999");
            return Err(Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare));
        }
        self.status = status;
        Ok(())
    }

    /// Sets the reason phrase.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a text that no head can hold.
    pub fn reason(&mut self, reason: &str) -> Result<()> {
        check_value("the reason phrase", reason.as_bytes())?;
        self.reason = Some(reason.as_bytes().to_vec());
        Ok(())
    }

    /// Adds a header field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a name or value that no head can hold.
    pub fn header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        self.headers.add(name, value.as_ref())
    }

    /// Sets the body, as it would be transferred: with the codings that Content-Encoding names.
    pub fn body(&mut self, body: impl Into<Vec<u8>>) {
        self.body = body.into();
    }

    /// The response to `request` that this is.
    pub(crate) fn into_response(
        self,
        request: &Prepared,
        context: &SendContext<'_>,
    ) -> Result<Response> {
        let reason = self.reason.as_deref().unwrap_or(usual_reason(self.status).as_bytes());
        let mut raw = format!("HTTP/1.1 {} ", self.status).into_bytes();
        raw.extend([reason, b"\r\n"].concat());
        for (name, value) in self.headers.iter() {
            raw.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        raw.extend(b"\r\n");
        let mut scanner = HeadScanner::default();
        scanner.end_of_head(&raw)?;
        let head = scanner.parse(&raw)?;
        let (options, session, budget) = (request.options(), context.session, context.budget);
        // D21, as on a connection.
        let has_none = request.method() == "HEAD" || matches!(self.status, 204 | 304);
        let bytes = if has_none { Vec::new() } else { self.body };
        let framing = Framing::Length(bytes.len() as u64);
        let watch = watch(options, session, framing);
        let body = Body::in_memory(bytes, budget.clone(), watch);
        let content = content(body, &head.headers, options, session);
        let (began, answered) = (budget.started(), Moment::now());
        let exchanged = Exchanged { began, answered, reused: false, framing, chain: None };
        Ok(Response::new(request.clone(), head, content, exchanged))
    }
}

/// The reason phrase of RFC 9110 §15 for the statuses that mocks use most.
fn usual_reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        418 => "I'm a teapot",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
