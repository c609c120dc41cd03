//! What public suffixes and limits keep out of the jar and out of the header (flaws 46 and 49).
//! Leaves the public API and the wire to the integration tests of the same flaws.

use super::tests::{NOW, after, jar, sent, url};
use super::*;
use crate::limits::SET_COOKIE_BYTES_MAX;

#[test]
fn suffixes_by_the_list_and_without_it() {
    for domain in [
        // ICANN's section, the private one, wildcards, one in another script.
        "com",
        "co.uk",
        "github.io",
        "any.ck",
        "a.kawasaki.jp",
        // By a wildcard, although there is another one right below it.
        "mtls.run.app",
        "xn--55qx5d.cn",
        // Not in the list.
        "localhost",
        "test",
        "com.",
        "Co.UK",
        "CO.UK.",
        "XN--55QX5D.CN.",
        // Addresses, and what is no name.
        "127.0.0.1",
        "127.0.0.1.",
        "0.1",
        "::1",
        "0x7f.0x1",
        "",
        ".",
        ".com",
        "com..",
        "a..test",
    ] {
        assert!(cookie::is_public_suffix(domain), "{domain}");
    }
    for domain in [
        "example.com",
        "example.co.uk",
        "EXAMPLE.co.uk.",
        "me.github.io",
        "www.ck",
        "b.any.ck",
        "city.kawasaki.jp",
        "example.xn--55qx5d.cn",
        "a.localhost",
        "1.example",
        "0xy.example.0xyz",
    ] {
        assert!(!cookie::is_public_suffix(domain), "{domain}");
    }
}

#[test]
fn a_long_line_is_ignored_whatever_is_in_it() {
    let line = |bytes: usize| {
        let start = "a=1; x=";
        format!("{start}{}", "v".repeat(bytes - start.len()))
    };
    assert_eq!(after("http://a.test/", &line(SET_COOKIE_BYTES_MAX), "http://a.test/"), "a=1");
    assert_eq!(after("http://a.test/", &line(SET_COOKIE_BYTES_MAX + 1), "http://a.test/"), "");
}

#[test]
fn a_header_ends_with_the_last_cookie_that_fits() {
    let room = COOKIE_HEADER_BYTES_MAX - "Cookie: ".len();
    let (first, filler) = (format!("a={}", "v".repeat(4095)), "b=; ".len());
    let second = format!("b={}", "v".repeat(room - first.len() - filler));
    let full = jar(&[("http://a.test/", &first), ("http://a.test/", &second)]);
    let header = sent(&full, "http://a.test/");
    assert!(header == format!("{first}; {second}"), "{} bytes", header.len());
    assert_eq!("Cookie: ".len() + header.len(), COOKIE_HEADER_BYTES_MAX);
    let one_more = format!("{second}v");
    let over = [("http://a.test/", &*first), ("http://a.test/", &one_more)];
    assert!(sent(&jar(&over), "http://a.test/") == first);
    // What comes after it would fit: the last are left out, not the long ones.
    let mut over = jar(&over);
    assert!(over.receive(&url("http://a.test/"), b"c=3", NOW));
    assert!(sent(&over, "http://a.test/") == first);
}

#[test]
fn a_header_holds_so_many_cookies_of_servers() {
    let mut jar = Jar::default();
    for n in 0..COOKIES_SENT_MAX {
        assert!(jar.receive(&url("http://a.b.test/"), format!("n{n}=").as_bytes(), NOW));
        assert!(jar.receive(
            &url("http://b.test/"),
            format!("d{n}=; Domain=b.test").as_bytes(),
            NOW
        ));
    }
    let header = sent(&jar, "http://a.b.test/");
    assert_eq!(header.split("; ").count(), COOKIES_SENT_MAX);
    assert!(header.starts_with("n0=; d0=; n1=; ") && header.ends_with("; n74=; d74="), "{header}");
}

#[test]
fn servers_cannot_crowd_out_the_programs_cookies() {
    let big = "v".repeat(3000);
    let mut jar = Jar::default();
    for n in 0..5 {
        let line = format!("n{n}={big}; Path=/x");
        assert!(jar.receive(&url("http://a.test/"), line.as_bytes(), NOW));
    }
    jar.set("mine", "1", None, None, false).unwrap();
    let own = [("own".to_owned(), Some(big.clone()))];
    let header = jar.header(&url("http://a.test/x"), &own, NOW).unwrap();
    let header = String::from_utf8(header).unwrap();
    assert!(header == format!("n0={big}; mine=1; own={big}"), "{} bytes", header.len());
    // The program's own are no server's doing: all of them are sent.
    let own = [("own".to_owned(), Some("v".repeat(COOKIE_HEADER_BYTES_MAX)))];
    let header = String::from_utf8(jar.header(&url("http://a.test/x"), &own, NOW).unwrap());
    assert!(header.unwrap().starts_with("mine=1; own=vvv"));
}
