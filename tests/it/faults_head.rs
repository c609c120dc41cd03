//! Faults 52 to 66: what comes, or does not come, in place of a response's head. What each
//! malformed head is taken for is the corpus's affair (`replies`); here is what becomes of the
//! connection, of the time, and of the request.

use std::process::Command;
use std::{env, fs};

use rq::limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX, HEAD_LINE_BYTES_MAX, INTERIM_RESPONSES_MAX};
use rq::{ErrorKind, Phase};
use rq_testd::{Server, Step};

use crate::client::{
    connection, connection_of, ends_at, failure, get_text, ms, send, session_for, with_password,
};
use crate::peer::{OK, Peer, answers, answers_then, check_fault, say};

/// A connection that answers its first request so, and would take another.
#[track_caller]
fn check_reply(reply: &[u8], kind: ErrorKind) {
    check_fault(vec![Step::ReadHead, say(reply), Step::Stall], kind, Phase::Head);
}

#[test]
fn fault_52_the_end_on_a_fresh_connection() {
    for error in check_fault(vec![Step::ReadHead, Step::Close], ErrorKind::Closed, Phase::Head) {
        assert!(error.message().contains("without an answer"), "{error}");
    }
}

#[test]
fn fault_53_the_end_on_a_kept_connection_and_a_request_that_may_be_repeated() {
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        for end in [Step::Close, Step::Reset] {
            let again = vec![Step::ReadHead, say("HTTP/1.1 204 No\r\n\r\n"), Step::Stall];
            for peer in Peer::both(&[answers_then([end.clone()]), again]) {
                peer.goes_on(1);
                assert_eq!(peer.text(method, b"").unwrap(), "", "{method} {end:?}");
                assert_eq!(peer.accepted(), 2);
            }
        }
    }
}

#[test]
fn fault_53_once_and_not_again() {
    for peer in Peer::both(&[answers_then([Step::Close]), vec![Step::ReadHead], answers()]) {
        peer.goes_on(1);
        failure(peer.get(), ErrorKind::Closed, Phase::Head);
        assert_eq!(peer.accepted(), 2);
    }
}

#[test]
fn fault_53_not_after_a_byte_of_an_answer() {
    let conns = [answers_then([say("HTTP/1.1 2"), Step::Close]), answers()];
    for peer in Peer::both(&conns) {
        peer.goes_on(1);
        failure(peer.get(), ErrorKind::Incomplete, Phase::Head);
        assert_eq!(peer.accepted(), 1);
    }
    // An interim answer is an answer: the request is being worked on.
    let conns = [answers_then([say("HTTP/1.1 103 E\r\n\r\n"), Step::Close]), answers()];
    for peer in Peer::both(&conns) {
        peer.goes_on(1);
        failure(peer.get(), ErrorKind::Incomplete, Phase::Head);
        assert_eq!(peer.accepted(), 1);
    }
}

#[test]
fn fault_54_the_end_on_a_kept_connection_and_a_request_that_may_not_be_repeated() {
    for method in ["POST", "PATCH", "MKCOL", "LOCK"] {
        for end in [Step::Close, Step::Reset] {
            for peer in Peer::both(&[answers_then([end.clone()]), answers()]) {
                peer.goes_on(1);
                failure(peer.text(method, b""), ErrorKind::Closed, Phase::Head);
                assert_eq!(peer.accepted(), 1, "{method} {end:?}");
                peer.goes_on(2);
            }
        }
    }
}

#[test]
fn fault_55_no_answer() {
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Stall], answers()]) {
        peer.session.configure(|options| options.timeout(None, Some(ms(300))));
        let error = ends_at(ms(300), || failure(peer.get(), ErrorKind::ReadTimeout, Phase::Head));
        assert!(error.is_timeout() && error.message().contains("300 ms"), "{error}");
        assert_eq!(peer.accepted(), 1, "nothing is resent");
        peer.goes_on(2);
    }
}

#[test]
fn fault_56_interim_answers_are_skipped() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let mut response = session.get(&format!("{base}/interim")).unwrap();
        assert_eq!((response.status(), response.headers().get("Link")), (200, None));
        assert_eq!(response.content().unwrap(), b"done");
        let kept = connection(&response);
        assert_eq!(connection_of(&session, &format!("{base}/json")), kept);
    }
}

#[test]
fn fault_57_endless_interim_answers() {
    let server = Server::start();
    for base in [server.http(), server.https()] {
        let session = session_for(&server);
        let url = |count| with_password(&format!("{base}/interim/{count}"));
        assert_eq!(get_text(&session, &url(INTERIM_RESPONSES_MAX)).unwrap(), "done");
        let error =
            failure(session.get(&url(INTERIM_RESPONSES_MAX + 1)), ErrorKind::Limit, Phase::Head);
        assert!(error.message().contains("interim"), "{error}");
    }
    check_reply(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000), ErrorKind::Limit);
}

#[test]
fn fault_58_101_unasked() {
    check_reply(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n", ErrorKind::Protocol);
}

#[test]
fn fault_59_what_is_not_http_is_told_at_once() {
    // The peer keeps the connection open: there is no end to wait for.
    for bytes in [
        &b"S"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>hello",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16",
        b"\0",
        b"HTTP/2",
        b"220 mail ESMTP\r\n",
    ] {
        check_reply(bytes, ErrorKind::Protocol);
    }
}

#[test]
fn fault_60_a_head_that_is_cut() {
    for part in ["H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"] {
        let steps = vec![Step::ReadHead, say(part), Step::Close];
        check_fault(steps, ErrorKind::Incomplete, Phase::Head);
        let steps = vec![Step::ReadHead, say(part), Step::Wait(ms(50)), Step::Reset];
        check_fault(steps, ErrorKind::Incomplete, Phase::Head);
    }
}

#[test]
fn fault_61_a_head_that_drips_is_ended_by_the_deadline_only() {
    let drip = |gap: u64, count: usize| {
        let bytes = OK.iter().take(count);
        let steps = bytes.flat_map(|byte| [say([*byte]), Step::Wait(ms(gap))]);
        [Step::ReadHead].into_iter().chain(steps).chain([Step::Stall]).collect::<Vec<_>>()
    };
    for peer in Peer::both(&[drip(10, OK.len()), drip(20, 30)]) {
        // Each silence is short: the read timeout is not for the whole head.
        peer.session.configure(|options| options.timeout(None, Some(ms(250))));
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        peer.session.close_idle();
        peer.session.configure(|options| options.total_timeout(Some(ms(300))));
        ends_at(ms(300), || failure(peer.get(), ErrorKind::TotalTimeout, Phase::Head));
    }
}

#[test]
fn fault_62_heads_beyond_the_limits() {
    let server = Server::start();
    let session = session_for(&server);
    let line = HEAD_LINE_BYTES_MAX - "X-Huge: \r".len();
    for (path, fits) in [
        (format!("huge-head/{line}"), true),
        (format!("huge-head/{}", line + 1), false),
        ("huge-head/10000000".to_owned(), false),
        (format!("many-fields/{}", HEAD_FIELDS_MAX - 5), true),
        (format!("many-fields/{}", HEAD_FIELDS_MAX - 4), false),
        ("many-fields/100000".to_owned(), false),
    ] {
        for base in [server.http(), server.https()] {
            let result = get_text(&session, &with_password(&format!("{base}/{path}")));
            if fits {
                assert_eq!(result.unwrap(), "ok", "{path}");
            } else {
                failure(result, ErrorKind::Limit, Phase::Head);
            }
        }
    }
    let lines = [b"A: ", &[b'x'; 50_000][..], b"\r\n"].concat();
    let endless = [b"HTTP/1.1 200 OK\r\n", &lines.repeat(HEAD_BYTES_MAX / 50_000 + 1)[..]].concat();
    check_reply(&endless, ErrorKind::Limit);
    // Interim answers count as well.
    let hint = [b"HTTP/1.1 103 Hint\r\n", &lines.repeat(2)[..], b"\r\n"].concat();
    check_reply(&hint.repeat(4), ErrorKind::Limit);
}

/// Set for the process in which memory is looked at: other tests would have it grow.
const ALONE: &str = "RQ_TEST_ALONE_FOR_MEMORY";

/// A figure of this process, in KiB.
fn kib(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn fault_62_an_endless_head_takes_no_more_memory_than_its_limit_allows() {
    const NAME: &str =
        "faults_head::fault_62_an_endless_head_takes_no_more_memory_than_its_limit_allows";
    if env::var_os(ALONE).is_none() {
        let mut alone = Command::new(env::current_exe().unwrap());
        let output = alone.args(["--exact", NAME]).env(ALONE, "1").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    let head = |lines: String| say(format!("HTTP/1.1 200 OK\r\n{lines}"));
    // Too many fields first, in few bytes: all code has run once then.
    let many = vec![Step::ReadHead, head("A: b\r\n".repeat(HEAD_FIELDS_MAX + 1) + "\r\n")];
    let line = format!("A: {}\r\n", "x".repeat(60_000));
    let endless = vec![Step::ReadHead, head(line.repeat(400)), Step::Stall];
    for peer in Peer::both(&[many, endless, answers()]) {
        failure(peer.get(), ErrorKind::Limit, Phase::Head);
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = kib("VmRSS");
        failure(peer.get(), ErrorKind::Limit, Phase::Head);
        let grown = kib("VmHWM").saturating_sub(before);
        // The kernel's count is rough; the buffer's own size is its tests' affair.
        assert!(grown < 8 * HEAD_BYTES_MAX / 1024, "{grown} KiB of 24 MB");
        peer.goes_on(3);
    }
}

/// A head with these lines is refused, and its connection closed.
#[track_caller]
fn check_refused(lines: &[&str]) {
    for line in lines {
        let head = match line.starts_with("HTTP/") {
            true => format!("{line}\r\nContent-Length: 0\r\n\r\n"),
            false => format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\nx"),
        };
        check_reply(head.as_bytes(), ErrorKind::Protocol);
    }
}

/// A head with these lines is taken, field A being `field`, and its connection kept.
#[track_caller]
fn check_taken(lines: &str, field: &str) {
    let odd = [Step::ReadHead, say(format!("HTTP/1.1 {lines}\r\n\r\nok"))];
    for peer in Peer::both(&[[&odd[..], &answers()].concat()]) {
        let mut response = send(&peer.session, "GET", &peer.url(), b"").unwrap();
        let value = response.headers().get("A").unwrap_or_default();
        assert_eq!((&*String::from_utf8_lossy(value), response.status()), (field, 200));
        assert_eq!(response.content().unwrap(), b"ok");
        peer.goes_on(1);
    }
}

#[test]
fn fault_63_folds_are_joined_and_what_could_split_a_head_is_refused() {
    check_taken("200 OK\r\nA: b\r\n  c\r\nContent-Length: 2", "b c");
    check_refused(&["A : b", "A: b\0c", "A: b\rc", "A\r: b", " A: b"]);
}

#[test]
fn fault_64_equal_lengths_are_one_and_all_else_is_refused() {
    check_taken("200 OK\r\nContent-Length: 2\r\nContent-Length: 2", "");
    check_taken("200 OK\r\nContent-Length: 2, 2", "");
    check_refused(&[
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 18446744073709551616",
        "Content-Length: 18446744073709551617",
        "Content-Length: 1, 2",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length:",
    ]);
}

#[test]
fn fault_66_a_status_out_of_range_is_refused_and_a_missing_reason_is_none() {
    check_taken("200\r\nContent-Length: 2", "");
    check_taken("200 \r\nContent-Length: 2", "");
    check_refused(&["HTTP/1.1 99 Low", "HTTP/1.1 1000 High", "HTTP/1.1 abc What", "HTTP/1.1 "]);
    check_refused(&["HTTP/1.1 099 Low", "HTTP/1.1 000 None", "HTTP/1.1 20 Short"]);
}

#[test]
fn fault_65_length_and_chunked_is_read_as_chunked_and_closed() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
    let steps = vec![Step::ReadHead, say(format!("{head}2\r\nok\r\n0\r\n\r\n")), Step::Stall];
    for peer in Peer::both(&[steps, answers()]) {
        peer.goes_on(1);
        peer.goes_on(2);
    }
}
