//! Programs whose compiler keeps a part of each frame beside the stack are refused: by the headers where the
//! preprocessor knows the option, else when they make their first coroutine or runtime.

use std::fs;

use crate::process::{command, is_there, run, scratch, succeed};
use crate::work::Case;

const COROUTINE: &str = "#include <stdio.h>\nvoid *aco_create(void *, void *, size_t, void (*)(void), void *);\n\
                         int main(void) { aco_create(0, 0, 0, 0, 0); puts(\"ran\"); return 0; }\n";
const RUNTIME: &str = "#include <stdio.h>\nint acort_run(void *(*)(void *), void *, void **);\n\
                       static void *nothing(void *a) { return a; }\n\
                       int main(void) { if (acort_run(nothing, 0, 0) == 0) puts(\"ran\"); return 0; }\n";

/// The options, and what must be there for them. The first is no reason for a refusal.
const OPTIONS: [(&str, &str); 5] = [
    ("cc", "-fno-split-stack"),
    ("cc", "-fsplit-stack"),
    ("clang", "-fsplit-stack"),
    ("clang", "-fsanitize=safe-stack"),
    ("cc", "-fsplit-stack -static"),
];

/// Header, target and option, all of which the preprocessor knows.
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

/// What a program that is built so prints; it must end in SIGABRT where that begins with "aco: ".
fn at_run_time(
    compiler: &str,
    option: &str,
    text: &str,
    function: &str,
    link: &str,
) -> Result<(), String> {
    let folder = scratch(&format!(
        "refused/{}",
        format!("{compiler}{option}{function}{link}").replace([' ', '/'], "_")
    ))?;
    let (source, program) = (folder.join("program.c"), folder.join("program"));
    fs::write(&source, text).map_err(|error| error.to_string())?;
    let mut build = command(&format!("{compiler} {option} -x c"));
    build.arg(&source).arg("-o").arg(&program).args(["-x", "none"]).args(link.split(' '));
    build.args(["-lpthread", "-ldl", "-lm"]);
    succeed(build, 60)?;
    let outcome = run(command(&program.to_string_lossy()), 60)?;
    let option = option.split(' ').next().unwrap_or_default();
    let wanted = match option {
        "-fno-split-stack" => "ran\n".to_string(),
        option => format!(
            "aco: fatal: {function}(0x0): the program has code of {option}, whose frames are not all on the \
             stack (compile all of it without that option)\n"
        ),
    };
    let is_refused = option != "-fno-split-stack";
    if outcome.output == wanted && outcome.status.success() != is_refused {
        Ok(())
    } else {
        Err(format!("{:?}: {}", outcome.status, outcome.output))
    }
}

/// clang must end at the line of the header.
fn by_header(header: &str, option: &str) -> Result<(), String> {
    let folder =
        scratch(&format!("refused/{}", format!("{header}{option}").replace([' ', '/'], "_")))?;
    let source = folder.join("unit.c");
    fs::write(&source, format!("#include <{header}>\n")).map_err(|error| error.to_string())?;
    let mut unit = command(&format!("clang {option} -Iinclude -fsyntax-only"));
    unit.arg(&source);
    let outcome = run(unit, 60)?;
    if !outcome.status.success() && outcome.output.contains("compile without it") {
        Ok(())
    } else {
        Err(outcome.output)
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (compiler, option) in OPTIONS {
        let probe =
            format!("{compiler} {option} -shared -nostdlib -fPIC -x c /dev/null -o /dev/null");
        if !is_there(&probe.replace(" -static", "")) {
            continue; // a compiler that is not there, or knows no such option
        }
        for (text, function) in [(COROUTINE, "aco_create"), (RUNTIME, "acort_new")] {
            let is_static = option.contains("-static");
            for link in ["build/libaco.a", "-Lbuild -laco -Wl,-rpath,build"] {
                if !is_static || link.ends_with(".a") {
                    let name = format!("refused: {compiler} {option}, {function}, {link}");
                    cases.push(Case::new(name, move || {
                        at_run_time(compiler, option, text, function, link)
                    }));
                }
            }
        }
    }
    for (header, option) in BY_HEADER.into_iter().filter(|_| is_there("clang --version")) {
        let name = format!("refused: {header} {option}");
        cases.push(Case::new(name, move || by_header(header, option)));
    }
    cases
}
