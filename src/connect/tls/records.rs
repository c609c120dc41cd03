//! Records in, records out: the bytes on both sides of a TLS connection. Knows no socket: `stream`
//! does the reading and sending.
//!
//! rustls's unbuffered connection shakes hands; after that it stays for TLS 1.2 (`unbuffered`), and
//! `traffic` takes its place for TLS 1.3. Records are decrypted where they were received and go
//! from there to their reader, and are encrypted where they are sent from. An idle connection keeps
//! next to nothing: the buffers are given up in [`park`](Records::park).

#[cfg(test)]
mod tests;
mod unbuffered;

use std::ops::Range;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::CertificateDer;
use rustls::{HandshakeKind, ProtocolVersion};

use super::traffic::{AROUND_BYTES, Fault, Opened, Traffic};

use crate::limits::{
    TLS_BUFFER_BYTES, TLS_BUFFER_RECORD_BYTES, TLS_BUFFER_SMALL_BYTES, TLS_RECORD_BYTES,
    TLS_SEND_BYTES,
};

/// The two directions of one TLS connection.
pub(super) struct Records {
    layer: Layer,
    agreed: Option<Agreed>,
    has_agreed: bool,
    /// Received and not yet decrypted: `inbox[start..end]`.
    inbox: Vec<u8>,
    start: usize,
    end: usize,
    /// The length of the last record that was opened.
    last: Option<usize>,
    /// The room of the last read, and whether it took all of it.
    offered: usize,
    was_filled: bool,
    /// Whether more came since the connection was parked than a small inbox holds.
    was_large: bool,
    /// The size of the inbox when it was parked after that: the next answer may be as large.
    usual: usize,
    /// Whether there may be more to tell without a further byte.
    is_due: bool,
    /// Decrypted bytes that their reader had no room for, in the inbox.
    opened: Range<usize>,
    /// The same where they are rustls's: `ahead[ahead_at..]`.
    ahead: Vec<u8>,
    ahead_at: usize,
    /// Encrypted and not yet sent: `outbox[outbox_at..]`.
    outbox: Vec<u8>,
    outbox_at: usize,
    over: Option<Over>,
    /// Whether something was wrong, also behind the end.
    is_broken: bool,
}

/// What makes of records bytes, and of bytes records.
enum Layer {
    /// Until the end of the handshake; for TLS 1.2 until the end.
    Rustls(Box<UnbufferedClientConnection>),
    /// TLS 1.3 after its handshake.
    Traffic(Box<Traffic>),
    /// Neither: the one could not become the other.
    None,
}

/// What a handshake has come to.
pub(super) struct Agreed {
    pub(super) version: Option<ProtocolVersion>,
    pub(super) kind: Option<HandshakeKind>,
    /// The certificates that the peer has shown.
    pub(super) presented: Vec<CertificateDer<'static>>,
}

impl Agreed {
    fn of(tls: &UnbufferedClientConnection) -> Self {
        Self {
            version: tls.protocol_version(),
            kind: tls.handshake_kind(),
            presented: tls.peer_certificates().unwrap_or_default().to_vec(),
        }
    }
}

/// Why nothing more will come, once what came before has been read.
pub(super) enum Over {
    /// The peer has said so.
    Closed,
    /// The peer's end, unannounced.
    Cut,
    /// A record was wrong.
    Fault(rustls::Error),
}

/// What one look at the inbox came to.
enum Seen {
    /// A record of data: this many bytes of it are in the reader's memory.
    Data(usize),
    /// A record of data that waits for a reader with more room.
    Held,
    /// Something that was dealt with.
    Other,
    /// Nothing: more must come. What was to be encrypted is.
    Nothing,
}

impl Records {
    pub(super) fn new(tls: UnbufferedClientConnection) -> Self {
        Self {
            layer: Layer::Rustls(Box::new(tls)),
            agreed: None,
            has_agreed: false,
            inbox: Vec::new(),
            start: 0,
            end: 0,
            last: None,
            offered: 0,
            was_filled: false,
            was_large: false,
            usual: 0,
            is_due: true,
            opened: 0..0,
            ahead: Vec::new(),
            ahead_at: 0,
            outbox: Vec::new(),
            outbox_at: 0,
            over: None,
            is_broken: false,
        }
    }

    /// What the handshake has come to, when it is done. Told once.
    pub(super) fn take_agreed(&mut self) -> Option<Agreed> {
        self.agreed.take()
    }

    /// Why nothing more will come.
    pub(super) fn over(&self) -> Option<&Over> {
        self.over.as_ref()
    }

    /// Decrypts into `out`: what has been received, as far as there is room. Of a record that does
    /// not fit the rest is kept for the next call.
    pub(super) fn decrypt(&mut self, out: &mut [u8]) -> usize {
        let mut got = self.take_ahead(out);
        while self.is_due && self.over.is_none() && (got < out.len() || !self.has_ahead()) {
            let seen = match &self.layer {
                Layer::Traffic(_) => self.open(&mut out[got..]),
                Layer::Rustls(_) | Layer::None => self.look(&mut out[got..], got > 0, &[]),
            };
            match seen {
                Seen::Data(count) => {
                    got += count;
                    self.is_due = self.start < self.end || self.layer.wants_write();
                    if got == out.len() {
                        break;
                    }
                }
                Seen::Other => {}
                Seen::Held => break,
                Seen::Nothing => self.is_due = false,
            }
        }
        got
    }

    /// Whether there are decrypted bytes, or the end is reached.
    pub(super) fn is_readable(&self) -> bool {
        self.has_ahead() || self.over.is_some()
    }

    fn has_ahead(&self) -> bool {
        !self.opened.is_empty() || !self.ahead.is_empty()
    }

    /// Decrypted bytes that their reader had no room for.
    pub(super) fn ahead(&self) -> &[u8] {
        match self.opened.is_empty() {
            true => &self.ahead[self.ahead_at..],
            false => &self.inbox[self.opened.clone()],
        }
    }

    /// Takes `count` of the bytes [`ahead`](Self::ahead).
    pub(super) fn consume(&mut self, count: usize) {
        if !self.opened.is_empty() {
            self.opened.start += count;
            return;
        }
        self.ahead_at += count;
        if self.ahead_at == self.ahead.len() {
            self.ahead.clear();
            self.ahead_at = 0;
        }
    }

    /// Where received bytes go; empty if nothing can be made of all that there is.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let size = match (self.was_filled, self.inbox.len() < TLS_BUFFER_RECORD_BYTES) {
            (false, _) => TLS_BUFFER_SMALL_BYTES,
            (true, true) => TLS_BUFFER_RECORD_BYTES,
            (true, false) => TLS_BUFFER_BYTES,
        };
        let size = size.max(self.usual);
        let record = self.record_bytes();
        if self.inbox.len() < size {
            let mut larger = vec![0; size];
            larger[..self.end - self.start].copy_from_slice(&self.inbox[self.start..self.end]);
            (self.start, self.end) = (0, self.end - self.start);
            self.inbox = larger;
        } else if record.is_none_or(|record| self.start + record > self.inbox.len()) {
            self.inbox.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let end = record.map_or(self.inbox.len(), |record| self.whole_records(record));
        self.offered = end - self.end;
        &mut self.inbox[self.end..end]
    }

    /// The length of the record that has begun to come, or of the last one.
    fn record_bytes(&self) -> Option<usize> {
        let Layer::Traffic(_) = self.layer else { return None };
        let received = &self.inbox[self.start..self.end];
        Traffic::record_length(received).ok().flatten().or(self.last)
    }

    /// Where the inbox ends if it is to hold whole records, each as long as `record`: those of a
    /// large body are, and what ends with a record needs not be moved to the front.
    fn whole_records(&self, record: usize) -> usize {
        if record <= TLS_BUFFER_SMALL_BYTES || self.start + record > self.inbox.len() {
            return self.inbox.len();
        }
        self.start + (self.inbox.len() - self.start) / record * record
    }

    /// Counts `count` bytes that were received into [`room`](Self::room); 0: the peer's end.
    pub(super) fn received(&mut self, count: usize) {
        if count == 0 {
            self.over.get_or_insert(Over::Cut);
        }
        self.end += count;
        self.was_filled = count == self.offered;
        self.was_large |= self.end > TLS_BUFFER_SMALL_BYTES;
        self.is_due = true;
    }

    /// Encrypts the beginning of `first` and `second`, as much as is sent at a time; how much that
    /// was. They share a record where they meet.
    pub(super) fn encrypt(&mut self, first: &[u8], second: &[u8]) -> Result<usize, rustls::Error> {
        match self.layer {
            Layer::Traffic(_) => self.seal_records(first, second),
            Layer::Rustls(_) | Layer::None => self.encrypt_by_rustls(first, second),
        }
    }

    /// Records to send.
    pub(super) fn outgoing(&self) -> &[u8] {
        &self.outbox[self.outbox_at..]
    }

    /// Counts `count` bytes of [`outgoing`](Self::outgoing) as sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.outbox_at += count;
        if self.outbox_at == self.outbox.len() {
            self.outbox.clear();
            self.outbox_at = 0;
        }
    }

    /// Gives up large buffers while nothing is under way.
    pub(super) fn park(&mut self) {
        self.usual = if self.was_large { self.inbox.len() } else { 0 };
        self.was_large = false;
        let is_empty = self.start == self.end && self.opened.is_empty();
        if is_empty && self.inbox.len() > TLS_BUFFER_SMALL_BYTES {
            (self.inbox, self.start, self.end) = (Vec::new(), 0, 0);
            self.was_filled = false;
        }
        if self.outgoing().is_empty() && self.outbox.capacity() > TLS_BUFFER_SMALL_BYTES {
            self.outbox = Vec::new();
        }
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
        }
    }

    /// Moves what fits of the bytes read ahead into `out`.
    fn take_ahead(&mut self, out: &mut [u8]) -> usize {
        let ahead = self.ahead();
        let count = ahead.len().min(out.len());
        out[..count].copy_from_slice(&ahead[..count]);
        self.consume(count);
        count
    }

    /// Opens the next record. Data goes to `out`, as far as there is room.
    fn open(&mut self, out: &mut [u8]) -> Seen {
        let Layer::Traffic(traffic) = &mut self.layer else { return Seen::Nothing };
        let received = &mut self.inbox[self.start..self.end];
        let opened = match Traffic::record_length(received) {
            Ok(Some(length)) if length <= received.len() => {
                let opened = traffic.open(&mut received[..length]);
                self.start += length;
                self.last = Some(length);
                opened.map(|opened| (opened, self.start - length))
            }
            Ok(_) => return Seen::Nothing,
            Err(fault) => Err(fault),
        };
        match opened {
            Ok((Opened::Data(range), at)) if !range.is_empty() => {
                self.opened = at + range.start..at + range.end;
                Seen::Data(self.take_ahead(out))
            }
            Ok((Opened::Data(_) | Opened::Other, _)) => Seen::Other,
            Ok((Opened::Closed, _)) => {
                self.over.get_or_insert(Over::Closed);
                Seen::Other
            }
            Err(Fault { error, alert }) => {
                // The alert is the least of it: it may fail.
                if let Some(alert) = alert {
                    let _ = traffic.seal_alert(alert, &mut self.outbox);
                }
                self.over.get_or_insert(Over::Fault(error));
                self.is_broken = true;
                Seen::Other
            }
        }
    }

    /// The error that the connection has ended with, which ends sending too.
    fn check(&self) -> Result<(), rustls::Error> {
        match &self.over {
            Some(Over::Fault(error)) => Err(error.clone()),
            _ if self.is_broken => Err(rustls::Error::EncryptError),
            _ => Ok(()),
        }
    }

    /// [`encrypt`](Self::encrypt) by `traffic`.
    fn seal_records(&mut self, first: &[u8], second: &[u8]) -> Result<usize, rustls::Error> {
        self.check()?;
        let Layer::Traffic(traffic) = &mut self.layer else { return Ok(0) };
        let total = (first.len() + second.len()).min(TLS_SEND_BYTES);
        self.outbox.reserve(total + total.div_ceil(TLS_RECORD_BYTES) * AROUND_BYTES);
        let mut at = 0;
        while at < total {
            let end = total.min(at + TLS_RECORD_BYTES);
            let of_first = &first[at.min(first.len())..end.min(first.len())];
            let of_second =
                &second[at.saturating_sub(first.len())..end.saturating_sub(first.len())];
            traffic.seal(of_first, of_second, &mut self.outbox)?;
            at = end;
        }
        Ok(total)
    }
}

impl Layer {
    /// Whether rustls has something to send.
    fn wants_write(&self) -> bool {
        matches!(self, Self::Rustls(tls) if tls.wants_write())
    }
}
