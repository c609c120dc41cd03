//! What came of the cases: prints each failed one as a block, counts, and knows the disputed ones.

use std::fs;
use std::io::Write;

/// No request of a case is as long; some bodies are much longer.
const SHOWN_MAX: usize = 2000;

/// One difference between what a case expects and what was got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// The differences of a case; none, if it passed.
pub(crate) type Faults = Vec<Fault>;

/// The count so far.
pub(crate) struct Report {
    disputed: Vec<(String, String)>,
    passed: usize,
    failed: usize,
    undisputed: usize,
}

impl Report {
    /// Reads the list of disputed cases: a line each, `name<TAB>reason`; `#` begins a comment.
    pub(crate) fn new(disputed: &str) -> Result<Self, String> {
        let text = fs::read_to_string(disputed).map_err(|error| format!("{disputed}: {error}"))?;
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let disputed = lines
            .map(|line| match line.split_once('\t') {
                Some((name, reason)) if !reason.is_empty() => Ok((name.into(), reason.into())),
                _ => Err(format!("{disputed}: no reason is given in {line:?}")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { disputed, passed: 0, failed: 0, undisputed: 0 })
    }

    /// Counts a case and prints it if it failed. `Err` is a failing that left nothing to compare.
    pub(crate) fn add(&mut self, name: &str, outcome: Result<Faults, String>) {
        let faults = match outcome {
            Ok(faults) if faults.is_empty() => {
                self.passed += 1;
                return;
            }
            Ok(faults) => faults,
            Err(why) => vec![Fault {
                what: "the run".to_owned(),
                expected: "a result".to_owned(),
                got: why,
            }],
        };
        self.failed += 1;
        let dispute = self.disputed.iter().find(|(disputed, _)| disputed == name);
        let reason = match dispute {
            Some((_, reason)) => format!(" (disputed: {reason})"),
            None => {
                self.undisputed += 1;
                String::new()
            }
        };
        say(&block(&format!("FAIL {name}{reason}"), &faults));
    }

    /// Prints the closing line; true if nothing failed that is not disputed.
    pub(crate) fn close(&self) -> bool {
        say(&format!("{} passed, {} failed\n", self.passed, self.failed));
        self.undisputed == 0
    }
}

fn block(title: &str, faults: &[Fault]) -> String {
    let mut text = format!("{title}\n");
    for Fault { what, expected, got } in faults {
        let (expected, got) = (extract(expected, got), extract(got, expected));
        text.push_str(&format!("  {what}\n    expected  {expected}\n    got       {got}\n"));
    }
    text
}

/// A long text is cut to what surrounds its first difference from the other.
fn extract(text: &str, other: &str) -> String {
    if text.len() <= SHOWN_MAX {
        return text.to_owned();
    }
    let same = text.chars().zip(other.chars()).take_while(|(one, another)| one == another).count();
    let skipped = same.saturating_sub(SHOWN_MAX / 4);
    let shown: String = text.chars().skip(skipped).take(SHOWN_MAX).collect();
    format!("({skipped} characters) {shown} … ({} bytes in all)", text.len())
}

/// Writes to standard output; whoever closed it wants no more.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
