//! Programs with a fault inside a coroutine, which a sanitizer must report, and programs without one, about which it
//! must be silent.

use std::path::Path;

use crate::case::{Case, ensure};
use crate::compiler::Compiler;
use crate::instrumented::{ASAN, ASAN_CLANG, DRD, HELGRIND, LSAN, MSAN, TSAN, TSAN_CLANG};
use crate::process::{Result, run, scratch};
use crate::targets::TARGETS;

/// An argument of the program, and texts of the report; `None`: no report.
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

/// The questions to each compiler.
const QUESTIONS: [(&Compiler, &[Question]); 12] = [
    (&ASAN, &OVERFLOWS),
    (&ASAN, &LEAKS),
    (&ASAN_CLANG, &OVERFLOWS),
    (&ASAN_CLANG, &LEAKS),
    (&ASAN_CLANG, &AFTER_RETURN),
    (&TSAN, &RACES),
    (&TSAN_CLANG, &RACES),
    (&TSAN_CLANG, &TOO_MANY),
    (&HELGRIND, &HANDED_OVER),
    (&DRD, &HANDED_OVER),
    (&MSAN, &HALVES),
    (&LSAN, &LEAKS),
];

/// A case for each question to these compilers. The program is linked as in the first variant of the compiler.
pub fn cases(compilers: &[&Compiler]) -> Vec<Case> {
    let mut cases = Vec::new();
    let of_targets = TARGETS.iter().filter_map(|target| Some((target.asan?, &OVERFLOWS[..])));
    for (compiler, questions) in QUESTIONS.into_iter().chain(of_targets) {
        for &(argument, report) in questions {
            if compilers.iter().any(|one| one.name == compiler.name) {
                let name = format!("{} {argument}", compiler.name);
                cases.push(Case::new(name, move || ask(compiler, argument, report)));
            }
        }
    }
    cases
}

fn ask(compiler: &Compiler, argument: &str, report: Option<&[&str]>) -> Result {
    let folder = scratch(&format!("sanitizers/{}-{argument}", compiler.name))?;
    let (source, program) = (Path::new("tests/sanitizers/faults.c"), folder.join("faults"));
    compiler.build(&compiler.variants[0], source, &program, &folder)?;
    let mut faults = compiler.run(&compiler.variants[0], &program);
    faults.arg(argument);
    let outcome = run(faults, 120)?;
    let text = &outcome.text;
    let is_right = match report {
        None => outcome.status.success() && text.is_empty(),
        Some(words) => words.iter().all(|word| text.contains(word)),
    };
    ensure!(is_right, "{}, wanted {report:?}:\n{text}", outcome.status);
    Ok(())
}
