//! What Python says of encodings, and what Requests says of replies, against this module. The
//! tables were written by Python.

use super::*;
use crate::error::ErrorKind;

/// Names of one encoding, bytes, and their text.
const NAMES: &[(&str, &[u8], &str)] = &[
    (
        "utf_8 cp65001 u8 utf utf8 utf8_ucs2 utf8_ucs4",
        b"a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\xef\xbb\xbf",
        "a\u{e9}\u{4e2d}\u{1f600}\u{feff}",
    ),
    ("utf_8_sig", b"\xef\xbb\xbfhi", "hi"),
    (
        "latin_1 8859 cp819 csisolatin1 ibm819 iso8859 iso8859_1 iso_8859_1 iso_8859_1_1987 \
         iso_ir_100 l1 latin latin1",
        b"a\xe9\x80\xff",
        "a\u{e9}\u{80}\u{ff}",
    ),
    (
        "ascii 646 ansi_x3.4_1968 ansi_x3.4_1986 ansi_x3_4_1968 cp367 csascii ibm367 iso646_us \
         iso_646.irv_1991 iso_ir_6 us us_ascii",
        b"ab~",
        "ab~",
    ),
    ("utf_16 u16 utf16", b"\xff\xfea\x00\xe9\x00=\xd8\x00\xde", "a\u{e9}\u{1f600}"),
    ("utf_16_le unicodelittleunmarked utf_16le", b"a\x00\xe9\x00=\xd8\x00\xde", "a\u{e9}\u{1f600}"),
    ("utf_16_be unicodebigunmarked utf_16be", b"\x00a\x00\xe9\xd8=\xde\x00", "a\u{e9}\u{1f600}"),
    (
        "utf_32 u32 utf32",
        b"\xff\xfe\x00\x00a\x00\x00\x00\xe9\x00\x00\x00\x00\xf6\x01\x00",
        "a\u{e9}\u{1f600}",
    ),
    ("utf_32_le utf_32le", b"a\x00\x00\x00\xe9\x00\x00\x00\x00\xf6\x01\x00", "a\u{e9}\u{1f600}"),
    ("utf_32_be utf_32be", b"\x00\x00\x00a\x00\x00\x00\xe9\x00\x01\xf6\x00", "a\u{e9}\u{1f600}"),
    ("cp1250 1250 windows_1250", b"a\xa3\x80", "a\u{141}\u{20ac}"),
    ("cp1251 1251 windows_1251", b"a\xc6\x88", "a\u{416}\u{20ac}"),
    ("cp1252 1252 windows_1252", b"a\x80\x93\xe9", "a\u{20ac}\u{201c}\u{e9}"),
    ("cp1253 1253 windows_1253", b"a\xd9\x80", "a\u{3a9}\u{20ac}"),
    ("cp1254 1254 windows_1254", b"a\xde\x80", "a\u{15e}\u{20ac}"),
    ("cp1255 1255 windows_1255", b"a\xe0\x80", "a\u{5d0}\u{20ac}"),
    ("cp1256 1256 windows_1256", b"a\xc8\x80", "a\u{628}\u{20ac}"),
    ("cp1257 1257 windows_1257", b"a\xcd\x80", "a\u{136}\u{20ac}"),
    ("cp1258 1258 windows_1258", b"a\xd0\x80", "a\u{110}\u{20ac}"),
    ("cp866 866 csibm866 ibm866", b"a\x86", "a\u{416}"),
    ("cp874", b"a\xa1\x80", "a\u{e01}\u{20ac}"),
    (
        "iso8859_2 csisolatin2 iso_8859_2 iso_8859_2_1987 iso_ir_101 l2 latin2",
        b"a\xa3\x85",
        "a\u{141}\u{85}",
    ),
    ("iso8859_3 csisolatin3 iso_8859_3 iso_8859_3_1988 iso_ir_109 l3 latin3", b"a\xa1", "a\u{126}"),
    ("iso8859_4 csisolatin4 iso_8859_4 iso_8859_4_1988 iso_ir_110 l4 latin4", b"a\xa2", "a\u{138}"),
    (
        "iso8859_5 csisolatincyrillic cyrillic iso_8859_5 iso_8859_5_1988 iso_ir_144",
        b"a\xb6",
        "a\u{416}",
    ),
    (
        "iso8859_6 arabic asmo_708 csisolatinarabic ecma_114 iso_8859_6 iso_8859_6_1987 iso_ir_127",
        b"a\xc8",
        "a\u{628}",
    ),
    (
        "iso8859_7 csisolatingreek ecma_118 elot_928 greek greek8 iso_8859_7 iso_8859_7_1987 \
         iso_ir_126",
        b"a\xd9",
        "a\u{3a9}",
    ),
    (
        "iso8859_8 csisolatinhebrew hebrew iso_8859_8 iso_8859_8_1988 iso_ir_138",
        b"a\xe0",
        "a\u{5d0}",
    ),
    (
        "iso8859_9 csisolatin5 iso_8859_9 iso_8859_9_1989 iso_ir_148 l5 latin5",
        b"a\xde\x80",
        "a\u{15e}\u{80}",
    ),
    (
        "iso8859_10 csisolatin6 iso_8859_10 iso_8859_10_1992 iso_ir_157 l6 latin6",
        b"a\xff",
        "a\u{138}",
    ),
    ("iso8859_11 iso_8859_11 iso_8859_11_2001 thai", b"a\xa1\x80", "a\u{e01}\u{80}"),
    ("iso8859_13 iso_8859_13 l7 latin7", b"a\xcd", "a\u{136}"),
    (
        "iso8859_14 iso_8859_14 iso_8859_14_1998 iso_celtic iso_ir_199 l8 latin8",
        b"a\xa8",
        "a\u{1e80}",
    ),
    ("iso8859_15 iso_8859_15 l9 latin9", b"a\xa4", "a\u{20ac}"),
    (
        "iso8859_16 iso_8859_16 iso_8859_16_2001 iso_ir_226 l10 latin10",
        b"a\xa4\xaa",
        "a\u{20ac}\u{218}",
    ),
    ("koi8_r cskoi8r", b"a\xf6", "a\u{416}"),
    ("koi8_u", b"a\xb4", "a\u{404}"),
    ("mac_roman macintosh macroman", b"a\x8e\xbd", "a\u{e9}\u{3a9}"),
    ("mac_cyrillic maccyrillic", b"a\x86", "a\u{416}"),
    ("tis_620 iso_ir_166 tis620 tis_620_0 tis_620_2529_0 tis_620_2529_1", b"a\xa1", "a\u{e01}"),
    (
        "gb2312 chinese csiso58gb231280 euc_cn euccn eucgb2312_cn gb2312_1980 gb2312_80 iso_ir_58 \
         x_mac_simp_chinese",
        b"a\xd6\xd0\xce\xc4",
        "a\u{4e2d}\u{6587}",
    ),
    ("gbk 936 cp936 ms936", b"a\xd6\xd0\xce\xc4\xe9F", "a\u{4e2d}\u{6587}\u{9555}"),
    ("gb18030 gb18030_2000", b"a\xd6\xd0\x949\xfc6", "a\u{4e2d}\u{1f600}"),
    ("big5 big5_tw csbig5 x_mac_trad_chinese", b"a\xa4\xa4\xa4\xe5", "a\u{4e2d}\u{6587}"),
    ("cp950 950 ms950", b"a\xa4\xa4\xa4\xe5", "a\u{4e2d}\u{6587}"),
    ("euc_jp eucjp u_jis ujis", b"a\xa4\xa2\xb4\xc1", "a\u{3042}\u{6f22}"),
    (
        "shift_jis csshiftjis s_jis shiftjis sjis x_mac_japanese",
        b"a\x82\xa0\x8a\xbf\xb1",
        "a\u{3042}\u{6f22}\u{ff71}",
    ),
    ("cp932 932 ms932 ms_kanji mskanji", b"a\x82\xa0\x8a\xbf\x87@", "a\u{3042}\u{6f22}\u{2460}"),
    ("iso2022_jp csiso2022jp iso2022jp iso_2022_jp", b"a\x1b$B$\x224A\x1b(B", "a\u{3042}\u{6f22}"),
    (
        "euc_kr euckr korean ks_c_5601 ks_c_5601_1987 ks_x_1001 ksc5601 ksx1001 x_mac_korean",
        b"a\xc7\xd1",
        "a\u{d55c}",
    ),
    ("cp949 949 ms949 uhc", b"a\xc7\xd1\x8cc", "a\u{d55c}\u{b620}"),
];

/// Bytes that are not all text, and marks.
const ODD: &[(&str, &[u8], &str)] = &[
    ("utf-8", b"a\xff\xfeb\xe2\x82c\xc3", "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}"),
    ("utf-8", b"\xf0\x9f\x98", "\u{fffd}"),
    ("utf-8", b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
    ("us-ascii", b"a\x80\xffb", "a\u{fffd}\u{fffd}b"),
    ("utf-16", b"\xfe\xff\x00a\x00b", "ab"),
    ("utf-16", b"\xff\xfea\x00", "a"),
    ("utf-16", b"a\x00b\x00", "ab"),
    ("utf-16", b"a\x00b", "a\u{fffd}"),
    ("utf-16", b"a", "\u{fffd}"),
    ("utf-16", b"\xff\xfe", ""),
    ("utf-16", b"\xff", "\u{fffd}"),
    ("utf-16", b"\x00\xd8a\x00", "\u{fffd}a"),
    ("utf-16-le", b"\xff\xfea\x00", "\u{feff}a"),
    ("utf-16-be", b"\xfe\xff\x00a", "\u{feff}a"),
    ("utf-16-be", b"\xff\xfe\x00a", "\u{fffe}a"),
    ("utf-32", b"\x00\x00\xfe\xff\x00\x00\x00a", "a"),
    ("utf-32", b"\xff\xfe\x00\x00a\x00\x00\x00", "a"),
    ("utf-32", b"a\x00\x00\x00", "a"),
    ("utf-32-be", b"\x00\x00\xfe\xff\x00\x01\xf6\x00", "\u{feff}\u{1f600}"),
    (
        "utf-32-le",
        b"\xff\xfe\x00\x00\x00\xd8\x00\x00a\x00\x00\x00\x00\x00\x11\x00",
        "\u{feff}\u{fffd}a\u{fffd}",
    ),
    ("utf-32-le", b"a\x00\x00\x00b\x00", "a\u{fffd}"),
    ("utf-8-sig", b"\xef\xbb\xbfa\xef\xbb\xbf", "a\u{feff}"),
    ("utf-8-sig", b"\xef\xbb", "\u{fffd}"),
    ("shift_jis", b"a\x82", "a\u{fffd}"),
    ("gbk", b"\xd6\xd0\xd6", "\u{4e2d}\u{fffd}"),
    ("euc-kr", b"\xff", "\u{fffd}"),
    ("latin-1", b"\x7f\x80\x9f\xa0\xff", "\u{7f}\u{80}\u{9f}\u{a0}\u{ff}"),
];

/// Content-Type, body, encoding, text.
type Reply = (Option<&'static str>, &'static [u8], Option<&'static str>, &'static str);

/// Replies of the recorded exchanges.
const REPLIES: &[Reply] = &[
    (
        Some("text/html; charset=windows-1252"),
        b"\x80\x93",
        Some("windows-1252"),
        "\u{20ac}\u{201c}",
    ),
    (Some("text/plain; charset=\"utf-8\""), b"\xc3\xa9", Some("utf-8"), "\u{e9}"),
    (Some("Text/Plain; Charset=UTF-8"), b"\xc3\xa9", Some("UTF-8"), "\u{e9}"),
    (Some("text/plain; charset='utf-8'"), b"\xc3\xa9", Some("utf-8"), "\u{e9}"),
    (Some("text/html; charset=gbk"), b"\xd6\xd0\xce\xc4", Some("gbk"), "\u{4e2d}\u{6587}"),
    (Some("text/plain; charset=utf-16"), b"\xff\xfeh\x00i\x00", Some("utf-16"), "hi"),
    (Some("text/plain; charset=nope-99"), b"abc", Some("nope-99"), "abc"),
    (Some("text/plain; charset=utf-8"), b"a\xffb", Some("utf-8"), "a\u{fffd}b"),
    (Some("text/plain; charset=utf-8"), b"\xef\xbb\xbfhi", Some("utf-8"), "\u{feff}hi"),
    (Some("text/plain; charset=utf-8-sig"), b"\xef\xbb\xbfhi", Some("utf-8-sig"), "hi"),
    (None, b"plain ascii", None, "plain ascii"),
    (Some("application/octet-stream"), b"plain ascii", None, "plain ascii"),
];

fn declared(fields: &[&str]) -> Option<String> {
    let mut headers = Headers::new();
    for field in fields {
        headers.append("Content-Type", field.as_bytes());
    }
    declared_encoding(&headers)
}

#[test]
fn replies_read_as_requests_reads_them() {
    for (content_type, body, encoding, text) in REPLIES {
        let fields: Vec<&str> = content_type.iter().copied().collect();
        let found = declared(&fields);
        assert_eq!(found.as_deref(), *encoding, "{content_type:?}");
        assert_eq!(to_text(body, found.as_deref()), *text, "{content_type:?}");
    }
}

#[test]
fn content_type_declares_an_encoding() {
    for (field, expected) in [
        ("text/html", "ISO-8859-1"),
        ("TEXT/HTML", "ISO-8859-1"),
        ("text/plain;charset = x-y ", "x-y"),
        ("text/plain; charset", "ISO-8859-1"),
        ("text/plain; charset=", "ISO-8859-1"),
        ("text/plain; charset=a; charset=b", "b"),
        ("text/plain; charset=\"a", "a"),
        ("text/plain; x=\"; charset=a", "a"),
        ("text/plain; charset=a=b", "a=b"),
        ("; charset=a", "a"),
        ("application/json", "utf-8"),
        ("Application/JSON ;", "utf-8"),
        ("application/json; charset=latin-1", "latin-1"),
        ("application/json-patch+json", "utf-8"),
        ("application/x; x=\"a;charset=b\"; charset=c", "c"),
    ] {
        assert_eq!(declared(&[field]).as_deref(), Some(expected), "{field}");
    }
    for field in ["", "image/png", "application/vnd.text+json", "texty/x", "x; y=\"charset=b\""] {
        assert_eq!(declared(&[field]), None, "{field}");
    }
    assert_eq!(declared(&["text/html; charset=a", "text/html"]).as_deref(), Some("a"));
    assert_eq!(declared(&["", "text/html"]).as_deref(), Some("ISO-8859-1"));
}

#[test]
fn names_mean_what_they_mean_to_python() {
    let mut faults = Vec::new();
    for (names, bytes, text) in NAMES {
        for name in names.split(' ') {
            for name in [name.to_owned(), name.replace('_', "-"), name.to_uppercase()] {
                let found = to_text(bytes, Some(&name));
                if !is_known(&name) || found != *text {
                    faults.push(format!("{name}: {found:?}, not {text:?}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for name in ["", "nope-99", "utf-7", "hz", "iso-2022-kr", "cp437", "rot13", "\u{e9}", "utf 9"] {
        assert!(!is_known(name), "{name}");
        assert_eq!(to_text(b"a\xc3\xa9\xff", Some(name)), "a\u{e9}\u{fffd}", "{name}");
    }
    for name in ["cp1252", " utf 8 ", "UTF--8", "unicode-1-1-utf-8", "iso_8859-1:1987", "Shift-JIS"]
    {
        assert!(is_known(name), "{name}");
    }
}

#[test]
fn what_cannot_be_decoded_is_replaced_as_by_python() {
    for (label, bytes, text) in ODD {
        assert_eq!(to_text(bytes, Some(label)), *text, "{label} {}", bytes.escape_ascii());
    }
}

#[test]
fn bytes_tell_what_they_look_like() {
    let cyrillic = "Съешь же ещё этих мягких французских булок, да выпей чаю. ";
    let windows = encode(encoding_rs::WINDOWS_1251, cyrillic);
    let japanese = encode(encoding_rs::SHIFT_JIS, "いろはにほへと ちりぬるを 我が世誰ぞ");
    let cases: [(&[u8], &str); 10] = [
        (b"", "utf-8"),
        (b"plain \x1b$B", "ascii"),
        ("é".as_bytes(), "utf-8"),
        (b"\xef\xbb\xbfhi", "utf-8-sig"),
        (b"\xff\xfeh\x00", "utf-16"),
        (b"\xfe\xff\x00h", "utf-16"),
        (b"\xff\xfe\x00\x00h\x00\x00\x00", "utf-32"),
        (b"caf\xe9 na\xefve", "windows-1252"),
        (&windows, "windows-1251"),
        (&japanese, "shift_jis"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(apparent_encoding(bytes), expected, "{}", bytes.escape_ascii());
        let text = to_text(bytes, None);
        assert!(!text.contains([char::REPLACEMENT_CHARACTER, '\u{feff}']), "{text}");
    }
    assert_eq!(to_text(&windows, None), cyrillic);
}

fn encode(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let mut bytes = vec![0; 4 * text.len()];
    let (_, _, written, _) = encoding.new_encoder().encode_from_utf8(text, &mut bytes, true);
    bytes.truncate(written);
    bytes
}

#[test]
fn any_bytes_look_like_something_that_is_known() {
    let mut random = Random(1);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..20_000 {
        let from = [0x20, 0x80, 0xc0, 0][round % 4];
        let bytes: Vec<u8> = (0..round % 40).map(|_| random.byte().max(from)).collect();
        let found = apparent_encoding(&bytes);
        assert!(is_known(found), "{found}");
        assert_eq!(found, found.to_lowercase());
        seen.insert(found);
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn text_is_the_same_however_its_bytes_are_cut() {
    let mut random = Random(2);
    let samples = NAMES.iter().chain(ODD).map(|(names, bytes, _)| (names, bytes));
    for (names, sample) in samples {
        let label = names.split(' ').next();
        for round in 0..40 {
            // The sample alone; then many of it with other bytes between.
            let mut bytes = sample.to_vec();
            for _ in 0..round / 2 {
                bytes.push(random.byte());
                bytes.extend_from_slice(sample);
            }
            let whole = to_text(&bytes, label);
            let (mut decoder, mut text) = (TextDecoder::new(label), String::new());
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(random.below(4).min(rest.len()));
                decoder.decode(piece, false, &mut text);
                rest = behind;
            }
            decoder.decode(&[], true, &mut text);
            assert_eq!(text, whole, "{label:?} {}", bytes.escape_ascii());
            decoder.decode(b"more", true, &mut text);
            assert_eq!(text, whole, "{label:?}: nothing comes behind the end");
        }
    }
}

#[test]
fn long_text_is_decoded_whole() {
    for (label, bytes, text) in
        [("gbk", &b"\xd6\xd0"[..], "\u{4e2d}"), ("l1", b"\x80\xe9", "\u{80}é")]
    {
        let many = bytes.repeat(100_000);
        assert_eq!(to_text(&many, Some(label)), text.repeat(100_000), "{label}");
    }
}

#[test]
fn json_comes_in_any_unicode() {
    let text = "{\"a\": \"é中😀\"}";
    let marked = format!("\u{feff}{text}");
    for text in [text, &marked, "1", "[]"] {
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let bodies: [Vec<u8>; 5] = [
            text.as_bytes().to_vec(),
            utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
            text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        ];
        for body in bodies {
            for label in [None, Some("utf-8"), Some("ISO-8859-1"), Some("utf-16"), Some("nope")] {
                let found = json_text(&body, label).unwrap();
                assert_eq!(found, text.trim_start_matches('\u{feff}'), "{label:?} {body:02x?}");
            }
        }
    }
    assert_eq!(json_text(b"", None).unwrap(), "");
}

#[test]
fn json_that_is_not_unicode_needs_a_label_that_says_so() {
    let body = b"{\"a\": \"caf\xe9\"}";
    for label in [None, Some("ISO-8859-1"), Some("cp1252")] {
        assert_eq!(json_text(body, label).unwrap(), "{\"a\": \"café\"}", "{label:?}");
    }
    let faults: [(&[u8], Option<&str>); 9] = [
        (body, Some("utf-8")),
        (body, Some("unicode-1-1-utf-8")),
        (body, Some("utf-16le")),
        (body, Some("nope")),
        (b"\xef\xbb\xbf\xff", Some("latin-1")),
        (b"[\x00\x00", None),
        (b"[\x00\x00\xd8", None),
        (b"\xff\xfe\x00\x00\x00\x00\x11\x00", None),
        (b"\x00\x00\x00[\x00", None),
    ];
    for (body, label) in faults {
        let error = json_text(body, label).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidJson, "{}", body.escape_ascii());
    }
}

#[test]
fn any_bytes_are_text_or_not() {
    let mut random = Random(3);
    for round in 0..20_000 {
        let bytes: Vec<u8> = (0..round % 12).map(|_| random.byte() & [255, 3][round % 2]).collect();
        if let Ok(text) = json_text(&bytes, None) {
            assert!(text.len() <= 3 * bytes.len());
        }
        let field: String =
            (0..round % 50).map(|_| char::from(b";;\"\"='charset= a"[random.below(16)])).collect();
        declared(&[&field]);
        is_known(&field);
    }
    let quotes = ";\"".repeat(150_000);
    assert_eq!(declared(&["text/x", &quotes]).as_deref(), Some("ISO-8859-1"));
}

/// Xorshift, seeded.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as u8
    }

    /// Below `end`, which is at most 256.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }
}
