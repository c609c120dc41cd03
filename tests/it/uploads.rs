//! Bodies that are read while they are sent: files, callers' streams, parts. What the server gets,
//! and what happens when a source does not keep its word (behaviours B6–B17, B22, M1–M5).

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rq::{BodyRead, CancelToken, Error, ErrorKind, Part, Phase, Request, Result, Session, Upload};
use rq_testd::{Server, Step};

use crate::client::{failure, session, text};
use crate::peer::{OK, Peer, answers, say};

/// A file that is removed when the test ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rq-{}-{number}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Sends to `/echo`, which answers with the request as it came.
fn echoed(session: &Session, server: &Server, give: impl FnOnce(&mut Request)) -> String {
    let mut request = Request::new("POST", &format!("{}/echo", server.http())).unwrap();
    give(&mut request);
    let prepared = session.prepare(&request).unwrap();
    text(&mut session.send(&prepared).unwrap()).unwrap()
}

/// A stream that gives these pieces, may be rewound, and counts how often it was.
struct Pieces {
    pieces: Vec<Result<&'static str>>,
    next: usize,
    rewound: Arc<AtomicUsize>,
    can_rewind: bool,
}

impl Pieces {
    fn new(pieces: &[&'static str]) -> Self {
        let pieces = pieces.iter().map(|piece| Ok(*piece)).collect();
        Self { pieces, next: 0, rewound: Arc::default(), can_rewind: true }
    }
}

impl BodyRead for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let piece = self.pieces.get(self.next).cloned().unwrap_or(Ok(""))?;
        self.next += 1;
        let count = piece.len().min(buf.len());
        buf[..count].copy_from_slice(&piece.as_bytes()[..count]);
        Ok(count)
    }

    fn can_rewind(&self) -> bool {
        self.can_rewind
    }

    fn rewind(&mut self) -> Result<()> {
        self.rewound.fetch_add(1, Ordering::Relaxed);
        self.next = 0;
        Ok(())
    }
}

#[test]
fn a_stream_without_a_length_is_sent_in_its_own_chunks() {
    let (server, session) = (Server::start(), Session::new());
    let give = |request: &mut Request| {
        request.body_stream(Upload::new(Pieces::new(&["hello ", "world, this is me"]), None));
    };
    let echo = echoed(&session, &server, give);
    assert!(echo.contains("Transfer-Encoding: chunked\r\n\r\n"), "{echo}");
    assert!(!echo.contains("Content-Length"), "{echo}");
    let chunks = "6\r\nhello \r\n11\r\nworld, this is me\r\n0\r\n\r\n";
    assert!(echo.ends_with(chunks) || echo.ends_with("hello world, this is me"), "{echo}");
}

#[test]
fn the_chunks_of_a_stream_are_those_on_the_wire() {
    for peer in Peer::both(&[vec![Step::ReadHead, say(OK), Step::Stall]]) {
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.body_stream(Upload::new(Pieces::new(&["ab", "c"]), None));
        let prepared = peer.session.prepare(&request).unwrap();
        assert_eq!((prepared.body(), prepared.body_length()), (None, None));
        peer.session.send(&prepared).unwrap();
        let received = String::from_utf8(peer.received(0)).unwrap();
        let body = received.split_once("\r\n\r\n").map(|(_, body)| body);
        // What comes behind the head may not have been read when the answer was given.
        assert!("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n".starts_with(body.unwrap()), "{received}");
    }
}

#[test]
fn a_file_is_sent_from_its_position_which_stays() {
    let (server, session) = (Server::start(), Session::new());
    let temporary = Temporary::new("position", b"0123456789");
    let mut file = File::open(&temporary.0).unwrap();
    file.seek(SeekFrom::Start(4)).unwrap();
    let upload = Upload::from_file(file.try_clone().unwrap()).unwrap();
    for _ in 0..2 {
        let upload = upload.clone();
        let echo = echoed(&session, &server, |request| request.body_stream(upload));
        assert!(echo.contains("Content-Length: 6\r\n"), "{echo}");
        assert!(echo.ends_with("\r\n\r\n456789"), "{echo}");
    }
    assert_eq!(file.stream_position().unwrap(), 4);
    let empty = Temporary::new("empty", b"");
    let echo = echoed(&session, &server, |request| request.body_file(&empty.0).unwrap());
    assert!(echo.contains("Content-Length: 0\r\n"), "{echo}");
}

#[test]
fn a_file_that_cannot_be_had_is_told_and_the_request_stays() {
    let mut request = Request::new("PUT", "http://example.org/").unwrap();
    request.body("old");
    for path in [std::env::temp_dir(), std::env::temp_dir().join("rq-no-such-file")] {
        let error = request.body_file(&path).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::File, Phase::Prepare), "{error}");
        assert_eq!(error.kind().exception(), "OSError");
    }
    assert_eq!(Session::new().prepare(&request).unwrap().body(), Some(&b"old"[..]));
}

#[test]
fn a_file_that_shrinks_is_an_error_and_never_a_short_body() {
    let content = vec![b'x'; 1024 * 1024];
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Stall], answers()]) {
        let temporary = Temporary::new("shrinks", &content);
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.body_file(&temporary.0).unwrap();
        let path = temporary.0.clone();
        request.progress(Arc::new(move |_, _| {
            File::options().write(true).open(&path).unwrap().set_len(70_000).unwrap();
            Ok(())
        }));
        let prepared = peer.session.prepare(&request).unwrap();
        let sent = peer.session.send(&prepared);
        let error = failure(sent, ErrorKind::BodyLength, Phase::Send);
        assert!(error.message().contains("shorter"), "{error}");
        peer.goes_on(2);
    }
}

#[test]
fn a_source_that_gives_more_or_less_than_declared_is_an_error() {
    for declared in [2, 4, 1_000_000] {
        for peer in Peer::both(&[vec![Step::ReadHead, Step::Stall], answers()]) {
            let mut request = Request::new("POST", &peer.url()).unwrap();
            let source = Pieces::new(&["a", "b", "c"]);
            request.body_stream(Upload::new(source, Some(declared)));
            let prepared = peer.session.prepare(&request).unwrap();
            failure(peer.session.send(&prepared), ErrorKind::BodyLength, Phase::Send);
            peer.goes_on(2);
        }
    }
}

#[test]
fn a_declared_length_of_a_stream_is_sent_alone_and_kept_to() {
    let (server, session) = (Server::start(), Session::new());
    let give = |request: &mut Request| {
        request.configure(|options| options.header("Content-Length", "3")).unwrap();
        request.body_stream(Upload::new(Pieces::new(&["abc"]), None));
    };
    let echo = echoed(&session, &server, give);
    assert!(echo.contains("Content-Length: 3\r\n") && echo.ends_with("\r\n\r\nabc"), "{echo}");
    assert!(!echo.contains("chunked"), "{echo}");
}

#[test]
fn what_a_callback_says_reaches_the_caller_as_it_is() {
    let peer = Peer::plain(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    let mut source = Pieces::new(&["abc"]);
    source.pieces.push(Err(Error::new(ErrorKind::Callback, "the tape has torn")));
    let mut request = Request::new("POST", &peer.url()).unwrap();
    request.body_stream(Upload::new(source, None));
    let prepared = peer.session.prepare(&request).unwrap();
    let error = peer.session.send(&prepared).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "the tape has torn"));
    peer.goes_on(2);
}

/// An error that the caller passes on from elsewhere is no sign that this connection is dead.
#[test]
fn a_callers_error_is_never_taken_for_a_dead_connection() {
    for kind in [ErrorKind::Closed, ErrorKind::Send] {
        let first = vec![Step::ReadHead, say(OK), Step::ReadHead, Step::Stall];
        let peer = Peer::plain(vec![first, answers()]);
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let mut source = Pieces::new(&[]);
        source.pieces.push(Err(Error::new(kind, "mine")));
        let rewound = source.rewound.clone();
        let mut request = Request::new("PUT", &peer.url()).unwrap();
        request.body_stream(Upload::new(source, None));
        let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
        assert_eq!(sent.unwrap_err().message(), "mine");
        assert_eq!((rewound.load(Ordering::Relaxed), peer.accepted()), (0, 1));
    }
}

#[test]
fn a_body_is_rewound_for_a_second_sending_or_refused() {
    let (server, session) = (Server::start(), Session::new());
    let url = format!("{}/echo", server.http());
    let source = Pieces::new(&["abc"]);
    let rewound = source.rewound.clone();
    let mut request = Request::new("POST", &url).unwrap();
    request.body_stream(Upload::new(source, Some(3)));
    let prepared = session.prepare(&request).unwrap();
    for times in 0..3 {
        let mut response = session.send(&prepared).unwrap();
        assert!(text(&mut response).unwrap().ends_with("abc"));
        assert_eq!(rewound.load(Ordering::Relaxed), times);
    }
    let mut once = Pieces::new(&["abc"]);
    once.can_rewind = false;
    request.body_stream(Upload::new(once, Some(3)));
    let prepared = session.prepare(&request).unwrap();
    session.send(&prepared).unwrap().content().unwrap();
    let error = failure(session.send(&prepared), ErrorKind::Body, Phase::Send);
    assert_eq!(error.kind().exception(), "UnrewindableBodyError");
    // It was told before a connection was touched.
    assert!(session.get(&url).unwrap().is_reused());
}

/// Fault 40 with a body: resent only if it can be rewound, and then whole.
#[test]
fn a_dead_kept_connection_costs_nothing_a_body_that_can_be_rewound() {
    for can_rewind in [true, false] {
        let first = vec![Step::ReadHead, say(OK), Step::ReadHead, Step::Close];
        let second = vec![Step::ReadHead, Step::ReadBody(3), say(OK), Step::Stall];
        let peer = Peer::plain(vec![first, second]);
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        let mut source = Pieces::new(&["abc"]);
        source.can_rewind = can_rewind;
        let mut request = Request::new("PUT", &peer.url()).unwrap();
        request.body_stream(Upload::new(source, Some(3)));
        let sent = peer.session.send(&peer.session.prepare(&request).unwrap());
        if can_rewind {
            assert_eq!(text(&mut sent.unwrap()).unwrap(), "ok");
            assert!(peer.received(1).ends_with(b"abc"));
        } else {
            let kind = sent.unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::Closed | ErrorKind::Send), "{kind:?}");
        }
    }
}

#[test]
fn progress_is_told_and_may_end_the_request() {
    let (server, session) = (Server::start(), session());
    type Told = Vec<(u64, Option<u64>)>;
    let told: Arc<Mutex<Told>> = Arc::default();
    let mut request = Request::new("POST", &format!("{}/upload", server.http())).unwrap();
    request.body(vec![b'x'; 700_000]);
    let into = told.clone();
    request.progress(Arc::new(move |sent, total| {
        into.lock().unwrap().push((sent, total));
        Ok(())
    }));
    session.send(&session.prepare(&request).unwrap()).unwrap().content().unwrap();
    let told = told.lock().unwrap().clone();
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
    assert_eq!(told.last(), Some(&(700_000, Some(700_000))));
    request.progress(Arc::new(|_, _| Err(Error::new(ErrorKind::Callback, "enough"))));
    let error = session.send(&session.prepare(&request).unwrap()).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "enough"));
}

#[test]
fn a_streamed_upload_can_be_cancelled() {
    let peer = Peer::plain(vec![vec![Step::ReadHead, Step::Stall], answers()]);
    struct Endless(CancelToken, u64);
    impl BodyRead for Endless {
        fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
            self.1 += 1;
            if self.1 == 4 {
                self.0.trigger();
            }
            Ok(buf.len())
        }
    }
    let cancel = CancelToken::new();
    let mut request = Request::new("POST", &peer.url()).unwrap();
    request.body_stream(Upload::new(Endless(cancel.clone(), 0), None));
    let prepared = peer.session.prepare(&request).unwrap();
    let sent = peer.session.send_cancellable(&prepared, &cancel);
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::Cancelled);
    peer.goes_on(2);
}

#[test]
fn parts_come_from_memory_files_and_streams() {
    let (server, session) = (Server::start(), Session::new());
    let temporary = Temporary::new("part.txt", b"from the file");
    let total = Arc::new(AtomicU64::new(0));
    let give = |request: &mut Request| {
        request.field("k", "v");
        let (mut file, mut stream) = (Part::new("f"), Part::new("s"));
        file.file(&temporary.0).unwrap();
        file.content_type("text/plain").unwrap();
        stream.stream(Upload::new(Pieces::new(&["from the ", "stream"]), Some(15)));
        stream.filename(Some("s.bin"));
        request.part(file);
        request.part(stream);
        let total = total.clone();
        request.progress(Arc::new(move |_, all| {
            total.store(all.unwrap(), Ordering::Relaxed);
            Ok(())
        }));
    };
    let echo = echoed(&session, &server, give);
    let (head, body) = echo.split_once("\r\n\r\n").unwrap();
    let boundary = head.split_once("boundary=").unwrap().1;
    assert!(boundary.len() == 32 && boundary.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let name = temporary.0.file_name().unwrap().to_str().unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n\
         Content-Type: text/plain\r\n\r\nfrom the file\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"s\"; filename=\"s.bin\"\r\n\r\n\
         from the stream\r\n--{boundary}--\r\n"
    );
    assert_eq!(body, expected);
    assert!(head.contains(&format!("Content-Length: {}\r\n", expected.len())), "{head}");
    assert_eq!(total.load(Ordering::Relaxed), expected.len() as u64);
}

#[test]
fn large_parts_are_streamed_from_disk() {
    let (server, session) = (Server::start(), Session::new());
    let temporary = Temporary::new("large", b"");
    let mut file = File::options().write(true).open(&temporary.0).unwrap();
    file.write_all(b"begin").unwrap();
    file.set_len(20 * 1024 * 1024).unwrap();
    let mut request = Request::new("POST", &format!("{}/upload", server.http())).unwrap();
    for name in ["a", "b", "c"] {
        let mut part = Part::new(name);
        part.file(&temporary.0).unwrap();
        request.part(part);
    }
    let prepared = session.prepare(&request).unwrap();
    let length = prepared.body_length().unwrap();
    assert!(length > 60 * 1024 * 1024);
    let mut response = session.send(&prepared).unwrap();
    assert_eq!(response.status(), 200);
    let answer = text(&mut response).unwrap();
    assert!(answer.contains(&length.to_string()), "{answer}");
}
