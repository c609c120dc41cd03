//! What rustls makes of the records: the handshake, and TLS 1.2 until its end. It copies each
//! record of that once more, in both directions.

use rustls::client::ClientConnectionData;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, ReadTraffic,
    UnbufferedStatus, WriteTraffic,
};
use rustls::{Error, ProtocolVersion};

use super::{Agreed, Layer, Over, Records, Seen};
use crate::connect::tls::traffic::Traffic;
use crate::limits::{TLS_RECORD_BYTES, TLS_SEND_BYTES};

impl Records {
    /// [`encrypt`](Self::encrypt) for TLS 1.2.
    pub(super) fn encrypt_by_rustls(
        &mut self,
        first: &[u8],
        second: &[u8],
    ) -> Result<usize, Error> {
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

    fn seal(&mut self, piece: &[u8]) -> Result<(), Error> {
        while !piece.is_empty() {
            self.check()?;
            if let Seen::Nothing = self.look(&mut [], false, piece) {
                break;
            }
        }
        Ok(())
    }

    /// Notes what a handshake has come to. For TLS 1.3 it is done when its last message is encoded,
    /// before a record that follows it is looked at.
    fn agree(&mut self) {
        let Layer::Rustls(tls) = &self.layer else { return };
        if self.has_agreed || tls.is_handshaking() || tls.wants_write() {
            return;
        }
        let agreed = Agreed::of(tls);
        self.has_agreed = true;
        if agreed.version == Some(ProtocolVersion::TLSv1_3)
            && let Layer::Rustls(tls) = std::mem::replace(&mut self.layer, Layer::None)
        {
            match Traffic::of(*tls) {
                Ok(traffic) => self.layer = Layer::Traffic(Box::new(traffic)),
                Err(error) => {
                    self.over.get_or_insert(Over::Fault(error));
                    self.is_broken = true;
                }
            }
        }
        self.agreed = Some(agreed);
    }

    /// Lets rustls look at the inbox until it has something to tell. Data goes to `out`; `hold`: if
    /// all of the record fits. `piece` is encrypted if there is nothing else.
    pub(super) fn look(&mut self, out: &mut [u8], hold: bool, piece: &[u8]) -> Seen {
        let Layer::Rustls(tls) = &mut self.layer else { return Seen::Nothing };
        let records = &mut self.inbox[self.start..self.end];
        let UnbufferedStatus { discard, state } = tls.process_tls_records(records);
        let mut outbox = Outbox(&mut self.outbox);
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
                fault = Some(Error::General("the connection takes no more data".into()));
                Seen::Other
            }
            Err(error) => {
                fault = Some(error);
                Seen::Other
            }
        };
        self.start += discard;
        match fault {
            Some(error) => self.fail(error),
            None => self.agree(),
        }
        seen
    }

    /// A fault ends the connection; its alert is left to be sent.
    fn fail(&mut self, error: Error) {
        self.over.get_or_insert(Over::Fault(error));
        self.is_broken = true;
        let Layer::Rustls(tls) = &mut self.layer else { return };
        let mut outbox = Outbox(&mut self.outbox);
        // rustls looks at no record while it has something to send.
        while tls.wants_write() {
            let records = &mut self.inbox[self.start..self.end];
            let state = tls.process_tls_records(records).state;
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
struct Outbox<'a>(&'a mut Vec<u8>);

impl Outbox<'_> {
    fn encode(&mut self, data: &mut EncodeTlsData<'_, ClientConnectionData>) -> Result<(), Error> {
        self.put(|room| match data.encode(room) {
            Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
    }

    fn encrypt(
        &mut self,
        traffic: &mut WriteTraffic<'_, ClientConnectionData>,
        piece: &[u8],
    ) -> Result<(), Error> {
        self.put(|room| match traffic.encrypt(piece, room) {
            Err(EncryptError::InsufficientSize(size)) => Err(Some(size)),
            other => other.map_err(|_| None),
        })
    }

    fn put(
        &mut self,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
    ) -> Result<(), Error> {
        let end = self.0.len();
        let mut written = write(&mut []);
        if let Err(Some(InsufficientSizeError { required_size })) = written {
            self.0.resize(end + required_size, 0);
            written = write(&mut self.0[end..]);
        }
        self.0.truncate(end + *written.as_ref().unwrap_or(&0));
        written.map(|_| ()).map_err(|_| Error::EncryptError)
    }
}
