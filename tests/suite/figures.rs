//! The figures of the README. `make bench` and `make bench-rt` write the pages: each cell of a table of the README is
//! in them, under the same heading, in the row of the same name. `ACO_BLESS=1` writes the README again.

use std::collections::BTreeMap;
use std::fs;

use crate::case::{Case, ensure};
use crate::files::read;
use crate::process::Result;

const PAGES: [&str; 2] = ["docs/performance.md", "docs/performance-rt.md"];

/// Cells by row and heading.
type Figures = BTreeMap<(String, String), String>;

pub fn case() -> Case {
    Case::new("figures of the README", || {
        let mut measured = Figures::new();
        for page in PAGES {
            collect(&read(page)?, &mut measured);
        }
        let readme = read("README.md")?;
        let (updated, count) = with_figures(&readme, &measured)?;
        ensure!(count >= 20, "the search finds {count} figures: it is broken");
        if updated != readme && std::env::var_os("ACO_BLESS").is_some() {
            return Ok(fs::write("README.md", updated)?);
        }
        let advice = "ACO_BLESS=1 make test LANES=documents";
        ensure!(updated == readme, "README.md has other figures: {advice}");
        Ok(())
    })
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
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
                new_line = format!("| {} |", figures.join(" | ")).replace("|  |", "| |");
            }
        }
        updated += &format!("{new_line}\n");
    }
    Ok((updated, count))
}
