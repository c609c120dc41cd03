//! An ordered, case-insensitive multimap of header fields, for requests and responses alike.
//!
//! All names and values lie in one buffer and a field is four offsets into it: a received head is
//! kept as it came and costs no allocation a field. Beside them stands a digest of the name, by
//! which fields are found, and over all of them one word that tells at a glance most names that are
//! not there. Order, case and repetition are never changed.
//! What may be *sent* is in `check`.

mod check;
mod names;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub(crate) use check::{byte_name, check_name, check_value, is_sendable, is_token_byte, shortened};

use names::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, Tag, same_name};
pub(crate) use names::{letters_in, lists_token};

use crate::error::Result;

/// The first allocation for headers that are set one by one.
const USUAL_FIELDS: usize = 12;
const USUAL_BYTES: usize = 384;

/// Text shorter than this is not looked through for what is used no more.
const WASTE_BYTES: usize = 4096;

/// Header fields in order, as sent or received; names match in any case.
#[derive(Clone, Default)]
pub struct Headers {
    text: Vec<u8>,
    fields: Vec<Field>,
    /// The marks of every name that stands here, and of some that did.
    marks: u64,
    /// Whether the text is something else than the lines of the fields, each checked, in order.
    is_loose: bool,
}

/// Offsets into the text of one field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: Span,
    value: Span,
    tag: Tag,
}

impl Field {
    /// The field of this name; where the name and its value stand in the text.
    pub(crate) fn new(named: &[u8], name: Span, value: Span) -> Self {
        Self { name, value, tag: Tag::of(named) }
    }

    /// The mark of its name.
    pub(crate) fn mark(&self) -> u64 {
        self.tag.mark()
    }

    /// The same field of a text that has `more` bytes before it.
    fn behind(self, more: u32) -> Self {
        let moved = |span: Span| Span { start: span.start + more, end: span.end + more };
        Self { name: moved(self.name), value: moved(self.value), tag: self.tag }
    }
}

/// A field that tells of a message and its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfConnection {
    Connection,
    ContentLength,
    TransferEncoding,
}

/// A name that is looked for.
#[derive(Clone, Copy)]
struct Sought<'a> {
    name: &'a [u8],
    tag: Tag,
}

impl<'a> Sought<'a> {
    #[inline]
    fn new(name: &'a [u8]) -> Self {
        Self { name, tag: Tag::of(name) }
    }

    #[inline(always)]
    fn is(self, field: &Field, text: &[u8]) -> bool {
        field.tag == self.tag && same_name(field.name.of(text), self.name)
    }
}

/// A range of the text; heads are far smaller than 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    #[inline(always)]
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

impl Headers {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fields that point into `text`, a received head.
    pub(crate) fn from_parts(text: Vec<u8>, fields: Vec<Field>) -> Self {
        let marks = fields.iter().fold(0, |marks, field| marks | field.mark());
        Self { text, fields, marks, is_loose: true }
    }

    /// The headers behind `shared`, to change: its own from now on, with room for a few more.
    pub(crate) fn own(shared: &mut Arc<Self>) -> &mut Self {
        if Arc::strong_count(shared) > 1 {
            let none = shared.is_empty();
            let own = || shared.with_room_for(&Self::default());
            *shared = Arc::new(if none { Self::default() } else { own() });
        }
        Arc::make_mut(shared)
    }

    /// The same headers with room for those of `over` and a few more.
    fn with_room_for(&self, over: &Self) -> Self {
        const MORE_FIELDS: usize = 4;
        const MORE_BYTES: usize = 128;
        let mut roomy = Self {
            text: Vec::with_capacity(self.text.len() + over.text.len() + MORE_BYTES),
            fields: Vec::with_capacity(self.fields.len() + over.fields.len() + MORE_FIELDS),
            ..Self::default()
        };
        roomy.copy(self);
        roomy
    }

    /// Becomes the same as `other`, in the memory that it has.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.fields.clone_from(&other.fields);
        (self.marks, self.is_loose) = (other.marks, other.is_loose);
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True without any field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field at `index`, in order: name as spelled, value as bytes.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(&str, &[u8])> {
        self.fields.get(index).map(|field| self.pair(field))
    }

    /// Every field in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| self.pair(field))
    }

    /// The value of the first field of this name.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.position(name).map(|index| self.fields[index].value.of(&self.text))
    }

    /// The values of every field of this name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let sought = Sought::new(name.as_bytes());
        let fields = if self.may_hold(sought) { &self.fields[..] } else { &[] };
        let named = fields.iter().filter(move |field| sought.is(field, &self.text));
        named.map(|field| field.value.of(&self.text))
    }

    /// The values of the fields that tell where a message ends and whether its connection does, in
    /// order.
    #[inline]
    pub(crate) fn of_connection(&self) -> impl Iterator<Item = (OfConnection, &[u8])> {
        self.fields.iter().filter_map(|field| {
            let (which, name) = match field.tag {
                CONNECTION => (OfConnection::Connection, &b"connection"[..]),
                CONTENT_LENGTH => (OfConnection::ContentLength, &b"content-length"[..]),
                TRANSFER_ENCODING => (OfConnection::TransferEncoding, &b"transfer-encoding"[..]),
                _ => return None,
            };
            same_name(field.name.of(&self.text), name).then(|| (which, field.value.of(&self.text)))
        })
    }

    /// Names and values as they were received: blanks at the end of a value, which are no part of
    /// it (RFC 9110 §5.5), included.
    pub fn received(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let blanks = |from: usize| {
            let rest = self.text.get(from..).unwrap_or_default();
            rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
        };
        self.iter().zip(&self.fields).map(move |((name, value), field)| {
            let end = field.value.end as usize;
            match blanks(end) {
                0 => (name, value),
                more => (name, &self.text[field.value.start as usize..end + more]),
            }
        })
    }

    /// The value of this name, repeated fields joined by `", "` as Requests shows them (behaviour
    /// V2).
    #[must_use]
    pub fn joined(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let sought = Sought::new(name.as_bytes());
        let mut named = self.fields.iter().filter(|field| sought.is(field, &self.text));
        let mut all = Cow::Borrowed(named.next()?.value.of(&self.text));
        for field in named {
            let all = all.to_mut();
            all.extend_from_slice(b", ");
            all.extend_from_slice(field.value.of(&self.text));
        }
        Some(all)
    }

    /// Whether a field of this name exists.
    #[must_use]
    #[inline]
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Whether the lists in the fields of this name hold `token`.
    #[inline]
    pub(crate) fn lists(&self, name: &str, token: &str) -> bool {
        let sought = Sought::new(name.as_bytes());
        self.may_hold(sought) && self.lists_of(sought, token.as_bytes())
    }

    fn lists_of(&self, sought: Sought<'_>, token: &[u8]) -> bool {
        let mut named = self.fields.iter().filter(|field| sought.is(field, &self.text));
        named.any(|field| lists_token(field.value.of(&self.text), token))
    }

    /// Sets the one field of this name: it keeps the place of the first of them and takes this
    /// spelling (S5); new names go to the end.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] if the name is not a token or the value holds CR, LF, NUL, or
    /// begins with a blank (H8; a blank at the end is sent as it is, H10).
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<()> {
        check_name(name)?;
        check_value(name, value)?;
        self.drop_waste();
        let field = self.store(name.as_bytes(), value);
        self.place_first(name, field);
        Ok(())
    }

    /// Adds a field at the end, beside others of the same name.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn add(&mut self, name: &str, value: &[u8]) -> Result<()> {
        check_name(name)?;
        check_value(name, value)?;
        self.drop_waste();
        let field = self.store(name.as_bytes(), value);
        self.push(field);
        Ok(())
    }

    /// Removes every field of this name; true if there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let (before, sought) = (self.fields.len(), Sought::new(name.as_bytes()));
        if !self.may_hold(sought) {
            return false;
        }
        self.fields.retain(|field| !sought.is(field, &self.text));
        let removed = before != self.fields.len();
        self.is_loose |= removed;
        removed
    }

    /// [`set`](Self::set) for names and values that are fine, or else are told when they are sent.
    pub(crate) fn put(&mut self, name: &str, value: &[u8]) {
        self.drop_waste();
        self.is_loose |= !is_sendable(name.as_bytes(), value);
        let field = self.store(name.as_bytes(), value);
        self.place_first(name, field);
    }

    /// Puts `field` in the place of the first of its name, and takes the others out.
    fn place_first(&mut self, name: &str, field: Field) {
        let sought = Sought { name: name.as_bytes(), tag: field.tag };
        match self.position_below(self.fields.len(), sought) {
            None => self.push(field),
            Some(at) => {
                self.is_loose = true;
                self.fields[at] = field;
                self.remove_between(at + 1, self.fields.len(), sought);
            }
        }
    }

    fn push(&mut self, field: Field) {
        self.marks |= field.mark();
        self.fields.push(field);
    }

    /// [`add`](Self::add), as [`put`](Self::put).
    pub(crate) fn append(&mut self, name: &str, value: &[u8]) {
        self.drop_waste();
        self.is_loose |= !is_sendable(name.as_bytes(), value);
        let field = self.store(name.as_bytes(), value);
        self.push(field);
    }

    /// Fields that were replaced or removed leave their text behind: headers that change all the
    /// time must not grow for ever.
    fn drop_waste(&mut self) {
        if self.text.len() < WASTE_BYTES {
            return;
        }
        let length = |span: Span| (span.end - span.start) as usize;
        let used = self.fields.iter().map(|field| length(field.name) + length(field.value) + 4);
        if self.text.len() > 2 * used.sum::<usize>() {
            self.tighten();
        }
    }

    /// Makes the text the lines of the fields, one after another: headers that many requests share
    /// are sent as one piece then.
    pub(crate) fn tighten(&mut self) {
        if self.is_loose {
            let old = std::mem::take(self);
            for field in &old.fields {
                let (name, value) = (field.name.of(&old.text), field.value.of(&old.text));
                self.is_loose |= !is_sendable(name, value);
                let field = self.store(name, value);
                self.push(field);
            }
        }
    }

    /// Stores a field as the line that will be sent: one copy instead of four.
    fn store(&mut self, name: &[u8], value: &[u8]) -> Field {
        if self.fields.capacity() == 0 {
            // Room for the headers that a request usually has: growing costs more than setting.
            self.fields.reserve(USUAL_FIELDS);
            self.text.reserve(USUAL_BYTES);
        }
        let start = self.text.len();
        let (name_end, value_start) = (start + name.len(), start + name.len() + 2);
        let value_end = value_start + value.len();
        self.text.resize(value_end + 2, 0);
        self.text[start..name_end].copy_from_slice(name);
        self.text[name_end..value_start].copy_from_slice(b": ");
        self.text[value_start..value_end].copy_from_slice(value);
        self.text[value_end..].copy_from_slice(b"\r\n");
        let span = |start, end| Span { start: start as u32, end: end as u32 };
        let (own, value) = (span(start, name_end), span(value_start, value_end));
        Field { name: own, value, tag: Tag::of(name) }
    }

    /// These fields with those of `over` in their places (S2, S5): a field that both have keeps
    /// its place and takes the spelling and value of `over`, what only `over` has comes behind,
    /// repeated fields of it too. `gone` are names that once stood here, and where: one that comes
    /// back stands there again. `removed` go. Has room for a few fields more.
    pub(crate) fn merged(
        &self,
        gone: &[(String, usize)],
        over: &Self,
        removed: &[(String, usize)],
    ) -> Self {
        let mut merged = self.with_room_for(over);
        for (name, _) in removed {
            merged.remove(name);
        }
        let own = merged.text.len() as u32;
        merged.text.extend_from_slice(&over.text);
        let base = std::mem::replace(&mut merged.marks, self.marks | over.marks);
        merged.is_loose |= over.is_loose;
        let mut kept = merged.fields.len();
        for field in &over.fields {
            let name = field.name.of(&over.text);
            let (sought, field) = (Sought { name, tag: field.tag }, field.behind(own));
            if gone.is_empty() && base & field.mark() == 0 {
                merged.fields.push(field);
                continue;
            }
            match merged.position_below(kept, sought) {
                // Not for the second field of this name in `over`, which stands beside the first.
                Some(at) if merged.fields[at].name.start < own => {
                    merged.is_loose = true;
                    merged.fields[at] = field;
                    kept -= merged.remove_between(at + 1, kept, sought);
                }
                None if gone.iter().any(|(gone, _)| same_name(gone.as_bytes(), name)) => {
                    let place = gone.iter().find(|(gone, _)| same_name(gone.as_bytes(), name));
                    let place = place.map_or(kept, |(_, place)| *place).min(kept);
                    merged.is_loose = true;
                    merged.fields.insert(place, field);
                    kept += 1;
                }
                _ => merged.fields.push(field),
            }
        }
        merged
    }

    /// Whether a field of this name may be here; it is not where this says no.
    #[inline]
    fn may_hold(&self, sought: Sought<'_>) -> bool {
        self.marks & sought.tag.mark() != 0
    }

    fn position_below(&self, end: usize, sought: Sought<'_>) -> Option<usize> {
        if !self.may_hold(sought) {
            return None;
        }
        self.fields[..end].iter().position(|field| sought.is(field, &self.text))
    }

    /// Removes the fields of this name from `start` to `end`; returns how many there were.
    fn remove_between(&mut self, start: usize, end: usize, sought: Sought<'_>) -> usize {
        let (mut at, before) = (0, self.fields.len());
        self.fields.retain(|field| {
            at += 1;
            !(start..end).contains(&(at - 1)) || !sought.is(field, &self.text)
        });
        before - self.fields.len()
    }

    /// Where the first field of this name stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.position(name)
    }

    /// All lines to send as they stand, if they do: each has been checked.
    pub(crate) fn all_lines(&self) -> Option<&[u8]> {
        (!self.is_loose).then_some(&self.text)
    }

    /// Every field as name, value and the line to send; no line for a field of a received head.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8], Option<&[u8]>)> {
        self.fields.iter().map(|Field { name, value, .. }| {
            let whole = Span { start: name.start, end: value.end + 2 };
            let stored = value.start == name.end + 2 && self.text.len() >= whole.end as usize;
            let line = stored.then(|| whole.of(&self.text)).filter(|line| line.ends_with(b"\r\n"));
            (name.of(&self.text), value.of(&self.text), line)
        })
    }

    fn pair(&self, field: &Field) -> (&str, &[u8]) {
        let name = std::str::from_utf8(field.name.of(&self.text)).unwrap_or_default();
        (name, field.value.of(&self.text))
    }

    #[inline]
    fn position(&self, name: &str) -> Option<usize> {
        let sought = Sought::new(name.as_bytes());
        if !self.may_hold(sought) {
            return None;
        }
        self.position_below(self.fields.len(), sought)
    }
}

/// Equal fields in the same order, case and repetition included.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests;
