//! What is written for systems that the tests do not run on, by those systems' declarations.

use std::fs;

use crate::process::{command, scratch, succeed};
use crate::work::Case;

const TARGETS: [&str; 3] =
    ["aarch64-apple-darwin", "x86_64-apple-darwin", "x86_64-unknown-freebsd"];

pub fn cases() -> Vec<Case> {
    TARGETS.map(|target| Case::new(format!("types for {target}"), move || has_types(target))).into()
}

/// Do the types of tests/port/ fit?
fn has_types(target: &str) -> Result<(), String> {
    let line = format!(
        "cargo check --quiet --locked -Zbuild-std=core --target {target} \
         --manifest-path tests/port/Cargo.toml --target-dir build/port"
    );
    let mut command = command(&line);
    // Debian's compiler, which brings the source of core.
    command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
    succeed(command, 600).map(drop)
}

/// Is the poller's own declaration of kevent's struct and numbers that of a header, which `flags` find?
pub fn declarations(flags: &str) -> Result<(), String> {
    let abi =
        fs::read_to_string("src/rt/os/poller/kqueue_abi.rs").map_err(|error| error.to_string())?;
    let mut unit = "#include <stddef.h>\n#include <sys/event.h>\n".to_string();
    let mut place = 0;
    let mut count = 0;
    for line in abi.lines().filter_map(|line| line.trim().strip_prefix("pub(crate) ")) {
        if let Some(("const", constant)) = line.split_once(' ')
            && let Some((name, value)) = constant.trim_end_matches(';').split_once(" = ")
        {
            let name = name.split(':').next().unwrap_or_default();
            unit += &format!("_Static_assert({name} == {}, \"{name}\");\n", value.replace('_', ""));
            count += 1;
        } else if let Some((name, sort)) = line.trim_end_matches(',').split_once(": ") {
            let size = match sort {
                "i16" | "u16" => 2,
                "u32" => 4,
                _ => 8,
            };
            let of = format!("offsetof(struct kevent, {name}) == {place}");
            unit += &format!("_Static_assert({of}, \"{name}\");\n");
            let of = format!("sizeof((struct kevent *)0)->{name} == {size}");
            unit += &format!("_Static_assert({of}, \"{name}\");\n");
            place += size;
            count += 1;
        }
    }
    unit += &format!("_Static_assert(sizeof(struct kevent) == {place}, \"struct kevent\");\n");
    if count != 19 {
        return Err(format!("{count} declarations are found in kqueue_abi.rs, not 19"));
    }
    let path = scratch(&format!("declarations{}", flags.replace([' ', '/'], "_")))?.join("unit.c");
    fs::write(&path, unit).map_err(|error| error.to_string())?;
    succeed(command(&format!("cc -fsyntax-only {flags} {}", path.display())), 60).map(drop)
}
