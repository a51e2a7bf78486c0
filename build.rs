//! Makes `cargo build` export the whole ABI.
//!
//! rustc links a cdylib with a version script of its own that keeps only Rust `#[no_mangle]`
//! items; the TLS variable, which assembly defines, is not among them. lld and mold merge a
//! second script into the first, GNU ld refuses one, hence `-fuse-ld=lld`. The shared library
//! that is installed does not come from here: the Makefile links it, with any linker and with
//! symbol versions.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=libaco.map");
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("libaco.map")).expect("libaco.map is readable");

    // The names alone: rustc's script has no version node, and mixing the two would give some
    // symbols a version and others none.
    let names = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let has_runtime = env::var_os("CARGO_FEATURE_RT").is_some();
    let names = names.filter(|name| name.starts_with("aco"));
    let names = names.filter(|name| has_runtime || !name.starts_with("acort_"));
    let script: String = names.map(|name| format!("  {name};\n")).collect();
    let path = PathBuf::from(variable("OUT_DIR")).join("exports.map");
    fs::write(&path, format!("{{ global:\n{script}}};\n")).expect("OUT_DIR is writable");

    for argument in [
        format!("-Wl,--version-script={}", path.display()),
        format!("-Wl,-soname,libaco.so.{}", variable("CARGO_PKG_VERSION_MAJOR")),
        "-Wl,-z,relro,-z,now,-z,noexecstack,-z,nodelete".to_string(),
        // The bounds of the section that threads share are nobody else's.
        "-Wl,-z,start-stop-visibility=hidden".to_string(),
        "-fuse-ld=lld".to_string(),
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
