//! The runtime where a sandbox refuses a call: tests/sandbox/, which has a table of the calls; and docs/sandbox.md,
//! which has every call that the library makes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lanes::Extent;
use crate::process::{command, is_there, scratch, succeed};
use crate::work::Case;

const PAGE: &str = "docs/sandbox.md";

/// How the program is built. The C library makes other calls of the same functions where it is another one.
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

/// Each call of the table, refused by EPERM and by ENOSYS, before the first runtime and within its first task.
pub fn cases(extent: Extent) -> Result<Vec<Case>, String> {
    let folder = scratch("sandbox")?;
    let mut cases = vec![
        Case::new("imports", || page_has(imports()?, "imports")),
        Case::new("calls by number", || page_has(calls_by_number()?, "calls by number")),
    ];
    let count = if extent == Extent::Plain { 1 } else { BUILDS.len() };
    for (name, compiler, library) in BUILDS.into_iter().take(count) {
        let tool = compiler.split(' ').next().unwrap_or_default();
        if !is_there(&format!("which {tool}")) {
            println!("sandbox: not {name}: {tool} is not there");
            continue;
        }
        let program = folder.join(name);
        let line = format!("{compiler} -std=gnu11 -Wall -Wextra -Werror -Iinclude");
        let line = format!("{line} tests/sandbox/sandbox.c -o {} {library}", program.display());
        succeed(command(&line), 60)?;
        let table = succeed(command(&program.to_string_lossy()), 10)?;
        let calls: BTreeSet<String> =
            table.lines().filter_map(|row| Some(row.split_once(' ')?.0.to_string())).collect();
        if calls.len() < 40 {
            return Err(format!("the table has {} calls:\n{table}", calls.len()));
        }
        cases.push(Case::new(format!("{name}: the page has the table"), {
            let calls = calls.clone();
            move || page_has(calls, "calls of tests/sandbox/sandbox.c")
        }));
        cases.extend(calls.into_iter().map(|call| refused(name, &program, call)));
    }
    Ok(cases)
}

/// A call is refused in each way.
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

/// The words of the page that may be the names of calls.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect()
}

fn page_has(names: BTreeSet<String>, what: &str) -> Result<(), String> {
    let text = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    let words = words(&text);
    let missing: Vec<_> = names.iter().filter(|name| !words.contains(name.as_str())).collect();
    match names.len() {
        0 => Err(format!("there are no {what}")),
        _ if missing.is_empty() => Ok(()),
        _ => Err(format!("{PAGE} has no row for these {what}: {missing:?}")),
    }
}

/// The functions of the C library that the shared library calls.
fn imports() -> Result<BTreeSet<String>, String> {
    let text = succeed(command("nm -D --undefined-only build/libaco.so"), 10)?;
    let names = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, name) = (words.next()?, words.next()?);
        // What may be missing: the functions of sanitizers, and notes of the C++ runtime.
        let is_optional = kind != "U" && name.starts_with("__");
        (!is_optional).then(|| name.split('@').next().unwrap_or_default().to_string())
    });
    Ok(names.filter(|name| !name.starts_with("_ITM") && !name.starts_with("__cxa")).collect())
}

/// The calls that the sources make by number.
fn calls_by_number() -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| error.to_string())?;
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            names.extend(text.split("libc::SYS_").skip(1).filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
                Some(rest.get(..end)?.to_string())
            }));
        }
    }
    Ok(names)
}
