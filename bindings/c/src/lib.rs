//! The C ABI of rq: `librq.so`, `librq.a`, and the source of `include/rq.h`.
//!
//! All `unsafe` of the project is here, and no logic: each function checks its pointers, calls the
//! core, and hands the result out. One file a handle is one section of the header, in the order of
//! the `mod` lines below. The rules that every function keeps (errors, ownership, threads) stand in
//! the header's introduction (`cbindgen.toml`).

#![allow(non_camel_case_types, reason = "C's names")]
#![allow(
    clippy::not_unsafe_ptr_arg_deref,
    clippy::missing_safety_doc,
    reason = "every function states the contract of the header's introduction once"
)]

pub mod adapter;
pub mod auth;
pub mod body;
pub mod callbacks;
pub mod cancel;
pub mod certificate;
pub mod cookies;
pub mod error;
pub mod exchange;
pub mod hooks;
pub mod opts;
pub mod part;
pub mod pending;
pub mod prepared;
pub mod request;
pub mod response;
pub mod send;
pub mod session;
pub mod text;
pub mod tls;
pub mod version;
pub mod wording;

mod boundary;
mod lent;
mod system;
