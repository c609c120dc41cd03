//! Flaws 77 to 80 and fault 73: content codings of a server that means harm, in every framing.
//! However much they would make, the caller gets no more than asked for; what is corrupt or cut
//! short is an error, and its connection ends. What the coders make of each input is `coding`'s own
//! tests' affair.

use std::fs;
use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use rq::limits::CODINGS_MAX;
use rq::{Error, ErrorKind, Phase};
use rq_testd::{Conn, Step};

use crate::client::{at_once, failure, text};
use crate::peer::{Peer, answers, check_fault, say};

const TEXT: &str = "a text that is long enough to be worth a coding, and then some more of it";
/// [`TEXT`] in br, which there is no encoder of here.
const BR_TEXT: &[u8] =
    b"\x1b\x48\x00\xa8\x1d\x09\x36\x4e\x76\x6d\x9e\xc5\xe0\x08\x95\x9e\x6f\x65\x61\x2d\
    \x36\x96\x36\xa7\x41\xda\xdc\xe8\x82\x43\x0e\x1c\xbf\x85\xd7\x80\x03\x2f\x81\xa0\
    \xb0\xfa\x88\x2a\x6b\x8b\x19\x40\x53\x0d\x42\x64\x59\x9d\xa8\x24\x27\x46\x36\xeb\
    \xa1\x65\x07";
/// 16 MiB of zeros in br.
const BR_ZEROS: &[u8] =
    b"\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x2f\xff\xff\xff\xf0\x4f\x00\
    \xc4\x61\x11\x80\xee\xfd\x1f";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// Bytes that no coding makes smaller.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Every coding, and [`TEXT`] in it.
fn coded() -> Vec<(&'static str, Vec<u8>)> {
    let text = TEXT.as_bytes();
    vec![
        ("gzip", gzip(text)),
        ("deflate", zlib(text)),
        ("deflate", raw_deflate(text)),
        ("br", BR_TEXT.to_vec()),
        ("zstd", zstd(text)),
        ("deflate, gzip", gzip(&zlib(text))),
        ("br, zstd", zstd(BR_TEXT)),
    ]
}

/// A reply with these fields and this body, framed by its length, in chunks, and by the close.
fn framings(fields: &str, body: &[u8]) -> [(&'static str, Conn); 3] {
    let length = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n", body.len());
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{fields}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    let close = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
    let reply = |parts: &[&[u8]], end| vec![Step::ReadHead, say(parts.concat()), end];
    [
        ("length", reply(&[length.as_bytes(), body], Step::Stall)),
        ("chunks", reply(&[chunked.as_bytes(), body, b"\r\n0\r\n\r\n"], Step::Stall)),
        ("close", reply(&[close.as_bytes(), body], Step::Close)),
    ]
}

fn coding(names: &str) -> String {
    format!("Content-Encoding: {names}")
}

/// A reply with a bad coding is an error, plain and under TLS, at once, and nothing is resent.
/// Where the body had come whole, nothing is wrong with its connection; else it is closed.
#[track_caller]
fn check_coding(conn: Conn) -> Vec<Error> {
    let stays = conn.last().is_some_and(|step| matches!(step, Step::Stall));
    let first = if stays { [&conn[..conn.len() - 1], &answers()].concat() } else { conn };
    let conns = [first, answers()];
    let check = |peer: Peer| {
        let error = at_once(|| failure(peer.text("GET", b""), ErrorKind::Decode, Phase::Body));
        assert_eq!(peer.accepted(), 1, "nothing is resent: {error}");
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let sockets = peer.sockets();
        assert!(sockets <= 1, "{sockets} sockets after: {error}");
        error
    };
    Peer::both(&conns).into_iter().map(check).collect()
}

/// A reply of this coding, with a length.
fn replies(names: &str, body: &[u8]) -> Conn {
    framings(&coding(names), body)[0].1.clone()
}

#[test]
fn every_coding_is_taken_off_in_every_framing_and_the_connection_kept() {
    for (names, body) in coded() {
        for (framing, mut conn) in framings(&coding(names), &body) {
            let kept = conn.last().is_some_and(|step| matches!(step, Step::Stall));
            if kept {
                conn.pop();
                conn.extend(answers());
            }
            let conns = if kept { vec![conn] } else { vec![conn, answers()] };
            for peer in Peer::both(&conns) {
                let mut response = peer.get().unwrap();
                assert_eq!(text(&mut response).unwrap(), TEXT, "{names} by {framing}");
                assert!(response.headers().contains("content-encoding"), "as it was sent (D14)");
                peer.goes_on(conns.len());
            }
        }
    }
}

#[test]
fn fault_73_a_coding_that_is_cut_short_is_an_error_in_every_framing() {
    for (names, body) in coded() {
        for end in [1, body.len() / 2, body.len() - 1] {
            for (framing, conn) in framings(&coding(names), &body[..end]) {
                for error in check_coding(conn) {
                    assert!(error.message().contains("cut short"), "{names} {framing}: {error}");
                }
            }
        }
    }
}

#[test]
fn fault_73_a_body_that_is_cut_short_is_truncated_even_if_its_coding_ended() {
    let body = gzip(TEXT.as_bytes());
    let length = format!(
        "HTTP/1.1 200 OK\r\n{}\r\nContent-Length: {}\r\n\r\n",
        coding("gzip"),
        body.len() + 1
    );
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        coding("gzip"),
        body.len()
    );
    for reply in [
        [length.as_bytes(), &body].concat(),
        [chunked.as_bytes(), &body].concat(),
        [chunked.as_bytes(), &body, b"\r\n"].concat(),
        [length.as_bytes(), &body[..20]].concat(),
    ] {
        let steps = vec![Step::ReadHead, say(reply), Step::Close];
        check_fault(steps, ErrorKind::Incomplete, Phase::Body);
    }
}

#[test]
fn fault_73_what_is_corrupt_is_an_error() {
    for (names, body) in coded() {
        let mut wrong = body.clone();
        // The last bytes hold sums, but those of a raw deflate; its first hold its form. This one
        // of br's would mean something that cannot be.
        let at = if body == raw_deflate(TEXT.as_bytes()) { 0 } else { body.len() - 2 };
        wrong[at] ^= 0x5e;
        if names == "zstd" {
            wrong[..4].copy_from_slice(b"nope");
        }
        for (framing, conn) in framings(&coding(names), &wrong) {
            for error in check_coding(conn) {
                assert!(error.message().contains("cannot be decoded"), "{framing}: {error}");
            }
        }
    }
    for names in ["gzip", "deflate", "br", "zstd"] {
        let plain = b"not coded at all, whatever the header says";
        check_coding(replies(names, plain));
    }
}

#[test]
fn fault_73_an_error_stays_and_what_came_before_it_was_given() {
    let mut body = gzip(TEXT.repeat(1000).as_bytes());
    let last = body.len() - 6;
    body[last] ^= 1;
    for peer in Peer::both(&[replies("gzip", &body), answers()]) {
        let mut response = peer.get().unwrap();
        let (mut all, mut buffer) = (Vec::new(), [0; 1000]);
        let first = loop {
            match response.read(&mut buffer) {
                Ok(0) => panic!("a corrupt body passed for a whole one"),
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => break failure::<()>(Err(error), ErrorKind::Decode, Phase::Body),
            }
        };
        assert!(TEXT.repeat(1000).as_bytes().starts_with(&all) && all.len() > 1000);
        for _ in 0..3 {
            let again = failure(response.read(&mut buffer), ErrorKind::Decode, Phase::Body);
            assert_eq!(again.message(), first.message());
        }
    }
}

#[test]
fn fault_73_what_is_corrupt_early_ends_its_connection() {
    // Most of the body has not come: nobody waits for it.
    let mut body = gzip(&noise(1 << 20));
    body[2000] ^= 1;
    body[3] = 0xff;
    for (names, body) in [("gzip", body), ("zstd", noise(1 << 20)), ("br", noise(1 << 20))] {
        let mut conn = replies(names, &body[..100_000]);
        conn[1] = say([
            format!("HTTP/1.1 200 OK\r\n{}\r\nContent-Length: {}\r\n\r\n", coding(names), 1 << 30)
                .as_bytes(),
            &body[..100_000],
        ]
        .concat());
        check_fault(conn, ErrorKind::Decode, Phase::Body);
    }
}

#[test]
fn a_body_that_is_none_has_no_coding() {
    for (method, reply) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"),
        ("GET", "HTTP/1.1 204 None\r\nContent-Encoding: br\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Same\r\nContent-Encoding: zstd\r\nContent-Length: 20\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 0\r\n\r\n"),
    ] {
        for peer in Peer::both(&[[vec![Step::ReadHead, say(reply)], answers()].concat()]) {
            assert_eq!(peer.text(method, b"").unwrap(), "", "{method} {reply}");
            peer.goes_on(1);
        }
    }
}

#[test]
fn flaw_77_more_codings_than_anybody_needs_are_refused_over_all_fields() {
    let mut body = TEXT.as_bytes().to_vec();
    for _ in 0..CODINGS_MAX {
        body = gzip(&body);
    }
    let names = |count: usize| vec!["gzip"; count].join(", ");
    let fits = [names(CODINGS_MAX), names(CODINGS_MAX - 2) + "\r\nContent-Encoding: gzip, gzip"];
    for names in fits {
        for peer in Peer::both(&[replies(&names, &body)]) {
            assert_eq!(peer.text("GET", b"").unwrap(), TEXT, "{names}");
        }
    }
    let field = "gzip\r\nContent-Encoding: ";
    for names in [
        names(CODINGS_MAX + 1),
        field.repeat(CODINGS_MAX) + "gzip",
        names(3) + "\r\ncontent-ENCODING: " + &names(3),
        names(2000),
        vec!["nobody-knows"; 2000].join(","),
    ] {
        for (_, conn) in framings(&coding(&names), &gzip(&body)) {
            check_coding(conn);
        }
    }
}

/// 256 MiB of zeros, in gzip.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let zeros = vec![0; 1 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    (0..256).for_each(|_| encoder.write_all(&zeros).unwrap());
    encoder.finish().unwrap()
});

/// Bodies that are small, and what they are once decoded: 256 MiB, or 16.
fn bombs() -> Vec<(&'static str, Vec<u8>, u64)> {
    let zstd = zstd(&vec![0; 16 << 20]);
    vec![
        ("gzip", BOMB.clone(), 256 << 20),
        ("gzip, gzip", gzip(&BOMB), 256 << 20),
        ("br", BR_ZEROS.to_vec(), 16 << 20),
        ("zstd", zstd, 16 << 20),
    ]
}

#[test]
fn flaw_78_a_bomb_gives_no_more_than_is_asked_for_and_its_limit_holds() {
    for (names, bomb, size) in bombs() {
        assert!((bomb.len() as u64) < size / 200, "{names}: {}", bomb.len());
        let bomb = replies(names, &bomb)[..2].to_vec();
        let bomb_twice = [bomb.clone(), bomb, vec![Step::Stall]].concat();
        for peer in Peer::both(&[bomb_twice.clone(), bomb_twice.clone()]) {
            let mut response = peer.get().unwrap();
            let mut buffer = [1; 100];
            for _ in 0..10 {
                let count = response.read(&mut buffer[..10]).unwrap();
                assert!((1..=10).contains(&count) && buffer[10..] == [1; 90]);
            }
            drop(response);
            let max = 1 << 20;
            peer.session.configure(|options| options.decoded_max(Some(max)));
            let mut response = peer.get().unwrap();
            let error = failure(response.content(), ErrorKind::Limit, Phase::Body);
            assert!(error.message().contains("1048576"), "{names}: {error}");
            // What came within the limit can still be had; then the error stays.
            let mut all = 0;
            while let Ok(count) = response.read(&mut buffer) {
                assert!(count > 0, "{names}: a limited body passed for a whole one");
                all += count as u64;
            }
            assert!(all <= max, "{names}: {all}");
            failure(response.read(&mut buffer), ErrorKind::Limit, Phase::Body);
        }
    }
}

#[test]
fn flaw_78_a_limit_that_is_met_exactly_is_none() {
    for (names, body) in coded() {
        let size = TEXT.len() as u64;
        for (max, fits) in [(size, true), (size + 1, true), (size - 1, false), (0, false)] {
            for (framing, conn) in framings(&coding(names), &body) {
                for peer in Peer::both(&[conn]) {
                    peer.session.configure(|options| options.decoded_max(Some(max)));
                    let read = peer.text("GET", b"");
                    match fits {
                        true => assert_eq!(read.unwrap(), TEXT, "{names} {framing}"),
                        false => drop(failure(read, ErrorKind::Limit, Phase::Body)),
                    }
                }
            }
        }
    }
    // Without a coding, decoded is as transferred.
    for (_, conn) in framings("X: y", TEXT.as_bytes()) {
        for peer in Peer::both(&[conn]) {
            peer.session.configure(|options| options.decoded_max(Some(10)));
            failure(peer.text("GET", b""), ErrorKind::Limit, Phase::Body);
        }
    }
}

/// The most memory that this process has had at a time, in KiB.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn flaw_78_a_bomb_is_read_to_its_end_in_the_callers_memory() {
    for (names, bomb, size) in bombs() {
        for peer in Peer::both(&[replies(names, &bomb)]) {
            let mut response = peer.get().unwrap();
            let before = peak_kib();
            let (mut all, mut buffer) = (0, vec![1; 64 * 1024]);
            let zeros = vec![0; buffer.len()];
            loop {
                match response.read(&mut buffer).unwrap() {
                    0 => break,
                    count => {
                        assert!(buffer[..count] == zeros[..count]);
                        all += count as u64;
                    }
                }
            }
            assert_eq!(all, size, "{names}");
            // Other tests of this process grow it too: what a bomb would take is far more.
            let grown =
                peak_kib().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
            assert!(grown < 200 * 1024 || size < 200 << 20, "{names}: {grown} KiB");
        }
    }
}

#[test]
fn flaw_78_a_dropped_bomb_costs_nothing() {
    for (names, bomb, _) in bombs() {
        let kept = [&replies(names, &bomb)[..2], &answers()].concat();
        for peer in Peer::both(&[kept, answers()]) {
            let mut response = peer.get().unwrap();
            assert_eq!(response.read(&mut [0; 1]).unwrap(), 1);
            at_once(|| drop(response));
            assert_eq!(peer.text("GET", b"").unwrap(), "ok", "{names}");
        }
    }
}

#[test]
fn flaw_79_no_piece_is_larger_than_the_callers_memory() {
    let body = TEXT.repeat(300);
    for names in ["gzip", "deflate", "zstd", "gzip, zstd"] {
        let coded = match names {
            "gzip" => gzip(body.as_bytes()),
            "deflate" => zlib(body.as_bytes()),
            "zstd" => zstd(body.as_bytes()),
            _ => zstd(&gzip(body.as_bytes())),
        };
        for size in [1, 2, 3, 100, 4095, 1 << 20] {
            let peer = Peer::plain(vec![replies(names, &coded)]);
            let (mut response, mut all) = (peer.get().unwrap(), Vec::new());
            let mut buffer = vec![0xff; size + 8];
            loop {
                let count = response.read(&mut buffer[..size]).unwrap();
                assert!(count <= size && buffer[size..] == [0xff; 8], "{names} {size}");
                if count == 0 {
                    break;
                }
                all.extend_from_slice(&buffer[..count]);
            }
            assert!(all == body.as_bytes(), "{names} by {size}");
            assert_eq!(response.read(&mut buffer).unwrap(), 0, "the end stays");
        }
    }
}

#[test]
fn flaw_79_a_size_that_gzip_states_wrongly_is_corrupt() {
    let body = gzip(TEXT.as_bytes());
    for wrong in [0_u32, 1, u32::MAX, TEXT.len() as u32 + 1] {
        let mut body = body.clone();
        let at = body.len() - 4;
        body[at..].copy_from_slice(&wrong.to_le_bytes());
        check_coding(replies("gzip", &body));
    }
}

/// A zstd frame that wants a window of 2^`log` bytes, and has one small block (RFC 8878 §3.1.1).
fn zstd_frame(log: u8) -> Vec<u8> {
    let descriptor = (log - 10) << 3;
    let block = u32::to_le_bytes(2 << 3 | 1);
    [b"\x28\xb5\x2f\xfd\x00", &[descriptor][..], &block[..3], b"ok"].concat()
}

#[test]
fn flaw_80_a_window_beyond_eight_mebibytes_is_refused() {
    for log in [10, 20, 23] {
        for peer in Peer::both(&[replies("zstd", &zstd_frame(log))]) {
            assert_eq!(peer.text("GET", b"").unwrap(), "ok", "2^{log}");
        }
    }
    for log in [24, 27, 30, 31, 41] {
        for error in check_coding(replies("zstd", &zstd_frame(log))) {
            assert!(error.message().contains("zstd"), "2^{log}: {error}");
        }
    }
}
