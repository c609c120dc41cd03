//! Files that the kernel sends by itself: the server gets every byte, and what goes wrong ends as
//! with a body that is read. Each test shows that it was sent so.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;

use rq::limits::SEND_FILE_BYTES_MIN;
use rq::{CancelToken, ErrorKind, Part, Phase, Prepared, Request, Result, Session, System};
use rq_testd::Step;

use crate::client::{at_once, failure, ms, text, timed_session};
use crate::peer::{OK, Peer, answers, once, say};
use crate::system;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn counted(call: &mut dyn FnMut()) {
    CALLS.set(CALLS.get() + 1);
    system::without_sigpipe(call);
}

/// How often the kernel was asked to send since the last look.
fn calls() -> usize {
    CALLS.replace(0)
}

fn session() -> Session {
    calls();
    let set_low_water = system::set_low_water;
    timed_session(Session::with_system(System { set_low_water, without_sigpipe: counted }))
}

/// The same peer, for a session that has files sent by the kernel.
fn plain(conns: Vec<Vec<Step>>) -> Peer {
    let mut peer = Peer::plain(conns);
    peer.session = session();
    peer
}

struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let name = format!("rq-send-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    /// So many bytes that no disk holds.
    fn hollow(name: &str, bytes: u64) -> Self {
        let file = Self::new(name, b"");
        File::options().write(true).open(&file.0).unwrap().set_len(bytes).unwrap();
        file
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length as u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect()
}

fn prepared(session: &Session, url: &str, file: &Temporary) -> Prepared {
    let mut request = Request::new("PUT", url).unwrap();
    request.body_file(&file.0).unwrap();
    session.prepare(&request).unwrap()
}

/// One request's body, by its Content-Length.
fn body_of(mut stream: &TcpStream) -> Vec<u8> {
    let (mut seen, mut piece) = (Vec::new(), [0; 65536]);
    loop {
        if let Some(end) = seen.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8(seen[..end].to_vec()).unwrap();
            let (_, length) = head.split_once("Content-Length: ").unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if seen.len() == end + 4 + length {
                return seen.split_off(end + 4);
            }
        }
        let count = stream.read(&mut piece).unwrap();
        assert_ne!(count, 0, "the client is there");
        seen.extend_from_slice(&piece[..count]);
    }
}

#[test]
fn every_byte_comes_and_the_connection_waits_for_answers_as_before() {
    let content = pattern(5 * 1024 * 1024 + 4321);
    let file = Temporary::new("whole", &content);
    let (port, thread) = once(|stream| {
        [0; 3].map(|_| {
            let body = body_of(&stream);
            // A socket that were still non-blocking would have nothing to read.
            thread::sleep(ms(30));
            (&stream).write_all(OK).unwrap();
            body
        })
    });
    let session = session();
    let prepared = prepared(&session, &format!("http://127.0.0.1:{port}/"), &file);
    for _ in 0..3 {
        assert_eq!(text(&mut session.send(&prepared).unwrap()).unwrap(), "ok");
        assert_ne!(calls(), 0);
    }
    session.close_idle();
    assert!(thread.join().unwrap().iter().all(|body| *body == content));
}

#[test]
fn files_within_a_form_are_sent_in_their_places() {
    let contents = [pattern(700_001), pattern(100), pattern(1_300_007)];
    let names = ["large", "small", "largest"];
    let files = [0, 1, 2].map(|at| Temporary::new(names[at], &contents[at]));
    let (port, thread) = once(|stream| {
        let body = body_of(&stream);
        (&stream).write_all(OK).unwrap();
        body
    });
    let session = session();
    let mut request = Request::new("POST", &format!("http://127.0.0.1:{port}/")).unwrap();
    request.field("first", "field");
    for (name, file) in names.iter().zip(&files) {
        let mut part = Part::new(name);
        part.file(&file.0).unwrap();
        request.part(part);
    }
    let prepared = session.prepare(&request).unwrap();
    let whole = prepared.content().unwrap().into_owned();
    assert_eq!(text(&mut session.send(&prepared).unwrap()).unwrap(), "ok");
    assert_ne!(calls(), 0);
    assert!(thread.join().unwrap() == whole, "not the form that was prepared");
}

#[test]
fn small_files_and_chunked_bodies_are_read() {
    let file = Temporary::new("read", &pattern(SEND_FILE_BYTES_MIN as usize));
    let peer = plain(vec![answers()]);
    let sent = peer.session.send(&prepared(&peer.session, &peer.url(), &file));
    assert_eq!(text(&mut sent.unwrap()).unwrap(), "ok");
    assert_eq!(calls(), 0, "all of it left with the head");
}

#[test]
fn a_file_that_shrinks_is_an_error_and_never_a_short_body() {
    let file = Temporary::new("shrinks", &pattern(2 * 1024 * 1024));
    let peer = plain(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    let mut request = Request::new("PUT", &peer.url()).unwrap();
    request.body_file(&file.0).unwrap();
    let path = file.0.clone();
    request.progress(std::sync::Arc::new(move |_, _| {
        File::options().write(true).open(&path).unwrap().set_len(300_000).unwrap();
        Ok(())
    }));
    let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
    let error = failure(sent, ErrorKind::BodyLength, Phase::Send);
    assert!(error.message().contains("shorter"), "{error}");
    assert_ne!(calls(), 0);
    peer.goes_on(2);
}

/// More than any socket takes.
const MUCH: u64 = 256 * 1024 * 1024;

#[test]
fn an_early_answer_ends_it() {
    let file = Temporary::hollow("early", MUCH);
    let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
    let steps = vec![Step::ReadHead, Step::Wait(ms(20)), say(refusal), Step::Stall];
    let peer = plain(vec![steps, answers()]);
    let prepared = prepared(&peer.session, &peer.url(), &file);
    let mut response = at_once(|| peer.session.send(&prepared)).unwrap();
    assert_eq!((response.status(), text(&mut response).unwrap().as_str()), (413, "no"));
    assert_ne!(calls(), 0);
    peer.goes_on(2);
}

fn sent_to_the_deaf(send: impl FnOnce(&Peer, &Prepared) -> Result<()>, kind: ErrorKind) {
    let file = Temporary::hollow(kind.c_name(), MUCH);
    let peer = plain(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    let prepared = prepared(&peer.session, &peer.url(), &file);
    failure(send(&peer, &prepared), kind, Phase::Send);
    assert_ne!(calls(), 0);
    peer.goes_on(2);
}

#[test]
fn a_cancel_ends_its_wait() {
    let send = |peer: &Peer, prepared: &Prepared| {
        let cancel = CancelToken::new();
        let trigger = cancel.clone();
        let thread = thread::spawn(move || {
            thread::sleep(ms(50));
            trigger.trigger();
        });
        let sent = peer.session.send_cancellable(prepared, &cancel).map(|_| ());
        thread.join().unwrap();
        sent
    };
    sent_to_the_deaf(send, ErrorKind::Cancelled);
}

#[test]
fn a_timeout_ends_its_wait() {
    let send = |peer: &Peer, prepared: &Prepared| {
        peer.session.configure(|options| options.timeout(None, Some(ms(100))));
        peer.session.send(prepared).map(|_| ())
    };
    sent_to_the_deaf(send, ErrorKind::WriteTimeout);
}

#[test]
fn a_peer_that_goes_is_an_error() {
    let file = Temporary::hollow("gone", MUCH);
    let peer = plain(vec![vec![Step::ReadHead, Step::Wait(ms(20)), Step::Reset], answers()]);
    let prepared = prepared(&peer.session, &peer.url(), &file);
    let error = peer.session.send(&prepared).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Send | ErrorKind::Closed), "{error}");
    assert_ne!(calls(), 0);
    peer.goes_on(2);
}
