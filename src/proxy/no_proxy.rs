//! Whether a list in the manner of `NO_PROXY` covers a host (behaviours P11, P12).
//!
//! Entries are separated by commas; spaces and letter case do not count. An entry is a host name,
//! which covers its subdomains; `*.name`, which covers these only; an IP address; or a range of
//! addresses, `10.0.0.0/8` or `fe80::/10`. A name or an address may be followed by a port, which
//! must be the request's. A lone `*` covers everything. Beyond Requests: a trailing dot, brackets,
//! `*.`, IPv6 ranges, IPv4-mapped addresses, and ports that the URL leaves to its scheme count; and
//! no suffix covers an IP address.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True if `list` covers `host` at `port`. Linear in the length of the list.
pub(super) fn covers(list: &str, host: &str, port: Option<u16>) -> bool {
    if list == "*" {
        return true;
    }
    let host = Host::of(host, port);
    list.split(',').any(|entry| host.is_covered_by(&without_spaces(entry)))
}

fn without_spaces(entry: &str) -> Cow<'_, str> {
    let entry = entry.trim_ascii();
    match entry.contains(' ') {
        true => Cow::Owned(entry.replace(' ', "")),
        false => Cow::Borrowed(entry),
    }
}

struct Host<'a> {
    /// Without a trailing dot.
    name: &'a str,
    address: Option<Address>,
    port: Option<u16>,
}

impl<'a> Host<'a> {
    fn of(host: &'a str, port: Option<u16>) -> Self {
        let name = host.strip_suffix('.').unwrap_or(host);
        Self { name, address: Address::of_host(name), port }
    }

    fn is_covered_by(&self, entry: &str) -> bool {
        if let Some((network, bits)) = entry.split_once('/') {
            let Some(address) = &self.address else { return false };
            return Range::parse(network, bits).is_some_and(|range| range.holds(address));
        }
        let (name, port) = split_port(entry);
        if port.is_some() && port != self.port {
            return false;
        }
        match &self.address {
            Some(address) => self.is_address(address, without_brackets(name)),
            None => self.is_below(name),
        }
    }

    fn is_address(&self, address: &Address, entry: &str) -> bool {
        let text = without_dots(entry);
        self.name.eq_ignore_ascii_case(text) || address.is_mapped_as(text)
    }

    /// True if the name is that of the entry or ends with it, at a dot.
    fn is_below(&self, entry: &str) -> bool {
        let (subdomains_only, entry) = match entry.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry),
        };
        let domain = without_dots(entry);
        let Some(at) = self.name.len().checked_sub(domain.len()) else { return false };
        let ending = &self.name.as_bytes()[at..];
        if domain.is_empty() || !ending.eq_ignore_ascii_case(domain.as_bytes()) {
            return false;
        }
        match at.checked_sub(1) {
            None => !subdomains_only,
            Some(before) => self.name.as_bytes()[before] == b'.',
        }
    }
}

/// An IP address; IPv4 in its mapped form, `::ffff:a.b.c.d`, so that ranges compare as numbers.
struct Address {
    number: u128,
    is_v4: bool,
}

impl Address {
    /// The address that the system would connect to for `host`: the old forms of IPv4 too.
    fn of_host(host: &str) -> Option<Self> {
        let bare = host.split_once('%').map_or(host, |(address, _zone)| address);
        Self::parse(bare)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.contains(':') {
            let address = text.parse::<Ipv6Addr>().ok()?;
            return Some(Self { number: address.to_bits(), is_v4: false });
        }
        let address = old_ipv4(text)?;
        Some(Self { number: address.to_ipv6_mapped().to_bits(), is_v4: true })
    }

    /// True if `text` is this very IPv4 address and one of the two is written as IPv6. Other
    /// addresses are compared as text, as in Requests.
    fn is_mapped_as(&self, text: &str) -> bool {
        let is_mapped = self.number >> 32 == 0xffff;
        is_mapped
            && match text.parse::<IpAddr>() {
                Ok(IpAddr::V4(other)) => !self.is_v4 && other.to_bits() == self.number as u32,
                Ok(IpAddr::V6(other)) => other.to_bits() == self.number,
                Err(_) => false,
            }
    }
}

/// IPv4 as `inet_aton` reads it: one to four numbers, decimal, octal or hexadecimal, the last of
/// which fills what is left.
fn old_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut value: u32 = 0;
    let mut parts = text.split('.');
    for free_bits in [24, 16, 8, 0] {
        let part = old_number(parts.next()?)?;
        let Some(next) = parts.clone().next() else {
            let fits = u64::from(part) < 1 << (free_bits + 8);
            return fits.then(|| Ipv4Addr::from_bits(value | part));
        };
        if part > 255 || next.is_empty() {
            return None;
        }
        value |= part << free_bits;
    }
    None
}

fn old_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    match digits.starts_with('+') {
        true => None,
        false => u32::from_str_radix(digits, radix).ok(),
    }
}

struct Range {
    network: u128,
    /// Of 128, IPv4 in its mapped form.
    bits: u32,
}

impl Range {
    /// P12: IPv4 ranges have 1 to 32 bits. IPv6 ranges have up to 128.
    fn parse(network: &str, bits: &str) -> Option<Self> {
        if !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let bits = bits.parse::<u32>().ok()?;
        let network = Address::parse(without_brackets(network))?;
        let bits = match network.is_v4 {
            true if (1..=32).contains(&bits) => 96 + bits,
            false if bits <= 128 => bits,
            _ => return None,
        };
        Some(Self { network: network.number, bits })
    }

    /// `::/0` is no range of IPv4 addresses, `::ffff:0:0/96` is.
    fn holds(&self, address: &Address) -> bool {
        let differing = self.network ^ address.number;
        let is_same_network = differing.checked_shr(128 - self.bits).unwrap_or(0) == 0;
        is_same_network && (self.bits >= 96 || !address.is_v4)
    }
}

/// Splits `name:80` and `[::1]:80`; a bare IPv6 address has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let Some((name, port)) = entry.rsplit_once(':') else { return (entry, None) };
    let is_number = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_part_of_address = name.contains(':') && !name.ends_with(']');
    match port.parse() {
        Ok(port) if is_number && !is_part_of_address => (name, Some(port)),
        _ => (entry, None),
    }
}

/// Leading dots say nothing (P11), nor does the one of a fully qualified name.
fn without_dots(entry: &str) -> &str {
    let entry = entry.trim_start_matches('.');
    entry.strip_suffix('.').unwrap_or(entry)
}

fn without_brackets(text: &str) -> &str {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, hosts: &[&str], others: &[&str]) {
        for (expected, hosts) in [(true, hosts), (false, others)] {
            for text in hosts {
                let (host, port) = match text.rsplit_once('@') {
                    Some((host, port)) => (host, port.parse().ok()),
                    None => (*text, Some(80)),
                };
                assert_eq!(covers(list, host, port), expected, "{list:?} {text:?}");
            }
        }
    }

    #[test]
    fn names_cover_their_subdomains() {
        check("b.com", &["b.com", "a.b.com", "b.com.", "b.com@8080"], &["xb.com", "com", "b.co"]);
        check("..B.com", &["b.com", "a.b.com"], &["ab.com"]);
        check("b.com.", &["b.com", "a.b.com."], &["b.com.evil"]);
        check(" x , b . com ,", &["b.com", "x"], &["c.com"]);
        check("*.b.com", &["a.b.com", "c.a.b.com"], &["b.com", "xb.com"]);
        check("*b.com", &[], &["b.com", "ab.com"]);
        check("", &[], &["b.com", ""]);
        check(".,*.,..,:,/,[],*", &[], &["b.com", "b.com.", "127.0.0.1", "::1"]);
        check("*", &["b.com", "127.0.0.1", "::1"], &[]);
        check(" *", &[], &["b.com"]);
        check("bücher.test", &[], &["xn--bcher-kva.test", "r.test"]);
    }

    #[test]
    fn a_port_must_be_that_of_the_request() {
        check("b.com:80", &["b.com", "a.b.com@80", "b.com."], &["b.com@443", "b.com@none"]);
        check("*.b.com:80", &["a.b.com"], &["b.com", "a.b.com@81"]);
        check("b.com.:80", &["b.com"], &["b.com@81"]);
        check("127.0.0.1:80", &["127.0.0.1"], &["127.0.0.1@81"]);
        check("[::1]:80", &["::1"], &["::1@81"]);
        check("b.com:", &[], &["b.com"]);
        check("b.com:99999,b.com:+80,b.com:080,b.com:x", &[], &["b.com"]);
        check("::1:80", &[], &["::1"]);
    }

    #[test]
    fn addresses_are_compared_as_text_but_for_mapped_ones() {
        check("127.0.0.1", &["127.0.0.1", "127.0.0.1.", "::ffff:127.0.0.1"], &["127.0.0.2"]);
        check("127.0.0.1", &["::ffff:7f00:1"], &["2130706433", "0x7f.1", "a.127.0.0.1.b"]);
        check("2130706433", &["2130706433"], &["127.0.0.1", "::ffff:127.0.0.1"]);
        check("::ffff:127.0.0.1", &["127.0.0.1", "::ffff:7f00:1"], &["::1"]);
        check("::1,FE80::1", &["::1", "fe80::1"], &["::2", "0:0:0:0:0:0:0:1"]);
        check("[::1]", &["::1"], &["::2"]);
        check("fe80::1%eth0", &["fe80::1%eth0"], &["fe80::1%eth1"]);
    }

    #[test]
    fn no_suffix_covers_an_address() {
        check(".1.5,1.5,5,*.1.5,192.168.1.", &[], &["10.0.1.5", "192.168.1.5", "0x7f.5", "5.5"]);
    }

    #[test]
    fn ranges() {
        check("10.0.0.0/8", &["10.1.2.3", "::ffff:10.1.2.3", "0xa.1"], &["11.0.0.0", "a.10"]);
        check("10.1.2.3/32", &["10.1.2.3"], &["10.1.2.2"]);
        check("128.0.0.0/1", &["255.1.2.3"], &["127.1.2.3"]);
        check("10/8", &["0.1.2.3"], &["10.0.0.1"]);
        check("fe80::/10,[fd00::]/8", &["fe80::1%eth0", "febf::1", "fd12::1"], &["fec0::1"]);
        check("::1/128", &["::1", "0:0:0:0:0:0:0:1"], &["::2"]);
        check("::/0", &["::1", "::ffff:127.0.0.1"], &["127.0.0.1", "b.com"]);
        check("::ffff:127.0.0.0/104", &["127.9.9.9", "::ffff:127.1.1.1"], &["128.0.0.1"]);
        for bad in ["0.0.0.0/0", "10.0.0.0/33", "::/129", "10.1.2.3/", "10.1.2.3/255.0.0.0"] {
            check(bad, &[], &["10.1.2.3", "::1"]);
        }
        check("/8,10.1.2.3/8/8,10.1.2.3/+8,10.1.2.3/4294967304,x/8", &[], &["10.1.2.3"]);
    }

    #[test]
    fn the_old_forms_of_ipv4() {
        let parsed = |text: &str| old_ipv4(text).map(|address| address.octets());
        assert_eq!(parsed("127.0.0.1"), Some([127, 0, 0, 1]));
        assert_eq!(parsed("2130706433"), Some([127, 0, 0, 1]));
        assert_eq!(parsed("0x7f.1"), Some([127, 0, 0, 1]));
        assert_eq!(parsed("0177.0.1"), Some([127, 0, 0, 1]));
        assert_eq!(parsed("1.2.65535"), Some([1, 2, 255, 255]));
        assert_eq!(parsed("4294967295"), Some([255; 4]));
        assert_eq!(parsed("0"), Some([0; 4]));
        for bad in ["", ".", "1.", ".1", "1..2", "1.2.3.4.5", "256.1.1.1", "1.2.3.256", "1.2.65536"]
        {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
        for bad in ["4294967296", "08", "0x", "+1", "0x+1", "0+1", "1e", "ü", "0ü", "-1"] {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }
}
