//! The names of encodings: Python's first, since its users wrote them, then those of browsers.
//!
//! As in Python, case and punctuation do not matter. `iso-8859-1`, `-9` and `-11` are themselves
//! and not the Windows code pages that browsers take them for. Names of what nobody should decode
//! any more (utf-7, hz, iso-2022-kr) and of code pages of mainframes and DOS are unknown.
//! Source: Python's `encodings.aliases`; WHATWG Encoding §4.2.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// A byte order mark stays, as U+FEFF.
    Utf8,
    /// A byte order mark is removed.
    Utf8Sig,
    /// A byte order mark decides and is removed; else little endian.
    Utf16,
    Utf32(ByteOrder),
    Ascii,
    /// This encoding of one byte a character, but 80–9F are the C1 controls.
    WithControls(&'static Encoding),
    Web(&'static Encoding),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// Told by a byte order mark, which is removed; else little endian.
    Marked,
    Little,
    Big,
}

/// What this label names; None: nothing that can be decoded.
pub(super) fn codec(label: &str) -> Option<Codec> {
    let words = words(label);
    Some(match &*words.concat() {
        "utf8" | "u8" | "utf" | "utf8ucs2" | "utf8ucs4" | "cp65001" => Codec::Utf8,
        "utf8sig" => Codec::Utf8Sig,
        "utf16" | "u16" => Codec::Utf16,
        "utf16le" | "unicodelittleunmarked" => Codec::Web(encoding_rs::UTF_16LE),
        "utf16be" | "unicodebigunmarked" => Codec::Web(encoding_rs::UTF_16BE),
        "utf32" | "u32" => Codec::Utf32(ByteOrder::Marked),
        "utf32le" => Codec::Utf32(ByteOrder::Little),
        "utf32be" => Codec::Utf32(ByteOrder::Big),
        "ascii" | "usascii" | "us" | "646" | "iso646us" | "iso646irv1991" | "ansix341968"
        | "ansix341986" | "cp367" | "ibm367" | "csascii" | "isoir6" => Codec::Ascii,
        "latin1" | "latin" | "l1" | "iso88591" | "iso885911987" | "iso8859" | "8859" | "cp819"
        | "ibm819" | "csisolatin1" | "isoir100" => Codec::WithControls(encoding_rs::WINDOWS_1252),
        "iso88599" | "iso885991989" | "latin5" | "l5" | "csisolatin5" | "isoir148" => {
            Codec::WithControls(encoding_rs::WINDOWS_1254)
        }
        "iso885911" | "iso8859112001" | "thai" | "tis620" | "tis6200" | "tis62025290"
        | "tis62025291" | "isoir166" => Codec::WithControls(encoding_rs::WINDOWS_874),
        squeezed => match web(label, &words, squeezed)? {
            encoding if encoding == encoding_rs::UTF_8 => Codec::Utf8,
            encoding => Codec::Web(encoding),
        },
    })
}

/// Runs of letters and digits, in lower case: what Python compares of a name.
fn words(label: &str) -> Vec<String> {
    let runs = label.split(|c: char| !c.is_ascii_alphanumeric());
    runs.filter(|run| !run.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// An encoding of browsers, under its own names in any punctuation, or under Python's.
fn web(label: &str, words: &[String], squeezed: &str) -> Option<&'static Encoding> {
    let named = |name: &str| Encoding::for_label_no_replacement(name.as_bytes());
    named(label)
        .or_else(|| named(&words.join("-")))
        .or_else(|| named(&words.join("_")))
        .or_else(|| named(squeezed))
        .or_else(|| named(&browsers_name(squeezed)?))
}

/// What browsers call an encoding that only Python calls so.
fn browsers_name(squeezed: &str) -> Option<Cow<'static, str>> {
    // iso8859_5, iso_8859_5_1988
    if let Some(part) = squeezed.strip_prefix("iso8859") {
        let year = part.len().checked_sub(4).filter(|digits| *digits > 0);
        return Some(format!("iso-8859-{}", part.get(..year.unwrap_or(part.len()))?).into());
    }
    Some(Cow::Borrowed(match squeezed {
        "932" | "cp932" | "ms932" | "mskanji" | "shiftjis" | "xmacjapanese" => "shift_jis",
        "936" | "cp936" | "ms936" => "gbk",
        "949" | "cp949" | "ms949" | "uhc" => "euc-kr",
        "950" | "cp950" | "ms950" | "big5tw" | "xmactradchinese" => "big5",
        "1250" | "1251" | "1252" | "1253" | "1254" | "1255" | "1256" | "1257" | "1258" => {
            return Some(format!("windows-{squeezed}").into());
        }
        "cp874" => "windows-874",
        "eucjp" | "ujis" => "euc-jp",
        "euckr" | "ksc56011987" | "ksx1001" | "xmackorean" => "euc-kr",
        "euccn" | "eucgb2312cn" | "gb23121980" | "gb231280" | "xmacsimpchinese" => "gbk",
        "gb180302000" => "gb18030",
        "iso2022jp" => "iso-2022-jp",
        "isoceltic" | "isoir199" | "l8" | "latin8" => "iso-8859-14",
        "isoir226" | "l10" | "latin10" => "iso-8859-16",
        "l7" | "latin7" => "iso-8859-13",
        "latin9" => "iso-8859-15",
        "macroman" => "macintosh",
        "maccyrillic" => "x-mac-cyrillic",
        _ => return None,
    }))
}

/// The name of an encoding in lower case.
pub(super) fn lower_name(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "UTF-8" => "utf-8",
        "UTF-16BE" => "utf-16be",
        "UTF-16LE" => "utf-16le",
        "Big5" => "big5",
        "EUC-JP" => "euc-jp",
        "EUC-KR" => "euc-kr",
        "GBK" => "gbk",
        "IBM866" => "ibm866",
        "ISO-2022-JP" => "iso-2022-jp",
        "ISO-8859-2" => "iso-8859-2",
        "ISO-8859-3" => "iso-8859-3",
        "ISO-8859-4" => "iso-8859-4",
        "ISO-8859-5" => "iso-8859-5",
        "ISO-8859-6" => "iso-8859-6",
        "ISO-8859-7" => "iso-8859-7",
        "ISO-8859-8" => "iso-8859-8",
        "ISO-8859-8-I" => "iso-8859-8-i",
        "ISO-8859-10" => "iso-8859-10",
        "ISO-8859-13" => "iso-8859-13",
        "ISO-8859-14" => "iso-8859-14",
        "ISO-8859-15" => "iso-8859-15",
        "ISO-8859-16" => "iso-8859-16",
        "KOI8-R" => "koi8-r",
        "KOI8-U" => "koi8-u",
        "Shift_JIS" => "shift_jis",
        name => name,
    }
}
