//! Pure: the request that a redirect leads to (RFC 9110 §15.4; behaviours R3–R9, C4–C5, A18).
//!
//! What is secret stays with its origin, and once left behind it does not come back: the next hop
//! is made from this one. A body goes along or is dropped with all that describes it, and one that
//! cannot be sent again is an error, never an empty body (R10 mended).

use std::borrow::Cow;
use std::sync::Arc;

use super::{Context, Parts, Prepared, put_cookies};
use crate::auth;
use crate::body::source::{Source, not_again};
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::options::Options;
use crate::url::Url;

/// Fields that describe a body, or how it is sent; gone with it (flaw 13).
const OF_BODY: [&str; 10] = [
    "Content-Length",
    "Content-Type",
    "Transfer-Encoding",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-MD5",
    "Digest",
    "Expect",
    "Trailer",
];

/// Whether responses of this status are redirects, if they have a Location (R1).
pub(crate) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The request for `location`, after `from` answered `previous` with `status`.
pub(crate) fn redirected(
    previous: &Prepared,
    from: &Url,
    status: u16,
    location: &[u8],
    context: &Context<'_>,
) -> Result<Prepared> {
    let url = from.join(location)?;
    check_socket(from, &url)?;
    let mut next = previous.clone();
    let (method, keeps_body) = method_after(status, previous.method());
    if keeps_body && !previous.source().can_be_sent() {
        return Err(not_again());
    }
    // What answered may be another than what was asked, by a hook: neither may tell the other's.
    let shares = from.shares_secrets_with(&url) && previous.url().shares_secrets_with(&url);
    let parts = next.edit();
    parts.method = method;
    parts.url = url;
    if !keeps_body {
        parts.source = Source::Empty;
        for name in OF_BODY {
            Headers::own(&mut parts.headers).remove(name);
        }
    }
    if !shares {
        forget_secrets(parts, context.options);
    }
    // A header of the caller's own is for one request (C5); the jar knows what the next one gets.
    Headers::own(&mut parts.headers).remove("Cookie");
    Headers::own(&mut parts.headers).remove("Proxy-Authorization");
    let options = parts.options.clone();
    put_cookies(&mut parts.headers, &parts.url, Some(context), &options);
    authenticate(&mut next, context)?;
    Ok(next)
}

/// A server must not lead to the sockets of this machine: whoever answers there (a container
/// engine, say) trusts all that reach it.
fn check_socket(from: &Url, to: &Url) -> Result<()> {
    match to.socket_path() {
        Some(path) if from.socket_path().is_none_or(|own| own != path) => {
            let message = "the redirect leads to a unix domain socket, and is not followed";
            Err(Error::new(ErrorKind::InvalidSchema, message).in_phase(Phase::Head))
        }
        _ => Ok(()),
    }
}

/// R3, R4: the method of the next request, and whether it has the body of this one. A 301 that
/// keeps its method keeps its body.
fn method_after(status: u16, method: &str) -> (Cow<'static, str>, bool) {
    let becomes_get = match status {
        302 | 303 => method != "HEAD",
        301 => method == "POST",
        _ => false,
    };
    match becomes_get {
        true => (Cow::Borrowed("GET"), false),
        false => (Cow::Owned(method.to_owned()), !matches!(status, 302 | 303)),
    }
}

/// Drops what only the old origin may see.
fn forget_secrets(parts: &mut Parts, session: &Options) {
    for name in ["Authorization", "Host"] {
        Headers::own(&mut parts.headers).remove(name);
    }
    let Parts { options, headers, digest, .. } = parts;
    for name in options.exchanging.sensitive.iter().chain(&session.exchanging.sensitive) {
        Headers::own(headers).remove(name);
    }
    *digest = None;
    if !options.wording.cookies.is_empty() {
        Arc::make_mut(options).wording.cookies.clear();
    }
}

/// A digest answer is for one URL and is made anew; without credentials, the netrc file may have
/// some for this host (R7), but the URL's are not used (R8).
fn authenticate(next: &mut Prepared, context: &Context<'_>) -> Result<()> {
    let has_answer =
        next.headers().get("authorization").is_some_and(|value| value.starts_with(b"Digest "));
    if let Some(digest) = next.digest().filter(|_| has_answer).cloned() {
        match digest.answer(next)? {
            Some(value) => next.headers_mut().put("Authorization", value.as_bytes()),
            None => {
                next.headers_mut().remove("Authorization");
            }
        }
    }
    let refuses = next.options().wording.auth.as_ref().is_some_and(auth::Auth::is_none);
    if let Some(netrc) = context.netrc.filter(|_| !refuses && next.digest().is_none()) {
        auth::apply_netrc(next, netrc);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_bodies_by_status() {
        let after = |status, method| {
            let (next, keeps) = method_after(status, method);
            (next.into_owned(), keeps)
        };
        for status in [302, 303] {
            assert_eq!(after(status, "HEAD"), ("HEAD".to_owned(), false));
            for method in ["GET", "POST", "PUT", "DELETE", "MKCOL"] {
                assert_eq!(after(status, method), ("GET".to_owned(), false));
            }
        }
        assert_eq!(after(301, "POST"), ("GET".to_owned(), false));
        assert_eq!(after(301, "PUT"), ("PUT".to_owned(), true));
        for status in [307, 308] {
            assert_eq!(after(status, "POST"), ("POST".to_owned(), true));
        }
    }
}
