//! What the tests do with librq, and the bytes that they move. Leaves the server to `nginx`.

use rq::{Request, Response, Session};

/// `count` bytes, a whole number of eights, that no shift or swap leaves equal (xorshift64).
pub(crate) fn content(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for eight in bytes.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        eight.copy_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Sends a GET with these headers.
pub(crate) fn get(session: &Session, url: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::new("GET", url).unwrap();
    for (name, value) in headers {
        request.configure(|options| options.header(name, value)).unwrap();
    }
    session.send(&session.prepare(&request).unwrap()).unwrap()
}

/// Sends a request with a body.
pub(crate) fn send(session: &Session, method: &str, url: &str, body: &[u8]) -> Response {
    let mut request = Request::new(method, url).unwrap();
    request.body(body);
    session.send(&session.prepare(&request).unwrap()).unwrap()
}

/// A header of the response; empty without one.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    std::str::from_utf8(response.headers().get(name).unwrap_or_default()).unwrap()
}

/// What nginx calls the response's connection, and the number of the request on it.
pub(crate) fn place(response: &Response) -> (u64, u64) {
    let number = |name| header(response, name).parse().unwrap();
    (number("X-Connection"), number("X-Request"))
}

/// Reads the response to its end and compares, without printing megabytes.
#[track_caller]
pub(crate) fn assert_brings(mut response: Response, content: &[u8]) {
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    loop {
        let count = response.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        let equal = content.get(at..at + count) == Some(&buffer[..count]);
        assert!(equal, "differs within {count} bytes from {at}, of {}", content.len());
        at += count;
    }
    assert_eq!(at, content.len(), "bytes of the body");
}
