//! HTTP for humans: the core of librq, usable as a Rust crate of its own.
//!
//! The same engine serves C (`librq.so`, `include/rq.h`), Go and Node; behaviour is that of Python
//! Requests, and where it differs the difference is named. Blocking, HTTP/1.1, TLS by rustls, no
//! global state.
//!
//! ```no_run
//! let mut response = rq::get("https://example.org/")?;
//! println!("{} {}", response.status(), String::from_utf8_lossy(&response.content()?));
//! # Ok::<(), rq::Error>(())
//! ```
//!
//! The way of a request: [`Session::prepare`] merges a [`Request`] with the session's [`Options`]
//! into a [`Prepared`]; [`Session::send`] sends that, byte for byte, over a kept or a new
//! connection and returns a [`Response`] whose body is read on demand. ARCHITECTURE.md lists the
//! steps and their files.

#![forbid(unsafe_code)]

mod adapter;
mod auth;
mod body;
mod cancel;
mod certs;
mod coding;
mod connect;
mod cookies;
mod deadline;
mod env;
mod error;
mod files;
mod headers;
mod hooks;
mod http1;
mod json;
pub mod limits;
mod links;
mod options;
mod params;
mod prepare;
pub mod process;
mod proxy;
mod request;
mod response;
mod session;
mod text;
mod trace;
mod url;

pub use adapter::{Adapter, Reply, System};
pub use auth::{Auth, Authenticate};
pub use body::multipart::Part;
pub use body::upload::{BodyRead, Upload};
pub use cancel::CancelToken;
pub use certs::{CaBundle, Certificate, ClientCert};
pub use cookies::Cookie;
pub use error::{Answer, Error, ErrorKind, Phase, Reason, Result};
pub use headers::Headers;
pub use hooks::{Hooks, OnRequest, OnResponse};
pub use links::Link;
pub use options::{Options, PoolLimits, Resolve, SharedOptions, TlsVersion};
pub use prepare::Prepared;
pub use request::Request;
pub use response::Response;
pub use session::{Cookies, Pending, Session, prepare_alone};
pub use trace::{OnTrace, Progress, Step, Trace};
pub use url::{Scheme, Url};

/// Sends a GET on a session of its own; the connection ends with the response.
///
/// # Errors
/// As [`Session::get`].
pub fn get(url: &str) -> Result<Response> {
    Session::new().get(url)
}

/// The Rust program of README.md, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
