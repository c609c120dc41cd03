//! Order, spelling, repetition, removal; what may be sent.

use super::*;
use crate::error::ErrorKind;

fn lines(headers: &Headers) -> String {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| format!("{name}: {};", text(value))).collect()
}

#[test]
fn set_keeps_the_place_and_takes_the_spelling() {
    let mut headers = Headers::new();
    for (name, value) in [("accept", "x"), ("B", "1"), ("Accept", "y"), ("C", "2")] {
        headers.add(name, value.as_bytes()).unwrap();
    }
    headers.set("ACCEPT", b"z").unwrap();
    assert_eq!(lines(&headers), "ACCEPT: z;B: 1;C: 2;");
    assert!(headers.remove("b") && !headers.remove("b"));
    assert_eq!(lines(&headers), "ACCEPT: z;C: 2;");
}

#[test]
fn merging_keeps_places_and_repetition() {
    let of = |fields: &[(&str, &str)]| {
        let mut headers = Headers::new();
        fields.iter().for_each(|(name, value)| headers.append(name, value.as_bytes()));
        headers
    };
    let base = of(&[("A", "1"), ("b", "2"), ("B", "3"), ("C", "4"), ("D", "5")]);
    let over = of(&[("x", "6"), ("B", "7"), ("X", "8"), ("b", "9"), ("c", "10")]);
    let merged = base.merged(&[], &over, &[("d".to_owned(), 4), ("e".to_owned(), 0)]);
    assert_eq!(lines(&merged), "A: 1;B: 7;c: 10;x: 6;X: 8;b: 9;");
    assert_eq!(lines(&Headers::new().merged(&[], &over, &[])), lines(&over));
    let back = base.merged(&[("X".to_owned(), 1)], &over, &[]);
    assert_eq!(lines(&back), "A: 1;x: 6;B: 7;c: 10;D: 5;X: 8;b: 9;");
}

#[test]
fn names_that_are_nearly_the_same_are_not() {
    // Of one length, with the same ends, or with ends that differ in the bit of a letter's case.
    let names = ["X-Ab-Z", "X-Ac-Z", "x-ad-z", "^-x", "~-x", "x-^", "x-~", "X", "Y", "xx"];
    let mut headers = Headers::new();
    names.iter().for_each(|name| headers.set(name, name.as_bytes()).unwrap());
    assert_eq!(headers.len(), names.len());
    for name in names {
        for spelled in [name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
            assert_eq!(headers.get(&spelled), Some(name.as_bytes()), "{spelled}");
        }
        assert!(headers.remove(&name.to_ascii_uppercase()), "{name}");
        assert!(!headers.contains(name));
    }
    assert_eq!((headers.len(), headers.get("")), (0, None));
    let long = "N".repeat(1 << 16);
    headers.set(&long, b"long").unwrap();
    assert_eq!((headers.get(&long), headers.get("N")), (Some(&b"long"[..]), None));
}

#[test]
fn headers_that_change_all_the_time_do_not_grow() {
    let mut headers = Headers::new();
    headers.append("First", b"1");
    for round in 0..100_000 {
        headers.put("X-Token", format!("token {round}").as_bytes());
        headers.append("X-Once", b"2");
        headers.remove("X-Once");
    }
    assert_eq!(lines(&headers), "First: 1;X-Token: token 99999;");
    assert!(headers.text.capacity() <= 4 * WASTE_BYTES, "{}", headers.text.capacity());
}

#[test]
fn repeated_fields_are_kept_and_joined() {
    let mut headers = Headers::new();
    headers.add("X-A", b"1").unwrap();
    headers.add("x-a", b"2").unwrap();
    assert_eq!(headers.get("x-A"), Some(&b"1"[..]));
    assert_eq!(headers.joined("X-A").unwrap().as_ref(), b"1, 2");
    assert_eq!(headers.get_all("X-a").count(), 2);
    assert_eq!(headers.joined("y"), None);
}

#[test]
fn flaw_56_what_could_split_a_head_is_refused() {
    let mut headers = Headers::new();
    for (name, value) in [
        ("", "x"),
        ("A B", "x"),
        ("A:", "x"),
        ("A\r\n", "x"),
        ("é", "x"),
        ("A\0", "x"),
        ("A", "x\r\ny: z"),
        ("A", "x\n"),
        ("A", "\0"),
        ("A", " x"),
        ("A", "\tx"),
    ] {
        let error = headers.set(name, value.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidHeader, "{name:?} {value:?}");
    }
    assert!(headers.is_empty());
    headers.set("Empty", b"").unwrap();
    headers.set("Latin", b"caf\xe9").unwrap();
}

#[test]
fn flaw_56_wherever_it_stands() {
    for len in 1..40 {
        for at in 0..len {
            for odd in [b'\r', b'\n', 0] {
                let mut value = vec![b'x'; len];
                value[at] = odd;
                assert!(
                    !is_sendable(b"A", &value) && check_value("A", &value).is_err(),
                    "{at} of {len}"
                );
                value[len - 1 - at] = b'\t';
                assert_eq!(!is_sendable(b"A", &value), 2 * at + 1 != len, "{at} of {len}");
            }
            for fine in [1, b'\t', 0x1f, 0x7f, 0x80, 0xff] {
                let mut value = vec![b'x'; len];
                value[at] = fine;
                assert!(is_sendable(b"A", &value), "{fine} at {at} of {len}");
            }
        }
    }
}

#[test]
fn lists_hold_their_items() {
    let mut headers = Headers::new();
    headers.append("Connection", b"keep-alive ,\tUpgrade,");
    headers.append("connection", b" close\t");
    for (token, is_in) in
        [("keep-ALIVE", true), ("upgrade", true), ("close", true), ("keep", false), ("x", false)]
    {
        assert_eq!(headers.lists("CONNECTION", token), is_in, "{token}");
    }
    assert!(!headers.lists("connections", "close"));
}

/// Whatever is done to headers: what is sent as one piece is what they hold, and no name is
/// overlooked.
#[test]
fn lines_and_marks_follow_every_change() {
    let names = ["A", "a", "Host", "Cookie", "Content-Length", "content-type", "X-1", "X-2"];
    let mut seed = 1_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as usize % below
    };
    let (mut shared, mut as_one) = (Arc::new(Headers::new()), 0);
    for step in 0..20_000 {
        let (name, value) = (names[random(names.len())], format!("v{step}"));
        let headers = Headers::own(&mut shared);
        match random(8) {
            0..3 => headers.add(name, value.as_bytes()).unwrap(),
            3 => headers.set(name, value.as_bytes()).unwrap(),
            4 => drop(headers.remove(name)),
            5 => headers.tighten(),
            6 => {
                let (mut over, removed) = (Headers::new(), [(name.to_owned(), 0)]);
                over.append(names[random(names.len())], b"over");
                *headers = headers.merged(&removed, &over, &removed[..random(2)]);
            }
            _ if headers.len() > 12 => *headers = Headers::new(),
            _ => {}
        }
        let copy = shared.clone();
        let line = |(name, value): (&str, &[u8])| [name.as_bytes(), b": ", value, b"\r\n"].concat();
        if let Some(lines) = copy.all_lines() {
            as_one += 1;
            assert_eq!(lines, copy.iter().flat_map(line).collect::<Vec<_>>(), "step {step}");
        }
        for name in names {
            let held = copy.iter().any(|(held, _)| held.eq_ignore_ascii_case(name));
            assert_eq!((copy.contains(name), copy.get_all(name).next().is_some()), (held, held));
        }
    }
    assert!(as_one > 5_000, "{as_one}");
}

#[test]
fn what_was_not_checked_is_not_sent_as_one_piece() {
    for (name, value) in [("A", &b"b\r\nC: d"[..]), ("A b", b"c"), ("A:", b"c"), ("\u{e9}", b"c")] {
        let mut headers = Headers::new();
        headers.append("Fine", b"1");
        assert_eq!(headers.all_lines(), Some(&b"Fine: 1\r\n"[..]));
        headers.append(name, value);
        assert_eq!(headers.all_lines(), None, "{name:?}");
        headers.tighten();
        assert_eq!(headers.all_lines(), None, "{name:?}");
        let merged = Headers::new().merged(&[], &headers, &[]);
        assert_eq!(merged.all_lines(), None, "{name:?}");
    }
}
