//! Listening sockets: the accept loop with a thread a connection, the numbering of connections, the
//! black hole, and ports where nothing listens. What is said on a connection is its handler's
//! affair.
//!
//! Invariant: dropping a `Listener` ends every thread it started. The acceptor alone starts
//! threads, so once it has seen `stopping` it can shut all sockets down and join all threads, and
//! none is missed.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketType};

/// How long a connect to the full black hole may hang before it counts as hanging for ever.
const BLACK_HOLE_PROBE: Duration = Duration::from_millis(200);

/// What runs on a connection's thread.
pub(crate) type Handler = Arc<dyn Fn(Connection) + Send + Sync>;

/// A listening port and the threads behind it; dropped, it closes all of them.
pub(crate) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
    _twin: Option<OwnedFd>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    total: AtomicU64,
    open: Mutex<HashMap<u64, Arc<TcpStream>>>,
}

/// An accepted connection; it counts as open until dropped.
pub(crate) struct Connection {
    /// From 1, in the order of accepting, over the life of the listener.
    pub(crate) number: u64,
    pub(crate) socket: Arc<TcpStream>,
    shared: Arc<Shared>,
}

impl Listener {
    pub(crate) fn v4(handler: Handler) -> io::Result<Self> {
        Self::start(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, None, handler)
    }

    pub(crate) fn v6(handler: Handler) -> io::Result<Self> {
        Self::start(TcpListener::bind((Ipv6Addr::LOCALHOST, 0))?, None, handler)
    }

    /// A listener on 127.0.0.1 for URLs that say `localhost`, which may mean ::1 too: the same port
    /// is held there without listening, so that no other server can ever answer in its place.
    pub(crate) fn localhost(handler: Handler) -> io::Result<Self> {
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            match hold_port((Ipv6Addr::LOCALHOST, port).into()) {
                Ok((twin, _)) => return Self::start(listener, Some(twin), handler),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(_) => return Self::start(listener, None, handler),
            }
        }
    }

    fn start(listener: TcpListener, twin: Option<OwnedFd>, handler: Handler) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("testd accept".into())
            .spawn(move || accept_loop(&listener, &accepting, &handler))?;
        Ok(Self { address, shared, acceptor: Some(acceptor), _twin: twin })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn total(&self) -> u64 {
        self.shared.total.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Only a connection wakes a blocked accept on every platform.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(acceptor) = self.acceptor.take().filter(|_| woken) {
            let _ = acceptor.join();
        }
    }
}

fn accept_loop(listener: &TcpListener, shared: &Arc<Shared>, handler: &Handler) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok((socket, _)) = accepted else {
            // Out of descriptors, or the client was gone already: give the others time to end.
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        threads.retain(|thread| !thread.is_finished());
        let connection = Connection::register(socket, shared);
        let handler = Arc::clone(handler);
        let named = thread::Builder::new().name(format!("testd {}", connection.number));
        threads.extend(named.spawn(move || handler(connection)));
    }
    for socket in shared.open.lock().unwrap().values() {
        let _ = socket.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

impl Connection {
    fn register(socket: TcpStream, shared: &Arc<Shared>) -> Self {
        let _ = socket.set_nodelay(true);
        let socket = Arc::new(socket);
        let number = shared.total.fetch_add(1, Ordering::SeqCst) + 1;
        shared.open.lock().unwrap().insert(number, Arc::clone(&socket));
        Self { number, socket, shared: Arc::clone(shared) }
    }

    /// How many connections of this listener are open and how many there ever were, this one
    /// included.
    pub(crate) fn counts(&self) -> (usize, u64) {
        (self.shared.open.lock().unwrap().len(), self.shared.total.load(Ordering::SeqCst))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let removed = self.shared.open.lock().unwrap().remove(&self.number);
        drop(removed);
    }
}

/// Binds a port without listening on it: a connect is refused, and nobody else can take the port.
pub(crate) fn hold_port(address: SocketAddr) -> io::Result<(OwnedFd, SocketAddr)> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = net::socket(family, SocketType::STREAM, None)?;
    net::bind(&socket, &address)?;
    let bound = SocketAddr::try_from(net::getsockname(&socket)?)?;
    Ok((socket, bound))
}

/// A port where a connect neither succeeds nor fails: the queue of its listener is full and stays
/// so.
pub(crate) struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Listening again only shortens the queue, which std does not let one choose.
        net::listen(&listener, 1)?;
        let address = listener.local_addr()?;
        let mut queue = Vec::new();
        loop {
            match TcpStream::connect_timeout(&address, BLACK_HOLE_PROBE) {
                Ok(queued) => queue.push(queued),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Self { address, _listener: listener, _queue: queue })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}
