//! Bodies that are large and come fast, so that they are read ahead: their bytes, their ends, the
//! errors within them and what follows them are those of every other body. That they take few
//! system calls is held by `tests/budget`.

use std::time::Duration;

use rq::limits::READ_AHEAD_BYTES;
use rq::{CancelToken, ErrorKind, Options, Phase, Request, Response};
use rq_testd::{Conn, Step};

use crate::client::{at_once, ends_at, failure, ms, send_with};
use crate::peer::{OK, Peer, answers, say};

/// Far beyond what begins reading ahead; no multiple of any buffer.
const BODY_BYTES: usize = 12 * 1024 * 1024 + 12_345;
/// What the body of a broken one has sent.
const SENT_BYTES: usize = 6 * 1024 * 1024 + 321;
/// How large the pieces are that a caller reads, over and over.
const PIECES: [usize; 6] = [64 * 1024, 64 * 1024, 1000, 300_000, 1024 * 1024, 16 * 1024];

/// Bytes of which no stretch is like another.
fn body(count: usize) -> Vec<u8> {
    (0..count as u32 / 4 + 1)
        .flat_map(|at| at.wrapping_mul(0x9e37_79b1).to_be_bytes())
        .take(count)
        .collect()
}

fn with_length(length: usize, sent: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), sent].concat()
}

/// In chunks of these sizes, over and over.
fn in_chunks(mut sent: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for size in sizes.iter().cycle() {
        let Some(chunk) = sent.split_off(..sent.len().min(*size)).filter(|rest| !rest.is_empty())
        else {
            break;
        };
        reply.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        reply.extend_from_slice(chunk);
        reply.extend_from_slice(b"\r\n");
    }
    [&reply, &b"0\r\n\r\n"[..]].concat()
}

/// Reads up to `count` bytes, none of them before the server has got ahead.
fn read(response: &mut Response, count: usize) -> rq::Result<Vec<u8>> {
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1024 * 1024]);
    for piece in PIECES.iter().cycle() {
        std::thread::sleep(Duration::from_micros(100));
        let most = (*piece).min(count - got.len());
        match response.read(&mut buffer[..most])? {
            0 => break,
            read => got.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(got)
}

/// A connection that answers with a part of a body, and then goes so.
fn after_a_part(steps: impl IntoIterator<Item = Step>) -> Conn {
    let begin = [Step::ReadHead, say(with_length(BODY_BYTES, &body(SENT_BYTES)))];
    begin.into_iter().chain(steps).collect()
}

#[test]
fn every_byte_comes_in_order_and_the_connection_is_kept() {
    let whole = body(BODY_BYTES);
    let replies = [
        with_length(BODY_BYTES, &whole),
        in_chunks(&whole, &[70_001]),
        in_chunks(&whole, &[8192]),
        in_chunks(&whole, &[8192, 8192, 8192, 1, 8193]),
    ];
    for reply in replies {
        let steps = vec![Step::ReadHead, say(reply), Step::ReadHead, say(OK), Step::Stall];
        for peer in Peer::both(&[steps]) {
            let mut response = peer.get().unwrap();
            assert!(read(&mut response, usize::MAX).unwrap() == whole);
            peer.goes_on(1);
        }
    }
}

#[test]
fn a_body_until_close_comes_whole() {
    let whole = body(BODY_BYTES);
    let reply = [b"HTTP/1.1 200 OK\r\n\r\n", &whole[..]].concat();
    let peer = Peer::plain(vec![vec![Step::ReadHead, say(reply), Step::Close], answers()]);
    assert!(read(&mut peer.get().unwrap(), usize::MAX).unwrap() == whole);
    peer.goes_on(2);
}

#[test]
fn it_is_saved_whole() {
    let whole = body(BODY_BYTES);
    let steps = vec![
        Step::ReadHead,
        say(with_length(BODY_BYTES, &whole)),
        Step::ReadHead,
        say(OK),
        Step::Stall,
    ];
    let peer = Peer::plain(vec![steps]);
    let path = std::env::temp_dir().join(format!("rq-large-body-{}", std::process::id()));
    let saved = peer.get().unwrap().save(&path);
    let found = std::fs::read(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(saved.unwrap(), BODY_BYTES as u64);
    assert!(found.unwrap() == whole);
    peer.goes_on(1);
}

#[test]
fn fault_71_what_follows_the_last_chunk_is_never_an_answer() {
    let whole = body(BODY_BYTES);
    let reply = [&in_chunks(&whole, &[70_001])[..], OK].concat();
    let peer = Peer::plain(vec![vec![Step::ReadHead, say(reply), Step::Stall], answers()]);
    assert!(read(&mut peer.get().unwrap(), usize::MAX).unwrap() == whole);
    peer.goes_on(2);
}

#[test]
fn fault_67_its_end_before_its_length_is_reached() {
    let peer = Peer::plain(vec![after_a_part([Step::Close]), answers()]);
    let mut response = peer.get().unwrap();
    assert!(read(&mut response, SENT_BYTES).unwrap() == body(SENT_BYTES));
    let error = failure(response.read(&mut [0; 64]), ErrorKind::Incomplete, Phase::Body);
    let how_far = format!("{SENT_BYTES} of {BODY_BYTES} bytes");
    assert!(error.message().contains(&how_far), "{error}");
    peer.goes_on(2);
}

#[test]
fn fault_68_a_reset_within_it() {
    let peer = Peer::plain(vec![after_a_part([Step::Reset]), answers()]);
    let mut response = peer.get().unwrap();
    let error = failure(read(&mut response, BODY_BYTES), ErrorKind::Incomplete, Phase::Body);
    assert_ne!(error.os_error(), 0, "{error}");
    peer.goes_on(2);
}

#[test]
fn a_trickle_behind_the_burst_is_not_kept_back() {
    let drip = [say("a"), Step::Wait(ms(50)), say("b"), Step::Wait(ms(50)), say("c"), Step::Stall];
    let peer = Peer::plain(vec![after_a_part(drip)]);
    let mut response = peer.get().unwrap();
    assert!(read(&mut response, SENT_BYTES).unwrap() == body(SENT_BYTES));
    let (mut room, mut dripped) = (vec![0; READ_AHEAD_BYTES / 2], Vec::new());
    at_once(|| {
        while dripped.len() < 3 {
            let count = response.read(&mut room).unwrap();
            dripped.extend_from_slice(&room[..count]);
        }
    });
    assert_eq!(dripped, b"abc");
}

fn stalls() -> Peer {
    Peer::plain(vec![after_a_part([Step::Stall]), answers()])
}

#[test]
fn fault_69_silence_within_it_ends_at_the_read_timeout() {
    let peer = stalls();
    let within = |options: &mut Options| options.timeout(None, Some(ms(300)));
    let mut response = send_with(&peer.session, "GET", &peer.url(), within).unwrap();
    assert!(read(&mut response, SENT_BYTES).unwrap() == body(SENT_BYTES));
    let stalled = || failure(response.read(&mut [0; 65_536]), ErrorKind::ReadTimeout, Phase::Body);
    ends_at(ms(300), stalled);
    peer.goes_on(2);
}

#[test]
fn silence_within_it_ends_at_the_deadline() {
    let peer = stalls();
    ends_at(ms(2000), || {
        let within = |options: &mut Options| options.total_timeout(Some(ms(2000)));
        let mut response = send_with(&peer.session, "GET", &peer.url(), within).unwrap();
        assert!(read(&mut response, SENT_BYTES).unwrap() == body(SENT_BYTES));
        failure(response.read(&mut [0; 65_536]), ErrorKind::TotalTimeout, Phase::Body)
    });
    peer.goes_on(2);
}

#[test]
fn a_cancel_ends_it_with_bytes_still_ahead() {
    let (token, peer) = (CancelToken::new(), Peer::plain(vec![after_a_part([Step::Stall])]));
    let request = Request::new("GET", &peer.url()).unwrap();
    let prepared = peer.session.prepare(&request).unwrap();
    let mut response = peer.session.send_cancellable(&prepared, &token).unwrap();
    read(&mut response, SENT_BYTES - 100_000).unwrap();
    token.trigger();
    at_once(|| failure(read(&mut response, BODY_BYTES), ErrorKind::Cancelled, Phase::Body));
    drop(response);
    assert_eq!(peer.sockets(), 0);
}
