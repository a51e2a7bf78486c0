//! `man/` is generated from the comments of the headers, and `docs/api/` from `man/` by mandoc(1). The tests fail
//! if a file is stale, or if a public name is on no page. `make man` (ACO_BLESS=1) writes the files.

mod header;
mod mdoc;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use header::Item;
use pages::{Page, pages};

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
        // The pages of the functions that the text names.
        let text = shown.iter().flat_map(|item| &item.doc);
        let words = text.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let named = words.filter_map(|word| links.get(word).copied());
        let mut others: BTreeSet<_> = named.chain([overview_of(page)]).collect();
        others.remove(page.name());
        let others: Vec<_> = others.into_iter().collect();
        files.insert(format!("man/{}.3", page.name()), mdoc::page(page, &shown, &others));
    }
    let example = fs::read_to_string(root().join("examples/readme.c")).expect("it is readable");
    let example = example.split("/* Prints").next();
    for (name, header, title) in OVERVIEWS {
        let pages: Vec<_> = pages.iter().filter(|page| overview_of(page) == name).collect();
        let about = header::prologue(root(), header);
        let example = example.filter(|_| name == "aco");
        let text = mdoc::overview(name, title, &about, &pages, example);
        files.insert(format!("man/{name}.3"), text);
    }
    let aliases = links.iter().filter(|(name, page)| name != page);
    let aliases = aliases.map(|(name, page)| format!("{name} {page}\n")).collect();
    files.insert("man/links".into(), aliases);
    files
}

/// A manual page in Markdown, with links to the functions and pages that it names.
fn markdown(path: &str, links: &BTreeMap<&str, &str>) -> String {
    let mandoc = Command::new("mandoc").args(["-T", "markdown", path]).current_dir(root()).output();
    let text = String::from_utf8(mandoc.expect("mandoc is installed").stdout).expect("UTF-8");
    let (_, text) = text.split_once("\n\n").expect("a page has a title");
    let (text, _) = text.trim_end().rsplit_once("\n\n").expect("a page has a foot");
    // Escapes that are not needed within a word, and the quotes of `.Ql`.
    let text = text.replace("\\_", "_").replace("'`", "`").replace("`'", "`");
    let mut text = format!("{GENERATED}All pages: [the reference](README.md).\n\n{text}\n");
    for (name, page) in links {
        let function = format!("**{name}**()");
        text = text.replace(&function, &format!("[{function}]({page}.md#{name})"));
        text = text.replace(&format!("\n{name}(3)"), &format!("\n[{name}(3)]({page}.md)"));
    }
    text
}

/// The reference: path and text.
fn reference() -> BTreeMap<String, String> {
    let pages = pages();
    let links = links(&pages);
    let names = manual();
    let names = names.keys().filter_map(|path| path.strip_prefix("man/")?.strip_suffix(".3"));
    let page = |name| (format!("docs/api/{name}.md"), markdown(&format!("man/{name}.3"), &links));
    let mut files: BTreeMap<_, _> = names.map(page).collect();
    let mut index = GENERATED.to_string();
    index += "# The reference\n\nThe manual pages in Markdown. Overviews: [aco](aco.md), [acort](acort.md).\n";
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
