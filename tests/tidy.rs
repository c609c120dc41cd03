//! Style as tests: who may import whom, sizes, names, where the clock, files and `unsafe` may be
//! used.
//!
//! The rules are CONTRIBUTING.md's. They look at the committed tree's own text, so a rule that is
//! broken names the file and the line. Leaves formatting to rustfmt and lints to clippy.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;
/// A header comment of prose in TOML and tables in Markdown have no such limit.
const SOURCES: &[&str] = &["rs", "c", "h", "cc", "go", "cjs", "mjs", "ts", "sh", "cmake"];

/// What each part of the core may use of the others (ARCHITECTURE.md, "Who may import whom").
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &["url"]),
    ("limits", &[]),
    ("cancel", &["error"]),
    ("process", &[]),
    ("env", &[]),
    ("headers", &["error"]),
    ("json", &["error", "limits"]),
    ("files", &[]),
    ("trace", &["error"]),
    ("links", &["headers"]),
    ("coding", &["error", "headers", "limits"]),
    ("text", &["error", "headers", "limits"]),
    ("hooks", &["error", "prepare", "response", "trace"]),
    ("url", &["error", "limits", "headers"]),
    ("params", &["url"]),
    ("deadline", &["cancel", "error", "trace"]),
    ("certs", &["error", "limits"]),
    ("proxy", &["env", "error", "url"]),
    ("cookies", &["error", "limits", "url"]),
    (
        "options",
        &[
            "auth", "certs", "coding", "cookies", "deadline", "env", "error", "headers", "hooks",
            "limits", "params", "prepare", "proxy", "trace",
        ],
    ),
    ("http1", &["error", "headers", "limits"]),
    (
        "connect",
        &[
            "cancel", "certs", "deadline", "error", "headers", "http1", "limits", "options",
            "trace", "url",
        ],
    ),
    (
        "body",
        &[
            "cancel", "coding", "connect", "deadline", "error", "headers", "http1", "limits",
            "trace",
        ],
    ),
    ("request", &["body", "error", "json", "options", "prepare", "trace", "url"]),
    ("auth", &["env", "error", "headers", "limits", "prepare", "url"]),
    (
        "prepare",
        &[
            "auth", "body", "cookies", "error", "headers", "http1", "options", "params", "request",
            "session", "trace", "url",
        ],
    ),
    (
        "response",
        &[
            "body", "certs", "connect", "deadline", "error", "files", "headers", "http1", "limits",
            "links", "prepare", "session", "text",
        ],
    ),
    (
        "adapter",
        &[
            "auth", "body", "cancel", "certs", "connect", "deadline", "error", "headers", "http1",
            "limits", "options", "prepare", "process", "proxy", "request", "response", "session",
            "trace", "url",
        ],
    ),
    (
        "session",
        &[
            "adapter", "auth", "cancel", "certs", "cookies", "deadline", "env", "error", "files",
            "headers", "hooks", "limits", "options", "prepare", "proxy", "request", "response",
            "trace", "url",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with one of these extensions, build output left out.
fn files(folder: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(&root().join(folder), extensions, &mut found);
    assert!(!found.is_empty(), "{folder} holds no {extensions:?}");
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<(String, String)>) {
    let skipped = ["target", "node_modules", ".git", "build"];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !skipped.contains(&name.as_str()) {
            collect(&path, extensions, found);
        } else if path.extension().is_some_and(|ext| extensions.contains(&&*ext.to_string_lossy()))
        {
            let shown = path.strip_prefix(root()).unwrap().display().to_string();
            found.push((shown, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The lines outside of comments and of `#[cfg(test)]` modules, which stand at the end of a file.
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let product = text.split("#[cfg(test)]").next().unwrap_or(text);
    product.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// `src/adapter/pool.rs` and `src/adapter/mod.rs` belong to `adapter`, `src/url.rs` and
/// `src/url/tests.rs` to `url`.
fn part_of(path: &str) -> String {
    path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned()
}

#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn imports_keep_to_the_layers() {
    let mut faults = Vec::new();
    for (path, text) in files("src", &["rs"]) {
        let part = part_of(&path);
        if part == "lib" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == part) else {
            faults.push(format!("{path}: {part} has no line in MAY_IMPORT"));
            continue;
        };
        for (at, line) in product_lines(&text) {
            for used in line.split("crate::").skip(1) {
                let used =
                    used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
                let is_part = MAY_IMPORT.iter().any(|(name, _)| *name == used);
                if is_part && used != part && !allowed.contains(&used) {
                    faults.push(format!("{path}:{}: {part} may not import {used}", at + 1));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn the_core_is_used_through_its_public_api_and_http1_is_sans_io() {
    let mut faults = Vec::new();
    for (path, text) in files("src/http1", &["rs"]) {
        for (at, line) in product_lines(&text) {
            for banned in ["std::net", "std::io", "std::time", "std::thread", "rustix", "rustls"] {
                if line.contains(banned) {
                    faults.push(format!("{path}:{}: {banned} in http1", at + 1));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn the_clock_files_and_the_environment_have_one_place_each() {
    let places = [
        ("Instant::now", &["src/deadline.rs"][..]),
        (
            "std::fs",
            &[
                "src/certs/mod.rs",
                "src/body/file.rs",
                "src/body/upload.rs",
                "src/files.rs",
                "src/session/cookies.rs",
                "src/session/environment.rs",
            ],
        ),
        ("SystemTime::now", &["src/deadline.rs"]),
        ("std::env", &["src/env.rs"]),
        ("std::process", &["src/process.rs"]),
        ("thread::", &["src/connect/dns.rs"]),
        ("println!", &[]),
        ("unsafe ", &[]),
        (".unwrap()", &[]),
        (".expect(", &[]),
        ("panic!(", &[]),
        ("todo!", &[]),
    ];
    let mut faults = Vec::new();
    for (path, text) in files("src", &["rs"]) {
        if path.ends_with("tests.rs") {
            continue;
        }
        for (at, line) in product_lines(&text) {
            for (what, allowed) in &places {
                if line.contains(what) && !allowed.contains(&path.as_str()) {
                    faults.push(format!("{path}:{}: {what} belongs to {allowed:?}", at + 1));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn fault_78_a_clock_that_jumps_moves_no_timeout() {
    // The time of day is for what servers date, and for nothing that waits.
    let dated = [
        "src/deadline.rs",
        "src/session/cookies.rs",
        "src/session/retry.rs",
        // The dates of certificates.
        "src/connect/tls/stream.rs",
    ];
    let mut faults = Vec::new();
    for (path, text) in files("src", &["rs"]) {
        for (at, line) in product_lines(&text) {
            if line.contains("unix_now") && !dated.contains(&path.as_str()) {
                faults.push(format!("{path}:{}: unix_now belongs to {dated:?}", at + 1));
            }
        }
    }
    none(faults);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut faults = Vec::new();
    let mut blocks = 0;
    for (path, text) in files("bindings/c/src", &["rs"]) {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if !line.contains("unsafe {") || line.trim_start().starts_with("//") {
                continue;
            }
            blocks += 1;
            if !lines[at.saturating_sub(3)..at].iter().any(|line| line.contains("// SAFETY:")) {
                faults.push(format!("{path}:{}: unsafe without SAFETY", at + 1));
            }
        }
    }
    assert!(blocks > 5, "only {blocks} unsafe blocks found: does this test still see them?");
    none(faults);
}

#[test]
fn sizes_hold() {
    let mut faults = Vec::new();
    for (path, text) in files(".", SOURCES) {
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > FILE_LINES_MAX && path != "include/rq.h" {
            faults.push(format!("{path}: {} lines, at most {FILE_LINES_MAX}", lines.len()));
        }
        for (at, line) in lines.iter().enumerate() {
            if line.chars().count() > COLUMNS_MAX && !path.ends_with(".sh") {
                faults.push(format!("{path}:{}: longer than {COLUMNS_MAX} columns", at + 1));
            }
        }
        if path.ends_with(".rs") {
            faults.extend(long_functions(&path, &lines));
        }
    }
    none(faults);
}

/// A function begins at a line with `fn name` and ends at the `}` of the same indentation.
fn long_functions(path: &str, lines: &[&str]) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut faults = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let text = line.trim_start();
        let is_function = text.split('(').next().is_some_and(|head| {
            head.starts_with("fn ") || (head.starts_with("pub") && head.contains(" fn "))
        });
        if !is_function || text.ends_with(';') {
            continue;
        }
        let closes =
            |other: &&str| indent(other) == indent(line) && other.trim_start().starts_with('}');
        let length = lines[start..].iter().position(closes).map_or(0, |end| end + 1);
        if length > FUNCTION_LINES_MAX {
            faults.push(format!("{path}:{}: a function of {length} lines", start + 1));
        }
    }
    faults
}

#[test]
fn every_source_says_what_it_is_for() {
    let mut faults = Vec::new();
    for (path, text) in files(".", &["rs", "c", "go", "cjs", "mjs", "sh"]) {
        let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
        let generated = text.contains("DO NOT EDIT");
        if !["//", "/*", "# ", "'use strict'"].iter().any(|mark| first.starts_with(mark))
            && !generated
        {
            faults.push(format!("{path}: begins with {first:?}"));
        }
    }
    none(faults);
}

#[test]
fn nothing_is_named_after_nothing() {
    let mut faults = Vec::new();
    for (path, _) in files(".", SOURCES) {
        let stem = Path::new(&path).file_stem().unwrap().to_string_lossy().to_lowercase();
        if ["util", "utils", "helper", "helpers", "common", "misc"].contains(&stem.as_str()) {
            faults.push(format!("{path}: say what it holds"));
        }
    }
    none(faults);
}

#[test]
fn the_path_of_a_request_in_architecture_md_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut named = 0;
    for word in text.split('`').skip(1).step_by(2) {
        let is_path =
            word.contains('/') && word.ends_with(".rs") && !word.contains(['*', ' ', '…']);
        if is_path {
            named += 1;
            assert!(
                root().join(word).exists(),
                "ARCHITECTURE.md names {word}, which does not exist"
            );
        }
    }
    assert!(named >= 15, "ARCHITECTURE.md names only {named} files");
}

#[test]
fn every_limit_of_the_table_is_used() {
    let limits = fs::read_to_string(root().join("src/limits.rs")).unwrap();
    let sources = files("src", &["rs"]);
    for name in limits.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let name = name.split(':').next().unwrap();
        let used =
            sources.iter().any(|(path, text)| path != "src/limits.rs" && text.contains(name));
        assert!(used, "limits.rs: {name} is used nowhere");
    }
}
