//! The list of `suffix` against the `psl` crate's code, over every rule; and how the file is made:
//! `cargo update -p psl`, then `RQ_BLESS=1 cargo test --workspace --lib suffix`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use psl::{List, Psl};

use super::suffix::is_listed;

/// MPL 2.0 asks for it.
const NOTICE: &str = "\
# This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.
# If a copy of the MPL was not distributed with this file, You can obtain one at
# https://mozilla.org/MPL/2.0/. It is the list of https://publicsuffix.org/, in another form.
";

/// The list that the `psl` crate is made from, a rule a line.
fn rules() -> Vec<String> {
    let arguments = ["metadata", "--format-version", "1", "--offline", "--locked"];
    let told = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    let psl = packages.iter().find(|package| package["name"] == "psl").unwrap();
    let manifest = PathBuf::from(psl["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(manifest.with_file_name("data").join("rules.txt")).unwrap();
    let rules: Vec<String> = text.lines().map(in_ascii).collect();
    assert!(rules.len() > 10_000, "{} rules", rules.len());
    rules
}

/// Label by label: `*` and `!city` are none that IDNA knows.
fn in_ascii(rule: &str) -> String {
    let label = |label: &str| match label.is_ascii() {
        true => label.to_owned(),
        false => idna::domain_to_ascii(label).unwrap(),
    };
    rule.trim().split('.').map(label).collect::<Vec<_>>().join(".")
}

fn file_of(rules: &[String]) -> String {
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (label, parent) in rules.iter().filter_map(|rule| rule.split_once('.')) {
        below.entry(parent).or_default().insert(label);
    }
    let line = |(parent, labels): (&str, BTreeSet<&str>)| {
        labels.into_iter().fold(parent.to_owned(), |line, label| line + " " + label) + "\n"
    };
    NOTICE.to_owned() + &below.into_iter().map(line).collect::<String>()
}

#[test]
fn the_list_is_the_psl_crates() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cookies/suffixes.txt");
    let made = file_of(&rules());
    if std::env::var_os("RQ_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == made, "suffixes.txt is of another list: RQ_BLESS=1 makes it anew");
}

#[test]
fn every_rule_says_what_it_says_to_the_psl_crate() {
    let by_psl = |name: &str| List.suffix(name.as_bytes()).is_some_and(|found| found == name);
    let (mut suffixes, mut others, mut odd) = (0, 0, BTreeSet::new());
    let rules = rules();
    let all: BTreeSet<&str> = rules.iter().map(String::as_str).collect();
    for rule in &rules {
        let name = rule.trim_start_matches('!').replace('*', "any");
        let above = name.split_once('.').map_or("", |(_, above)| above);
        let names = [
            name.clone(),
            above.to_owned(),
            format!("any.{name}"),
            format!("any.{above}"),
            format!("a.b.{name}"),
            format!("a{name}"),
            format!("{name}a"),
        ];
        for name in names.iter().filter(|name| !name.split('.').any(str::is_empty)) {
            let found = is_listed(name);
            if found != by_psl(name) {
                // The crate forgets what `*.at` says of `b.at` where there is a rule `*.b.at`.
                let (_, above) = name.split_once('.').unwrap();
                assert!(found && all.contains(format!("*.{above}").as_str()), "{name}");
                assert!(all.contains(format!("*.{name}").as_str()), "{name}");
                odd.insert(name.clone());
            }
            *(if found { &mut suffixes } else { &mut others }) += 1;
        }
    }
    assert!(suffixes > 10_000 && others > 10_000, "{suffixes} suffixes, {others} others");
    assert!(odd.len() < 100, "{odd:?}");
}
