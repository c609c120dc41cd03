//! include/rq.h is what cbindgen makes of the sources, with a program behind each section of its
//! introduction; it agrees with the package's version and is documented throughout. ctest/programs
//! compiles and runs the programs.

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generated() -> String {
    let package = env!("CARGO_MANIFEST_DIR");
    let mut config = cbindgen::Config::from_file(format!("{package}/cbindgen.toml")).unwrap();
    config.header = config.header.map(|introduction| with_programs(&introduction));
    let mut header = Vec::new();
    cbindgen::generate_with_config(package, config).unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

/// The introduction with the program of each section, bindings/c/programs/the_title.c, at its end.
fn with_programs(introduction: &str) -> String {
    let (mut text, mut open) = (String::new(), None);
    for line in introduction.lines() {
        let title = line.strip_prefix(" * ").filter(|line| is_title(line));
        if (title.is_some() || line == " */")
            && let Some(program) = open.take()
        {
            text += &indented(program);
            text += if title.is_some() { " *\n" } else { "" };
        }
        open = title.or(open);
        text += line;
        text += "\n";
    }
    text
}

fn is_title(line: &str) -> bool {
    line.len() > 2 && line.bytes().all(|c| c.is_ascii_uppercase() || c == b' ')
}

fn program_of(title: &str) -> PathBuf {
    let name = title.to_lowercase().replace(' ', "_");
    root().join(format!("bindings/c/programs/{name}.c"))
}

fn indented(title: &str) -> String {
    let path = program_of(title);
    let program = std::fs::read_to_string(&path).unwrap_or_else(|_| {
        panic!("the section {title} has no program {}", path.display());
    });
    let line = |line: &str| format!(" *     {line}").trim_end().to_owned() + "\n";
    program.lines().map(line).collect()
}

#[test]
fn every_program_is_a_sections_and_fits_into_it() {
    let header = generated();
    let sections: Vec<PathBuf> = header
        .lines()
        .take_while(|line| *line != " */")
        .filter_map(|line| line.strip_prefix(" * ").filter(|line| is_title(line)))
        .map(program_of)
        .collect();
    let folder = std::fs::read_dir(root().join("bindings/c/programs")).unwrap();
    let programs: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(programs.len(), sections.len(), "{programs:?}");
    for path in programs {
        assert!(sections.iter().any(|section| section.ends_with(path.file_name().unwrap())));
        let program = std::fs::read_to_string(&path).unwrap();
        assert!(!program.contains("/*"), "{} would end the header's comment", path.display());
        assert!(program.lines().all(|line| line.len() <= 93), "{} is too wide", path.display());
        assert!(program.lines().count() <= 40, "{} is too long", path.display());
    }
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

#[test]
fn rq_sugar_knows_every_handle_that_is_the_callers() {
    let sugar = std::fs::read_to_string(root().join("bindings/c/include/rq_sugar.h")).unwrap();
    let header = generated();
    let frees = header.lines().filter_map(|line| line.strip_prefix("void rq_"));
    let nouns: Vec<&str> = frees.filter_map(|line| Some(line.split_once("_free(")?.0)).collect();
    assert!(nouns.len() >= 8, "{nouns:?}");
    for noun in &nouns {
        let keep = format!("static inline rq_{noun} *rq_keep_{noun}(rq_{noun} **variable) {{");
        assert!(sugar.contains(&keep), "rq_sugar.h cannot keep a rq_{noun}");
        let drop = format!("static inline void rq_drop_{noun}(rq_{noun} **variable) {{");
        assert!(sugar.contains(&drop), "rq_sugar.h cannot drop a rq_{noun}");
        let free = format!("rq_{noun}_free(rq_keep_{noun}(variable));");
        assert!(sugar.contains(&free), "rq_sugar.h does not free a rq_{noun}");
    }
    assert_eq!(sugar.matches("static inline void rq_drop_").count(), nouns.len());
    let words: Vec<&str> = sugar.split_whitespace().filter(|word| *word != "*").collect();
    assert!(words.join(" ").contains(&format!("{}.", list(&nouns))), "its list is not {nouns:?}");
}

/// `a, b, c` in the order of the alphabet.
fn list(nouns: &[&str]) -> String {
    let mut nouns = nouns.to_vec();
    nouns.sort_unstable();
    nouns.join(", ")
}

#[test]
fn what_cargo_c_is_told_is_there() {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
    let files: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ from = \""))
        .filter_map(|line| Some(line.split_once('"')?.0))
        .collect();
    assert_eq!(files, ["../../include/rq.h", "include/rq_sugar.h"]);
    assert!(files.iter().all(|file| package.join(file).is_file()), "{files:?}");
    // The SONAME is librq.so.MAJOR, as in build.rs and install.sh.
    assert!(manifest.contains("\nversion_suffix_components = 1\n"));
    assert!(manifest.contains("\ncapi = []\n") && manifest.contains("\ngeneration = false\n"));
}
