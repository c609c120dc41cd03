//! Which body is sent, and as what: parts, then a body, then fields, then JSON (behaviours B3–B5,
//! M1, M11, M12).

use std::sync::Arc;

use crate::body::multipart;
use crate::body::source::Source;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::Headers;
use crate::params::encoded;
use crate::request::Content;

/// The source of the body; a Content-Type that follows from it is set, one that is there stays.
pub(super) fn source(content: &Content, headers: &mut Arc<Headers>) -> Result<(Source, Type)> {
    if !content.parts.is_empty() {
        return multipart(content, headers);
    }
    if !content.body.is_none() {
        return Ok((content.body.clone(), Type::None));
    }
    if !content.fields.is_empty() {
        let fields = content.fields.iter();
        let text = encoded(fields.map(|(name, value)| (name.as_str(), value.as_str())));
        let form = Type::Known("application/x-www-form-urlencoded");
        return Ok((Source::of(text.as_bytes()), form));
    }
    match &content.json {
        Some(json) => Ok((json.clone(), Type::Known("application/json"))),
        None => Ok((Source::Empty, Type::None)),
    }
}

/// The Content-Type that follows from a body.
pub(super) enum Type {
    None,
    Known(&'static str),
    Multipart(String),
}

impl Type {
    /// Sets it, unless one is there.
    pub(super) fn put(&self, headers: &mut Arc<Headers>) {
        let multipart;
        let value = match self {
            Self::None => return,
            Self::Known(value) => *value,
            Self::Multipart(boundary) => {
                multipart = format!("multipart/form-data; boundary={boundary}");
                &multipart
            }
        };
        if !headers.contains("content-type") {
            Headers::own(headers).append("Content-Type", value.as_bytes());
        }
    }
}

fn multipart(content: &Content, headers: &mut Arc<Headers>) -> Result<(Source, Type)> {
    if !content.body.is_none() {
        let message = "a request has either a body or parts; add the body as a part or as fields";
        return Err(Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare));
    }
    let boundary = match own_boundary(headers)? {
        Some(boundary) => boundary,
        None => new_boundary()?,
    };
    let body = multipart::body(&content.fields, &content.parts, &boundary);
    Ok((body, Type::Multipart(boundary)))
}

/// The boundary of a Content-Type that is set already: one without gets a new one (M12 mended).
fn own_boundary(headers: &mut Arc<Headers>) -> Result<Option<String>> {
    let Some(value) = headers.get("content-type") else { return Ok(None) };
    let value = String::from_utf8_lossy(value).into_owned();
    let (media_type, params) = value.split_once(';').unwrap_or((&value, ""));
    if !media_type.trim().get(..10).is_some_and(|t| t.eq_ignore_ascii_case("multipart/")) {
        let message = "the header Content-Type does not say multipart although the request has \
                       parts; leave it out";
        return Err(Error::new(ErrorKind::InvalidHeader, message).in_phase(Phase::Prepare));
    }
    let mut named = params.split(';').filter_map(|param| param.trim().split_once('='));
    let own = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    if let Some((_, boundary)) = own {
        let boundary = boundary.trim().trim_matches('"');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
        if boundary.is_empty() || boundary.len() > 70 || !boundary.bytes().all(is_plain) {
            let message = "the boundary in the header Content-Type is none (RFC 2046 §5.1.1)";
            return Err(Error::new(ErrorKind::InvalidHeader, message).in_phase(Phase::Prepare));
        }
        return Ok(Some(boundary.to_owned()));
    }
    let boundary = new_boundary()?;
    let whole = format!("{}; boundary={boundary}", value.trim_end_matches([' ', ';']));
    Headers::own(headers).put("Content-Type", whole.as_bytes());
    Ok(Some(boundary))
}

/// 128 bits of the system's random source: no content holds it but by intent (M1).
fn new_boundary() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| {
        let message = "the system gave no random bytes for a multipart boundary";
        Error::new(ErrorKind::File, message).in_phase(Phase::Prepare)
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}
