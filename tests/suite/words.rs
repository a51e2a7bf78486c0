//! The words that comments do not use, and the length of lines: a part of the lane `lint`.

use crate::case::ensure;
use crate::files::{files_below, read};
use crate::process::Result;

const FOLDERS: [&str; 4] = ["src", "include", "tests", "c_tests"];

/// The most columns of a line in `src` and `include`.
const MAX_COLUMNS: usize = 120;

/// What the rules for prose banish, with what to write.
const BANISHED: [(&str, &str); 11] = [
    ("nobody", "no thread, no task: name the actor"),
    ("somebody", "the waker, another thread: name the actor"),
    ("whoever", "the waiter, the caller: name the actor"),
    ("for ever", "permanently, is never freed"),
    ("in vain", "without result"),
    ("goes on in", "resumes"),
    ("of itself", "on its own"),
    ("anew", "again, is reset"),
    ("caller's promise", "the fact, or the number of the invariant"),
    ("let through", "is ignored"),
    ("takes for", "treats as"),
];

/// Finds banished words of comments, and lines that are too long.
pub fn faults() -> Result {
    let mut found = Vec::new();
    for path in files_below(&FOLDERS, &["rs", "h", "hpp", "c", "cpp"])? {
        let is_bounded = path.starts_with("src") || path.starts_with("include");
        let (name, text) = (path.display(), read(&path)?);
        // This file has the words.
        if !path.ends_with("suite/words.rs") {
            found.extend(faults_of(&text, is_bounded).map(|fault| format!("{name}:{fault}")));
        }
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

fn faults_of(text: &str, is_bounded: bool) -> impl Iterator<Item = String> {
    let mut is_inside = false;
    text.lines().enumerate().flat_map(move |(at, line)| {
        let comment = comment_of(line, &mut is_inside).to_lowercase();
        let words = BANISHED.iter().filter(move |(word, _)| has_word(&comment, word));
        let words = words.map(move |(word, other)| format!("{}: \"{word}\": {other}", at + 1));
        let columns = line.chars().count();
        let is_long = is_bounded && columns > MAX_COLUMNS;
        words.chain(is_long.then(|| format!("{}: {columns} columns", at + 1)))
    })
}

/// The comment of a line. `is_inside` says whether a C comment is open at its beginning, and afterwards at its end.
fn comment_of<'a>(line: &'a str, is_inside: &mut bool) -> &'a str {
    let begin = if *is_inside { Some(0) } else { line.find("/*") };
    let mut of_line = line.match_indices("//").map(|(at, _)| at);
    // `://` is a part of an address.
    let of_line = of_line.find(|at| *at == 0 || line.as_bytes()[at - 1] != b':');
    match (begin, of_line) {
        (Some(begin), of_line) if of_line.is_none_or(|at| begin <= at) => {
            *is_inside = line.rfind("*/") < line.rfind("/*") || !line.contains("*/");
            &line[begin..]
        }
        (_, Some(at)) => &line[at..],
        _ => "",
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !is_letter(before.chars().next_back()) && !is_letter(after.chars().next())
    })
}

/// Shows that each kind of fault is found, and that code and other words are none.
pub fn finds_faults() -> Result {
    let bad = "let nobody = 1;\n// Nobody waits.\n/* left\n for ever */\nanew();\nx // a canew b\n";
    let found: Vec<_> = faults_of(bad, true).collect();
    let begins: Vec<_> = found.iter().filter_map(|fault| fault.split(": ").nth(1)).collect();
    let long = faults_of(&"x".repeat(MAX_COLUMNS + 1), true).count();
    let is_right = begins == ["\"nobody\"", "\"for ever\""] && long == 1;
    ensure!(is_right, "found {found:?}, and {long} long lines");
    Ok(())
}
