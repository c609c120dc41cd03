//! Ways to read a body: pieces, whole, lines, text, JSON, raw, into a file; limits on them; and
//! what one way leaves for another (behaviours D1–D20, E1–E3, V1, V5). The same whatever the
//! framing and wherever the bytes are cut. What text decoders and line splitters make of each input
//! is `text`'s own tests' affair.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rq::{ErrorKind, Phase, Response};
use rq_testd::{Conn, Step};

use crate::client::{failure, ms, text};
use crate::peer::{OK, Peer, answers, say};

/// A reply with these fields and this body, framed by its length, in small chunks, by the close,
/// and slowly in pieces.
fn framings(fields: &str, body: &[u8]) -> Vec<Conn> {
    let head = format!("HTTP/1.1 200 OK\r\n{fields}");
    let length = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let chunks: Vec<u8> = body.chunks(3).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
    let close = format!("{head}\r\n").into_bytes();
    let one = |reply: Vec<u8>, end| vec![Step::ReadHead, say(reply), end];
    let (first, second) = body.split_at(body.len() / 2);
    vec![
        one([&length[..], body].concat(), Step::Stall),
        one([chunked, chunks].concat(), Step::Stall),
        one([close.as_slice(), body].concat(), Step::Close),
        vec![
            Step::ReadHead,
            say([&length[..], first].concat()),
            Step::Wait(ms(5)),
            say(second),
            Step::Stall,
        ],
    ]
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Runs `read` on the body in every framing, plain and under TLS.
#[track_caller]
fn each(fields: &str, body: &[u8], read: &dyn Fn(&mut Response)) {
    for conn in framings(fields, body) {
        for peer in Peer::both(&[conn]) {
            read(&mut peer.get().unwrap());
        }
    }
}

/// All lines of the body.
fn lines(response: &mut Response) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(line) = response.line().unwrap() {
        all.push(line.escape_ascii().to_string());
    }
    assert!(response.line().unwrap().is_none(), "the end stays");
    all
}

/// All lines of the text.
fn text_lines(response: &mut Response) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(line) = response.text_line().unwrap() {
        all.push(line.to_owned());
    }
    all
}

#[test]
fn pieces_join_to_the_whole_whatever_their_size() {
    let body: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
    for size in [1, 7, 4096, 100_000] {
        each("", &body, &|response| {
            let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                match response.read(&mut buffer).unwrap() {
                    0 => break,
                    count => all.extend_from_slice(&buffer[..count]),
                }
            }
            assert!(all == body, "{size}");
        });
    }
}

#[test]
fn what_was_read_whole_is_kept_for_every_other_way() {
    each("Content-Type: text/plain; charset=utf-8\r\n", "a\nb\u{e9}\n".as_bytes(), &|response| {
        for _ in 0..2 {
            assert_eq!(response.bytes().unwrap(), "a\nb\u{e9}\n".as_bytes());
            assert_eq!(response.text().unwrap(), "a\nb\u{e9}\n");
        }
        let mut buffer = [0; 3];
        assert_eq!(response.read(&mut buffer).unwrap(), 3);
        let mut rest = [0; 9];
        assert_eq!(response.read(&mut rest).unwrap(), 3, "the rest of it");
        assert_eq!(rest[..3], *b"\xc3\xa9\n");
        assert_eq!(response.read(&mut rest).unwrap(), 0);
        assert_eq!(response.bytes().unwrap().len(), 6);
    });
}

#[test]
fn lines_are_the_same_however_the_bytes_arrive() {
    for (body, expected) in [
        (&b""[..], &[][..]),
        (b"a", &["a"]),
        (b"a\nb\r\nc\rd", &["a", "b", "c", "d"]),
        (b"a\r\n", &["a"]),
        (b"\n\n", &["", ""]),
        (b"\r\n\r\r\n\n", &["", "", "", ""]),
        (b"one\r\ntwo\r\nthree\r\n", &["one", "two", "three"]),
        (b"\xff\x00\nx", &["\\xff\\x00", "x"]),
    ] {
        each("", body, &|response| assert_eq!(lines(response), expected));
    }
}

#[test]
fn a_delimiter_splits_exactly_and_leaves_no_empty_end() {
    for (delimiter, body, expected) in [
        (&b","[..], &b"a,,b,"[..], &["a", "", "b"][..]),
        (b",", b"a,b", &["a", "b"]),
        (b"--", b"a---b--", &["a", "-b"]),
        (b"\r\n\r\n", b"a\r\nb\r\n\r\nc", &["a\\r\\nb", "c"]),
        (b"aa", b"aaaaa", &["", "", "a"]),
        (b"\0", b"x\0y\0", &["x", "y"]),
    ] {
        each("", body, &|response| {
            response.set_line_delimiter(delimiter).unwrap();
            assert_eq!(lines(response), expected);
        });
    }
}

#[test]
fn lines_of_text_are_decoded_as_the_header_says() {
    for (kind, body, expected) in [
        (
            "text/plain; charset=utf-8",
            "\u{e9}\u{2028}b\u{85}c".as_bytes(),
            &["\u{e9}", "b", "c"][..],
        ),
        ("text/plain; charset=iso-8859-1", b"caf\xe9\nx", &["caf\u{e9}", "x"]),
        ("text/plain; charset=utf-16le", b"a\0\n\0b\0", &["a", "b"]),
        ("application/json", "\u{20ac}\n1".as_bytes(), &["\u{20ac}", "1"]),
        ("text/plain; charset=utf-8", b"bad \xff end\n\xc3", &["bad \u{fffd} end", "\u{fffd}"]),
    ] {
        let fields = format!("Content-Type: {kind}\r\n");
        each(&fields, body, &|response| assert_eq!(text_lines(response), expected, "{kind}"));
    }
}

#[test]
fn text_comes_in_pieces_of_whole_characters() {
    let body = "\u{1f600}\u{e9}x".repeat(500);
    each("Content-Type: text/plain; charset=utf-8\r\n", body.as_bytes(), &|response| {
        let mut all = String::new();
        loop {
            let before = all.len();
            let count = response.read_text(&mut all).unwrap();
            assert_eq!(all.len(), before + count);
            if count == 0 {
                break;
            }
        }
        assert_eq!(all, body);
    });
}

#[test]
fn the_encoding_is_declared_set_or_guessed() {
    for (fields, declared) in [
        ("Content-Type: text/html; charset=\"UTF-8\"\r\n", Some("UTF-8")),
        ("Content-Type: text/plain\r\n", Some("ISO-8859-1")),
        ("Content-Type: application/json\r\n", Some("utf-8")),
        ("Content-Type: application/octet-stream\r\n", None),
        ("", None),
    ] {
        for peer in Peer::both(&[framings(fields, b"caf\xc3\xa9")[0].clone()]) {
            let mut response = peer.get().unwrap();
            assert_eq!(response.encoding().as_deref(), declared, "{fields}");
            let error = response.set_encoding(Some("no-such")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            response.set_encoding(Some("latin1")).unwrap();
            assert_eq!(response.text().unwrap(), "caf\u{c3}\u{a9}");
            response.set_encoding(Some("utf-8")).unwrap();
            assert_eq!(response.text().unwrap(), "caf\u{e9}", "of the same bytes, again");
            response.set_encoding(None).unwrap();
            assert_eq!(response.encoding().as_deref(), declared, "as declared");
        }
    }
}

#[test]
fn json_text_is_utf8_whatever_it_came_in() {
    let utf16 = |big: bool| -> Vec<u8> {
        let unit = move |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        "{\"a\": \"\u{20ac}\"}".encode_utf16().flat_map(unit).collect()
    };
    for body in [
        "{\"a\": \"\u{20ac}\"}".as_bytes().to_vec(),
        "\u{feff}{\"a\": \"\u{20ac}\"}".as_bytes().to_vec(),
        utf16(true),
        utf16(false),
        [b"\xff\xfe".as_slice(), &utf16(false)].concat(),
    ] {
        each("", &body, &|response| {
            assert_eq!(response.json_text().unwrap(), "{\"a\": \"\u{20ac}\"}");
        });
    }
}

#[test]
fn raw_bytes_keep_their_coding_and_do_not_mix() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0";
    each("Content-Encoding: gzip\r\n", gzip, &|response| {
        let (mut all, mut buffer) = (Vec::new(), [0; 4]);
        while let Ok(count @ 1..) = response.read_raw(&mut buffer) {
            all.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(all, gzip);
    });
    each("Content-Encoding: gzip\r\n", gzip, &|response| {
        assert!(response.read_raw(&mut [0; 2]).unwrap() > 0);
        assert_eq!(response.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(response.bytes().unwrap_err().kind(), ErrorKind::Misuse);
    });
    each("Content-Encoding: gzip\r\n", gzip, &|response| {
        assert_eq!(response.bytes().unwrap(), b"a");
        assert_eq!(response.read_raw(&mut [0; 9]).unwrap_err().kind(), ErrorKind::Misuse);
    });
    // Off, the two are the same.
    for peer in Peer::both(&[framings("Content-Encoding: gzip\r\n", gzip)[0].clone()]) {
        peer.session.configure(|options| options.decode(false));
        assert_eq!(peer.get().unwrap().content().unwrap(), gzip);
    }
}

#[test]
fn lines_and_bytes_do_not_mix_while_lines_are_read_ahead() {
    each("", b"a\nb\nc\n", &|response| {
        assert_eq!(response.line().unwrap(), Some(&b"a"[..]));
        assert_eq!(response.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(response.text_line().unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(response.set_line_delimiter(b",").unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(lines(response), ["b", "c"], "and lines go on");
    });
}

/// A path that nothing has, and that is removed when the test ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("rq-save-{}-{number}", std::process::id())))
    }

    /// The names beside it that begin like its own.
    fn beside(&self) -> Vec<String> {
        let own = self.0.file_name().unwrap().to_string_lossy().into_owned();
        let all = fs::read_dir(self.0.parent().unwrap()).unwrap();
        let names = all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains(&own) && *name != own).collect()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn what_is_no_file_is_not_replaced_by_a_saved_one() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let conn = vec![Step::ReadHead, say(OK), Step::Stall];
    let peer = Peer::plain(vec![conn; 4]);
    let save = |path: &Path| {
        peer.session.close_idle();
        peer.get().unwrap().save(path)
    };
    let null = Path::new("/dev/null");
    assert_eq!(save(null).unwrap(), 2);
    assert!(fs::metadata(null).unwrap().file_type().is_char_device(), "still the device");
    let (file, link) = (Temporary::new(), Temporary::new());
    fs::write(&file.0, "old").unwrap();
    symlink(&file.0, &link.0).unwrap();
    save(&link.0).unwrap();
    assert!(link.0.is_symlink(), "still the link");
    assert_eq!(fs::read_to_string(&file.0).unwrap(), "ok");
    let pipe = Temporary::new();
    let made = std::process::Command::new("mkfifo").arg(&pipe.0).status().unwrap();
    assert!(made.success());
    assert_eq!(save(&pipe.0).unwrap_err().kind(), ErrorKind::File);
    assert!(fs::metadata(&pipe.0).unwrap().file_type().is_fifo(), "still the pipe");
}

#[test]
fn a_body_is_saved_whole_or_not_at_all() {
    let body: Vec<u8> = (0..200_000_u32).map(|at| (at % 241) as u8).collect();
    each("", &body[..5000], &|response| {
        let file = Temporary::new();
        fs::write(&file.0, "old").unwrap();
        assert_eq!(response.save(&file.0).unwrap(), 5000);
        assert!(fs::read(&file.0).unwrap() == body[..5000]);
    });
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
    let steps = vec![Step::ReadHead, say([&half[..], &body].concat()), Step::Close];
    for peer in Peer::both(&[steps, answers()]) {
        let file = Temporary::new();
        let mut response = peer.get().unwrap();
        failure(response.save(&file.0), ErrorKind::Incomplete, Phase::Body);
        assert!(!file.0.exists() && file.beside().is_empty(), "nothing is left");
        fs::write(&file.0, "old").unwrap();
        failure(response.save(&file.0), ErrorKind::Incomplete, Phase::Body);
        assert_eq!(fs::read(&file.0).unwrap(), b"old");
        let nowhere = file.0.join("x");
        let error = peer.get().unwrap().save(&nowhere).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.message().contains("rq-save-"), "{error}");
    }
}

#[test]
fn a_body_beyond_its_limit_is_an_error_in_every_framing() {
    let body = [b'x'; 1000];
    for (max, fits) in [(1000, true), (1001, true), (999, false), (0, false)] {
        for conn in framings("", &body) {
            for peer in Peer::both(&[conn, answers()]) {
                peer.session.configure(|options| options.body_max(Some(max)));
                let read = peer.text("GET", b"");
                if fits {
                    assert_eq!(read.unwrap().len(), 1000, "{max}");
                    continue;
                }
                let error = failure(read, ErrorKind::Limit, Phase::Body);
                assert!(error.message().contains(&max.to_string()), "{error}");
                assert_eq!(peer.sockets(), 0);
                peer.session.configure(|options| options.body_max(None));
                peer.goes_on(2);
            }
        }
    }
}

#[test]
fn a_declared_length_beyond_the_limit_is_told_before_a_byte_is_read() {
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
    for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall]]) {
        peer.session.configure(|options| options.body_max(Some(1 << 20)));
        let mut response = peer.get().unwrap();
        assert_eq!((response.status(), peer.sockets()), (200, 0), "nobody waits for it");
        failure(response.read(&mut [0; 10]), ErrorKind::Limit, Phase::Body);
    }
}

#[test]
fn trailers_ok_links_and_lengths_are_told() {
    let reply = "HTTP/1.1 404 Gone Fishing\r\nLink: </2>; rel=\"next\"; title=\"a, b\", <x>; \
        rel=prev\r\nLink: <http://h/>\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\nx\r\n0\r\nSum: 1\r\n\r\n";
    for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall]]) {
        let mut response = peer.get().unwrap();
        assert!(!response.ok() && response.trailers().is_none());
        assert_eq!(response.link("next").as_deref(), Some("/2"));
        let keys: Vec<String> = response.links().into_iter().map(|link| link.key).collect();
        assert_eq!(keys, ["next", "prev", "http://h/"]);
        assert_eq!(text(&mut response).unwrap(), "x");
        assert_eq!(response.trailers().unwrap().get("sum"), Some(&b"1"[..]));
    }
    for (status, ok) in [(200, true), (399, true), (400, false), (599, false), (600, true)] {
        let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        let response = Peer::plain(vec![vec![Step::ReadHead, say(reply), Step::Stall]]).get();
        assert_eq!(response.unwrap().ok(), ok, "{status}");
    }
}

#[test]
fn codings_that_are_not_known_stay_on_with_all_within_them() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0";
    for (names, body) in
        [("new", &gzip[..]), ("gzip, new", gzip), ("new, gzip", b"a"), ("identity, GZip", b"a")]
    {
        let fields = format!("Content-Encoding: {names}\r\n");
        each(&fields, gzip, &|response| assert_eq!(response.bytes().unwrap(), body, "{names}"));
    }
    let twice = [&gzip[..], gzip].concat();
    each("Content-Encoding: gzip\r\n", &twice, &|response| {
        assert_eq!(response.text().unwrap(), "aa", "members are joined");
    });
}
