//! HTTP/1.1, sans-IO: bytes in, bytes out; no socket, no clock, no thread.
//!
//! ```text
//!   encode::request_head ──► wire      wire ──► decode::HeadScanner, plain, last ──► Head
//!                                                          │ 1xx: again
//!                                                          ▼
//!                                     framing::Framing (None | Length | Chunked | Close)
//!                                                          │
//!                                                          ▼
//!                                     framing::BodyState, chunked::Chunked ──► body, trailers
//! ```
//! Source: RFC 9112. Every reply gives the same result however it is cut into pieces
//! (tests/it/cuts.rs).

pub(crate) mod chunked;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod framing;
pub(crate) mod last;
mod plain;

use crate::error::{Error, ErrorKind, Phase};

/// The peer broke the protocol while sending its head.
pub(crate) fn head_fault(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Protocol, format!("not an HTTP/1.1 response: {}", why.into()))
        .in_phase(Phase::Head)
}

/// The peer broke the protocol within the body.
pub(crate) fn body_fault(why: &str) -> Error {
    // Requests tells bad chunks from a bad head (D16).
    Error::new(ErrorKind::Protocol, format!("bad chunked body: {why}"))
        .in_phase(Phase::Body)
        .with_exception("ChunkedEncodingError")
}

/// A limit of the table was exceeded.
pub(crate) fn over_limit(phase: Phase, why: String) -> Error {
    Error::new(ErrorKind::Limit, why).in_phase(phase)
}
