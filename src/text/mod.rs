//! shim
use crate::error::Result;
use crate::headers::Headers;
pub(crate) fn declared_encoding(_: &Headers) -> Option<String> {
    None
}
pub(crate) fn is_known(_: &str) -> bool {
    true
}
pub(crate) fn apparent_encoding(_: &[u8]) -> &'static str {
    "utf-8"
}
pub(crate) fn to_text(b: &[u8], _: Option<&str>) -> String {
    String::from_utf8_lossy(b).into_owned()
}
pub(crate) struct TextDecoder;
impl TextDecoder {
    pub(crate) fn new(_: Option<&str>) -> Self {
        Self
    }
    pub(crate) fn decode(&mut self, input: &[u8], _: bool, out: &mut String) {
        out.push_str(&String::from_utf8_lossy(input));
    }
}
pub(crate) fn json_text(b: &[u8], _: Option<&str>) -> Result<String> {
    Ok(String::from_utf8_lossy(b).into_owned())
}
pub(crate) struct Lines;
impl Lines {
    pub(crate) fn bytes() -> Self {
        Self
    }
    pub(crate) fn text() -> Self {
        Self
    }
    pub(crate) fn delimited(_: &[u8]) -> Result<Self> {
        Ok(Self)
    }
    pub(crate) fn push(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
    pub(crate) fn end(&mut self) {}
    pub(crate) fn next_line(&mut self) -> Option<&[u8]> {
        None
    }
}
