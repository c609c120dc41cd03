//! The bytes that `/bytes/N` and its kin send: byte i is i % 251. The period is prime, so that
//! losing, doubling or swapping blocks whose size is a power of two or ten shows. Also their
//! SHA-256, computed once for each N.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use ring::digest::{Context, Digest, SHA256};

const PERIOD: usize = 251;

/// About 256 KiB, and whole periods, so that every block of a body is the same.
pub(crate) const BLOCK_BYTES: usize = PERIOD * 1044;

/// The longest body that gets its digest ahead of time.
pub(crate) const HASHED_BYTES_MAX: u64 = 1 << 30;

/// One block and one period more, so that a block can start anywhere in the period.
static BLOCK: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..BLOCK_BYTES + PERIOD).map(|i| (i % PERIOD) as u8).collect());

type Digests = HashMap<u64, Arc<OnceLock<String>>>;
static DIGESTS: LazyLock<Mutex<Digests>> = LazyLock::new(Mutex::default);

/// The body of `total` bytes in pieces of `piece` bytes (at most `BLOCK_BYTES`), the last one
/// shorter.
pub(crate) fn pieces(total: u64, piece: usize) -> impl Iterator<Item = &'static [u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let size = (total - at).min(piece as u64) as usize;
        let phase = (at % PERIOD as u64) as usize;
        at += size as u64;
        (size > 0).then(|| &BLOCK[phase..phase + size])
    })
}

/// The SHA-256 of the body of `total` bytes, in hexadecimal.
pub(crate) fn sha256(total: u64) -> String {
    let cell = Arc::clone(DIGESTS.lock().unwrap().entry(total).or_default());
    let digest = cell.get_or_init(|| {
        let mut context = Context::new(&SHA256);
        pieces(total, BLOCK_BYTES).for_each(|piece| context.update(piece));
        hex(&context.finish())
    });
    digest.clone()
}

pub(crate) fn hex(digest: &Digest) -> String {
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_continue_the_pattern_across_their_borders() {
        for (total, piece) in [(0, 10), (1, 10), (1000, 10_000), (600_000, BLOCK_BYTES), (777, 100)]
        {
            let body = pieces(total, piece).flatten().copied().collect::<Vec<u8>>();
            let expected = (0..total).map(|i| (i % 251) as u8).collect::<Vec<u8>>();
            assert_eq!(body, expected, "{total} in pieces of {piece}");
        }
    }

    #[test]
    fn sha256_of_nothing_is_the_known_one() {
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(0), known);
    }
}
