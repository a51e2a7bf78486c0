//! The project as Rust: its unit tests, and lints.

use crate::case::Case;
use crate::process::{command, succeed};
use crate::words;

/// The manifests of the library and of this suite.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/suite/Cargo.toml"];

fn succeeds(line: &'static str) -> Case {
    Case::new(line, move || succeed(command(line), 900).map(drop))
}

/// The unit tests, and the tests of the project's form.
pub fn cases() -> Vec<Case> {
    vec![
        succeeds("cargo test --quiet --locked --lib"),
        succeeds("cargo test --quiet --locked --test header"),
        succeeds("cargo test --quiet --locked --test manual"),
        succeeds("cargo test --quiet --locked --test layers"),
    ]
}

/// Runs `line` for the library, and for the suite.
fn succeeds_for_both(line: &'static str) -> Case {
    Case::new(line, move || {
        for manifest in MANIFESTS {
            let line = line.replacen(" --", &format!(" --manifest-path {manifest} --"), 1);
            succeed(command(&line).env("CARGO_TARGET_DIR", "target"), 900)?;
        }
        Ok(())
    })
}

pub fn lint_cases() -> Vec<Case> {
    vec![
        succeeds_for_both("cargo fmt --all -- --check"),
        succeeds_for_both("cargo clippy --quiet --locked --all-targets -- -D warnings"),
        succeeds("cargo clippy --quiet --locked --release --lib -- -D warnings"),
        succeeds("cargo doc --quiet --locked --no-deps --document-private-items"),
        Case::new("bad lines are found", words::finds_faults),
        Case::new("words of comments, columns of lines", words::faults),
    ]
}

/// The files of the runtime in which threads meet, in every order of their steps.
pub fn loom_cases() -> Vec<Case> {
    let cargo = |what: &str, more: &str| {
        let line = format!("cargo {what} --manifest-path tests/loom/Cargo.toml {more}");
        // Loom shows the place of a panic. A trace of it takes longer than the models.
        succeed(command(&line).env("RUST_BACKTRACE", "0"), 600).map(drop)
    };
    vec![Case::new("models", move || {
        cargo("test", "--quiet --locked --target-dir build/loom")?;
        cargo("fmt", "-- --check")
    })]
}
