//! The endpoints that a client has to go on from: redirects that set cookies, a challenge; and
//! bodies that are more than what is sent.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Exchange, Outcome};
use crate::http::Piece;

/// Zeros are compressed in blocks of this size.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

impl Exchange<'_> {
    /// Leads to `/redirect/N-1`, and from 0 to `/echo`, with a cookie a hop. The query goes along.
    pub(super) fn redirect(&mut self, left: u64) -> Outcome {
        let query = &self.request.query;
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let to = match left {
            0 => format!("/echo{query}"),
            left => format!("/redirect/{}{query}", left - 1),
        };
        let cookie = format!("hop{left}={}; Path=/", self.request.query);
        let reply = self.reply(302).field("Location", to).field("Set-Cookie", cookie);
        self.send(&reply.text("elsewhere\n"))
    }

    /// As many zeros, in gzip: a thousandth of that is sent.
    pub(super) fn bomb(&mut self, size: u64) -> Outcome {
        let reply = self
            .reply(200)
            .field("Content-Type", "application/octet-stream")
            .raw_fields(b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
        self.send(&reply)?;
        if self.is_head() {
            return Ok(None);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let mut left = size;
        while left > 0 {
            let count = left.min(ZEROS.len() as u64);
            encoder.write_all(&ZEROS[..count as usize])?;
            left -= count;
            if encoder.get_ref().len() >= ZEROS.len() {
                let piece = std::mem::take(encoder.get_mut());
                self.send_chunk(&piece)?;
            }
        }
        let last = encoder.finish()?;
        self.send_chunk(&last)?;
        self.write(b"0\r\n\r\n")?;
        Ok(None)
    }

    fn send_chunk(&mut self, piece: &[u8]) -> std::io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let size = format!("{:x}\r\n", piece.len()).into_bytes();
        self.write(&[&size, piece, b"\r\n"].concat())
    }

    /// Counts an upload, and does nothing else with it.
    pub(super) fn sink(&mut self) -> Outcome {
        let mut size = 0;
        self.wire.read_body(self.request, &mut |piece| {
            if let Piece::Content(bytes) = piece {
                size += bytes.len() as u64;
            }
            Ok(())
        })?;
        let reply = self.reply(200).body("application/json", format!(r#"{{"bytes": {size}}}"#));
        self.send(&reply)
    }
}
