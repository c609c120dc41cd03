//! Faults 76 to 78: what happens to a connection while nobody uses it. A dead or talking connection
//! is left aside; what it said is never an answer; a silent one costs one read timeout.

use std::process::Command;
use std::{env, thread};

use rq::{ErrorKind, Phase};
use rq_testd::{Conn, Step};

use crate::client::{ends_at, failure, ms};
use crate::peer::{OK, Peer, answers, answers_then, say};

/// Long enough that a kept connection is looked at before it is used.
const IDLE: std::time::Duration = ms(100);

/// After this, `steps` while the connection idles.
fn answers_and(steps: impl IntoIterator<Item = Step>) -> Conn {
    [Step::ReadHead, say(OK), Step::Wait(ms(30))].into_iter().chain(steps).collect()
}

/// Connections that go so while idle are replaced, for every method, without a word.
#[track_caller]
fn check_replaced(steps: &[Step]) {
    for method in ["GET", "POST"] {
        for peer in Peer::both(&[answers_and(steps.iter().cloned()), answers()]) {
            peer.goes_on(1);
            thread::sleep(IDLE);
            assert_eq!(peer.text(method, b"").unwrap(), "ok", "{method} after {steps:?}");
            assert_eq!(peer.accepted(), 2);
            let sent = String::from_utf8(peer.received(1)).unwrap();
            assert!(sent.starts_with(method), "{sent}");
        }
    }
}

#[test]
fn fault_76_the_end_or_a_reset_while_idle() {
    check_replaced(&[Step::Close]);
    check_replaced(&[Step::Reset]);
}

#[test]
fn fault_76_all_kept_connections_died() {
    let conns = [vec![answers_and([Step::Close]); 4], vec![answers()]].concat();
    for peer in Peer::both(&conns) {
        let mut open: Vec<_> = (0..4).map(|_| peer.get().unwrap()).collect();
        open.iter_mut().for_each(|response| drop(response.content().unwrap()));
        thread::sleep(IDLE);
        peer.goes_on(5);
    }
}

#[test]
fn fault_77_a_forged_answer_a_408_or_noise_while_idle() {
    for unasked in [
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
        "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "\r\n",
        "x",
    ] {
        check_replaced(&[say(unasked), Step::Stall]);
        check_replaced(&[say(unasked), Step::Close]);
    }
}

#[test]
fn fault_77_what_came_with_the_last_answer_is_never_the_next() {
    let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let both = [OK, forged.as_bytes()].concat();
    for peer in Peer::both(&[vec![Step::ReadHead, say(both), Step::Stall], answers()]) {
        peer.goes_on(1);
        peer.goes_on(2);
    }
}

#[test]
fn fault_78_a_kept_connection_that_fell_silent() {
    for peer in Peer::both(&[answers_then([Step::Stall]), answers()]) {
        peer.goes_on(1);
        peer.session.configure(|options| options.timeout(None, Some(ms(300))));
        ends_at(ms(300), || failure(peer.get(), ErrorKind::ReadTimeout, Phase::Head));
        assert_eq!(peer.accepted(), 1, "it may be working on it: nothing is resent");
        peer.goes_on(2);
    }
}

/// Set for the process in which a fork is played: what it tells concerns all sessions of a process.
const ALONE: &str = "RQ_TEST_ALONE";

#[test]
fn fault_78_a_forked_child_has_connections_of_its_own() {
    const NAME: &str = "faults_idle::fault_78_a_forked_child_has_connections_of_its_own";
    if env::var_os(ALONE).is_none() {
        let mut alone = Command::new(env::current_exe().unwrap());
        let output = alone.args(["--exact", NAME]).env(ALONE, "1").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    rq::process::watch_forks();
    for peer in Peer::both(&vec![answers(); 3]) {
        for connections in 1..=3 {
            peer.goes_on(connections);
            // What a child does first. The C tests fork in earnest.
            rq::process::forked();
        }
    }
}
