//! Gives librq.so its SONAME, which cargo sets for no cdylib, and an unwinder of its own: finding and
//! loading libgcc_s.so takes a short program a fifteenth of its time.

use std::env::var;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let major = var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    if var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,librq.so.{major}");
    }
    if let Some(folder) = unwinder() {
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Where this machine's own compiler keeps libgcc_eh.a; without it libgcc_s.so is what is linked.
fn unwinder() -> Option<String> {
    let is_here = var("TARGET") == var("HOST");
    if !is_here || var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("gnu") {
        return None;
    }
    let output = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = Path::new(path.trim());
    if path.is_absolute() { path.parent()?.to_str().map(str::to_owned) } else { None }
}
