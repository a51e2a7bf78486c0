//! Every program and every part of one that the documents show is compiled and run.
//!
//! A block of C or C++ with a `main` is a program. Another one stands in a frame, in a comment of the
//! document just before it, which readers do not see:
//!
//! ```text
//! <!-- frame
//! int main(void) {
//!     @@                    the whole block; @1, @2: its paragraphs
//!     return 0;
//! }
//! -->
//! ```
//!
//! A block `text prints` after it is what it prints. It is then run again and again in one process, in which it must keep
//! nothing: what readers copy must not leak. A comment `<!-- serves -->` before a program says that it is an echo server,
//! which tells its port: `survival.rs` says what that survives.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{command, scratch, succeed};
use crate::survival;
use crate::work::Case;

/// What stands in a document for programs, and what is no program.
const OTHER_LANGUAGES: [&str; 9] =
    ["", "text", "sh", "cmake", "make", "nim", "python", "lua", "zig"];

/// A block of a document, and what the document says of it.
struct Snippet {
    document: String,
    line: usize,
    is_cxx: bool,
    text: String,
    frame: Option<String>,
    prints: Option<String>,
    serves: bool,
}

/// Programs of examples/ that end, and that may run more than once in a process: pipeline.c closes channels that are
/// static, blocking_work.c takes long, and malloc(3) has a heap for each thread of threads.c.
const EXAMPLES: [&str; 8] = [
    "generator",
    "own_memory",
    "readme",
    "round_robin",
    "shared_stacks",
    "tracing",
    "tree_walk",
    "words",
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<_> = EXAMPLES.into_iter().map(example).collect();
    for document in documents() {
        let name = document.display().to_string();
        match fs::read_to_string(&document).map_err(|error| error.to_string()) {
            Ok(text) => {
                let snippets = snippets(&name, &text);
                cases.push(Case::new(format!("languages of {name}"), move || languages(&text)));
                cases.extend(snippets.into_iter().map(case));
            }
            Err(error) => cases.push(Case::new(name, move || Err(error))),
        }
    }
    cases
}

/// README.md and the documents below docs/ and bindings/, but for the reference, which has signatures.
fn documents() -> Vec<PathBuf> {
    let mut documents = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs"), PathBuf::from("bindings")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.ends_with("docs/api") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(path);
            }
        }
    }
    documents.sort();
    documents
}

/// A block in a language without a check would go unseen.
fn languages(text: &str) -> Result<(), String> {
    let mut is_inside = false;
    for line in text.lines().filter(|line| line.starts_with("```")) {
        let language = line.trim_start_matches('`').split(' ').next().unwrap_or_default();
        let is_known = OTHER_LANGUAGES.contains(&language) || ["c", "cpp"].contains(&language);
        if !is_inside && !is_known {
            return Err(format!("nobody tries what is written in {language}"));
        }
        is_inside = !is_inside;
    }
    if is_inside { Err("a block without an end".to_string()) } else { Ok(()) }
}

/// The blocks of C and C++ of a document.
fn snippets(document: &str, text: &str) -> Vec<Snippet> {
    let mut snippets: Vec<Snippet> = Vec::new();
    let (mut frame, mut serves) = (None, false);
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut until = |end: &str| -> String {
            let inner = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != end);
            inner.map(|line| format!("{line}\n")).collect()
        };
        match line {
            "<!-- frame" => frame = Some(until("-->")),
            "```c" | "```cpp" => snippets.push(Snippet {
                document: document.to_string(),
                line: number + 1,
                is_cxx: line == "```cpp",
                text: until("```"),
                frame: frame.take(),
                prints: None,
                serves: std::mem::take(&mut serves),
            }),
            "```text prints" => {
                let prints = until("```");
                if let Some(last) = snippets.last_mut() {
                    last.prints = Some(prints);
                }
            }
            _ if line.starts_with("```") => drop(until("```")),
            _ => serves |= line == "<!-- serves -->",
        }
    }
    snippets
}

impl Snippet {
    /// The program that the block is, or stands in.
    fn program(&self) -> Result<String, String> {
        let Some(frame) = &self.frame else {
            return if self.text.contains("int main(") {
                Ok(self.text.clone())
            } else {
                Err("no main, and no frame before it".to_string())
            };
        };
        let mut program = frame.replace("@@", &self.text);
        for (number, part) in self.text.split("\n\n").enumerate() {
            program = program.replace(&format!("@{}", number + 1), part);
        }
        Ok(program)
    }
}

fn case(snippet: Snippet) -> Case {
    let name = format!("{}:{}", snippet.document, snippet.line);
    Case::new(name.clone(), move || {
        let folder = scratch(&format!("snippets/{}", name.replace(['/', ':', '.'], "-")))?;
        let source = folder.join(if snippet.is_cxx { "snippet.cpp" } else { "snippet.c" });
        fs::write(&source, snippet.program()?).map_err(|error| error.to_string())?;
        let program = folder.join("run");
        if snippet.serves {
            survival::build(&source, &program)?;
            return survival::survives(&program, survival::ECHO);
        }
        let object = folder.join("snippet.o");
        compile(snippet.is_cxx, &source, &object)?;
        link(snippet.is_cxx, &[&object], &program)?;
        let output = succeed(command(&format!("./{}", program.display())), 60)?;
        if let Some(wanted) = &snippet.prints
            && *wanted != output
        {
            return Err(format!("prints\n{output}and not\n{wanted}"));
        }
        keeps_nothing(snippet.is_cxx, &object, &folder)
    })
}

fn example(name: &'static str) -> Case {
    Case::new(format!("examples/{name}.c keeps nothing"), move || {
        let folder = scratch(&format!("snippets/examples-{name}"))?;
        let source = PathBuf::from(format!("examples/{name}.c"));
        let object = folder.join("example.o");
        compile(false, &source, &object)?;
        keeps_nothing(false, &object, &folder)
    })
}

pub fn compile(is_cxx: bool, source: &Path, object: &Path) -> Result<(), String> {
    let compiler = if is_cxx { "c++ -std=c++17" } else { "cc -std=gnu11" };
    let (from, to) = (source.display(), object.display());
    let line = format!("{compiler} -O1 -Wall -Wextra -Werror -Iinclude -c {from} -o {to}");
    succeed(command(&line), 60).map(drop)
}

fn link(is_cxx: bool, objects: &[&Path], program: &Path) -> Result<(), String> {
    let objects: Vec<_> = objects.iter().map(|object| object.to_string_lossy()).collect();
    let compiler = if is_cxx { "c++" } else { "cc" };
    let line = format!("{compiler} {} -o {}", objects.join(" "), program.display());
    succeed(command(&format!("{line} build/libaco.a -lpthread -lm")), 60).map(drop)
}

/// tests/use/again.c runs the program, whose `main` has another name then.
pub fn keeps_nothing(is_cxx: bool, object: &Path, folder: &Path) -> Result<(), String> {
    let (renamed, again) = (folder.join("program.o"), folder.join("again.o"));
    let line = format!("{} {}", object.display(), renamed.display());
    succeed(command(&format!("objcopy --redefine-sym main=program {line}")), 60)?;
    compile(false, Path::new("tests/use/again.c"), &again)?;
    let program = folder.join("again");
    link(is_cxx, &[&renamed, &again], &program)?;
    let mut run = command(&format!("./{} README.md", program.display()));
    // A thread's cache counts as what is in use.
    run.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
    succeed(run, 120).map(drop)
}
