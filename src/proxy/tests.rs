//! The choice of a proxy: the recorded cases of Requests, what departs from them, and the URL.
//!
//! Which recorded cases may differ follows from the README of the vectors. It is worked out here in
//! another way than by the code under test: an entry and a host are rewritten by those rules, and
//! Requests' own algorithm, checked against every recorded verdict first, judges the result.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde_json::Value;

use super::*;

const PROXY: &str = include_str!("../../tests/conformance/vectors/proxy.json");
const NO_PROXY: &str = include_str!("../../tests/conformance/vectors/no_proxy.json");

fn map_of(value: &Value) -> Proxies {
    let mut proxies = Proxies::default();
    for (key, url) in value.as_object().into_iter().flatten() {
        proxies.set(key, url.as_str()).unwrap();
    }
    proxies
}

fn environment_of(value: &Value) -> Environment {
    let mut env = Environment::default();
    for (name, value) in value.as_object().unwrap() {
        env.set(name, value.as_str());
    }
    env
}

/// The URL of the proxy that `choose` finds.
fn chosen(url: &Url, request: &Proxies, session: &Proxies, env: &Environment) -> Option<String> {
    let port = Some(url.scheme().default_port());
    let (scheme, host) = (url.scheme_name(), url.host());
    let proxy = choose(scheme, host, url.explicit_port(), port, request, session, Some(env));
    proxy.unwrap().map(|proxy| proxy.url().to_owned())
}

#[test]
fn the_cases_of_proxy_json() {
    let cases: Vec<Value> = serde_json::from_str(PROXY).unwrap();
    assert_eq!(cases.len(), 34);
    for case in cases {
        assert_eq!(case["trust_env"], true);
        let url = Url::parse(case["url"].as_str().unwrap()).unwrap();
        let request = map_of(&case["request_proxies"]);
        let session = map_of(&case["session_proxies"]);
        let found = chosen(&url, &request, &session, &environment_of(&case["env"]));
        let judge = case.get("depart").unwrap_or(&case);
        assert_eq!(found.as_deref(), judge["expect"]["proxy"].as_str(), "{}", case["name"]);
    }
}

/// A host, its port, and the port that its URL names.
#[derive(Clone)]
struct Target {
    host: String,
    port: u16,
    explicit_port: Option<u16>,
}

/// `should_bypass_proxies` of Requests for one entry, with IPv6 ranges if so wished.
fn requests_covers(entry: &str, target: &Target, with_ipv6_ranges: bool) -> bool {
    let host = target.host.as_str();
    if let (Some(address), Some((network, bits))) = (ipv4(host), entry.split_once('/'))
        && let (Some(network), Ok(bits @ 1..=32)) = (ipv4(network), bits.parse::<u32>())
    {
        return (u64::from(address) >> (32 - bits)) == (u64::from(network) >> (32 - bits));
    }
    if let (true, Some((network, bits))) = (with_ipv6_ranges, entry.split_once('/'))
        && let (Ok(host), Ok(network)) = (host.parse::<Ipv6Addr>(), network.parse::<Ipv6Addr>())
    {
        let binary = |address: Ipv6Addr| format!("{:0128b}", address.to_bits());
        let bits: usize = bits.parse().unwrap();
        return binary(host)[..bits] == binary(network)[..bits];
    }
    let name = entry.trim_start_matches('.');
    let mut texts = vec![host.to_owned()];
    if let (None, Some(port)) = (ipv4(host), target.explicit_port) {
        texts.push(format!("{host}:{port}"));
    }
    texts.iter().any(|text| text == name || text.ends_with(&format!(".{name}")))
}

/// The forms of IPv4 that stand in the recorded cases.
fn ipv4(text: &str) -> Option<u32> {
    match text {
        "2130706433" | "0x7f.1" | "0x7f000001" => Some(0x7f00_0001),
        _ => text.parse::<std::net::Ipv4Addr>().ok().map(u32::from),
    }
}

const RULES: [&str; 6] = ["dot", "brackets", "mapped", "star", "port", "range"];

/// The entry and the target as one of the README's rules reads them.
fn rewritten(rule: &str, entry: String, mut target: Target) -> (String, Target) {
    let without_dot = |text: &str| text.strip_suffix('.').unwrap_or(text).to_owned();
    let entry = match (rule, entry.rsplit_once(':')) {
        ("dot", _) => {
            target.host = without_dot(&target.host);
            without_dot(&entry)
        }
        ("brackets", _) => entry.replace(['[', ']'], ""),
        ("mapped", _) => {
            let inner = target.host.strip_prefix("::ffff:").map(str::to_owned);
            target.host = inner.unwrap_or(target.host);
            entry
        }
        ("star", _) if entry.starts_with("*.") && target.host.ends_with(&entry[1..]) => {
            entry[1..].to_owned()
        }
        ("port", Some((name, port))) if port == target.port.to_string() => name.to_owned(),
        _ => entry,
    };
    (entry, target)
}

/// The fewest rules of the README by which the list covers the target.
fn rules_to_cover(list: &str, target: &Target) -> Option<String> {
    let mut choices: Vec<u32> = (0..1 << RULES.len()).collect();
    choices.sort_by_key(|choice| choice.count_ones());
    choices.into_iter().find_map(|choice| {
        let rules = RULES.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0);
        let rules: Vec<&str> = rules.map(|(_, rule)| *rule).collect();
        let covers = |entry: &str| {
            let (mut entry, mut target) = (entry.to_owned(), target.clone());
            for rule in &rules {
                (entry, target) = rewritten(rule, entry, target);
            }
            requests_covers(&entry, &target, rules.contains(&"range"))
        };
        let list = list.replace(' ', "").to_lowercase();
        let covered = list == "*" || list.split(',').filter(|e| !e.is_empty()).any(covers);
        covered.then(|| rules.join("+"))
    })
}

#[test]
fn the_cases_of_no_proxy_json() {
    let file: Value = serde_json::from_str(NO_PROXY).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2138);
    let mut departures = BTreeMap::<String, usize>::new();
    for case in cases {
        let url = Url::parse(case["url"].as_str().unwrap()).unwrap();
        let list = ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| {
            let own = case.get("proxies").and_then(|proxies| proxies[name].as_str());
            own.or(case["env"][name].as_str()).filter(|list| !list.is_empty())
        });
        let target = Target {
            host: url.host().to_owned(),
            port: url.port(),
            explicit_port: url.explicit_port(),
        };
        let rules = list.and_then(|list| rules_to_cover(list, &target));
        let recorded = &case["requests"];
        let as_requests = rules.as_deref() == Some("");
        assert_eq!(recorded["bypass"], as_requests, "the judge is wrong: {case}");

        let request = case.get("proxies").map(map_of).unwrap_or_default();
        let env = environment_of(&case["env"]);
        let found = chosen(&url, &request, &Proxies::default(), &env);
        let mut expected = recorded["proxy"].as_str();
        // The list filters the environment's proxies only.
        if let (Some(rules), Some(_), true) = (&rules, expected, request.pairs.is_empty()) {
            *departures.entry(rules.clone()).or_default() += 1;
            expected = None;
        }
        assert_eq!(found.as_deref(), expected, "{case}");
    }
    let departures: Vec<_> = departures.iter().map(|(rules, n)| (rules.as_str(), *n)).collect();
    let expected = [
        ("brackets", 3),
        ("dot", 22),
        ("dot+port", 1),
        ("mapped", 2),
        ("port", 6),
        ("range", 4),
        ("star", 3),
    ];
    assert_eq!(departures, expected);
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Checks the choice for `http://h/`; "direct" is none.
#[track_caller]
fn check(request: Pairs, session: Pairs, env: Pairs, expected: &str) {
    let map = |pairs: Pairs| {
        let mut proxies = Proxies::default();
        for (key, url) in pairs {
            proxies.set(key, Some(url)).unwrap();
        }
        proxies
    };
    let mut variables = Environment::default();
    for (name, value) in env {
        variables.set(name, Some(value));
    }
    let url = Url::parse("http://h/").unwrap();
    let found = chosen(&url, &map(request), &map(session), &variables);
    assert_eq!(found.as_deref().unwrap_or("direct"), expected);
}

#[test]
fn the_nearest_map_wins_key_by_key() {
    check(&[("http", "r")], &[("http", "s")], &[("http_proxy", "e")], "http://r");
    check(&[], &[("http", "s")], &[("http_proxy", "e")], "http://s");
    check(&[("all", "r")], &[("http", "s")], &[("all_proxy", "e")], "http://s");
    check(&[("all", "r")], &[], &[("all_proxy", "e")], "http://r");
    check(&[("all", "r")], &[("all", "s")], &[("http_proxy", "e")], "http://e");
    check(&[("http", "r")], &[("http://h", "s")], &[], "http://s");
    check(&[("all://h", "r"), ("http", "q")], &[], &[], "http://q");
    check(&[("https", "r"), ("http://h:80", "q"), ("http:", "p"), ("", "o")], &[], &[], "direct");
}

#[test]
fn an_empty_url_is_direct_and_ends_the_search() {
    check(&[("http", "")], &[("http", "s")], &[("http_proxy", "e")], "direct");
    check(&[("http", "")], &[("all", "s")], &[("all_proxy", "e")], "direct");
    check(&[], &[("http", "")], &[("http_proxy", "e")], "direct");
    let mut proxies = Proxies::default();
    proxies.set("http", Some("r")).unwrap();
    proxies.set("http", None).unwrap();
    assert!(proxies.get("http", None).unwrap().is_none());
    assert_eq!(proxies.pairs.len(), 1);
}

#[test]
fn the_list_filters_the_environment_s_proxies_only() {
    let env = [("all_proxy", "e"), ("http_proxy", "f"), ("no_proxy", "h")];
    check(&[], &[], &env, "direct");
    check(&[("http", "r")], &[], &env, "http://r");
    check(&[("all", "r")], &[], &env, "http://r");
    check(&[], &[("no_proxy", "x")], &env, "http://f");
    check(&[("no_proxy", "x")], &[("no_proxy", "h")], &env, "http://f");
    check(&[("no_proxy", "")], &[], &env, "http://f");
    check(&[("no_proxy", "*")], &[], &[("http_proxy", "f")], "direct");
}

#[test]
fn letter_cases_of_variables() {
    check(&[], &[], &[("HTTP_PROXY", "e"), ("Http_Proxy", "f")], "http://e");
    check(&[], &[], &[("Http_Proxy", "f"), ("REQUEST_METHOD", "")], "direct");
    check(&[], &[], &[("ALL_PROXY", "f"), ("REQUEST_METHOD", "GET")], "http://f");
    check(&[], &[], &[("http_proxy", ""), ("HTTP_PROXY", "f"), ("ALL_PROXY", "e")], "http://e");
    check(&[], &[], &[("http_proxy", "f"), ("No_Proxy", "h")], "direct");
}

#[test]
fn an_environment_that_is_not_trusted_is_not_asked() {
    let none = Proxies::default();
    assert!(none.is_empty());
    assert_eq!(choose("http", "h", None, Some(80), &none, &none, None).unwrap(), None);
}

#[test]
fn other_schemes_have_variables_too() {
    let mut env = Environment::default();
    env.set("mock_proxy", Some("m:1"));
    let none = Proxies::default();
    let proxy = choose("mock", "h", None, None, &none, &none, Some(&env)).unwrap().unwrap();
    assert_eq!(proxy.url(), "http://m:1");
}

#[track_caller]
fn parsed(text: &str) -> Proxy {
    Proxy::parse(text).unwrap_or_else(|fault| panic!("{text}: {}", fault.of("it"))).unwrap()
}

#[test]
fn a_proxy_s_url_in_normal_form() {
    for (text, expected) in [
        ("h", "http://h"),
        ("h:3128", "http://h:3128"),
        ("h:3128/", "http://h:3128/"),
        ("127.0.0.1:9", "http://127.0.0.1:9"),
        ("[::1]:9", "http://[::1]:9"),
        ("//h:1", "http://h:1"),
        ("HTTPS://H.Test:1/x?y#z", "https://h.test:1/x?y#z"),
        ("SOCKS5h://h", "socks5h://h"),
        ("u.v:p@h:1", "http://u.v:p@h:1"),
        ("http://bücher.test", "http://xn--bcher-kva.test"),
        ("http://u:p%40@h:1", "http://u:p%40@h:1"),
    ] {
        assert_eq!(parsed(text).url(), expected, "{text:?}");
    }
}

#[test]
fn the_parts_of_a_proxy_s_url() {
    for (text, scheme, host, port) in [
        ("http://h", ProxyScheme::Http, "h", 80),
        ("https://h", ProxyScheme::Https, "h", 443),
        ("socks4://h", ProxyScheme::Socks4, "h", 1080),
        ("socks4a://h:80", ProxyScheme::Socks4a, "h", 80),
        ("socks5://[::1]", ProxyScheme::Socks5, "::1", 1080),
        ("socks5h://[fe80::1%25lo]:7", ProxyScheme::Socks5h, "fe80::1%lo", 7),
    ] {
        let proxy = parsed(text);
        assert_eq!((proxy.scheme(), proxy.host(), proxy.port()), (scheme, host, port), "{text:?}");
    }
}

#[test]
fn credentials_need_a_colon() {
    let credentials = |text: &str| {
        let text_of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let proxy = parsed(text);
        proxy.credentials().map(|(user, password)| (text_of(user), text_of(password)))
    };
    let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
    assert_eq!(credentials("http://u:p%40:%C3%A9@h"), pair("u", "p@:é"));
    assert_eq!(credentials("http://a@b:c@h"), pair("a@b", "c"));
    assert_eq!(credentials("http://u:@h"), pair("u", ""));
    assert_eq!(credentials("http://:p@h"), pair("", "p"));
    assert_eq!(credentials("http://u@h"), None);
    assert_eq!(credentials("http://h"), None);
}

#[test]
fn what_cannot_be_a_proxy_is_refused_when_it_is_set_without_a_word_of_it() {
    let no_host = [
        "http:/secret",
        "http://",
        "/secret",
        "secret:p@h:1",
        "http:secret",
        "http://:9",
        "http://h:secret",
        "http://h:99999",
        "http://h:0",
        "http://u:sec/ret@h:1",
        "http://::1:9",
        "http://[secret]",
        " http://h",
        "http://h ",
        "secret:",
        "http://u:secret@",
    ];
    let other_scheme = ["ftp://u:secret@h", "socks://h", "secret.x://h"];
    let kinds = no_host.iter().map(|text| (text, ErrorKind::InvalidProxy));
    let kinds = kinds.chain(other_scheme.iter().map(|text| (text, ErrorKind::InvalidUrl)));
    for (text, kind) in kinds {
        let mut proxies = Proxies::default();
        let mut env = Environment::default();
        env.set("http_proxy", Some(text));
        let of_map = proxies.set("http", Some(text)).unwrap_err();
        assert!(proxies.is_empty());
        let of_variable = choose("http", "h", None, None, &proxies, &proxies, Some(&env));
        let of_variable = of_variable.unwrap_err();
        assert!(of_variable.message().contains("http_proxy"));
        for error in [of_map, of_variable] {
            assert_eq!(error.kind(), kind, "{text:?}: {error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}

#[test]
fn what_is_shown_of_a_proxy_has_no_userinfo() {
    let mut proxies = Proxies::default();
    proxies.set("all", Some("socks5://user:secret@[::1]/secret")).unwrap();
    proxies.set("http", None).unwrap();
    let shown = format!("{proxies:?}");
    assert_eq!(shown, r#"{"all": Some(socks5://[::1]:1080), "http": None}"#);
    assert_eq!(parsed("u.v:secret@h").to_string(), "http://h:80");
}
