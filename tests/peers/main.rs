//! librq against real servers: nginx and Apache as Debian ships them, and httpbin.
//!
//! `nginx` runs it, over http and over https (nginx.conf says what it serves), `client` is what the
//! tests do with librq, the other files are tests of it by topic; `apache` and `httpbin` have
//! their tests with them. Nothing here misbehaves on purpose: that is testd's part. Without a
//! server its tests fail and say how to install it.

/// Makes two tests of each function `name(scheme)`: `http::name` and `https::name`.
macro_rules! over_http_and_https {
    ($($name:ident,)*) => {
        mod http {
            $(#[test] fn $name() { super::$name(rq::Scheme::Http); })*
        }
        mod https {
            $(#[test] fn $name() { super::$name(rq::Scheme::Https); })*
        }
    };
}

mod apache;
mod client;
mod connections;
mod downloads;
mod httpbin;
mod nginx;
mod times;
mod tls;
mod uploads;
