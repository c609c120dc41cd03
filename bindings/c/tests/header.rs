//! include/rq.h is what cbindgen makes of the sources, agrees with the package's version, and is
//! documented throughout.

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated() -> String {
    let package = env!("CARGO_MANIFEST_DIR");
    let config = cbindgen::Config::from_file(format!("{package}/cbindgen.toml")).unwrap();
    let mut header = Vec::new();
    cbindgen::generate_with_config(package, config).unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_committed_header_is_current() {
    let (made, path) = (generated(), root().join("include/rq.h"));
    if std::env::var_os("RQ_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(made == committed, "include/rq.h is stale: run `make header` and commit it");
}

#[test]
fn the_version_macros_are_the_packages_version() {
    let header = generated();
    let version = env!("CARGO_PKG_VERSION");
    assert!(header.contains(&format!("#define RQ_VERSION \"{version}\"")));
    let parts = ["MAJOR", "MINOR", "PATCH"].into_iter().zip(version.split('.'));
    for (part, number) in parts {
        assert!(header.contains(&format!("#define RQ_VERSION_{part} {number}\n")), "{part}");
    }
}

#[test]
fn every_function_is_documented() {
    let header = generated();
    let mut functions = 0;
    let lines: Vec<&str> = header.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let declares = line.contains(" rq_") || line.contains("*rq_");
        if !declares || !line.contains('(') || line.starts_with(" *") || line.starts_with(' ') {
            continue;
        }
        functions += 1;
        assert_eq!(lines[at - 1], " */", "{line} has no comment");
        let comment: String = lines[..at]
            .iter()
            .rev()
            .skip(1)
            .take_while(|line| !line.starts_with("/**"))
            .copied()
            .collect();
        assert!(comment.contains("Since: "), "{line} does not say since when it exists");
    }
    assert!(functions > 50, "only {functions} functions found");
}
