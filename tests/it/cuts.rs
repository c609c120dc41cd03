//! However a reply is cut into pieces, the result is the same: every reply of the corpus, whole, in
//! two pieces at every byte, and byte by byte. Parsers that look at pieces rather than at bytes
//! fail here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rq::{PoolLimits, Session};

use crate::client::{outcome, send, session};
use crate::peer::Player;
use crate::replies::{Case, cases};

const WORKERS: usize = 8;
/// Up to this length a reply is cut at every byte; a longer one here and there.
const CUT_EVERYWHERE_MAX: usize = 2048;
/// Cuts of a longer reply.
const SAMPLES: usize = 64;

/// Time for the client to read a piece before the next one comes.
const PAUSE: Duration = Duration::from_millis(1);
const SHORT_PAUSE: Duration = Duration::from_micros(200);

/// One connection: a case, the pieces of its reply, how the client reads the body.
struct Job<'a> {
    case: &'a Case,
    pieces: Vec<Vec<u8>>,
    pause: Duration,
    step: usize,
    what: String,
}

/// A session that keeps no connection, so that each request gets one of its own.
fn keeping_none() -> Session {
    let session = session();
    let none = PoolLimits { idle_max: 0, idle_per_host_max: 0, open_per_host_max: 0 };
    session.configure(|options| options.pool(none)).unwrap();
    session
}

/// Plays all jobs, several at a time.
#[track_caller]
fn check(jobs: &[Job]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let (session, player) = (keeping_none(), Player::start());
        let mut faults = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            player.next(job.pieces.clone(), job.pause);
            let seen = outcome(send(&session, job.case.method, &player.url, b""), job.step);
            if seen != job.case.expected {
                let Case { name, expected, .. } = job.case;
                faults.push(format!("{name}, {}: {seen}\n  instead of {expected}", job.what));
            }
        }
        faults
    };
    let faults: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let shown = faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} of {} jobs:\n{shown}", faults.len(), jobs.len());
}

#[test]
fn whole_replies_give_what_the_corpus_says() {
    let cases = cases();
    assert!(cases.len() >= 40);
    let jobs: Vec<Job> = cases
        .iter()
        .flat_map(|case| {
            [1, 3, 64 * 1024].map(|step| Job {
                case,
                pieces: vec![case.reply.to_vec()],
                pause: PAUSE,
                step,
                what: format!("read in steps of {step}"),
            })
        })
        .collect();
    check(&jobs);
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    let cases = cases();
    let jobs: Vec<Job> = cases
        .iter()
        .flat_map(|case| offsets(&case.reply).map(move |at| cut_at(case, at)))
        .collect();
    check(&jobs);
}

fn cut_at(case: &Case, at: usize) -> Job<'_> {
    let (first, second) = case.reply.split_at(at);
    // Both ways to read: into the caller's memory, and through the read buffer.
    let step = if at.is_multiple_of(2) { 64 * 1024 } else { 2 };
    let pieces = vec![first.to_vec(), second.to_vec()];
    Job { case, pieces, pause: PAUSE, step, what: format!("cut at {at}") }
}

#[test]
fn byte_by_byte_changes_nothing() {
    let cases = cases();
    let jobs: Vec<Job> = cases
        .iter()
        .filter(|case| case.reply.len() <= CUT_EVERYWHERE_MAX)
        .map(|case| Job {
            case,
            pieces: case.reply.iter().map(|byte| vec![*byte]).collect(),
            pause: SHORT_PAUSE,
            step: 64 * 1024,
            what: "byte by byte".to_owned(),
        })
        .collect();
    check(&jobs);
}

/// Where to cut: everywhere in a short reply; in a long one at its two ends and at odd places.
fn offsets(reply: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let length = reply.len();
    let apart = if length > CUT_EVERYWHERE_MAX { length / SAMPLES } else { 1 };
    (1..length).step_by(apart).chain((apart > 1).then(|| length - 1))
}
