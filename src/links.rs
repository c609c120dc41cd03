//! The links of a response: its Link fields, in Requests' shape.
//!
//! Leaves resolving URLs to others. Source: RFC 8288 §3 and appendix B.2; behaviour V5, mended:
//! quoted strings may hold commas, semicolons, `=` and `, <`; several fields count, junk does not.

use std::collections::HashMap;

use crate::headers::Headers;

/// One link of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The relation as given, several in one string (`next prev`); the URL if there is none.
    pub key: String,
    /// The URL as given: it may be relative to that of the response.
    pub url: String,
    /// The parameters in order, `rel` among them, names spelled as given. A parameter without a
    /// value has an empty one.
    pub params: Vec<(String, String)>,
}

impl Link {
    /// The value of the first parameter of this name, in any case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let named = self.params.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Whether this is one of the link's relations, in any case (RFC 8288 §3.3).
    #[must_use]
    pub fn has_rel(&self, rel: &str) -> bool {
        let rels = self.param("rel").unwrap_or_default();
        rels.split_ascii_whitespace().any(|given| given.eq_ignore_ascii_case(rel))
    }
}

/// Parameters that count once: what comes after the first is ignored (RFC 8288 §3.3, §3.4.1).
const ONCE: [&str; 5] = ["rel", "media", "title", "title*", "type"];

/// Every link in order; one with the key of an earlier link takes its place.
pub(crate) fn links(headers: &Headers) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut places = HashMap::new();
    for value in headers.get_all("link") {
        let latin1 = || value.iter().copied().map(char::from).collect();
        let text = std::str::from_utf8(value).map_or_else(|_| latin1(), str::to_owned);
        let mut reader = Reader { rest: &text };
        while let Some(link) = reader.link() {
            let place = *places.entry(link.key.clone()).or_insert(links.len());
            match links.get_mut(place) {
                Some(earlier) => *earlier = link,
                None => links.push(link),
            }
        }
    }
    links
}

/// What is left of one field. Every step takes what it has looked at.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The next link, wherever it begins.
    fn link(&mut self) -> Option<Link> {
        let (_, behind) = self.rest.split_once('<')?;
        let (url, behind) = behind.split_once('>')?;
        self.rest = behind;
        // A URL holds no `<`: what stands before one is a link that was never closed.
        let url = url.rsplit('<').next().unwrap_or(url).trim_matches(BLANK).to_owned();
        let params = self.params();
        let rel = params.iter().find(|(name, _)| name.eq_ignore_ascii_case("rel"));
        let rel = rel.map(|(_, rel)| rel).filter(|rel| !rel.is_empty());
        Some(Link { key: rel.unwrap_or(&url).clone(), url, params })
    }

    fn params(&mut self) -> Vec<(String, String)> {
        let (mut params, mut seen) = (Vec::new(), [false; ONCE.len()]);
        // Between `>` and the first parameter there may be blanks; anything else is junk.
        self.take_until(&[';', ',']);
        while let Some(rest) = self.rest.strip_prefix(';') {
            self.rest = rest;
            let name = self.take_until(&['=', ';', ',']).trim_matches(BLANK);
            let value = self.value();
            let once = ONCE.iter().position(|once| once.eq_ignore_ascii_case(name));
            let is_again = once.is_some_and(|at| std::mem::replace(&mut seen[at], true));
            if !name.is_empty() && !is_again {
                params.push((name.to_owned(), value));
            }
        }
        params
    }

    /// What stands behind `=`, without its quotes; takes all up to the next parameter or link.
    fn value(&mut self) -> String {
        let Some(behind) = self.rest.strip_prefix('=') else { return String::new() };
        self.rest = behind.trim_start_matches(BLANK);
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            let value = self.quoted();
            self.take_until(&[';', ',']);
            return value;
        }
        let token = self.take_until(&[';', ',']);
        // Requests takes single quotes and odd double ones off as well.
        token.trim_matches(['"', '\'', ' ', '\t']).to_owned()
    }

    /// A quoted string behind its first quote (RFC 9110 §5.6.4); the end of the field closes it.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut chars = self.rest.chars();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            value.extend(if c == '\\' { chars.next() } else { Some(c) });
        }
        self.rest = chars.as_str();
        value
    }

    fn take_until(&mut self, ends: &[char]) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

const BLANK: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[&[u8]]) -> Vec<Link> {
        let mut headers = Headers::new();
        for field in fields {
            headers.append("Link", field);
        }
        links(&headers)
    }

    fn shown(field: &str) -> Vec<String> {
        let one = |link: Link| {
            let params = link.params.iter().map(|(name, value)| format!("{name}={value}"));
            let params: Vec<String> = params.collect();
            format!("{} <{}> {}", link.key, link.url, params.join("|"))
        };
        read(&[field.as_bytes()]).into_iter().map(one).collect()
    }

    #[test]
    fn links_as_requests_reads_them() {
        let cases: [(&str, &[&str]); 8] = [
            (
                "<http://a/2>; rel=\"next\", <http://a/9>; rel=last; title=\"a, b\"",
                &["next <http://a/2> rel=next", "last <http://a/9> rel=last|title=a, b"],
            ),
            (
                "<https://api.github.com/x?page=2>; rel=\"next\", \
                 <https://api.github.com/x?a=1,2;3&page=9>; rel=\"last\"",
                &[
                    "next <https://api.github.com/x?page=2> rel=next",
                    "last <https://api.github.com/x?a=1,2;3&page=9> rel=last",
                ],
            ),
            (
                "<http:/.../front.jpeg>; rel=front; type=\"image/jpeg\",\
                 <http://.../back.jpeg>; rel=back;type='image/jpeg'",
                &[
                    "front <http:/.../front.jpeg> rel=front|type=image/jpeg",
                    "back <http://.../back.jpeg> rel=back|type=image/jpeg",
                ],
            ),
            ("<a>", &["a <a> "]),
            ("<a>;", &["a <a> "]),
            ("<a>; rel=\"\"", &["a <a> rel="]),
            ("<a>; rel=\"next prev\"", &["next prev <a> rel=next prev"]),
            ("", &[]),
        ];
        for (field, expected) in cases {
            assert_eq!(shown(field), expected, "{field}");
        }
    }

    #[test]
    fn what_breaks_requests_does_not_break_links() {
        let cases: [(&str, &[&str]); 12] = [
            ("<a>;rel=x;;y, <b>, junk", &["x <a> rel=x|y=", "b <b> "]),
            ("<a>; t=\"x;y=1, <z>; rel=q\"; rel=n", &["n <a> t=x;y=1, <z>; rel=q|rel=n"]),
            (
                "<a>; t=\"\\\"q\\\\\\\"\"; rel=n,<b>;rel=m",
                &["n <a> t=\"q\\\"|rel=n", "m <b> rel=m"],
            ),
            (
                "<a> \t;\trel = \"n\" ; b\t=\tc ,\t<d> ; rel = m",
                &["n <a> rel=n|b=c", "m <d> rel=m"],
            ),
            ("<a>;x=1=2;rel=n", &["n <a> x=1=2|rel=n"]),
            ("<a>; REL=n; Title=T", &["n <a> REL=n|Title=T"]),
            (
                "<a>; rel=n; rel=m; title=x; TITLE=y; hreflang=de; hreflang=en",
                &["n <a> rel=n|title=x|hreflang=de|hreflang=en"],
            ),
            (
                "junk, ;rel=z, <a>junk;rel=n junk, <b> junk, <c>;=v;rel=o",
                &["n junk <a> rel=n junk", "b <b> ", "o <c> rel=o"],
            ),
            ("<a, <b>; rel=n", &["n <b> rel=n"]),
            ("<a>; rel=n, <b", &["n <a> rel=n"]),
            ("<a>; rel=\"n, <b>; rel=m", &["n, <b>; rel=m <a> rel=n, <b>; rel=m"]),
            ("<a>; rel=\"n\" junk, <b>; rel=\"m\\", &["n <a> rel=n", "m <b> rel=m"]),
        ];
        for (field, expected) in cases {
            assert_eq!(shown(field), expected, "{field}");
        }
    }

    #[test]
    fn a_later_link_of_the_same_key_takes_the_place_of_the_earlier_one() {
        let found = read(&[b"<1>; rel=a, <2>; rel=b", b"<3>; rel=a; x=y"]);
        let urls: Vec<&str> = found.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(urls, ["3", "2"]);
        assert_eq!(found[0].param("X"), Some("y"));
    }

    #[test]
    fn relations_are_told_apart_by_blanks_and_in_any_case() {
        let link = read(&[b"<a>; rel=\"Next  prev\thttp://x/y\""]).remove(0);
        for rel in ["next", "PREV", "http://x/y"] {
            assert!(link.has_rel(rel), "{rel}");
        }
        for rel in ["", "nex", "next prev", "Next  prev\thttp://x/y"] {
            assert!(!link.has_rel(rel), "{rel}");
        }
        assert!(!read(&[b"<a>; title=next"])[0].has_rel("next"));
    }

    #[test]
    fn text_is_utf8_and_if_it_is_not_latin1() {
        let utf8 = read(&["<é>; title=\"ü\"".as_bytes()]);
        assert_eq!((&*utf8[0].url, utf8[0].param("title")), ("é", Some("ü")));
        let latin1 = read(&[b"<\xe9>; title=\"\xfc\""]);
        assert_eq!((&*latin1[0].url, latin1[0].param("title")), ("é", Some("ü")));
    }

    #[test]
    fn any_bytes_are_read_and_nothing_is_made_up() {
        let alphabet = *b"<<>>;;,,==\"\"\\' \trela*\xff\xc3\xa9";
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..20_000 {
            let field: Vec<u8> = (0..round % 60)
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    alphabet[(random >> 33) as usize % alphabet.len()]
                })
                .collect();
            let found = read(&[&field]);
            let chars: usize = found
                .iter()
                .map(|link| {
                    let params = link.params.iter();
                    let params = params.map(|(name, value)| name.len() + value.len());
                    link.url.len() + params.sum::<usize>()
                })
                .sum();
            // Latin-1 doubles at most.
            assert!(chars <= 2 * field.len(), "{}", field.escape_ascii());
            let mut keys: Vec<&str> = found.iter().map(|link| &*link.key).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), found.len(), "{}", field.escape_ascii());
        }
    }

    /// Each of these would take minutes if anything were looked at again and again.
    #[test]
    fn a_head_full_of_links_is_read_once() {
        let many = |text: &str| text.repeat(300_000 / text.len());
        let different: String = (0..40_000).map(|at| format!("<{at}>,")).collect();
        assert_eq!(read(&[different.as_bytes()]).len(), 40_000);
        assert_eq!(read(&[many("<a>,").as_bytes()]).len(), 1);
        assert_eq!(read(&[("<a>".to_owned() + &many(";a")).as_bytes()])[0].params.len(), 150_000);
        let titles = "<a>".to_owned() + &many(";a")[..150_000] + &many(";type")[..150_000];
        assert_eq!(read(&[titles.as_bytes()])[0].params.len(), 75_001);
        for nothing in ["<", ">", "\"", "<\"", "=", "\\"] {
            assert!(read(&[many(nothing).as_bytes()]).is_empty());
        }
        assert_eq!(read(&[("<a>;b=\"".to_owned() + &many("\\")).as_bytes()]).len(), 1);
    }
}
