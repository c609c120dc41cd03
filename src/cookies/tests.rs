//! The jar by its rules, one test a rule. Public suffixes and limits are in `flaws_tests.rs`, the
//! cases of the http-state working group are in `vectors_tests.rs`.

use super::*;
use crate::error::ErrorKind;
use crate::limits::{ATTRIBUTE_BYTES_MAX, COOKIE_BYTES_MAX};

pub(super) const NOW: i64 = 1_502_236_800;
const DAY: i64 = 86_400;

pub(super) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A jar with what these URLs have set.
pub(super) fn jar(received: &[(&str, &str)]) -> Jar {
    let mut jar = Jar::default();
    for (from, line) in received {
        jar.receive(&url(from), line.as_bytes(), NOW);
    }
    jar
}

fn sent_at(jar: &Jar, to: &str, now: i64) -> String {
    let header = jar.header(&url(to), &[], now);
    header.map_or(String::new(), |header| String::from_utf8(header).unwrap())
}

pub(super) fn sent(jar: &Jar, to: &str) -> String {
    sent_at(jar, to, NOW)
}

/// What `to` gets after `from` has set this line.
pub(super) fn after(from: &str, line: &str, to: &str) -> String {
    sent(&jar(&[(from, line)]), to)
}

#[test]
fn an_empty_jar_sends_nothing() {
    let jar = Jar::default();
    assert!(jar.is_empty());
    assert_eq!(jar.header(&url("http://a.test/"), &[], NOW), None);
}

#[test]
fn a_url_without_a_host_sets_nothing() {
    let mut jar = Jar::default();
    assert!(!jar.receive(&url("mailto:someone"), b"a=1", NOW));
    jar.set("all", "1", None, None, false).unwrap();
    assert_eq!(sent(&jar, "mailto:someone"), "all=1");
}

#[test]
fn without_a_domain_a_cookie_is_for_that_host_alone() {
    let jar = jar(&[("http://b.test/", "a=1")]);
    assert_eq!(sent(&jar, "http://b.test:8080/"), "a=1");
    assert_eq!(sent(&jar, "https://B.TEST/x"), "a=1");
    for other in ["http://a.b.test/", "http://test/", "http://xb.test/", "http://c.test/"] {
        assert_eq!(sent(&jar, other), "", "{other}");
    }
}

#[test]
fn a_domain_is_for_all_below_it_and_set_only_from_there() {
    let jar = jar(&[("http://a.b.test/", "a=1; Domain=.B.test")]);
    for to in ["http://b.test/", "http://a.b.test/", "http://x.y.b.test/"] {
        assert_eq!(sent(&jar, to), "a=1", "{to}");
    }
    for to in ["http://ab.test/", "http://test/", "http://b.test.evil/"] {
        assert_eq!(sent(&jar, to), "", "{to}");
    }
    for (from, domain) in [
        ("http://b.test/", "evil.test"),
        ("http://b.test/", "a.b.test"),
        ("http://xb.test/", "b.test"),
        ("http://b.test/", "test"),
        ("http://b.test./", "test."),
        ("http://b.test/", "b\u{fc}.test"),
        ("http://localhost/", "local"),
    ] {
        let line = format!("a=1; Domain={domain}");
        assert!(!Jar::default().receive(&url(from), line.as_bytes(), NOW), "{from} {domain}");
    }
}

#[test]
fn a_public_suffix_may_set_cookies_for_itself_alone() {
    let jar = jar(&[("http://localhost/", "a=1; Domain=localhost")]);
    assert_eq!(sent(&jar, "http://localhost/"), "a=1");
    assert_eq!(sent(&jar, "http://x.localhost/"), "");
    assert!(jar.iter(NOW).all(Cookie::is_host_only));
}

#[test]
fn addresses_have_no_domains_above_them() {
    for (from, line, to, expected) in [
        ("http://127.0.0.1/", "a=1", "http://127.0.0.1/", "a=1"),
        ("http://127.0.0.1/", "a=1; Domain=127.0.0.1", "http://127.0.0.1/", "a=1"),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", ""),
        ("http://127.0.0.1/", "a=1; Domain=.1", "http://127.0.0.1/", ""),
        ("http://127.0.0.1/", "a=1", "http://localhost/", ""),
        ("http://[::1]/", "a=1", "http://[::1]:80/", "a=1"),
        ("http://[::1]/", "a=1; Domain=::1", "http://[::1]/", "a=1"),
        ("http://[::1]/", "a=1", "http://[::2]/", ""),
    ] {
        assert_eq!(after(from, line, to), expected, "{from} {line} {to}");
    }
    assert!(!cookie::domain_matches("127.0.0.1", "0.0.1"));
    assert!(!cookie::domain_matches("fe80::1%a.test", "test"));
    let mut jar = Jar::default();
    jar.set("a", "1", Some("0.0.1"), None, false).unwrap();
    assert_eq!(sent(&jar, "http://127.0.0.1/"), "");
}

#[test]
fn c8_paths_end_at_a_slash() {
    for (from, line, to, expected) in [
        ("http://a.test/x/y/z?q=/w", "a=1", "http://a.test/x/y", "a=1"),
        ("http://a.test/x/y/z", "a=1", "http://a.test/x/y/w?q", "a=1"),
        ("http://a.test/x/y/z", "a=1", "http://a.test/x/yz", ""),
        ("http://a.test/x/y/z", "a=1", "http://a.test/x", ""),
        ("http://a.test/x", "a=1; Path=/foo", "http://a.test/foo/bar", "a=1"),
        ("http://a.test/x", "a=1; Path=/foo", "http://a.test/foobar", ""),
        ("http://a.test/x", "a=1; Path=/foo/", "http://a.test/foo", ""),
        ("http://a.test/x", "a=1; Path=foo", "http://a.test/", "a=1"),
        ("http://a.test/x", "a=1; Path=/\u{e9}", "http://a.test/%C3%A9", ""),
    ] {
        assert_eq!(after(from, line, to), expected, "{from} {line} {to}");
    }
}

#[test]
fn c7_longer_paths_come_first_then_older_cookies() {
    let mut jar = jar(&[
        ("http://a.test/", "a=1; Path=/"),
        ("http://a.test/", "b=2; Path=/x"),
        ("http://a.test/", "c=3; Path=/x/y"),
        ("http://a.test/", "d=4; Path=/; Domain=a.test"),
        ("http://a.test/", "e=5; Path=/"),
    ]);
    assert_eq!(sent(&jar, "http://a.test/x/y"), "c=3; b=2; a=1; d=4; e=5");
    assert!(jar.receive(&url("http://a.test/"), b"a=again; Path=/", NOW + 1));
    assert_eq!(sent(&jar, "http://a.test/"), "a=again; d=4; e=5");
    let names: Vec<_> = jar.iter(NOW).map(Cookie::name).collect();
    assert_eq!(names, [b"a", b"b", b"c", b"d", b"e"]);
}

#[test]
fn equal_names_differ_by_domain_path_and_host_only() {
    let mut jar = jar(&[
        ("http://a.test/", "a=1"),
        ("http://a.test/", "a=2; Path=/x"),
        ("http://a.test/", "a=3; Domain=a.test"),
    ]);
    assert_eq!(sent(&jar, "http://a.test/x"), "a=2; a=1; a=3");
    jar.receive(&url("http://a.test/"), b"a=4; Domain=a.test", NOW);
    assert_eq!(sent(&jar, "http://a.test/x"), "a=2; a=1; a=4");
}

#[test]
fn secure_cookies_are_for_https() {
    let jar = jar(&[
        ("https://a.test/", "a=1; Secure"),
        ("https://a.test/", "b=2"),
        ("http://a.test/", "c=3; Secure"),
    ]);
    assert_eq!(sent(&jar, "https://a.test/"), "a=1; b=2");
    assert_eq!(sent(&jar, "http://a.test/"), "b=2");
}

#[test]
fn http_leaves_secure_cookies_alone() {
    let old = ("https://login.a.test/", "a=1; Secure; Domain=a.test; Path=/login");
    for (from, line, is_taken) in [
        ("http://a.test/", "a=evil; Path=/login", false),
        ("http://a.test/", "a=evil; Path=/login/x", false),
        ("http://a.test/", "a=; Max-Age=0; Path=/login; Domain=a.test", false),
        ("http://x.a.test/", "a=evil; Path=/login", false),
        ("http://x.a.test/", "a=evil; Path=/login; Domain=a.test", false),
        ("http://a.test/", "a=2; Path=/", true),
        ("http://a.test/", "a=2; Path=/logins", true),
        ("http://a.test/", "b=2; Path=/login", true),
        ("http://b.test/", "a=2; Path=/login", true),
        ("https://a.test/", "a=2; Path=/login; Domain=a.test", true),
    ] {
        let mut jar = jar(&[old]);
        assert_eq!(jar.receive(&url(from), line.as_bytes(), NOW), is_taken, "{from} {line}");
        if !is_taken {
            assert_eq!(sent(&jar, "https://a.test/login/x"), "a=1", "{from} {line}");
        }
    }
    // What is Secure below the domain is left alone too, but not what merely ends like it.
    for (old, is_taken) in [("https://x.y.a.test/", false), ("https://ya.test/", true)] {
        let mut jar = jar(&[(old, "a=1; Secure")]);
        assert_eq!(jar.receive(&url("http://a.test/"), b"a=2; Domain=a.test", NOW), is_taken);
    }
    let mut jar = Jar::default();
    jar.set("a", "mine", None, None, true).unwrap();
    assert!(!jar.receive(&url("http://a.test/"), b"a=evil", NOW));
}

#[test]
fn prefixes_promise_how_a_cookie_was_set() {
    for (from, line, is_taken) in [
        ("https://a.test/", "__Secure-a=1; Secure", true),
        ("https://a.test/", "__secure-a=1; Secure; Domain=a.test", true),
        ("https://a.test/", "__SECURE-a=1", false),
        ("http://a.test/", "__Secure-a=1; Secure", false),
        ("https://a.test/", "__Host-a=1; Secure; Path=/", true),
        ("https://a.test/", "__Host-a=1; Path=/", false),
        ("https://a.test/", "__Host-a=1; Secure", false),
        ("https://a.test/", "__host-a=1; Secure; Path=/x", false),
        ("https://a.test/", "__Host-a=1; Secure; Path=/; Domain=a.test", false),
        ("http://a.test/", "__Host-a=1; Secure; Path=/", false),
        ("http://a.test/", "__Hos-a=1", true),
        ("https://a.test/", "=__Host-a=1; Secure; Path=/", false),
        ("https://a.test/", "=__secure-a=1; Secure", false),
        ("https://a.test/", "__Secure-a; Secure", false),
    ] {
        let mut jar = Jar::default();
        assert_eq!(jar.receive(&url(from), line.as_bytes(), NOW), is_taken, "{from} {line}");
    }
}

#[test]
fn c15_max_age_wins_over_expires() {
    let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    for (attributes, expires) in [
        (format!("Max-Age=100; {past}"), Some(NOW + 100)),
        (format!("{past}; Max-Age=100"), Some(NOW + 100)),
        ("Max-Age=100; Max-Age=200".into(), Some(NOW + 200)),
        ("Max-Age=100; Max-Age=x".into(), Some(NOW + 100)),
        ("Expires=Thu, 10 Aug 2017 00:00:00 GMT".into(), Some(NOW + DAY)),
        ("Expires=soon".into(), None),
        ("Max-Age=+5".into(), None),
        ("Max-Age=-".into(), None),
        ("Max-Age=".into(), None),
        ("Max-Age=99999999999999999999".into(), Some(NOW + 400 * DAY)),
        ("Expires=Fri, 01 Jan 2100 00:00:00 GMT".into(), Some(NOW + 400 * DAY)),
    ] {
        let jar = jar(&[("http://a.test/", &format!("a=1; {attributes}"))]);
        let found: Vec<_> = jar.iter(NOW).map(Cookie::expires).collect();
        assert_eq!(found, [expires], "{attributes}");
    }
    for attributes in [past, "Max-Age=0", "Max-Age=-99999999999999999999", "Max-Age=0; Max-Age=x"] {
        let mut jar = jar(&[("http://a.test/", "a=1"), ("http://a.test/", "b=2")]);
        let line = format!("a=gone; {attributes}");
        assert!(jar.receive(&url("http://a.test/"), line.as_bytes(), NOW), "{attributes}");
        assert_eq!(sent(&jar, "http://a.test/"), "b=2", "{attributes}");
        assert!(!jar.receive(&url("http://a.test/"), line.as_bytes(), NOW), "nothing to delete");
    }
}

#[test]
fn what_has_expired_is_neither_sent_nor_shown_nor_kept() {
    let mut jar = jar(&[("http://a.test/", "a=1; Max-Age=10"), ("http://a.test/", "b=2")]);
    assert_eq!(sent_at(&jar, "http://a.test/", NOW + 9), "a=1; b=2");
    assert_eq!(sent_at(&jar, "http://a.test/", NOW + 10), "b=2");
    assert_eq!((jar.iter(NOW + 9).count(), jar.iter(NOW + 10).count()), (2, 1));
    jar.purge(NOW + 9);
    assert_eq!(jar.entries.len(), 2);
    jar.purge(NOW + 10);
    assert_eq!((jar.entries.len(), jar.earliest_expiry), (1, None));
    for line in [&b"c=3; Max-Age=30"[..], b"d=4; Max-Age=20", b"e=5; Max-Age=40", b"f=6"] {
        assert!(jar.receive(&url("http://a.test/"), line, NOW));
    }
    jar.purge(NOW + 20);
    assert_eq!((jar.entries.len(), jar.earliest_expiry), (4, Some(NOW + 30)));
    jar.clear(None, None, None);
    assert!(jar.is_empty() && jar.groups.is_empty());
}

#[test]
fn c16_values_are_sent_as_they_came() {
    for (line, expected) in [
        ("a=b=c", "a=b=c"),
        ("  a = b c  ; Path = / ", "a=b c"),
        ("a=\"q\\\"r\"", "a=\"q\\\"r\""),
        ("a=1, b=2", "a=1, b=2"),
        ("a=\u{e9}", "a=\u{e9}"),
        ("a=1\t2", "a=1\t2"),
        ("a=", "a="),
        ("a", ""),
        ("=v", ""),
        ("a=1\0", ""),
        ("a=1; Path=/\r\n", ""),
    ] {
        assert_eq!(after("http://a.test/", line, "http://a.test/"), expected, "{line:?}");
    }
}

#[test]
fn oversized_cookies_and_attributes_are_ignored() {
    let fits = format!("a={}", "v".repeat(COOKIE_BYTES_MAX - 1));
    assert_eq!(after("http://a.test/", &fits, "http://a.test/"), fits);
    assert_eq!(after("http://a.test/", &(fits + "v"), "http://a.test/"), "");
    let path = format!("/{}", "p".repeat(ATTRIBUTE_BYTES_MAX - 1));
    assert_eq!(after("http://a.test/", &format!("a=1; Path={path}"), "http://a.test/"), "");
    assert_eq!(after("http://a.test/", &format!("a=1; Path={path}p"), "http://a.test/"), "a=1");
}

#[test]
fn a_crowded_domain_loses_plain_cookies_then_the_oldest() {
    let mut jar = Jar::default();
    let (a, b) = (url("https://a.test/"), url("https://b.test/"));
    jar.set("mine", "0", Some("a.test"), None, false).unwrap();
    assert!(jar.receive(&b, b"other=1", NOW));
    assert!(jar.receive(&a, b"s=1; Secure", NOW));
    for n in 0..COOKIES_PER_DOMAIN_MAX {
        assert!(jar.receive(&a, format!("n{n}=1").as_bytes(), NOW));
    }
    let header = sent(&jar, "https://a.test/");
    assert!(header.starts_with("mine=0; s=1; n1=1; n2=1; "), "{header}");
    assert_eq!(jar.groups[&backwards("a.test")].len(), COOKIES_PER_DOMAIN_MAX + 1);
    for n in 0..COOKIES_PER_DOMAIN_MAX {
        assert!(jar.receive(&a, format!("t{n}=1; Secure").as_bytes(), NOW));
    }
    let header = sent(&jar, "https://a.test/");
    assert!(header.starts_with("mine=0; t0=1; t1=1; "), "{header}");
    assert!(!jar.receive(&a, b"plain=1", NOW), "no room among Secure ones");
    assert_eq!(sent(&jar, "https://b.test/"), "other=1");
}

#[test]
fn ten_thousand_hosts_leave_the_youngest_three_thousand() {
    let mut jar = Jar::default();
    jar.set("mine", "0", None, None, false).unwrap();
    for n in 0..10_000 {
        let host = url(&format!("http://h{n}.example.test/"));
        assert!(jar.receive(&host, b"a=1; Max-Age=100", NOW));
        assert_eq!(sent(&jar, host.as_str()), "mine=0; a=1");
    }
    assert_eq!((jar.entries.len(), jar.groups.len()), (COOKIES_MAX, COOKIES_MAX));
    assert_eq!(sent(&jar, "http://h7000.example.test/"), "mine=0");
    assert_eq!(sent(&jar, "http://h7001.example.test/"), "mine=0; a=1");
    assert!(jar.receive(&url("http://new.test/"), b"b=2", NOW + 100));
    assert_eq!(jar.entries.len(), 2, "what has expired goes first");
}

#[test]
fn the_programs_cookies_are_for_every_host_or_a_domain() {
    let mut jar = Jar::default();
    jar.set("all", "1", None, None, false).unwrap();
    jar.set("some", "2", Some(".B\u{fc}cher.test"), Some("/x"), false).unwrap();
    jar.set("six", "3", Some("[::1]"), None, false).unwrap();
    assert_eq!(sent(&jar, "http://a.test/"), "all=1");
    assert_eq!(sent(&jar, "http://www.b\u{fc}cher.test/x/y"), "some=2; all=1");
    assert_eq!(sent(&jar, "http://b\u{fc}cher.test/"), "all=1");
    assert_eq!(sent(&jar, "http://[::1]/"), "all=1; six=3");
    jar.set("all", "again", Some(""), Some("/"), false).unwrap();
    assert_eq!(sent(&jar, "http://a.test/"), "all=again");
}

#[test]
fn a_server_renews_what_the_program_has_set() {
    let mut jar = Jar::default();
    for line in ["sid=new", "sid=new; Domain=a.test"] {
        jar.set("sid", "old", Some("a.test"), None, false).unwrap();
        assert_eq!(sent(&jar, "http://a.test/"), "sid=old");
        assert!(jar.receive(&url("http://a.test/"), line.as_bytes(), NOW));
        assert_eq!(sent(&jar, "http://a.test/"), "sid=new");
    }
    assert!(jar.receive(&url("http://a.test/"), b"sid=two", NOW));
    assert_eq!(sent(&jar, "http://a.test/"), "sid=new; sid=two");
    jar.set("sid", "one", Some("a.test"), None, false).unwrap();
    assert_eq!(sent(&jar, "http://a.test/"), "sid=one");
}

#[test]
fn a_requests_own_cookies_stand_in_for_the_jars() {
    let mut jar = jar(&[("http://a.test/", "a=1; Path=/x"), ("http://a.test/", "b=2")]);
    jar.set("a", "3", None, None, false).unwrap();
    jar.set("c", "4", Some("a.test"), None, false).unwrap();
    let own = |pairs: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
        pairs.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect()
    };
    for (pairs, expected) in [
        (own(&[]), "a=1; b=2; a=3; c=4"),
        (own(&[("new", Some("5")), ("a", Some("mine"))]), "a=1; b=2; a=mine; c=4; new=5"),
        (own(&[("a", None), ("b", Some(""))]), "b=2; c=4; b="),
        (own(&[("c", Some("mine"))]), "a=1; b=2; a=3; c=4; c=mine"),
        (own(&[("z", None)]), "a=1; b=2; a=3; c=4"),
    ] {
        let header = jar.header(&url("http://a.test/x"), &pairs, NOW).unwrap();
        assert_eq!(String::from_utf8(header).unwrap(), expected, "{pairs:?}");
    }
    let none = own(&[("a", None), ("b", None), ("c", None)]);
    assert_eq!(jar.header(&url("http://a.test/x"), &none, NOW), None);
    let one = Jar::default().header(&url("http://a.test/"), &own(&[("a", Some("1"))]), NOW);
    assert_eq!(one.as_deref(), Some(&b"a=1"[..]));
}

#[test]
fn clear_deletes_by_any_of_domain_path_and_name() {
    let full = || {
        let mut jar = jar(&[
            ("http://a.test/", "a=1"),
            ("http://a.test/", "b=2; Path=/x"),
            ("http://b.test/", "a=3"),
        ]);
        jar.set("a", "4", None, None, false).unwrap();
        jar
    };
    for (domain, path, name, count) in [
        (None, None, None, 4),
        (Some(".A.test"), None, None, 2),
        (None, Some("/x"), None, 1),
        (None, None, Some("a"), 3),
        (Some(""), None, None, 1),
        (Some("a.test"), Some("/"), Some("a"), 1),
        (Some("a.test"), Some("/"), Some("b"), 0),
        (Some("no host"), None, None, 0),
    ] {
        let mut jar = full();
        assert_eq!(jar.clear(domain, path, name), count, "{domain:?} {path:?} {name:?}");
        assert_eq!(jar.iter(NOW).count(), 4 - count);
        let listed: usize = jar.groups.values().map(Vec::len).sum();
        assert_eq!(listed, 4 - count);
    }
}

#[test]
fn what_cannot_be_sent_is_refused_and_not_shown() {
    for (name, value) in [
        ("", "s3cret"),
        ("a=s3cret", "1"),
        ("a", "s3cret;"),
        ("a", "s3cret\r\nX: y"),
        ("a", "s3cret\0"),
        ("a", "s3cret\u{7f}"),
        ("a;s3cret", "1"),
        ("a\ns3cret", "1"),
    ] {
        let error = check_cookie(name, value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCookie, "{name:?}");
        assert!(!error.message().contains("s3cret"), "{error}");
        let set = Jar::default().set(name, value, None, None, false);
        assert_eq!(set.unwrap_err().message(), error.message());
    }
    check_cookie("a b", " \t\"x=y, z\" \u{e9}").unwrap();
    let mut jar = Jar::default();
    for (domain, path) in [
        (Some("a b"), None),
        (Some("a.test/x"), None),
        (Some("a.test:80"), None),
        (Some("u@a.test"), None),
        (Some("a.test#"), None),
        (Some("a\ttest"), None),
        (None, Some("x")),
        (None, Some("/\n")),
    ] {
        let error = jar.set("a", "1", domain, path, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCookie, "{domain:?} {path:?}");
    }
    assert!(jar.is_empty());
}

#[test]
fn debug_shows_no_value() {
    let jar = jar(&[("https://a.test/x/", "sid=s3cret; Secure; HttpOnly")]);
    let shown = format!("{:?}", jar.iter(NOW).next().unwrap());
    assert!(shown.contains("sid") && shown.contains("a.test") && !shown.contains("s3cret"));
    let cookie = jar.iter(NOW).next().unwrap();
    assert_eq!((cookie.domain(), cookie.path(), cookie.value()), ("a.test", "/x", &b"s3cret"[..]));
    assert!(cookie.is_secure() && cookie.is_http_only() && cookie.is_host_only());
}
