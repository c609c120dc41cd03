//! Scripts: a listener whose n-th connection plays the n-th list of steps, for tests of replies
//! that no endpoint gives. It waits for what it is told to wait for and understands nothing of it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;

use crate::http::{Piece, Wire};
use crate::listen::{Connection, Listener};
use crate::pki::{Ca, LOCAL_NAMES};
use crate::stream::{End, Stream};

/// What happens on one connection, in order; after the last step it is closed.
pub type Conn = Vec<Step>;

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads up to and including an empty line.
    ReadHead,
    /// Reads so many bytes.
    ReadBody(usize),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Lets time pass.
    Wait(Duration),
    /// Closes: close_notify under TLS, then FIN. Bytes that came and were not read make it a RST.
    Close,
    /// Closes with a RST.
    Reset,
    /// Neither reads nor writes until the client closes.
    Stall,
}

/// A script that plays until dropped.
pub struct Script {
    url: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    listener: Listener,
}

/// Plays `conns` on a port of 127.0.0.1. Connections beyond the last are closed at once.
///
/// # Panics
/// When the machine has no port or thread to give.
#[must_use]
pub fn script(conns: Vec<Conn>) -> Script {
    Script::start(conns, None)
}

/// Plays `conns` under TLS, with a certificate by `ca` for this machine.
///
/// # Panics
/// When the machine has no port or thread to give.
#[must_use]
pub fn script_tls(ca: &Ca, conns: Vec<Conn>) -> Script {
    Script::start(conns, Some(ca.issue(&LOCAL_NAMES).server_config()))
}

impl Script {
    fn start(conns: Vec<Conn>, tls: Option<Arc<ServerConfig>>) -> Self {
        let received = Arc::new(Mutex::new(vec![Vec::new(); conns.len()]));
        let heard = Arc::clone(&received);
        let scheme = if tls.is_some() { "https://localhost" } else { "http://127.0.0.1" };
        let listener = Listener::localhost(Arc::new(move |connection: Connection| {
            let index = (connection.number - 1) as usize;
            if let Some(steps) = conns.get(index) {
                play(&connection, tls.as_ref(), steps, &|bytes| {
                    heard.lock().unwrap()[index].extend_from_slice(bytes);
                });
            }
        }));
        let listener = listener.expect("a script's listener");
        let url = format!("{scheme}:{}", listener.address().port());
        Self { url, received, listener }
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` under TLS.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many connections came.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.listener.total() as usize
    }

    /// All bytes that steps have read on connection `n`, the first being 0; empty beyond the
    /// script.
    ///
    /// # Panics
    /// Never, unless a thread of the script did.
    #[must_use]
    pub fn received(&self, n: usize) -> Vec<u8> {
        self.received.lock().unwrap().get(n).cloned().unwrap_or_default()
    }
}

type Heard<'a> = &'a dyn Fn(&[u8]);

fn play(connection: &Connection, tls: Option<&Arc<ServerConfig>>, steps: &[Step], heard: Heard) {
    let Ok(stream) = Stream::new(&connection.socket, tls) else { return };
    let mut wire = Wire::new(stream);
    let mut end = None;
    for step in steps {
        // The client's going away ends the script, as the end of its steps does.
        end = play_step(&mut wire, step, heard).unwrap_or(Some(End::Cut));
        if end.is_some() {
            break;
        }
    }
    wire.stream.end(end.unwrap_or(End::Close));
}

/// Plays a step; what it returns is how the connection ends, if it does.
fn play_step(wire: &mut Wire, step: &Step, heard: Heard) -> io::Result<Option<End>> {
    match step {
        Step::ReadHead => heard(&wire.read_until(b"\r\n\r\n")?),
        Step::ReadBody(size) => wire.read_content(*size as u64, &mut |piece| {
            let (Piece::Content(bytes) | Piece::Framing(bytes)) = piece;
            heard(bytes);
            Ok(())
        })?,
        Step::Send(bytes) => {
            wire.stream.write_all(bytes)?;
            wire.stream.flush()?;
        }
        Step::Wait(time) => wire.stream.wait(*time)?,
        Step::Close => return Ok(Some(End::Close)),
        Step::Reset => return Ok(Some(End::Reset)),
        Step::Stall => wire.stream.wait_for_close()?,
    }
    Ok(None)
}
