//! The programs of the manual pages, docs/examples/. Each is compiled, and prints what its page says.

use crate::case::{Case, ensure};
use crate::files::{files, read, stem};
use crate::process::{Result, scratch, succeed};
use crate::snippets::{compile, keeps_nothing, link};
use crate::toolchain::command;

/// Programs with threads of the runtime, for which the C library keeps stacks and heaps.
const THREADS: [&str; 3] = ["acort_new", "acort_open", "acort_blocking"];

pub fn cases() -> Result<Vec<Case>> {
    let sources = files("docs/examples", &["c"])?;
    ensure!(sources.len() > 50, "docs/examples has {} programs", sources.len());
    let case = |source: std::path::PathBuf| {
        Case::new(source.display().to_string(), move || {
            let name = stem(&source);
            let folder = scratch(&format!("reference/{name}"))?;
            let (object, program) = (folder.join("example.o"), folder.join("run"));
            compile(false, &source, &object)?;
            link(false, &[&object], &program)?;
            // The page has stdout.
            let line = format!("./{} 2> /dev/null", program.display());
            let output = succeed(command("sh -c").arg(line), 60)?;
            let text = read(&source)?;
            let (_, wanted) = text.rsplit_once("/* Prints:\n").ok_or("no \"Prints:\"")?;
            let wanted = wanted.rsplit_once(" */").map_or(wanted, |(lines, _)| lines);
            let wanted = wanted.lines().map(|line| line.get(3..).unwrap_or_default());
            let wanted: String = wanted.map(|line| format!("{line}\n")).collect();
            ensure!(wanted == output, "expected:\n{wanted}\nprinted:\n{output}");
            if THREADS.contains(&&*name) {
                return Ok(());
            }
            keeps_nothing(false, &object, &folder)
        })
    };
    Ok(sources.into_iter().map(case).collect())
}
