//! Query parameters: how a request's merge with its session's, and how pairs are form-encoded
//! (behaviours S2–S6, U15–U18).

use crate::url::push_form_encoded;

/// Parameters of one level: nothing, pairs, or raw query text in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params {
    /// In order; a name may come several times; `None` removes what the session has of that name.
    pairs: Vec<(String, Option<String>)>,
    /// Query text to append as it is.
    raw: Option<String>,
}

impl Params {
    /// Sets the one pair of this name, in its place; `None` removes it, from the session's too.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        self.raw = None;
        let value = value.map(str::to_owned);
        match self.pairs.iter().position(|(other, _)| other == name) {
            None => self.pairs.push((name.to_owned(), value)),
            Some(first) => {
                self.pairs[first].1 = value;
                let mut at = 0;
                self.pairs.retain(|(other, _)| {
                    at += 1;
                    at - 1 <= first || other != name
                });
            }
        }
    }

    /// Adds a pair beside others of the name.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.raw = None;
        self.pairs.push((name.to_owned(), Some(value.to_owned())));
    }

    /// Replaces all by query text; `None`: by nothing.
    pub(crate) fn set_raw(&mut self, text: Option<&str>) {
        self.pairs.clear();
        self.raw = text.map(str::to_owned);
    }

    fn is_unset(&self) -> bool {
        self.raw.is_none() && self.pairs.is_empty()
    }
}

/// What a request's parameters and its session's come to.
pub(crate) enum Query {
    Empty,
    /// Form-encoded pairs.
    Encoded(String),
    /// Text as it was given.
    Raw(String),
}

/// Merges: the session's order, the request's values in the places of their names, then what only
/// the request has; a request that says other than pairs replaces all (S2, S3, S6).
pub(crate) fn merged(session: Option<&Params>, request: &Params) -> Query {
    let deciding = if request.is_unset() { session } else { Some(request) };
    let Some(deciding) = deciding else { return Query::Empty };
    if let Some(text) = &deciding.raw {
        return Query::Raw(text.clone());
    }
    let base = session.map_or(&[][..], |session| &session.pairs);
    let over = request.pairs.as_slice();
    let named = |pairs: &[(String, Option<String>)], name: &str| {
        pairs.iter().any(|(other, _)| other == name)
    };
    let mut text = String::new();
    for (at, (name, value)) in base.iter().enumerate() {
        if !named(over, name) {
            push_pair(&mut text, name, value.as_deref());
        } else if !named(&base[..at], name) {
            let mine = over.iter().filter(|(other, _)| other == name);
            mine.for_each(|(name, value)| push_pair(&mut text, name, value.as_deref()));
        }
    }
    for (name, value) in over.iter().filter(|(name, _)| !named(base, name)) {
        push_pair(&mut text, name, value.as_deref());
    }
    if text.is_empty() { Query::Empty } else { Query::Encoded(text) }
}

/// Form-encodes pairs (U15, B3).
pub(crate) fn encoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    pairs.for_each(|(name, value)| push_pair(&mut text, name, Some(value)));
    text
}

fn push_pair(text: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    if !text.is_empty() {
        text.push('&');
    }
    push_form_encoded(text, name);
    text.push('=');
    push_form_encoded(text, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(given: &[(&str, Option<&str>)]) -> Params {
        let owned = |value: &Option<&str>| value.map(str::to_owned);
        let pairs = given.iter().map(|(name, v)| ((*name).to_owned(), owned(v))).collect();
        Params { pairs, raw: None }
    }

    fn raw(text: &str) -> Params {
        Params { pairs: Vec::new(), raw: Some(text.to_owned()) }
    }

    #[track_caller]
    fn check(session: &Params, request: &Params, expected: &str) {
        let text = match merged(Some(session), request) {
            Query::Empty => String::new(),
            Query::Encoded(text) => text,
            Query::Raw(text) => format!("raw {text}"),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn the_request_wins_in_the_place_of_the_session() {
        let session = pairs(&[("a", Some("1")), ("b", Some("2")), ("a", Some("3"))]);
        check(&session, &Params::default(), "a=1&b=2&a=3");
        check(
            &session,
            &pairs(&[("c", Some("4")), ("a", Some("x")), ("a", Some("y"))]),
            "a=x&a=y&b=2&c=4",
        );
        check(&session, &pairs(&[("a", None)]), "b=2");
        check(&session, &pairs(&[("A", Some(""))]), "a=1&b=2&a=3&A=");
        check(&session, &raw("q"), "raw q");
        check(&raw("q"), &pairs(&[("a", Some("1"))]), "a=1");
        check(&raw("q"), &Params::default(), "raw q");
        check(&pairs(&[("a", None)]), &Params::default(), "");
    }

    #[test]
    fn setting_replaces_and_adding_does_not() {
        let mut params = Params::default();
        params.add("a", "1");
        params.add("b", "2");
        params.add("a", "3");
        params.set("a", Some("4"));
        assert_eq!(params, pairs(&[("a", Some("4")), ("b", Some("2"))]));
        params.set("b", None);
        params.add("b", "5");
        check(&pairs(&[("b", Some("2"))]), &params, "b=5&a=4");
        params.set_raw(Some("x"));
        params.set("c", Some("1"));
        assert_eq!(params, pairs(&[("c", Some("1"))]));
    }
}
