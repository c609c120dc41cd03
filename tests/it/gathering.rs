//! Bodies that are gathered by SO_RCVLOWAT: what has come reaches the caller though the server
//! waits, ends and errors are those of every other body, and the next request finds the socket as
//! it was. The server does what it is told, step by step.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::BorrowedFd;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rq::limits::{GATHER_BYTES, GATHER_LEFT_BYTES_MIN};
use rq::{CancelToken, ErrorKind, Options, Phase, Request, Response, Result, Session, System};

use crate::client::{at_once, ends_at, failure, ms, timed_session, with_password};
use crate::peer::{OK, once, read_head, read_to_end};
use crate::system;

/// Far beyond what begins gathering; no multiple of any buffer.
const BODY_BYTES: usize = 16 * 1024 * 1024 + 12_345;
/// What is sent before the server waits to be told more.
const FIRST_BYTES: usize = 10 * 1024 * 1024 + 321;
/// How much a caller reads at a time.
const PIECE: usize = 64 * 1024;
/// How often a body may come too slowly to be gathered, on a machine that does other things.
const TRIES: usize = 100;

thread_local! {
    /// What SO_RCVLOWAT was set to by this thread's reads.
    static SET: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn set_and_note(socket: BorrowedFd<'_>, bytes: u32) -> io::Result<()> {
    SET.with_borrow_mut(|set| set.push(bytes as usize));
    system::set_low_water(socket, bytes)
}

fn settings() -> Vec<usize> {
    SET.take()
}

fn is_gathering() -> bool {
    SET.with_borrow(|set| set.last() == Some(&GATHER_BYTES))
}

enum Order {
    /// Reads the head of a request.
    Hear,
    /// Sends a head, or something that has no part in the body.
    Say(Vec<u8>),
    /// Sends so many bytes of the body more, in pieces with pauses between.
    Body(usize, usize, Duration),
    /// Closes; what comes is read first.
    Close,
    /// Closes with a RST.
    Reset,
}

/// Bytes of which no stretch is like another.
fn body() -> &'static [u8] {
    static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..BODY_BYTES as u32 / 4 + 1)
            .flat_map(|at| at.wrapping_mul(0x9e37_79b1).to_be_bytes())
            .take(BODY_BYTES)
            .collect()
    });
    &BODY
}

fn obey(stream: TcpStream, orders: &Receiver<Order>) {
    let mut sent = 0;
    stream.set_nodelay(true).unwrap();
    for order in orders {
        let said = match order {
            Order::Hear => {
                read_head(&stream);
                Ok(())
            }
            Order::Say(bytes) => (&stream).write_all(&bytes),
            Order::Body(count, piece, pause) => {
                let part = &body()[sent..sent + count];
                sent += count;
                part.chunks(piece).try_for_each(|piece| {
                    std::thread::sleep(pause);
                    (&stream).write_all(piece)
                })
            }
            Order::Close => {
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                read_to_end(&stream);
                return;
            }
            Order::Reset => {
                rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                return;
            }
        };
        // Whoever has failed a test is gone.
        if said.is_err() {
            return;
        }
    }
}

/// A server that obeys, and a session that gathers.
struct Server {
    session: Session,
    url: String,
    orders: Sender<Order>,
}

impl Server {
    fn start() -> Self {
        settings();
        let (orders, pending) = channel();
        let (port, _) = once(move |stream| obey(stream, &pending));
        let session = timed_session(Session::with_system(System {
            set_low_water: set_and_note,
            without_sigpipe: system::without_sigpipe,
        }));
        Self { session, url: with_password(&format!("http://127.0.0.1:{port}/")), orders }
    }

    fn does(&self, order: Order) {
        self.orders.send(order).unwrap();
    }

    /// Sends so much of the body, as fast as it can.
    fn sends(&self, count: usize) {
        self.does(Order::Body(count, count, Duration::ZERO));
    }

    fn answers(&self) {
        self.does(Order::Hear);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
        self.does(Order::Say(head.into()));
    }

    fn get(&self, change: &dyn Fn(&mut Options), token: &CancelToken) -> Result<Response> {
        let mut request = Request::new("GET", &self.url).unwrap();
        request.configure(change);
        let prepared = self.session.prepare(&request).unwrap();
        self.session.send_cancellable(&prepared, token)
    }

    /// The next request is answered at once, on the connection of the last one.
    fn goes_on(&self) {
        self.does(Order::Hear);
        self.does(Order::Say(OK.to_vec()));
        let again = at_once(|| self.session.get(&self.url).unwrap().content().unwrap());
        assert_eq!(again, b"ok");
        assert!(settings().is_empty());
    }
}

/// Reads `count` bytes, or to the end.
fn read(response: &mut Response, count: usize) -> Result<Vec<u8>> {
    let (mut got, mut buffer) = (Vec::new(), vec![0; PIECE]);
    while got.len() < count {
        let most = PIECE.min(count - got.len());
        match response.read(&mut buffer[..most])? {
            0 => break,
            read => got.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(got)
}

/// A body that is being gathered, with [`FIRST_BYTES`] sent and all but `behind` of these read.
#[track_caller]
fn gathering(
    behind: usize,
    change: impl Fn(&mut Options),
    token: &CancelToken,
) -> (Server, Response) {
    for _ in 0..TRIES {
        let server = Server::start();
        server.answers();
        server.sends(FIRST_BYTES);
        // With a short timeout not every try comes so far.
        let Ok(mut response) = server.get(&change, token) else { continue };
        let Ok(got) = read(&mut response, FIRST_BYTES - behind) else { continue };
        assert!(got == body()[..FIRST_BYTES - behind]);
        if is_gathering() {
            return (server, response);
        }
    }
    panic!("no body was gathered in {TRIES} tries");
}

fn gathering_all() -> (Server, Response) {
    gathering(0, |_| {}, &CancelToken::new())
}

#[test]
fn the_whole_body_comes_and_the_connection_is_kept_as_it_was() {
    let (server, mut response) = gathering_all();
    server.sends(BODY_BYTES - FIRST_BYTES);
    assert!(read(&mut response, usize::MAX).unwrap() == body()[FIRST_BYTES..]);
    for set in settings().chunks(3) {
        assert!(set[0] >= GATHER_BYTES && set[1..] == [GATHER_BYTES, 1], "{set:?}");
    }
    server.goes_on();
}

#[test]
fn what_has_come_is_not_kept_back_while_the_server_waits() {
    let behind = GATHER_BYTES / 2;
    let (server, mut response) = gathering(behind, |_| {}, &CancelToken::new());
    // More is asked for than the server sends before it has been heard of.
    let (mut got, mut buffer) = (Vec::new(), vec![0; 2 * GATHER_BYTES]);
    let mut take = |more: usize| {
        let before = got.len();
        at_once(|| {
            while got.len() < before + more {
                let count = response.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..count]);
            }
        });
    };
    take(behind);
    assert!(!is_gathering());
    for _ in 0..3 {
        server.sends(1);
        take(1);
    }
    let rest = BODY_BYTES - FIRST_BYTES - 3;
    server.sends(rest);
    take(rest);
    assert!(got == body()[FIRST_BYTES - behind..]);
    drop(response);
    settings();
    server.goes_on();
}

#[test]
fn the_end_of_a_gathered_body_may_trickle() {
    let (server, mut response) = gathering_all();
    let near = BODY_BYTES - FIRST_BYTES - 2 * GATHER_BYTES;
    server.sends(near);
    assert!(read(&mut response, near).unwrap() == body()[FIRST_BYTES..][..near]);
    let mut sent = FIRST_BYTES + near;
    for count in [GATHER_BYTES + 1, 1, 1000, 200_000] {
        server.sends(count);
        let got = at_once(|| read(&mut response, count).unwrap());
        assert!(got == body()[sent..][..count] && !is_gathering());
        sent += count;
    }
    server.sends(BODY_BYTES - sent);
    assert!(read(&mut response, usize::MAX).unwrap() == body()[sent..]);
    settings();
    server.goes_on();
}

#[test]
fn fault_67_its_end_before_its_length_is_reached() {
    let (server, mut response) = gathering(GATHER_BYTES / 2, |_| {}, &CancelToken::new());
    server.does(Order::Close);
    let last = at_once(|| read(&mut response, GATHER_BYTES / 2).unwrap());
    assert!(last == body()[FIRST_BYTES - GATHER_BYTES / 2..FIRST_BYTES]);
    let error = failure(response.read(&mut [0; 64]), ErrorKind::Incomplete, Phase::Body);
    let how_far = format!("{FIRST_BYTES} of {BODY_BYTES} bytes");
    assert!(error.message().contains(&how_far), "{error}");
}

#[test]
fn fault_68_a_reset_while_much_is_waited_for() {
    let (server, mut response) = gathering_all();
    server.does(Order::Reset);
    let mut buffer = vec![0; PIECE];
    let broken =
        at_once(|| failure(response.read(&mut buffer), ErrorKind::Incomplete, Phase::Body));
    assert_ne!(broken.os_error(), 0, "{broken}");
}

#[test]
fn fault_69_silence_ends_at_the_read_timeout() {
    let within = |options: &mut Options| options.timeout(None, Some(ms(300)));
    let (_server, mut response) = gathering(0, within, &CancelToken::new());
    let mut buffer = vec![0; PIECE];
    ends_at(ms(300), || failure(response.read(&mut buffer), ErrorKind::ReadTimeout, Phase::Body));
}

#[test]
fn silence_ends_at_a_read_timeout_that_is_shorter_than_gathering_waits() {
    let within = |options: &mut Options| options.timeout(None, Some(ms(5)));
    let (_server, mut response) = gathering(0, within, &CancelToken::new());
    let mut buffer = vec![0; PIECE];
    ends_at(ms(5), || failure(response.read(&mut buffer), ErrorKind::ReadTimeout, Phase::Body));
}

#[test]
fn silence_ends_at_the_deadline() {
    let within = |options: &mut Options| options.total_timeout(Some(ms(2000)));
    let began = Cell::new(Instant::now());
    let from_here = |options: &mut Options| {
        began.set(Instant::now());
        within(options);
    };
    let (_server, mut response) = gathering(0, from_here, &CancelToken::new());
    let mut buffer = vec![0; PIECE];
    let rest = ms(2000).saturating_sub(began.get().elapsed());
    let late = || failure(response.read(&mut buffer), ErrorKind::TotalTimeout, Phase::Body);
    ends_at(rest, late);
}

#[test]
fn a_cancel_ends_a_wait_for_much() {
    let token = CancelToken::new();
    let (_server, mut response) = gathering(0, |_| {}, &token);
    let trigger = std::thread::spawn(move || {
        std::thread::sleep(ms(5));
        token.trigger();
    });
    let mut buffer = vec![0; PIECE];
    at_once(|| failure(response.read(&mut buffer), ErrorKind::Cancelled, Phase::Body));
    trigger.join().unwrap();
}

#[test]
fn a_read_that_does_not_wait_takes_what_has_come_and_ends_no_gathering() {
    let (server, mut response) = gathering_all();
    let (mut got, mut room) = (Vec::new(), vec![0; GATHER_BYTES]);
    assert_eq!(response.read_now(&mut room).unwrap(), None);
    let mut sent = 0;
    for count in [1000, 1, GATHER_BYTES / 2, 3 * GATHER_BYTES] {
        server.sends(count);
        sent += count;
        while got.len() < sent {
            let count = at_once(|| response.read_now(&mut room).unwrap()).unwrap_or_default();
            got.extend_from_slice(&room[..count]);
        }
        assert!(is_gathering());
    }
    server.sends(BODY_BYTES - FIRST_BYTES - sent);
    got.extend(read(&mut response, usize::MAX).unwrap());
    assert!(got == body()[FIRST_BYTES..]);
    settings();
    server.goes_on();
}

#[test]
fn a_body_that_comes_slowly_is_never_gathered() {
    let server = Server::start();
    server.answers();
    // A MiB takes 16 pauses, which are more than the time in which it would have to come.
    server.does(Order::Body(FIRST_BYTES, PIECE, ms(2)));
    let mut response = server.get(&|_| {}, &CancelToken::new()).unwrap();
    assert!(read(&mut response, FIRST_BYTES).unwrap() == body()[..FIRST_BYTES]);
    assert_eq!(settings(), []);
}

#[test]
fn a_body_of_unknown_length_is_never_gathered() {
    let whole = body();
    let chunk = [format!("{BODY_BYTES:x}\r\n").as_bytes(), whole, b"\r\n0\r\n\r\n"].concat();
    for (head, said) in [("Transfer-Encoding: chunked", &chunk[..]), ("Connection: close", whole)] {
        let server = Server::start();
        server.does(Order::Hear);
        server.does(Order::Say(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into()));
        server.does(Order::Say(said.to_vec()));
        server.does(Order::Close);
        let mut response = server.get(&|_| {}, &CancelToken::new()).unwrap();
        assert!(read(&mut response, usize::MAX).unwrap() == whole);
        assert_eq!(settings(), []);
    }
}

#[test]
fn a_body_of_which_little_is_left_is_never_gathered() {
    let server = Server::start();
    let length = GATHER_LEFT_BYTES_MIN as usize;
    server.does(Order::Hear);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    server.does(Order::Say(head.into()));
    server.sends(length);
    let mut response = server.get(&|_| {}, &CancelToken::new()).unwrap();
    assert!(read(&mut response, usize::MAX).unwrap() == body()[..length]);
    assert_eq!(settings(), []);
    server.goes_on();
}

#[test]
fn a_caller_who_is_behind_loses_nothing() {
    let (server, mut response) = gathering_all();
    server.sends(BODY_BYTES - FIRST_BYTES);
    let (mut got, mut buffer) = (Vec::new(), vec![0; PIECE]);
    loop {
        // Meanwhile the server gets ahead.
        std::thread::sleep(Duration::from_micros(200));
        let room = if got.len() % 2 == 0 { PIECE } else { 999 };
        match response.read(&mut buffer[..room]).unwrap() {
            0 => break,
            count => got.extend_from_slice(&buffer[..count]),
        }
    }
    assert!(got == body()[FIRST_BYTES..]);
    settings();
    server.goes_on();
}
