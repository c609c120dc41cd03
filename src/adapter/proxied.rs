//! What a proxy is told and asked for: its credentials, the CONNECT head, its refusals (behaviours
//! P4–P7; faults 25–27; flaws 19–23).
//!
//! Credentials are basic ones until a proxy challenges for digest; what is known of a challenge is
//! bound to that proxy with these credentials (flaw 22).

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::auth::DigestAuth;
use crate::auth::digest::Pieces;
use crate::body::buffer::ReadBuffer;
use crate::body::{Body, Home, Open, Permit};
use crate::connect::stream::Stream;
use crate::deadline::Budget;
use crate::error::{Answer, Error, ErrorKind, Phase, Reason, Result};
use crate::headers::{Headers, check_value};
use crate::http1::decode::Head;
use crate::http1::framing;
use crate::limits::{DIGEST_ORIGINS_MAX, PROXY_BODY_BYTES_MAX};
use crate::proxy::Proxy;

/// Digest credentials of proxies that have challenged for them.
#[derive(Default)]
pub(super) struct ProxyAuths(Mutex<Vec<(String, Arc<DigestAuth>)>>);

impl ProxyAuths {
    /// The Proxy-Authorization for a request line; `keeps_back`: no basic credentials.
    pub(super) fn answer(
        &self,
        proxy: &Proxy,
        keeps_back: bool,
        method: &str,
        target: &str,
        body: Option<Pieces<'_>>,
    ) -> Result<Option<Vec<u8>>> {
        let Some((user, password)) = proxy.credentials() else { return Ok(None) };
        if let Some(digest) = self.known(proxy) {
            let answer = digest.answer_for(&proxy.to_string(), method, target, body)?;
            return Ok(answer.map(String::into_bytes));
        }
        let basic = || {
            let text = STANDARD.encode([user, b":", password].concat());
            format!("Basic {text}").into_bytes()
        };
        Ok((!keeps_back).then(basic))
    }

    /// Keeps a digest challenge of `proxy`; whether there is one that its credentials can answer.
    pub(super) fn learn(&self, proxy: &Proxy, headers: &Headers) -> Result<bool> {
        let Some((user, password)) = proxy.credentials() else { return Ok(false) };
        let (Ok(user), Ok(password)) = (std::str::from_utf8(user), std::str::from_utf8(password))
        else {
            return Ok(false);
        };
        let known = self.known(proxy);
        let digest = known.unwrap_or_else(|| Arc::new(DigestAuth::new(user, password)));
        if !digest.learn_of(&proxy.to_string(), headers.get_all("proxy-authenticate"))? {
            return Ok(false);
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(url, _)| url != proxy.url());
        if all.len() == DIGEST_ORIGINS_MAX {
            all.remove(0);
        }
        all.push((proxy.url().to_owned(), digest));
        Ok(true)
    }

    fn known(&self, proxy: &Proxy) -> Option<Arc<DigestAuth>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(url, _)| url == proxy.url()).map(|(_, digest)| digest.clone())
    }
}

/// The head that asks for a tunnel to `to`: nothing of the request but its User-Agent (flaw 20).
pub(super) fn connect_head(
    to: &str,
    agent: Option<&[u8]>,
    authorization: Option<&[u8]>,
) -> Result<Vec<u8>> {
    let mut head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n").into_bytes();
    for (name, value) in [("User-Agent", agent), ("Proxy-Authorization", authorization)] {
        if let Some(value) = value {
            check_value(name, value).map_err(|error| error.in_phase(Phase::Connect))?;
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"\r\n");
    Ok(head)
}

/// The error for a proxy's answer to CONNECT that is no tunnel (P5), with the answer: its fields,
/// and as much of its body as comes soon.
pub(super) fn refused(
    proxy: &Proxy,
    head: &Head,
    rest: &[u8],
    stream: Stream,
    budget: &Budget,
) -> Error {
    let (status, reason) = (head.status, String::from_utf8_lossy(head.reason()));
    let (why, hint) = match status {
        407 => (Reason::Authentication, "; give its URL the credentials it wants"),
        _ => (Reason::Refused, ""),
    };
    let message = format!("{proxy} opened no tunnel: {status} {reason}{hint}");
    let body = body_of(head, rest, stream, budget);
    let fields = head.headers.received().map(|(name, value)| (name.to_owned(), value.to_vec()));
    let answer = Answer { fields: fields.collect(), body };
    Error::new(ErrorKind::Proxy, message)
        .in_phase(Phase::Connect)
        .with_status(status)
        .with_reason(Some(why))
        .with_answer(answer)
}

/// The beginning of the body; one that is broken or late is as long as it came.
fn body_of(head: &Head, rest: &[u8], mut stream: Stream, budget: &Budget) -> Vec<u8> {
    let Ok((framing, _)) = framing::of_response("GET", head) else { return Vec::new() };
    let mut buffer = ReadBuffer::new();
    while buffer.unread().len() < rest.len() {
        let have = buffer.unread().len();
        let room = buffer.room();
        let count = room.len().min(rest.len() - have);
        room[..count].copy_from_slice(&rest[have..have + count]);
        buffer.filled(count);
    }
    let registration = budget.cancel.as_ref().and_then(|token| stream.register(token));
    let (home, permit) = (Arc::new(Nowhere), None);
    let open = Open { stream, buffer, home, permit, keep: false, registration };
    let mut body = Body::new(framing, open, budget.clone(), None);
    body.begin();
    body.store_beginning();
    let mut bytes = vec![0; PROXY_BODY_BYTES_MAX];
    let mut end = 0;
    while let Ok(count @ 1..) = body.read(&mut bytes[end..]) {
        end += count;
    }
    bytes.truncate(end);
    bytes
}

/// A refusing proxy's connection serves nothing else.
struct Nowhere;

impl Home for Nowhere {
    fn keep(self: Arc<Self>, _: Stream, _: ReadBuffer, _: Option<Permit>) {}
    fn discard(&self, _: ReadBuffer) {}
}
