//! The ABI guard: what include/rq.h declares, against the baseline in bindings/c/abi. A program
//! that was compiled against the baseline must find all of it unchanged; additions do no harm.
//!
//! `declarations` is what counts of a header: functions and callbacks by their types, enumerations
//! by their numbers, handles, macros; no comments, no names of parameters, no order. That the
//! library exports the functions of the header, and all of the baseline, is ctest/symbols.sh's.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn header() -> String {
    std::fs::read_to_string(root().join("include/rq.h")).unwrap()
}

/// One for each SONAME.
fn baseline_path() -> PathBuf {
    root().join(concat!("bindings/c/abi/rq-", env!("CARGO_PKG_VERSION_MAJOR"), ".abi"))
}

/// The header without comments and preprocessor lines, and its macros.
fn stripped(header: &str) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        text += before;
        rest = comment.split_once("*/").unwrap().1;
    }
    text += rest;
    let mut macros = Vec::new();
    let (mut code, mut cplusplus) = (String::new(), false);
    for line in text.lines() {
        let line = line.split("//").next().unwrap().trim();
        match line.strip_prefix('#') {
            None if cplusplus => {}
            None => code += &format!("{line}\n"),
            Some(line) => {
                cplusplus = line == "ifdef __cplusplus";
                // The version is not the ABI's, the guard holds nothing.
                if let Some(named) = line.strip_prefix("define ")
                    && !named.starts_with("RQ_VERSION")
                    && named != "RQ_H"
                {
                    macros.push(format!("macro {}", words(named)));
                }
            }
        }
    }
    (code, macros)
}

/// The text with one space between words, none around stars and brackets but before a star.
fn words(text: &str) -> String {
    let spaced = text.replace('*', " * ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").replace("* *", "**")
}

/// A declaration of the header in one line; its first two words say what it is and its name.
fn declaration(text: &str) -> Vec<String> {
    if let Some(body) = text.strip_prefix("typedef enum") {
        let (values, name) = body.trim().trim_start_matches('{').rsplit_once('}').unwrap();
        let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
        let line = |value| format!("value {} of {}", words(value), name.trim());
        return values.map(line).chain([format!("enum {}", name.trim())]).collect();
    }
    if let Some(callback) = text.strip_prefix("typedef ").filter(|text| text.contains("(*")) {
        let (result, rest) = callback.split_once("(*").unwrap();
        let (name, parameters) = rest.split_once(")(").unwrap();
        return vec![format!("callback {name} {}", signature(result, parameters))];
    }
    if let Some(handle) = text.strip_prefix("typedef struct ") {
        let (tag, name) = handle.split_once(' ').unwrap();
        assert_eq!(tag, name, "a handle under two names");
        return vec![format!("handle {name}")];
    }
    let (declarator, parameters) = text.split_once('(').unwrap_or_else(|| panic!("{text}: what?"));
    let at = declarator.rfind("rq_").unwrap();
    vec![format!("function {} {}", &declarator[at..], signature(&declarator[..at], parameters))]
}

/// `int64_t (rq_response *, void *, size_t)`: what is returned, and the parameters' types.
fn signature(result: &str, parameters: &str) -> String {
    let parameters = parameters.trim_end().trim_end_matches(')');
    let types: Vec<String> = parameters.split(',').map(type_of).collect();
    format!("{} ({})", words(result), types.join(", "))
}

/// The type of a parameter: all but its name.
fn type_of(parameter: &str) -> String {
    let parameter = words(parameter);
    match parameter.rsplit_once(' ') {
        Some((before, name)) if !name.contains('*') => before.to_owned(),
        _ => parameter,
    }
}

/// Everything that a header promises to compiled programs, and to those that are compiled again.
fn declarations(header: &str) -> BTreeSet<String> {
    let (code, macros) = stripped(header);
    let mut found: BTreeSet<String> = macros.into_iter().collect();
    for text in code.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        found.extend(declaration(text));
    }
    found
}

/// What the baseline has and the header has not, each with what stands in its place now.
fn broken(baseline: &BTreeSet<String>, now: &BTreeSet<String>) -> Vec<String> {
    let subject = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let tell = |line: &String| {
        let other = now.iter().find(|other| subject(other) == subject(line));
        let other = other.map_or("gone", String::as_str);
        format!("- {line}\n+ {other}")
    };
    baseline.difference(now).map(tell).collect()
}

fn read_baseline() -> BTreeSet<String> {
    let text = std::fs::read_to_string(baseline_path()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn what_the_baseline_promises_is_kept() {
    let (baseline, now) = (read_baseline(), declarations(&header()));
    let (lost, bless) = (broken(&baseline, &now), std::env::var("RQ_BLESS").unwrap_or_default());
    if bless == "abi" || (!bless.is_empty() && lost.is_empty()) {
        let text: String = now.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(baseline_path(), text).unwrap();
        return;
    }
    assert!(
        lost.is_empty(),
        "the ABI is no longer that of {}:\n{}\nPrograms that use it break. If that is meant: \
         `make abi`, and a line in CHANGELOG.md (see CONTRIBUTING.md).",
        baseline_path().display(),
        lost.join("\n")
    );
    let added: Vec<&String> = now.difference(&baseline).collect();
    if !added.is_empty() {
        let mut out = std::io::stderr();
        writeln!(out, "new in the ABI, to be taken into the baseline by `make header`: {added:#?}")
            .unwrap();
    }
}

#[test]
fn every_function_value_and_handle_is_seen() {
    let (header, found) = (header(), declarations(&header()));
    let count = |kind: &str| found.iter().filter(|line| line.starts_with(kind)).count();
    let starts = |what: &str| header.lines().filter(|line| line.starts_with(what)).count();
    assert_eq!(count("handle "), starts("typedef struct "));
    assert_eq!(count("enum "), starts("typedef enum "));
    assert_eq!(count("value "), starts("  RQ_"));
    let declares = |line: &&str| line.contains("(*rq_") && line.starts_with("typedef ");
    assert_eq!(count("callback "), header.lines().filter(declares).count());
    let comments = header.lines().filter(|line| *line == "/**").count();
    let others = ["handle ", "enum ", "callback "].map(count).iter().sum::<usize>();
    assert_eq!(count("function "), comments - others);
    assert!(count("function ") > 100);
    assert!(
        found
            .contains("function rq_body_read int64_t (rq_response *, void *, size_t, rq_error **)")
    );
    assert!(found.contains("value RQ_ERR_DNS = 200 of rq_code"));
    assert!(found.contains("callback rq_free_fn void (void *)"));
}

/// What the guard says of a header in which `from`, behind the introduction, is replaced.
#[track_caller]
fn verdict(from: &str, to: &str) -> Vec<String> {
    let header = header();
    let (_, code) = header.split_once("#define RQ_H\n").unwrap();
    assert!(code.contains(from), "{from} is not in the header");
    broken(&declarations(code), &declarations(&code.replacen(from, to, 1)))
}

#[test]
fn a_doctored_header_is_told() {
    let doctored = [
        ("void *buf, size_t cap", "void *buf, int cap"),
        ("const char *rq_version(void);", ""),
        ("RQ_ERR_DNS = 200", "RQ_ERR_DNS = 207"),
        ("RQ_STEP_TLS = 3,", ""),
        ("uint32_t rq_version_number(void);", "uint64_t rq_version_number(void);"),
        ("bool rq_response_ok(", "int rq_response_ok("),
        ("rq_error_message(const rq_error *error)", "rq_error_message(rq_error *error)"),
        ("typedef bool (*rq_rewind_fn)(void *context, ", "typedef bool (*rq_rewind_fn)("),
        ("typedef struct rq_part rq_part;", ""),
        ("} rq_tls;", "} rq_tls_version;"),
        ("const char *user, const char *password, rq_error", "const char *user, rq_error"),
    ];
    for (from, to) in doctored {
        let lost = verdict(from, to);
        assert!(!lost.is_empty(), "{from} became {to}, and the guard let it pass");
        assert!(lost[0].starts_with("- ") && lost[0].contains("\n+ "), "{lost:?}");
    }
    let lost = verdict("RQ_ERR_DNS = 200", "RQ_ERR_DNS = 207");
    let said = "- value RQ_ERR_DNS = 200 of rq_code\n+ value RQ_ERR_DNS = 207 of rq_code";
    assert_eq!(lost, [said]);
    let lost = verdict("void rq_part_type(", "void rq_part_kind(");
    assert!(lost[0].ends_with("\n+ gone"), "{lost:?}");
}

#[test]
fn what_is_added_or_worded_otherwise_passes() {
    let version = "const char *rq_version(void);";
    let harmless = [
        (version, "const char *rq_version(void);\n\nvoid rq_more(rq_session *s, int n);"),
        ("RQ_TLS_1_3 = 13,", "RQ_TLS_1_3 = 13,\n  RQ_TLS_1_4 = 14,"),
        (version, "const char *\n   rq_version( void ) ;"),
        ("void *buf, size_t cap", "void *into, size_t room"),
        ("#define RQ_VERSION_MINOR 1", "#define RQ_VERSION_MINOR 2\n#define RQ_NEW 1"),
        ("typedef struct rq_part rq_part;", "typedef struct rq_part rq_part;\ntypedef struct A A;"),
        (" * Reads some of the body", " * Reads a part of the body"),
    ];
    for (from, to) in harmless {
        assert_eq!(verdict(from, to), [""; 0], "{from} became {to}");
    }
}
