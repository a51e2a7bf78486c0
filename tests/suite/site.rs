//! The site: it is built without a warning, its links lead somewhere, and it works in a browser.

use std::sync::OnceLock;

use crate::case::{Case, ensure};
use crate::process::{Result, command, succeed};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("make site", || Ok(built()?)),
        Case::new("links of the site", || check("links.py build/site")),
        // The screenshots are for people.
        Case::new("the site in Chromium", || check("browse.py build/site build/test/site")),
    ]
}

/// Builds the site, once. A warning is an error.
fn built() -> Result<(), String> {
    static RESULT: OnceLock<Result<(), String>> = OnceLock::new();
    let make = || succeed(command("make site"), 600).map(drop).map_err(|error| error.to_string());
    RESULT.get_or_init(make).clone()
}

fn check(script: &str) -> Result {
    ensure!(built().is_ok(), "there is no site");
    succeed(command(&format!("python3 tests/site/{script}")), 600).map(drop)
}
