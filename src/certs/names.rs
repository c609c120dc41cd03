//! Whom a certificate names, as text (RFC 4514 §2). Leaves parsing to `x509-cert`, whose own text
//! is the same but for what no one is named by: it brings all that IANA has registered, 150 KB.
//!
//! `attributes.txt` has a line for each attribute type: its number, its name. A type without a name
//! is shown by its number, a value that is no text in hexadecimal, as RFC 4514 has it.

use std::fmt::{self, Display, Formatter, Write as _};

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{
    Any, Ia5StringRef, ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef,
};
use x509_cert::der::{Encode, Tag, Tagged};
use x509_cert::name::Name;

const ATTRIBUTES: &str = include_str!("attributes.txt");

/// A name as text, its last part first.
pub(super) fn text_of(name: &Name) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let part = |part: &x509_cert::name::RelativeDistinguishedName| {
        part.iter().map(|pair| Pair(pair).to_string()).collect::<Vec<_>>().join("+")
    };
    parts.into_iter().rev().map(part).collect::<Vec<_>>().join(",")
}

struct Pair<'a>(&'a AttributeTypeAndValue);

impl Display for Pair<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let AttributeTypeAndValue { oid, value } = self.0;
        match (attribute(oid), text(value)) {
            (Some(attribute), Some(text)) => {
                write!(f, "{attribute}=")?;
                write_escaped(f, text)
            }
            _ => {
                write!(f, "{oid}=#")?;
                let bytes = value.to_der().map_err(|_| fmt::Error)?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

fn attribute(oid: &ObjectIdentifier) -> Option<&'static str> {
    let number = oid.to_string();
    let name = |line: &'static str| line.strip_prefix(number.as_str())?.strip_prefix(' ');
    ATTRIBUTES.lines().find_map(name)
}

fn text(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::PrintableString => Some(PrintableStringRef::try_from(value).ok()?.as_str()),
        Tag::Utf8String => Some(Utf8StringRef::try_from(value).ok()?.as_str()),
        Tag::Ia5String => Some(Ia5StringRef::try_from(value).ok()?.as_str()),
        Tag::TeletexString => Some(TeletexStringRef::try_from(value).ok()?.as_str()),
        _ => None,
    }
}

fn write_escaped(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    for (at, char) in text.char_indices() {
        match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{char}")?,
            '#' if at == 0 => f.write_str("\\#")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            '\0'..='\x1f' | '\x7f' => write!(f, "\\{:02x}", u32::from(char))?,
            _ => f.write_char(char)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Against the text that `x509-cert` makes of the same names.

    use x509_cert::der::oid::db::DB;
    use x509_cert::der::{Decode, asn1::SetOfVec};
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;

    /// Where the attribute types are that names are made of: X.520, RFC 4524, PKCS #9, RFC 2798,
    /// RFC 3739.
    const ARCS: [&str; 5] = [
        "2.5.4.",
        "0.9.2342.19200300.100.1.",
        "1.2.840.113549.1.9.",
        "2.16.840.1.113730.3.1.",
        "1.3.6.1.5.5.7.9.",
    ];

    fn pair(oid: ObjectIdentifier, tag: Tag, bytes: &[u8]) -> AttributeTypeAndValue {
        AttributeTypeAndValue { oid, value: Any::new(tag, bytes).unwrap() }
    }

    fn name(parts: Vec<Vec<AttributeTypeAndValue>>) -> Name {
        let part = |pairs| RelativeDistinguishedName::from(SetOfVec::try_from(pairs).unwrap());
        let parts = RdnSequence::from(parts.into_iter().map(part).collect::<Vec<_>>());
        Name::from_der(&parts.to_der().unwrap()).unwrap()
    }

    #[test]
    fn every_attribute_type_has_its_name() {
        let oid = |line: &str| line.split(' ').next().unwrap().parse::<ObjectIdentifier>().unwrap();
        let mut oids: Vec<_> = ATTRIBUTES.lines().map(oid).collect();
        assert!(oids.len() > 150 && oids.iter().all(|oid| DB.by_oid(oid).is_some()));
        // Right below these arcs, nothing that the other list has is missing in ours.
        for arc in ARCS {
            oids.extend((0..300).map(|number| oid(&format!("{arc}{number}"))));
        }
        for oid in oids {
            let name = name(vec![vec![pair(oid, Tag::Utf8String, b"a")]]);
            assert_eq!(text_of(&name), name.to_string());
        }
    }

    #[test]
    fn every_kind_of_value_and_every_byte_is_written_alike() {
        let cn: ObjectIdentifier = "2.5.4.3".parse().unwrap();
        let unknown: ObjectIdentifier = "1.2.3.4".parse().unwrap();
        let tags = [
            Tag::PrintableString,
            Tag::Utf8String,
            Tag::Ia5String,
            Tag::TeletexString,
            Tag::BmpString,
            Tag::Integer,
        ];
        let texts = [" ", "", "#a#", "  a b  ", "#", "é ", "a=b", "ключ", "x\\"];
        let mut values: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        values.extend((0..=255).map(|byte| vec![byte]));
        values.extend((0..=255).map(|byte| vec![b'a', byte, b'b']));
        for tag in tags {
            for value in &values {
                for oid in [cn, unknown] {
                    let name = name(vec![vec![pair(oid, tag, value)]]);
                    assert_eq!(text_of(&name), name.to_string(), "{tag:?} {value:?}");
                }
            }
        }
    }

    #[test]
    fn parts_are_reversed_and_pairs_of_one_part_joined() {
        let oid = |text: &str| text.parse::<ObjectIdentifier>().unwrap();
        let utf8 = |id: &str, text: &str| pair(oid(id), Tag::Utf8String, text.as_bytes());
        let name = name(vec![
            vec![utf8("2.5.4.6", "DE")],
            vec![utf8("2.5.4.10", "Example, Inc."), utf8("2.5.4.11", "Unit")],
            vec![utf8("2.5.4.3", "a.example")],
        ]);
        assert_eq!(text_of(&name), "CN=a.example,OU=Unit+O=Example\\, Inc.,C=DE");
        assert_eq!(text_of(&name), name.to_string());
    }
}
