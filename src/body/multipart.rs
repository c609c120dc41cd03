//! A multipart/form-data body: fields first, then parts, each with its headers (behaviours M1–M12).
//!
//! Only the texts between the contents are built here: files and streams stay what they are and are
//! read when the body is sent, so its length is known beforehand wherever theirs is. Source: RFC
//! 7578; names are escaped as the WHATWG has it (M9).

use std::path::Path;

use super::source::Source;
use super::upload::Upload;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{check_name, check_value};
use crate::limits::MULTIPART_MEMORY_BYTES;

/// One part of a multipart body: a field with a type of its own, or a file.
///
/// ```
/// let mut part = rq::Part::new("report");
/// part.bytes(b"a,b\n1,2\n");
/// part.filename(Some("r.csv"));
/// part.content_type("text/csv")?;
/// let mut request = rq::Request::new("POST", "http://example.org/upload")?;
/// request.part(part);
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Part {
    name: String,
    /// `None`: not said. `Some(None)`: none is to be sent.
    filename: Option<Option<String>>,
    path_name: Option<String>,
    content_type: Option<Vec<u8>>,
    location: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    source: Source,
}

impl Part {
    /// A part of the form with this field name; empty until content is given.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            filename: None,
            path_name: None,
            content_type: None,
            location: None,
            headers: Vec::new(),
            source: Source::Empty,
        }
    }

    /// Sets the file name that the server sees; `None`: none, which makes it a plain field (M7).
    /// Unless it is set, a part read from a path has the last piece of that path.
    pub fn filename(&mut self, filename: Option<&str>) {
        self.filename = Some(filename.map(str::to_owned));
    }

    /// Sets the part's Content-Type. None is guessed (M6).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a value that no header can have.
    pub fn content_type(&mut self, content_type: &str) -> Result<()> {
        self.header("Content-Type", content_type)
    }

    /// Adds a header to the part, after Content-Disposition and Content-Type. An empty one is not
    /// sent (M8).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a name or value that no header can have, and for
    /// Content-Disposition, which the names make.
    pub fn header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let value = value.as_ref();
        check_name(name).and_then(|()| check_value(name, value)).map_err(in_prepare)?;
        let kept = (!value.is_empty()).then(|| value.to_vec());
        match name {
            name if name.eq_ignore_ascii_case("content-disposition") => {
                let message = "the header Content-Disposition of a part is made from its names";
                return Err(in_prepare(Error::new(ErrorKind::InvalidHeader, message)));
            }
            name if name.eq_ignore_ascii_case("content-type") => self.content_type = kept,
            name if name.eq_ignore_ascii_case("content-location") => self.location = kept,
            name => self.headers.extend(kept.map(|value| (name.to_owned(), value))),
        }
        Ok(())
    }

    /// The part's content, copied.
    pub fn bytes(&mut self, bytes: impl AsRef<[u8]>) {
        self.source = Source::of(bytes.as_ref());
        self.path_name = None;
    }

    /// Sends the file at `path`, opened now and read while the body is sent.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be opened.
    pub fn file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.source = Upload::from_path(path)?.into_source();
        self.path_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(())
    }

    /// Sends what this stream gives.
    pub fn stream(&mut self, upload: Upload) {
        self.source = upload.into_source();
        self.path_name = None;
    }

    fn push_head(&self, text: &mut Vec<u8>) {
        let filename = match &self.filename {
            Some(filename) => filename.as_deref(),
            None => self.path_name.as_deref(),
        };
        push_disposition(text, &self.name, filename);
        let fixed = [("Content-Type", &self.content_type), ("Content-Location", &self.location)];
        let fixed = fixed.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in fixed.chain(own) {
            for piece in [name.as_bytes(), b": ", value, b"\r\n"] {
                text.extend_from_slice(piece);
            }
        }
        text.extend_from_slice(b"\r\n");
    }
}

fn in_prepare(error: Error) -> Error {
    error.in_phase(Phase::Prepare)
}

/// The body of these fields and parts.
pub(crate) fn body(fields: &[(String, String)], parts: &[Part], boundary: &str) -> Source {
    let mut builder = Builder::default();
    for (name, value) in fields {
        builder.begin(boundary);
        push_disposition(&mut builder.text, name, None);
        builder.text.extend_from_slice(b"\r\n");
        builder.push_content(&Source::of(value.as_bytes()));
    }
    for part in parts {
        builder.begin(boundary);
        part.push_head(&mut builder.text);
        builder.push_content(&part.source);
    }
    for piece in ["--", boundary, "--\r\n"] {
        builder.text.extend_from_slice(piece.as_bytes());
    }
    builder.finish()
}

/// Collects texts and sources; what is small and in memory is joined.
#[derive(Default)]
struct Builder {
    text: Vec<u8>,
    sources: Vec<Source>,
}

impl Builder {
    fn begin(&mut self, boundary: &str) {
        for piece in ["--", boundary, "\r\n"] {
            self.text.extend_from_slice(piece.as_bytes());
        }
    }

    fn push_content(&mut self, source: &Source) {
        match source {
            Source::Empty => {}
            Source::Bytes(bytes) if self.text.len() + bytes.len() <= MULTIPART_MEMORY_BYTES => {
                self.text.extend_from_slice(bytes);
            }
            source => {
                self.flush();
                self.sources.push(source.clone());
            }
        }
        self.text.extend_from_slice(b"\r\n");
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.sources.push(Source::of(&self.text));
            self.text.clear();
        }
    }

    fn finish(mut self) -> Source {
        self.flush();
        match <[Source; 1]>::try_from(self.sources) {
            Ok([only]) => only,
            Err(sources) => Source::Chain(sources.into()),
        }
    }
}

fn push_disposition(text: &mut Vec<u8>, name: &str, filename: Option<&str>) {
    text.extend_from_slice(b"Content-Disposition: form-data; name=\"");
    push_escaped(text, name);
    if let Some(filename) = filename {
        text.extend_from_slice(b"\"; filename=\"");
        push_escaped(text, filename);
    }
    text.extend_from_slice(b"\"\r\n");
}

/// M9: what would end the quotes or the line.
fn push_escaped(text: &mut Vec<u8>, name: &str) {
    for byte in name.bytes() {
        match byte {
            b'"' => text.extend_from_slice(b"%22"),
            b'\r' => text.extend_from_slice(b"%0D"),
            b'\n' => text.extend_from_slice(b"%0A"),
            byte => text.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_first_and_headers_have_their_order() {
        let mut part = Part::new("f\"\r\n");
        part.header("X-Part", "1").unwrap();
        part.header("X-Empty", "").unwrap();
        part.header("content-location", "/l").unwrap();
        part.content_type("text/csv").unwrap();
        part.filename(Some("ü\".csv"));
        part.bytes(b"a,b");
        let source = body(&[("k".into(), "v".into())], &[part], "B");
        let expected = "--B\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f%22%0D%0A\"; filename=\"ü%22.csv\"\r\n\
            Content-Type: text/csv\r\nContent-Location: /l\r\nX-Part: 1\r\n\r\na,b\r\n--B--\r\n";
        assert_eq!(std::str::from_utf8(source.bytes().unwrap()).unwrap(), expected);
    }

    #[test]
    fn new_content_has_not_the_name_of_the_old_file() {
        let mut part = Part::new("p");
        part.file("Cargo.toml").unwrap();
        part.bytes(b"x");
        let source = body(&[], &[part], "B");
        assert!(!String::from_utf8_lossy(source.bytes().unwrap()).contains("filename"));
    }

    #[test]
    fn a_part_cannot_break_out_of_its_head() {
        let mut part = Part::new("x");
        for (name, value) in [("A\r\nB", "x"), ("A", "x\r\nB: y"), ("Content-Disposition", "x")] {
            let error = part.header(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidHeader);
        }
    }

    #[test]
    fn the_length_is_known_where_every_part_is() {
        let (mut large, mut stream) = (Part::new("large"), Part::new("s"));
        large.bytes(vec![b'x'; MULTIPART_MEMORY_BYTES + 1]);
        stream.stream(Upload::from_read(&b"abc"[..], Some(3)));
        let known = body(&[], &[large.clone(), stream.clone()], "B").len().unwrap();
        assert!(known > MULTIPART_MEMORY_BYTES as u64);
        stream.stream(Upload::from_read(&b"abc"[..], None));
        assert_eq!(body(&[], &[large, stream], "B").len(), None);
    }
}
