//! shim
use crate::headers::Headers;
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// k
    pub key: String,
    /// u
    pub url: String,
    /// p
    pub params: Vec<(String, String)>,
}
impl Link {
    /// r
    #[must_use]
    pub fn has_rel(&self, _: &str) -> bool {
        false
    }
}
pub(crate) fn links(_: &Headers) -> Vec<Link> {
    Vec::new()
}
