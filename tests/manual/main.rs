//! `man/` is generated from the comments of the headers, the programs of `docs/examples/` and the texts of this folder,
//! and `docs/api/` from `man/` by mandoc(1). The tests fail if a file is stale, if a public name is on no page, or if
//! what a page must say of a function is missing. `make man` (ACO_BLESS=1) writes the files.

mod facts;
mod header;
mod mdoc;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use facts::Facts;
use header::{Item, Kind};
use mdoc::Example;
use pages::{Concept, Page, concepts, pages};

/// The headers with public names. The last one is written manually.
const HEADERS: [&str; 4] = ["aco.h", "aco_ext.h", "acort.h", "aco_inline.h"];

/// The pages that lead to the others: name, header, title.
const OVERVIEWS: [(&str, &str, &str); 2] = [
    ("aco", "aco.h", "asymmetric stackful coroutines"),
    ("acort", "acort.h", "tasks, timers, channels and I/O above coroutines"),
];

/// Names for assembly and for debuggers. No program uses them.
const INTERNAL: [&str; 2] = ["aco_ended_asm", "aco_regions"];

const GENERATED: &str = "<!-- Made from the manual pages by `make man`; do not edit. -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn items() -> Vec<Item> {
    HEADERS.iter().flat_map(|header| header::items(root(), header)).collect()
}

/// The overview page of a page.
fn overview_of(page: &Page) -> &'static str {
    OVERVIEWS[usize::from(page.header == "acort.h")].0
}

/// Each name, and the page that is about it.
fn links(pages: &[Page]) -> BTreeMap<&'static str, &'static str> {
    let of = |page: &Page, names: &[&'static str]| {
        names.iter().map(|name| (*name, page.name())).collect::<Vec<_>>()
    };
    let names = pages.iter().flat_map(|page| [of(page, &page.names), of(page, &page.aliases)]);
    let overviews = OVERVIEWS.iter().map(|(name, ..)| (*name, *name));
    names.flatten().chain(overviews).chain(INTERNAL.map(|name| (name, "aco"))).collect()
}

/// The program of a page: `docs/examples/` has one for each. It ends with a comment: what it prints.
fn example(page: &str) -> Example {
    let path = match page {
        "aco" => "examples/readme.c".to_string(),
        _ => format!("docs/examples/{page}.c"),
    };
    let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|_| panic!("no {path}"));
    let (program, prints) = text.split_once("/* Prints:\n").expect("a program says what it prints");
    let (prints, _) = prints.rsplit_once(" */").expect("a comment ends");
    let prints = prints.lines().map(|line| line.get(3..).unwrap_or_default().to_string() + "\n");
    Example { program: program.trim().to_string(), prints: prints.collect() }
}

/// What is known of an item, if it is a function.
fn facts_of(item: &Item, header: &str) -> Option<Facts> {
    (item.kind == Kind::Function).then(|| facts::facts(root(), item, header))
}

/// The manual pages: path and text.
fn manual() -> BTreeMap<String, String> {
    let (items, pages) = (items(), pages());
    let links = links(&pages);
    let mut files = BTreeMap::new();
    for page in &pages {
        let find = |name: &&str| {
            let item = items.iter().find(|item| item.name == **name);
            item.unwrap_or_else(|| panic!("{name} of tests/manual/pages.txt is in no header"))
        };
        let shown: Vec<_> = page.names.iter().map(find).collect();
        // The pages of the functions that the text names, and of the same group.
        let text = shown.iter().flat_map(|item| &item.doc);
        let words = text.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let named = words.filter_map(|word| links.get(word).copied());
        let overview = overview_of(page);
        let relatives = pages
            .iter()
            .filter(|other| other.group == page.group && overview_of(other) == overview);
        let mut others: BTreeSet<_> = named.chain(relatives.map(Page::name)).collect();
        others.insert(overview);
        others.remove(page.name());
        let others = others.into_iter().map(|name| format!("{name} 3"));
        let others: Vec<_> = others.chain([format!("{overview} 7")]).collect();
        let shown: Vec<_> =
            shown.into_iter().map(|item| (item, facts_of(item, page.header))).collect();
        let text = mdoc::page(page, &shown, &example(page.name()), &others);
        files.insert(format!("man/{}.3", page.name()), text);
    }
    for (name, header, title) in OVERVIEWS {
        let pages: Vec<_> = pages.iter().filter(|page| overview_of(page) == name).collect();
        let about = header::prologue(root(), header);
        let others = match name {
            "aco" => ["acort 3", "aco 7"].as_slice(),
            _ => ["aco 3", "acort 7", "acort_environment 7"].as_slice(),
        };
        let text = mdoc::overview(name, title, &about, &pages, &example(name), others);
        files.insert(format!("man/{name}.3"), text);
    }
    for concept in concepts() {
        files.insert(format!("man/{}.7", concept.name), mdoc::concept(&concept));
    }
    let aliases = links.iter().filter(|(name, page)| name != page);
    let aliases = aliases.map(|(name, page)| format!("{name} {page}\n")).collect();
    files.insert("man/links".into(), aliases);
    files
}

/// Makes tables of the lists of errors, of which mandoc(1) makes a paragraph for each tag and each text.
fn with_tables(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut given = text.split("\n\n").peekable();
    while let Some(part) = given.next() {
        parts.push(part.to_string());
        if part != "**Errors**:" {
            continue;
        }
        let mut table = "| errno | |\n|---|---|".to_string();
        let mut tag = given.next();
        while let Some(quote) = given.next_if(|next| next.starts_with(['>', '\t'])) {
            let quote = quote.replace("\n>", " ").replace("\n\t", " ");
            let words: Vec<_> = quote[1..].split_whitespace().collect();
            let number = tag.expect("a text has a tag");
            table += &format!("\n| {number} | {} |", words.join(" "));
            tag = given.next_if(|_| true);
        }
        parts.push(table);
        parts.extend(tag.map(String::from));
    }
    parts.join("\n\n")
}

/// The section of a program, which mandoc(1) would escape.
fn example_in_markdown(example: &Example) -> String {
    let Example { program, prints } = example;
    format!("\n# EXAMPLES\n\n```c\n{program}\n```\n\nThe program prints:\n\n```text\n{prints}```\n")
}

/// A manual page in Markdown, with links to the functions and pages that it names.
fn markdown(path: &str, links: &BTreeMap<&str, &str>, example: Option<&Example>) -> String {
    let mandoc = Command::new("mandoc").args(["-T", "markdown", path]).current_dir(root()).output();
    let text = String::from_utf8(mandoc.expect("mandoc is installed").stdout).expect("UTF-8");
    let (_, text) = text.split_once("\n\n").expect("a page has a title");
    let (text, _) = text.trim_end().rsplit_once("\n\n").expect("a page has a foot");
    let (text, others) = text.split_once("\n# SEE ALSO\n").expect("a page refers to others");
    let text = text.split("\n# EXAMPLES\n").next().unwrap_or_default();
    // Escapes that are not needed within a word, and the quotes of `.Ql`.
    let text = text.replace("\\_", "_").replace("'`", "`").replace("`'", "`");
    let text = text.replace("\n1\\.", "\n1.");
    let others = others.replace("\\_", "_");
    let (mut text, mut others) = (with_tables(&text), format!("\n{others}"));
    for (name, page) in links {
        let function = format!("**{name}**()");
        let anchor = name.to_lowercase();
        text = text.replace(&function, &format!("[{function}]({page}.md#{anchor})"));
        let (word, link) = (format!("\n{name}(3)"), format!("\n[{name}(3)]({page}.md)"));
        (text, others) = (text.replace(&word, &link), others.replace(&word, &link));
    }
    for Concept { name, .. } in concepts() {
        let (word, link) = (format!("\n{name}(7)"), format!("\n[{name}(7)]({name}.7.md)"));
        (text, others) = (text.replace(&word, &link), others.replace(&word, &link));
    }
    let head =
        format!("{GENERATED}All pages: [the reference](README.md).\n\n{}\n", text.trim_end());
    let example = example.map(example_in_markdown).unwrap_or_default();
    format!("{head}{example}\n# SEE ALSO\n\n{}\n", others.trim())
}

/// The reference: path and text.
fn reference() -> BTreeMap<String, String> {
    let pages = pages();
    let links = links(&pages);
    let manual = manual();
    let names = manual.keys().filter_map(|path| path.strip_prefix("man/"));
    let page = |name: &str| {
        let example = name.strip_suffix(".3").map(example);
        let path = format!("docs/api/{}.md", name.trim_end_matches(".3"));
        (path, markdown(&format!("man/{name}"), &links, example.as_ref()))
    };
    let mut files: BTreeMap<_, _> = names.filter(|name| *name != "links").map(page).collect();
    let mut index = GENERATED.to_string();
    index += "# The reference\n\nThe manual pages in Markdown. Overviews: [aco](aco.md), [acort](acort.md).\n\n";
    for Concept { name, title, .. } in concepts() {
        index += &format!("- [{name}(7)]({name}.7.md): {title}\n");
    }
    let mut header = "";
    for page in &pages {
        if page.header != header {
            header = page.header;
            index += &format!("\n## {header}\n\n| | |\n|---|---|\n");
        }
        let link = |name: &&str| format!("[`{name}`]({}.md#{})", page.name(), name.to_lowercase());
        let links: Vec<_> = page.names.iter().map(link).collect();
        index += &format!("| {} | {} |\n", page.title, links.join(", "));
    }
    files.insert("docs/api/README.md".into(), index);
    files
}

/// Fails if `folder` differs from `files`. With ACO_BLESS=1, writes it before.
fn check(folder: &str, files: BTreeMap<String, String>) {
    let bless = env::var_os("ACO_BLESS").is_some();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is readable") {
        let name = entry.expect("the folder is readable").file_name();
        let name = format!("{folder}/{}", name.to_string_lossy());
        if !files.contains_key(&name) {
            assert!(bless, "{name} is no page: run `make man`");
            fs::remove_file(root().join(&name)).expect("the folder is writable");
        }
    }
    for (name, text) in files {
        let path = root().join(&name);
        if bless {
            fs::write(&path, &text).expect("the folder is writable");
        }
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == text,
            "{name} is stale: run `make man`"
        );
    }
}

#[test]
fn the_manual_is_fresh() {
    check("man", manual());
}

#[test]
#[ignore = "needs mandoc: the lane man runs it"]
fn the_reference_is_fresh() {
    check("man", manual());
    check("docs/api", reference());
}

#[test]
fn every_public_name_is_on_one_page() {
    let mut seen = BTreeSet::new();
    for name in pages().iter().flat_map(|page| &page.names) {
        assert!(seen.insert(name.to_string()), "{name} is on two pages");
    }
    for Item { name, .. } in items() {
        assert!(seen.contains(&name), "{name} is on no page of tests/manual/pages.txt");
    }
}

#[test]
fn every_exported_name_has_a_page() {
    let map = fs::read_to_string(root().join("libaco.map")).expect("libaco.map is readable");
    let names = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let links = links(&pages());
    let names: Vec<_> = names.filter(|name| name.starts_with("aco")).collect();
    assert!(names.len() > 150, "the search finds {} names: it is broken", names.len());
    for name in names {
        assert!(links.contains_key(name), "{name} is on no page of tests/manual/pages.txt");
    }
}

/// What the page of a function says of it.
fn section_of<'a>(page: &'a str, name: &str) -> &'a str {
    let start = page.split_once(&format!("\n.Ss {name}\n"));
    let (_, text) = start.unwrap_or_else(|| panic!("{name} has no section"));
    let end = text.find("\n.S").map_or(text.len(), |at| {
        let rest = &text[at..];
        let next = rest.find("\n.Ss ").into_iter().chain(rest.find("\n.Sh ")).min();
        next.map_or(text.len(), |next| at + next)
    });
    &text[..end]
}

/// The functions that the headers' code or the library calls, and no program.
const NOT_CALLED: [&str; 4] =
    ["aco_arrived_by_hand", "aco_resumed_with", "aco_funcp_protector", "aco_funcp_protector_asm"];

#[test]
fn every_function_is_described() {
    let files = manual();
    let mut missing = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = &files[&format!("man/{}.3", page.name())];
        let example = example(page.name()).program;
        for item in items() {
            if !page.names.contains(&&*item.name) || item.kind != Kind::Function {
                continue;
            }
            count += 1;
            let section = section_of(text, &item.name);
            let code = item.code.trim_start_matches("extern ");
            let is_void = code.starts_with("void ") && !code.starts_with("void *");
            let mut look = |what: &str, is_there: bool| {
                if !is_there {
                    missing.push(format!("{}: {what}", item.name));
                }
            };
            let first = item.doc.split(|line| line.is_empty()).next().unwrap_or_default().join(" ");
            look("summary", first.contains('.') && !first.starts_with('#'));
            look("returns", is_void || section.contains("\n.Sy Returns :\n"));
            look("errors", section.contains("\n.Sy Errors :\n"));
            let has_none = section.contains("\n.Sy Errors :\nnone.");
            look("errors, for it sets errno", !has_none || !section.contains(".Va errno .\n"));
            look("threads", section.contains("\n.Sy Threads :\n"));
            look("cancellation point", section.contains("\n.Sy Cancellation point :\n"));
            look("since", section.contains("\n.Sy Since :\n"));
            let is_called = example.contains(&format!("{}(", item.name));
            look("example", is_called || NOT_CALLED.contains(&&*item.name));
        }
    }
    assert!(count > 190, "the search finds {count} functions: it is broken");
    assert!(missing.is_empty(), "lacks, of {count} functions:\n{}", missing.join("\n"));
}

#[test]
fn every_rule_for_threads_is_about_a_function() {
    let items = items();
    for name in facts::named() {
        assert!(items.iter().any(|item| item.name == name), "{name} of tests/manual/threads.txt");
    }
}

/// Each file of `docs/examples/` is on a page.
#[test]
fn every_example_is_shown() {
    let pages = pages();
    for entry in fs::read_dir(root().join("docs/examples")).expect("it is readable") {
        let name = entry.expect("it is readable").file_name().to_string_lossy().into_owned();
        let page = name.strip_suffix(".c");
        let is_page = |page: &str| page == "acort" || pages.iter().any(|it| it.name() == page);
        assert!(page.is_some_and(is_page), "docs/examples/{name} is on no page");
    }
}

/// The variables that the library reads, and those of acort_environment(7).
#[test]
fn every_variable_is_described() {
    let mut folders = vec![root().join("src")];
    let mut read = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src/ is readable") {
            let path = entry.expect("src/ is readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).expect("src/ is readable");
            let calls = text.split("environment::read_u64(c\"").skip(1);
            read.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_string())));
        }
    }
    let [.., page] = concepts();
    let titles = page.text.lines().filter_map(|line| line.strip_prefix("# ACO"));
    let described: BTreeSet<_> = titles.map(|name| format!("ACO{name}")).collect();
    assert_eq!(read, described);
    assert!(read.len() >= 3, "the search finds {read:?}: it is broken");
}
