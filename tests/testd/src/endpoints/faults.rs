//! The endpoints that misbehave, each in one way that a client has to survive and to report
//! rightly.

use std::io;
use std::time::Duration;

use super::{Exchange, Outcome};
use crate::http::Piece;
use crate::pattern;
use crate::stream::End;

const PROMISED_BYTES: u64 = 1000;
const SENT_BYTES: u64 = 500;

/// How much of an upload `/kill-upload` takes, in bytes.
const KILLED_UPLOAD_BYTES: usize = 64 * 1024;

/// How long `/early413` leaves the connection open.
const EARLY_OPEN: Duration = Duration::from_secs(2);

/// How long `/then-garbage` leaves the client to take its connection for idle.
const GARBAGE_DELAY: Duration = Duration::from_millis(20);

impl Exchange<'_> {
    /// Never answers.
    pub(super) fn stall_head(&mut self) -> Outcome {
        self.wire.stream.wait_for_close()?;
        Ok(Some(End::Close))
    }

    /// Ten bytes of a hundred, then silence.
    pub(super) fn stall_body(&mut self) -> Outcome {
        self.send_part(100, 10)?;
        self.stall_head()
    }

    /// Half of the body that Content-Length promised, then the end.
    pub(super) fn half_body(&mut self, end: End) -> Outcome {
        self.send_part(PROMISED_BYTES, SENT_BYTES)?;
        Ok(Some(end))
    }

    fn send_part(&mut self, promised: u64, sent: u64) -> io::Result<()> {
        let mut reply = self.reply(200).field("Content-Length", promised);
        reply.body = pattern::pieces(sent, sent as usize).flatten().copied().collect();
        self.send(&reply).map(drop)
    }

    /// A chunk, but no last chunk.
    pub(super) fn truncated_chunked(&mut self) -> Outcome {
        let mut reply = self.reply(200).field("Transfer-Encoding", "chunked");
        reply.body = b"5\r\nhello\r\n".to_vec();
        self.send(&reply)?;
        Ok(Some(End::Close))
    }

    /// Half of a body that lasts until the close, then a close without close_notify: under TLS the
    /// client can know that something is missing, on a plain connection nobody can.
    pub(super) fn truncated_close(&mut self) -> Outcome {
        let mut reply = self.reply(200);
        reply.body = pattern::pieces(SENT_BYTES, SENT_BYTES as usize).flatten().copied().collect();
        self.send(&reply)?;
        Ok(Some(End::Cut))
    }

    /// A reply that leaves the connection open, which ends all the same.
    pub(super) fn then(&mut self, end: End) -> Outcome {
        self.send_ok()?;
        Ok(Some(end))
    }

    /// A normal reply, and after it one that nobody asked for.
    pub(super) fn then_garbage(&mut self) -> Outcome {
        self.send_ok()?;
        self.wire.stream.wait(GARBAGE_DELAY)?;
        self.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")?;
        Ok(None)
    }

    fn send_ok(&mut self) -> Outcome {
        let reply = self.reply(200).text("ok");
        self.send(&reply)
    }

    /// Answers before the body, which it never reads.
    pub(super) fn early_413(&mut self) -> Outcome {
        self.send_too_big()?;
        self.wire.stream.wait_for_close_within(EARLY_OPEN)?;
        Ok(Some(End::Close))
    }

    /// The same, then closes at once. If the body was on its way, TCP makes a RST of that, which
    /// may overtake the answer.
    pub(super) fn early_close(&mut self) -> Outcome {
        self.send_too_big()?;
        Ok(Some(End::Close))
    }

    fn send_too_big(&mut self) -> Outcome {
        let reply = self.reply(413).text("too big");
        self.send(&reply)
    }

    /// Neither reads the body nor answers.
    pub(super) fn no_read(&mut self) -> Outcome {
        self.stall_head()
    }

    /// Takes the start of an upload, or all of a short one, then resets the connection.
    pub(super) fn kill_upload(&mut self) -> Outcome {
        let mut left = KILLED_UPLOAD_BYTES;
        let read = self.wire.read_body(self.request, &mut |piece| {
            let (Piece::Content(bytes) | Piece::Framing(bytes)) = piece;
            left = left.saturating_sub(bytes.len());
            if left > 0 { Ok(()) } else { Err(io::ErrorKind::QuotaExceeded.into()) }
        });
        match read {
            Err(error) if left > 0 => Err(error),
            _ => Ok(Some(End::Reset)),
        }
    }

    /// Whatever the query says, whether it is HTTP or not.
    pub(super) fn raw(&mut self) -> Outcome {
        let bytes = self.query("q").unwrap_or_default();
        self.write(&bytes)?;
        Ok(Some(End::Close))
    }
}
