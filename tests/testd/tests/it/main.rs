//! What the server promises, checked with sockets and with rustls, not with the client it is for.

mod answers;
mod client;
mod faults;
mod servers;
