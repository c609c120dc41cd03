//! Gives librq.so its SONAME, which cargo sets for no cdylib; an unwinder of its own, since finding
//! and loading libgcc_s.so takes a short program a fifteenth of its time; and packed relocations,
//! which are a fiftieth of its size.

use std::env::var;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let major = var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    if var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,librq.so.{major}");
    }
    if knows_packed_relocations() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
    }
    if let Some(folder) = unwinder() {
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the library is for machines like this one, which has glibc.
fn is_for_here() -> bool {
    var("TARGET") == var("HOST") && var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu")
}

fn said_by(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    String::from_utf8(output.stdout).ok().map(|said| said.trim().to_owned())
}

/// glibc reads them from 2.36 on, and the linker says so in the library.
fn knows_packed_relocations() -> bool {
    let version = said_by("getconf", "GNU_LIBC_VERSION").unwrap_or_default();
    let minor = version.strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    is_for_here() && minor.is_some_and(|minor| minor >= 36)
}

/// Where this machine's own compiler keeps libgcc_eh.a; without it libgcc_s.so is what is linked.
fn unwinder() -> Option<String> {
    let path = said_by("cc", "-print-file-name=libgcc_eh.a").filter(|_| is_for_here())?;
    let path = Path::new(&path);
    if path.is_absolute() { path.parent()?.to_str().map(str::to_owned) } else { None }
}
