//! The figures and charts of the README are those of the pages that `make bench` and `make bench-rt` write: each cell
//! of its tables stands there, under the same heading, in the row of the same name, and the charts are drawn from the
//! pages by the code of `make bench`. `ACO_BLESS=1` writes them again. README.zh.md, a translation, has the numbers, links
//! and programs of the README, paragraph by paragraph.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::files::{files, files_below, read};
use crate::process::Result;

#[path = "../../benches/chart.rs"]
mod chart;

use chart::cells;

const PAGES: [&str; 2] = ["docs/performance.md", "docs/performance-rt.md"];

/// Cells by row and heading.
type Figures = BTreeMap<(String, String), String>;

/// A row and a heading of the pages, and what the README says of that figure, {}, outside of its tables of figures.
const QUOTED: [(&str, &str, &str); 6] = [
    (SWITCH, "default", "**A switch takes {} ns**"),
    (SWITCH, "shared floating point", "or {} ns if coroutines share"),
    (SWITCH, "default", "| **libaco** | {} |"),
    (SWITCH, "Boost.Context", "| Boost.Context, Boost.Fiber | {} |"),
    (SWITCH, "corosensei", "| corosensei | {} |"),
    (PARKED, "acort", "**A parked task takes {} bytes**"),
];
const SWITCH: &str = "resume + yield, one coroutine: one switch, ns";
const PARKED: &str = "resident bytes of a parked task, 1,000,000 on the shared stack";

/// Draws a chart from the text of a page.
type Draw = fn(&str) -> Result<String, String>;

const CHARTS: [(&str, &str, Draw); 5] = [
    ("docs/performance.svg", PAGES[0], chart::coroutines),
    ("docs/performance-memory.svg", PAGES[0], chart::memory),
    ("docs/performance-rt.svg", PAGES[1], chart::runtime),
    ("docs/performance-rt-memory.svg", PAGES[1], chart::runtime_memory),
    ("docs/performance-net.svg", PAGES[1], chart::many_cores),
];

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("figures of the README", figures_of_the_readme)];
    cases.extend(CHARTS.map(|(file, page, draw)| {
        Case::new(file, move || keep(file, &draw(&read(page)?)?, &read(file).unwrap_or_default()))
    }));
    cases.push(Case::new("figures of docs/tested.md", figures_of_the_tests));
    cases.push(Case::new("figures of README.zh.md", figures_of_the_translation));
    cases
}

/// Compares the counts that docs/tested.md states, "more than N", with the tests: not fewer, nor twice as many.
fn figures_of_the_tests() -> Result {
    let page = read("docs/tested.md")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = |path: &Path, start: &str| -> Result<usize> {
        Ok(read(path)?.lines().filter(|line| line.trim_start().starts_with(start)).count())
    };
    let lines_of = |paths: Vec<PathBuf>| -> Result<usize> {
        paths.iter().map(|path| lines(path, "#[test]")).sum()
    };
    let programs =
        files("c_tests", &["c", "cpp"])?.len() + files("c_tests/rt", &["c", "cpp"])?.len();
    for (text, count) in [
        ("programs in C and C++", programs),
        ("of them: ", lines(Path::new("tests/suite/lanes.rs"), "lane")?),
        ("unit tests", lines_of(files_below(&["src"], &["rs"])?)?),
        ("mutations", lines(Path::new("tests/loom/mutations.rs"), "(\"")?),
        ("models run that way", lines_of(files("tests/loom", &["rs"])?)?),
    ] {
        let before = page.split(text).next().unwrap_or_default();
        let stated = before.split_whitespace().last().and_then(|word| word.parse::<usize>().ok());
        let stated = stated.ok_or(format!("no number before \"{text}\""))?;
        let is_right = (stated..=2 * stated).contains(&count);
        ensure!(is_right, "more than {stated} {text}: there are {count}");
    }
    Ok(())
}

/// Checks that the file has the wanted text. `ACO_BLESS=1` writes it.
pub fn keep(path: &str, wanted: &str, found: &str) -> Result {
    if wanted != found && std::env::var_os("ACO_BLESS").is_some() {
        return Ok(fs::write(path, wanted)?);
    }
    ensure!(wanted == found, "{path} has other figures: ACO_BLESS=1 make test LANES=documents");
    Ok(())
}

fn figures_of_the_readme() -> Result {
    let mut measured = Figures::new();
    for page in PAGES {
        collect(&read(page)?, &mut measured);
    }
    let readme = read("README.md")?;
    let (updated, count) = with_figures(&readme, &measured)?;
    ensure!(count >= 20, "the search finds {count} figures: it is broken");
    for (row, heading, text) in QUOTED {
        let place = (row.to_string(), heading.to_string());
        let figure = measured.get(&place).ok_or(format!("no {place:?} is measured"))?;
        let text = text.replace("{}", figure);
        ensure!(readme.contains(&text), "README.md does not say: {text}");
    }
    keep("README.md", &updated, &readme)
}

/// Compares the numbers, links and programs of README.zh.md with those of README.md, in each paragraph.
fn figures_of_the_translation() -> Result {
    let (readme, translation) = (read("README.md")?, read("README.zh.md")?);
    let count = (readme.split("\n\n").count(), translation.split("\n\n").count());
    ensure!(count.0 == count.1, "README.md has {} paragraphs, README.zh.md {}", count.0, count.1);
    ensure!(programs(&readme) == programs(&translation), "README.zh.md shows other programs");
    // The second paragraph of each is the link to the other.
    for (paragraph, translated) in readme.split("\n\n").zip(translation.split("\n\n")).skip(2) {
        let is_same =
            numbers(paragraph) == numbers(translated) && links(paragraph) == links(translated);
        ensure!(
            is_same,
            "README.zh.md:\n{translated}\nhas other numbers or links than README.md:\n{paragraph}"
        );
    }
    Ok(())
}

/// The lines of the blocks of code, and the comments.
fn programs(page: &str) -> Vec<&str> {
    let mut is_inside = false;
    let is_kept = |line: &&str| {
        let is_fence = line.starts_with("```");
        is_inside ^= is_fence;
        is_fence || is_inside || line.starts_with("<!--")
    };
    page.lines().filter(is_kept).collect()
}

/// The numbers of a text, sorted: a translation may have another order.
fn numbers(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ',');
    let mut numbers: Vec<_> =
        words.map(|word| word.trim_matches(['.', ','])).filter(|word| !word.is_empty()).collect();
    numbers.sort_unstable();
    numbers
}

/// The targets of the links of a text, sorted.
fn links(text: &str) -> Vec<&str> {
    let mut links: Vec<_> =
        text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or_default()).collect();
    links.sort_unstable();
    links
}

/// Collects the cells in the tables of a page. The first cell for a row and a heading counts.
fn collect(page: &str, measured: &mut Figures) {
    let mut headings: Vec<&str> = Vec::new();
    for line in page.lines() {
        match cells(line) {
            None => headings.clear(),
            Some(row) if headings.is_empty() => headings = row,
            Some(row) => {
                for (heading, cell) in headings.iter().zip(&row).skip(1) {
                    let key = (row[0].to_string(), heading.to_string());
                    measured.entry(key).or_insert_with(|| cell.to_string());
                }
            }
        }
    }
}

/// Returns the README with the measured figures in the tables of "Numbers", and the number of figures.
fn with_figures(readme: &str, measured: &Figures) -> Result<(String, usize)> {
    let (mut updated, mut count) = (String::new(), 0);
    let (mut is_inside, mut headings) = (false, Vec::new());
    for line in readme.lines() {
        is_inside = if line.starts_with("## ") { line == "## Numbers" } else { is_inside };
        let mut new_line = line.to_string();
        match cells(line).filter(|_| is_inside) {
            None => headings.clear(),
            Some(row) if headings.is_empty() => headings = row,
            Some(row) if row.iter().skip(1).all(|cell| cell.starts_with("---")) => {}
            Some(row) => {
                let mut figures = vec![row[0]];
                for heading in headings.iter().skip(1) {
                    let key = (row[0].to_string(), heading.to_string());
                    figures.push(measured.get(&key).ok_or(format!("no {key:?} is measured"))?);
                    count += 1;
                }
                let cells = figures.iter().map(|figure| {
                    if figure.is_empty() { " |".into() } else { format!(" {figure} |") }
                });
                new_line = format!("|{}", cells.collect::<String>());
            }
        }
        updated += &format!("{new_line}\n");
    }
    Ok((updated, count))
}
