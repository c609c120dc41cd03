//! A TLS connection over another one, TCP or the TLS to a proxy: whole records in, whole records
//! out, the same limits and cancellation as plain.
//!
//! rustls sees only bytes, in `records`: it never touches the socket, so no SIGPIPE and no endless
//! loop (flaws 85, 96). One system call brings or takes several records. The end of the stream
//! without close_notify is told apart from a clean one (fault 72).

use std::io::IoSlice;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{HandshakeKind, ProtocolVersion};

use super::records::{Agreed, Over, Records};
use super::{Profile, Verifier};
use crate::certs::Certificate;
use crate::connect::socket::{Sent, Stop};
use crate::connect::stream::{Outbox, Received, Stream};
use crate::deadline::{Limit, unix_now};
use crate::limits::TLS_SEND_BYTES;

/// A TLS connection after its handshake.
pub(crate) struct TlsStream {
    /// What carries the records.
    carrier: Stream,
    records: Records,
    version: Option<ProtocolVersion>,
    kind: Option<HandshakeKind>,
    chain: Option<Arc<PeerChain>>,
}

/// The certificates that a peer has shown in its handshake; what they lead to is found when asked
/// for.
pub(crate) struct PeerChain {
    presented: Vec<CertificateDer<'static>>,
    verifier: Arc<Verifier>,
}

impl PeerChain {
    /// The peer's own certificate first, and those that lead to a trusted one; as they came where
    /// nothing was verified.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        let now = u64::try_from(unix_now()).unwrap_or_default();
        self.verifier.path(&self.presented, now).into_iter().map(Certificate::of).collect()
    }
}

impl TlsStream {
    /// Shakes hands with `name`; every byte of it counts against `limit`.
    pub(crate) fn handshake(
        carrier: Stream,
        profile: &Profile,
        name: ServerName<'static>,
        limit: &Limit,
    ) -> Result<Self, Stop> {
        let config = profile.0.config.clone();
        let tls = UnbufferedClientConnection::new(config, name).map_err(Stop::Tls)?;
        let mut stream =
            Self { carrier, records: Records::new(tls), version: None, kind: None, chain: None };
        let agreed = loop {
            stream.decrypt(&mut []);
            stream.check()?;
            if let Some(agreed) = stream.records.take_agreed() {
                // Its last message leaves with the first bytes that are sent.
                break agreed;
            }
            stream.flush(limit, false)?;
            if stream.fill(limit)? == 0 {
                let error = "the peer closed the connection during the handshake";
                return Err(Stop::Tls(rustls::Error::General(error.into())));
            }
        };
        let Agreed { version, kind, presented } = agreed;
        (stream.version, stream.kind) = (version, kind);
        let verifier = profile.0.verifier.clone();
        stream.chain = Some(Arc::new(PeerChain { presented, verifier }));
        Ok(stream)
    }

    /// What carries this connection.
    pub(crate) fn carrier(&mut self) -> &mut Stream {
        &mut self.carrier
    }

    /// That of what carries it.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.carrier.descriptor()
    }

    /// What the peer has shown of itself.
    pub(crate) fn chain(&self) -> Option<&Arc<PeerChain>> {
        self.chain.as_ref()
    }

    /// Version, and whether an earlier session was resumed: `"TLSv1.3, resumed"`.
    pub(crate) fn described(&self) -> String {
        let version = match self.version {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLS",
        };
        match self.kind {
            Some(HandshakeKind::Resumed) => format!("{version}, resumed"),
            _ => version.to_owned(),
        }
    }

    /// Reads decrypted bytes into `buf`. Into an empty one it reads none: it waits until there are
    /// [`unread`](Self::unread) ones.
    pub(crate) fn read(&mut self, buf: &mut [u8], limit: &Limit) -> Result<Received, Stop> {
        if limit.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        loop {
            let got = self.decrypt(buf);
            if got > 0 || (buf.is_empty() && !self.unread().is_empty()) {
                return Ok(Received::Bytes(got));
            }
            match self.records.over() {
                Some(Over::Closed) => return Ok(Received::End { clean: true }),
                Some(Over::Cut) => return Ok(Received::End { clean: false }),
                Some(Over::Fault(fault)) => return Err(Stop::Tls(fault.clone())),
                None => {}
            }
            if !self.flush_or_answer(limit)? {
                self.fill(limit)?;
            }
        }
    }

    /// Decrypted bytes that nobody has taken.
    pub(crate) fn unread(&self) -> &[u8] {
        self.records.ahead()
    }

    /// Takes `count` of the unread bytes. True if there are more then, without a further byte of
    /// the peer.
    pub(crate) fn consume(&mut self, count: usize) -> bool {
        self.records.consume(count);
        self.decrypt(&mut []);
        !self.unread().is_empty()
    }

    /// Encrypts and sends all of `outbox`; false: the peer has said something (only with `watch`).
    /// The next call goes on where this one stopped.
    pub(crate) fn send(
        &mut self,
        outbox: &mut Outbox<'_>,
        limit: &Limit,
        watch: bool,
    ) -> Result<bool, Stop> {
        loop {
            if self.records.outgoing().len() < TLS_SEND_BYTES && !outbox.is_empty() {
                let taken = self.records.encrypt(outbox.first, outbox.second).map_err(Stop::Tls)?;
                outbox.advance(taken);
            }
            if !self.flush(limit, watch)? {
                return Ok(false);
            }
            if outbox.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Takes some of `parts` as the carrier of another TLS connection. What was taken counts as
    /// sent, also where a part of it still waits here: it leaves with the next send, or before the
    /// next wait of a read.
    pub(in crate::connect) fn send_some(
        &mut self,
        parts: &[IoSlice<'_>],
        limit: &Limit,
        watch: bool,
    ) -> Result<Sent, Stop> {
        if watch && self.records.is_readable() {
            return Ok(Sent::Readable);
        }
        if self.records.outgoing().len() >= TLS_SEND_BYTES && !self.flush(limit, watch)? {
            return Ok(Sent::Readable);
        }
        let part = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| part);
        let taken = self.records.encrypt(part, &[]).map_err(Stop::Tls)?;
        match self.flush(limit, watch) {
            Ok(_) | Err(Stop::NotYet) => Ok(Sent::Bytes(taken)),
            Err(stop) => Err(stop),
        }
    }

    /// Whether the peer has sent a byte of an answer, or its end; session tickets are neither.
    /// Never blocks.
    pub(crate) fn has_input(&mut self) -> bool {
        loop {
            self.decrypt(&mut []);
            if self.records.is_readable() {
                return true;
            }
            let room = self.records.room();
            if room.is_empty() {
                return true;
            }
            match self.carrier.recv_now(room) {
                Ok(None) => return false,
                Ok(Some(read)) if read > 0 => self.records.received(read),
                Ok(_) | Err(_) => return true,
            }
        }
    }

    /// Gives up large buffers while nothing is under way.
    pub(crate) fn park(&mut self) {
        self.records.park();
    }

    /// Sends what is left of an upload, or the answer to a key update, without standing in the way
    /// of a read: an answer that is there ends it, and a broken socket is for the read to tell.
    /// True if there is something to read already.
    fn flush_or_answer(&mut self, limit: &Limit) -> Result<bool, Stop> {
        if self.records.outgoing().is_empty() {
            return Ok(false);
        }
        match self.flush(limit, true) {
            Ok(_) | Err(Stop::Io(_)) => Ok(self.records.is_readable()),
            Err(stop) => Err(stop),
        }
    }

    /// Waits for records; 0: the peer's end.
    fn fill(&mut self, limit: &Limit) -> Result<usize, Stop> {
        let room = self.records.room();
        if room.is_empty() {
            let error = "the peer's message does not end";
            return Err(Stop::Tls(rustls::Error::General(error.into())));
        }
        let read = self.carrier.recv(room, limit)?;
        self.records.received(read);
        Ok(read)
    }

    /// Decrypts what is there. A fault is told to the peer at once, if its socket takes it, and to
    /// the caller when what came before it has been read.
    fn decrypt(&mut self, out: &mut [u8]) -> usize {
        let was_over = self.records.over().is_some();
        let got = self.records.decrypt(out);
        if !was_over && matches!(self.records.over(), Some(Over::Fault(_))) {
            let _ = self.flush(&Limit::now(), false);
        }
        got
    }

    /// The fault of a handshake.
    fn check(&self) -> Result<(), Stop> {
        match self.records.over() {
            Some(Over::Fault(fault)) => Err(Stop::Tls(fault.clone())),
            _ => Ok(()),
        }
    }

    /// Sends every record that is ready; false: the peer answered first (only with `watch`).
    fn flush(&mut self, limit: &Limit, watch: bool) -> Result<bool, Stop> {
        while !self.records.outgoing().is_empty() {
            // What was read ahead makes no socket readable: a wait for room would not see it.
            if watch && self.records.is_readable() {
                return Ok(false);
            }
            let records = [IoSlice::new(self.records.outgoing())];
            match self.carrier.send_some(&records, limit, watch)? {
                Sent::Bytes(sent) => self.records.sent(sent),
                // Tickets make a socket readable too: only an answer ends the upload.
                Sent::Readable if self.has_input() => return Ok(false),
                Sent::Readable => {}
            }
        }
        Ok(true)
    }
}
