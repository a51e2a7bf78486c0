//! The numbered invariants at the heads of the files: each number is defined once, and each citation leads to one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::imports;

/// The invariants of a file: `H` has 1 to 7.
type Defined = BTreeMap<String, Vec<u32>>;

/// A comment's citation: `H3`.
type Citation = (String, u32);

/// Returns a line for each number that is missing or defined twice, and for each citation that leads nowhere.
pub fn faults(src: &Path) -> Vec<String> {
    let texts: BTreeMap<_, _> = imports::sources(src)
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).expect("src/ is readable")))
        .collect();
    let defined: BTreeMap<_, _> =
        texts.iter().map(|(path, text)| (path, defined_in(text))).collect();
    let imported = imports::read(src);
    let mut faults = Vec::new();
    for (path, text) in &texts {
        let name = path.strip_prefix(src).expect("found below src/").display();
        for (letters, numbers) in &defined[path] {
            if !numbers.iter().copied().eq(1..=numbers.len() as u32) {
                faults.push(format!("{name}: {letters} has the numbers {numbers:?}"));
            }
        }
        // A citation is of this file, of its folder's mod.rs, or of a file that this one imports or names.
        let named = words_in_backticks(text);
        let me = imports::module_of(src, path);
        let is_near = |other: &Path| {
            let module = imports::module_of(src, other);
            me.starts_with(&module)
                || imported[&me].contains(&module)
                || stems(other).any(|stem| named.contains(&stem))
        };
        let near = || defined.iter().filter(|(other, _)| is_near(other)).map(|(_, it)| it);
        let known: BTreeSet<_> = defined.values().flat_map(BTreeMap::keys).collect();
        for (letters, number) in citations(text) {
            let leads = near().any(|it| it.get(&letters).is_some_and(|it| it.contains(&number)));
            if known.contains(&letters) && !leads {
                faults.push(format!("{name}: {letters}{number} is in no file that it names"));
            }
        }
    }
    faults
}

/// The names by which a comment may speak of a file: `heap`, and `slab` for `slab/mod.rs`.
fn stems(path: &Path) -> impl Iterator<Item = String> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let folder =
        path.parent().and_then(Path::file_name).map(|it| it.to_string_lossy().into_owned());
    let folder = folder.filter(|_| stem.as_deref() == Some("mod"));
    stem.into_iter().chain(folder)
}

fn comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.find("//").map(|at| &line[at..]))
}

/// The numbers at the head of a file: `* H1. …`, `H1 …`, `| H1 | …`.
fn defined_in(text: &str) -> Defined {
    let mut defined = Defined::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("//!")) {
        let line = line.trim_start_matches([' ', '*', '|', '-', '`']);
        let word = line.split(|c: char| !c.is_alphanumeric()).next();
        let ends = |word: &str| {
            [". ", ": ", " |", "  "].iter().any(|end| line[word.len()..].starts_with(end))
        };
        if let Some((letters, number)) = word.filter(|word| ends(word)).and_then(parse) {
            defined.entry(letters).or_default().push(number);
        }
    }
    defined
}

fn citations(text: &str) -> BTreeSet<Citation> {
    let words = comments(text).flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
    words.filter_map(parse).collect()
}

/// One or two capital letters and a number.
fn parse(word: &str) -> Option<Citation> {
    let letters: String = word.chars().take_while(char::is_ascii_uppercase).collect();
    let number = word[letters.len()..].parse().ok()?;
    (matches!(letters.len(), 1 | 2) && number > 0).then_some((letters, number))
}

/// The last words of all paths in backticks: `slab::heap` and `src/slab/heap.rs` both name `heap`.
fn words_in_backticks(text: &str) -> BTreeSet<String> {
    let quoted = comments(text).flat_map(|line| line.split('`').skip(1).step_by(2));
    let paths =
        quoted.flat_map(|path| path.trim_end_matches(".rs").split(['/', ':']).map(str::to_string));
    paths.filter(|word| !word.is_empty()).collect()
}
