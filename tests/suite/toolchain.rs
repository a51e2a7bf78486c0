//! The C and C++ compilers, which the crate `cc` finds and asks.

use std::env::consts::ARCH;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::case::ensure;
use crate::process::{self, Result};
use crate::targets;

/// Compilers that the environment may replace, beside those of `targets`: CC, CXX, CC_aarch64_unknown_linux_gnu and
/// their like name others.
const REPLACEABLE: [&str; 2] = ["cc", "c++"];
/// Compilers that are called by their name.
const NAMED: [&str; 4] = ["clang", "clang++", "musl-gcc", "x86_64-linux-gnu-gcc"];

/// Clones share what `cc` knows of compilers.
static SETTINGS: LazyLock<cc::Build> = LazyLock::new(|| {
    let mut settings = cc::Build::new();
    settings.host(&format!("{ARCH}-unknown-linux-gnu")).opt_level(0).no_default_flags(true);
    settings.warnings(true).extra_warnings(true).warnings_into_errors(true);
    settings.cargo_metadata(false).cargo_warnings(false).inherit_rustflags(false);
    settings
});

fn is_replaceable(name: &str) -> bool {
    REPLACEABLE.contains(&name) || targets::of_compiler(name).is_some()
}

fn settings(name: &str) -> cc::Build {
    let mut settings = SETTINGS.clone();
    let host = format!("{ARCH}-unknown-linux-gnu");
    let target = targets::of_compiler(name);
    settings.cpp(name.ends_with("++")).target(target.map_or(&host, |target| target.triple()));
    if !is_replaceable(name) {
        settings.compiler(name);
    }
    settings
}

/// Returns the command of a line, whose words are separated by spaces. If the first word is the name of a compiler,
/// warnings are errors, and CFLAGS or CXXFLAGS are among its arguments.
pub fn command(line: &str) -> Command {
    let name = line.split_whitespace().next().unwrap_or_default();
    if !is_replaceable(name) && !NAMED.contains(&name) {
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
