//! The corpus against ureq, another client: where both take a reply, status and body are equal;
//! where they differ, a table says so and why. The table is checked both ways: a difference that is
//! not in it fails, and so does a line of it that is no difference.

use std::time::Duration;

use crate::client::{send, session};
use crate::peer::Player;
use crate::replies::{Case, cases};

/// Case, what ureq makes of it, why librq does otherwise.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "chunked by HTTP/1.0",
        r#"200 "2\r\nok\r\n0\r\n\r\n""#,
        "ureq gives the framing as the body; here it is decoded and the connection closed (RFC \
         9112 §6.1)",
    ),
    ("folds", "refused", "joined by a blank, as Requests does (RFC 9112 §5.2)"),
    ("gzip as a transfer coding", r#"200 "hello""#, "coded bytes would pass for the body (§6.1)"),
    ("gzip beneath chunks", r#"200 "hello""#, "coded bytes would pass for the body (§6.1)"),
    ("chunked twice", r#"200 "ok""#, "chunks may be applied only once (§6.1)"),
    ("something like chunked", r#"200 "hello""#, "two peers may see two ends of it (§6.3)"),
    ("101", r#"101 """#, "no other protocol was asked for (RFC 9110 §15.2.2)"),
    ("a trailer without a colon", r#"200 "ok""#, "trailers are fields (RFC 9112 §7.1.2)"),
    ("an empty line first", r#"200 "ok""#, "only servers may skip it (§2.2)"),
    ("cut in the trailers", r#"200 "hello""#, "ureq takes a truncated body for complete (§8)"),
    ("nine 1xx", r#"204 """#, "eight are enough: endless ones are an attack"),
    ("the longest chunk extension", "refused", "ureq's limit is below librq's"),
    ("trailers too long", r#"200 """#, "ureq reads trailers without a limit"),
    ("a trailer that ends with LF", r#"200 "ok""#, "within chunks lines end with CRLF (§7.1)"),
];

/// Status and body, or nothing for a refusal.
type Seen = Option<(u16, Vec<u8>)>;

fn by_librq(case: &Case, player: &Player) -> Seen {
    let session = session();
    player.next(vec![case.reply.to_vec()], Duration::ZERO);
    let mut response = send(&session, case.method, &player.url, b"").ok()?;
    let body = response.content().ok()?;
    Some((response.status(), body))
}

fn by_ureq(case: &Case, agent: &ureq::Agent, player: &Player) -> Seen {
    player.next(vec![case.reply.to_vec()], Duration::ZERO);
    let request = match case.method {
        "HEAD" => agent.head(&player.url),
        _ => agent.get(&player.url),
    };
    let mut response = request.call().ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    Some((response.status().as_u16(), body))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into()
}

fn shown(seen: &Seen) -> String {
    match seen {
        Some((status, body)) => format!("{status} \"{}\"", body.escape_ascii()),
        None => "refused".to_owned(),
    }
}

#[test]
fn librq_and_ureq_agree_but_for_the_table() {
    let (agent, player) = (agent(), Player::start());
    let mut faults = Vec::new();
    for case in cases() {
        let (ours, theirs) = (by_librq(&case, &player), by_ureq(&case, &agent, &player));
        let told = DIFFERENCES.iter().find(|(name, _, _)| *name == case.name);
        let fits = match told {
            None => ours == theirs,
            Some((_, seen, _)) => ours != theirs && shown(&theirs) == *seen,
        };
        if !fits {
            faults.push(format!("{}: {} and ureq {}", case.name, shown(&ours), shown(&theirs)));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_line_of_the_table_names_a_case_and_a_reason() {
    let cases = cases();
    for (name, _, reason) in DIFFERENCES {
        assert_eq!(cases.iter().filter(|case| case.name == *name).count(), 1, "{name}");
        assert!(!reason.is_empty(), "{name}");
    }
}
