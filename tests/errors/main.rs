//! docs/errors.md has every line that the library can print, and no other.
//!
//! A text is a literal of the sources with a space in it: what people read. Values in it are `…` on the page. Left out are
//! comments, tests, assembly and [`NOT_PRINTED`]. So a new message fails here until the page has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, ItemMod, Lit, Macro};

/// Files of assembly, and one that stops the compiler.
const WITHOUT_MESSAGES: [&str; 3] = ["src/arch/", "src/tls.rs", "src/lib.rs"];

/// Texts of checks that the compiler makes.
const NOT_PRINTED: [&str; 1] = ["malloc aligns to 16 bytes"];

/// The least number of texts: fewer say that the search is broken.
const MANY: usize = 120;

/// The texts of a file of Rust.
#[derive(Default)]
struct Texts {
    found: BTreeSet<String>,
}

impl Texts {
    fn add(&mut self, text: &str) {
        let lines = text.lines().map(comparable).filter(|line| is_message(line));
        self.found.extend(lines);
    }

    fn add_literal(&mut self, literal: &Lit) {
        match literal {
            Lit::Str(text) => self.add(&text.value()),
            Lit::CStr(text) => self.add(&text.value().to_string_lossy()),
            Lit::ByteStr(text) => self.add(&String::from_utf8_lossy(&text.value())),
            _ => {}
        }
    }

    /// The literals of a macro's tokens, but for those of attributes, as comments are.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut follows_hash = false;
        for token in tokens {
            let is_attribute = std::mem::take(&mut follows_hash);
            match token {
                TokenTree::Group(_) if is_attribute => {}
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => self.add_literal(&Lit::new(literal)),
                TokenTree::Punct(punct) => follows_hash = punct.as_char() == '#',
                TokenTree::Ident(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        self.add_literal(literal);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let name = call.path.segments.last().map(|last| last.ident.to_string());
        if !name.unwrap_or_default().contains("asm") {
            self.add_tokens(call.tokens.clone());
        }
    }
}

/// `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|attribute| attribute.meta.require_list().ok()).any(|list| {
        let condition = list.tokens.to_string();
        condition == "test" || condition.starts_with("all (test")
    })
}

/// A text with `…` for each value: of format strings of Rust and of C.
fn comparable(text: &str) -> String {
    let (mut comparable, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['{', '%', '…']) {
        comparable.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.chars().next() {
            Some('{') => rest.find('}').map_or(1, |end| end + 1),
            Some('%') => rest.find(['s', 'd', 'x']).map_or(1, |end| end + 1),
            _ => '…'.len_utf8(),
        };
        rest = &rest[length..];
        if !comparable.ends_with('…') {
            comparable.push('…');
        }
    }
    comparable + rest
}

/// A text that says something.
fn is_message(text: &str) -> bool {
    text.trim().contains(' ') && text.chars().filter(|c| c.is_alphabetic()).count() > 1
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Each text, and the file that has it.
fn of_sources() -> Vec<(String, PathBuf)> {
    let mut all = Vec::new();
    for path in files(Path::new("src")) {
        let name = path.to_string_lossy();
        if WITHOUT_MESSAGES.iter().any(|start| name.starts_with(start))
            || path.ends_with("tests.rs")
        {
            continue;
        }
        let file = syn::parse_file(&read(&path)).unwrap_or_else(|why| panic!("{name}: {why}"));
        let mut texts = Texts::default();
        texts.visit_file(&file);
        all.extend(texts.found.into_iter().map(|text| (text, path.clone())));
    }
    all.retain(|(text, _)| !NOT_PRINTED.contains(&&**text));
    all
}

/// What the headers print, and with what they stop the compiler. Their other literals are assembly and names.
fn of_headers() -> Vec<(String, PathBuf)> {
    let mut all = Vec::new();
    for path in files(Path::new("include")) {
        let is_cxx = path.extension().is_some_and(|extension| extension == "hpp");
        for line in read(&path).lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let is_said = line.starts_with("#error") || line.starts_with("fprintf(stderr");
            if is_cxx && !line.starts_with('*') || is_said {
                let literals = line.split('"').skip(1).step_by(2);
                let texts = literals.map(|text| comparable(text.trim_end_matches("\\n")));
                all.extend(texts.filter(|text| is_message(text)).map(|text| (text, path.clone())));
            }
        }
    }
    all
}

fn page() -> String {
    read(Path::new("docs/errors.md"))
}

/// A text whose lines may be broken anywhere.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts() -> Vec<(String, PathBuf)> {
    let mut texts = of_sources();
    texts.extend(of_headers());
    assert!(texts.len() > MANY, "the search finds {} texts: it is broken", texts.len());
    texts
}

/// A page's addresses are values, too.
fn of_page(page: &str) -> String {
    let mut text = String::new();
    for (index, part) in page.split("0x").enumerate() {
        if index == 0 {
            text.push_str(part);
            continue;
        }
        let end = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
        text.push_str(if end == 0 { "0x" } else { "…" });
        text.push_str(&part[end..]);
    }
    text
}

#[test]
fn the_page_has_every_text() {
    let page = of_page(&joined(&page()));
    let missing: Vec<_> = texts().into_iter().filter(|(text, _)| !page.contains(&**text)).collect();
    let missing: Vec<_> =
        missing.iter().map(|(text, path)| format!("{}: {text}", path.display())).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks\n{}", missing.join("\n"));
}

/// What stands between backquotes.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_page_has_no_other() {
    let texts: BTreeSet<String> = texts().into_iter().map(|(text, _)| text).collect();
    let is_known = |span: &str| {
        let parts = span.strip_suffix(')').and_then(|span| span.split_once(" ("));
        texts.contains(span)
            || parts.is_some_and(|(what, rule)| texts.contains(what) && texts.contains(rule))
    };
    let (mut columns, mut count, mut wrong) = (0, 0, Vec::new());
    for line in page().lines() {
        let cells: Vec<_> = line.split('|').skip(1).map(str::trim).collect();
        columns = match cells.as_slice() {
            ["what happened", "the rule", ..] => 2,
            ["line", "cause and cure", ..] => 1,
            [] => 0,
            _ => columns,
        };
        for span in cells.iter().take(columns).flat_map(|cell| spans(cell)) {
            count += 1;
            if !is_known(span) {
                wrong.push(span.to_string());
            }
        }
    }
    assert!(count > MANY, "the search finds {count} texts on the page: it is broken");
    assert!(wrong.is_empty(), "no source prints\n{}", wrong.join("\n"));
}

#[test]
fn values_are_compared_as_dots() {
    assert_eq!(comparable("{call} fails: errno {error}"), "… fails: errno …");
    assert_eq!(comparable("task {}{space}{name:.80} of"), "task … of");
    assert_eq!(comparable("coroutine(0x%zx): %s (%s)"), "coroutine(0x…): … (…)");
    assert_eq!(of_page("co:0x7f1d should"), "co:… should");
    assert!(is_message("of worker …") && !is_message(": …") && !is_message("aco_resume"));
}
