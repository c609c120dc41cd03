//! NUL-terminated copies of headers that a handle lends: made when first asked for, kept until the
//! handle changes.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::ffi::{CStr, CString, c_char};
use std::ptr;

use rq_core::{Answer, Headers};

use crate::boundary::put;

/// What has header fields to lend.
pub(crate) trait Fields {
    /// The value of a name, repeated fields joined.
    fn joined(&self, name: &str) -> Option<Cow<'_, [u8]>>;
    /// All of them in order.
    fn received(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

impl Fields for Headers {
    fn joined(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.joined(name)
    }

    fn received(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.received()
    }
}

impl Fields for Answer {
    fn joined(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        self.header(name).map(Cow::Owned)
    }

    fn received(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// The copies that one header list has lent.
#[derive(Default)]
pub(crate) struct LentHeaders {
    fields: OnceCell<Packed>,
    named: RefCell<Vec<(String, CString)>>,
}

impl LentHeaders {
    /// The value of `name`, repeated fields joined; NULL if there is none.
    pub(crate) fn named(&self, headers: &impl Fields, name: &str) -> *const c_char {
        let mut named = self.named.borrow_mut();
        if let Some((_, value)) = named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return value.as_ptr();
        }
        let Some(value) = headers.joined(name) else { return ptr::null() };
        let value = c_string(&value);
        let pointer = value.as_ptr();
        named.push((name.to_owned(), value));
        pointer
    }

    /// Lends name and value of the field at `index`; false past the end.
    pub(crate) fn at(
        &self,
        headers: &impl Fields,
        index: usize,
        name: *mut *const c_char,
        value: *mut *const c_char,
    ) -> bool {
        let fields = self.fields.get_or_init(|| Packed::from(headers));
        let Some((name_at, value_at)) = fields.starts.get(index) else { return false };
        put(name, fields.text[*name_at..].as_ptr().cast());
        put(value, fields.text[*value_at..].as_ptr().cast());
        true
    }
}

/// The names and values of all fields in one piece of memory, a NUL behind each.
struct Packed {
    text: Vec<u8>,
    starts: Vec<(usize, usize)>,
}

impl<F: Fields> From<&F> for Packed {
    fn from(headers: &F) -> Self {
        let (count, bytes) = headers.received().fold((0, 0), |(count, bytes), (name, value)| {
            (count + 1, bytes + name.len() + value.len() + 2)
        });
        let mut packed =
            Self { text: Vec::with_capacity(bytes), starts: Vec::with_capacity(count) };
        for (name, value) in headers.received() {
            let field = (packed.push(name.as_bytes()), packed.push(value));
            packed.starts.push(field);
        }
        packed
    }
}

impl Packed {
    /// Where the copy begins.
    fn push(&mut self, bytes: &[u8]) -> usize {
        let start = self.text.len();
        self.text.extend_from_slice(before_nul(bytes));
        self.text.push(0);
        start
    }
}

/// A copy for C. Nothing that librq lends holds a NUL; if it did, the text would end there.
pub(crate) fn c_string(bytes: &[u8]) -> CString {
    CString::new(before_nul(bytes)).unwrap_or_default()
}

fn before_nul(bytes: &[u8]) -> &[u8] {
    CStr::from_bytes_until_nul(bytes).map_or(bytes, CStr::to_bytes)
}
