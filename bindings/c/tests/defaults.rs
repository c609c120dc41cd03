//! Defaults and limits have one place, src/limits.rs, and words of errors one list, src/error.rs:
//! what the documentation of C, Go and Node says of them is held against these.
//!
//! A sentence below is built from the constant, so a changed constant asks for changed prose; and a
//! default that the header states without a sentence here is told.

use std::path::PathBuf;
use std::time::Duration;

use rq_core::{ErrorKind, Phase, Reason, Step, limits};

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text without line breaks and comment marks, so that sentences can be looked for.
fn prose(path: &str) -> String {
    let text = read(path);
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', '*', ' ']));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> u64 {
    assert_eq!(time.subsec_nanos(), 0);
    time.as_secs()
}

/// Milliseconds as the header writes them: 60,000.
fn ms(time: Duration) -> String {
    format!("{},000", seconds(time))
}

fn kib(bytes: usize) -> usize {
    assert_eq!(bytes % 1024, 0);
    bytes / 1024
}

/// What include/rq.h says of `limits`.
fn header_sentences() -> Vec<String> {
    let (connect, read) = (limits::CONNECT_TIMEOUT, limits::READ_TIMEOUT);
    assert_eq!(limits::EXPECT_WAIT, Duration::from_secs(1));
    vec![
        format!("TCP and TLS handshake together (default {})", ms(connect)),
        format!("the longest silence of the peer (default {})", ms(read)),
        format!("connect timeout {} s, read timeout {} s.", seconds(connect), seconds(read)),
        format!("silence of the peer). 0: none. Defaults: {} and {}.", ms(connect), ms(read)),
        format!("They are followed, up to {}, for every method", limits::REDIRECTS_MAX),
        format!("how many redirects one call follows; default {}.", limits::REDIRECTS_MAX),
        "how often a request is tried again; default 0.".to_owned(),
        format!("taken off at random. Defaults: 0 and {}.", ms(limits::RETRY_BACKOFF_MAX)),
        format!("Retry-After that is waited for; default {}.", ms(limits::RETRY_AFTER_MAX)),
        format!(
            "kept in all and for one host (defaults {} and {})",
            limits::IDLE_MAX,
            limits::IDLE_PER_HOST_MAX
        ),
        format!("age at which an idle connection is closed; default {}.", ms(limits::IDLE_AGE)),
        format!("gzip, deflate, br, zstd, up to {} of them", limits::CODINGS_MAX),
        format!("answer's body, at most {} KiB", kib(limits::PROXY_BODY_BYTES_MAX)),
        format!("hold bytes back for up to {} ms,", limits::GATHER_WAIT.as_millis()),
        format!(
            "up to {} KiB are read ahead where `buf` is smaller than {} KiB.",
            kib(limits::READ_AHEAD_BYTES),
            kib(limits::READ_DIRECT_BYTES)
        ),
        format!("Up to {} KiB of its body can be read", kib(limits::DRAIN_BYTES_MAX)),
        "server says so or has said nothing for a second".to_owned(),
    ]
}

/// What the documentation of the bindings says: file and sentence.
fn other_sentences() -> Vec<(&'static str, String)> {
    let (connect, read) = (seconds(limits::CONNECT_TIMEOUT), seconds(limits::READ_TIMEOUT));
    let (redirects, options) = (limits::REDIRECTS_MAX, "bindings/node/lib/options.d.ts");
    let (pause, after) = (seconds(limits::RETRY_BACKOFF_MAX), seconds(limits::RETRY_AFTER_MAX));
    vec![
        ("README.md", format!("(connect {connect} s, read {read} s)")),
        (
            "bindings/c/README.md",
            format!("the connect timeout is {connect} s, the read timeout {read} s"),
        ),
        ("bindings/go/options.go", format!("the defaults are {connect} and {read} seconds")),
        (
            "bindings/go/exchange.go",
            format!("the next one is ErrTooManyRedirects. The default is {redirects}."),
        ),
        ("bindings/go/exchange.go", format!("0: {after} seconds. Negative: the field is ignored.")),
        (
            options,
            format!("until the connection stands ({connect}), and of the peer's silence ({read})"),
        ),
        (options, format!("{redirects}; one more is an error.")),
        (options, format!("The longest pause of these: {pause} unless it is given.")),
        (options, format!("The longest Retry-After that is waited for, {after};")),
    ]
}

#[test]
fn documentation_states_the_defaults_that_are() {
    let header = prose("include/rq.h");
    for sentence in header_sentences() {
        assert!(header.contains(&sentence), "include/rq.h does not say: {sentence}");
    }
    for (path, sentence) in other_sentences() {
        assert!(prose(path).contains(&sentence), "{path} does not say: {sentence}");
    }
}

#[test]
fn the_header_states_no_default_that_is_not_checked() {
    let mut header = prose("include/rq.h");
    for sentence in header_sentences() {
        header = header.replace(&sentence, "");
    }
    for (at, _) in header.match_indices("efault") {
        let said: String = header[at..].chars().take(24).collect();
        let number = said.trim_start_matches(|c: char| c.is_alphabetic() || ": (".contains(c));
        let unchecked = number.starts_with(|c: char| c.is_ascii_digit());
        assert!(!unchecked, "a default without a sentence in this test: …{said}…");
    }
}

#[test]
fn every_code_phase_and_reason_is_in_the_documentation() {
    let header = read("include/rq.h");
    for kind in ErrorKind::ALL {
        let value = format!("  {} = {},\n", kind.c_name(), kind.number());
        assert!(header.contains(&value), "rq.h lacks {value}");
    }
    let codes = header.matches("\n  RQ_ERR_").count();
    assert_eq!(codes, ErrorKind::ALL.len(), "rq.h has a code that the core has not");
    let phases = [
        Phase::Prepare,
        Phase::Pool,
        Phase::Dns,
        Phase::Connect,
        Phase::Tls,
        Phase::Send,
        Phase::Head,
        Phase::Body,
    ];
    let words: Vec<String> = phases.iter().map(|phase| format!("`\"{}\"`", phase.name())).collect();
    let listed = format!("The step that failed: {}, or `\"\"`.", words.join(", "));
    assert!(prose("include/rq.h").contains(&listed), "rq.h does not say: {listed}");
    // The words that the header gives as examples of reasons.
    for example in ["expired", "wrong_host", "not_found", "authentication"] {
        assert!(header.contains(&format!("`\"{example}\"`")));
        assert!(Reason::ALL.iter().any(|reason| reason.name() == example), "{example}");
    }
}

/// The words of a TypeScript union, `'a' | 'b'`, behind `begin`.
fn union_of(path: &str, begin: &str) -> Vec<String> {
    let text = read(path);
    let (_, union) = text.split_once(begin).unwrap_or_else(|| panic!("{path}: no {begin}"));
    let end = union.find("/**").unwrap();
    let mut words: Vec<String> =
        union[..end].split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    words.sort();
    words
}

fn sorted(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = words.collect();
    words.sort();
    words
}

#[test]
fn the_bindings_have_every_code_reason_and_step() {
    let node = "bindings/node/lib/index.d.ts";
    let code = |kind: &ErrorKind| kind.c_name().trim_start_matches("RQ_ERR_").to_lowercase();
    let codes = sorted(ErrorKind::ALL.iter().map(code));
    assert_eq!(union_of(node, "RequestErrorCode ="), codes);
    let reasons = sorted(Reason::ALL.iter().map(|reason| reason.name().to_owned()));
    assert_eq!(union_of(node, "RequestErrorReason ="), reasons);
    let steps = sorted(Step::ALL.iter().map(|step| step.name().to_owned()));
    assert_eq!(union_of("bindings/node/lib/options.d.ts", "readonly step:"), steps);

    let go = read("bindings/go/errors.go");
    for kind in ErrorKind::ALL {
        let constant = format!("= C.{}", kind.c_name());
        let whole = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        assert!(go.split(&constant).skip(1).any(whole), "errors.go lacks {constant}");
    }
}
