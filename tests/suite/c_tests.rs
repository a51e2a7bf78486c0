//! The programs of c_tests/, compiled and linked in each way that matters.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compilers::{Compiler, Languages, Link, Variant};
use crate::examples;
use crate::install::install_target;
use crate::lanes::Extent;
use crate::library::binary_cases;
use crate::process::{command, promised_names, root, scratch, succeed};
use crate::work::Case;

/// Tests that leak on purpose: coroutines lost inside lost coroutines, an exception that its thread
/// did not live to see the end of.
const LEAKS: [&str; 3] = ["exceptions", "misuse", "mixed"];

/// Tests about what the library does, which is the same whatever the program was compiled with. `make test` runs them,
/// and those of the runtime, in the first variant of a compiler; `LANES=all` and by name in all.
const OF_THE_LIBRARY: [&str; 23] = [
    "attach",
    "deep",
    "endings",
    "extension",
    "failing",
    "leaks",
    "lifecycle",
    "listing",
    "loaded",
    "locals",
    "many",
    "memory",
    "misuse",
    "operations",
    "overflow",
    "own_memory",
    "pool",
    "reserve",
    "sizes",
    "slabs",
    "stack_gone",
    "statistics",
    "threads",
];

/// Tests of the runtime that hold in whatever order tasks run, and however much is read at once: they run
/// again under chaos, from several seeds.
const IN_ANY_ORDER: [&str; 34] = [
    "rt/attributes",
    "rt/channels",
    "rt/children",
    "rt/closing",
    "rt/deadlines",
    "rt/dial",
    "rt/fairness",
    "rt/files",
    "rt/futures",
    "rt/groups",
    "rt/herd",
    "rt/inherited",
    "rt/io",
    "rt/late",
    "rt/listen",
    "rt/local_channels",
    "rt/locals",
    "rt/loop",
    "rt/nested",
    "rt/once",
    "rt/ordered",
    "rt/past",
    "rt/places",
    "rt/pool_uses",
    "rt/promises",
    "rt/reused",
    "rt/rwlock",
    "rt/selects",
    "rt/signal_turns",
    "rt/signals",
    "rt/stacks",
    "rt/sync",
    "rt/task_overflow",
    "rt/workers",
];

/// Tests of many runs, much memory, or long compilations, which `make test` leaves to the lanes without emulation.
const SLOW_UNDER_EMULATION: [&str; 5] =
    ["failing", "generator", "own_memory", "raii", "rt/failing"];

/// Returns true if the test holds in whatever order tasks run.
pub fn is_in_any_order(test: &str) -> bool {
    IN_ANY_ORDER.contains(&test)
}

/// The seeds of chaos: few in the first variant of a compiler whose programs run by themselves (in `make test`, of the
/// first such compiler), many where much time was asked for.
pub fn seeds(
    test: &str,
    compiler: &Compiler,
    number: usize,
    extent: Extent,
) -> core::ops::Range<u32> {
    let is_first = number == 0 && compiler.runner.is_empty();
    let is_first = is_first && (extent == Extent::All || compiler.name == Compiler::CC.name);
    match (is_in_any_order(test), extent) {
        (true, Extent::Long) => 1..25,
        (true, _) if is_first => 1..4,
        _ => 1..1,
    }
}

/// Which programs a variant cannot be asked to run, and why.
fn is_left_out(test: &str, variant: &Variant) -> bool {
    match test {
        // Include our header; about what the library does, and the two ways to switch.
        _ if test.starts_with("rt/") => {
            variant.link == Link::Past
                || ["rt/failing", "rt/pool_uses", "rt/starting", "rt/threadless"].contains(&test)
                    && variant.link != Link::Shared
                || !["-O1", "-O2", "-O0", "-O1 -g", "-O2 -DACO_NO_INLINE"].contains(&variant.flags)
        }
        // Has a part for them; the other variants run all of it.
        "generator" => false,
        _ if variant.flags.contains("-fno-exceptions") => true,
        // Test our header's own names.
        "macros" | "overflow" => variant.flags.contains("OLD_HEADER"),
        // Guards its own text with PROT_BTI.
        "bti" => !(variant.flags.contains("branch-protection") && variant.link == Link::Archive),
        // Needs unwind tables, looks behind functions' addresses, has AT&T assembly.
        "unwind" => ["-fno-asynchronous-unwind-tables", "-no-pie", "-masm=intel"]
            .iter()
            .any(|flag| variant.flags.contains(flag)),
        // Has assembly of its own, in the other syntax.
        "frame_chain" | "registers" => variant.flags.contains("masm=intel"),
        // Puts its own functions before the C library's, which a shared library calls.
        "failing" => variant.link != Link::Shared,
        // About what the library does, and the two ways to switch, whatever the other flags are.
        "leaks" | "storm" | "stress" => {
            !["-O1", "-O2", "-O2 -DACO_NO_INLINE"].contains(&variant.flags)
        }
        // Load the shared library, and ask much of the kernel, once for each compiler.
        "holes" | "loaded" | "million" => variant.link != Link::Shared || variant.flags != "-O2",
        _ => false,
    }
}

/// Does a test include what the header of the past does not have?
fn includes_extension(source: &Path) -> bool {
    let names = ["aco_ext.h", "aco.hpp"];
    let includes = |text: &str| names.iter().any(|name| text.contains(name));
    fs::read_to_string(source).is_ok_and(|text| includes(&text) && !text.contains("OLD_HEADER"))
}

/// The name of a test: its file's, with `rt/` before it if it is one of the runtime.
pub fn name_of(source: &Path) -> String {
    let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_of_runtime = source.parent().is_some_and(|folder| folder.ends_with("rt"));
    if is_of_runtime { format!("rt/{name}") } else { name }
}

/// The sources of a folder that these languages compile.
pub fn sources(folder: &str, languages: Languages) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    let mut paths: Vec<_> = paths
        .filter(|path| match path.extension().and_then(|e| e.to_str()) {
            Some("c") => languages != Languages::Cxx,
            Some("cpp") => languages != Languages::C,
            _ => false,
        })
        .collect();
    paths.sort();
    paths
}

/// Every test in every variant of `compiler`, and every example in its first variant.
pub fn cases(compiler: &'static Compiler, extent: Extent) -> Result<Vec<Case>, String> {
    let long = extent == Extent::Long;
    let folder = scratch(compiler.name)?;
    let past = folder.join("past");
    if compiler.variants.iter().any(|variant| variant.link == Link::Past) {
        make_past_library(compiler, &past)?;
    }
    let mut cases = Vec::new();
    if let Some((_, target)) = compiler.library.split_once('/') {
        succeed(command(&format!("make --silent {}", compiler.make)), 600)?;
        cases.extend(binary_cases(compiler.library));
        cases.push(install_target(target, compiler.make));
    }
    let count = if extent == Extent::Plain { compiler.sample } else { compiler.variants.len() };
    for (number, variant) in compiler.variants.iter().enumerate().take(count) {
        let runtime = sources("c_tests/rt", compiler.languages);
        for source in sources("c_tests", compiler.languages).into_iter().chain(runtime) {
            let test = name_of(&source);
            let wanted = compiler.only.is_empty() || compiler.only.contains(&&*test);
            let wanted = wanted && !compiler.never.contains(&&*test);
            let is_of_library = test.starts_with("rt/") || OF_THE_LIBRARY.contains(&&*test);
            let is_again = number > 0 && is_of_library
                || !compiler.runner.is_empty() && SLOW_UNDER_EMULATION.contains(&&*test)
                || compiler.name == Compiler::ASAN.name && test.starts_with("rt/");
            let is_again = extent == Extent::Plain && is_again;
            let is_ours = variant.flags.contains("OLD_HEADER") && includes_extension(&source);
            if !wanted || is_again || is_ours || is_left_out(&test, variant) {
                continue;
            }
            let program = folder.join(format!("{}-{number}", test.replace('/', "-")));
            let past = past.clone();
            cases.push(Case::new(format!("{test} {}", variant.flags), move || {
                build(compiler, variant, &source, &program, &past)?;
                let mut command = runner(compiler, variant, &program);
                if test == "loaded" {
                    command.arg(root().join(compiler.library).join("libaco.so.1"));
                }
                if long {
                    command.env("ACO_TEST_ROUNDS", "5000");
                }
                if LEAKS.contains(&&*test) {
                    command.env("LSAN_OPTIONS", "detect_leaks=0");
                }
                let output = succeed(command, if long { 900 } else { 120 })?;
                for seed in seeds(&test, compiler, number, extent) {
                    let mut command = runner(compiler, variant, &program);
                    command.env("ACORT_CHAOS", seed.to_string());
                    let under_chaos = succeed(command, 120);
                    under_chaos.map_err(|error| format!("ACORT_CHAOS={seed}: {error}"))?;
                }
                if compiler.complaints.iter().any(|complaint| output.contains(complaint)) {
                    return Err(output);
                }
                if long && test == "million" {
                    print!("{output}");
                }
                Ok(())
            }));
        }
    }
    if compiler.only.is_empty() && count > 0 {
        cases.extend(examples::cases(compiler, &folder));
    }
    Ok(cases)
}

/// Compiles `source` and links it with the library, warnings being errors.
pub fn build(
    compiler: &Compiler,
    variant: &Variant,
    source: &Path,
    program: &Path,
    past: &Path,
) -> Result<(), String> {
    let is_cxx = source.extension().is_some_and(|extension| extension == "cpp");
    let driver = if is_cxx { compiler.cxx } else { compiler.c };
    let standard = match source.file_stem().and_then(|stem| stem.to_str()) {
        // What aco.hpp needs; a variant may ask for a later one.
        Some("raii" | "generator") if is_cxx => "-std=c++17",
        _ if is_cxx => "",
        _ => "-std=gnu11",
    };
    // Frame pointers, for the test that walks them.
    let always = "-Wall -Wextra -Werror -fno-omit-frame-pointer -Iinclude";
    let line = format!("{driver} {standard} {always} {} {}", compiler.flags, variant.flags);
    let mut command = command(&line);
    command.arg(source).arg("-o").arg(program);
    let library = Path::new(compiler.library);
    let is_loaded_later = source.file_stem().is_some_and(|stem| stem == "loaded");
    match variant.link {
        _ if is_loaded_later => {}
        Link::Shared => {
            command.arg("-L").arg(library).arg("-laco");
        }
        Link::Archive => {
            command.arg(library.join("libaco.a"));
        }
        Link::Static => {
            if !variant.flags.contains("-static-pie") {
                command.arg("-static");
            }
            command.arg(library.join("libaco.a"));
        }
        Link::Past => {
            command.arg("-L").arg(past).arg("-laco");
        }
    }
    command.args(["-lpthread", "-lm", "-ldl"]);
    succeed(command, 120).map(drop)
}

/// The command that runs `program`, with the library's folder on the loader's path.
pub fn runner(compiler: &Compiler, variant: &Variant, program: &Path) -> Command {
    let program = program.to_string_lossy();
    let mut command = command(&format!("{} {program}", compiler.runner));
    command.envs(compiler.environment.iter().copied());
    if matches!(variant.link, Link::Shared | Link::Past) {
        command.env("LD_LIBRARY_PATH", root().join(compiler.library));
    }
    command
}

/// A `libaco.so` as it was: the names of libaco 1.2.4, no soname, no versions. Programs are linked
/// with it and run with ours.
fn make_past_library(compiler: &Compiler, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut text = "__thread void *aco_gtls_co;\n".to_string();
    for name in promised_names(Some("ACO_1.2"))?.iter().filter(|name| *name != "aco_gtls_co") {
        text += &format!("void {name}(void) {{}}\n");
    }
    let source = folder.join("names.c");
    fs::write(&source, text).map_err(|error| error.to_string())?;
    let driver = if compiler.c.is_empty() { compiler.cxx } else { compiler.c };
    let mut command = command(&format!("{driver} -shared -fPIC -x c"));
    command.arg(&source).arg("-o").arg(folder.join("libaco.so"));
    succeed(command, 60).map(drop)
}
