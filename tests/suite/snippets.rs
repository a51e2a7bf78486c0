//! The programs, and parts of programs, in the documents are compiled and run.
//!
//! A block of C or C++ with a `main` is a program. Before another block there is a frame, in a comment of the document:
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
//! A block `text prints` after a program is its output. The program then runs many times in one process, where it must
//! not leak memory. A program after a comment `<!-- serves -->` is an echo server that prints its port: `survival.rs`.
//! A program after `<!-- threads -->` runs once: malloc(3) keeps a heap for each of its threads.
//!
//! `<!-- frame FILE -->` is a frame in a file. `<!-- program FILE -->` stands for a program that the page does not show.
//! The block `text prints` after it is what the program prints, on stderr too, before it ends or dies. Addresses are not
//! compared. `<!-- program in gdb FILE -->` shows what `aco bt all` prints at the program's function `stop_here`. A program
//! of the guide also runs many times in one process, unless `<!-- threads -->` is before it.
//!
//! A block after `<!-- part of FILE -->` is not compiled: each of its paragraphs is in the file as it is. A block
//! `text prints` after it is the output in the file's last comment.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::case::{Case, Check, Program, ensure};
use crate::files::{files_below, read, root};
use crate::process::{Result, run, scratch, succeed};
use crate::reference::shown_output;
use crate::survival;
use crate::toolchain::command;

/// The languages of blocks that are not compiled.
const OTHER_LANGUAGES: [&str; 9] =
    ["", "text", "sh", "cmake", "make", "nim", "python", "lua", "zig"];

/// A block of a document.
struct Snippet {
    document: String,
    line: usize,
    is_cxx: bool,
    /// The block; the path of a program that the page does not show.
    text: String,
    frame: Option<String>,
    prints: Option<String>,
    serves: bool,
    has_threads: bool,
    /// None: the page shows the program.
    hidden: Option<Hidden>,
    /// The file that has the paragraphs of the block.
    whole: Option<PathBuf>,
}

/// How a program runs that the page does not show.
#[derive(Clone, Copy, PartialEq)]
enum Hidden {
    Alone,
    InGdb,
}

/// Programs of examples/ that can run many times in a process. The others are servers, pipeline.c, which closes static
/// channels, blocking_work.c, which takes long, and threads.c, for whose threads malloc(3) keeps heaps.
const EXAMPLES: [&str; 21] = [
    "generator",
    "own_memory",
    "patterns/circuit_breaker",
    "patterns/fan_in",
    "patterns/first_success",
    "patterns/line_server",
    "patterns/n_in_flight",
    "patterns/pipeline",
    "patterns/publish_subscribe",
    "patterns/rate_limiter",
    "patterns/relay",
    "patterns/supervisor",
    "patterns/timeout",
    "patterns/timeout_blocking",
    "patterns/worker_pool",
    "readme",
    "round_robin",
    "shared_stacks",
    "tracing",
    "tree_walk",
    "words",
];

/// README.md, README.zh.md and the documents below docs/ and bindings/, but for the reference, which has signatures.
fn documents() -> Result<Vec<(String, String)>> {
    let mut documents = files_below(&["docs", "bindings"], &["md"])?;
    documents.retain(|path| !path.starts_with("docs/api"));
    documents.extend(["README.md".into(), "README.zh.md".into()]);
    documents.into_iter().map(|path| Ok((path.display().to_string(), read(&path)?))).collect()
}

pub fn cases() -> Result<Vec<Case>> {
    let mut cases: Vec<_> = programs()?.into_iter().map(Case::of).collect();
    cases.push(Case::new("a part that differs from its file is found", missing_parts_are_found));
    for (name, text) in documents()? {
        cases.push(Case::new(format!("languages of {name}"), move || languages(&text)));
    }
    Ok(cases)
}

/// The programs of examples/ and of the documents.
pub fn programs() -> Result<Vec<Program>> {
    let mut programs: Vec<_> = EXAMPLES.into_iter().map(example).collect();
    for (name, text) in documents()? {
        programs.extend(snippets(&name, &text).into_iter().map(Snippet::into_program));
    }
    Ok(programs)
}

/// Checks that the language of each block is known. A block of another language would not be compiled.
fn languages(text: &str) -> Result {
    let mut is_inside = false;
    for line in text.lines().filter(|line| line.starts_with("```")) {
        let language = line.trim_start_matches('`').split(' ').next().unwrap_or_default();
        let is_known = OTHER_LANGUAGES.contains(&language) || ["c", "cpp"].contains(&language);
        ensure!(is_inside || is_known, "no case compiles {language}");
        is_inside = !is_inside;
    }
    ensure!(!is_inside, "a block has no end");
    Ok(())
}

/// The blocks of C and C++ of a document.
fn snippets(document: &str, text: &str) -> Vec<Snippet> {
    let mut snippets: Vec<Snippet> = Vec::new();
    let (mut frame, mut whole, mut serves, mut has_threads) = (None, None, false, false);
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut until = |end: &str| -> String {
            let inner = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != end);
            inner.map(|line| format!("{line}\n")).collect()
        };
        match line {
            "<!-- frame" => frame = Some(until("-->")),
            _ if line.starts_with("<!-- frame ") => frame = file_of(line).map(frame_in),
            _ if line.starts_with("<!-- part of ") => whole = file_of(line).map(PathBuf::from),
            _ if line.starts_with("<!-- program ") => snippets.push(Snippet {
                document: document.to_string(),
                line: number + 1,
                is_cxx: false,
                text: file_of(line).unwrap_or_default().to_string(),
                frame: None,
                prints: None,
                serves: false,
                has_threads: std::mem::take(&mut has_threads),
                whole: None,
                hidden: Some(if line.contains(" in gdb ") { Hidden::InGdb } else { Hidden::Alone }),
            }),
            "```c" | "```cpp" => snippets.push(Snippet {
                document: document.to_string(),
                line: number + 1,
                is_cxx: line == "```cpp",
                text: until("```"),
                frame: frame.take(),
                prints: None,
                serves: std::mem::take(&mut serves),
                has_threads: std::mem::take(&mut has_threads),
                hidden: None,
                whole: whole.take(),
            }),
            "```text prints" => {
                let prints = until("```");
                if let Some(last) = snippets.last_mut() {
                    last.prints = Some(prints);
                }
            }
            _ if line.starts_with("```") => drop(until("```")),
            "<!-- threads -->" => has_threads = true,
            _ => serves |= line == "<!-- serves -->",
        }
    }
    snippets
}

/// The first paragraph of a block that is not in its file as it is.
fn missing_part<'a>(block: &'a str, whole: &str) -> Option<&'a str> {
    block.split("\n\n").find(|part| !whole.contains(part.trim_matches('\n')))
}

/// Shows that a paragraph which differs from the file is found.
fn missing_parts_are_found() -> Result {
    let whole = "int a;\n\nint b(void) {\n    return 1;\n}\n\nint c;\n";
    let wrong = "int a;\n\nint b(void) {\n    return 2;\n}\n";
    ensure!(
        missing_part("int a;\n\nint c;\n", whole).is_none(),
        "a paragraph of the file is missed"
    );
    ensure!(missing_part(wrong, whole).is_some(), "a paragraph that differs passes");
    Ok(())
}

/// The file that a comment names: `<!-- program tests/documents/bank.c -->`.
fn file_of(comment: &str) -> Option<&str> {
    comment.strip_suffix(" -->")?.rsplit(' ').next()
}

/// The frame in a file. A missing file is a frame without a place for the block: the program does not compile.
fn frame_in(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

impl Snippet {
    /// The program of the block, in its frame.
    fn program(&self) -> Result<String> {
        let Some(frame) = &self.frame else {
            ensure!(self.text.contains("int main("), "no main, and no frame before it");
            return Ok(self.text.clone());
        };
        let mut program = frame.replace("@@", &self.text);
        for (number, part) in self.text.split("\n\n").enumerate() {
            program = program.replace(&format!("@{}", number + 1), part);
        }
        Ok(program)
    }

    fn into_program(self) -> Program {
        let name = format!("{}:{}", self.document, self.line);
        let snippet = Arc::new(self);
        Program::new(name.clone(), move || {
            let folder = scratch(&format!("snippets/{}", name.replace(['/', ':', '.'], "-")))?;
            match (snippet.hidden, &snippet.whole) {
                (Some(how), _) => snippet.clone().build_hidden(how, &folder),
                (None, Some(file)) => {
                    let whole = read(file)?;
                    let missing = missing_part(&snippet.text, &whole);
                    ensure!(missing.is_none(), "{} has no such part: {missing:?}", file.display());
                    if let Some(prints) = &snippet.prints {
                        ensure!(shown_output(&whole)? == *prints, "{} prints more", file.display());
                    }
                    if snippet.serves {
                        return serves(file, folder.join("run"));
                    }
                    Ok(Box::new(|| Ok(())))
                }
                (None, None) => snippet.clone().build(&folder),
            }
        })
    }

    /// Builds a program that the page shows.
    fn build(self: Arc<Self>, folder: &Path) -> Result<Check> {
        let program = folder.join("run");
        let source = folder.join(if self.is_cxx { "snippet.cpp" } else { "snippet.c" });
        fs::write(&source, self.program()?)?;
        if self.serves {
            return serves(&source, program);
        }
        let object = folder.join("snippet.o");
        compile(self.is_cxx, &source, &object)?;
        link(self.is_cxx, &[&object], &program)?;
        let keeps =
            if self.has_threads { None } else { Some(again(self.is_cxx, &object, folder)?) };
        Ok(Box::new(move || {
            let output = succeed(command(&format!("./{}", program.display())), 60)?;
            if let Some(wanted) = &self.prints {
                ensure!(*wanted == output, "prints\n{output}and not\n{wanted}");
            }
            keeps.as_ref().map_or(Ok(()), |again| keeps_nothing(again, "README.md"))
        }))
    }

    /// Builds a program that the page does not show, to compare what the page shows of it.
    fn build_hidden(self: Arc<Self>, how: Hidden, folder: &Path) -> Result<Check> {
        ensure!(self.prints.is_some(), "the page shows nothing of it");
        let (from, program) = (&self.text, folder.join("run"));
        let line = "cc -std=gnu11 -g -O1 -fno-inline -rdynamic -Wall -Wextra -Iinclude";
        // Functions of libaco.so have names.
        let line = format!("{line} {from} -o {} -Lbuild -laco -lpthread", program.display());
        let mut compiler = command(&line);
        compiler.arg(format!("-Wl,-rpath,{}", root().join("build").display()));
        compiler.arg(format!("-ffile-prefix-map={}=.", root().display()));
        succeed(compiler, 60)?;
        let is_repeated = how == Hidden::Alone && !self.has_threads;
        let keeps = if is_repeated && from.starts_with("docs/guide/") {
            let object = folder.join("snippet.o");
            compile(false, Path::new(from), &object)?;
            Some(again(false, &object, folder)?)
        } else {
            None
        };
        Ok(Box::new(move || {
            let output = match how {
                Hidden::Alone => run(command(&format!("./{}", program.display())), 60)?.text,
                Hidden::InGdb => all_coroutines_in_gdb(&program)?,
            };
            let wanted = self.prints.as_deref().unwrap_or_default();
            let is_shown = comparable(&output) == comparable(wanted);
            ensure!(is_shown, "prints\n{output}and not\n{wanted}");
            keeps.as_ref().map_or(Ok(()), |again| keeps_nothing(again, ""))
        }))
    }
}

/// Builds a server, to check what it survives.
fn serves(source: &Path, program: PathBuf) -> Result<Check> {
    survival::build(source, &program)?;
    Ok(Box::new(move || survival::survives(&program, survival::ECHO)))
}

/// What `aco bt all` prints in gdb at the program's function `stop_here`.
fn all_coroutines_in_gdb(program: &Path) -> Result<String> {
    let mut gdb = command("gdb -q -batch -nx");
    for line in [
        "set debuginfod enabled off",
        "source tools/gdb/aco.py",
        "break stop_here",
        "run",
        "aco bt all",
        "kill",
    ] {
        gdb.args(["-ex", line]);
    }
    let output = succeed(gdb.arg(program), 60)?;
    let is_shown = |line: &&str| line.starts_with("coroutine 0x") || line.starts_with("  #");
    Ok(output.lines().filter(is_shown).map(|line| format!("{line}\n")).collect())
}

/// A text without what differs from run to run or from build to build: addresses, folders of sources, numbers of file
/// descriptors, and the library's own frames with the numbers of all.
fn comparable(text: &str) -> String {
    let mut comparable = String::new();
    for line in text.lines().filter(|line| !line.contains(" in aco::")) {
        let mut is_descriptor = false;
        for word in line.split(' ') {
            let number = word.trim_start_matches('(');
            let (start, rest) = word.split_at(word.len() - number.len());
            let shown = match number {
                _ if number.starts_with("0x") => {
                    let end = number.rfind(|c: char| c.is_ascii_hexdigit()).map_or(0, |at| at + 1);
                    format!("{start}0x{}", &number[end..])
                }
                _ if number.starts_with('#') || is_descriptor => "#".to_string(),
                _ => format!("{start}{}", rest.rsplit('/').next().unwrap_or_default()),
            };
            is_descriptor = word == "descriptor";
            comparable += &shown;
            comparable.push(' ');
        }
        comparable.push('\n');
    }
    comparable
}

fn example(name: &'static str) -> Program {
    Program::new(format!("examples/{name}.c keeps nothing"), move || {
        let folder = scratch(&format!("snippets/examples-{name}").replace("patterns/", ""))?;
        let object = folder.join("example.o");
        compile(false, Path::new(&format!("examples/{name}.c")), &object)?;
        let again = again(false, &object, &folder)?;
        Ok(Box::new(move || keeps_nothing(&again, "README.md")))
    })
}

pub fn compile(is_cxx: bool, source: &Path, object: &Path) -> Result {
    let compiler = if is_cxx { "c++ -std=c++17" } else { "cc -std=gnu11" };
    let (from, to) = (source.display(), object.display());
    let line = format!("{compiler} -O1 -Iinclude -c {from} -o {to}");
    succeed(command(&line), 60).map(drop)
}

pub fn link(is_cxx: bool, objects: &[&PathBuf], program: &Path) -> Result {
    let mut link = command(if is_cxx { "c++" } else { "cc" });
    link.args(objects).arg("-o").arg(program).args(["build/libaco.a", "-lpthread", "-lm"]);
    succeed(link, 60).map(drop)
}

/// Builds a program that runs `object` many times: tests/use/again.c calls its `main`, which gets another name.
pub fn again(is_cxx: bool, object: &Path, folder: &Path) -> Result<PathBuf> {
    let (renamed, again) = (folder.join("program.o"), folder.join("again.o"));
    let line = format!("{} {}", object.display(), renamed.display());
    succeed(command(&format!("objcopy --redefine-sym main=program {line}")), 60)?;
    compile(false, Path::new("tests/use/again.c"), &again)?;
    let program = folder.join("again");
    link(is_cxx, &[&renamed, &again], &program)?;
    Ok(program)
}

/// Runs a program that [`again`] has built.
pub fn keeps_nothing(again: &Path, arguments: &str) -> Result {
    let mut run = command(&format!("./{} {arguments}", again.display()));
    // malloc(3) counts the cache of a thread as used.
    succeed(run.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"), 120).map(drop)
}
