//! The body of a response as text, lines and JSON, and the links of its head.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use rq_core::{Error, ErrorKind, Link, Result};

use crate::boundary::{
    bytes, bytes_mut, entry, handle_mut, optional, optional_text, put, quiet, text,
};
use crate::error::rq_error;
use crate::lent::c_string;
use crate::response::{Lent, rq_response};

/// What a response has lent of its text: copies with a NUL, kept until the next call that replaces
/// them.
#[derive(Default)]
pub(crate) struct LentText {
    text: Option<Vec<u8>>,
    json: Option<Vec<u8>>,
    line: Vec<u8>,
    apparent: Option<CString>,
}

/// A link of the head.
pub(crate) struct LentLink {
    key: CString,
    url: CString,
    params: Vec<(CString, CString)>,
}

impl From<Link> for LentLink {
    fn from(link: Link) -> Self {
        let params = link.params.iter();
        Self {
            key: c_string(link.key.as_bytes()),
            url: c_string(link.url.as_bytes()),
            params: params
                .map(|(name, value)| (c_string(name.as_bytes()), c_string(value.as_bytes())))
                .collect(),
        }
    }
}

/// The encoding of the text as rq_response_set_encoding or the response declares it: a charset in
/// Content-Type, UTF-8 for JSON, ISO-8859-1 for other text; NULL if there is none, and rq_body_text
/// guesses.
///
/// Ownership: lent until the response is freed or its encoding set. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_encoding(response: *const rq_response) -> *const c_char {
    quiet(ptr::null(), || {
        let (response, Lent { encoding, .. }) = optional(response)?.lend();
        let encoding =
            encoding.get_or_init(|| Some(c_string(response.encoding()?.as_bytes()))).as_ref()?;
        Some(encoding.as_ptr())
    })
}

/// Sets the encoding in which text and text lines are read, in place of the declared one; NULL: the
/// declared one again.
///
/// Errors: `RQ_ERR_INVALID_ARGUMENT` for a label that names no encoding; the old one stays. Since:
/// 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_set_encoding(
    response: *mut rq_response,
    label: *const c_char,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let (response, lent) = handle_mut(response, "response")?.lend_mut();
        response.set_encoding(optional_text(label, "label")?)?;
        lent.encoding.take();
        lent.text.text = None;
        Ok(())
    });
}

/// The encoding that the body looks like. Reads the whole body. NULL on error.
///
/// Blocks. Errors: as rq_body_bytes. Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_apparent_encoding(
    response: *mut rq_response,
    error: *mut *mut rq_error,
) -> *const c_char {
    entry(error, ptr::null(), || {
        let (response, lent) = handle_mut(response, "response")?.lend_mut();
        let name = response.apparent_encoding()?;
        let known = &mut lent.text.apparent;
        Ok(known.get_or_insert_with(|| c_string(name.as_bytes())).as_ptr())
    })
}

/// The URL of the link with this relation (`"next"`) in the Link headers, as they spell it: it may
/// be relative. NULL if there is none.
///
/// Ownership: lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_link(
    response: *const rq_response,
    rel: *const c_char,
) -> *const c_char {
    quiet(ptr::null(), || {
        let (response, Lent { named_links, .. }) = optional(response)?.lend();
        let rel = text(rel, "rel").ok()?;
        let mut named = named_links.borrow_mut();
        if let Some((_, url)) = named.iter().find(|(known, _)| known == rel) {
            return Some(url.as_ptr());
        }
        let url = c_string(response.link(rel)?.as_bytes());
        let pointer = url.as_ptr();
        named.push((rel.to_owned(), url));
        Some(pointer)
    })
}

/// The link at `index` of the Link headers: its relation, or its URL if it has none, and its URL.
/// False past the end.
///
/// Ownership: `*key` and `*url` are lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_link_at(
    response: *const rq_response,
    index: usize,
    key: *mut *const c_char,
    url: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let link = links(response)?.get(index)?;
        put(key, link.key.as_ptr());
        put(url, link.url.as_ptr());
        Some(true)
    })
}

/// The parameter at `index` of a link, `rel` included; false past the end.
///
/// Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_response_link_param_at(
    response: *const rq_response,
    link: usize,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    quiet(false, || {
        let (param_name, param_value) = links(response)?.get(link)?.params.get(index)?;
        put(name, param_name.as_ptr());
        put(value, param_value.as_ptr());
        Some(true)
    })
}

fn links<'a>(response: *const rq_response) -> Option<&'a [LentLink]> {
    let (response, Lent { links, .. }) = optional(response)?.lend();
    Some(links.get_or_init(|| response.links().into_iter().map(LentLink::from).collect()))
}

/// Reads some of the body as text into `buf`: whole characters in UTF-8, no NUL behind them.
/// Returns how many bytes, 0 at the end, -1 on error. What is malformed becomes U+FFFD.
///
/// Blocks. Errors: as rq_body_read; `RQ_ERR_INVALID_ARGUMENT` for a `cap` below 4. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_read_text(
    response: *mut rq_response,
    buf: *mut c_char,
    cap: usize,
    error: *mut *mut rq_error,
) -> i64 {
    entry(error, -1, || {
        let response = handle_mut(response, "response")?;
        let buf = bytes_mut(buf.cast(), cap, "buf")?;
        if buf.len() < 4 {
            let message = format!("buf has room for {cap} bytes: a character may need 4");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        response.response.read_text_into(buf).map(|count| count as i64)
    })
}

/// Reads the next line, without its terminator: `\n`, `\r\n` or `\r`, or what
/// rq_body_line_delimiter set. A NUL that `len` does not count follows it. NULL without an error:
/// the end of the body.
///
/// Blocks. Errors: as rq_body_read; `RQ_ERR_LIMIT` for a line that is too long. Ownership: lent
/// until the next line is read or the response is freed. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_line(
    response: *mut rq_response,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_char {
    put(len, 0);
    entry(error, ptr::null(), || {
        let (response, Lent { text, .. }) = handle_mut(response, "response")?.lend_mut();
        Ok(lend_line(&mut text.line, response.line()?, len))
    })
}

/// As rq_body_line, with the line as UTF-8, whatever the encoding it came in. Lines end also with
/// `\v`, `\f`, U+001C to U+001E, U+0085, U+2028 and U+2029, as Python's splitlines has it.
///
/// Blocks. Errors, ownership: as rq_body_line. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_text_line(
    response: *mut rq_response,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_char {
    put(len, 0);
    entry(error, ptr::null(), || {
        let (response, Lent { text, .. }) = handle_mut(response, "response")?.lend_mut();
        Ok(lend_line(&mut text.line, response.text_line()?.map(str::as_bytes), len))
    })
}

fn lend_line(kept: &mut Vec<u8>, line: Option<&[u8]>, len: *mut usize) -> *const c_char {
    let Some(line) = line else { return ptr::null() };
    kept.clear();
    kept.extend_from_slice(line);
    kept.push(0);
    put(len, line.len());
    kept.as_ptr().cast()
}

/// Sets what ends a line, in place of the usual ends; for text lines it is UTF-8. `len` 0: the
/// usual ends again. Before the first line is read.
///
/// Errors: `RQ_ERR_MISUSE` once lines are being read. Ownership: copied. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_line_delimiter(
    response: *mut rq_response,
    delimiter: *const c_void,
    len: usize,
    error: *mut *mut rq_error,
) {
    entry(error, (), || {
        let handle = handle_mut(response, "response")?;
        handle.response.set_line_delimiter(bytes(delimiter, len, "delimiter")?)
    });
}

/// Reads all that is left of the body and keeps it: as UTF-8, decoded from the response's encoding
/// or, if it has none, from the one it looks like. What is malformed becomes U+FFFD. A NUL that
/// `len` does not count follows it. NULL on error.
///
/// Blocks. Errors: as rq_body_read. Ownership: lent until the response is freed or its encoding
/// set. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_text(
    response: *mut rq_response,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_char {
    put(len, 0);
    entry(error, ptr::null(), || {
        let (response, Lent { text, .. }) = handle_mut(response, "response")?.lend_mut();
        lend_all(&mut text.text, || response.text(), len)
    })
}

/// Reads all that is left of the body and keeps it: as JSON text in UTF-8 without a byte order
/// mark, whatever UTF-8, UTF-16 or UTF-32 it came in. It is not parsed. A NUL that `len` does not
/// count follows it. NULL on error.
///
/// Blocks. Errors: as rq_body_read; `RQ_ERR_INVALID_JSON` for what is none of those encodings.
/// Ownership: as rq_body_text. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_body_json(
    response: *mut rq_response,
    len: *mut usize,
    error: *mut *mut rq_error,
) -> *const c_char {
    put(len, 0);
    entry(error, ptr::null(), || {
        let (response, Lent { text, .. }) = handle_mut(response, "response")?.lend_mut();
        lend_all(&mut text.json, || response.json_text(), len)
    })
}

fn lend_all(
    kept: &mut Option<Vec<u8>>,
    read: impl FnOnce() -> Result<String>,
    len: *mut usize,
) -> Result<*const c_char> {
    let all = match kept.take() {
        Some(all) => all,
        None => {
            let mut all = read()?.into_bytes();
            all.push(0);
            all
        }
    };
    let all = kept.insert(all);
    put(len, all.len() - 1);
    Ok(all.as_ptr().cast())
}
