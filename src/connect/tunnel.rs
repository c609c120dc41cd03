//! Asks an HTTP proxy for a tunnel: CONNECT and its answer (RFC 9110 §9.3.6; faults 26–32).
//!
//! Any 2xx opens the tunnel, whatever lengths it claims; interim answers are skipped; bytes behind
//! the answer's head would be taken for the server's and end it. The head that is sent is the
//! caller's.

use super::socket::Stop;
use super::stream::Stream;
use crate::deadline::Limit;
use crate::error::{Error, ErrorKind, Phase};
use crate::http1::decode::{Head, HeadScanner, check_head_size};
use crate::limits::{INTERIM_RESPONSES_MAX, READ_BUFFER_BYTES};

/// Why there is no answer.
pub(super) enum Failure {
    Stop(Stop),
    Error(Error),
}

/// Sends `request` and reads the head of the final answer; and what came behind a refusal.
pub(super) fn ask(
    stream: &mut Stream,
    request: &[u8],
    limit: &Limit,
) -> Result<(Head, Vec<u8>), Failure> {
    stream.send_all(request, limit).map_err(Failure::Stop)?;
    let (mut bytes, mut scanner, mut interim) = (Vec::new(), HeadScanner::default(), 0);
    let mut piece = vec![0; READ_BUFFER_BYTES];
    loop {
        while let Some(end) = scanner.end_of_head(&bytes).map_err(in_connect)? {
            let head = scanner.parse(&bytes[..end]).map_err(in_connect)?;
            bytes.drain(..end);
            scanner = HeadScanner::default();
            if !head.is_interim() {
                let is_open = matches!(head.status, 200..=299);
                return match is_open && !bytes.is_empty() {
                    true => Err(in_connect(fault("bytes came before the tunnel was used"))),
                    false => Ok((head, bytes)),
                };
            }
            interim += 1;
            if interim > INTERIM_RESPONSES_MAX {
                return Err(in_connect(fault("it sent interim (1xx) responses without end")));
            }
        }
        check_head_size(bytes.len()).map_err(in_connect)?;
        match stream.recv(&mut piece, limit).map_err(Failure::Stop)? {
            0 => {
                let how = if bytes.is_empty() { "without an answer" } else { "within its answer" };
                return Err(in_connect(fault(&format!("it closed the connection {how}"))));
            }
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn fault(why: &str) -> Error {
    Error::new(ErrorKind::Proxy, why)
}

fn in_connect(error: Error) -> Failure {
    Failure::Error(error.in_phase(Phase::Connect))
}

/// The error of a fault, told of the proxy.
pub(super) fn told(proxy: &str, error: &Error) -> Error {
    let message = format!("{proxy} opened no tunnel: {}", error.message());
    Error::new(error.kind(), message).in_phase(error.phase())
}
