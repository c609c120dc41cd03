//! What is uploaded: nothing, or bytes. Its length decides the framing of the request (behaviours
//! B1, B2).

use std::sync::Arc;

/// The body of a request. Cheap to clone; bytes can be sent again, so every source so far can be
/// replayed.
#[derive(Clone, Debug, Default)]
pub(crate) enum Source {
    /// No body.
    #[default]
    Empty,
    /// Bytes in memory, never empty.
    Bytes(Arc<[u8]>),
}

impl Source {
    /// The source for these bytes; an empty body is no body (B4).
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Bytes(bytes.into()) }
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.bytes().map_or(0, |bytes| bytes.len() as u64)
    }
}
