//! Faults 8 and 12: what this machine itself refuses. Each runs in a process of its own, since it
//! concerns a whole process: a network without a way, a table of descriptors that is full.

use std::env;
use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rq::{ErrorKind, Phase};

use crate::client::{at_once, failure, get_text, session};
use crate::peer::{Peer, answers};

/// Set in the process that a test runs in.
const INSIDE: &str = "RQ_TEST_INSIDE";

/// Runs the test of this name again as a child of `program`; true in that child.
#[track_caller]
fn in_a_process(name: &str, program: &str, arguments: &[&str]) -> bool {
    if env::var(INSIDE).as_deref() == Ok(name) {
        return true;
    }
    let tests = env::current_exe().unwrap();
    let test = format!("faults_machine::{name}");
    let mut command = Command::new(program);
    command.args(arguments).arg(tests).args([&test, "--exact", "--nocapture"]).env(INSIDE, name);
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// How many descriptors this process has open, the one that reads the list among them.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A network of its own, whose loopback is down: no address can be reached, and nothing leaves.
#[test]
fn fault_08_an_address_without_a_way_is_unreachable_at_once() {
    let name = "fault_08_an_address_without_a_way_is_unreachable_at_once";
    let is_root = fs::read_to_string("/proc/self/status").unwrap().contains("Uid:\t0\t0");
    let as_root: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    if !in_a_process(name, "unshare", &[as_root, &["--net"]].concat()) {
        return;
    }
    for url in ["http://192.0.2.1/", "https://192.0.2.1/"] {
        let error = at_once(|| failure(session().get(url), ErrorKind::Connect, Phase::Connect));
        assert_ne!(error.os_error(), 0, "{error}");
        assert!(error.message().contains("unreachable"), "{error}");
    }
}

#[test]
fn fault_12_without_descriptors_it_fails_with_their_error_and_goes_on_with_some() {
    let few = ["-c", "ulimit -n 64 && exec \"$@\"", "sh"];
    let name = "fault_12_without_descriptors_it_fails_with_their_error_and_goes_on_with_some";
    if !in_a_process(name, "sh", &few) {
        return;
    }
    let peer = Peer::plain(vec![answers(), answers()]);
    let before = descriptors();
    assert_eq!(peer.text("GET", b"").unwrap(), "ok");
    peer.session.close_idle();
    // The server's end closes in a thread of its own: what it still held would be free later.
    for _ in 0..10_000 {
        if descriptors() == before {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(descriptors(), before, "what a closed connection held");
    let mut all = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        all.push(file);
    }
    assert!(TcpListener::bind("127.0.0.1:0").is_err(), "there are none");
    for _ in 0..3 {
        let sent = at_once(|| get_text(&peer.session, &peer.url()));
        let error = failure(sent, ErrorKind::Connect, Phase::Connect);
        assert_eq!(error.os_error(), 24, "EMFILE: {error}");
    }
    drop(all);
    // The server may have met the same; its listener tries again.
    assert_eq!(peer.text("GET", b"").unwrap(), "ok");
}
