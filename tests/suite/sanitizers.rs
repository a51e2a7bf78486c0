//! Programs with a fault inside a coroutine, which a sanitizer is to find there, and without one, of
//! which it is to say nothing.

use crate::compilers::{Compiler, Link};
use crate::process::{Outcome, command, root, run, scratch, succeed};
use crate::work::Case;

/// What is asked of a sanitizer: an argument of the program, and what its report says; None: nothing.
type Question = (&'static str, Option<&'static [&'static str]>);

const OVERFLOWS: [Question; 6] = [
    ("own", None),
    ("shared", None),
    ("transfer", None),
    ("fault-transfer", Some(&["stack-buffer-overflow", "in gives_place"])),
    ("fault-own", Some(&["stack-buffer-overflow", "in deep"])),
    ("fault-shared", Some(&["stack-buffer-overflow", "in deep"])),
];
const AFTER_RETURN: [Question; 2] = [
    ("after-return", Some(&["stack-use-after-return", "in uses_after_return"])),
    ("abandoned", None),
];
const LEAKS: [Question; 2] = [("held", None), ("lost", Some(&["detected memory leaks"]))];
const RACES: [Question; 5] = [
    ("own", None),
    ("shared", None),
    ("travelling", None),
    ("many", None),
    ("race", Some(&["data race", "counts"])),
];
/// For clang alone: gcc's takes 7 GB and a minute for so many.
const TOO_MANY: [Question; 1] =
    [("too-many", Some(&["aco: warning: more than 8000 coroutines live under ThreadSanitizer"]))];
const HANDED_OVER: [Question; 3] =
    [("shared", None), ("travelling", None), ("race", Some(&["at 0x", ": counts "]))];
const HALVES: [Question; 4] = [
    ("own", None),
    ("shared", None),
    ("half-written", None),
    ("fault-half-written", Some(&["use-of-uninitialized-value", "in half_written"])),
];

pub fn address() -> Vec<Case> {
    let mut cases = questions(&Compiler::ASAN, &OVERFLOWS);
    cases.extend(questions(&Compiler::ASAN, &LEAKS));
    cases.extend(questions(&Compiler::ASAN_CLANG, &OVERFLOWS));
    cases.extend(questions(&Compiler::ASAN_CLANG, &LEAKS));
    cases.extend(questions(&Compiler::ASAN_CLANG, &AFTER_RETURN));
    cases
}

pub fn address_aarch64() -> Vec<Case> {
    questions(&Compiler::ASAN_AARCH64, &OVERFLOWS)
}

pub fn thread() -> Vec<Case> {
    let mut cases = questions(&Compiler::TSAN, &RACES);
    cases.extend(questions(&Compiler::TSAN_CLANG, &RACES));
    cases.extend(questions(&Compiler::TSAN_CLANG, &TOO_MANY));
    cases
}

pub fn valgrind() -> Vec<Case> {
    let mut cases = questions(&Compiler::HELGRIND, &HANDED_OVER);
    cases.extend(questions(&Compiler::DRD, &HANDED_OVER));
    cases
}

pub fn memory() -> Vec<Case> {
    questions(&Compiler::MSAN, &HALVES)
}

pub fn leak() -> Vec<Case> {
    questions(&Compiler::LSAN, &LEAKS)
}

/// A case for each question to the compiler's sanitizer, linked as its first variant is.
fn questions(compiler: &'static Compiler, questions: &'static [Question]) -> Vec<Case> {
    let case = |(argument, report): &'static Question| {
        Case::new(format!("{} {argument}", compiler.name), move || {
            let folder = scratch(&format!("sanitizers/{}-{argument}", compiler.name))?;
            let program = format!("{}/faults", folder.display());
            build(compiler, &program)?;
            let mut command = command(&format!("{} {program} {argument}", compiler.runner));
            command.envs(compiler.environment.iter().copied());
            command.env("LD_LIBRARY_PATH", root().join(compiler.library));
            judge(&run(command, 120)?, *report)
        })
    };
    questions.iter().map(case).collect()
}

fn build(compiler: &Compiler, program: &str) -> Result<(), String> {
    let library = match compiler.variants.first().map(|variant| variant.link) {
        Some(Link::Shared) => format!("-L{} -laco", compiler.library),
        _ => format!("{}/libaco.a", compiler.library),
    };
    let flags =
        format!("-std=gnu11 -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer {}", compiler.flags);
    let line = format!("{} {flags} -Iinclude tests/sanitizers/faults.c -o {program}", compiler.c);
    succeed(command(&format!("{line} {library} -lpthread")), 60).map(drop)
}

fn judge(outcome: &Outcome, report: Option<&[&str]>) -> Result<(), String> {
    let text = &outcome.output;
    let right = match report {
        None => outcome.status.success() && text.is_empty(),
        Some(words) => words.iter().all(|word| text.contains(word)),
    };
    if right { Ok(()) } else { Err(format!("{}, wanted {report:?}:\n{text}", outcome.status)) }
}
