//! NUL-terminated copies of headers that a handle lends: made when first asked for, kept until the
//! handle changes.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::ffi::{CString, c_char};
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
    fields: OnceCell<Vec<(CString, CString)>>,
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
        let fields = self.fields.get_or_init(|| {
            headers
                .received()
                .map(|(name, value)| (c_string(name.as_bytes()), c_string(value)))
                .collect()
        });
        let Some((field_name, field_value)) = fields.get(index) else { return false };
        put(name, field_name.as_ptr());
        put(value, field_value.as_ptr());
        true
    }
}

/// A copy for C. Nothing that librq lends holds a NUL; if it did, the text would end there.
pub(crate) fn c_string(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}
