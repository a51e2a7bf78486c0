//! The documents: their links lead somewhere, the changelogs have their form.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::figures;
use crate::work::Case;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("links of the documents", links_lead_somewhere),
        Case::new("form of CHANGELOG.md", || changelog_form(&read(Path::new("CHANGELOG.md"))?)),
        Case::new("the form is looked at", changelog_form_is_looked_at),
        Case::new("version in debian/changelog", debian_version),
    ];
    cases.extend(figures::cases());
    cases
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn documents(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    Ok(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect())
}

/// The anchors that a page has, as code hosts make them of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(slug).collect()
}

/// The targets of `[text](target)`, outside of code.
fn targets(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut targets = Vec::new();
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if !is_code {
            let parts = line.split("](").skip(1).filter_map(|part| part.split_once(')'));
            targets.extend(parts.map(|(target, _)| target.to_string()));
        }
    }
    targets
}

fn links_lead_somewhere() -> Result<(), String> {
    let (mut wrong, mut links) = (Vec::new(), 0);
    for folder in ["", "docs", "docs/api", "bindings"] {
        let folder = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
        for page in documents(folder)? {
            for target in targets(&read(&page)?) {
                if target.contains("://") {
                    continue;
                }
                links += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
                let path = if file.is_empty() { page.clone() } else { folder.join(file) };
                let is_there =
                    path.exists() && (anchor.is_empty() || anchors(&read(&path)?).contains(anchor));
                if !is_there {
                    wrong.push(format!("{}: {target}", page.display()));
                }
            }
        }
    }
    if links < 200 {
        return Err(format!("the search finds {links} links: it is broken"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Keep a Changelog: sections of versions, the newest first, with dates; in them these parts, once each.
fn changelog_form(text: &str) -> Result<(), String> {
    const PARTS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    let (mut versions, mut last_date) = (Vec::new(), String::from("9999"));
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(part) = line.strip_prefix("### ") {
            let is_right = PARTS.contains(&part) && seen.insert(part) && !versions.is_empty();
            is_right.then_some(()).ok_or_else(|| line.to_string())?;
        } else if let Some(section) = line.strip_prefix("## ") {
            seen.clear();
            let (version, date) = section.split_once(" - ").unwrap_or((section, ""));
            let is_unreleased = version == "[Unreleased]" && date.is_empty() && versions.is_empty();
            let is_date = date.len() == 10
                && date
                    .chars()
                    .enumerate()
                    .all(|(at, c)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() });
            let is_release = version.starts_with('[') && is_date && *date < *last_date;
            (is_unreleased || is_release).then_some(()).ok_or_else(|| line.to_string())?;
            versions.push(version.to_string());
            if is_release {
                last_date = date.to_string();
            }
        }
    }
    let present = format!("[{}]", env!("CARGO_PKG_VERSION"));
    let is_told =
        versions.first().is_some_and(|first| *first == "[Unreleased]" || *first == present);
    if is_told { Ok(()) } else { Err(format!("{present} is not the first of {versions:?}")) }
}

fn changelog_form_is_looked_at() -> Result<(), String> {
    let wrong = [
        "# Changelog\n",
        "## [Unreleased]\n### Changes\n",
        "## [Unreleased]\n### Added\n### Added\n",
        "## [Unreleased]\n## [1.2.0] - soon\n",
        "## [Unreleased]\n## [1.2.0] - 2026-01-01\n## [1.2.1] - 2026-02-01\n",
        "## [1.2.0] - 2026-01-01\n",
    ];
    let passed = wrong.iter().find(|text| changelog_form(text).is_ok());
    passed.map_or(Ok(()), |text| Err(format!("passes: {text}")))
}

/// `make deb` names its folder after Cargo.toml, dpkg after its own changelog.
fn debian_version() -> Result<(), String> {
    let text = read(Path::new("debian/changelog"))?;
    let start = format!("libaco ({}-", env!("CARGO_PKG_VERSION"));
    if text.starts_with(&start) { Ok(()) } else { Err(text) }
}
