//! Reads that wait for nothing: what has come is the same as any other read gives, what has not
//! come costs nothing, and errors, limits and the connection are those of every body. Where such
//! bodies are gathered is `gathering`'s.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rq::{CancelToken, ErrorKind, Phase, Request, Response, Result};
use rq_testd::{Conn, Step};

use crate::client::{at_once, ends_at, failure, ms, send_with};
use crate::peer::{OK, Peer, answers, say};

/// More than any buffer but those of large bodies.
const BODY_BYTES: usize = 300_123;
/// What comes of a body that then stops.
const PART: &[u8] = b"a part";

fn body(count: usize) -> Vec<u8> {
    (0..count as u32 / 4 + 1)
        .flat_map(|at| at.wrapping_mul(0x9e37_79b1).to_be_bytes())
        .take(count)
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A head with these fields and a body that is chunked if they say so; its end is for the script.
fn reply(fields: &str, body: &[u8]) -> Vec<u8> {
    let mut reply = format!("HTTP/1.1 200 OK\r\n{fields}").into_bytes();
    if !fields.contains("chunked") {
        reply.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        return [&reply, body].concat();
    }
    reply.extend(b"\r\n");
    for piece in body.chunks(7000) {
        reply.extend(format!("{:x}\r\n", piece.len()).bytes());
        reply.extend([piece, b"\r\n"].concat());
    }
    [&reply, &b"0\r\n\r\n"[..]].concat()
}

/// The reply in pieces with pauses, cut where nothing else is.
fn dripped(reply: &[u8]) -> Conn {
    let pieces = reply.chunks(reply.len() / 9 + 1);
    let said = pieces.flat_map(|piece| [say(piece), Step::Wait(ms(3))]);
    let ends = [Step::ReadHead, say(OK), Step::Stall];
    [Step::ReadHead].into_iter().chain(said).chain(ends).collect()
}

/// What there is, or will be soon; 0 at the end.
fn poll(response: &mut Response, out: &mut [u8]) -> Result<usize> {
    loop {
        match response.read_now(out)? {
            Some(count) => return Ok(count),
            None => std::thread::sleep(Duration::from_micros(100)),
        }
    }
}

/// A head that promises more than comes, and nothing after it.
fn stalls() -> Conn {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    vec![Step::ReadHead, say([head, PART].concat()), Step::Stall]
}

/// Takes the part that comes.
#[track_caller]
fn take_part(response: &mut Response) {
    let (mut part, mut room) = (Vec::new(), [0; 64]);
    while part.len() < PART.len() {
        let count = poll(response, &mut room).unwrap();
        part.extend_from_slice(&room[..count]);
    }
    assert_eq!(part, PART);
}

#[test]
fn every_body_comes_whole_and_its_connection_is_kept() {
    let whole = body(BODY_BYTES);
    let coded = "Content-Encoding: gzip\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let replies = [
        reply("", &whole),
        reply(chunked, &whole),
        reply(coded, &gzip(&whole)),
        reply(&format!("{coded}{chunked}"), &gzip(&whole)),
    ];
    for (at, reply) in replies.iter().enumerate() {
        for peer in Peer::both(&[dripped(reply)]) {
            let mut response = peer.get().unwrap();
            let (mut got, mut room) = (Vec::new(), vec![0; 100_000]);
            for round in 0.. {
                let most = [100_000, 1, 30_000, 5000][round % 4];
                // Every third one waits: the ways of reading go on from each other.
                let count = match round % 3 {
                    0 => response.read(&mut room[..most]).unwrap(),
                    _ => poll(&mut response, &mut room[..most]).unwrap(),
                };
                if count == 0 {
                    break;
                }
                got.extend_from_slice(&room[..count]);
            }
            assert!(got == whole, "reply {at}: {} bytes", got.len());
            assert_eq!(response.read_now(&mut room).unwrap(), Some(0), "the end stays");
            peer.goes_on(1);
        }
    }
}

#[test]
fn a_body_until_close_comes_whole() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    for peer in Peer::both(&[vec![Step::ReadHead, say([head, PART].concat()), Step::Close]]) {
        let mut response = peer.get().unwrap();
        take_part(&mut response);
        assert_eq!(poll(&mut response, &mut [0; 64]).unwrap(), 0);
    }
}

#[test]
fn nothing_yet_is_no_failure_and_the_next_read_waits_as_long_as_any() {
    for peer in Peer::both(&[stalls()]) {
        let within = |options: &mut rq::Options| options.timeout(None, Some(ms(200)));
        let mut response = send_with(&peer.session, "GET", &peer.url(), within).unwrap();
        take_part(&mut response);
        let mut room = [0; 65_536];
        std::thread::sleep(ms(250));
        for _ in 0..1000 {
            assert_eq!(response.read_now(&mut room).unwrap(), None);
        }
        ends_at(ms(200), || failure(response.read(&mut room), ErrorKind::ReadTimeout, Phase::Body));
        failure(response.read_now(&mut room), ErrorKind::ReadTimeout, Phase::Body);
    }
}

#[test]
fn a_part_of_a_coded_body_waits_for_the_rest() {
    let whole = body(BODY_BYTES);
    let sent = reply("Content-Encoding: gzip\r\n", &gzip(&whole));
    let half = say(&sent[..sent.len() / 2]);
    for peer in Peer::both(&[vec![Step::ReadHead, half, Step::Stall]]) {
        peer.session.configure(|options| options.decoded_max(Some(BODY_BYTES as u64)));
        let mut response = peer.get().unwrap();
        let (mut got, mut room) = (Vec::new(), [0; 10_000]);
        while got.len() < BODY_BYTES / 3 {
            let count = poll(&mut response, &mut room).unwrap();
            got.extend_from_slice(&room[..count]);
        }
        assert!(got == whole[..got.len()]);
        let quiet = std::iter::from_fn(|| response.read_now(&mut room).unwrap()).count();
        assert!(quiet < BODY_BYTES && response.read_now(&mut room).unwrap().is_none());
    }
}

#[test]
fn fault_67_its_end_before_its_length_is_reached() {
    let mut conn = stalls();
    *conn.last_mut().unwrap() = Step::Close;
    for peer in Peer::both(&[conn, answers()]) {
        let mut response = peer.get().unwrap();
        take_part(&mut response);
        let mut room = [0; 64];
        for _ in 0..2 {
            let error = failure(poll(&mut response, &mut room), ErrorKind::Incomplete, Phase::Body);
            assert!(error.message().contains("6 of 100 bytes"), "{error}");
        }
        failure(response.read(&mut room), ErrorKind::Incomplete, Phase::Body);
        peer.goes_on(2);
    }
}

#[test]
fn cancels_and_deadlines_end_it_as_they_end_any_read() {
    for peer in Peer::both(&[stalls(), stalls()]) {
        let token = CancelToken::new();
        let request = Request::new("GET", &peer.url()).unwrap();
        let prepared = peer.session.prepare(&request).unwrap();
        let mut response = peer.session.send_cancellable(&prepared, &token).unwrap();
        take_part(&mut response);
        token.trigger();
        let mut room = [0; 64];
        at_once(|| failure(response.read_now(&mut room), ErrorKind::Cancelled, Phase::Body));
        let within = |options: &mut rq::Options| options.total_timeout(Some(ms(300)));
        let mut response = send_with(&peer.session, "GET", &peer.url(), within).unwrap();
        take_part(&mut response);
        std::thread::sleep(ms(310));
        at_once(|| failure(response.read_now(&mut room), ErrorKind::TotalTimeout, Phase::Body));
    }
}

#[test]
fn limits_and_listeners_see_what_it_reads() {
    for peer in Peer::both(&[dripped(&reply("", &body(BODY_BYTES))), dripped(&reply("", PART))]) {
        let told = Arc::new(AtomicU64::new(0));
        let listener = told.clone();
        peer.session.configure(|options| {
            options.on_download(Arc::new(move |received, _| {
                listener.store(received, Ordering::Relaxed);
                Ok(())
            }));
        });
        let mut response = peer.get().unwrap();
        let mut room = [0; 5000];
        while poll(&mut response, &mut room).unwrap() > 0 {}
        assert_eq!(told.load(Ordering::Relaxed), BODY_BYTES as u64);
        peer.goes_on(1);
        let max = |options: &mut rq::Options| options.decoded_max(Some(4000));
        let conn = Peer::plain(vec![dripped(&reply("", &body(BODY_BYTES)))]);
        let mut response = send_with(&conn.session, "GET", &conn.url(), max).unwrap();
        assert!(poll(&mut response, &mut room).unwrap() <= 4000);
        let end = loop {
            match poll(&mut response, &mut room) {
                Ok(count) => assert!(count > 0),
                Err(error) => break error,
            }
        };
        assert_eq!(end.kind(), ErrorKind::Limit);
    }
}

#[test]
fn what_other_ways_have_read_is_read_again_or_refused() {
    let peer = Peer::plain(vec![answers(), answers()]);
    let mut response = peer.get().unwrap();
    assert_eq!(response.bytes().unwrap(), b"ok");
    assert_eq!(response.read_now(&mut [0; 64]).unwrap(), Some(2));
    let other = Peer::plain(vec![answers()]);
    let mut response = other.get().unwrap();
    assert_eq!(response.line().unwrap(), Some(&b"ok"[..]));
    failure(response.read_now(&mut [0; 64]), ErrorKind::Misuse, Phase::Body);
}
