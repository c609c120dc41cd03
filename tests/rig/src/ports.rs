//! Ports of 127.0.0.1 that were free a moment ago, by the names that the configurations use.

use std::io;
use std::net::{Ipv6Addr, TcpListener};

/// Every port that a peer listens on.
const NAMES: [&str; 16] = [
    "http",
    "https",
    "tls12",
    "tls13",
    "mtls",
    "squid",
    "tinyproxy",
    "stunnel",
    "stranger",
    "haproxy",
    "haproxys",
    "dante",
    "dante_user",
    "microsocks",
    "microsocks_user",
    "twisted",
];

pub(crate) struct Ports {
    numbers: Vec<(&'static str, u16)>,
    v6: bool,
}

impl Ports {
    pub(crate) fn free() -> io::Result<Self> {
        // All are held until all are known, lest one comes twice.
        let mut held = Vec::new();
        let mut numbers = Vec::new();
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        for name in NAMES {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            numbers.push((name, listener.local_addr()?.port()));
            held.push(listener);
        }
        Ok(Self { numbers, v6 })
    }

    /// # Panics
    /// When no port has this name.
    pub(crate) fn of(&self, name: &str) -> u16 {
        let found = self.numbers.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no port is called {name}")).1
    }

    /// `conf` with numbers in place of `@name@`; `@v6@` begins lines for machines with IPv6.
    pub(crate) fn filled_in(&self, conf: &str) -> String {
        let comment = if self.v6 { "" } else { "# " };
        let conf = conf.replace("@v6@ ", comment);
        self.numbers.iter().fold(conf, |conf, (name, number)| {
            conf.replace(&format!("@{name}@"), &number.to_string())
        })
    }
}
