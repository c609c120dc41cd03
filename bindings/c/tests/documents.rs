//! The C program in the header's introduction compiles, links against librq.so, and fetches.

use std::path::PathBuf;
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program between "A COMPLETE PROGRAM" and "ERRORS", with another URL.
fn introduction(url: &str) -> String {
    let header = std::fs::read_to_string(root().join("include/rq.h")).unwrap();
    let (_, text) = header.split_once("A COMPLETE PROGRAM").unwrap();
    let (text, _) = text.split_once(" * ERRORS").unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix(" *     "));
    let program: Vec<String> =
        lines.map(|line| line.replace("https://example.org/", url)).collect();
    program.join("\n") + "\n"
}

/// Has cargo build librq.so, which it does not do for tests, and names its folder.
fn library_folder() -> PathBuf {
    let cargo = env!("CARGO");
    let built = Command::new(cargo).args(["build", "--quiet", "--locked", "-p", "rq-c"]).status();
    assert!(built.unwrap().success(), "librq.so cannot be built");
    // The test itself is target/debug/deps/documents-….
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_path_buf()
}

#[test]
fn the_program_of_the_header_runs() {
    let server = rq_testd::Server::start();
    let folder = std::env::temp_dir().join(format!("rq-documents-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.c"), introduction(&format!("{}/json", server.http())))
        .unwrap();
    std::os::unix::fs::symlink(library_folder().join("librq.so"), folder.join("librq.so.0"))
        .unwrap();

    let compiler = cc::Build::new()
        .opt_level(1)
        .target(&target())
        .host(&target())
        .cargo_metadata(false)
        .get_compiler();
    let built = compiler
        .to_command()
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(folder.join("main"))
        .arg(folder.join("main.c"))
        .arg(folder.join("librq.so.0"))
        .arg(format!("-I{}", root().join("include").display()))
        .arg(format!("-Wl,-rpath,{}", folder.display()))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let ran = Command::new(folder.join("main")).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(String::from_utf8_lossy(&ran.stdout).contains("\"hello\": \"librq\""));
}

/// The machine's own triple; Linux with glibc is what this package is tested on.
fn target() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}
