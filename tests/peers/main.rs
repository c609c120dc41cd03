//! librq against a real server: nginx as Debian ships it, over http and over https.
//!
//! `nginx` runs it (nginx.conf says what it serves), `client` is what the tests do with librq, the
//! other files are tests by topic. Nothing here misbehaves on purpose: that is testd's part.
//! Without nginx every test fails and says how to install it.

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

mod client;
mod connections;
mod downloads;
mod nginx;
mod times;
mod tls;
mod uploads;
