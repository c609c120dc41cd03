//! TLS records, which are nobody's business but that of TLS: whatever their sizes, bodies come
//! whole; what is sent takes no more of them than it needs; a change of keys passes unnoticed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rq::Session;
use rq_testd::Step;
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;

use crate::client::{get_text, trusting};
use crate::faults_tls::{Handshake, trusted};
use crate::peer::{OK, Peer, once, read_to_end, say};

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ (at / 251) as u8).collect()
}

/// Reads the body in pieces of `size` at most.
fn read_by(session: &Session, url: &str, size: usize) -> Vec<u8> {
    let mut response = session.get(url).unwrap();
    let (mut piece, mut all) = (vec![0; size], Vec::new());
    loop {
        match response.read(&mut piece).unwrap() {
            0 => return all,
            count => all.extend_from_slice(&piece[..count]),
        }
    }
}

#[test]
fn bodies_are_whole_whatever_the_sizes_of_records_and_reads() {
    let body = pattern(150_000);
    for record in [1, 900, 5_000, 16_384, 60_000] {
        // A record of one byte costs too much to have 150,000 of them.
        let body = &body[..body.len().min(record * 3_000)];
        let mut steps = vec![Step::ReadHead];
        steps.push(say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len())));
        steps.extend(body.chunks(record).map(say));
        let sizes = [7, 4_000, 16_384, 16_385, 40_000, 100_000];
        let again = vec![steps; sizes.len()].concat();
        let peer = Peer::tls(vec![[again, vec![Step::Stall]].concat()]);
        for size in sizes {
            let read = read_by(&peer.session, &peer.url(), size);
            assert!(read == body, "{} bytes read, records {record}, reads {size}", read.len());
        }
        assert_eq!(peer.accepted(), 1, "the connection is kept");
    }
}

#[test]
fn a_chain_larger_than_the_buffer_at_first_is_read() {
    let ca = Ca::new("authority of a large chain");
    let leaf = ca.issue(&LOCAL_NAMES);
    let mut chain = vec![CertificateDer::from_pem_slice(leaf.pem().as_bytes()).unwrap()];
    let filler = Ca::new(&"filler ".repeat(1000));
    while chain.iter().map(|it| it.len()).sum::<usize>() < 45_000 {
        chain.push(filler.der().clone());
    }
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (port, thread) = once(move |stream| {
        let mut handshake = Handshake::begin(stream, Arc::new(config));
        handshake.serve();
        handshake.tls.writer().write_all(OK).unwrap();
        let reply = handshake.flight();
        handshake.stream.write_all(&reply).unwrap();
        read_to_end(&handshake.stream);
    });
    let session = trusting(&ca.pem());
    assert_eq!(get_text(&session, &format!("https://localhost:{port}/")).unwrap(), "ok");
    session.close_idle();
    thread.join().unwrap();
}

#[test]
fn new_keys_within_a_body_are_answered_with_the_next_request() {
    let (session, config) = trusted();
    let (port, thread) = once(move |stream| {
        let mut handshake = Handshake::begin(stream, config);
        for _ in 0..2 {
            handshake.serve();
            for piece in [&OK[..OK.len() - 1], &OK[OK.len() - 1..]] {
                handshake.tls.writer().write_all(piece).unwrap();
                // Asks for new keys of the client's side too: it would not be understood without.
                handshake.tls.refresh_traffic_keys().unwrap();
            }
            let reply = handshake.flight();
            handshake.stream.write_all(&reply).unwrap();
        }
        read_to_end(&handshake.stream);
    });
    let url = format!("https://localhost:{port}/");
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
    session.close_idle();
    thread.join().unwrap();
}

/// The lengths of the records of application data that come until `end` bytes of them are there.
fn record_lengths(stream: &mut TcpStream, count: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    while lengths.len() < count {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        std::io::copy(&mut Read::take(&mut *stream, length as u64), &mut std::io::sink()).unwrap();
        // Its inner type and the tag.
        if head[0] == 23 {
            lengths.push(length - 17);
        }
    }
    lengths
}

#[test]
fn a_head_and_the_beginning_of_its_body_share_a_record() {
    let (session, config) = trusted();
    let (port, thread) = once(move |stream| {
        let mut handshake = Handshake::begin(stream, config);
        let flight = handshake.flight();
        handshake.stream.write_all(&flight).unwrap();
        // The client's Finished, and the request.
        let lengths = record_lengths(&mut handshake.stream, 4);
        // Nobody has read it as TLS: there is no answer.
        handshake.stream.shutdown(std::net::Shutdown::Both).unwrap();
        lengths
    });
    let body = pattern(40_000);
    let url = format!("https://localhost:{port}/");
    crate::client::send(&session, "POST", &url, &body).expect_err("there is no answer");
    let lengths = thread.join().unwrap();
    assert_eq!(lengths[1..3], [16_384, 16_384], "{lengths:?}");
    assert!((7_232..8_232).contains(&lengths[3]), "the rest of 40,000 and a head: {lengths:?}");
}
