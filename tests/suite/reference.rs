//! The programs of the manual pages, `docs/examples/`: each is compiled, and prints what its page says.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{command, scratch, succeed};
use crate::snippets::{compile, keeps_nothing};
use crate::work::Case;

/// Programs that start threads of the runtime, of which the C library keeps a stack and a heap.
const THREADS: [&str; 3] = ["acort_new", "acort_open", "acort_blocking"];

pub fn cases() -> Vec<Case> {
    let entries = fs::read_dir("docs/examples").into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let mut cases: Vec<_> = paths.into_iter().map(case).collect();
    let count = cases.len();
    cases.push(Case::new("docs/examples has a program for each page", move || {
        if count > 50 { Ok(()) } else { Err(format!("the search finds {count} programs")) }
    }));
    cases
}

fn case(source: PathBuf) -> Case {
    Case::new(source.display().to_string(), move || {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = scratch(&format!("reference/{name}"))?;
        let (object, program) = (folder.join("example.o"), folder.join("run"));
        compile(false, &source, &object)?;
        let line = format!("cc {} -o {}", object.display(), program.display());
        succeed(command(&format!("{line} build/libaco.a -lpthread -lm")), 60)?;
        // The page has what goes to stdout.
        let mut shell = command("sh -c");
        shell.arg(format!("./{} 2> /dev/null", program.display()));
        let output = succeed(shell, 60)?;
        let wanted = promised(&source)?;
        if output != wanted {
            return Err(format!("promised:\n{wanted}\nprinted:\n{output}"));
        }
        if THREADS.contains(&&*name) { Ok(()) } else { keeps_nothing(false, &object, &folder) }
    })
}

/// The lines of the last comment of a program.
fn promised(source: &Path) -> Result<String, String> {
    let text = fs::read_to_string(source).map_err(|error| error.to_string())?;
    let (_, promised) = text.rsplit_once("/* Prints:\n").ok_or("it does not say what it prints")?;
    let promised = promised.rsplit_once(" */").map_or(promised, |(lines, _)| lines);
    let lines = promised.lines().map(|line| line.get(3..).unwrap_or_default());
    Ok(lines.map(|line| format!("{line}\n")).collect())
}
