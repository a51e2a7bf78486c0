//! The runtime where a sandbox refuses system calls. tests/sandbox/ has a table of the calls, and docs/sandbox.md has a
//! row for each call of the library.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::files::{files_below, read};
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::toolchain::{command, is_available};

const PAGE: &str = "docs/sandbox.md";

/// Builds of the program: name, compiler, library. Each C library makes other calls for the same functions.
const BUILDS: [(&str, &str, &str); 4] = [
    ("archive", "cc -O2", "build/libaco.a -lpthread"),
    ("shared", "cc -O1 -g", "-Lbuild -laco -Wl,-rpath,build -lpthread"),
    ("static", "clang -O2 -static", "build/libaco.a -lpthread"),
    (
        "musl",
        "musl-gcc -O2 -static -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu",
        "build/libaco.a -lpthread",
    ),
];

pub fn cases(extent: Extent) -> Result<Vec<Case>> {
    let folder = scratch("sandbox")?;
    let mut cases = vec![
        Case::new("imports", || page_has(&imports()?, "imports")),
        Case::new("calls by number", || page_has(&calls_by_number()?, "calls by number")),
    ];
    let count = if extent == Extent::Sample { 1 } else { BUILDS.len() };
    for (name, compiler, library) in BUILDS.into_iter().take(count) {
        let tool = compiler.split(' ').next().unwrap_or_default();
        if !is_available(&format!("which {tool}")) {
            println!("sandbox: not {name}: {tool} is not there");
            continue;
        }
        let program = folder.join(name);
        let line = format!("{compiler} -std=gnu11 -Iinclude tests/sandbox/sandbox.c");
        succeed(command(&format!("{line} -o {} {library}", program.display())), 60)?;
        let table = succeed(command(&program.to_string_lossy()), 10)?;
        let calls = table.lines().filter_map(|row| Some(row.split_once(' ')?.0.to_string()));
        let calls: BTreeSet<_> = calls.collect();
        ensure!(calls.len() >= 40, "the table has {} calls:\n{table}", calls.len());
        cases.push(Case::new(format!("{name}: the page has the table"), {
            let calls = calls.clone();
            move || page_has(&calls, "calls of tests/sandbox/sandbox.c")
        }));
        cases.extend(calls.into_iter().map(|call| refused(name, &program, call)));
    }
    Ok(cases)
}

/// A call is refused by EPERM and by ENOSYS, before the first runtime and within its first task.
fn refused(build: &str, program: &Path, call: String) -> Case {
    let program: PathBuf = program.into();
    Case::new(format!("{build}: {call}"), move || {
        for errno in [libc::EPERM, libc::ENOSYS] {
            for when in ["early", "late"] {
                let line = format!("{} {call} {errno} {when}", program.display());
                succeed(command(&line), 30)?;
            }
        }
        Ok(())
    })
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Checks that each name is a word of the page.
fn page_has(names: &BTreeSet<String>, what: &str) -> Result {
    ensure!(!names.is_empty(), "there are no {what}");
    let text = read(PAGE)?;
    let words: BTreeSet<_> = text.split(|c| !is_name(c)).collect();
    let missing: Vec<_> = names.iter().filter(|name| !words.contains(name.as_str())).collect();
    ensure!(missing.is_empty(), "{PAGE} has no row for these {what}: {missing:?}");
    Ok(())
}

/// The functions of the C library that the shared library calls.
fn imports() -> Result<BTreeSet<String>> {
    let text = succeed(command("nm -D --undefined-only build/libaco.so"), 10)?;
    let names = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, name) = (words.next()?, words.next()?);
        // The functions of sanitizers, and of the C++ runtime, which may be missing.
        let is_optional = kind != "U" && name.starts_with("__");
        (!is_optional).then(|| name.split('@').next().unwrap_or_default().to_string())
    });
    Ok(names.filter(|name| !name.starts_with("_ITM") && !name.starts_with("__cxa")).collect())
}

/// The system calls that the sources make by number.
fn calls_by_number() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for path in files_below(&["src"], &["rs"])? {
        let text = read(&path)?;
        let calls = text.split("libc::SYS_").skip(1);
        names
            .extend(calls.map(|call| call.chars().take_while(|c| is_name(*c)).collect::<String>()));
    }
    Ok(names)
}
