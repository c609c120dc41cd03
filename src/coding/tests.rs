//! Every coding and stack, however it is cut; what is cut short, corrupt, or too much.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn text() -> Vec<u8> {
    (0..40).map(|i| format!("line {i} of the text\n")).collect::<String>().into_bytes()
}

/// [`text`] in br: there is an encoder of everything else here.
const BR: &str = "\
    1b1503201ca9539f3b9e8a87a4036c5e8ffa12a40caf14e80817e7dc3d0e2df180221c4ce4e671d1e51b4fbd\
    67fadf59008460048dc1e22a1634204ab2a2d6687189258892aca8355a5c5209a2242b6a8d761e";
/// 16 MiB of zeros in br.
const BR_ZEROS: &str = "\
    cbffff3ff82700e2b14020f7fe2ffffffff04f00c4611180eefd1f";

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

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

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// Codings, and the text in them.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let text = text();
    let (first, second) = text.split_at(300);
    vec![
        ("gzip", gzip(&text)),
        ("X-GZip", [gzip(first), gzip(second)].concat()),
        ("deflate", zlib(&text)),
        ("deflate", raw(&text)),
        ("br", unhex(BR)),
        ("zstd", zstd(&text)),
        ("zstd", [zstd(first), zstd(second)].concat()),
        ("deflate, gzip", gzip(&raw(&text))),
        ("gzip, identity, br,", Vec::new()),
        ("gzip, zstd, gzip", gzip(&zstd(&gzip(&text)))),
        ("gzip, gzip, gzip, gzip, gzip", gzip(&gzip(&gzip(&gzip(&gzip(&text)))))),
    ]
}

fn decoder(names: &str) -> Decoder {
    let mut headers = Headers::new();
    headers.append("Content-Encoding", names.as_bytes());
    Decoder::of(&headers).unwrap().unwrap()
}

/// Decodes pieces of `cut` bytes into memory for `room`.
fn decoded(names: &str, body: &[u8], cut: usize, room: usize) -> Result<Vec<u8>> {
    let mut decoder = decoder(names);
    let (mut all, mut out) = (Vec::new(), vec![0; room]);
    let mut pieces = body.chunks(cut).collect::<Vec<_>>().into_iter();
    let (mut piece, mut ended) = (pieces.next().unwrap_or_default(), false);
    for _ in 0..10_000_000 {
        let step = decoder.decode(piece, ended, &mut out)?;
        assert!(step.made <= room && step.used <= piece.len());
        all.extend_from_slice(&out[..step.made]);
        piece = &piece[step.used..];
        if step.made > 0 || !piece.is_empty() {
            continue;
        }
        match pieces.next() {
            Some(next) => piece = next,
            None if ended => return Ok(all),
            None => ended = true,
        }
    }
    panic!("{names} does not end");
}

#[test]
fn every_coding_is_taken_off_however_it_comes() {
    for (names, body) in bodies() {
        let expected = if body.is_empty() { Vec::new() } else { text() };
        for (cut, room) in [(1, 1), (1, 4096), (2, 7), (7, 100), (64, 1), (9999, 9999)] {
            let all = decoded(names, &body, cut, room).unwrap();
            assert!(all == expected, "{names} by {cut} into {room}");
        }
    }
}

#[test]
fn fault_73_what_is_cut_short_is_an_error_wherever_it_is_cut() {
    for (names, body) in bodies() {
        for end in 1..body.len() {
            for cut in [1, 9999] {
                match decoded(names, &body[..end], cut, 4096) {
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Decode, "{names} {end}"),
                    // Two members or frames: the end of the first is an end.
                    Ok(all) => assert!(
                        matches!(names, "X-GZip" | "zstd") && all == text()[..300],
                        "{names} {end}"
                    ),
                }
            }
        }
    }
}

#[test]
fn fault_73_a_flipped_bit_never_changes_what_is_read() {
    let text = text();
    for (names, body) in [("gzip", gzip(&text)), ("deflate", zlib(&text))] {
        // Of a gzip header, time, flags of the compressor and system mean nothing here.
        let meaningless = if names == "gzip" { 4..10 } else { 0..0 };
        for at in (0..body.len()).filter(|at| !meaningless.contains(at)) {
            for bit in 0..8 {
                let mut flipped = body.clone();
                flipped[at] ^= 1 << bit;
                // Some bits mean nothing: a flag, the rest of a last byte.
                if let Ok(all) = decoded(names, &flipped, 9999, 4096) {
                    assert!(all == text, "{names} {at} {bit}");
                }
            }
        }
    }
}

#[test]
fn what_follows_a_body_is_ignored_where_it_can_be_nothing_else() {
    let text = text();
    for garbage in [&b"\0\0\0"[..], b"garbage", b"\x1fgarbage"] {
        assert_eq!(decoded("gzip", &[&gzip(&text), garbage].concat(), 9999, 99).unwrap(), text);
        assert_eq!(decoded("deflate", &[&zlib(&text), garbage].concat(), 3, 99).unwrap(), text);
        assert_eq!(decoded("br", &[&unhex(BR), garbage].concat(), 9999, 99).unwrap(), text);
        assert!(decoded("zstd", &[&zstd(&text), garbage].concat(), 9999, 99).is_err());
    }
    let cut_member = [&gzip(&text)[..], &gzip(&text)[..20]].concat();
    assert!(decoded("gzip", &cut_member, 9999, 99).is_err());
    for body in [&b"not gzip at all"[..], b"\x1f\x8b\x09", b"\0"] {
        assert!(decoded("gzip", body, 9999, 99).is_err());
    }
}

#[test]
fn flaw_77_five_codings_over_all_fields_and_no_more() {
    let mut headers = Headers::new();
    headers.append("Content-Encoding", b"gzip, gzip, identity");
    headers.append("content-encoding", b"GZIP,gzip , gzip");
    assert!(Decoder::of(&headers).unwrap().is_some());
    headers.append("Content-Encoding", b"unknown");
    assert_eq!(Decoder::of(&headers).err().map(|error| error.kind()), Some(ErrorKind::Decode));
}

#[test]
fn an_unknown_coding_stays_on_with_all_within_it() {
    let of = |names: &str| {
        let mut headers = Headers::new();
        headers.append("Content-Encoding", names.as_bytes());
        Decoder::of(&headers).unwrap()
    };
    for names in ["", "identity", " , ", "foo", "gzip, foo"] {
        assert!(of(names).is_none(), "{names}");
    }
    assert_eq!(of("foo, gzip").map(|decoder| decoder.stages.len()), Some(1));
}

#[test]
fn flaws_78_79_a_bomb_gives_no_more_than_was_asked_for() {
    let zeros = vec![0; 16 * 1024 * 1024];
    let twice = gzip(&gzip(&zeros));
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("gzip, gzip", twice),
        ("zstd", zstd(&zeros)),
        ("br", unhex(BR_ZEROS)),
    ];
    for (names, bomb) in bombs {
        let (mut decoder, mut out, mut made, mut at) = (decoder(names), [1; 1024], 0, 0);
        loop {
            let step = decoder.decode(&bomb[at..], true, &mut out).unwrap();
            assert!(out[..step.made].iter().all(|byte| *byte == 0));
            (made, at) = (made + step.made, at + step.used);
            if step.made == 0 && at == bomb.len() {
                break;
            }
        }
        assert_eq!(made, zeros.len(), "{names}");
        let between: usize = decoder.stages.iter().map(|stage| stage.buffer.capacity()).sum();
        assert!(between <= CODING_BUFFER_BYTES * 2, "{names}: {between}");
    }
}

#[test]
fn flaw_80_a_zstd_window_is_bounded() {
    // A frame header without a content size; its window descriptor says 2^(10 + exponent).
    let frame = |exponent: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0];
    assert_eq!(decoded("zstd", &frame(13), 99, 99).unwrap(), b"");
    let error = decoded("zstd", &frame(14), 99, 99).unwrap_err();
    assert!(error.message().contains("8 MiB"), "{error}");
}

#[test]
fn nonsense_ends() {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    let starts: Vec<Vec<u8>> = bodies().into_iter().map(|(_, body)| body).collect();
    for round in 0..20_000 {
        let names = ["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate"][round % 6];
        let mut body = starts[round % starts.len()].clone();
        body.truncate(usize::from(random()));
        body.extend((0..random() % 32).map(|_| random()));
        // Whatever it is: an answer, and no panic.
        let _ = decoded(names, &body, 1 + usize::from(random()), 1 + usize::from(random()));
    }
}
