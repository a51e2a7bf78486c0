//! The documents: the targets of their links exist, and the changelogs have their form.

use std::collections::BTreeSet;
use std::path::Path;

use crate::case::{Case, ensure};
use crate::figures;
use crate::files::{files, read, version};
use crate::platforms;
use crate::process::Result;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("links of the documents", check_links),
        Case::new("form of CHANGELOG.md", || check_changelog(&read("CHANGELOG.md")?)),
        Case::new("the form is looked at", wrong_changelogs_fail),
        Case::new("functions in CHANGELOG.md", functions_of_the_changelog),
        Case::new("version in debian/changelog", debian_version),
    ];
    cases.extend(figures::cases());
    cases.extend(platforms::cases());
    cases
}

/// The anchors that code hosts make of the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(slug).collect()
}

/// The targets of `[text](target)` outside of code.
fn targets(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut targets = Vec::new();
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if !is_code {
            let parts = line.split("](").skip(1);
            targets.extend(parts.filter_map(|part| Some(part.split_once(')')?.0)));
        }
    }
    targets
}

fn check_links() -> Result {
    let (mut wrong, mut links) = (Vec::new(), 0);
    for folder in [".", "docs", "docs/api", "docs/guide", "bindings"] {
        for page in files(folder, &["md"])? {
            let text = read(&page)?;
            for target in targets(&text).into_iter().filter(|target| !target.contains("://")) {
                links += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let path =
                    if file.is_empty() { page.clone() } else { Path::new(folder).join(file) };
                let exists =
                    path.exists() && (anchor.is_empty() || anchors(&read(&path)?).contains(anchor));
                if !exists {
                    wrong.push(format!("{}: {target}", page.display()));
                }
            }
        }
    }
    ensure!(links >= 200, "the search finds {links} links: it is broken");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Checks the form of Keep a Changelog: sections of versions, the newest first, with dates. A section has each of the
/// parts at most once.
fn check_changelog(text: &str) -> Result {
    const PARTS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    let (mut versions, mut last_date) = (Vec::new(), "9999");
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(part) = line.strip_prefix("### ") {
            let is_right = PARTS.contains(&part) && seen.insert(part) && !versions.is_empty();
            ensure!(is_right, "{line}");
        } else if let Some(section) = line.strip_prefix("## ") {
            seen.clear();
            let (version, date) = section.split_once(" - ").unwrap_or((section, ""));
            let is_unreleased = version == "[Unreleased]" && date.is_empty() && versions.is_empty();
            let is_form =
                |(c, form)| if form == '0' { char::is_ascii_digit(&c) } else { c == form };
            let is_date = date.len() == 10 && date.chars().zip("0000-00-00".chars()).all(is_form);
            let is_release = version.starts_with('[') && is_date && date < last_date;
            ensure!(is_unreleased || is_release, "{line}");
            versions.push(version);
            if is_release {
                last_date = date;
            }
        }
    }
    let present = format!("[{}]", version()?);
    let is_told =
        versions.first().is_some_and(|first| *first == "[Unreleased]" || *first == present);
    ensure!(is_told, "{present} is not the first of {versions:?}");
    Ok(())
}

fn wrong_changelogs_fail() -> Result {
    let wrong = [
        "# Changelog\n",
        "## [Unreleased]\n### Changes\n",
        "## [Unreleased]\n### Added\n### Added\n",
        "## [Unreleased]\n## [1.2.0] - soon\n",
        "## [Unreleased]\n## [1.2.0] - 2026-01-01\n## [1.2.1] - 2026-02-01\n",
        "## [1.2.0] - 2026-01-01\n",
    ];
    let passed = wrong.iter().find(|text| check_changelog(text).is_ok());
    ensure!(passed.is_none(), "passes: {passed:?}");
    Ok(())
}

/// Each function with a page, beside libaco's own, is in the changelog. Those of a shared floating-point environment have
/// one line for all.
fn functions_of_the_changelog() -> Result {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = |text: String| -> BTreeSet<String> {
        text.split(|c| !is_of_name(c)).map(str::to_string).collect()
    };
    let (map, told) = (read("libaco.map")?, words(read("CHANGELOG.md")?));
    let (pages, mut names) = (words(read("tests/manual/pages.txt")?), words(map.clone()));
    let libaco = map.split('}').find(|node| node.contains("ACO_1.2"));
    let libaco = words(libaco.ok_or("libaco.map has no node ACO_1.2")?.to_string());
    const INTERNAL: [&str; 1] = ["aco_arrived_by_hand"];
    names.retain(|name| {
        let is_public = pages.contains(name) && !libaco.contains(name);
        is_public && !name.ends_with("_shared_fpenv") && !INTERNAL.contains(&name.as_str())
    });
    let missing: Vec<_> = names.difference(&told).collect();
    ensure!(!names.is_empty() && missing.is_empty(), "CHANGELOG.md lacks {missing:?}");
    Ok(())
}

/// Compares the version of Cargo.toml, in the folder of `make deb`, with that of dpkg's changelog.
fn debian_version() -> Result {
    let text = read("debian/changelog")?;
    ensure!(text.starts_with(&format!("libaco ({}-", version()?)), "{text}");
    Ok(())
}
