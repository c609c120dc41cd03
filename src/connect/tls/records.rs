//! Records in, records out: rustls's unbuffered connection, and the bytes around it. Knows no
//! socket: `stream` does the reading and sending.
//!
//! Records are decrypted where they were received and go from there to their reader; what rustls
//! copies on the way is one record at a time, which the processor's cache holds. An idle
//! connection keeps next to nothing: rustls has no buffers of its own here, and ours are given up
//! in [`park`](Records::park).

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, ReadTraffic,
    UnbufferedStatus, WriteTraffic,
};

use crate::limits::{
    TLS_BUFFER_BYTES, TLS_BUFFER_RECORD_BYTES, TLS_BUFFER_SMALL_BYTES, TLS_RECORD_BYTES,
    TLS_SEND_BYTES,
};

/// The two directions of one TLS connection.
pub(super) struct Records {
    tls: UnbufferedClientConnection,
    /// Received and not yet decrypted: `inbox[start..end]`.
    inbox: Vec<u8>,
    start: usize,
    end: usize,
    /// Whether the last read took all the room that there was.
    was_filled: bool,
    /// Whether more came since the connection was parked than a small inbox holds.
    was_large: bool,
    /// The size of the inbox when it was parked after that: the next answer may be as large.
    usual: usize,
    /// Whether rustls may have more to tell without a further byte.
    is_due: bool,
    /// Decrypted bytes that their reader had no room for: `ahead[ahead_at..]`.
    ahead: Vec<u8>,
    ahead_at: usize,
    /// Encrypted and not yet sent: `outbox[outbox_at..outbox_end]`.
    outbox: Vec<u8>,
    outbox_at: usize,
    outbox_end: usize,
    over: Option<Over>,
    /// Whether something was wrong, also behind the end.
    is_broken: bool,
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

/// What one look of rustls at the inbox came to.
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
            tls,
            inbox: Vec::new(),
            start: 0,
            end: 0,
            was_filled: false,
            was_large: false,
            usual: 0,
            is_due: true,
            ahead: Vec::new(),
            ahead_at: 0,
            outbox: Vec::new(),
            outbox_at: 0,
            outbox_end: 0,
            over: None,
            is_broken: false,
        }
    }

    /// What rustls knows of the connection.
    pub(super) fn tls(&self) -> &UnbufferedClientConnection {
        &self.tls
    }

    /// Why nothing more will come.
    pub(super) fn over(&self) -> Option<&Over> {
        self.over.as_ref()
    }

    /// Decrypts into `out`: what has been received, as far as there is room for whole records. Of
    /// one that is larger than `out` the rest is kept for the next call.
    pub(super) fn decrypt(&mut self, out: &mut [u8]) -> usize {
        let mut got = self.take_ahead(out);
        while self.is_due && self.over.is_none() && (got < out.len() || self.ahead.is_empty()) {
            match self.look(&mut out[got..], got > 0, &[]) {
                Seen::Data(count) => {
                    got += count;
                    self.is_due = self.start < self.end || self.tls.wants_write();
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
        !self.ahead.is_empty() || self.over.is_some()
    }

    /// Where received bytes go; empty if rustls makes nothing of all that it could be given.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.inbox.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let size = match (self.was_filled, self.inbox.len() < TLS_BUFFER_RECORD_BYTES) {
            (false, _) => TLS_BUFFER_SMALL_BYTES,
            (true, true) => TLS_BUFFER_RECORD_BYTES,
            (true, false) => TLS_BUFFER_BYTES,
        };
        let size = size.max(self.usual);
        if self.inbox.len() < size {
            let mut larger = vec![0; size];
            larger[..self.end].copy_from_slice(&self.inbox[..self.end]);
            self.inbox = larger;
        }
        &mut self.inbox[self.end..]
    }

    /// Counts `count` bytes that were received into [`room`](Self::room); 0: the peer's end.
    pub(super) fn received(&mut self, count: usize) {
        if count == 0 {
            self.over.get_or_insert(Over::Cut);
        }
        self.end += count;
        self.was_filled = self.end == self.inbox.len();
        self.was_large |= self.end > TLS_BUFFER_SMALL_BYTES;
        self.is_due = true;
    }

    /// Encrypts the beginning of `first` and `second`, as much as is sent at a time; how much that
    /// was. They share a record where they meet.
    pub(super) fn encrypt(&mut self, first: &[u8], second: &[u8]) -> Result<usize, rustls::Error> {
        if second.is_empty() || first.len() >= TLS_RECORD_BYTES {
            let piece = &first[..first.len().min(TLS_SEND_BYTES)];
            return self.seal(piece).map(|()| piece.len());
        }
        let mut taken = 0;
        if !first.is_empty() {
            taken = second.len().min(TLS_RECORD_BYTES - first.len());
            self.seal(&[first, &second[..taken]].concat())?;
        }
        let most = TLS_SEND_BYTES - first.len() - taken;
        let piece = &second[taken..][..(second.len() - taken).min(most)];
        self.seal(piece)?;
        Ok(first.len() + taken + piece.len())
    }

    /// Records to send.
    pub(super) fn outgoing(&self) -> &[u8] {
        &self.outbox[self.outbox_at..self.outbox_end]
    }

    /// Counts `count` bytes of [`outgoing`](Self::outgoing) as sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.outbox_at += count;
        if self.outbox_at == self.outbox_end {
            (self.outbox_at, self.outbox_end) = (0, 0);
        }
    }

    /// Gives up large buffers while nothing is under way.
    pub(super) fn park(&mut self) {
        self.usual = if self.was_large { self.inbox.len() } else { 0 };
        self.was_large = false;
        if self.start == self.end && self.inbox.len() > TLS_BUFFER_SMALL_BYTES {
            (self.inbox, self.start, self.end) = (Vec::new(), 0, 0);
            self.was_filled = false;
        }
        if self.outgoing().is_empty() && self.outbox.len() > TLS_BUFFER_SMALL_BYTES {
            self.outbox = Vec::new();
        }
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
        }
    }

    /// Moves what fits of the bytes read ahead into `out`.
    fn take_ahead(&mut self, out: &mut [u8]) -> usize {
        let rest = &self.ahead[self.ahead_at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.ahead_at += count;
        if self.ahead_at == self.ahead.len() {
            self.ahead.clear();
            self.ahead_at = 0;
        }
        count
    }

    fn seal(&mut self, piece: &[u8]) -> Result<(), rustls::Error> {
        while !piece.is_empty() {
            match &self.over {
                Some(Over::Fault(error)) => return Err(error.clone()),
                _ if self.is_broken => return Err(rustls::Error::EncryptError),
                _ => {}
            }
            if let Seen::Nothing = self.look(&mut [], false, piece) {
                break;
            }
        }
        Ok(())
    }

    /// Lets rustls look at the inbox until it has something to tell. Data goes to `out`; `hold`: if
    /// all of the record fits. `piece` is encrypted if there is nothing else.
    fn look(&mut self, out: &mut [u8], hold: bool, piece: &[u8]) -> Seen {
        let records = &mut self.inbox[self.start..self.end];
        let UnbufferedStatus { discard, state } = self.tls.process_tls_records(records);
        let mut outbox = Outbox { bytes: &mut self.outbox, end: &mut self.outbox_end };
        let mut fault = None;
        let seen = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                hand_over(&mut traffic, out, hold, &mut self.ahead)
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                fault = outbox.encode(&mut data).err();
                Seen::Other
            }
            // It is in the outbox, which is sent before anything else.
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Seen::Other
            }
            Ok(ConnectionState::PeerClosed) => {
                self.over.get_or_insert(Over::Closed);
                Seen::Other
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) if !piece.is_empty() => {
                match outbox.encrypt(&mut traffic, piece) {
                    Ok(()) => Seen::Nothing,
                    Err(error) => {
                        fault = Some(error);
                        Seen::Other
                    }
                }
            }
            Ok(ConnectionState::WriteTraffic(_) | ConnectionState::BlockedHandshake)
                if piece.is_empty() =>
            {
                Seen::Nothing
            }
            Ok(_) => {
                fault = Some(rustls::Error::General("the connection takes no more data".into()));
                Seen::Other
            }
            Err(error) => {
                fault = Some(error);
                Seen::Other
            }
        };
        self.start += discard;
        if let Some(error) = fault {
            self.fail(error);
        }
        seen
    }

    /// A fault ends the connection; its alert is left to be sent.
    fn fail(&mut self, error: rustls::Error) {
        self.over.get_or_insert(Over::Fault(error));
        self.is_broken = true;
        let mut outbox = Outbox { bytes: &mut self.outbox, end: &mut self.outbox_end };
        // rustls looks at no record while it has something to send.
        while self.tls.wants_write() {
            let records = &mut self.inbox[self.start..self.end];
            let state = self.tls.process_tls_records(records).state;
            let Ok(ConnectionState::EncodeTlsData(mut alert)) = state else { break };
            if outbox.encode(&mut alert).is_err() {
                break;
            }
        }
    }
}

/// Gives a record to its reader; what does not fit is kept in `ahead`.
fn hand_over(
    traffic: &mut ReadTraffic<'_, '_, ClientConnectionData>,
    out: &mut [u8],
    hold: bool,
    ahead: &mut Vec<u8>,
) -> Seen {
    if hold && traffic.peek_len().is_some_and(|length| length.get() > out.len()) {
        return Seen::Held;
    }
    match traffic.next_record() {
        Some(Ok(record)) => {
            let count = record.payload.len().min(out.len());
            out[..count].copy_from_slice(&record.payload[..count]);
            ahead.extend_from_slice(&record.payload[count..]);
            Seen::Data(count)
        }
        // Neither happens: the state says that there is a record, and it is decrypted already.
        Some(Err(_)) | None => Seen::Other,
    }
}

/// The end of the outbox, which grows as it must.
struct Outbox<'a> {
    bytes: &'a mut Vec<u8>,
    end: &'a mut usize,
}

impl Outbox<'_> {
    fn encode(
        &mut self,
        data: &mut EncodeTlsData<'_, ClientConnectionData>,
    ) -> Result<(), rustls::Error> {
        self.put(|room| match data.encode(room) {
            Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
    }

    fn encrypt(
        &mut self,
        traffic: &mut WriteTraffic<'_, ClientConnectionData>,
        piece: &[u8],
    ) -> Result<(), rustls::Error> {
        self.put(|room| match traffic.encrypt(piece, room) {
            Err(EncryptError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
    }

    fn put(
        &mut self,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
    ) -> Result<(), rustls::Error> {
        let mut written = write(&mut self.bytes[*self.end..]);
        if let Err(Some(InsufficientSizeError { required_size })) = written {
            self.bytes.resize(*self.end + required_size, 0);
            written = write(&mut self.bytes[*self.end..]);
        }
        *self.end += written.map_err(|_| rustls::Error::EncryptError)?;
        Ok(())
    }
}
