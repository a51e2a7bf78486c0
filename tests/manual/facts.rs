//! What is known of a function beside its comment: since when it is there, which threads may call it, whether it is a
//! cancellation point.

use std::fs;
use std::path::Path;

use crate::header::Item;

/// The cancellation points without a deadline.
const WITHOUT_DEADLINE: [&str; 4] =
    ["acort_sleep", "acort_yield", "aco_yield_checked", "aco_yield_checked_shared_fpenv"];

/// It has a deadline, but no task may call it.
const OUTSIDE_OF_TASKS: &str = "acort_loop_step";

pub struct Facts {
    pub since: String,
    pub threads: &'static str,
    pub is_cancellation_point: bool,
}

/// The version node of `name` in `libaco.map`. The macros are not there: those of `aco.h` come from libaco 1.2, those of
/// `acort.h` came with its functions.
fn since(root: &Path, name: &str) -> String {
    let map = fs::read_to_string(root.join("libaco.map")).expect("libaco.map is readable");
    let mut version = "";
    for line in map.lines() {
        if let Some(node) = line.strip_prefix("ACO_") {
            version = node.split(' ').next().unwrap_or_default();
        } else if line.trim().strip_suffix(';') == Some(name) {
            return version.to_string();
        }
    }
    if name.starts_with("ACORT_") { "1.3" } else { "1.2" }.to_string()
}

/// The rule of `threads.txt` for `name`: a paragraph is a rule and, in lines that begin with spaces, its functions.
/// A paragraph with the name of a header is for the other functions of that header.
fn threads(name: &str, header: &str) -> &'static str {
    let rule_of = |name: &str| {
        let mut paragraphs = include_str!("threads.txt").split("\n\n").filter_map(|paragraph| {
            let (rule, names) = paragraph.split_once("\n    ").expect("a rule has functions");
            names.split_whitespace().any(|word| word == name).then_some(rule)
        });
        let rule = paragraphs.next();
        assert!(paragraphs.next().is_none(), "{name} has two rules in tests/manual/threads.txt");
        rule
    };
    let rule = rule_of(name).or_else(|| rule_of(header));
    rule.unwrap_or_else(|| panic!("{name} has no rule in tests/manual/threads.txt"))
}

/// The facts about a function of `header`.
pub fn facts(root: &Path, item: &Item, header: &str) -> Facts {
    let has_deadline = item.code.contains("int64_t deadline") && item.name != OUTSIDE_OF_TASKS;
    Facts {
        since: since(root, &item.name),
        threads: threads(&item.name, header),
        is_cancellation_point: has_deadline || WITHOUT_DEADLINE.contains(&&*item.name),
    }
}

/// The names in `threads.txt`.
pub fn named() -> Vec<&'static str> {
    let lines = include_str!("threads.txt").lines().filter(|line| line.starts_with(' '));
    lines.flat_map(str::split_whitespace).filter(|name| !name.ends_with(".h")).collect()
}
