//! The matrix of certificates: what make.sh makes × whom the client trusts × the way to the server.
//! Each request is answered, or refused for the one reason in the table with nothing of it sent.
//!
//! `cases` is the table, `serve` what stands against the client; `matrix` has the certificates of
//! servers, `proxies` those of proxies and of servers behind them, `clients` those that clients
//! show. Faults 18 to 21; flaws 27, 81 to 84; behaviours T1 to T13. Needs the openssl command, of
//! version 3.

mod cases;
mod clients;
mod matrix;
mod proxies;
mod serve;
