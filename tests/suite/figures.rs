//! The README's figures are those of the pages that `make bench` and `make bench-rt` write: each cell of its
//! tables stands there, under the same heading, in the row of the same name. `ACO_BLESS=1` writes them again.

use std::collections::BTreeMap;
use std::fs;

use crate::work::Case;

const PAGES: [&str; 2] = ["docs/performance.md", "docs/performance-rt.md"];

pub fn case() -> Case {
    Case::new("figures of the README", || {
        let read =
            |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let mut measured = BTreeMap::new();
        for page in PAGES {
            collect(&read(page)?, &mut measured);
        }
        let readme = read("README.md")?;
        let (fresh, cells) = with_figures(&readme, &measured)?;
        if cells < 20 {
            return Err(format!("the search finds {cells} figures: it is broken"));
        }
        if fresh == readme {
            return Ok(());
        }
        if std::env::var_os("ACO_BLESS").is_some() {
            return fs::write("README.md", fresh).map_err(|error| error.to_string());
        }
        Err("README.md has other figures: ACO_BLESS=1 make test LANES=documents".to_string())
    })
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

/// What stands in the tables of a page, by row and heading; the first that says so counts.
fn collect(page: &str, measured: &mut BTreeMap<(String, String), String>) {
    let mut headings: Vec<&str> = Vec::new();
    for line in page.lines() {
        let Some(row) = cells(line) else {
            headings.clear();
            continue;
        };
        if headings.is_empty() {
            headings = row;
            continue;
        }
        for (heading, cell) in headings.iter().zip(&row).skip(1) {
            let place = (row[0].to_string(), heading.to_string());
            measured.entry(place).or_insert_with(|| cell.to_string());
        }
    }
}

/// The README with the figures that were measured in the tables of "Numbers", and how many they are.
fn with_figures(
    readme: &str,
    measured: &BTreeMap<(String, String), String>,
) -> Result<(String, usize), String> {
    let (mut fresh, mut count) = (String::new(), 0);
    let (mut is_inside, mut headings) = (false, Vec::new());
    for line in readme.lines() {
        is_inside = if line.starts_with("## ") { line == "## Numbers" } else { is_inside };
        let mut line = line.to_string();
        match cells(&line).filter(|_| is_inside) {
            None => headings.clear(),
            Some(row) if headings.is_empty() => {
                headings = row.iter().map(|heading| heading.to_string()).collect();
            }
            Some(row) if row.iter().skip(1).all(|cell| cell.starts_with("---")) => {}
            Some(row) => {
                let name = row[0].to_string();
                let mut figures = vec![name.clone()];
                for heading in headings.iter().skip(1) {
                    let place = (name.clone(), heading.clone());
                    let figure = measured.get(&place).ok_or(format!("no {place:?} is measured"))?;
                    figures.push(figure.clone());
                    count += 1;
                }
                line = format!("| {} |", figures.join(" | ")).replace("|  |", "| |");
            }
        }
        fresh += &line;
        fresh.push('\n');
    }
    Ok((fresh, count))
}
