//! Integration tests of the core through its public API: one crate, one file a topic.
//!
//! `client` is what the tests do with the client, `peer` what they set against it; `replies` is the
//! corpus that `cuts` and `differential` share. Tests named `fault_NN` are rows of the fault
//! matrix: phase × fault → error, time, connection, retry; those named `flaw_NN` hold what a known
//! flaw of another client broke. Everything runs on loopback.

mod cancel;
mod client;
mod cuts;
mod differential;
mod digest;
mod faults_body;
mod faults_connect;
mod faults_head;
mod faults_idle;
mod faults_machine;
mod faults_send;
mod faults_tls;
mod faults_upload;
mod flaws_cookies;
mod flaws_decode;
mod flaws_names;
mod flaws_pool;
mod flaws_proxies;
mod flaws_read;
mod flaws_redirects;
mod flaws_send;
mod flaws_tls;
#[cfg(target_os = "linux")]
mod gathering;
mod hooks;
mod https_proxies;
mod keys;
mod large_bodies;
mod middle;
mod mounts;
mod origins;
mod peer;
mod pending;
mod pool;
mod prepare;
mod reading;
mod reading_now;
mod records;
mod redirects;
mod replies;
mod response;
mod retries;
#[cfg(target_os = "linux")]
mod send_files;
mod session;
mod socks;
#[cfg(target_os = "linux")]
#[path = "../../bindings/c/src/system.rs"]
mod system;
mod timeouts;
mod tunnels;
mod uploads;
