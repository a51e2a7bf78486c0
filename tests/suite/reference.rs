//! The programs of the manual pages, docs/examples/. Each is compiled, and prints what its page says.

use std::path::PathBuf;

use crate::case::{Program, ensure};
use crate::files::{files, read, stem};
use crate::process::{Result, scratch, succeed};
use crate::snippets::{again, compile, keeps_nothing, link};
use crate::toolchain::command;

/// Programs with threads of the runtime, for which the C library keeps stacks and heaps.
const THREADS: [&str; 3] = ["acort_new", "acort_open", "acort_blocking"];

pub fn programs() -> Result<Vec<Program>> {
    let sources = files("docs/examples", &["c"])?;
    ensure!(sources.len() > 50, "docs/examples has {} programs", sources.len());
    Ok(sources.into_iter().map(program).collect())
}

fn program(source: PathBuf) -> Program {
    Program::new(source.display().to_string(), move || {
        let name = stem(&source);
        let folder = scratch(&format!("reference/{name}"))?;
        let (object, program) = (folder.join("example.o"), folder.join("run"));
        compile(false, &source, &object)?;
        link(false, &[&object], &program)?;
        let wanted = shown_output(&read(&source)?)?;
        let has_threads = THREADS.contains(&&*name);
        let keeps = if has_threads { None } else { Some(again(false, &object, &folder)?) };
        Ok(Box::new(move || {
            // The page has stdout.
            let line = format!("./{} 2> /dev/null", program.display());
            let output = succeed(command("sh -c").arg(line), 60)?;
            ensure!(wanted == output, "expected:\n{wanted}\nprinted:\n{output}");
            keeps.as_ref().map_or(Ok(()), |again| keeps_nothing(again, "README.md"))
        }))
    })
}

/// What a program's last comment says that it prints.
pub fn shown_output(text: &str) -> Result<String> {
    let (_, shown) = text.rsplit_once("/* Prints:\n").ok_or("no \"Prints:\"")?;
    let shown = shown.rsplit_once(" */").map_or(shown, |(lines, _)| lines);
    let lines = shown.lines().map(|line| line.get(3..).unwrap_or_default());
    Ok(lines.map(|line| format!("{line}\n")).collect())
}
