//! Requests' URL rules, case by case.

use super::*;

#[track_caller]
fn check(input: &str, expected: &str) {
    assert_eq!(Url::parse(input).unwrap().as_str(), expected, "{input:?}");
}

#[track_caller]
fn refused(input: &str, kind: ErrorKind) {
    let error = Url::parse(input).unwrap_err();
    assert_eq!(error.kind(), kind, "{input:?}: {error}");
    assert!(!error.message().contains("secret"), "{error}");
}

#[test]
fn normalises_as_requests_does() {
    check("http://e.com?x=1", "http://e.com/?x=1");
    check("  HTTP://E.Com:080/Path", "http://e.com:80/Path");
    check("http://e.com:/", "http://e.com/");
    check("http://e.com/a/../b", "http://e.com/b");
    check("http://e.com/../../x", "http://e.com/x");
    check("http://e.com/a/.", "http://e.com/a/");
    check("http://e.com/b/%2e%2e/c", "http://e.com/b/../c");
    check("http://e.com//a//b", "http://e.com//a//b");
    check("http://e.com/100%/a%20b", "http://e.com/100%25/a%2520b");
    check("http://e.com/?q=%zz&r=%41", "http://e.com/?q=%25zz&r=%2541");
    check("http://e.com/%7e%41%2f", "http://e.com/~A%2F");
    check("http://e.com/?a=[1]", "http://e.com/?a=%5B1%5D");
    check("http://e.com/é?ü=ß", "http://e.com/%C3%A9?%C3%BC=%C3%9F");
    check("http://e.com/?", "http://e.com/");
    check("http://e.com/#", "http://e.com/");
    check("http://straße.de/", "http://xn--strae-oqa.de/");
    check("http://a@b@c.com/", "http://a%40b@c.com/");
    check("http://[FE80::1%25eth0]:8080/", "http://[fe80::1%25eth0]:8080/");
    check("http://e.com\\@evil/", "http://e.com/%5C@evil/");
}

#[test]
fn names_what_is_wrong() {
    for input in ["", "x", "/path", "http//x", "//h/p"] {
        refused(input, ErrorKind::MissingSchema);
    }
    for input in [
        "http:",
        "http://",
        "http:///x",
        "http:x",
        "http://user:secret@",
        "http://a b/",
        "http://a\r\nb/",
        "http://e.com:0/",
        "http://e.com:70000/",
        "http://e.com:x/",
        "http://[1.2.3.4]/",
        "http://[:::1]/",
        "http://[::1",
        "http://[::1]x/",
        "http://*.e.com/",
        "http://.e.com/",
        "http://a%2fb/",
        "http://user:secret@e.com:99999/",
        "http://1:2:3/",
        "http://\u{fffd}/",
    ] {
        refused(input, ErrorKind::InvalidUrl);
    }
    refused(&format!("http://{}.com/", "a".repeat(64)), ErrorKind::InvalidUrl);
}

#[test]
fn the_wire_sees_neither_userinfo_nor_fragment() {
    let url = Url::parse("https://us%65r:p%40ss@e.com:8443/p?q#f").unwrap();
    assert_eq!(url.target(), "/p?q");
    assert_eq!(url.host_header(), "e.com:8443");
    assert_eq!(url.credentials(), Some((b"user".to_vec(), b"p@ss".to_vec())));
    assert_eq!(url.redacted(), "https://e.com:8443/p?q#f");
    assert!(!format!("{url:?}").contains("p%40ss"));
    assert_eq!(Url::parse("http://e.com:80/").unwrap().host_header(), "e.com");
    let zone = Url::parse("http://[fe80::1%25eth0]/").unwrap();
    assert_eq!((zone.host(), &*zone.host_header()), ("fe80::1%eth0", "[fe80::1]"));
}

#[test]
fn flaw_17_userinfo_never_survives_redaction() {
    for text in ["http://u:secret@h", "http://u:secret@h/a@b", "u:secret@h", "x://u:secret@h\\y"] {
        assert!(!without_userinfo(text).contains("secret"), "{text}");
    }
}

#[test]
fn other_schemes_are_kept() {
    for input in
        ["ftp://x/a b", "mailto:a@b", "localhost:3128", "data:text/plain,h i", "1.2.3.4:80/x"]
    {
        let mut url = Url::parse(input).unwrap();
        url.add_query("a=1");
        assert_eq!((url.as_str(), url.scheme(), url.host()), (input, Scheme::Other, ""));
    }
    let url = Url::parse("HTTP+unix://%2Fvar%2FRun/p%7E?q").unwrap();
    assert_eq!(url.as_str(), "http+unix://%2Fvar%2FRun/p~?q");
    assert_eq!(
        (url.scheme_name(), url.host(), url.target()),
        ("http+unix", "%2Fvar%2FRun", "/p~?q")
    );
    check("httpx://a/b", "httpx://a/b");
    refused("http+unix:/x", ErrorKind::InvalidUrl);
    refused("httpx://\r\n/x", ErrorKind::InvalidUrl);
}

#[test]
fn queries_are_added_before_the_fragment() {
    let added = |input: &str, query: &str| {
        let mut url = Url::parse(input).unwrap();
        url.add_query(query);
        assert!(url.as_str().contains(url.target()));
        url.as_str().to_owned()
    };
    assert_eq!(added("http://e.com", "a=1"), "http://e.com/?a=1");
    assert_eq!(added("http://e.com/?x=1&#f", "a=1"), "http://e.com/?x=1&&a=1#f");
    assert_eq!(added("http://e.com/?", "a=1"), "http://e.com/?a=1");
    assert_eq!(added("http://e.com/p", ""), "http://e.com/p");
    let raw = |query: &str| {
        let mut url = Url::parse("http://e.com/").unwrap();
        url.add_raw_query(query);
        url.target().to_owned()
    };
    assert_eq!(raw("raw=%41 b"), "/?raw=A%20b");
    assert_eq!(raw("foo=ö&[x]=%2f"), "/?foo=%C3%B6&[x]=%2f");
    assert_eq!(raw("a#b"), "/?a%23b");
    assert_eq!(raw("100%"), "/?100%25");
}

#[test]
fn a_path_can_be_sent_as_it_is() {
    let as_is = |input: &str| Url::parse_as_is(input).unwrap().as_str().to_owned();
    assert_eq!(
        as_is("http://E.com/a/../b/./%7e%zz?q=[1]#%41"),
        "http://e.com/a/../b/./%7e%zz?q=[1]#%41"
    );
    assert_eq!(as_is("http://e.com?x"), "http://e.com/?x");
    assert_eq!(as_is("http://e.com/a b\r\né"), "http://e.com/a%20b%0D%0A%C3%A9");
}
