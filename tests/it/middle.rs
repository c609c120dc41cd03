//! What stands between the client and a server in the tests: proxies that connect, by CONNECT or
//! SOCKS, and TLS in front of them. Each remembers what it was asked; all of it on loopback.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rq::Session;
use rustix::event::{PollFd, PollFlags, poll};
use rustls::{ServerConfig, ServerConnection};

/// A proxy that connects to the port it is asked for, on 127.0.0.1, whatever the name.
pub(crate) struct Middle {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Middle {
    /// An HTTP proxy that answers `refusals` first, one a connection; then it opens tunnels.
    pub(crate) fn tunnels(refusals: Vec<&'static str>) -> Self {
        let refusals = Mutex::new(refusals.into_iter());
        Self::start(move |client, asked| {
            let head = head_of(client);
            if head.is_empty() {
                return;
            }
            asked(&head);
            let refusal = refusals.lock().unwrap().next();
            match refusal {
                Some(refusal) => drop((&*client).write_all(refusal.as_bytes())),
                None => {
                    let text = String::from_utf8_lossy(&head).into_owned();
                    let port = text.split([':', ' ']).nth(2).unwrap().parse().unwrap();
                    // A length means nothing here (fault 28).
                    splice(client, port, b"HTTP/1.1 200 Open\r\nContent-Length: 5\r\n\r\n");
                }
            }
        })
    }

    /// A SOCKS proxy of all versions. With `login`, SOCKS 5 wants a user name and password, and
    /// takes any.
    pub(crate) fn socks(login: bool) -> Self {
        Self::start(move |client, asked| {
            let mut heard = Vec::new();
            if let Ok(port) = shake_hands(client, login, &mut heard) {
                asked(&heard);
                let reply: &[u8] = match heard[0] {
                    4 => &[0, 90, 0, 0, 0, 0, 0, 0],
                    _ => &[5, 0, 0, 1, 127, 0, 0, 1, 0, 0],
                };
                splice(client, port, reply);
            }
        })
    }

    fn start(serve: impl Fn(&TcpStream, &dyn Fn(&[u8])) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (told, serve) = (asked.clone(), Arc::new(serve));
        thread::spawn(move || {
            for client in listener.incoming().map_while(io::Result::ok) {
                let (told, serve) = (told.clone(), serve.clone());
                thread::spawn(move || {
                    serve(&client, &|what| told.lock().unwrap().push(what.to_vec()));
                });
            }
        });
        Self { port, asked }
    }

    /// Sends what `key` covers through `scheme://userinfo` of this proxy.
    pub(crate) fn use_by(&self, session: &Session, key: &str, scheme_and_user: &str) {
        let url = format!("{scheme_and_user}127.0.0.1:{}", self.port);
        session.configure(|options| options.proxy(key, Some(&url))).unwrap();
    }

    /// What each connection has asked for, as bytes.
    pub(crate) fn asked(&self) -> Vec<Vec<u8>> {
        self.asked.lock().unwrap().clone()
    }

    /// The same as text.
    pub(crate) fn heads(&self) -> Vec<String> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        self.asked().iter().map(text).collect()
    }
}

fn head_of(mut client: &TcpStream) -> Vec<u8> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    head
}

/// Reads a SOCKS handshake up to its request and answers what comes before; the port asked for.
fn shake_hands(client: &TcpStream, login: bool, heard: &mut Vec<u8>) -> io::Result<u16> {
    let read = |heard: &mut Vec<u8>, count: usize| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        (&*client).read_exact(&mut bytes)?;
        heard.extend(&bytes);
        Ok(bytes)
    };
    let start = read(heard, 2)?;
    if start[0] == 4 {
        let rest = read(heard, 6)?;
        let texts = if rest[2..5] == [0, 0, 0] { 2 } else { 1 };
        for _ in 0..texts {
            while read(heard, 1)? != [0] {}
        }
        return Ok(u16::from_be_bytes([rest[0], rest[1]]));
    }
    read(heard, usize::from(start[1]))?;
    let mut client = client;
    client.write_all(if login { &[5, 2] } else { &[5, 0] })?;
    if login {
        let user = read(heard, 2)?;
        read(heard, usize::from(user[1]))?;
        let password = read(heard, 1)?;
        read(heard, usize::from(password[0]))?;
        client.write_all(&[1, 0])?;
    }
    let request = read(heard, 4)?;
    let length = match request[3] {
        1 => 4,
        4 => 16,
        _ => usize::from(read(heard, 1)?[0]),
    };
    let rest = read(heard, length + 2)?;
    Ok(u16::from_be_bytes([rest[length], rest[length + 1]]))
}

/// Says `opening` and carries bytes to `port` and back until both sides have ended.
fn splice(mut client: &TcpStream, port: u16, opening: &[u8]) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    if client.write_all(opening).is_err() {
        return;
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &server);
            let _ = server.shutdown(Shutdown::Write);
        });
        let _ = io::copy(&mut &server, &mut &*client);
        let _ = client.shutdown(Shutdown::Write);
    });
}

/// TLS in front of `port`: returns the port where `config` is spoken; what comes is passed on
/// plain.
pub(crate) fn tls_before(port: u16, config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let front = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(io::Result::ok) {
            let config = config.clone();
            thread::spawn(move || {
                let server = TcpStream::connect(("127.0.0.1", port))?;
                Pump::new(client, server, config)?.run()
            });
        }
    });
    front
}

/// Carries bytes between TLS and plain, without blocking on either.
struct Pump {
    client: TcpStream,
    server: TcpStream,
    tls: ServerConnection,
    to_server: Vec<u8>,
    client_ended: bool,
    server_ended: bool,
}

impl Pump {
    fn new(client: TcpStream, server: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        client.set_nodelay(true)?;
        server.set_nonblocking(true)?;
        server.set_nodelay(true)?;
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let to_server = Vec::new();
        Ok(Self { client, server, tls, to_server, client_ended: false, server_ended: false })
    }

    fn run(&mut self) -> io::Result<()> {
        while !self.server_ended || self.tls.wants_write() {
            let flag = |condition, flag| if condition { flag } else { PollFlags::empty() };
            let of_client = flag(self.to_server.is_empty() && !self.client_ended, PollFlags::IN)
                | flag(self.tls.wants_write(), PollFlags::OUT);
            let of_server = flag(!self.tls.wants_write() && !self.server_ended, PollFlags::IN)
                | flag(!self.to_server.is_empty(), PollFlags::OUT);
            let mut ready =
                [PollFd::new(&self.client, of_client), PollFd::new(&self.server, of_server)];
            poll(&mut ready, None)?;
            let [client, server] = ready.map(|fd| fd.revents());
            let closed = PollFlags::HUP | PollFlags::ERR;
            if client.intersects(PollFlags::IN | closed) {
                self.hear_client()?;
            }
            if server.intersects(PollFlags::IN | closed) && !self.server_ended {
                self.hear_server()?;
            }
            self.flush()?;
        }
        self.client.shutdown(Shutdown::Write)
    }

    fn hear_client(&mut self) -> io::Result<()> {
        if self.client_ended {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        match self.tls.read_tls(&mut self.client) {
            Ok(0) => self.end_of_client(),
            Ok(_) => {
                let state = self.tls.process_new_packets();
                let ended = state.as_ref().map_or(true, rustls::IoState::peer_has_closed);
                let _ = self.tls.reader().read_to_end(&mut self.to_server);
                if ended {
                    self.end_of_client();
                }
                if let Err(error) = state {
                    self.flush()?;
                    return Err(io::Error::other(error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn end_of_client(&mut self) {
        self.client_ended = true;
        if self.to_server.is_empty() {
            let _ = self.server.shutdown(Shutdown::Write);
        }
    }

    fn hear_server(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        match self.server.read(&mut bytes) {
            Ok(0) => {
                self.server_ended = true;
                self.tls.send_close_notify();
            }
            Ok(count) => self.tls.writer().write_all(&bytes[..count])?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.client) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                result => drop(result?),
            }
        }
        if !self.to_server.is_empty() {
            match self.server.write(&self.to_server) {
                Ok(count) => drop(self.to_server.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.to_server.is_empty() && self.client_ended {
                let _ = self.server.shutdown(Shutdown::Write);
            }
        }
        Ok(())
    }
}
