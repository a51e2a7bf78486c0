//! The items of a header, with the `///` comments above them.

use std::fs;
use std::path::Path;

/// What an item is. A page shows a function, the fields of a struct, or just a line of code.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Function,
    Struct,
    /// A typedef, a constant, a variable.
    Other,
}

/// A public item of a header.
pub struct Item {
    pub name: String,
    pub kind: Kind,
    /// The lines of the comment.
    pub doc: Vec<String>,
    /// The declaration on one line; of a struct, its first line.
    pub code: String,
    /// The members of a struct, with their comments.
    pub fields: Vec<(String, Vec<String>)>,
}

/// The text of a comment line.
fn comment(line: &str) -> Option<String> {
    let text = line.trim_start().strip_prefix("///")?;
    Some(text.strip_prefix(' ').unwrap_or(text).to_string())
}

/// The name that a declaration declares.
fn name_of(code: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before_parameters = match code.split_once("(*") {
        Some((_, callback)) if code.starts_with("typedef") => callback.split(')').next(),
        _ => code.strip_prefix("#define ").unwrap_or(code).split('(').next(),
    };
    let mut words = before_parameters.unwrap_or_default().split(|c| !is_word(c));
    let name = match code.starts_with("#define") {
        true => words.next(),
        false => words.rfind(|word| !word.is_empty()),
    };
    name.unwrap_or_default().to_string()
}

/// The items of a header that have a comment. The comment of a macro begins with the prototype that a function
/// would have.
pub fn items(root: &Path, header: &str) -> Vec<Item> {
    let path = root.join("include").join(header);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut lines = text.lines();
    let (mut items, mut doc) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next() {
        if let Some(text) = comment(line) {
            doc.push(text);
            continue;
        }
        if doc.is_empty() {
            continue;
        }
        let (mut code, mut fields) = (line.to_string(), Vec::new());
        if doc[0].ends_with(");") {
            code = doc.remove(0);
        } else if line.ends_with('{') {
            fields = members(&mut lines);
        } else if !line.starts_with("#define") {
            while !code.ends_with(';') {
                code = format!("{code} {}", lines.next().expect("a declaration ends").trim());
            }
        }
        let kind = match code.split(' ').next() {
            _ if code.ends_with('{') => Kind::Struct,
            Some("#define" | "typedef") => Kind::Other,
            _ if code.ends_with(");") => Kind::Function,
            _ => Kind::Other,
        };
        let doc = std::mem::take(&mut doc);
        items.push(Item { name: name_of(&code), kind, doc, code, fields });
    }
    items
}

/// The members of a struct, up to its closing brace.
fn members<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<(String, Vec<String>)> {
    let (mut members, mut doc) = (Vec::new(), Vec::new());
    for line in lines.take_while(|line| !line.starts_with('}')) {
        match comment(line) {
            Some(text) => doc.push(text),
            None => members.push((line.trim().to_string(), std::mem::take(&mut doc))),
        }
    }
    members
}

/// The first comment of a header, from its second paragraph on. The paragraph for maintainers is left out.
pub fn prologue(root: &Path, header: &str) -> Vec<String> {
    let path = root.join("include").join(header);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let lines = text.lines().skip(1).take_while(|line| line.starts_with(" *"));
    let lines: Vec<_> = lines.map(|line| line.trim_end_matches("*/").trim_end()).collect();
    let paragraphs = lines.split(|line| *line == " *" || line.is_empty());
    let paragraphs = paragraphs.filter(|lines| !lines.concat().contains("do not edit"));
    let lines = paragraphs.flat_map(|lines| lines.iter().copied().chain([""]));
    lines.map(|line| line.get(3..).unwrap_or_default().to_string()).collect()
}
