//! The C and C++ compilers, which the crate `cc` finds and asks.

use std::env::consts::ARCH;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::case::ensure;
use crate::process::{self, Result};

/// Compilers that the environment may replace: CC, CXX, CC_aarch64_unknown_linux_gnu and their like name others.
const REPLACEABLE: [&str; 4] = ["cc", "c++", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++"];
/// Compilers that are called by their name.
const NAMED: [&str; 4] = ["clang", "clang++", "musl-gcc", "x86_64-linux-gnu-gcc"];

pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// Clones share what `cc` knows of compilers.
static SETTINGS: LazyLock<cc::Build> = LazyLock::new(|| {
    let mut settings = cc::Build::new();
    settings.host(&format!("{ARCH}-unknown-linux-gnu")).opt_level(0).no_default_flags(true);
    settings.warnings(true).extra_warnings(true).warnings_into_errors(true);
    settings.cargo_metadata(false).cargo_warnings(false).inherit_rustflags(false);
    settings
});

fn settings(name: &str) -> cc::Build {
    let mut settings = SETTINGS.clone();
    let arch = if name.starts_with("aarch64") { "aarch64" } else { ARCH };
    settings.cpp(name.ends_with("++")).target(&format!("{arch}-unknown-linux-gnu"));
    if !REPLACEABLE.contains(&name) {
        settings.compiler(name);
    }
    settings
}

/// Returns the command of a line, whose words are separated by spaces. If the first word is the name of a compiler,
/// warnings are errors, and CFLAGS or CXXFLAGS are among its arguments.
pub fn command(line: &str) -> Command {
    let name = line.split_whitespace().next().unwrap_or_default();
    if !REPLACEABLE.contains(&name) && !NAMED.contains(&name) {
        return process::command(line);
    }
    let tool = settings(name).get_compiler();
    // Tool::to_command() writes the whole environment, which a failure would print.
    let mut command = Command::new(tool.path());
    command.args(tool.args()).args(line.split_whitespace().skip(1));
    command
}

/// Returns the program that is called for the compiler `name`.
pub fn program(name: &str) -> PathBuf {
    settings(name).get_compiler().path().into()
}

/// Returns true if the installed compiler knows the flag.
pub fn accepts(name: &str, flag: &str) -> Result<bool> {
    let settings = settings(name);
    ensure!(settings.is_flag_supported("-O1")?, "the search for flags of {name} is broken");
    Ok(settings.is_flag_supported(flag)?)
}

/// Returns true if the command of the line is available.
pub fn is_available(line: &str) -> bool {
    process::is_available(command(line))
}
