//! A TLS connection over another one, TCP or the TLS to a proxy: whole records in, whole records
//! out, the same limits and cancellation as plain.
//!
//! Received records lie in a buffer of our own, so that one system call brings several; it is
//! dropped while the connection idles. rustls sees only bytes: it never touches the socket, so no
//! SIGPIPE and no endless loop (flaws 85, 96). The end of the stream without close_notify is told
//! apart from a clean one (fault 72).

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConnection, HandshakeKind};

use super::{Profile, Verifier};
use crate::certs::Certificate;
use crate::connect::socket::{Sent, Stop};
use crate::connect::stream::{Outbox, Received, Stream};
use crate::deadline::{Limit, unix_now};
use crate::limits::{TLS_BUFFER_BYTES, TLS_BUFFER_SMALL_BYTES};

/// A TLS connection after its handshake.
pub(crate) struct TlsStream {
    /// What carries the records.
    carrier: Stream,
    tls: ClientConnection,
    /// Records as received and not yet given to rustls: `inbox[start..end]`. Small until a read
    /// fills it.
    inbox: Vec<u8>,
    start: usize,
    end: usize,
    /// What was wrong with a record; told once what came before it has been read.
    fault: Option<rustls::Error>,
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
        let tls = ClientConnection::new(profile.0.config.clone(), name).map_err(Stop::Tls)?;
        let (inbox, fault, chain) = (Vec::new(), None, None);
        let mut stream = Self { carrier, tls, inbox, start: 0, end: 0, fault, chain };
        while stream.tls.is_handshaking() {
            stream.flush(limit, false)?;
            if stream.tls.is_handshaking() && stream.fill(limit)? == 0 {
                let error = "the peer closed the connection during the handshake";
                return Err(Stop::Tls(rustls::Error::General(error.into())));
            }
            stream.check()?;
        }
        stream.flush(limit, false)?;
        let presented = stream.tls.peer_certificates().unwrap_or_default().to_vec();
        let verifier = profile.0.verifier.clone();
        stream.chain = Some(Arc::new(PeerChain { presented, verifier }));
        Ok(stream)
    }

    /// What carries this connection.
    pub(crate) fn carrier(&self) -> &Stream {
        &self.carrier
    }

    /// What the peer has shown of itself.
    pub(crate) fn chain(&self) -> Option<&Arc<PeerChain>> {
        self.chain.as_ref()
    }

    /// Version, and whether an earlier session was resumed: `"TLSv1.3, resumed"`.
    pub(crate) fn described(&self) -> String {
        let version = match self.tls.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLS",
        };
        match self.tls.handshake_kind() {
            Some(HandshakeKind::Resumed) => format!("{version}, resumed"),
            _ => version.to_owned(),
        }
    }

    /// Reads decrypted bytes into `buf`.
    pub(crate) fn read(&mut self, buf: &mut [u8], limit: &Limit) -> Result<Received, Stop> {
        let mut got = 0;
        loop {
            let end = match self.tls.reader().read(&mut buf[got..]) {
                Ok(0) => Some(Received::End { clean: true }),
                Ok(read) => {
                    got += read;
                    None
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Some(Received::End { clean: false })
                }
                Err(_) => None,
            };
            if let Some(end) = end {
                return Ok(if got > 0 { Received::Bytes(got) } else { end });
            }
            let nothing_more = self.start == self.end || self.fault.is_some();
            if got == buf.len() || (got > 0 && nothing_more) {
                return Ok(Received::Bytes(got));
            }
            if got == 0 {
                self.check()?;
                if self.tls.wants_write() && self.flush_or_answer(limit)? {
                    continue;
                }
            }
            if self.start == self.end {
                self.fill(limit)?;
            } else {
                self.digest();
            }
        }
    }

    /// Encrypts and sends all of `outbox`; false: the peer has said something (only with `watch`).
    /// The next call goes on where this one stopped.
    pub(crate) fn send(
        &mut self,
        outbox: &mut Outbox<'_>,
        limit: &Limit,
        watch: bool,
    ) -> Result<bool, Stop> {
        while self.flush(limit, watch)? {
            let piece = if outbox.first.is_empty() { outbox.second } else { outbox.first };
            if piece.is_empty() {
                return Ok(true);
            }
            let taken = self.tls.writer().write(piece).map_err(|_| no_buffer())?;
            outbox.advance(taken);
        }
        Ok(false)
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
        if !self.flush(limit, watch)? {
            return Ok(Sent::Readable);
        }
        let taken = self.tls.writer().write_vectored(parts).map_err(|_| no_buffer())?;
        self.flush(limit, watch)?;
        Ok(Sent::Bytes(taken))
    }

    /// Whether the peer has sent a byte of an answer, or its end; session tickets are neither.
    /// Never blocks.
    pub(crate) fn has_input(&mut self) -> bool {
        loop {
            if self.is_readable() {
                return true;
            }
            if self.start == self.end {
                self.make_room();
                match self.carrier.recv_now(&mut self.inbox) {
                    Ok(None) => return false,
                    Ok(Some(read)) if read > 0 => (self.start, self.end) = (0, read),
                    Ok(_) | Err(_) => return true,
                }
            }
            self.digest();
        }
    }

    /// Gives up a large record buffer while nothing is under way.
    pub(crate) fn park(&mut self) {
        if self.start == self.end && self.inbox.len() > TLS_BUFFER_SMALL_BYTES {
            self.inbox = Vec::new();
        }
    }

    /// Sends what is left of an upload, or the answer to a key update, without standing in the way
    /// of a read: an answer that is there ends it, and a broken socket is for the read to tell.
    /// True if there is something to read already.
    fn flush_or_answer(&mut self, limit: &Limit) -> Result<bool, Stop> {
        match self.flush(limit, true) {
            Ok(_) | Err(Stop::Io(_)) => Ok(self.is_readable()),
            Err(stop) => Err(stop),
        }
    }

    /// Whether a read would return at once with what rustls has: bytes, the end, or a fault.
    fn is_readable(&mut self) -> bool {
        self.tls
            .process_new_packets()
            .map_or(true, |state| state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }

    /// Waits for records and gives the first of them to rustls; 0: the peer's end.
    fn fill(&mut self, limit: &Limit) -> Result<usize, Stop> {
        if self.start == self.end {
            self.make_room();
            let read = self.carrier.recv(&mut self.inbox, limit)?;
            (self.start, self.end) = (0, read);
        }
        let there = self.end - self.start;
        self.digest();
        Ok(there)
    }

    /// An empty inbox for the next read; a large one if the last read filled a small one.
    fn make_room(&mut self) {
        let was_filled = self.end > 0 && self.end == self.inbox.len();
        let size = if was_filled { TLS_BUFFER_BYTES } else { TLS_BUFFER_SMALL_BYTES };
        if self.inbox.len() < size {
            self.inbox = vec![0; size];
        }
        (self.start, self.end) = (0, 0);
    }

    /// Gives rustls the next of the inbox; an empty inbox is the peer's end.
    ///
    /// A fault ends the connection, but not before the records ahead of it have been read.
    fn digest(&mut self) {
        let mut records = &self.inbox[self.start..self.end];
        match self.tls.read_tls(&mut records) {
            Ok(read) => self.start += read,
            // Its plaintext buffer is full: the caller reads it first.
            Err(_) => return,
        }
        if let Err(error) = self.tls.process_new_packets() {
            self.send_alert();
            self.fault = Some(error);
        }
    }

    /// The fault, when all that came before it has been read.
    fn check(&self) -> Result<(), Stop> {
        self.fault.clone().map_or(Ok(()), |fault| Err(Stop::Tls(fault)))
    }

    /// Tells the peer why, if its socket takes it at once.
    fn send_alert(&mut self) {
        let limit =
            Limit { idle: Some(std::time::Duration::from_millis(1)), by: None, cancel: None };
        let _ = self.flush(&limit, false);
    }

    /// Sends every record that rustls has ready; false: the peer answered first (only with
    /// `watch`).
    fn flush(&mut self, limit: &Limit, watch: bool) -> Result<bool, Stop> {
        while self.tls.wants_write() {
            let mut wire = Wire { carrier: &mut self.carrier, limit, watch, end: None };
            if self.tls.write_tls(&mut wire).is_ok() {
                continue;
            }
            match wire.end.take() {
                Some(Pause::Stop(stop)) => return Err(stop),
                // Tickets make a socket readable too: only an answer ends the upload.
                Some(Pause::Readable) if self.has_input() => return Ok(false),
                Some(Pause::Readable) => {}
                None => return Err(no_buffer()),
            }
        }
        Ok(true)
    }
}

fn no_buffer() -> Stop {
    Stop::Tls(rustls::Error::General("rustls took no bytes".into()))
}

/// The socket as rustls sees it for one write.
struct Wire<'a> {
    carrier: &'a mut Stream,
    limit: &'a Limit,
    watch: bool,
    end: Option<Pause>,
}

enum Pause {
    Readable,
    Stop(Stop),
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let pause = match self.carrier.send_some(parts, self.limit, self.watch) {
            Ok(Sent::Bytes(sent)) => return Ok(sent),
            Ok(Sent::Readable) => Pause::Readable,
            Err(stop) => Pause::Stop(stop),
        };
        self.end = Some(pause);
        Err(io::ErrorKind::Other.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
