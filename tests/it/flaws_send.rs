//! Flaws 53 to 63: what a caller gives never becomes more than the one field, line or part that it
//! was given for. Each is tried with line ends, quotes and lengths that would make a second request
//! of it; what reaches the peer is one request, or none.

use std::collections::HashSet;
use std::sync::Arc;

use rq::{Auth, Authenticate, ErrorKind, Options, Part, Phase, Prepared, Request, Result, Session};
use rq_testd::{Conn, Step};

use crate::client::{failure, without_secrets};
use crate::peer::{OK, Peer, answers, say};

/// What an attacker would have the peer see as a line of its own.
const INJECTED: &str = "x\r\nInjected: 1";

fn request(url: &str, change: impl FnOnce(&mut Options)) -> Request {
    let mut request = Request::new("GET", url).unwrap();
    request.configure(change);
    request
}

/// Sends, and returns the lines of the one head that the peer has read; an error must have come
/// before anything was sent.
#[track_caller]
fn lines(peer: &Peer, prepared: Result<Prepared>) -> Option<Vec<String>> {
    let before = peer.accepted();
    match prepared.and_then(|prepared| peer.session.send(&prepared)) {
        Ok(mut response) => {
            response.content().unwrap();
            let head = String::from_utf8(peer.received(before)).unwrap();
            peer.session.close_idle();
            Some(head.trim_end_matches("\r\n").split("\r\n").map(str::to_owned).collect())
        }
        Err(error) => {
            assert!(matches!(error.phase(), Phase::Prepare | Phase::Send), "{error:?}");
            without_secrets(&error);
            assert_eq!(peer.accepted(), before, "nothing is sent: {error}");
            None
        }
    }
}

/// No line of `lines` is the attacker's.
#[track_caller]
fn check_lines(lines: &[String]) {
    let is_injected = |line: &String| line.to_ascii_lowercase().starts_with("injected");
    assert!(!lines.iter().any(is_injected), "{lines:#?}");
    assert!(lines[0].ends_with(" HTTP/1.1") && lines[0].split(' ').count() == 3, "{lines:#?}");
}

/// Any number of connections that answer once.
fn any() -> Vec<Conn> {
    vec![answers(); 64]
}

#[test]
fn flaw_53_a_method_is_a_token() {
    for peer in Peer::both(&any()) {
        for method in
            ["", " ", "G T", "GET / HTTP/1.1\r\nInjected: 1\r\n\r\n", "GET\n", "G\0", "GÉT", "G:"]
        {
            let error = Request::new(method, &peer.url()).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidMethod, Phase::Prepare));
            let mut prepared = peer.session.prepare(&request(&peer.url(), |_| {})).unwrap();
            assert_eq!(prepared.set_method(method).unwrap_err().kind(), ErrorKind::InvalidMethod);
            assert_eq!(prepared.method(), "GET", "the old one stays");
        }
        assert_eq!(peer.accepted(), 0);
        let own = Request::new("m!#$%&'*+-.^_`|~9", &peer.url()).unwrap();
        let seen = lines(&peer, peer.session.prepare(&own)).unwrap();
        assert_eq!(seen[0], "M!#$%&'*+-.^_`|~9 / HTTP/1.1");
    }
}

#[test]
fn flaw_54_no_url_holds_a_line_end_or_a_blank() {
    for peer in Peer::both(&any()) {
        let base = peer.url();
        let split = base.replacen("://", "://a\r\nInjected: 1:", 1);
        let host = base.replacen('@', "@h\r\nInjected: 1", 1);
        let mut sent = 0;
        for url in [
            format!("{base}/a b\r\nInjected: 1"),
            format!("{base}/?q=\r\nInjected: 1\t\0\x7f"),
            format!("{base}/ HTTP/1.1\r\nInjected: 1\r\n\r\n#"),
            format!("{base}/#\r\nInjected: 1"),
            format!("{base}\r\nInjected: 1"),
            split,
            host,
        ] {
            for as_is in [false, true] {
                let request = request(&url, |options| options.path_as_is(as_is));
                if let Some(lines) = lines(&peer, peer.session.prepare(&request)) {
                    check_lines(&lines);
                    sent += 1;
                }
                let mut prepared = peer.session.prepare(&self::request(&base, |_| {})).unwrap();
                if prepared.set_url(&url).is_ok() {
                    check_lines(&lines(&peer, Ok(prepared)).unwrap());
                }
            }
        }
        assert!(sent >= 3, "what can be escaped is escaped");
    }
}

#[test]
fn flaw_54_parameters_are_escaped() {
    for peer in Peer::both(&any()) {
        let with = |change: &dyn Fn(&mut Options)| {
            lines(&peer, peer.session.prepare(&request(&peer.url(), change))).unwrap()
        };
        let seen = with(&|options| options.param(INJECTED, Some(INJECTED)));
        assert_eq!(seen[0], "GET /?x%0D%0AInjected%3A+1=x%0D%0AInjected%3A+1 HTTP/1.1");
        let seen = with(&|options| options.params_raw(Some("a b\r\nInjected: 1#x")));
        check_lines(&seen);
        assert_eq!(seen[0], "GET /?a%20b%0D%0AInjected:%201%23x HTTP/1.1");
    }
}

/// A place where a caller's text can go to the wire, and how it is put there.
type Place = (&'static str, Box<dyn Fn(&mut Request) -> Result<()>>);

/// Each of them, given `text`.
fn places(text: &'static str) -> Vec<Place> {
    let header = |name: &'static str| -> Place {
        (name, Box::new(move |request| request.configure(|options| options.header(name, text))))
    };
    let mut places: Vec<Place> =
        ["X", "Host", "Content-Type", "Upgrade", "Cookie", "Authorization", "Expect", "Connection"]
            .map(header)
            .into();
    let add = move |options: &mut Options| options.header_add("X", text);
    let name = move |options: &mut Options| options.header(text, "1");
    let cookie = move |options: &mut Options| options.cookie("c", Some(text));
    let cookie_name = move |options: &mut Options| options.cookie(text, Some("c"));
    let bearer = move |options: &mut Options| Auth::bearer(text).map(|auth| options.auth(auth));
    let basic = move |options: &mut Options| -> Result<()> {
        options.auth(Auth::basic(text, text));
        Ok(())
    };
    places.push(("an added header", Box::new(move |request| request.configure(add))));
    places.push(("a header's name", Box::new(move |request| request.configure(name))));
    places.push(("a cookie's value", Box::new(move |request| request.configure(cookie))));
    places.push(("a cookie's name", Box::new(move |request| request.configure(cookie_name))));
    places.push(("a bearer token", Box::new(move |request| request.configure(bearer))));
    places.push(("basic credentials", Box::new(move |request| request.configure(basic))));
    places
}

#[test]
fn flaw_55_no_string_of_the_callers_reaches_the_wire_as_a_line_of_its_own() {
    for peer in Peer::both(&any()) {
        for text in [INJECTED, "x\nInjected: 1", "x\rInjected: 1", "x\r\n\r\nGET /2 HTTP/1.1"] {
            for (place, set) in places(text) {
                let mut request = request(&peer.url(), |_| {});
                let prepared = set(&mut request).and_then(|()| peer.session.prepare(&request));
                // What is coded anyway may hold anything.
                let is_coded = place == "basic credentials";
                let error = prepared.as_ref().err().map(rq::Error::kind);
                assert_eq!(error.is_none(), is_coded, "{place}: {error:?}");
                if let Ok(prepared) = prepared {
                    check_lines(&lines(&peer, Ok(prepared)).unwrap());
                }
            }
        }
        assert_eq!(peer.accepted(), 4, "nothing else was sent");
    }
}

/// Writes a header after everything has been checked.
struct Smuggler;

impl Authenticate for Smuggler {
    fn authenticate(&self, prepared: &mut Prepared) -> Result<()> {
        prepared.headers_mut().set("X", INJECTED.as_bytes())
    }
}

#[test]
fn flaw_55_nor_one_of_the_callers_own_code() {
    for peer in Peer::both(&[answers()]) {
        let own = request(&peer.url(), |options| options.auth(Auth::custom(Arc::new(Smuggler))));
        assert_eq!(peer.session.prepare(&own).unwrap_err().kind(), ErrorKind::InvalidHeader);
        let hooked = request(&peer.url(), |options| {
            options.on_request(Arc::new(|prepared| Smuggler.authenticate(prepared)));
        });
        let sent = peer.session.send(&peer.session.prepare(&hooked).unwrap());
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::InvalidHeader);
        assert_eq!(peer.accepted(), 0);
    }
}

#[test]
fn flaw_56_a_value_is_one_line_without_a_blank_before_it() {
    for peer in Peer::both(&any()) {
        let mut edited = peer.session.prepare(&request(&peer.url(), |_| {})).unwrap();
        for value in ["?\r\nb", "?\nb", "?\rb", "?\0b", "?\r\n b", "?\r\n\tb", " ?", "\t?", "\n?"] {
            let value = value.replace('?', "t0ken");
            let mut request = request(&peer.url(), |_| {});
            let error = request.configure(|options| options.header("X", &value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{value:?}");
            assert!(error.message().contains("\"X\"") && !error.message().contains("t0ken"));
            assert!(edited.headers_mut().set("X", value.as_bytes()).is_err(), "{value:?}");
            assert!(edited.headers_mut().add("X", value.as_bytes()).is_err(), "{value:?}");
        }
        assert_eq!(edited.headers().get("X"), None);
        let whole = request(&peer.url(), |options| {
            options.header("X", b"caf\xe9 \"\\;,=\x7e").unwrap();
            options.header("Empty", "").unwrap();
        });
        peer.session.send(&peer.session.prepare(&whole).unwrap()).unwrap();
        let seen = peer.received(0).escape_ascii().to_string();
        assert!(seen.contains(r#"X: caf\xe9 \"\\;,=~\r\nEmpty: \r\n"#), "{seen}");
    }
}

/// The body of a form with this part.
fn body_with(part: Part) -> String {
    let mut request = Request::new("POST", "http://example.org/").unwrap();
    request.part(part);
    let prepared = Session::new().prepare(&request).unwrap();
    String::from_utf8(prepared.body().unwrap().to_vec()).unwrap()
}

#[test]
fn flaw_57_the_headers_of_a_part_are_checked_like_any() {
    for text in [INJECTED, "text/plain\n", "a\rb", "a\0b", "a\r\n\r\nbody"] {
        let mut part = Part::new("f");
        for error in [
            part.content_type(text).unwrap_err(),
            part.header("X", text).unwrap_err(),
            part.header(text, "x").unwrap_err(),
            part.header("Content-Type", text).unwrap_err(),
            part.header("Content-Disposition", "form-data").unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidHeader, Phase::Prepare));
        }
        part.bytes("content");
        let body = body_with(part);
        assert!(body.contains("name=\"f\"\r\n\r\ncontent\r\n--"), "{body}");
    }
}

#[test]
fn flaw_58_names_do_not_break_out_of_their_quotes() {
    let name = "a\"; x=\"\r\nInjected: 1\r\n\r\n\\";
    let mut part = Part::new(name);
    part.filename(Some(name));
    let body = body_with(part);
    let escaped = "a%22; x=%22%0D%0AInjected: 1%0D%0A%0D%0A\\";
    let line = format!("name=\"{escaped}\"; filename=\"{escaped}\"\r\n\r\n");
    assert!(body.contains(&line), "{body}");
    let mut form = Request::new("POST", "http://example.org/").unwrap();
    form.field(name, "1");
    form.part(Part::new("f"));
    let prepared = Session::new().prepare(&form).unwrap();
    let body = String::from_utf8(prepared.body().unwrap().to_vec()).unwrap();
    assert!(body.contains(&format!("name=\"{escaped}\"\r\n\r\n1\r\n")), "{body}");
}

#[test]
fn flaw_59_boundaries_are_128_random_bits() {
    let mut seen = HashSet::new();
    let mut ones = 0;
    for _ in 0..1000 {
        let body = body_with(Part::new("f"));
        let boundary = body.strip_prefix("--").unwrap().split("\r\n").next().unwrap().to_owned();
        assert!(boundary.len() == 32 && boundary.bytes().all(|b| b.is_ascii_hexdigit()));
        ones += boundary.chars().map(|c| c.to_digit(16).unwrap().count_ones()).sum::<u32>();
        assert!(seen.insert(boundary), "twice");
    }
    // Of 128,000 bits half are set; a constant part would be far off.
    assert!((62_000..66_000).contains(&ones), "{ones}");
}

#[test]
fn flaw_60_two_lengths_are_never_sent_and_a_wrong_one_neither() {
    for peer in Peer::both(&any()) {
        for (fields, body) in [
            (&[("Content-Length", "5"), ("content-length", "3")][..], "hello"),
            (&[("content-length", "5"), ("CONTENT-LENGTH", "5")], "hello"),
            (&[("CONTENT-length", "4")], "hello"),
            (&[("Content-Length", "5"), ("transfer-encoding", "chunked")], "hello"),
            (&[("TRANSFER-encoding", "chunked"), ("content-length", "0")], ""),
        ] {
            let mut own = Request::new("POST", &peer.url()).unwrap();
            own.configure(|options| {
                fields.iter().for_each(|(name, value)| options.header_add(name, value).unwrap());
            });
            own.body(body);
            let mut edited = peer.session.prepare(&request(&peer.url(), |_| {})).unwrap();
            edited.set_body(body);
            for (name, value) in fields {
                edited.headers_mut().add(name, value.as_bytes()).unwrap();
            }
            for prepared in [peer.session.prepare(&own), Ok(edited)] {
                let Some(seen) = lines(&peer, prepared) else { continue };
                let framed = |line: &&String| {
                    let line = line.to_ascii_lowercase();
                    line.starts_with("content-length:") || line.starts_with("transfer-encoding:")
                };
                assert_eq!(seen.iter().filter(framed).count(), 1, "{fields:?}: {seen:#?}");
            }
        }
    }
}

#[test]
fn flaw_60_a_wrong_length_is_an_error_before_anything_is_sent() {
    for peer in Peer::both(&[answers()]) {
        for length in ["0", "4", "6", "05 ", "5,5"] {
            let mut prepared = peer.session.prepare(&request(&peer.url(), |_| {})).unwrap();
            prepared.set_body("hello");
            prepared.headers_mut().set("content-LENGTH", length.as_bytes()).unwrap();
            failure(peer.session.send(&prepared), ErrorKind::InvalidHeader, Phase::Send);
        }
        assert_eq!(peer.accepted(), 0);
    }
}

#[test]
fn flaw_61_a_body_is_framed_whatever_the_method() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "MKCOL", "POST"] {
        let steps = vec![Step::ReadHead, Step::ReadBody(5), say(OK), Step::Stall];
        for peer in Peer::both(&[steps, answers()]) {
            let answer = if method == "HEAD" { "" } else { "ok" };
            assert_eq!(peer.text(method, b"hello").unwrap(), answer);
            let sent = String::from_utf8(peer.received(0)).unwrap();
            assert!(sent.contains("\r\nContent-Length: 5\r\n") && sent.ends_with("\r\n\r\nhello"));
            peer.session.close_idle();
            peer.text(method, b"").unwrap();
            let sent = String::from_utf8(peer.received(1)).unwrap();
            let bare = matches!(method, "GET" | "HEAD");
            assert_eq!(sent.contains("\r\nContent-Length: 0\r\n"), !bare, "{sent}");
            assert!(!sent.contains("Transfer-Encoding") && sent.ends_with("\r\n\r\n"), "{sent}");
        }
    }
}

#[test]
fn flaw_62_digest_values_stay_in_their_quotes() {
    let challenge = "HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Digest \
        realm=\"a\\\"b\\\\, c=\\\"d\", nonce=\"n\\\"1\", opaque=\"o\\\"p\", qop=\"auth\"\r\n\r\n";
    let steps = vec![Step::ReadHead, say(challenge), Step::ReadHead, say(OK), Step::Stall];
    for peer in Peer::both(&[steps]) {
        let url = format!("{}/p%22?q=\"x\"", peer.url());
        let own = request(&url, |options| options.auth(Auth::digest("u\"ser\\", "p\"w")));
        peer.session.send(&peer.session.prepare(&own).unwrap()).unwrap();
        let sent = String::from_utf8(peer.received(0)).unwrap();
        let answer = sent.lines().rfind(|line| line.starts_with("Authorization: Digest ")).unwrap();
        for field in [
            r#"username="u\"ser\\""#,
            r#"realm="a\"b\\, c=\"d""#,
            r#"nonce="n\"1""#,
            r#"opaque="o\"p""#,
            r#"uri="/p%22?q=%22x%22""#,
        ] {
            assert!(answer.contains(field), "{field}: {answer}");
        }
        assert!(!answer.contains("p\\\"w") && !answer.contains("p\"w"), "{answer}");
    }
}

#[test]
fn flaw_62_control_bytes_in_digest_credentials_are_an_error() {
    let challenge = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\
        WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";
    let steps = vec![Step::ReadHead, say(challenge), Step::Stall];
    for peer in Peer::both(&[steps]) {
        let own = request(&peer.url(), |options| options.auth(Auth::digest(INJECTED, "p")));
        let result = peer.session.prepare(&own).and_then(|own| peer.session.send(&own));
        failure(result, ErrorKind::InvalidArgument, Phase::Prepare);
        assert!(!peer.received(0).windows(8).any(|bytes| bytes == b"Injected"));
    }
}

#[test]
fn flaw_63_what_is_not_ascii_is_escaped_and_never_cut_to_a_byte() {
    // Cut to their low byte these would be CR, LF and a blank.
    let smuggled = "\u{10d}\u{10a}\u{120}\u{ff0d}\u{ff0a}";
    let escaped = "%C4%8D%C4%8A%C4%A0%EF%BC%8D%EF%BC%8A";
    for peer in Peer::both(&any()) {
        for as_is in [false, true] {
            let url = format!("{}/{smuggled}?{smuggled}#{smuggled}", peer.url());
            let own = request(&url, |options| options.path_as_is(as_is));
            let seen = lines(&peer, peer.session.prepare(&own)).unwrap();
            assert_eq!(seen[0], format!("GET /{escaped}?{escaped} HTTP/1.1"));
            check_lines(&seen);
        }
        let host = peer.url().replacen('@', &format!("@a{smuggled}b"), 1);
        assert!(lines(&peer, peer.session.prepare(&request(&host, |_| {}))).is_none());
    }
}
