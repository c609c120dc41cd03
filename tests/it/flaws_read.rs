//! Flaws 64 to 76: what a server sends is read strictly, within limits, and in linear time. A reply
//! that two readers could take for different things is an error, and its connection ends with it.
//! The many spellings of one and the same fault are in the corpus (`replies`).

use std::fs;
use std::io::Write;
use std::thread;

use rq::limits::{
    CHUNK_EXTENSION_BYTES_MAX, CHUNK_LINE_BYTES_MAX, HEAD_BYTES_MAX, HEAD_FIELDS_MAX,
    INTERIM_RESPONSES_MAX, TRAILER_BYTES_MAX,
};
use rq::{ErrorKind, Phase};
use rq_testd::{Conn, Step};

use crate::client::{ends_at, failure, get_text, ms, session, text, with_password};
use crate::peer::{Peer, answers, check_fault, once, read_head, read_to_end, say};

/// A head that has these lines is refused, at once and for good.
#[track_caller]
fn check_head(lines: &[&str]) {
    for line in lines {
        let reply = format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        let steps = vec![Step::ReadHead, say(reply), Step::Stall];
        check_fault(steps, ErrorKind::Protocol, Phase::Head);
    }
}

/// The same for a chunked body.
#[track_caller]
fn check_chunks(bodies: &[&str], kind: ErrorKind) {
    for body in bodies {
        check_fault(chunked(body), kind, Phase::Body);
    }
}

/// A connection that answers with this chunked body and stays open.
fn chunked(body: impl AsRef<[u8]>) -> Conn {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    vec![Step::ReadHead, say([head, body.as_ref()].concat()), Step::Stall]
}

#[test]
fn flaw_64_blanks_before_the_colon_and_within_a_length() {
    check_head(&[
        "Content-Length : 2",
        "Content-Length\t: 2",
        "Transfer-Encoding : chunked",
        "Content-Length: 1 2",
        "Content-Length: 2 2",
        "Content-Length: 1\t2",
        "Content Length: 2",
        "Content-Length\0: 2",
        "Content-L\u{e9}ngth: 2",
        "(Length): 2",
        "[x]: 2",
        ": 2",
        "no colon",
    ]);
}

#[test]
fn flaw_65_lengths_and_codings_that_another_would_read_otherwise() {
    check_head(&[
        "Content-Length: +2",
        "Content-Length: -2",
        "Content-Length: 0x2",
        "Content-Length: 2.0",
        "Content-Length: 2_0",
        "Content-Length: 9223372036854775808",
        "Content-Length: \u{0662}",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chun\tked",
        "Transfer-Encoding:",
    ]);
}

#[test]
fn flaw_66_chunk_sizes_do_not_overflow() {
    check_chunks(
        &[
            "fffffffffffffffff\r\nx",
            "ffffffffffffffff\r\nx",
            "8000000000000000\r\nx",
            "10000000000000002\r\nok\r\n0\r\n\r\n",
            "00000000000000002\r\nok\r\n0\r\n\r\n",
            "-2\r\nok\r\n0\r\n\r\n",
            "+2\r\nok\r\n0\r\n\r\n",
            "0x2\r\nok\r\n0\r\n\r\n",
            " 2\r\nok\r\n0\r\n\r\n",
        ],
        ErrorKind::Protocol,
    );
    // The largest there is: not one byte is taken for more than it is.
    let steps = vec![chunked("7fffffffffffffff\r\nx")[1].clone(), Step::Close];
    check_fault([vec![Step::ReadHead], steps].concat(), ErrorKind::Incomplete, Phase::Body);
}

#[test]
fn flaw_67_two_framings_are_read_as_chunks_and_the_connection_ends() {
    for lines in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 100",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\nContent-Length: 2",
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall], answers()]) {
            assert_eq!(peer.text("GET", b"").unwrap(), "ok", "{lines}");
            assert_eq!(peer.sockets(), 0, "{lines}");
            peer.goes_on(2);
        }
    }
    check_head(&[
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked, x",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2\r\nTransfer-Encoding: gzip",
    ]);
}

#[test]
fn flaw_68_within_chunks_lines_end_with_crlf() {
    check_chunks(
        &[
            "2\nok\r\n0\r\n\r\n",
            "2\r\nok\n0\r\n\r\n",
            "2\rok\r\n0\r\n\r\n",
            "2\r\nok\r0\r\n\r\n",
            "2\r\nokXX0\r\n\r\n",
            "2\r\nok0\r\n\r\n",
            "2;x\nok\r\n0\r\n\r\n",
            "2\r\r\nok\r\n0\r\n\r\n",
            "0\n\r\n",
        ],
        ErrorKind::Protocol,
    );
    check_chunks(&["0\r\n\n", "0\r\nA: b\n\r\n"], ErrorKind::Protocol);
}

#[test]
fn flaw_69_a_cr_alone_ends_neither_line_nor_head() {
    check_head(&[
        "A: b\rContent-Length: 2",
        "A: b\r\n\rX: 1",
        "A: b\r\n\r\r",
        "\rContent-Length: 2",
    ]);
    // The head has not ended: the peer owes its end, and what follows is no body.
    for tail in ["\r\r", "\n\r", "\r\n\r"] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 2{tail}");
        let steps = vec![Step::ReadHead, say(reply), Step::Close];
        for peer in Peer::both(&[steps, answers()]) {
            let kind = peer.text("GET", b"").unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::Incomplete | ErrorKind::Protocol), "{kind:?}");
            peer.goes_on(2);
        }
    }
}

#[test]
fn flaw_70_chunk_extensions_are_bounded_and_hold_no_line_end() {
    let line = |size: usize| format!("2;{}\r\nok\r\n", "x".repeat(size - 1));
    let fits = line(CHUNK_LINE_BYTES_MAX) + "0\r\n\r\n";
    for peer in Peer::both(&[chunked(&fits), answers()]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
    }
    let long = line(CHUNK_LINE_BYTES_MAX + 1);
    let many = line(200).repeat(CHUNK_EXTENSION_BYTES_MAX / 200 + 1);
    let blanks = format!("2{}", " ".repeat(1 << 20));
    check_chunks(&[&long, &many, &blanks], ErrorKind::Limit);
    check_chunks(&["2;a\nb\r\nok\r\n0\r\n\r\n", "2;a\0\r\nok\r\n0\r\n\r\n"], ErrorKind::Protocol);
}

#[test]
fn flaw_71_trailers_are_read_checked_and_bounded() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let body = format!("2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n{forged}");
    for peer in Peer::both(&[chunked(body), answers()]) {
        let mut response = peer.get().unwrap();
        assert_eq!(text(&mut response).unwrap(), "ok");
        assert_eq!(response.trailers().unwrap().get("x-sum"), Some(&b"1"[..]));
        assert_eq!(response.headers().get("X-Sum"), None, "a trailer is no header");
        peer.goes_on(2);
    }
    check_chunks(&["0\r\nno colon\r\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\nA: b\0\r\n\r\n"], PROTOCOL);
    check_chunks(&["0\r\nA: b\rc\r\n\r\n", "0\r\n\0: b\r\n\r\n"], PROTOCOL);
    let many = format!("0\r\n{}\r\n", "A: b\r\n".repeat(HEAD_FIELDS_MAX + 1));
    let long = format!("0\r\nA: {}\r\n\r\n", "x".repeat(TRAILER_BYTES_MAX));
    let endless = format!("0\r\n{}", "A: b\r\n".repeat(TRAILER_BYTES_MAX));
    check_chunks(&[&many, &long, &endless], ErrorKind::Limit);
}

const PROTOCOL: ErrorKind = ErrorKind::Protocol;

#[test]
fn flaw_72_heads_are_bounded_in_bytes_and_fields_with_all_interim_ones() {
    let line = format!("A: {}\r\n", "x".repeat(60_000));
    let hint = format!("HTTP/1.1 103 Hint\r\n{line}{line}\r\n");
    let endless = format!("HTTP/1.1 200 OK\r\n{}", line.repeat(HEAD_BYTES_MAX / line.len() + 1));
    let fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(HEAD_FIELDS_MAX + 1));
    let hint_fields = format!("HTTP/1.1 103 Hint\r\n{}\r\n", "A: b\r\n".repeat(300));
    for reply in [endless, fields, hint.repeat(3), hint_fields] {
        let steps = vec![Step::ReadHead, say(reply), Step::Stall];
        check_fault(steps, ErrorKind::Limit, Phase::Head);
    }
    let large = format!("{hint}HTTP/1.1 200 OK\r\n{line}Content-Length: 2\r\n\r\nok");
    for peer in Peer::both(&[vec![Step::ReadHead, say(large), Step::Stall]]) {
        assert_eq!(peer.text("GET", b"").unwrap(), "ok", "within the limits");
    }
}

#[test]
fn flaw_73_interim_answers_and_trailers_do_not_outrun_the_deadline() {
    let hint = "HTTP/1.1 103 Hint\r\n\r\n";
    let few = hint.repeat(INTERIM_RESPONSES_MAX - 1);
    let drip = |start: String, piece: &str| {
        let pieces = (0..100).flat_map(|_| [Step::Wait(ms(20)), say(piece)]);
        [Step::ReadHead, say(start)].into_iter().chain(pieces).collect::<Conn>()
    };
    let trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n".to_owned();
    for (steps, phase) in [
        (drip(few + "HTTP/1.1 103 Hint\r\nA: ", "x"), Phase::Head),
        (drip(trailers, "A: b\r\n"), Phase::Body),
    ] {
        for peer in Peer::both(&[steps]) {
            peer.session.configure(|options| {
                options.timeout(None, Some(ms(250)));
                options.total_timeout(Some(ms(400)));
            });
            // Each silence is shorter than the read timeout.
            ends_at(ms(400), || failure(peer.text("GET", b""), ErrorKind::TotalTimeout, phase));
            assert_eq!(peer.sockets(), 0);
        }
    }
}

#[test]
fn flaw_74_numbers_are_measured_before_they_are_read() {
    let digits = "9".repeat(60_000);
    check_head(&[&format!("Content-Length: {digits}"), &format!("HTTP/1.1 {digits} OK")]);
    check_head(&[&format!("Content-Length: {}2", "0".repeat(60_000) + "1")]);
    check_chunks(&[&"f".repeat(1 << 20), &"0".repeat(1 << 20)], ErrorKind::Protocol);
    // Numbers that no rule needs: the rest of the reply is none the worse.
    let reply = format!(
        "HTTP/1.1 200 OK\r\nRetry-After: {digits}\r\nSet-Cookie: a=b; Max-Age={digits}\r\n\
         Content-Length: 2\r\n\r\nok"
    );
    for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall]]) {
        peer.session.configure(|options| options.retries(1));
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
    }
}

/// What this thread has spent of the processor's time, in nanoseconds.
fn spent() -> Option<u64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}

/// What reading this reply costs, in nanoseconds of the processor's time: the least of a few times.
fn cost(reply: &[u8]) -> u64 {
    let one = || {
        let reply = reply.to_vec();
        let (port, peer) = once(move |mut stream| {
            stream.set_nodelay(true).unwrap();
            read_head(&stream);
            // In small pieces, so that whatever begins anew with each of them shows.
            for piece in reply.chunks(64) {
                if stream.write_all(piece).is_err() {
                    return;
                }
            }
            read_to_end(&stream);
        });
        let url = with_password(&format!("http://127.0.0.1:{port}/"));
        let before = spent();
        // In a thread of its own would be nobody else's time; this one waits, which costs none.
        let _ = get_text(&session(), &url);
        let after = spent();
        peer.join().unwrap();
        after.zip(before).map_or(0, |(after, before)| after - before)
    };
    (0..3).map(|_| one()).min().unwrap_or_default()
}

/// Ten times the reply may cost ten times as much, and as much again for good measure; what is
/// quadratic costs a hundred times.
#[track_caller]
fn check_linear(what: &str, reply: impl Fn(usize) -> Vec<u8>) {
    let (short, long) = (cost(&reply(1)), cost(&reply(10)));
    // Below a millisecond the fixed costs of a request count for more than its size.
    let short = short.max(1_000_000);
    assert!(long < 30 * short, "{what}: {short} ns, and {long} ns for ten times as much");
}

#[test]
fn flaw_75_heads_are_read_in_linear_time() {
    let end = "Content-Length: 2\r\n\r\nok";
    let head = |lines: String| format!("HTTP/1.1 200 OK\r\n{lines}{end}").into_bytes();
    check_linear("long lines", |n| head(format!("A: {}\r\n", "x".repeat(6_000)).repeat(4 * n)));
    check_linear("many fields", |n| head("Abc: defg\r\n".repeat(24 * n)));
    check_linear("folds", |n| head(format!("A: b\r\n{}", " c\r\n".repeat(7_000 * n))));
    check_linear("blank folds", |n| head(format!("A: b\r\n{}", " \r\n".repeat(9_000 * n))));
    check_linear("folds behind a long reason", |n| {
        let (reason, folds) = ("x".repeat(6_000 * n), " c\n".repeat(7_000 * n));
        format!("HTTP/1.1 200 {reason}\r\nA: b\r\n{folds}{end}").into_bytes()
    });
    check_linear("cookies", |n| head("Set-Cookie: a=b; Path=/x\r\n".repeat(24 * n)));
}

#[test]
fn flaw_75_bodies_are_read_in_linear_time() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = |chunks: String, end: &str| format!("{head}{chunks}0\r\n{end}\r\n").into_bytes();
    check_linear("small chunks", |n| body("1\r\nx\r\n".repeat(10_000 * n), ""));
    check_linear("trailers", |n| body(String::new(), &"Abc: def\r\n".repeat(24 * n)));
    check_linear("a long trailer", |n| {
        body(String::new(), &format!("A: {}\r\n", "x".repeat(6_000 * n)))
    });
}

#[test]
fn flaw_76_memory_grows_with_what_came_and_not_with_what_was_promised() {
    // More than any machine has: whoever reserves it ends here.
    for length in [1_u64 << 40, 1 << 46, i64::MAX as u64] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello");
        for peer in Peer::both(&[vec![Step::ReadHead, say(&reply), Step::Close]]) {
            let mut response = peer.get().unwrap();
            assert_eq!(response.content_length(), Some(length));
            failure(response.content(), ErrorKind::Incomplete, Phase::Body);
        }
        let chunk = format!("{:x}\r\nhello", length.min(1 << 50));
        for peer in Peer::both(&[[&chunked(chunk)[..2], &[Step::Close]].concat()]) {
            failure(peer.text("GET", b""), ErrorKind::Incomplete, Phase::Body);
        }
    }
    // Many at a time, each read by a thread of its own.
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nhello", 1_u64 << 40);
    let peer = Peer::plain(vec![vec![Step::ReadHead, say(reply), Step::Close]; 16]);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| failure(peer.text("GET", b""), ErrorKind::Incomplete, Phase::Body));
        }
    });
    assert_eq!((peer.accepted(), peer.sockets()), (16, 0));
}
