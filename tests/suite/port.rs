//! Code for systems on which the tests do not run, checked with the declarations of those systems.

use std::fs;

use crate::case::{Case, ensure};
use crate::files::read;
use crate::process::{Result, scratch, succeed};
use crate::toolchain::command;

pub const TARGETS: [&str; 3] =
    ["aarch64-apple-darwin", "x86_64-apple-darwin", "x86_64-unknown-freebsd"];

pub fn cases() -> Vec<Case> {
    TARGETS.map(|target| Case::new(format!("types for {target}"), || check(target))).into()
}

/// Checks the types of tests/port/.
fn check(target: &str) -> Result {
    let line = format!(
        "cargo check --quiet --locked -Zbuild-std=core --target {target} \
         --manifest-path tests/port/Cargo.toml --target-dir build/port"
    );
    let mut check = command(&line);
    // The compiler of Debian comes with the source of core.
    check.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
    succeed(check, 600).map(drop)
}

/// Compares the poller's own declaration of kevent's struct and constants with a header, which `flags` find.
pub fn declarations(flags: &str) -> Result {
    let mut unit = "#include <stddef.h>\n#include <sys/event.h>\n".to_string();
    let mut assert = |condition: String| unit += &format!("_Static_assert({condition}, \"\");\n");
    let (mut offset, mut count) = (0, 0);
    let abi = read("src/rt/os/poller/kqueue_abi.rs")?;
    for line in abi.lines().filter_map(|line| line.trim().strip_prefix("pub(crate) ")) {
        if let Some(("const", constant)) = line.split_once(' ')
            && let Some((name, value)) = constant.trim_end_matches(';').split_once(" = ")
        {
            let name = name.split(':').next().unwrap_or_default();
            assert(format!("{name} == {}", value.replace('_', "")));
            count += 1;
        } else if let Some((name, kind)) = line.trim_end_matches(',').split_once(": ") {
            let size = match kind {
                "i16" | "u16" => 2,
                "u32" => 4,
                _ => 8,
            };
            assert(format!("offsetof(struct kevent, {name}) == {offset}"));
            assert(format!("sizeof((struct kevent *)0)->{name} == {size}"));
            offset += size;
            count += 1;
        }
    }
    assert(format!("sizeof(struct kevent) == {offset}"));
    ensure!(count == 19, "kqueue_abi.rs has {count} declarations, not 19");
    let path = scratch(&format!("declarations{}", flags.replace([' ', '/'], "_")))?.join("unit.c");
    fs::write(&path, unit)?;
    succeed(command(&format!("cc -fsyntax-only {flags} {}", path.display())), 60).map(drop)
}
