//! The manual pages, checked by the tools that show them.

use crate::case::{Case, ensure};
use crate::exports::promised_names;
use crate::files::files;
use crate::install::{make, prefix, uninstall};
use crate::process::{Result, run, succeed};
use crate::toolchain::command;

/// Messages of mandoc about pages that are not installed, and about an `.Os` that is no system.
const NOT_INSTALLED: [&str; 3] =
    ["referenced manual not found", "mandoc.db", "operating system explicitly specified"];

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("mandoc -T lint", || pages_are_clean("mandoc -T lint {}", &NOT_INSTALLED)),
        // Only its stderr counts.
        Case::new("man --warnings", || {
            pages_are_clean("man --warnings -EUTF-8 -Tutf8 -Z ./{} 2>&1 >/dev/null", &[])
        }),
        Case::new("man finds every public name", man_finds_every_name),
        // mandoc makes it from the manual pages.
        Case::new("docs/api is fresh", || {
            let test = "cargo test --quiet --locked --test manual -- --ignored";
            succeed(command(test), 900).map(drop)
        }),
    ]
}

/// Runs `line` for each page. It may print nothing but the `allowed` messages.
fn pages_are_clean(line: &str, allowed: &[&str]) -> Result {
    let pages = files("man", &["3", "7"])?;
    ensure!(pages.len() > 50, "there are {} pages", pages.len());
    let mut messages = String::new();
    for page in pages {
        let line = line.replace("{}", &page.display().to_string());
        let output = run(command("sh -c").arg(line).env("LC_ALL", "C.UTF-8"), 60)?.text;
        let lines = output.lines().filter(|line| !allowed.iter().any(|text| line.contains(text)));
        lines.for_each(|line| messages = format!("{messages}{line}\n"));
    }
    ensure!(messages.is_empty(), "{messages}");
    Ok(())
}

fn man_finds_every_name() -> Result {
    let (folder, prefix) = prefix("man")?;
    make("install", &[("PREFIX", &prefix)])?;
    let mut names = promised_names(None)?;
    names.extend(["aco", "acort", "aco_yield", "aco_exit", "aco_t"].map(String::from));
    let man = |options: &str| {
        let mut man = command("man -M");
        man.arg(format!("{prefix}/share/man")).args(options.split(' ')).env("LC_ALL", "C.UTF-8");
        man
    };
    // The path of each page: man fails if a name has none.
    let paths = succeed(man("-w 3").args(&names), 60)?;
    ensure!(paths.lines().count() == names.len(), "{paths}");
    for name in ["aco", "aco_yield", "acort_chan_t"] {
        let text = succeed(man(&format!("-P cat 3 {name}")), 60)?;
        ensure!(text.contains(name), "{name}(3): {text}");
    }
    succeed(man("-w 7").args(["aco", "acort", "acort_environment"]), 60)?;
    uninstall(&[("PREFIX", &prefix)], &folder.join("usr"))
}
