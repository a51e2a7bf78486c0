//! Manual pages in mdoc(7).

use crate::header::{Item, Kind};
use crate::pages::Page;
use crate::text::{self, Parts};
use crate::writer::Writer;

/// Of the pages as they stand; a release has its own.
const DATE: &str = "November 21, 2026";

/// A declaration, as the synopsis has it.
fn synopsis(writer: &mut Writer, item: &Item) {
    let code = item.code.replace(" __attribute__((noreturn))", "");
    let code = code.trim_end_matches(';');
    let Some((head, arguments)) = code.split_once('(').filter(|_| item.kind == Kind::Function)
    else {
        writer.line(match code.strip_prefix("#define ") {
            Some(definition) => format!(".Fd #define {}", definition.replace("-1", "\\-1")),
            None => format!(".Vt {code}"),
        });
        return;
    };
    writer.line(format!(".Ft \"{}\"", head.trim_end_matches(&item.name).trim_end()));
    writer.line(format!(".Fo {}", item.name));
    let arguments = arguments.strip_suffix(')').expect("a function has arguments");
    let (mut depth, mut argument) = (0, String::new());
    for c in arguments.chars().chain([',']) {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            writer.line(format!(".Fa \"{}\"", argument.trim()));
            argument.clear();
        } else {
            argument.push(c);
        }
    }
    writer.line(".Fc");
}

/// The name of an item, at the head of what is said of it.
fn tag(item: &Item) -> String {
    let request = match item.kind {
        Kind::Function => "Fn",
        Kind::Struct => "Vt struct",
        Kind::Other if item.code.starts_with("#define") => "Dv",
        Kind::Other => "Vt",
    };
    format!(".It {request} {}", item.name)
}

fn fields(writer: &mut Writer, item: &Item) {
    writer.line(".Bl -tag -width Ds -compact");
    for (code, said) in &item.fields {
        writer.line(format!(".It Ft \"{}\"", code.trim_end_matches(';')));
        writer.blocks(&text::blocks(said));
    }
    writer.line(".El");
}

/// A section with an entry for each item that has something to say there.
fn section(writer: &mut Writer, title: &str, entries: &[(&Item, Vec<String>)]) {
    if entries.is_empty() {
        return;
    }
    writer.line(format!(".Sh {title}"));
    writer.line(".Bl -tag -width Ds");
    for (item, sentences) in entries {
        writer.line(tag(item));
        writer.sentences(sentences);
    }
    writer.line(".El");
}

fn head(name: &str, names: &[String], title: &str) -> Writer {
    let mut writer = Writer::default();
    writer.line(".\\\" Made from the comments of the headers by `make man`; do not edit.");
    writer.line(format!(".Dd {DATE}"));
    writer.line(format!(".Dt {} 3", name.to_uppercase()));
    writer.line(format!(".Os libaco {}", env!("CARGO_PKG_VERSION")));
    writer.line(".Sh NAME");
    for (at, name) in names.iter().enumerate() {
        let comma = if at + 1 < names.len() { " ," } else { "" };
        writer.line(format!(".Nm {name}{comma}"));
    }
    writer.line(format!(".Nd {title}"));
    writer.line(".Sh LIBRARY");
    writer.line("libaco, asymmetric stackful coroutines (\\-laco)");
    writer.line(".Sh SYNOPSIS");
    writer
}

fn parts_of(item: &Item) -> Parts {
    match item.kind {
        Kind::Function => {
            let result = item.code.split(item.name.as_str()).next().unwrap_or_default();
            text::parts(&item.doc, !["void ", "extern void "].contains(&result))
        }
        _ => Parts { description: text::blocks(&item.doc), ..Parts::default() },
    }
}

/// The page of some items; `others` are the pages about the same header.
pub fn page(page: &Page, items: &[&Item], others: &[&str]) -> String {
    let names: Vec<_> = items.iter().map(|item| item.name.clone()).collect();
    let mut writer = head(&names[0], &names, page.title);
    writer.line(format!(".In {}", page.header));
    for item in items.iter().filter(|item| item.kind != Kind::Struct) {
        synopsis(&mut writer, item);
    }
    writer.line(".Sh DESCRIPTION");
    writer.line(".Bl -tag -width Ds");
    let (mut returns, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        let parts = parts_of(item);
        writer.line(tag(item));
        writer.blocks(&parts.description);
        if item.kind == Kind::Struct {
            fields(&mut writer, item);
        }
        if !item.valid.is_empty() {
            writer.line(".Pp");
            writer.sentence("Valid when:");
            writer.blocks(&text::blocks(&item.valid));
        }
        returns.extend((!parts.returns.is_empty()).then_some((*item, parts.returns)));
        errors.extend((!parts.errors.is_empty()).then_some((*item, parts.errors)));
    }
    writer.line(".El");
    section(&mut writer, "RETURN VALUES", &returns);
    section(&mut writer, "ERRORS", &errors);
    see_also(&mut writer, others);
    writer.into_text()
}

fn see_also(writer: &mut Writer, others: &[&str]) {
    writer.line(".Sh SEE ALSO");
    for (at, name) in others.iter().enumerate() {
        writer.line(format!(".Xr {name} 3{}", if at + 1 < others.len() { " ," } else { "" }));
    }
}

/// The page that leads to the others: `about` says what there is.
pub fn overview(
    name: &str,
    title: &str,
    about: &[String],
    pages: &[&Page],
    example: Option<&str>,
) -> String {
    let mut writer = head(name, &[name.to_string()], title);
    let mut headers: Vec<_> = pages.iter().map(|page| page.header).collect();
    headers.dedup();
    headers.iter().for_each(|header| writer.line(format!(".In {header}")));
    writer.line(".Sh DESCRIPTION");
    writer.blocks(&text::blocks(about));
    for header in headers {
        writer.line(".Pp");
        writer.line(format!("The pages about <{header}>:"));
        writer.line(".Bl -tag -width Ds -compact");
        for page in pages.iter().filter(|page| page.header == header) {
            writer.line(format!(".It Xr {} 3", page.name()));
            writer.line(page.title);
        }
        writer.line(".El");
    }
    if let Some(example) = example {
        writer.line(".Sh EXAMPLES");
        writer.literal(example.lines());
    }
    see_also(&mut writer, if name == "aco" { &["acort"] } else { &["aco"] });
    writer.into_text()
}
