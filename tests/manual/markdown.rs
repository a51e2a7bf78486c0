//! The reference in Markdown.

use crate::header::{Item, Kind};
use crate::pages::Page;
use crate::text::words;

/// Where the reference speaks of a name: the page, as `links` tells.
pub type Links<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A line of a comment with links to the functions that it names.
fn linked(line: &str, own: &str, links: &Links) -> String {
    let word = |word: &String| {
        let bare = word.trim_matches(['`', '.', ',', ';', ':', '?', '(', ')']);
        let is_call = word.contains(&format!("{bare}()"));
        match links(bare).filter(|_| is_call && bare != own) {
            Some(page) => {
                let call = format!("{bare}()");
                let quoted = format!("`{call}`");
                let shown = if word.contains(&quoted) { quoted } else { call };
                word.replacen(
                    &shown,
                    &format!("[`{bare}()`]({page}.md#{})", bare.to_lowercase()),
                    1,
                )
            }
            None => word.clone(),
        }
    };
    words(line).iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The lines of a comment: paragraphs with links, and what is literal.
fn prose(out: &mut String, lines: &[String], own: &str, links: &Links) {
    for line in lines {
        match line.starts_with("    ") {
            true => out.push_str(line),
            false => out.push_str(&linked(line, own, links)),
        }
        out.push('\n');
    }
}

/// The reference of a page.
pub fn page(page: &Page, items: &[&Item], links: &Links) -> String {
    let mut out = format!(
        "<!-- Made from the comments of the headers by `make man`; do not edit. -->\n\
         # {}: {}\n\n`#include <{}>`; all pages: [the reference](README.md).\n",
        page.name(),
        page.title,
        page.header
    );
    for item in items {
        out.push_str(&format!("\n## {}\n\n```c\n{}\n```\n\n", item.name, declaration(item)));
        prose(&mut out, &item.doc, &item.name, links);
        for (code, said) in &item.fields {
            let text: Vec<_> = said.iter().map(|line| linked(line, &item.name, links)).collect();
            out.push_str(&format!("\n* `{}`: {}", code.trim_end_matches(';'), text.join("\n  ")));
        }
        if !item.fields.is_empty() {
            out.push('\n');
        }
        if !item.valid.is_empty() {
            out.push_str("\nValid when:\n");
            prose(&mut out, &item.valid, &item.name, links);
        }
    }
    out
}

/// A declaration, without what only compilers want to know; of a struct its name, for its fields follow.
fn declaration(item: &Item) -> String {
    match item.kind {
        Kind::Struct => format!("struct {};", item.name),
        _ => item.code.clone(),
    }
}

/// The table of all pages.
pub fn index(pages: &[Page]) -> String {
    let mut out = String::from(
        "<!-- Made from the comments of the headers by `make man`; do not edit. -->\n\
         # The reference\n\nOne page a group, from the comments of the headers; the same as manual pages: \
         `man 3 aco`, `man 3 aco_yield`.\n",
    );
    let mut header = "";
    for page in pages {
        if page.header != header {
            header = page.header;
            out.push_str(&format!("\n## {header}\n\n| | |\n|---|---|\n"));
        }
        let names: Vec<_> = page
            .names()
            .map(|name| format!("[`{name}`]({}.md#{})", page.name(), name.to_lowercase()))
            .collect();
        out.push_str(&format!("| {} | {} |\n", page.title, names.join(", ")));
    }
    out
}
