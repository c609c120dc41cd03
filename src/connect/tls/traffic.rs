//! The records of a TLS 1.3 connection whose handshake is done: opened where they were received,
//! sealed where they are to be sent from (RFC 8446 §5, §4.6, §6).
//!
//! rustls shakes hands, keeps the secrets and makes of them the keys of a key update; ring's
//! ciphers do the rest. rustls's own record layer would make a copy of each record in both
//! directions. Knows no buffer and no socket: `records` does.

use std::ops::Range;

use ring::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::kernel::KernelConnection;
use rustls::{
    AlertDescription, ConnectionTrafficSecrets, ContentType, Error, HandshakeType, InvalidMessage,
    PeerMisbehaved,
};

use crate::limits::{
    TLS_KEY_UPDATES_MAX, TLS_MESSAGE_BYTES_MAX, TLS_RECORD_BYTES, TLS_WARNINGS_MAX,
};

/// Type, version and length, before each record.
pub(super) const HEADER_BYTES: usize = 5;
/// What a record has beyond its plaintext: the header, the inner type, the tag.
pub(super) const AROUND_BYTES: usize = HEADER_BYTES + 1 + TAG_BYTES;
const TAG_BYTES: usize = 16;
/// The most that may follow a header: plaintext, its type, padding or tag (RFC 8446 §5.2).
const SEALED_BYTES_MAX: usize = TLS_RECORD_BYTES + 256;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
/// A KeyUpdate that asks for none in return.
const KEY_UPDATE_MESSAGE: [u8; 5] = [KEY_UPDATE, 0, 0, 1, 0];

/// Both directions of the connection.
pub(super) struct Traffic {
    rustls: KernelConnection<ClientConnectionData>,
    read: Keys,
    write: Keys,
    /// How many records one key may seal.
    pub(super) seal_max: u64,
    /// The beginning of a handshake message; the rest is in the records that follow.
    partial: Vec<u8>,
    /// Whether the peer has asked for new keys of ours.
    is_update_due: bool,
    /// How often it may ask until data comes.
    updates_left: u8,
    warnings_left: u8,
}

/// What a record was.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// Data, here within the record; none is data too.
    Data(Range<usize>),
    /// The peer sends no more.
    Closed,
    /// Something that was dealt with.
    Other,
}

/// What was wrong with a record, and what the peer is told of it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: Error,
    pub(super) alert: Option<AlertDescription>,
}

impl Fault {
    fn new(error: impl Into<Error>, alert: AlertDescription) -> Self {
        Self { error: error.into(), alert: Some(alert) }
    }

    fn unexpected(error: impl Into<Error>) -> Self {
        Self::new(error, AlertDescription::UnexpectedMessage)
    }
}

/// A key, and how many records it has protected.
struct Keys {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Keys {
    fn of((sequence, secrets): (u64, ConnectionTrafficSecrets)) -> Result<Self, Error> {
        let (algorithm, key, iv) = match &secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (&CHACHA20_POLY1305, key, iv),
            _ => return Err(Error::General("a cipher that was not offered".into())),
        };
        let unbound = UnboundKey::new(algorithm, key.as_ref()).map_err(|_| Error::EncryptError)?;
        let iv = iv.as_ref().try_into().map_err(|_| Error::EncryptError)?;
        Ok(Self { key: LessSafeKey::new(unbound), iv, sequence })
    }

    /// The nonce of the next record, which no other record of this key has: its number with the IV
    /// (RFC 8446 §5.3). `None`: all numbers are used up.
    fn next_nonce(&mut self) -> Option<Nonce> {
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        self.sequence = self.sequence.checked_add(1)?;
        Some(Nonce::assume_unique_for_key(nonce))
    }
}

impl Traffic {
    /// Takes over from rustls, which has encoded the last message of its handshake and has looked
    /// at nothing that came after the peer's.
    pub(super) fn of(tls: UnbufferedClientConnection) -> Result<Self, Error> {
        let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.tls13());
        let seal_max = suite.ok_or(Error::HandshakeNotComplete)?.common.confidentiality_limit;
        let (secrets, rustls) = tls.dangerous_into_kernel_connection()?;
        Ok(Self {
            rustls,
            read: Keys::of(secrets.rx)?,
            write: Keys::of(secrets.tx)?,
            seal_max,
            partial: Vec::new(),
            is_update_due: false,
            updates_left: TLS_KEY_UPDATES_MAX,
            warnings_left: TLS_WARNINGS_MAX,
        })
    }

    /// The length of the record that `received` begins with; `None`: its header is not all there.
    pub(super) fn record_length(received: &[u8]) -> Result<Option<usize>, Fault> {
        let Some(&[kind, major, _, high, low]) = received.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        match (kind, major) {
            (APPLICATION_DATA, 3) => {}
            (CHANGE_CIPHER_SPEC..=HANDSHAKE, 3) => {
                return Err(inappropriate(kind, &[ContentType::ApplicationData]));
            }
            (CHANGE_CIPHER_SPEC..=APPLICATION_DATA, _) => {
                let error = InvalidMessage::UnknownProtocolVersion;
                return Err(Fault::new(error, AlertDescription::DecodeError));
            }
            _ => return Err(Fault::unexpected(InvalidMessage::InvalidContentType)),
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > SEALED_BYTES_MAX {
            let error = InvalidMessage::MessageTooLarge;
            return Err(Fault::new(error, AlertDescription::RecordOverflow));
        }
        Ok(Some(HEADER_BYTES + length))
    }

    /// Opens `record`, which is whole, where it lies.
    pub(super) fn open(&mut self, record: &mut [u8]) -> Result<Opened, Fault> {
        let (header, sealed) = record.split_at_mut(HEADER_BYTES);
        let refused = || Fault::new(Error::DecryptError, AlertDescription::BadRecordMac);
        let nonce = self.read.next_nonce().ok_or_else(refused)?;
        let plain = self.read.key.open_in_place(nonce, Aad::from(header), sealed);
        let plain = plain.map_err(|_| refused())?;
        // The type is the last byte that is not padding.
        let Some(end) = plain.iter().rposition(|byte| *byte != 0) else {
            return Err(Fault::unexpected(PeerMisbehaved::IllegalTlsInnerPlaintext));
        };
        if plain.len() > TLS_RECORD_BYTES + 1 {
            let error = Error::PeerSentOversizedRecord;
            return Err(Fault::new(error, AlertDescription::RecordOverflow));
        }
        let kind = plain[end];
        if kind != HANDSHAKE && !self.partial.is_empty() {
            return Err(Fault::unexpected(PeerMisbehaved::MessageInterleavedWithHandshakeMessage));
        }
        match kind {
            APPLICATION_DATA => {
                self.updates_left = TLS_KEY_UPDATES_MAX;
                Ok(Opened::Data(HEADER_BYTES..HEADER_BYTES + end))
            }
            ALERT => self.alerted(&record[HEADER_BYTES..HEADER_BYTES + end]),
            HANDSHAKE => self.messages(&record[HEADER_BYTES..HEADER_BYTES + end]),
            other => {
                let expected = [ContentType::ApplicationData, ContentType::Handshake];
                Err(inappropriate(other, &expected))
            }
        }
    }

    /// Seals `first` and `second` as one record at the end of `out`.
    pub(super) fn seal(
        &mut self,
        first: &[u8],
        second: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.is_update_due || self.write.sequence >= self.seal_max.saturating_sub(1) {
            self.seal_as(HANDSHAKE, &KEY_UPDATE_MESSAGE, &[], out)?;
            self.write = Keys::of(self.rustls.update_tx_secret()?)?;
            self.is_update_due = false;
        }
        self.seal_as(APPLICATION_DATA, first, second, out)
    }

    /// Seals the alert that ends the connection.
    pub(super) fn seal_alert(
        &mut self,
        alert: AlertDescription,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        const FATAL: u8 = 2;
        self.seal_as(ALERT, &[FATAL, alert.into()], &[], out)
    }

    fn seal_as(
        &mut self,
        kind: u8,
        first: &[u8],
        second: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let length = first.len() + second.len() + 1 + TAG_BYTES;
        let [high, low] = u16::try_from(length).map_err(|_| Error::EncryptError)?.to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, high, low];
        let nonce = self.write.next_nonce().ok_or(Error::EncryptError)?;
        out.reserve(HEADER_BYTES + length);
        out.extend_from_slice(&header);
        let start = out.len();
        out.extend_from_slice(first);
        out.extend_from_slice(second);
        out.push(kind);
        let sealed =
            self.write.key.seal_in_place_separate_tag(nonce, Aad::from(header), &mut out[start..]);
        out.extend_from_slice(sealed.map_err(|_| Error::EncryptError)?.as_ref());
        Ok(())
    }

    /// An alert: the end, or a reason to end it (RFC 8446 §6).
    fn alerted(&mut self, alert: &[u8]) -> Result<Opened, Fault> {
        let &[_, description] = alert else {
            let error = InvalidMessage::MessageTooShort;
            return Err(Fault::new(error, AlertDescription::DecodeError));
        };
        match AlertDescription::from(description) {
            AlertDescription::CloseNotify => Ok(Opened::Closed),
            // Some send it before their end, and others without a reason.
            AlertDescription::UserCanceled => match self.warnings_left.checked_sub(1) {
                Some(left) => {
                    self.warnings_left = left;
                    Ok(Opened::Other)
                }
                None => Err(Fault::unexpected(PeerMisbehaved::TooManyWarningAlertsReceived)),
            },
            other => Err(Fault { error: Error::AlertReceived(other), alert: None }),
        }
    }

    /// Messages of the handshake protocol, of which the last may go on in the next record.
    fn messages(&mut self, bytes: &[u8]) -> Result<Opened, Fault> {
        let decode_error = |error: InvalidMessage| Fault::new(error, AlertDescription::DecodeError);
        if bytes.is_empty() {
            return Err(Fault::unexpected(InvalidMessage::InvalidEmptyPayload));
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let mut rest = &joined[..];
        while let Some((&[kind, high, middle, low], after)) = rest.split_first_chunk() {
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            if length > TLS_MESSAGE_BYTES_MAX {
                return Err(decode_error(InvalidMessage::HandshakePayloadTooLarge));
            }
            let Some((message, after)) = after.split_at_checked(length) else { break };
            rest = after;
            match kind {
                NEW_SESSION_TICKET => self
                    .rustls
                    .handle_new_session_ticket(message)
                    .map_err(|error| Fault::new(error, AlertDescription::DecodeError))?,
                // What follows a change of keys is under the new ones: it begins a record.
                KEY_UPDATE if !rest.is_empty() => {
                    return Err(Fault::unexpected(PeerMisbehaved::KeyEpochWithPendingFragment));
                }
                KEY_UPDATE => self.update(message)?,
                other => {
                    return Err(Fault::unexpected(Error::InappropriateHandshakeMessage {
                        expect_types: vec![
                            HandshakeType::NewSessionTicket,
                            HandshakeType::KeyUpdate,
                        ],
                        got_type: HandshakeType::from(other),
                    }));
                }
            }
        }
        self.partial = rest.to_vec();
        Ok(Opened::Other)
    }

    /// The peer goes on with new keys, and may want the same of us (RFC 8446 §4.6.3).
    fn update(&mut self, message: &[u8]) -> Result<(), Fault> {
        let is_wanted = match message {
            [0] => false,
            [1] => true,
            [_] => {
                let error = InvalidMessage::InvalidKeyUpdate;
                return Err(Fault::new(error, AlertDescription::IllegalParameter));
            }
            _ => {
                let error = InvalidMessage::InvalidKeyUpdate;
                return Err(Fault::new(error, AlertDescription::DecodeError));
            }
        };
        let Some(left) = self.updates_left.checked_sub(1) else {
            return Err(Fault::unexpected(PeerMisbehaved::TooManyKeyUpdateRequests));
        };
        self.updates_left = left;
        self.is_update_due |= is_wanted;
        let internal = |error| Fault::new(error, AlertDescription::InternalError);
        let secrets = self.rustls.update_rx_secret().map_err(internal)?;
        self.read = Keys::of(secrets).map_err(internal)?;
        Ok(())
    }
}

fn inappropriate(kind: u8, expected: &[ContentType]) -> Fault {
    Fault::unexpected(Error::InappropriateMessage {
        expect_types: expected.to_vec(),
        got_type: ContentType::from(kind),
    })
}
