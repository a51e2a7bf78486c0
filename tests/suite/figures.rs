//! The figures and charts of the README are those of the pages that `make bench` and `make bench-rt` write: each cell
//! of its tables stands there, under the same heading, in the row of the same name, and the charts are drawn from the
//! pages by the code of `make bench`. `ACO_BLESS=1` writes them again.

use std::collections::BTreeMap;
use std::fs;

use crate::work::Case;

#[path = "../../benches/chart.rs"]
mod chart;

use chart::cells;

const PAGES: [&str; 2] = ["docs/performance.md", "docs/performance-rt.md"];

/// A row and a heading of the pages, and what the README says of that figure, {}, outside of its tables of figures.
const QUOTED: [(&str, &str, &str); 6] = [
    (SWITCH, "inline, own FP", "**A switch takes {} ns**"),
    (SWITCH, "inline, shared FP", "or {} ns if coroutines share"),
    (SWITCH, "inline, own FP", "| **libaco** | {} |"),
    (SWITCH, "Boost.Context", "| Boost.Context, Boost.Fiber | {} |"),
    (SWITCH, "corosensei", "| corosensei | {} |"),
    (PARKED, "acort", "**A parked task takes {} bytes**"),
];
const SWITCH: &str = "resume + yield, one coroutine: one switch, ns";
const PARKED: &str = "resident bytes of a parked task, 1,000,000 on the shared stack";

/// Draws a chart from the text of a page.
type Draw = fn(&str) -> Result<String, String>;

const CHARTS: [(&str, &str, Draw); 2] = [
    ("docs/performance.svg", PAGES[0], chart::coroutines),
    ("docs/performance-rt.svg", PAGES[1], chart::runtime),
];

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("figures of the README", figures_of_the_readme)];
    cases.extend(CHARTS.map(|(file, page, draw)| {
        Case::new(file, move || keep(file, &draw(&read(page)?)?, &read(file).unwrap_or_default()))
    }));
    cases.push(Case::new("figures of docs/tested.md", figures_of_the_tests));
    cases
}

/// What the page says that there is more than, and how many there are: not fewer, nor twice as many.
fn figures_of_the_tests() -> Result<(), String> {
    let page = read("docs/tested.md")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = |path: &str, start: &str| -> Result<usize, String> {
        Ok(read(path)?.lines().filter(|line| line.trim_start().starts_with(start)).count())
    };
    let programs = sources("c_tests", &["c", "cpp"])?.len() + sources("c_tests/rt", &["c"])?.len();
    let mut tests = 0;
    for path in sources("src", &["rs"])? {
        tests += lines(&path, "#[test]")?;
    }
    let mut models = 0;
    for path in sources("tests/loom", &["rs"])? {
        models += lines(&path, "#[test]")?;
    }
    for (text, count) in [
        ("programs in C and C++", programs),
        ("of them: ", lines("tests/suite/lanes.rs", "Lane {")?),
        ("unit tests", tests),
        ("mutations", lines("tests/loom/mutations.rs", "(\"")?),
        ("models run that way", models),
    ] {
        let before = page.split(text).next().unwrap_or_default();
        let stated = before.split_whitespace().last().and_then(|word| word.parse::<usize>().ok());
        let stated = stated.ok_or(format!("no number before \"{text}\""))?;
        if count < stated || count > 2 * stated {
            return Err(format!("more than {stated} {text}: there are {count}"));
        }
    }
    Ok(())
}

/// The files below a folder with one of these extensions.
fn sources(folder: &str, extensions: &[&str]) -> Result<Vec<String>, String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_string()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?.flatten()
        {
            let path = entry.path();
            let name = path.display().to_string();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() && folder.starts_with("src") => folders.push(name),
                Some(extension) if extensions.contains(&extension) => found.push(name),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

/// The file has the text that it should have, or is written.
fn keep(path: &str, wanted: &str, found: &str) -> Result<(), String> {
    if wanted == found {
        return Ok(());
    }
    if std::env::var_os("ACO_BLESS").is_some() {
        return fs::write(path, wanted).map_err(|error| error.to_string());
    }
    Err(format!("{path} has other figures: ACO_BLESS=1 make test LANES=documents"))
}

fn figures_of_the_readme() -> Result<(), String> {
    let mut measured = BTreeMap::new();
    for page in PAGES {
        collect(&read(page)?, &mut measured);
    }
    let readme = read("README.md")?;
    let (fresh, cells) = with_figures(&readme, &measured)?;
    if cells < 20 {
        return Err(format!("the search finds {cells} figures: it is broken"));
    }
    for (row, heading, text) in QUOTED {
        let place = (row.to_string(), heading.to_string());
        let figure = measured.get(&place).ok_or(format!("no {place:?} is measured"))?;
        let text = text.replace("{}", figure);
        if !readme.contains(&text) {
            return Err(format!("README.md does not say: {text}"));
        }
    }
    keep("README.md", &fresh, &readme)
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
                let figures = figures
                    .iter()
                    .map(|f| if f.is_empty() { " |".into() } else { format!(" {f} |") });
                line = format!("|{}", figures.collect::<String>());
            }
        }
        fresh += &line;
        fresh.push('\n');
    }
    Ok((fresh, count))
}
