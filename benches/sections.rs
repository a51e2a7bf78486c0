//! Pages that more than one benchmark writes: each has its own section, and leaves the others as they are.

use std::fs;

use crate::process::Result;

/// Writes `body` as the section `## heading` of the page at `path`. A new section comes last. `front`, if there is
/// one, replaces what stands before the first section.
pub fn put(path: &str, front: Option<&str>, heading: &str, body: &str) -> Result {
    let page = fs::read_to_string(path).unwrap_or_default();
    let mut parts = page.split("\n## ");
    let first = parts.next().unwrap_or_default();
    let mut text = front.unwrap_or(first).trim_end().to_string() + "\n";
    let body = body.trim_end();
    let mut is_written = false;
    for part in parts {
        let is_ours = part.lines().next() == Some(heading);
        is_written |= is_ours;
        text += "\n## ";
        text += &if is_ours {
            format!("{heading}\n\n{body}\n")
        } else {
            part.trim_end().to_string() + "\n"
        };
    }
    if !is_written {
        text += &format!("\n## {heading}\n\n{body}\n");
    }
    fs::write(path, text)?;
    Ok(())
}
