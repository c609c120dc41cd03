//! The endpoints that behave: whatever they send is HTTP as it should be, if sometimes slow or odd.

use std::time::Duration;

use ring::digest::{Context, SHA256};

use super::{Exchange, Outcome};
use crate::http::{Piece, Reply, reason};
use crate::pattern::{self, BLOCK_BYTES, HASHED_BYTES_MAX};
use crate::stream::End;

/// The size of the chunks of `/chunked/N`, not a power of two on purpose.
const CHUNK_BYTES: usize = 10_000;

/// The size of the chunks of `/lines/N/MS`: less than a line.
const LINE_PIECE_BYTES: usize = 8;

/// Field names in odd case, repeated, outside ASCII, empty: what a client has to keep as it is.
const ODD_FIELDS: &[u8] = b"X-Odd-CASE: a\r\nx-odd-case: b\r\nSet-Cookie: a=1; Path=/\r\n\
    Set-Cookie: b=2\r\nX-Latin: caf\xe9\r\nX-Empty:\r\n";

impl Exchange<'_> {
    pub(super) fn json(&mut self) -> Outcome {
        let (connection, request) = (self.connection.number, self.number);
        let json =
            format!(r#"{{"hello": "librq", "connection": {connection}, "request": {request}}}"#);
        let reply = self.reply(200).body("application/json", json);
        self.send(&reply)
    }

    /// Sends the request back, byte for byte as it was received.
    pub(super) fn echo(&mut self) -> Outcome {
        let mut received = self.request.raw.clone();
        self.wire.read_body(self.request, &mut |piece| {
            let (Piece::Content(bytes) | Piece::Framing(bytes)) = piece;
            received.extend_from_slice(bytes);
            Ok(())
        })?;
        let reply = self.reply(200).text(received);
        self.send(&reply)
    }

    pub(super) fn upload(&mut self) -> Outcome {
        let (mut size, mut context) = (0, Context::new(&SHA256));
        self.wire.read_body(self.request, &mut |piece| {
            if let Piece::Content(bytes) = piece {
                size += bytes.len();
                context.update(bytes);
            }
            Ok(())
        })?;
        let digest = pattern::hex(&context.finish());
        let json = format!(r#"{{"bytes": {size}, "sha256": "{digest}"}}"#);
        let reply = self.reply(200).body("application/json", json);
        self.send(&reply)
    }

    pub(super) fn bytes(&mut self, size: u64) -> Outcome {
        let mut reply = self.reply(200).field("Content-Type", "application/octet-stream");
        if size <= HASHED_BYTES_MAX {
            reply = reply.field("X-SHA256", pattern::sha256(size));
        }
        self.send(&reply.field("Content-Length", size))?;
        self.send_pattern(size)
    }

    pub(super) fn sha256(&mut self, size: u64) -> Outcome {
        if size > HASHED_BYTES_MAX {
            return self.not_found();
        }
        let reply = self.reply(200).text(pattern::sha256(size));
        self.send(&reply)
    }

    /// As many servers answer: the same head each time, without the numbers of connections.
    pub(super) fn same(&mut self, size: u64) -> Outcome {
        if size > HASHED_BYTES_MAX {
            return self.not_found();
        }
        let reply = Reply::new(200, reason(200))
            .field("Date", "Sat, 28 Nov 2026 14:40:00 GMT")
            .field("Last-Modified", "Fri, 27 Nov 2026 08:00:00 GMT")
            .field("Connection", "keep-alive")
            .field("ETag", "\"6a1f3c80-64\"")
            .field("Accept-Ranges", "bytes");
        self.send(&reply.text(vec![b'x'; size as usize]))
    }

    pub(super) fn chunked(&mut self, size: u64) -> Outcome {
        let reply =
            self.reply(200).raw_fields(b"Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n");
        self.send(&reply)?;
        if self.is_head() {
            return Ok(None);
        }
        let (mut framed, mut context) = (Vec::new(), Context::new(&SHA256));
        for piece in pattern::pieces(size, CHUNK_BYTES) {
            context.update(piece);
            framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            framed.extend_from_slice(piece);
            framed.extend_from_slice(b"\r\n");
            if framed.len() >= BLOCK_BYTES {
                self.write(&framed)?;
                framed.clear();
            }
        }
        let digest = pattern::hex(&context.finish());
        framed.extend_from_slice(format!("0\r\nX-Checksum: {digest}\r\n\r\n").as_bytes());
        self.write(&framed)?;
        Ok(None)
    }

    /// A line of JSON each pause, as a feed of events has it; the chunks end within lines.
    pub(super) fn lines(&mut self, count: u64, pause_ms: u64) -> Outcome {
        let head = b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n";
        let reply = self.reply(200).raw_fields(head);
        self.send(&reply)?;
        if self.is_head() {
            return Ok(None);
        }
        for number in 1..=count {
            let line = format!("{{\"event\": {number}}}\n");
            for piece in line.as_bytes().chunks(LINE_PIECE_BYTES) {
                let size = format!("{:x}\r\n", piece.len()).into_bytes();
                self.write(&[&size, piece, b"\r\n"].concat())?;
            }
            self.wire.stream.wait(Duration::from_millis(pause_ms))?;
        }
        self.write(b"0\r\n\r\n")?;
        Ok(None)
    }

    pub(super) fn until_close(&mut self, size: u64) -> Outcome {
        let reply = self.reply(200).field("Content-Type", "application/octet-stream");
        self.send(&reply)?;
        self.send_pattern(size)?;
        Ok(Some(End::Close))
    }

    fn send_pattern(&mut self, size: u64) -> Outcome {
        if !self.is_head() {
            pattern::pieces(size, BLOCK_BYTES).try_for_each(|piece| self.write(piece))?;
        }
        Ok(None)
    }

    pub(super) fn status(&mut self, status: u64) -> Outcome {
        let phrase = self.query("reason").unwrap_or_else(|| reason(status).into());
        let reply = self.number_reply(Reply::with_raw_reason(status, &phrase));
        let bodiless = status < 200 || status == 204 || status == 304;
        let reply = if bodiless { reply } else { reply.text(format!("status {status}\n")) };
        self.send(&reply)
    }

    pub(super) fn headers(&mut self) -> Outcome {
        let reply = self.reply(200).raw_fields(ODD_FIELDS).text("ok");
        self.send(&reply)
    }

    pub(super) fn delay(&mut self, time_ms: u64) -> Outcome {
        self.wire.stream.wait(Duration::from_millis(time_ms))?;
        let reply = self.reply(200).text("slept");
        self.send(&reply)
    }

    pub(super) fn drip(&mut self, size: u64, pause_ms: u64) -> Outcome {
        let reply = self.reply(200).field("Content-Length", size);
        self.send(&reply)?;
        for _ in 0..size {
            self.wire.stream.wait(Duration::from_millis(pause_ms))?;
            self.write(b".")?;
        }
        Ok(None)
    }

    pub(super) fn interim(&mut self) -> Outcome {
        self.write(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
            HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        )?;
        let reply = self.reply(200).text("done");
        self.send(&reply)
    }

    pub(super) fn interim_many(&mut self, count: u64) -> Outcome {
        (0..count).try_for_each(|_| self.write(b"HTTP/1.1 103 Early Hints\r\n\r\n"))?;
        let reply = self.reply(200).text("done");
        self.send(&reply)
    }

    pub(super) fn connections(&mut self) -> Outcome {
        let (open, total) = self.connection.counts();
        let json = format!(r#"{{"open": {open}, "total": {total}}}"#);
        let reply = self.reply(200).body("application/json", json);
        self.send(&reply)
    }

    pub(super) fn huge_head(&mut self, size: u64) -> Outcome {
        let mut lines = b"X-Huge: ".to_vec();
        lines.extend(std::iter::repeat_n(b'h', size as usize));
        lines.extend_from_slice(b"\r\n");
        let reply = self.reply(200).raw_fields(&lines).text("ok");
        self.send(&reply)
    }

    pub(super) fn many_fields(&mut self, count: u64) -> Outcome {
        let fields = |reply: Reply, number| reply.field(&format!("X-Field-{number}"), number);
        let reply = (1..=count).fold(self.reply(200), fields).text("ok");
        self.send(&reply)
    }
}
