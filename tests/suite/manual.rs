//! The manual pages, as the tools that show them see them.

use std::fs;

use crate::install::{is_clean, make, prefix};
use crate::process::{command, promised_names, run, succeed};
use crate::work::Case;

/// What mandoc says of pages that stand beside the system's, whose list of pages it does not have, and of
/// an `.Os` that is no system.
const BESIDE: [&str; 3] =
    ["referenced manual not found", "mandoc.db", "operating system explicitly specified"];

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("mandoc -T lint", || pages_are_clean("mandoc -T lint {}", &BESIDE)),
        Case::new("man --warnings", || {
            // Of the output only what is said on stderr counts.
            pages_are_clean("man --warnings -EUTF-8 -Tutf8 -Z ./{} 2>&1 >/dev/null", &[])
        }),
        Case::new("man finds every public name", man_finds_every_name),
        Case::new("docs/api is fresh", reference_is_fresh),
    ]
}

/// Does `line` say nothing of any page, other than about `allowed`?
fn pages_are_clean(line: &str, allowed: &[&str]) -> Result<(), String> {
    let pages = fs::read_dir("man").map_err(|error| error.to_string())?;
    let mut pages: Vec<_> =
        pages.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    pages.retain(|path| path.extension().is_some_and(|section| section == "3" || section == "7"));
    (pages.len() > 50).then_some(()).ok_or("there are too few pages")?;
    let mut told = String::new();
    for page in pages {
        let line = line.replace("{}", &page.display().to_string());
        let mut shell = command("sh -c");
        shell.arg(line).env("LC_ALL", "C.UTF-8");
        let output = run(shell, 60)?.output;
        let lines = output.lines().filter(|line| !allowed.iter().any(|text| line.contains(text)));
        lines.for_each(|line| told = format!("{told}{line}\n"));
    }
    if told.is_empty() { Ok(()) } else { Err(told) }
}

fn man_finds_every_name() -> Result<(), String> {
    let (folder, prefix) = prefix("man")?;
    make("install", &[("PREFIX", &prefix)])?;
    let mut names = promised_names(None)?;
    names.extend(["aco", "acort", "aco_yield", "aco_exit", "aco_t"].map(String::from));
    let man = |options: &str| {
        let mut man = command("man -M");
        man.arg(format!("{prefix}/share/man")).args(options.split(' ')).env("LC_ALL", "C.UTF-8");
        man
    };
    // Where each is: man fails where one is nowhere.
    let mut places = man("-w 3");
    places.args(&names);
    let places = succeed(places, 60)?;
    (places.lines().count() == names.len()).then_some(()).ok_or(places)?;
    for name in ["aco", "aco_yield", "acort_chan_t"] {
        let text = succeed(man(&format!("-P cat 3 {name}")), 60)?;
        text.contains(name).then_some(()).ok_or_else(|| format!("{name}(3): {text}"))?;
    }
    let mut concepts = man("-w 7");
    concepts.args(["aco", "acort", "acort_environment"]);
    succeed(concepts, 60)?;
    make("uninstall", &[("PREFIX", &prefix)])?;
    is_clean(&folder.join("usr"))
}

/// It is made from the manual pages by mandoc.
fn reference_is_fresh() -> Result<(), String> {
    let test = "cargo test --quiet --locked --test manual -- --ignored";
    succeed(command(test), 900).map(drop)
}
