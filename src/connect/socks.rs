//! The SOCKS handshake over a connection to the proxy: versions 4, 4a and 5 (RFC 1928, RFC 1929;
//! the SOCKS 4 and 4a memos; behaviours X1–X5; faults 33–38; flaw 32).
//!
//! Every text is checked before a byte is sent, and replies are read to their exact end, so that
//! the server's first byte stays on the connection. Who looks names up, and which addresses are
//! tried, is the adapter's.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::socket::Stop;
use super::stream::Stream;
use crate::deadline::Limit;
use crate::error::{Error, ErrorKind, Phase, Reason, Result};
use crate::limits::SOCKS_TEXT_BYTES_MAX;

/// How to speak to the proxy.
pub(crate) struct Handshake<'a> {
    pub(crate) version: Version,
    /// SOCKS 5: user name and password.
    pub(crate) credentials: Option<(&'a [u8], &'a [u8])>,
    /// SOCKS 4: whom the proxy is told.
    pub(crate) user_id: &'a [u8],
}

/// A version of SOCKS; with 4, a name makes it 4a.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V4,
    V5,
}

/// Where the proxy is asked to connect to.
#[derive(Clone, Copy)]
pub(crate) enum Destination<'a> {
    Address(SocketAddr),
    /// A name, which the proxy looks up, and a port.
    Name(&'a str, u16),
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

/// Why the proxy has not connected.
pub(super) enum Failure {
    Stop(Stop),
    Refused(Reason, String),
}

impl Handshake<'_> {
    /// Refuses, before anything is sent, what the protocol has no room for (fault 37).
    pub(crate) fn check(&self, proxy: &str) -> Result<()> {
        let (user, password) = self.credentials.unwrap_or((self.user_id, b""));
        let too_long = |text: &[u8]| text.len() > SOCKS_TEXT_BYTES_MAX;
        let why = match self.version {
            _ if too_long(user) => "a user name of more than 255 bytes",
            Version::V5 if too_long(password) => "a password of more than 255 bytes",
            Version::V5 if self.credentials.is_some() && user.is_empty() => "an empty user name",
            Version::V4 if user.contains(&0) => "a user name with a NUL",
            _ => return Ok(()),
        };
        let message = format!("SOCKS cannot carry the credentials of {proxy}: {why}");
        Err(Error::new(ErrorKind::InvalidProxy, message).in_phase(Phase::Prepare))
    }
}

/// Whether SOCKS can carry a name: 1 to 255 bytes (fault 37).
pub(crate) fn check_name(name: &str) -> Result<()> {
    if (1..=SOCKS_TEXT_BYTES_MAX).contains(&name.len()) {
        return Ok(());
    }
    let message = format!("SOCKS cannot carry a host name of {} bytes, only 1 to 255", name.len());
    Err(Error::new(ErrorKind::InvalidUrl, message).in_phase(Phase::Prepare))
}

/// Asks for a connection to `to`; on success the stream is one to the server.
pub(super) fn ask(
    stream: &mut Stream,
    handshake: &Handshake<'_>,
    to: &Destination<'_>,
    limit: &Limit,
) -> std::result::Result<(), Failure> {
    let mut talk = Talk { stream, limit };
    match handshake.version {
        Version::V4 => talk.version_4(to, handshake.user_id),
        Version::V5 => talk.version_5(to, handshake.credentials),
    }
}

struct Talk<'a> {
    stream: &'a mut Stream,
    limit: &'a Limit,
}

impl Talk<'_> {
    fn version_4(
        &mut self,
        to: &Destination<'_>,
        user_id: &[u8],
    ) -> std::result::Result<(), Failure> {
        self.say(&request_4(to, user_id)?)?;
        let [version, code, ..] = self.hear::<8>()?;
        if version != 0 {
            return Err(strange(format!("a reply of version {version} instead of 0")));
        }
        match code {
            90 => Ok(()),
            91 => Err(Failure::Refused(Reason::Refused, "rejected or failed (91)".to_owned())),
            92 | 93 => Err(Failure::Refused(
                Reason::Authentication,
                format!("it could not confirm the user id ({code})"),
            )),
            code => Err(strange(format!("the unknown reply {code}"))),
        }
    }

    fn version_5(
        &mut self,
        to: &Destination<'_>,
        credentials: Option<(&[u8], &[u8])>,
    ) -> std::result::Result<(), Failure> {
        let methods: &[u8] = if credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        self.say(methods)?;
        let [version, method] = self.hear()?;
        if version != 5 {
            return Err(strange(format!("a reply of version {version} instead of 5")));
        }
        match (method, credentials) {
            (0, _) => {}
            (2, Some((user, password))) => self.log_in(user, password)?,
            (0xff, None) => return Err(unwelcome("it wants credentials; give its URL some")),
            (0xff, Some(_)) => return Err(unwelcome("it accepts neither none nor a password")),
            (method, _) => return Err(strange(format!("the method {method}, not offered"))),
        }
        self.say(&request_5(to))?;
        let [version, code, _, kind] = self.hear()?;
        if version != 5 {
            return Err(strange(format!("a reply of version {version} instead of 5")));
        }
        if code != 0 {
            let (reason, words) = reply_5(code);
            return Err(Failure::Refused(reason, format!("{words} ({code})")));
        }
        // The address that the proxy connects from: skipped, to its exact end (fault 38).
        let length = match kind {
            1 => 4,
            4 => 16,
            3 => usize::from(self.hear::<1>()?[0]),
            kind => return Err(strange(format!("an address of the unknown type {kind}"))),
        };
        let mut skipped = [0; SOCKS_TEXT_BYTES_MAX + 2];
        self.hear_into(&mut skipped[..length + 2])
    }

    /// RFC 1929.
    fn log_in(&mut self, user: &[u8], password: &[u8]) -> std::result::Result<(), Failure> {
        let mut message = vec![1];
        push_text(&mut message, user);
        push_text(&mut message, password);
        self.say(&message)?;
        match self.hear()? {
            [_, 0] => Ok(()),
            _ => Err(unwelcome("it refused user name and password")),
        }
    }

    fn say(&mut self, bytes: &[u8]) -> std::result::Result<(), Failure> {
        self.stream.send_all(bytes, self.limit).map_err(Failure::Stop)
    }

    fn hear<const COUNT: usize>(&mut self) -> std::result::Result<[u8; COUNT], Failure> {
        let mut bytes = [0; COUNT];
        self.hear_into(&mut bytes)?;
        Ok(bytes)
    }

    fn hear_into(&mut self, mut bytes: &mut [u8]) -> std::result::Result<(), Failure> {
        while !bytes.is_empty() {
            match self.stream.recv(bytes, self.limit).map_err(Failure::Stop)? {
                0 => return Err(strange("the end of the connection within its reply".to_owned())),
                count => bytes = &mut bytes[count..],
            }
        }
        Ok(())
    }
}

fn strange(what: String) -> Failure {
    Failure::Refused(
        Reason::BadReply,
        format!("it sent {what}; is it a SOCKS proxy of this version?"),
    )
}

fn unwelcome(why: &str) -> Failure {
    Failure::Refused(Reason::Authentication, why.to_owned())
}

/// The request of SOCKS 4, and of 4a for a name: an address that is none, the name at the end.
fn request_4(to: &Destination<'_>, user_id: &[u8]) -> std::result::Result<Vec<u8>, Failure> {
    let (port, address, name) = match to {
        Destination::Name(name, port) => (port, [0, 0, 0, 1], Some(name)),
        Destination::Address(SocketAddr::V4(address)) => {
            (&address.port(), address.ip().octets(), None)
        }
        Destination::Address(SocketAddr::V6(_)) => {
            let why = "SOCKS 4 knows no IPv6 addresses; use socks5";
            return Err(Failure::Refused(Reason::AddressNotSupported, why.to_owned()));
        }
    };
    let mut message = vec![4, 1];
    message.extend(port.to_be_bytes());
    message.extend(address);
    message.extend(user_id);
    message.push(0);
    if let Some(name) = name {
        message.extend(name.as_bytes());
        message.push(0);
    }
    Ok(message)
}

fn request_5(to: &Destination<'_>) -> Vec<u8> {
    let mut message = vec![5, 1, 0];
    let port = match to {
        Destination::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    message.push(1);
                    message.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    message.push(4);
                    message.extend(ip.octets());
                }
            }
            address.port()
        }
        Destination::Name(name, port) => {
            message.push(3);
            push_text(&mut message, name.as_bytes());
            *port
        }
    };
    message.extend(port.to_be_bytes());
    message
}

/// A text behind its length; longer ones were refused before.
fn push_text(message: &mut Vec<u8>, text: &[u8]) {
    let length = text.len().min(SOCKS_TEXT_BYTES_MAX);
    message.push(length as u8);
    message.extend(&text[..length]);
}

/// RFC 1928 §6.
fn reply_5(code: u8) -> (Reason, &'static str) {
    match code {
        1 => (Reason::GeneralFailure, "general failure"),
        2 => (Reason::Refused, "not allowed by its rules"),
        3 => (Reason::NetworkUnreachable, "network unreachable"),
        4 => (Reason::HostUnreachable, "host unreachable"),
        5 => (Reason::ConnectionRefused, "connection refused"),
        6 => (Reason::TtlExpired, "TTL expired"),
        7 => (Reason::CommandNotSupported, "command not supported"),
        8 => (Reason::AddressNotSupported, "address type not supported"),
        _ => (Reason::BadReply, "a failure that SOCKS does not name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_the_memos() {
        let four = Destination::Address("127.0.0.1:80".parse().unwrap());
        let six = Destination::Address("[::1]:443".parse().unwrap());
        let name = Destination::Name("a.test", 8080);
        let made_4 = |to, id| request_4(to, id).unwrap_or_default();
        assert_eq!(made_4(&four, b"ann"), b"\x04\x01\0\x50\x7f\0\0\x01ann\0");
        assert_eq!(made_4(&name, b""), b"\x04\x01\x1f\x90\0\0\0\x01\0a.test\0");
        assert!(made_4(&six, b"").is_empty(), "refused");
        assert_eq!(request_5(&four), b"\x05\x01\0\x01\x7f\0\0\x01\0\x50");
        assert_eq!(request_5(&name), b"\x05\x01\0\x03\x06a.test\x1f\x90");
        let sixteen = [&b"\x05\x01\0\x04"[..], &[0; 15], b"\x01\x01\xbb"].concat();
        assert_eq!(request_5(&six), sixteen);
    }

    #[test]
    fn fault_37_what_socks_has_no_room_for_is_refused_beforehand() {
        let long = [b'x'; 256];
        let check = |version, credentials, user_id| {
            Handshake { version, credentials, user_id }.check("socks5://p:1").map_err(|e| e.kind())
        };
        let refused = Err(ErrorKind::InvalidProxy);
        assert_eq!(check(Version::V5, Some((&long[1..], &long[1..])), b""), Ok(()));
        assert_eq!(check(Version::V5, Some((&long, b"")), b""), refused);
        assert_eq!(check(Version::V5, Some((b"a", &long)), b""), refused);
        assert_eq!(check(Version::V5, Some((b"", b"p")), b""), refused);
        assert_eq!(check(Version::V4, None, &long), refused);
        assert_eq!(check(Version::V4, None, b"a\0b"), refused);
        assert!(check_name(&"n".repeat(255)).is_ok() && check_name(&"n".repeat(256)).is_err());
    }
}
