//! The authority of a URL: host and port, checked and normalised (behaviours U5–U8; flaws 54, 91,
//! 92). IDNA is UTS 46 by the `idna` crate.

use std::ops::Range;

use super::pushed;
use super::quote::{self, CLASSES, NO_HOST, ODD_HOST, classes_of, is_unreserved};
use crate::limits::{HOST_BYTES_MAX, LABEL_BYTES_MAX};

pub(super) fn split_port(hostport: &str) -> Result<(&str, &str), &'static str> {
    if hostport.starts_with('[') {
        let end = hostport.find(']').ok_or("the [ of its IPv6 address is never closed")?;
        let (host, rest) = hostport.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err("there is text between its IPv6 address and its port"),
        };
    }
    match super::split_at_byte(hostport, b':') {
        Some((_, port)) if port.as_bytes().contains(&b':') => {
            Err("its host holds more than one ':' (an IPv6 address needs brackets)")
        }
        Some(split) => Ok(split),
        None => Ok((hostport, "")),
    }
}

/// U6, but port 0 is refused: nothing can be connected to.
pub(super) fn port_number(port: &str) -> Result<Option<u16>, &'static str> {
    if port.is_empty() {
        return Ok(None);
    }
    let digits = port.trim_start_matches('0');
    let plain = digits.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(number) if plain => Ok(Some(number)),
        _ => Err("its port is not a number from 1 to 65535"),
    }
}

/// Where the host stands in the text, and the host itself where that is not the same.
pub(super) type PushedHost = (Range<usize>, Option<Box<str>>);

/// U5, U7, U8; flaws 54, 91, 92.
pub(super) fn push_host(text: &mut String, host: &str) -> Result<PushedHost, String> {
    if host.is_empty() {
        return Err("no host".to_owned());
    }
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return push_ipv6(text, literal);
    }
    let (_, seen) = classes_of(host);
    if seen & NO_HOST != 0 {
        return push_odd_host(text, host);
    }
    if host.starts_with(['*', '.']) {
        return Err("its host begins with '*' or '.'".to_owned());
    }
    let too_long = || Err("its host is longer than DNS allows".to_owned());
    if seen & ODD_HOST != 0 && !host.is_ascii() {
        if host.len() > 4 * HOST_BYTES_MAX {
            return too_long();
        }
        let ascii = idna_name(host)?;
        return Ok((pushed(text, |text| text.push_str(&ascii)), None));
    }
    let whole = host.strip_suffix('.').unwrap_or(host);
    let long_label = |label: &str| label.len() > LABEL_BYTES_MAX;
    if whole.len() > LABEL_BYTES_MAX
        && (whole.len() > HOST_BYTES_MAX || whole.split('.').any(long_label))
    {
        return too_long();
    }
    let range = pushed(text, |text| text.push_str(host));
    if seen & ODD_HOST != 0 {
        text[range.clone()].make_ascii_lowercase();
    }
    Ok((range, None))
}

/// A host with a byte that none can have. Escapes of what may stand in a name are read; others no
/// name can have.
fn push_odd_host(text: &mut String, host: &str) -> Result<PushedHost, String> {
    let odd = host.bytes().find(|byte| CLASSES[usize::from(*byte)] & NO_HOST != 0);
    if let Some(byte) = odd.filter(|byte| *byte != b'%') {
        return Err(format!("its host holds {}", crate::headers::byte_name(byte)));
    }
    match String::from_utf8(quote::percent_decoded(host)) {
        Ok(name) if name.bytes().all(is_unreserved) => push_host(text, &name),
        _ => Err("its host holds '%'".to_owned()),
    }
}

/// The host of another scheme: kept as it is written (U3).
pub(super) fn push_verbatim_host(text: &mut String, host: &str) -> Result<PushedHost, String> {
    if host.is_empty() {
        return Err("no host".to_owned());
    }
    if let Some(byte) = host.bytes().find(|byte| !(b'!'..=b'~').contains(byte)) {
        return Err(format!("its host holds {}", crate::headers::byte_name(byte)));
    }
    Ok((pushed(text, |text| text.push_str(host)), None))
}

fn idna_name(host: &str) -> Result<String, String> {
    let name = idna::uts46::Uts46::new().to_ascii(
        host.as_bytes(),
        idna::AsciiDenyList::STD3,
        idna::uts46::Hyphens::Allow,
        idna::uts46::DnsLength::Verify,
    );
    name.map(|name| name.into_owned()).map_err(|_| "its host is not a valid IDNA name".to_owned())
}

fn push_ipv6(text: &mut String, literal: &str) -> Result<PushedHost, String> {
    let (address, zone) = match literal.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (literal, None),
    };
    if address.parse::<std::net::Ipv6Addr>().is_err() {
        return Err("what stands in brackets is not an IPv6 address".to_owned());
    }
    let address = address.to_ascii_lowercase();
    text.push('[');
    let range = pushed(text, |text| text.push_str(&address));
    let zoned_host = match zone {
        None => None,
        Some(zone) if !zone.is_empty() && zone.bytes().all(is_unreserved) => {
            text.push_str("%25");
            text.push_str(zone);
            Some(format!("{address}%{zone}").into())
        }
        Some(_) => return Err("its IPv6 zone is not a name".to_owned()),
    };
    text.push(']');
    Ok((range, zoned_host))
}
