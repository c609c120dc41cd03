//! The no_proxy format: NO_PROXY entries over URLs, as Requests decides them, with the exceptions
//! that librq makes.
//!
//! The recorded proxy is Requests'. `Bypass` says, independently of the library, where librq goes
//! direct although Requests does not (and once the other way); each rule is one function below.
//! Requests filters the proxies of the environment only, and so do the rules (P10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rq_conformance::Line;
use serde_json::{Value, json};

use crate::plan;
use crate::protocol::Agent;
use crate::proxy;
use crate::report::{Faults, Report};

/// Runs the cases of a file.
pub(crate) fn run(cases: &[Value], agent: &mut Agent, report: &mut Report) -> Result<(), String> {
    for case in cases {
        report.add(&format!("no_proxy-{}", case["id"]), self::case(case, agent));
    }
    Ok(())
}

fn case(case: &Value, agent: &mut Agent) -> Result<Faults, String> {
    let expect = expected(case)?;
    let mut lines = vec![Line::new("case"), plan::flag("trust_env", true)];
    plan::environment(&mut lines, &case["env"])?;
    let url = case["url"].as_str().ok_or("the case has no url")?;
    lines.push(Line::new("request").and("GET").and(url));
    if let Some(proxies) = case.get("proxies").filter(|proxies| !proxies.is_null()) {
        plan::proxies(&mut lines, proxies)?;
    }
    proxy::judge(agent.ask(&lines, "proxy")?, &json!({ "proxy": expect }))
}

/// What Requests does, corrected by the rules.
fn expected(case: &Value) -> Result<Value, String> {
    let recorded = &case["requests"]["proxy"];
    let url = case["requests"]["prepared_url"].as_str().ok_or("no prepared_url")?;
    let target = Target::of(url).ok_or_else(|| format!("{url:?} has no host and port"))?;
    let bypass = Bypass { target, list: list(case) };
    let named_by_request = |proxy: &Value| {
        case["proxies"].as_object().is_some_and(|map| map.values().any(|named| named == proxy))
    };
    Ok(match recorded {
        Value::Null if bypass.is_suffix_of_an_address() => case["env"]["http_proxy"].clone(),
        Value::String(_) if !named_by_request(recorded) && bypass.is_direct() => Value::Null,
        recorded => recorded.clone(),
    })
}

/// The list in force: the request's, else the lower-case variable unless empty, else the other.
fn list(case: &Value) -> String {
    let given = [&case["proxies"]["no_proxy"], &case["env"]["no_proxy"], &case["env"]["NO_PROXY"]];
    let list = given.into_iter().filter_map(Value::as_str).find(|list| !list.is_empty());
    list.unwrap_or_default().replace(' ', "").to_ascii_lowercase()
}

/// Where a URL leads.
struct Target {
    /// Lower-case, without brackets and trailing dot.
    host: String,
    port: u16,
}

impl Target {
    fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
        let (host, port) = host_and_port(authority);
        let implied = if scheme == "https" { 443 } else { 80 };
        Some(Self { host: undotted(&host.to_ascii_lowercase()), port: port.unwrap_or(implied) })
    }

    /// The address, if the host is one.
    fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// A list of hosts over a target.
struct Bypass {
    target: Target,
    list: String,
}

impl Bypass {
    fn entries(&self) -> impl Iterator<Item = &str> {
        self.list.split(',').filter(|entry| !entry.is_empty())
    }

    /// Whether one of the entries covers the target by the rules in which librq differs.
    fn is_direct(&self) -> bool {
        self.entries().any(|entry| {
            let (host, port) = host_and_port(entry);
            port.is_none_or(|port| port == self.target.port)
                && match self.target.address() {
                    Some(address) => covers_address(host, address, &self.target.host),
                    None => covers_name(host, &self.target.host),
                }
        })
    }

    /// A suffix never matches an address, though Requests takes `.1.5` for the domain of 10.0.1.5.
    fn is_suffix_of_an_address(&self) -> bool {
        let suffixes = |entry: &&str| {
            let suffix = format!(".{}", entry.trim_start_matches('.'));
            *entry != "*" && self.target.host.ends_with(&suffix)
        };
        let covering = |entry: &str| {
            entry == "*"
                || self.target.address().is_some_and(|address| {
                    covers_address(host_and_port(entry).0, address, &self.target.host)
                })
        };
        self.target.address().is_some()
            && self.entries().any(|entry| suffixes(&entry))
            && !self.entries().any(covering)
    }
}

/// The same name, or a parent of it; `*.a` is a parent only. Trailing dots mean nothing.
fn covers_name(entry: &str, host: &str) -> bool {
    let entry = undotted(entry);
    if let Some(parent) = entry.strip_prefix("*.") {
        return host.ends_with(&format!(".{parent}"));
    }
    let entry = entry.trim_start_matches('.');
    !entry.is_empty() && (host == entry || host.ends_with(&format!(".{entry}")))
}

/// The same text, the IPv4 address that the other one is mapped from, or a range around it: of the
/// address as it stands, or of the IPv4 address that it is mapped from.
fn covers_address(entry: &str, address: IpAddr, host: &str) -> bool {
    if let Some((network, bits)) = entry.split_once('/') {
        let (Ok(network), Ok(bits)) = (network.parse(), bits.parse()) else { return false };
        return in_range(address, network, bits) || in_range(unmapped(address), network, bits);
    }
    match entry.parse() {
        Ok(IpAddr::V6(other)) if !is_mapped(other) => entry == host,
        Ok(other) => unmapped(other) == unmapped(address),
        Err(_) => false,
    }
}

/// A prefix of 0 counts for IPv6 only: Requests takes an IPv4 range of 0 bits for none (P12).
fn in_range(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same_bits = |difference: u128, width: u32| {
        bits <= width && difference.checked_shr(width - bits).unwrap_or(0) == 0
    };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let difference = u32::from(address) ^ u32::from(network);
            bits > 0 && same_bits(difference.into(), Ipv4Addr::BITS)
        }
        (address, IpAddr::V6(network)) => {
            let address = match address {
                IpAddr::V6(address) => address,
                // Only a range of mapped addresses means IPv4 ones.
                IpAddr::V4(address) if is_mapped(network) && bits >= 96 => address.to_ipv6_mapped(),
                IpAddr::V4(_) => return false,
            };
            same_bits(u128::from(address) ^ u128::from(network), Ipv6Addr::BITS)
        }
        (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4),
        address => address,
    }
}

/// `a:80`, `[::1]:80`, `[::1]`, `::1`: the host without brackets, and the port.
fn host_and_port(text: &str) -> (&str, Option<u16>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

fn undotted(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(list: &str, url: &str, recorded: Value) -> Value {
        let case = json!({
            "env": { "http_proxy": "http://p:1", "no_proxy": list },
            "requests": { "prepared_url": url, "proxy": recorded },
        });
        expected(&case).unwrap()
    }

    #[test]
    fn librq_goes_direct_where_its_rules_say_so() {
        for (list, url) in [
            ("a.test.", "http://a.test/"),
            ("a.test", "http://a.test./"),
            ("[::1]", "http://[::1]/"),
            ("::1:80,[::1]:80", "http://[::1]/"),
            ("fe80::/10", "http://[fe80::1]/"),
            ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/"),
            ("::/0", "http://[::ffff:127.0.0.1]/"),
            ("::ffff:10.0.0.0/104", "http://10.1.2.3/"),
            ("x.test, *.a.test", "http://b.a.test/"),
            ("a.test:80", "http://a.test/"),
            ("a.test:443", "https://b.a.test/"),
            ("10.0.0.1:8080", "http://10.0.0.1:8080/"),
        ] {
            assert_eq!(expectation(list, url, json!("http://p:1")), Value::Null, "{list} {url}");
        }
    }

    #[test]
    fn it_uses_the_proxy_everywhere_else() {
        for (list, url) in [
            ("*.a.test", "http://a.test/"),
            ("a.test:80", "https://a.test/"),
            ("a.test:81", "http://a.test/"),
            ("0.0.0.0/0", "http://10.0.0.1/"),
            ("::/0", "http://10.0.0.1/"),
            ("10.0.0.0/33", "http://10.0.0.1/"),
            ("2001:DB8:0::1", "http://[2001:db8::1]/"),
            ("x,*", "http://a.test/"),
        ] {
            let proxy = json!("http://p:1");
            assert_eq!(expectation(list, url, proxy.clone()), proxy, "{list} {url}");
        }
    }

    #[test]
    fn a_suffix_is_no_address_and_a_request_s_own_proxy_is_not_filtered() {
        assert_eq!(expectation(".1.5", "http://10.0.1.5/", Value::Null), json!("http://p:1"));
        assert_eq!(expectation("*", "http://10.0.1.5/", Value::Null), Value::Null);
        assert_eq!(expectation(".1.5,10.0.0.0/8", "http://10.0.1.5/", Value::Null), Value::Null);
        let own = json!({
            "env": { "no_proxy": "a.test." },
            "proxies": { "http": "http://own:1" },
            "requests": { "prepared_url": "http://a.test/", "proxy": "http://own:1" },
        });
        assert_eq!(expected(&own).unwrap(), json!("http://own:1"));
    }
}
