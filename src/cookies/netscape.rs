//! Cookie files in Netscape's format, which curl, wget and browsers' exports share: seven fields a
//! line, separated by tabs. Text in, text out; leaves files to the session.
//!
//! A cookie for every host has an empty domain, as Python's `MozillaCookieJar` writes it; `0`
//! stands for the end of the session. What a file says is judged as what a server says is (flaw
//! 51): it may come from elsewhere, and the list of public suffixes grows.

use super::cookie::{
    Cookie, is_path, is_public_suffix, is_sendable, keeps_its_prefix, normal_domain,
};
use crate::error::{Error, ErrorKind, Result};

const FIRST_LINES: &str = "# Netscape HTTP Cookie File\n\
    # Written by librq: domain, subdomains, path, secure, expires, name, value.\n\n";
/// A comment to programs that do not know it.
const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// The cookies of a file, in its order. The first line need not be there. As when a server sets
/// it, a cookie is left out that has no name or breaks the promise of its prefix, and one for all
/// below a public suffix is kept for that host alone.
///
/// # Errors
/// [`ErrorKind::File`] names the first line that is no cookie, and never what it holds.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Cookie>> {
    let mut cookies = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (line, is_http_only) = match line.strip_prefix(HTTP_ONLY) {
            Some(rest) => (rest, true),
            None if line.starts_with(b"#") || line.trim_ascii().is_empty() => continue,
            None => (line, false),
        };
        let cookie = cookie(line, is_http_only).map_err(|why| {
            Error::new(ErrorKind::File, format!("line {} of the cookie file: {why}", at + 1))
        })?;
        if !cookie.name.is_empty() && keeps_its_prefix(&cookie) {
            cookies.push(cookie);
        }
    }
    Ok(cookies)
}

fn cookie(line: &[u8], is_http_only: bool) -> std::result::Result<Cookie, &'static str> {
    let mut fields = line.splitn(7, |byte| *byte == b'\t');
    let mut next = || fields.next().ok_or("a cookie has 7 fields, separated by tabs");
    let domain = text(next()?, "the domain (field 1) is not UTF-8")?;
    let is_shared = flag(next()?, "the subdomains (field 2) are neither TRUE nor FALSE")?;
    let path = text(next()?, "the path (field 3) is not UTF-8")?;
    let is_secure = flag(next()?, "secure (field 4) is neither TRUE nor FALSE")?;
    let expires = text(next()?, "the expiry (field 5) is not a number")?;
    let name = next()?;
    // Editors and some programs drop the tab before an empty value.
    let value = next().unwrap_or_default();

    let domain = normal_domain(domain).map_err(|_| "the domain (field 1) is no host name")?;
    if !is_path(path) {
        return Err("the path (field 3) does not begin with '/' or holds a control character");
    }
    let expires = match expires {
        "" | "0" => None,
        seconds => Some(seconds.parse().map_err(|_| "the expiry (field 5) is not a number")?),
    };
    if name.contains(&b'=') || !is_sendable(name) || !is_sendable(value) {
        return Err("the name or the value (fields 6 and 7) cannot be sent in a Cookie header");
    }
    Ok(Cookie {
        name: name.into(),
        value: value.into(),
        is_host_only: !domain.is_empty() && (!is_shared || is_public_suffix(&domain)),
        domain: domain.into(),
        path: path.into(),
        expires,
        is_secure,
        is_http_only,
    })
}

fn text<'a>(field: &'a [u8], why: &'static str) -> std::result::Result<&'a str, &'static str> {
    str::from_utf8(field).map_err(|_| why)
}

fn flag(field: &[u8], why: &'static str) -> std::result::Result<bool, &'static str> {
    match field {
        _ if field.eq_ignore_ascii_case(b"TRUE") => Ok(true),
        _ if field.eq_ignore_ascii_case(b"FALSE") => Ok(false),
        _ => Err(why),
    }
}

/// The text of a cookie file. A cookie whose name or path holds a tab is left out: the format
/// cannot say it.
pub(crate) fn write<'a>(cookies: impl Iterator<Item = &'a Cookie>) -> Vec<u8> {
    let mut text = FIRST_LINES.as_bytes().to_vec();
    for cookie in cookies {
        if !cookie.name.contains(&b'\t') && !cookie.path.contains('\t') {
            push_line(&mut text, cookie);
        }
    }
    text
}

fn push_line(text: &mut Vec<u8>, cookie: &Cookie) {
    let is_shared = !cookie.is_host_only && !cookie.domain.is_empty();
    let word = |flag: bool| if flag { "TRUE" } else { "FALSE" };
    if cookie.is_http_only {
        text.extend_from_slice(HTTP_ONLY);
    }
    let fields = format!(
        "{}{}\t{}\t{}\t{}\t{}\t",
        if is_shared { "." } else { "" },
        cookie.domain,
        word(is_shared),
        cookie.path,
        word(cookie.is_secure),
        cookie.expires.unwrap_or(0),
    );
    text.extend_from_slice(fields.as_bytes());
    text.extend_from_slice(&cookie.name);
    text.push(b'\t');
    text.extend_from_slice(&cookie.value);
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookies::Jar;
    use crate::url::Url;

    #[test]
    fn what_is_written_is_read_again() {
        let mut jar = Jar::default();
        let url = Url::parse("https://a.example.org/x/y").unwrap();
        for line in [
            &b"host=only"[..],
            b"shared=1; Domain=example.org; Path=/; Secure; HttpOnly",
            b"aged=\"q, r\"; Max-Age=60",
            b"empty=",
            b"bytes=\xe9\xff\ttab = and more",
        ] {
            assert!(jar.receive(&url, line, 1000), "{line:?}");
        }
        jar.set("mine", "ä 1", None, None, false).unwrap();
        jar.set("theirs", "2", Some("example.net"), Some("/p"), true).unwrap();
        assert!(jar.receive(&Url::parse("http://[::1]/").unwrap(), b"six=1", 1000));
        let cookies: Vec<Cookie> = jar.iter(1000).cloned().collect();
        assert_eq!(cookies.len(), 8);
        let text = write(cookies.iter());
        assert_eq!(parse(&text).unwrap(), cookies);
        let text = String::from_utf8_lossy(&text);
        assert!(text.starts_with("# Netscape HTTP Cookie File\n"), "{text}");
        for line in [
            "a.example.org\tFALSE\t/x\tFALSE\t0\thost\tonly\n",
            "#HttpOnly_.example.org\tTRUE\t/\tTRUE\t0\tshared\t1\n",
            "a.example.org\tFALSE\t/x\tFALSE\t1060\taged\t\"q, r\"\n",
            "\n\tFALSE\t/\tFALSE\t0\tmine\tä 1\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in {text}");
        }
    }

    #[test]
    fn files_of_other_programs_are_read() {
        let text = b"\r\n# a comment\r\n\
            .Ex_ample.org\tTRUE\t/\tFALSE\t0\ta\t1\r\n\
            #HttpOnly_b.test\tfalse\t/p\ttrue\t2000000000\tb\t\r\n\
            b.test\tFALSE\t/\tFALSE\t\tc\n\
            b.test\tFALSE\t/\tFALSE\t\t\tno name";
        let cookies = parse(text).unwrap();
        let shown: Vec<_> = cookies
            .iter()
            .map(|cookie| (cookie.domain(), cookie.is_host_only(), cookie.expires()))
            .collect();
        let expected = [
            ("ex_ample.org", false, None),
            ("b.test", true, Some(2_000_000_000)),
            ("b.test", true, None),
        ];
        assert_eq!(shown, expected);
        assert!(cookies[1].is_http_only() && cookies[1].is_secure());
        assert_eq!((cookies[0].value(), cookies[2].value()), (&b"1"[..], &b""[..]));
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn a_bad_line_is_named_and_its_value_is_not() {
        for line in [
            "example.org\tTRUE\t/",
            "example.org TRUE / FALSE 0 sid s3cret",
            "example.org\tyes\t/\tFALSE\t0\tsid\ts3cret",
            "example.org\tTRUE\t/\tno\t0\tsid\ts3cret",
            "example.org\tTRUE\tp\tFALSE\t0\tsid\ts3cret",
            "example.org\tTRUE\t/\x01\tFALSE\t0\tsid\ts3cret",
            "example.org\tTRUE\t/\tFALSE\tsoon\tsid\ts3cret",
            "exa mple/x\tTRUE\t/\tFALSE\t0\tsid\ts3cret",
            "example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret; more",
            "example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret\0",
            "example.org\tTRUE\t/\tFALSE\t0\tsid=s3cret\tx",
        ] {
            let text = format!("# first\n\n{line}\n");
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::File);
            assert!(error.message().starts_with("line 3 of "), "{error}");
            assert!(!error.message().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn what_no_server_could_have_set_is_left_out_or_narrowed() {
        for (line, expected) in [
            (".co.uk\tTRUE\t/\tFALSE\t0\ta\t1", Some(true)),
            (".CO.UK.\tTRUE\t/\tFALSE\t0\ta\t1", Some(true)),
            (".github.io\tTRUE\t/\tFALSE\t0\ta\t1", Some(true)),
            ("com\tTRUE\t/\tFALSE\t0\ta\t1", Some(true)),
            ("127.0.0.1\tTRUE\t/\tFALSE\t0\ta\t1", Some(true)),
            ("example.co.uk\tTRUE\t/\tFALSE\t0\ta\t1", Some(false)),
            ("\tTRUE\t/\tFALSE\t0\ta\t1", Some(false)),
            ("a.test\tFALSE\t/\tTRUE\t0\t__Host-a\t1", Some(true)),
            ("a.test\tFALSE\t/\tFALSE\t0\t__Host-a\t1", None),
            ("a.test\tFALSE\t/x\tTRUE\t0\t__host-a\t1", None),
            ("a.test\tTRUE\t/\tTRUE\t0\t__Host-a\t1", None),
            ("\tFALSE\t/\tTRUE\t0\t__Host-a\t1", None),
            ("a.test\tTRUE\t/\tTRUE\t0\t__Secure-a\t1", Some(false)),
            ("a.test\tTRUE\t/\tFALSE\t0\t__SECURE-a\t1", None),
            ("a.test\tFALSE\t/\tTRUE\t0\t\t__Host-a", None),
        ] {
            let found = parse(line.as_bytes()).unwrap();
            assert_eq!(found.first().map(Cookie::is_host_only), expected, "{line}");
        }
    }

    #[test]
    fn a_tab_in_a_name_cannot_be_written() {
        let mut jar = Jar::default();
        let url = Url::parse("http://example.org/").unwrap();
        assert!(jar.receive(&url, b"a\tb=1", 0) && jar.receive(&url, b"c=2", 0));
        let names: Vec<_> = parse(&write(jar.iter(0))).unwrap();
        assert_eq!(names.iter().map(Cookie::name).collect::<Vec<_>>(), [b"c"]);
    }
}
