//! Query parameters: how a request's merge with its session's, and how pairs are form-encoded
//! (behaviours S2–S6, U15–U18).
//!
//! Pairs are encoded when they are set and lie in one text: equal names are equal when encoded, and
//! a request without a session's parameters takes the text as it is.

use std::ops::Range;

use crate::url::push_form_encoded;

/// The first allocation for parameters that are set one by one.
const USUAL_PAIRS: usize = 8;
const USUAL_BYTES: usize = 256;

/// Text shorter than this is not looked through for what is used no more.
const WASTE_BYTES: usize = 4096;

/// Parameters of one level: nothing, pairs, or raw query text in their place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    /// Every pair that was ever set, encoded, `&` between them.
    text: String,
    /// Those that hold, in order; a name may come several times.
    pairs: Vec<Pair>,
    /// Whether the text is what the pairs come to: none was replaced or removes.
    is_plain: bool,
    /// Query text to append as it is.
    raw: Option<String>,
}

/// Where a pair stands in the text, its name first. One that is removed is a name alone: what the
/// session has of it is left out.
#[derive(Clone, Debug)]
struct Pair {
    start: usize,
    name_len: usize,
    len: usize,
    is_removed: bool,
    /// What the name ends with, by which most names of a length differ.
    last: u8,
}

impl Pair {
    fn name(&self) -> Range<usize> {
        self.start..self.start + self.name_len
    }

    fn span(&self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

impl Params {
    /// Sets the one pair of this name, in its place; `None` removes it, from the session's too.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        let pair = self.store(name, value);
        let text = self.text.as_bytes();
        let same = |other: &Pair| {
            other.name_len == pair.name_len
                && other.last == pair.last
                && text[other.name()] == text[pair.name()]
        };
        let Some(first) = self.pairs.iter().position(same) else {
            self.pairs.push(pair);
            return;
        };
        self.is_plain = false;
        let mut at = 0;
        self.pairs.retain(|other| {
            at += 1;
            at - 1 <= first || !same(other)
        });
        self.pairs[first] = pair;
    }

    /// Adds a pair beside others of the name.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let pair = self.store(name, Some(value));
        self.pairs.push(pair);
    }

    /// Replaces all by query text; `None`: by nothing.
    pub(crate) fn set_raw(&mut self, text: Option<&str>) {
        *self = Self { raw: text.map(str::to_owned), ..Self::default() };
    }

    /// Pairs that were replaced leave their text behind: parameters that change all the time must
    /// not grow for ever.
    fn drop_waste(&mut self) {
        let used = |pair: &Pair| pair.len + 1;
        if self.text.len() < WASTE_BYTES
            || self.text.len() <= 2 * self.pairs.iter().map(used).sum::<usize>()
        {
            return;
        }
        let old = std::mem::take(self);
        self.is_plain = true;
        for pair in old.pairs {
            push_all(&mut self.text, std::iter::once(&old.text[pair.span()]));
            self.is_plain &= !pair.is_removed;
            self.pairs.push(Pair { start: self.text.len() - pair.len, ..pair });
        }
    }

    fn store(&mut self, name: &str, value: Option<&str>) -> Pair {
        self.drop_waste();
        if self.pairs.is_empty() {
            (self.raw, self.is_plain) = (None, true);
            self.text.clear();
            self.text.reserve(USUAL_BYTES);
            self.pairs.reserve(USUAL_PAIRS);
        } else {
            self.text.push('&');
        }
        let start = self.text.len();
        push_form_encoded(&mut self.text, name);
        let name_len = self.text.len() - start;
        let last = self.text.as_bytes()[start..].last().copied().unwrap_or_default();
        match value {
            None => self.is_plain = false,
            Some(value) => {
                self.text.push('=');
                push_form_encoded(&mut self.text, value);
            }
        }
        let len = self.text.len() - start;
        Pair { start, name_len, len, is_removed: value.is_none(), last }
    }

    fn is_unset(&self) -> bool {
        self.raw.is_none() && self.pairs.is_empty()
    }

    /// The encoded pairs of this name, or of all names.
    fn wholes<'a>(&'a self, name: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        let named = move |pair: &&Pair| name.is_none_or(|name| self.name(pair) == name);
        self.pairs.iter().filter(named).filter_map(|pair| self.whole(pair))
    }

    /// The encoded pair, if it is one.
    fn whole(&self, pair: &Pair) -> Option<&str> {
        (!pair.is_removed).then(|| &self.text[pair.span()])
    }

    fn name(&self, pair: &Pair) -> &str {
        &self.text[pair.name()]
    }

    fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|pair| self.name(pair) == name)
    }
}

/// What a request's parameters and its session's come to.
#[derive(Clone, Copy)]
pub(crate) enum Query<'a> {
    Empty,
    /// Form-encoded pairs.
    Encoded(&'a str),
    /// Text as it was given.
    Raw(&'a str),
}

/// Merges: the session's order, the request's values in the places of their names, then what only
/// the request has; a request that says other than pairs replaces all (S2, S3, S6). `room` holds
/// what has to be put together.
pub(crate) fn merged<'a>(
    session: Option<&'a Params>,
    request: &'a Params,
    room: &'a mut String,
) -> Query<'a> {
    let session = session.filter(|session| !session.is_unset());
    let Some(deciding) = (if request.is_unset() { session } else { Some(request) }) else {
        return Query::Empty;
    };
    if let Some(text) = &deciding.raw {
        return Query::Raw(text);
    }
    let base = session.filter(|session| session.raw.is_none());
    let alone = base.is_none() || request.is_unset();
    if alone && deciding.is_plain {
        return Query::Encoded(&deciding.text);
    }
    if let Some(base) = base {
        for (at, pair) in base.pairs.iter().enumerate() {
            let name = base.name(pair);
            let is_first = || base.pairs[..at].iter().all(|other| base.name(other) != name);
            if !request.has(name) {
                push_all(room, base.whole(pair).into_iter());
            } else if is_first() {
                push_all(room, request.wholes(Some(name)));
            }
        }
    }
    for pair in &request.pairs {
        if base.is_none_or(|base| !base.has(request.name(pair))) {
            push_all(room, request.whole(pair).into_iter());
        }
    }
    if room.is_empty() { Query::Empty } else { Query::Encoded(room) }
}

fn push_all<'a>(text: &mut String, pairs: impl Iterator<Item = &'a str>) {
    for pair in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(pair);
    }
}

/// Form-encodes pairs (U15, B3).
pub(crate) fn encoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_form_encoded(&mut text, name);
        text.push('=');
        push_form_encoded(&mut text, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(given: &[(&str, Option<&str>)]) -> Params {
        let mut params = Params::default();
        for (name, value) in given {
            match value {
                Some(value) => params.add(name, value),
                None => params.set(name, None),
            }
        }
        params
    }

    fn raw(text: &str) -> Params {
        let mut params = Params::default();
        params.set_raw(Some(text));
        params
    }

    #[track_caller]
    fn check(session: &Params, request: &Params, expected: &str) {
        let mut room = String::new();
        let text = match merged(Some(session), request, &mut room) {
            Query::Empty => String::new(),
            Query::Encoded(text) => text.to_owned(),
            Query::Raw(text) => format!("raw {text}"),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn the_request_wins_in_the_place_of_the_session() {
        let unset = Params::default();
        let session = pairs(&[("a", Some("1")), ("b", Some("2")), ("a", Some("3"))]);
        check(&session, &unset, "a=1&b=2&a=3");
        let over = pairs(&[("c", Some("4")), ("a", Some("x")), ("a", Some("y"))]);
        check(&session, &over, "a=x&a=y&b=2&c=4");
        check(&unset, &over, "c=4&a=x&a=y");
        check(&session, &pairs(&[("a", None)]), "b=2");
        check(&session, &pairs(&[("A", Some(""))]), "a=1&b=2&a=3&A=");
        check(&session, &raw("q"), "raw q");
        check(&raw("q"), &pairs(&[("a", Some("1"))]), "a=1");
        check(&raw("q"), &pairs(&[("a", None)]), "");
        check(&raw("q"), &unset, "raw q");
        check(&pairs(&[("a", None)]), &unset, "");
        check(&unset, &unset, "");
    }

    #[test]
    fn parameters_that_change_all_the_time_do_not_grow() {
        let (unset, mut params) = (Params::default(), Params::default());
        params.add("first", "1");
        params.set("gone", None);
        for round in 0..100_000 {
            params.set("page", Some(&round.to_string()));
        }
        check(&unset, &params, "first=1&page=99999");
        check(&pairs(&[("gone", Some("1"))]), &params, "first=1&page=99999");
        assert!(params.text.capacity() <= 4 * WASTE_BYTES, "{}", params.text.capacity());
    }

    #[test]
    fn setting_replaces_and_adding_does_not() {
        let unset = Params::default();
        let mut params = pairs(&[("a", Some("1")), ("b", Some("2 &")), ("a", Some("3"))]);
        params.set("a", Some("4"));
        check(&unset, &params, "a=4&b=2+%26");
        params.set("b", None);
        params.add("b", "5");
        check(&unset, &params, "a=4&b=5");
        check(&pairs(&[("b", Some("2"))]), &params, "b=5&a=4");
        params.set_raw(Some("x"));
        params.set("c", Some("1"));
        check(&unset, &params, "c=1");
        params.set_raw(None);
        check(&unset, &params, "");
    }
}
