//! Records against rustls's server, and against records made by hand that no good server sends.

use std::io::{Read, Write};
use std::sync::Arc;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::{ConnectionTrafficSecrets, ServerConfig, ServerConnection, SupportedCipherSuite};

use super::{Layer, Over, Records};
use crate::connect::tls::profile;
use crate::limits::TLS_RECORD_BYTES;
use crate::options::{TlsSettings, Trust};

fn server_config(suite: SupportedCipherSuite) -> ServerConfig {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites = vec![suite];
    let issued = Ca::new("authority of records").issue(&LOCAL_NAMES).server_config();
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(issued.cert_resolver.clone());
    config.enable_secret_extraction = true;
    config
}

/// Both sides after their handshake; the server's tickets are still to be sent.
fn pair(suite: SupportedCipherSuite) -> (Records, ServerConnection) {
    let settings = TlsSettings { trust: Trust::Anyone, ..TlsSettings::default() };
    let config = profile(1, &settings).unwrap().0.config.clone();
    let name = ServerName::try_from("localhost").unwrap();
    let mut records = Records::new(UnbufferedClientConnection::new(config, name).unwrap());
    let mut server = ServerConnection::new(Arc::new(server_config(suite))).unwrap();
    let mut agreed = false;
    while !agreed || server.is_handshaking() {
        records.decrypt(&mut []);
        agreed |= records.take_agreed().is_some();
        to_server(&mut records, &mut server);
        if !agreed {
            let flight = from_server(&mut server);
            assert!(feed(&mut records, &flight, 1000, 10).is_empty());
            agreed |= records.take_agreed().is_some();
        }
    }
    (records, server)
}

/// Sends what there is; the data of it that the server has read.
fn to_server(records: &mut Records, server: &mut ServerConnection) -> Vec<u8> {
    let mut all = Vec::new();
    while !records.outgoing().is_empty() {
        let sent = server.read_tls(&mut records.outgoing()).unwrap();
        records.sent(sent);
        server.process_new_packets().unwrap();
        let _ = server.reader().read_to_end(&mut all);
    }
    all
}

fn from_server(server: &mut ServerConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut bytes).unwrap();
    }
    bytes
}

/// Gives `bytes` to `records` in pieces of at most `piece`, and reads by at most `size`.
fn feed(records: &mut Records, mut bytes: &[u8], piece: usize, size: usize) -> Vec<u8> {
    let (mut all, mut out) = (Vec::new(), vec![0; size]);
    loop {
        loop {
            match records.decrypt(&mut out) {
                0 => break,
                count => all.extend_from_slice(&out[..count]),
            }
        }
        if bytes.is_empty() || records.over().is_some() {
            return all;
        }
        let room = records.room();
        let count = room.len().min(piece).min(bytes.len());
        assert_ne!(count, 0, "there is room after everything is read");
        room[..count].copy_from_slice(&bytes[..count]);
        records.received(count);
        bytes = &bytes[count..];
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 253) as u8 ^ (at / 253) as u8).collect()
}

/// Those that go with the key of an ECDSA certificate.
fn suites() -> Vec<SupportedCipherSuite> {
    let mut all = rustls::crypto::ring::default_provider().cipher_suites;
    all.retain(|suite| !format!("{:?}", suite.suite()).contains("ECDHE_RSA"));
    assert_eq!(all.len(), 6, "three ciphers in two versions: {all:?}");
    all
}

fn aes_128() -> SupportedCipherSuite {
    rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256
}

#[test]
fn every_cipher_carries_data_both_ways_through_changes_of_keys() {
    for suite in suites() {
        let (mut records, mut server) = pair(suite);
        let is_ours = matches!(records.layer, Layer::Traffic(_));
        assert_eq!(is_ours, suite.tls13().is_some(), "{suite:?}");
        for round in 0..4 {
            let body = pattern(40_000 + round);
            server.writer().write_all(&body).unwrap();
            if suite.tls13().is_some() {
                server.refresh_traffic_keys().unwrap();
            }
            server.writer().write_all(b"end").unwrap();
            let bytes = from_server(&mut server);
            let got = feed(&mut records, &bytes, 7_000, 9_000);
            assert!(got == [&body[..], b"end"].concat(), "{suite:?}: {} bytes", got.len());
            let sent = records.encrypt(&body[..100], &body[100..]).unwrap();
            let mut all = to_server(&mut records, &mut server);
            assert_eq!(records.encrypt(&body[sent..], &[]).unwrap(), body.len() - sent);
            all.extend(to_server(&mut records, &mut server));
            assert!(all == body, "{suite:?}");
        }
    }
}

#[test]
fn records_and_reads_of_any_sizes_give_the_same_bytes() {
    let (mut records, mut server) = pair(aes_128());
    server.set_buffer_limit(None);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % limit).unwrap()
    };
    for _ in 0..300 {
        let body = pattern(below(90_000));
        let mut rest = &body[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(1 + below(30_000)));
            server.writer().write_all(now).unwrap();
            rest = later;
        }
        let bytes = from_server(&mut server);
        let got = feed(&mut records, &bytes, 1 + below(150_000), 1 + below(40_000));
        assert!(got == body, "{} of {} bytes", got.len(), body.len());
        if below(3) == 0 {
            records.park();
        }
    }
}

/// A key, its IV, and how many records it has protected.
struct Keys(LessSafeKey, [u8; 12], u64);

impl Keys {
    fn of((sequence, secrets): (u64, ConnectionTrafficSecrets)) -> Self {
        let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
            panic!("not AES-128")
        };
        let key = UnboundKey::new(&AES_128_GCM, key.as_ref()).unwrap();
        Self(LessSafeKey::new(key), iv.as_ref().try_into().unwrap(), sequence)
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.1;
        for (byte, number) in nonce[4..].iter_mut().zip(self.2.to_be_bytes()) {
            *byte ^= number;
        }
        self.2 += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

/// A server whose records are made here.
struct Forger {
    own: Keys,
    of_client: Keys,
}

impl Forger {
    /// The client of it, and the forger.
    fn pair() -> (Records, Self) {
        let (mut records, mut server) = pair(aes_128());
        let tickets = from_server(&mut server);
        assert!(feed(&mut records, &tickets, 1000, 10).is_empty());
        let secrets = server.dangerous_extract_secrets().unwrap();
        let forger = Self { own: Keys::of(secrets.tx), of_client: Keys::of(secrets.rx) };
        (records, forger)
    }

    /// A record of `inner`, whose type and padding are the caller's.
    fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
        let header = [23, 3, 3, high, low];
        let mut sealed = inner.to_vec();
        let nonce = self.own.nonce();
        self.own.0.seal_in_place_append_tag(nonce, Aad::from(header), &mut sealed).unwrap();
        [&header[..], &sealed].concat()
    }

    /// The alert that `record` is, if there is one; fatal, as all are but the end.
    fn alert(&mut self, record: &[u8]) -> Option<u8> {
        let (header, sealed) = record.split_first_chunk::<5>()?;
        let (mut sealed, nonce) = (sealed.to_vec(), self.of_client.nonce());
        match self.of_client.0.open_in_place(nonce, Aad::from(*header), &mut sealed).unwrap() {
            &mut [2, alert, ALERT] => Some(alert),
            other => panic!("no alert: {other:?}"),
        }
    }

    fn record(&mut self, bytes: &[u8], kind: u8) -> Vec<u8> {
        self.seal(&[bytes, &[kind]].concat())
    }
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

fn fault(records: &Records) -> String {
    match records.over() {
        Some(Over::Fault(error)) => format!("{error:?}"),
        Some(Over::Closed) => "closed".to_owned(),
        Some(Over::Cut) => "cut".to_owned(),
        None => "nothing".to_owned(),
    }
}

#[test]
fn padding_and_empty_records_are_no_data() {
    let (mut records, mut forger) = Forger::pair();
    let mut padded = [b"one", &[DATA][..]].concat();
    padded.resize(TLS_RECORD_BYTES + 1, 0);
    let parts = [forger.seal(&padded), forger.seal(&[DATA, 0, 0]), forger.record(b"two", DATA)];
    assert_eq!(feed(&mut records, &parts.concat(), 5_000, 2), b"onetwo");
    assert_eq!(fault(&records), "nothing");
    let nothing = forger.seal(&[0; 40]);
    assert!(feed(&mut records, &nothing, 5_000, 2).is_empty());
    assert_eq!(fault(&records), "PeerMisbehaved(IllegalTlsInnerPlaintext)");
}

#[test]
fn a_message_may_span_records_but_not_data() {
    // The body of a ticket: lifetime, age, nonce, ticket, extensions.
    let body = [&[0, 0, 1, 0, 0, 0, 0, 0, 1, 7, 0, 40][..], &[9; 40], &[0, 0]].concat();
    let ticket = [&[4, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let (mut records, mut forger) = Forger::pair();
    let two = [&ticket[..], &ticket].concat();
    let mut parts: Vec<Vec<u8>> =
        two.chunks(13).map(|part| forger.record(part, HANDSHAKE)).collect();
    parts.push(forger.record(b"data", DATA));
    assert_eq!(feed(&mut records, &parts.concat(), 5_000, 100), b"data");
    assert_eq!(fault(&records), "nothing");
    let parts = [forger.record(&ticket[..9], HANDSHAKE), forger.record(b"data", DATA)];
    assert!(feed(&mut records, &parts.concat(), 5_000, 100).is_empty());
    assert_eq!(fault(&records), "PeerMisbehaved(MessageInterleavedWithHandshakeMessage)");
}

#[test]
fn the_end_is_told_and_nothing_behind_it_is_looked_at() {
    let (mut records, mut forger) = Forger::pair();
    let cancelled = forger.record(&[1, 90], ALERT);
    let data = forger.record(b"last", DATA);
    let end = forger.record(&[1, 0], ALERT);
    let bytes = [cancelled, data, end, b"garbage".to_vec()].concat();
    assert_eq!(feed(&mut records, &bytes, 5_000, 100), b"last");
    assert_eq!(fault(&records), "closed");
    assert!(records.outgoing().is_empty());
    // The other direction is open.
    assert_eq!(records.encrypt(b"more", b"").unwrap(), 4);
}

/// What is wrong with one record, how it is made, what is said of it, and the alert for the peer.
type Wrong = (&'static str, fn(&mut Forger) -> Vec<u8>, &'static str, Option<u8>);

const WRONG: [Wrong; 15] = [
    (
        "a changed byte",
        |it| {
            let mut record = it.record(b"data", DATA);
            record[7] ^= 1;
            record
        },
        "DecryptError",
        Some(20),
    ),
    (
        "a changed header",
        |it| {
            let mut record = it.record(b"data", DATA);
            record[2] ^= 1;
            record
        },
        "DecryptError",
        Some(20),
    ),
    (
        "a record again",
        |it| {
            let record = it.record(b"", DATA);
            [record.clone(), record].concat()
        },
        "DecryptError",
        Some(20),
    ),
    ("too short for a tag", |_| vec![23, 3, 3, 0, 3, 1, 2, 3], "DecryptError", Some(20)),
    ("too long", |_| vec![23, 3, 3, 0x41, 1], "InvalidMessage(MessageTooLarge)", Some(22)),
    (
        "too much plaintext",
        |it| it.record(&[1; TLS_RECORD_BYTES + 1], DATA),
        "PeerSentOversizedRecord",
        Some(22),
    ),
    (
        "an open alert",
        |_| vec![21, 3, 3, 0, 2, 2, 40],
        "InappropriateMessage { expect_types: [ApplicationData], got_type: Alert }",
        Some(10),
    ),
    ("no TLS", |_| b"HTTP/1.1 200".to_vec(), "InvalidMessage(InvalidContentType)", Some(10)),
    (
        "another version",
        |_| vec![23, 2, 0, 0, 20],
        "InvalidMessage(UnknownProtocolVersion)",
        Some(50),
    ),
    (
        "an inner type that is none",
        |it| it.record(b"x", 99),
        "InappropriateMessage { expect_types: [ApplicationData, Handshake], \
         got_type: ContentType(0x63) }",
        Some(10),
    ),
    ("half an alert", |it| it.record(&[2], ALERT), "InvalidMessage(MessageTooShort)", Some(50)),
    ("a fatal alert", |it| it.record(&[2, 80], ALERT), "AlertReceived(InternalError)", None),
    (
        "a message behind new keys",
        |it| it.record(&[24, 0, 0, 1, 0, 4], HANDSHAKE),
        "PeerMisbehaved(KeyEpochWithPendingFragment)",
        Some(10),
    ),
    (
        "new keys, perhaps",
        |it| it.record(&[24, 0, 0, 1, 2], HANDSHAKE),
        "InvalidMessage(InvalidKeyUpdate)",
        Some(47),
    ),
    (
        "a hello",
        |it| it.record(&[1, 0, 0, 0], HANDSHAKE),
        "InappropriateHandshakeMessage { expect_types: [NewSessionTicket, KeyUpdate], \
             got_type: ClientHello }",
        Some(10),
    ),
];

#[test]
fn every_wrong_record_ends_the_connection_with_its_alert() {
    for (what, make, error, alert) in WRONG {
        let (mut records, mut forger) = Forger::pair();
        let bytes = [forger.record(b"before", DATA), make(&mut forger)].concat();
        assert_eq!(feed(&mut records, &bytes, 50_000, 100), b"before", "{what}");
        assert_eq!(fault(&records), error, "{what}");
        assert_eq!(forger.alert(records.outgoing()), alert, "{what}");
        assert!(records.encrypt(b"more", b"").is_err(), "{what}");
    }
}

#[test]
fn warnings_and_changes_of_keys_have_their_limits() {
    let (mut records, mut forger) = Forger::pair();
    for _ in 0..4 {
        let cancelled = forger.record(&[1, 90], ALERT);
        feed(&mut records, &cancelled, 100, 100);
        assert_eq!(fault(&records), "nothing");
    }
    let cancelled = forger.record(&[1, 90], ALERT);
    feed(&mut records, &cancelled, 100, 100);
    assert_eq!(fault(&records), "PeerMisbehaved(TooManyWarningAlertsReceived)");
    let (mut records, mut server) = pair(aes_128());
    for _ in 0..33 {
        server.refresh_traffic_keys().unwrap();
    }
    let updates = from_server(&mut server);
    feed(&mut records, &updates, 100, 100);
    assert_eq!(fault(&records), "PeerMisbehaved(TooManyKeyUpdateRequests)");
}

#[test]
fn a_key_is_changed_before_it_has_sealed_too_many_records() {
    let (mut records, mut server) = pair(aes_128());
    let Layer::Traffic(traffic) = &mut records.layer else { panic!("TLS 1.3") };
    traffic.seal_max = 3;
    let body = pattern(10 * TLS_RECORD_BYTES);
    let mut at = 0;
    let (mut lengths, mut all) = (Vec::new(), Vec::new());
    while at < body.len() {
        at += records.encrypt(&body[at..], &[]).unwrap();
        let mut rest = records.outgoing();
        while let Some((header, after)) = rest.split_first_chunk::<5>() {
            let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
            lengths.push(length);
            rest = &after[length..];
        }
        all.extend(to_server(&mut records, &mut server));
    }
    assert!(all == body);
    // Two of data, then the change: the third that the key may seal.
    let (data, update) = (TLS_RECORD_BYTES + 17, 5 + 17);
    let expected: Vec<usize> = (0..14).map(|at| if at % 3 == 2 { update } else { data }).collect();
    assert_eq!(lengths, expected);
}
