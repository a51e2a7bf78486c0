//! Reads the items of the headers, with the comments that stand over them.

use std::fs;
use std::path::Path;

/// What an item is; that decides where a page shows it.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Function,
    Struct,
    /// A typedef, a constant, a variable: its code says all.
    Other,
}

/// A public item of a header.
pub struct Item {
    pub name: String,
    pub kind: Kind,
    /// The comment, without its marks, up to "Valid when:".
    pub doc: Vec<String>,
    /// What the comment says after "Valid when:".
    pub valid: Vec<String>,
    /// The declaration on one line, but for a struct: that as it stands.
    pub code: String,
    /// Of a struct: declarations, and what is said of them.
    pub fields: Vec<(String, Vec<String>)>,
}

impl Item {
    fn new(comment: Vec<String>, code: String, kind: Kind) -> Item {
        let (mut doc, valid) = match comment.iter().position(|line| line == "Valid when:") {
            Some(at) => (comment[..at].to_vec(), comment[at + 1..].to_vec()),
            None => (comment, Vec::new()),
        };
        while doc.last().is_some_and(String::is_empty) {
            doc.pop();
        }
        Item { name: name_of(&code, kind), kind, doc, valid, code, fields: Vec::new() }
    }
}

/// The word that a declaration is about.
fn name_of(code: &str, kind: Kind) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let first = |text: &str| text.chars().take_while(|c| is_word(*c)).collect::<String>();
    let last = |text: &str| {
        let mut words = text.split(|c| !is_word(c)).filter(|word| !word.is_empty());
        words.next_back().unwrap_or_default().to_string()
    };
    if let Some(rest) = code.strip_prefix("#define ") {
        return first(rest);
    }
    if let Some((_, rest)) = code.split_once("typedef").and_then(|(_, rest)| rest.split_once("(*"))
    {
        return first(rest);
    }
    match kind {
        Kind::Function => last(code.split('(').next().unwrap_or_default()),
        Kind::Struct => last(code.split('{').next().unwrap_or_default()),
        Kind::Other => last(code.trim_end_matches(';')),
    }
}

/// The text of a comment line, or None for another one.
fn comment(line: &str) -> Option<String> {
    let text = line.trim_start().strip_prefix("///")?;
    // Links are for rustdoc.
    let text = text.replace("[`", "`").replace("`]", "`");
    Some(text.strip_prefix(' ').unwrap_or(&text).trim_end().to_string())
}

fn text_of(root: &Path, name: &str) -> String {
    let path = root.join("include").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The items of a header that cbindgen has made: those with a comment.
pub fn items(root: &Path, name: &str) -> Vec<Item> {
    let text = text_of(root, name);
    let mut lines = text.lines().peekable();
    let (mut items, mut said) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next() {
        if let Some(text) = comment(line) {
            said.push(text);
            continue;
        }
        if said.is_empty() {
            continue;
        }
        let about = std::mem::take(&mut said);
        let mut code = line.to_string();
        if line.starts_with("#define") {
            items.push(Item::new(about, code, Kind::Other));
        } else if line.ends_with('{') {
            items.push(structure(about, code, &mut lines));
        } else {
            while !code.ends_with(';') {
                code = format!("{code} {}", lines.next().expect("a declaration ends").trim());
            }
            let is_type = code.starts_with("typedef");
            items.push(Item::new(about, code, if is_type { Kind::Other } else { Kind::Function }));
        }
    }
    items
}

fn structure<'a>(
    about: Vec<String>,
    head: String,
    rest: &mut impl Iterator<Item = &'a str>,
) -> Item {
    let (mut code, mut fields, mut said) = (head.clone(), Vec::new(), Vec::new());
    for line in rest {
        match comment(line) {
            Some(text) => said.push(text),
            None => {
                code = format!("{code}\n{line}");
                if line.starts_with('}') {
                    break;
                }
                fields.push((line.trim().to_string(), std::mem::take(&mut said)));
            }
        }
    }
    Item { fields, code, ..Item::new(about, head, Kind::Struct) }
}

/// A macro or variable of a header that is written by hand: `declaration` as C would have it, said of
/// it what the comment over the run of lines says that has `#define name` or `declaration`.
pub fn by_hand(root: &Path, header: &str, declaration: &str) -> Item {
    let kind = if declaration.contains('(') { Kind::Function } else { Kind::Other };
    let mut item = Item::new(Vec::new(), declaration.to_string(), kind);
    let text = text_of(root, header);
    let lines: Vec<_> = text.lines().collect();
    let defines = [format!("#define {}(", item.name), declaration.to_string()];
    let is_it = |line: &&str| defines.iter().any(|start| line.starts_with(start.as_str()));
    let at = lines.iter().position(is_it);
    let at = at.unwrap_or_else(|| panic!("{header} has no {}", item.name));
    let end = lines[..at].iter().rposition(|line| line.ends_with("*/"));
    let end = end.unwrap_or_else(|| panic!("{header} says nothing of {}", item.name));
    let start = lines[..=end].iter().rposition(|line| line.starts_with("/*")).unwrap_or(end);
    for line in &lines[start..=end] {
        let text = line.trim_start_matches(['/', '*', ' ']).trim_end_matches("*/").trim();
        item.doc.push(text.to_string());
    }
    item
}

/// The first comment of a header, from its second paragraph on, less what is said to who changes it.
pub fn prologue(root: &Path, name: &str) -> Vec<String> {
    let text = text_of(root, name);
    let lines = text.lines().take_while(|line| line.starts_with("/*") || line.starts_with(" *"));
    let lines =
        lines.map(|line| line.get(3..).unwrap_or_default().trim_end_matches("*/").trim_end());
    lines.skip(1).filter(|line| !line.contains("do not edit")).map(String::from).collect()
}
