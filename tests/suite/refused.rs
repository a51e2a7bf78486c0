//! Compiler options that keep a part of each frame beside the stack. The headers refuse them where the preprocessor
//! knows the option. Else the library refuses the program's first coroutine or runtime.

use std::fs;
use std::path::PathBuf;

use crate::case::{Case, ensure};
use crate::process::{Result, run, scratch, succeed};
use crate::toolchain::{accepts, command, is_available};

const COROUTINE: &str = "#include <stdio.h>
void *aco_create(void *, void *, size_t, void (*)(void), void *);
int main(void) { aco_create(0, 0, 0, 0, 0); puts(\"ran\"); return 0; }
";
const RUNTIME: &str = "#include <stdio.h>
int acort_run(void *(*)(void *), void *, void **);
static void *nothing(void *a) { return a; }
int main(void) { if (acort_run(nothing, 0, 0) == 0) puts(\"ran\"); return 0; }
";

/// Compilers and options. The first option is allowed.
const OPTIONS: [(&str, &str); 5] = [
    ("cc", "-fno-split-stack"),
    ("cc", "-fsplit-stack"),
    ("clang", "-fsplit-stack"),
    ("clang", "-fsanitize=safe-stack"),
    ("cc", "-fsplit-stack -static"),
];

const LIBRARIES: [&str; 2] = ["build/libaco.a", "-Lbuild -laco -Wl,-rpath,build"];

/// Headers and options of clang that the preprocessor knows.
const BY_HEADER: [(&str, &str); 6] = [
    ("aco.h", "-fsanitize=safe-stack"),
    ("aco_ext.h", "-fsanitize=safe-stack"),
    ("acort.h", "-fsanitize=safe-stack"),
    ("aco.h", "-DACO_NO_INLINE -fsanitize=safe-stack"),
    ("aco.h", "--target=aarch64-linux-gnu -ffreestanding -ffixed-x18 -fsanitize=shadow-call-stack"),
    (
        "acort.h",
        "--target=aarch64-linux-gnu -ffreestanding -ffixed-x18 -fsanitize=shadow-call-stack",
    ),
];

pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (compiler, options) in OPTIONS {
        let option = options.trim_end_matches(" -static");
        // A compiler that is not installed, or does not know the option, refuses nothing.
        if !is_available(&format!("{compiler} --version")) || !accepts(compiler, option)? {
            continue;
        }
        let libraries = if option == options { &LIBRARIES[..] } else { &LIBRARIES[..1] };
        for (text, function) in [(COROUTINE, "aco_create"), (RUNTIME, "acort_new")] {
            for library in libraries {
                let name = format!("refused: {compiler} {options}, {function}, {library}");
                cases.push(Case::new(name, move || {
                    let program = build(compiler, options, text, function, library)?;
                    let outcome = run(command(&program.to_string_lossy()), 60)?;
                    let is_allowed = option == "-fno-split-stack";
                    let refusal = format!(
                        "aco: fatal: {function}(0x0): the program has code of {option}, whose frames are not all \
                         on the stack (compile all of it without that option)\n"
                    );
                    let wanted = if is_allowed { "ran\n" } else { &refusal };
                    let is_right = outcome.text == wanted && outcome.status.success() == is_allowed;
                    ensure!(is_right, "{}: {}", outcome.status, outcome.text);
                    Ok(())
                }));
            }
        }
    }
    for (header, option) in BY_HEADER.into_iter().filter(|_| is_available("clang --version")) {
        let name = format!("refused: {header} {option}");
        cases.push(Case::new(name, move || by_header(header, option)));
    }
    Ok(cases)
}

fn folder(name: String) -> Result<PathBuf> {
    scratch(&format!("refused/{}", name.replace([' ', '/'], "_")))
}

fn build(
    compiler: &str,
    options: &str,
    text: &str,
    function: &str,
    library: &str,
) -> Result<PathBuf> {
    let folder = folder(format!("{compiler}{options}{function}{library}"))?;
    let (source, program) = (folder.join("program.c"), folder.join("program"));
    fs::write(&source, text)?;
    let (from, to) = (source.display(), program.display());
    let line = format!("{compiler} {options} -x c {from} -o {to} -x none {library}");
    succeed(command(&format!("{line} -lpthread -ldl -lm")), 60)?;
    Ok(program)
}

/// The compiler refuses the header, and the error is the text of the header.
fn by_header(header: &str, option: &str) -> Result {
    let source = folder(format!("{header}{option}"))?.join("unit.c");
    fs::write(&source, format!("#include <{header}>\n"))?;
    let line = format!("clang {option} -Iinclude -fsyntax-only {}", source.display());
    let outcome = run(command(&line), 60)?;
    let is_told = outcome.text.contains("compile without it");
    ensure!(!outcome.status.success() && is_told, "{}", outcome.text);
    Ok(())
}
