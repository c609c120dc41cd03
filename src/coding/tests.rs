//! Every coding and stack, however it is cut; what is cut short, corrupt, or too much.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, Crc, GzBuilder};

use super::*;

fn text() -> Vec<u8> {
    (0..12).map(|i| format!("line {i} of the text\n")).collect::<String>().into_bytes()
}

/// [`text`] in br: there is an encoder of everything else here.
const BR: &str = "\
    1be500c08c942e671239e1d033aaedab97206578c8840380a9251e5062d777410332892f9ad2dc8680104814\
    1a83c5e15fc51f00";
/// [`text`] in deflate in br.
const BR_DEFLATE: &str = "\
    8b1e8078dacbc9cc4b553050c84f5328c948552849ad28e1ca010919620a19610a19630a99600a99620a9961\
    0a99630a59600a5962712a36e7a3ba1f00286d4b6d03";
/// [`ZEROS`] zeros in br.
const BR_ZEROS: &str = "\
    cbffff3f002400e2b14072effff8ffff078004401c1680eefd1fffffff00900088c302d0bdffe3ffff1f0012\
    00715800baf77ffcffff034002200e0b40f7fe8fffff7f004800c46101e8defff1ffff0f000980382c00ddfb\
    3ffeffff012001108705a07bffc7ffff3f002400e2b00074effff8ffff078004401c1680eefd1fffffff0090\
    0088c302d0bdffcb7ff03a001200715800bad875";
const ZEROS: usize = 100_000_000;
/// A skippable frame of three bytes.
const SKIPPABLE: &[u8] = b"\x53\x2a\x4d\x18\x03\0\0\0abc";

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// gzip with every optional field, and where its header ends.
fn gzip_of_all_fields(bytes: &[u8]) -> (Vec<u8>, usize) {
    let builder = GzBuilder::new().filename("name").comment("comment").extra("extra").mtime(7);
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    let mut body = encoder.finish().unwrap();
    body[3] |= 2; // FHCRC: the two lower bytes of the CRC-32 of what is before.
    let end = 10 + 2 + "extra".len() + "name\0".len() + "comment\0".len();
    let mut crc = Crc::new();
    crc.update(&body[..end]);
    body.splice(end..end, crc.sum().to_le_bytes()[..2].iter().copied());
    (body, end + 2)
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

/// Where the text of [`bodies`] of two members or frames is parted.
const PARTED: usize = 100;

/// Codings, the text in them, and where that may end earlier: between members or frames.
type Coded = (&'static str, Vec<u8>, Vec<usize>);

fn bodies() -> Vec<Coded> {
    let text = text();
    let (first, second) = text.split_at(PARTED);
    let (gzip_one, zstd_one) = (gzip(first), zstd(first));
    let zstd_ends = vec![zstd_one.len(), zstd_one.len() + SKIPPABLE.len()];
    vec![
        ("gzip", gzip(&text), vec![]),
        ("gzip", gzip_of_all_fields(&text).0, vec![]),
        ("X-GZip", [&gzip_one[..], &gzip(second)].concat(), vec![gzip_one.len()]),
        ("deflate", zlib(&text), vec![]),
        ("Deflate", raw(&text), vec![]),
        ("br", unhex(BR), vec![]),
        ("zstd", zstd(&text), vec![]),
        ("zstd", [&zstd_one[..], SKIPPABLE, &zstd(second)].concat(), zstd_ends),
        ("deflate, gzip", gzip(&raw(&text)), vec![]),
        ("deflate, br", unhex(BR_DEFLATE), vec![]),
        ("br, identity,,zstd", zstd(&unhex(BR)), vec![]),
        ("gzip, zstd, gzip", gzip(&zstd(&gzip(&text))), vec![]),
        ("gzip, gzip, gzip, gzip, gzip", gzip(&gzip(&gzip(&gzip(&gzip(&text))))), vec![]),
    ]
}

fn of(fields: &[&str]) -> Result<Option<Decoder>> {
    let mut headers = Headers::new();
    fields.iter().for_each(|field| headers.append("Content-Encoding", field.as_bytes()));
    Decoder::of(&headers)
}

/// Decodes `pieces` into memory for `room`. `early`: the end is known with the last piece.
fn decoded(names: &str, pieces: &[&[u8]], room: usize, early: bool) -> Result<Vec<u8>> {
    let mut decoder = of(&[names]).unwrap().unwrap();
    // What is behind the room stays as it was.
    let (mut all, mut out) = (Vec::new(), vec![0x55; room + 8]);
    let last: &[&[u8]] = if early { &[] } else { &[b""] };
    let count = pieces.len() + last.len();
    for (index, piece) in pieces.iter().chain(last).enumerate() {
        let (mut rest, ended) = (*piece, index + 1 == count);
        loop {
            let step = decoder.decode(rest, ended, &mut out[..room])?;
            assert!(step.made <= room && step.used <= rest.len());
            assert!(step.made + step.used > 0 || rest.is_empty(), "{names}: no progress");
            assert_eq!(out[room..], [0x55; 8]);
            all.extend_from_slice(&out[..step.made]);
            rest = &rest[step.used..];
            if step.made == 0 && rest.is_empty() {
                break;
            }
        }
    }
    Ok(all)
}

fn whole(names: &str, body: &[u8]) -> Result<Vec<u8>> {
    decoded(names, &[body], 4096, true)
}

fn bytewise(names: &str, body: &[u8]) -> Result<Vec<u8>> {
    decoded(names, &body.chunks(1).collect::<Vec<_>>(), 4096, false)
}

#[test]
fn every_coding_is_taken_off_however_it_comes() {
    let text = text();
    for (names, body, _) in bodies() {
        for room in [1, 7, 64 * 1024] {
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            let all = decoded(names, &bytes, room, room == 7).unwrap();
            assert!(all == text, "{names} by bytes into {room}");
            for at in 0..=body.len() {
                let (head, tail) = body.split_at(at);
                let all = decoded(names, &[head, tail], room, at % 2 == 0).unwrap();
                assert!(all == text, "{names} parted at {at} into {room}");
            }
        }
    }
}

#[test]
fn an_empty_body_is_empty_in_every_coding() {
    for (names, ..) in bodies() {
        assert_eq!(whole(names, b"").unwrap(), b"", "{names}");
        assert_eq!(decoded(names, &[b"", b""], 1, false).unwrap(), b"", "{names}");
    }
}

#[test]
fn fault_73_what_is_cut_short_is_an_error_wherever_it_is_cut() {
    for (names, body, ends) in bodies() {
        for end in 1..body.len() {
            for all in [whole(names, &body[..end]), bytewise(names, &body[..end])] {
                match ends.contains(&end) {
                    true => assert!(all.unwrap() == text()[..PARTED], "{names} {end}"),
                    false => {
                        assert_eq!(all.unwrap_err().kind(), ErrorKind::Decode, "{names} {end}")
                    }
                }
            }
        }
    }
}

#[test]
fn fault_73_a_flipped_bit_never_changes_what_is_read() {
    let text = text();
    let (fields, header_end) = gzip_of_all_fields(&text);
    let first = gzip(&text[..PARTED]);
    // The second member's magic number: without it, it is garbage behind the first.
    let magic = first.len()..first.len() + 2;
    let members = [first, gzip(&text[PARTED..])].concat();
    let bodies = [
        ("gzip", gzip(&text), 0..0),
        ("gzip", fields, 0..0),
        ("gzip", members, magic),
        ("deflate", zlib(&text), 0..0),
    ];
    for (index, (names, body, magic)) in bodies.into_iter().enumerate() {
        for (at, bit) in (0..body.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = body.clone();
            flipped[at] ^= 1 << bit;
            for all in [whole(names, &flipped), bytewise(names, &flipped)] {
                match all {
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Decode),
                    Ok(all) if magic.contains(&at) => assert!(all == text[..PARTED]),
                    // Some bits mean nothing: a time, a system, the rest of a last byte.
                    Ok(all) => {
                        assert!(all == text, "{names} {index}: byte {at}, bit {bit}");
                        assert!(index != 1 || at >= header_end, "its header has a sum: byte {at}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_follows_a_body_is_ignored() {
    let text = text();
    for (names, body, _) in bodies() {
        for garbage in [&b"\0"[..], b"\0\0\0\0\0\0", b"garbage", b"\x1fgarbage", b"\x28\xb5garbage"]
        {
            let all = [&body[..], garbage].concat();
            assert!(whole(names, &all).unwrap() == text, "{names} {garbage:?}");
            assert!(bytewise(names, &all).unwrap() == text, "{names} {garbage:?}");
        }
    }
    // Nothing follows the garbage: what looks like a member there is garbage too.
    for (names, body) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        let padded = [&body[..], b"\0", &body].concat();
        assert!(bytewise(names, &padded).unwrap() == text, "{names}");
    }
}

#[test]
fn fault_73_a_broken_member_is_no_garbage() {
    let text = text();
    let member = gzip(&text);
    let broken: [&[u8]; 4] = [
        b"\x1f\x8b\x09",                                         // an unknown method
        b"\x1f\x8b\x08\xe0\0\0\0\0\0\0",                         // unknown flags
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xff",                     // an unknown kind of block
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\x01\0\0\0\0\0\0\0", // nothing, with a wrong sum
    ];
    for behind in broken {
        for body in [behind.to_vec(), [&member[..], behind].concat()] {
            assert!(whole("gzip", &body).is_err(), "{behind:?}");
            assert!(bytewise("gzip", &body).is_err(), "{behind:?}");
        }
    }
    let broken_frame = [&zstd(&text)[..], b"\x28\xb5\x2f\xfd\0\0\xff\xff\xff"].concat();
    assert!(whole("zstd", &broken_frame).is_err());
    for (names, ..) in bodies().into_iter().filter(|(names, ..)| *names != "br") {
        assert!(whole(names, b"not coded at all").is_err(), "{names}");
    }
}

#[test]
fn flaw_77_five_codings_over_all_fields_and_no_more() {
    assert!(of(&["gzip, gzip, identity", "", "GZIP,gzip \t,, gzip"]).unwrap().is_some());
    for sixth in ["gzip", "br", "unknown"] {
        let error = of(&["gzip, gzip, identity", "gzip,gzip,gzip", sixth]).err().unwrap();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Decode, Phase::Body));
        assert!(of(&[sixth, "gzip,gzip,gzip,gzip,gzip"]).is_err());
    }
}

#[test]
fn an_unknown_coding_stays_on_with_all_within_it() {
    let stages = |names: &str| of(&[names]).unwrap().map_or(0, |decoder| decoder.stages.len());
    for names in ["", "identity", " , ", "foo", "gzip, foo", "gzip, br, gzipped", "Identity, foo"] {
        assert_eq!(stages(names), 0, "{names}");
    }
    assert!(of(&[]).unwrap().is_none());
    assert_eq!(stages("foo, gzip"), 1);
    assert_eq!(stages("gzip, foo, br, zstd"), 2);
    assert!(whole("foo, gzip", &gzip(b"still in foo")).unwrap() == b"still in foo");
    assert!(whole("gzip, foo, gzip", &gzip(&gzip(b"x"))).unwrap() == gzip(b"x"));
}

/// Reads `bomb` into `room` at a time: how many zeros it held.
fn zeros(names: &str, bomb: &[u8], room: usize) -> usize {
    let mut decoder = of(&[names]).unwrap().unwrap();
    let (mut out, none, mut made, mut at) = (vec![1; room], vec![0; room], 0, 0);
    loop {
        let step = decoder.decode(&bomb[at..], true, &mut out).unwrap();
        assert!(out[..step.made] == none[..step.made]);
        (made, at) = (made + step.made, at + step.used);
        if step.made == 0 && at == bomb.len() {
            break;
        }
    }
    assert!(decoder.stages.iter().all(|stage| stage.buffer.capacity() <= CODING_BUFFER_BYTES));
    made
}

#[test]
fn flaw_78_a_bomb_gives_no_more_than_was_asked_for() {
    let plain = vec![0; ZEROS];
    let once = gzip(&plain);
    let bombs = [
        ("gzip, gzip", gzip(&once)),
        ("gzip", once),
        ("zstd", zstd(&plain)),
        ("br", unhex(BR_ZEROS)),
    ];
    for (names, bomb) in bombs {
        assert_eq!(zeros(names, &bomb, 1024), ZEROS, "{names}");
    }
}

#[test]
fn flaw_79_pieces_of_any_size_are_kept_to() {
    let plain = vec![0; 100_000];
    for room in [1, 2, 3, 255, 256, 257, 65_535, 99_999, 100_000, 100_001] {
        assert_eq!(zeros("gzip", &gzip(&plain), room), plain.len());
        assert_eq!(zeros("zstd, deflate", &zlib(&zstd(&plain)), room), plain.len());
    }
}

#[test]
fn fault_73_a_bomb_that_holds_nothing_ends() {
    let nothing = |count: usize| [gzip(b"").repeat(count), gzip(b"end")].concat();
    let stack = |count: usize| gzip(&gzip(&nothing(count)));
    assert_eq!(whole("gzip, gzip, gzip", &stack(10_000)).unwrap(), b"end");
    let bomb = stack(200_000);
    assert!(bomb.len() < 16 * 1024, "{}", bomb.len());
    let error = whole("gzip, gzip, gzip", &bomb).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("holds nothing"), "{error}");
}

#[test]
fn flaw_80_a_zstd_window_is_bounded() {
    // A frame header without a content size; its window descriptor says 2^(10 + exponent).
    let frame = |exponent: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0];
    assert_eq!(whole("zstd", &frame(13)).unwrap(), b"");
    for exponent in 14..32 {
        for result in [whole("zstd", &frame(exponent)), bytewise("zstd", &frame(exponent))] {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.phase()), (ErrorKind::Decode, Phase::Body));
            assert!(error.message().contains("8 MiB"), "{error}");
        }
    }
}

#[test]
fn a_decoder_goes_to_another_thread() {
    let mut decoder = of(&["gzip, br, zstd"]).unwrap().unwrap();
    let step = std::thread::spawn(move || decoder.decode(b"", true, &mut [0]).unwrap());
    assert_eq!(step.join().unwrap(), Step::default());
}

#[test]
fn nonsense_ends() {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::from((state >> 33) as u8)
    };
    let names = ["gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate", "br, gzip, zstd"];
    let starts: Vec<Vec<u8>> = bodies().into_iter().map(|(_, body, _)| body).collect();
    for round in 0..200_000 {
        let mut body = starts[random() % starts.len()].clone();
        body.truncate(random());
        body.extend((0..random() % 32).map(|_| random() as u8));
        let pieces: Vec<&[u8]> = body.chunks(1 + random()).collect();
        // Whatever it is: its end, or an error, and no panic.
        if let Err(error) =
            decoded(names[round % names.len()], &pieces, 1 + random(), round % 2 == 0)
        {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        }
    }
}
