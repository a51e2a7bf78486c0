//! `man/` and `docs/api/` are made from the comments of the headers and checked in; this fails when they
//! are stale, or when a public name is on no page. `make man` (ACO_BLESS=1) writes them.

mod header;
mod markdown;
mod mdoc;
mod pages;
mod text;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use header::Item;
use pages::{ALSO, BY_HAND, CORE_OVERVIEW, PAGES, Page};

const HEADERS: [&str; 3] = ["aco.h", "aco_ext.h", "acort.h"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every item that a page can have.
fn items() -> Vec<Item> {
    let made = HEADERS.iter().flat_map(|header| header::items(root(), header));
    let by_hand = BY_HAND.iter().map(|(header, code)| header::by_hand(root(), header, code));
    made.chain(by_hand).collect()
}

fn find<'a>(items: &'a [Item], name: &str) -> &'a Item {
    let item = items.iter().find(|item| item.name == name);
    item.unwrap_or_else(|| panic!("tests/manual/pages.rs has {name}, which is in no header"))
}

/// Each name, and the page that is about it.
fn links() -> BTreeMap<&'static str, &'static str> {
    let names = PAGES.iter().flat_map(|page| page.names().map(|name| (name, page.name())));
    names.chain(ALSO).collect()
}

/// All generated files: path and text.
fn files() -> BTreeMap<String, String> {
    let items = items();
    let links = links();
    let link =
        |name: &str| links.get(name).filter(|page| **page != "aco").map(|page| page.to_string());
    let mut files = BTreeMap::new();
    for page in PAGES {
        let shown: Vec<_> = page.names().map(|name| find(&items, name)).collect();
        let name = page.name();
        let of_runtime = |header: &str| header == "acort.h";
        let overview = if of_runtime(page.header) { "acort" } else { "aco" };
        files.insert(
            format!("man/{name}.3"),
            mdoc::page(page, &shown, &related(page, &shown, overview)),
        );
        files.insert(format!("docs/api/{name}.md"), markdown::page(page, &shown, &link));
    }
    files.insert("docs/api/README.md".into(), markdown::index(PAGES));
    let (runtime, core): (Vec<_>, Vec<_>) = PAGES.iter().partition(|page| page.header == "acort.h");
    let example =
        fs::read_to_string(root().join("examples/readme.c")).expect("the example is there");
    let example = example.split("/* Prints").next();
    let about: Vec<_> = CORE_OVERVIEW.lines().map(String::from).collect();
    let title = "asymmetric stackful coroutines";
    files.insert("man/aco.3".into(), mdoc::overview("aco", title, &about, &core, example));
    let about = header::prologue(root(), "acort.h");
    let title = "tasks, timers, channels and I/O above coroutines";
    files.insert("man/acort.3".into(), mdoc::overview("acort", title, &about, &runtime, None));
    let aliases = links.iter().filter(|(name, page)| name != page);
    let aliases = aliases.map(|(name, page)| format!("{name} {page}\n")).collect();
    files.insert("man/links".into(), aliases);
    files
}

/// What a page refers to: the overview, the pages before and after it, and those of the functions that
/// its text names.
fn related(page: &Page, shown: &[&Item], overview: &'static str) -> Vec<&'static str> {
    let links = links();
    let at = PAGES.iter().position(|other| other.name() == page.name()).unwrap_or_default();
    let near = PAGES.iter().skip(at.saturating_sub(1)).take(3);
    let near = near.filter(|other| other.header == page.header).map(Page::name);
    let lines = shown.iter().flat_map(|item| item.doc.iter().chain(&item.valid));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let named = words.filter_map(|word| links.get(word).copied());
    let all: BTreeSet<_> = near.chain(named).chain([overview]).collect();
    all.into_iter().filter(|name| *name != page.name()).collect()
}

#[test]
fn the_pages_are_fresh() {
    let bless = env::var_os("ACO_BLESS").is_some();
    let fresh = files();
    for folder in ["man", "docs/api"] {
        let path = root().join(folder);
        if bless {
            fs::create_dir_all(&path).expect("the folder is writable");
        }
        for entry in fs::read_dir(&path).expect("the folder is there") {
            let name = entry.expect("the folder is readable").file_name();
            let name = format!("{folder}/{}", name.to_string_lossy());
            if !fresh.contains_key(&name) {
                assert!(bless, "{name} is of nothing: run `make man`");
                fs::remove_file(root().join(&name)).expect("the folder is writable");
            }
        }
    }
    for (name, text) in &fresh {
        let path = root().join(name);
        if bless {
            fs::write(&path, text).expect("the folder is writable");
        }
        let present = fs::read_to_string(&path).unwrap_or_default();
        assert!(*text == present, "{name} is stale: run `make man`");
    }
}

#[test]
fn every_public_name_is_on_one_page() {
    let mut seen = BTreeSet::new();
    for name in PAGES.iter().flat_map(Page::names) {
        assert!(seen.insert(name), "{name} is on two pages");
    }
    for item in items() {
        assert!(seen.contains(&*item.name), "{} is on no page of tests/manual/pages.rs", item.name);
    }
}

#[test]
fn every_exported_name_has_a_page() {
    let map = fs::read_to_string(root().join("libaco.map")).expect("libaco.map is readable");
    let names = map.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let links = links();
    let names: Vec<_> = names.filter(|name| name.starts_with("aco")).collect();
    assert!(names.len() > 150, "the search finds {} names: it is broken", names.len());
    for name in names {
        assert!(links.contains_key(name), "{name} is on no page of tests/manual/pages.rs");
    }
}
