//! The maps at the heads of `src/lib.rs`, `src/rt/mod.rs` and each room's `mod.rs`: a row for each module or file, with the
//! opening sentence of its own documentation. `make map` writes them from the tables.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Compares the map of `file`, its one table, with `rows`; with `ACO_BLESS` in the environment writes it.
pub fn check(file: &Path, of: &str, rows: &[String]) {
    let mut fresh = format!("//! | {of} | what it is |\n//! |---|---|\n");
    for row in rows {
        writeln!(fresh, "//! {row}").expect("a string is written to");
    }
    let text = fs::read_to_string(file).expect("src/ is readable");
    let is_row = |line: &&str| line.starts_with("//! |");
    let before: String = text.split_inclusive('\n').take_while(|line| !is_row(line)).collect();
    let table: String = text[before.len()..].split_inclusive('\n').take_while(is_row).collect();
    if table != fresh && env::var_os("ACO_BLESS").is_some() {
        let after = &text[before.len() + table.len()..];
        return fs::write(file, before + &fresh + after).expect("src/ is writable");
    }
    assert!(table == fresh, "the map of {} is stale, run `make map`:\n{fresh}", file.display());
}

/// The row of a module. Its sentence is short: a line of a source has at most 120 columns.
pub fn row(src: &Path, path: &str, name: &str) -> String {
    let file = file_of(src, path);
    let row = format!("| `{name}` | {} |", opening_sentence(&file));
    assert!(row.len() <= 116, "{}: the opening sentence is too long: {row}", file.display());
    row
}

fn file_of(src: &Path, path: &str) -> PathBuf {
    let file = src.join(format!("{path}.rs"));
    if file.exists() { file } else { src.join(path).join("mod.rs") }
}

/// The first sentence of a file's documentation, without its end.
fn opening_sentence(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("src/ is readable");
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<_> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph.split_once(". ").map_or(paragraph.as_str(), |(first, _)| first);
    assert!(!sentence.is_empty(), "{} does not say what it is", file.display());
    without_links(sentence).trim_end_matches(['.', ':']).replace('|', "or")
}

/// `[text](address)` becomes the text, and `[item]` the item: a path of one file means nothing in another one.
fn without_links(text: &str) -> String {
    let mut text = text.to_string();
    while let (Some(begin), Some(end)) = (text.find('['), text.find(']')) {
        let address = text[end + 1..].starts_with('(').then(|| text[end..].find(')')).flatten();
        let inner = text[begin + 1..end].to_string();
        text.replace_range(begin..=address.map_or(end, |at| end + at), &inner);
    }
    text
}
