//! The model of tests/fuzz under libFuzzer: coroutines that switch inline beside coroutines that switch by calls.

use std::path::Path;

use crate::case::{Case, ensure};
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::toolchain::command;

/// Sanitizers for the units that switch by calls. The other units are not instrumented.
struct Watch {
    name: &'static str,
    /// The smallest stacks, and the room that the model's operations need on them.
    sizes: &'static str,
}

const WATCHES: [Watch; 2] = [
    Watch { name: "undefined", sizes: "-DSMALLEST_STACK=4096 -DROOM=2048" },
    Watch { name: "address,undefined", sizes: "-DSMALLEST_STACK=65536 -DROOM=20480" },
];

/// The four units of body.c: name, flags, and whether it is instrumented.
const BODIES: [(&str, &str, bool); 4] = [
    ("inline_own", "-O2", false),
    ("inline_shared", "-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", false),
    ("calls_own", "-O1 -DACO_NO_INLINE", true),
    ("calls_shared", "-O1 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", true),
];

pub fn cases(extent: Extent) -> Vec<Case> {
    let seconds = match extent {
        Extent::Sample => 5,
        Extent::Full => 60,
        Extent::Long => 3600,
    };
    let case = |watch: &'static Watch| {
        let name = format!("operations, {}, {seconds} s", watch.name);
        Case::new(name, move || fuzz(watch, seconds))
    };
    WATCHES.iter().map(case).collect()
}

fn fuzz(watch: &Watch, seconds: u64) -> Result {
    let folder = scratch(&format!("fuzz/{}", watch.name))?;
    let program = build(watch, &folder)?;
    // No alarm: its signal handler needs more stack than the smallest coroutines have.
    let limits = format!("-max_total_time={seconds} -max_len=2000 -timeout=0");
    let files = format!("-artifact_prefix={}/", folder.display());
    let mut fuzzer = command(&format!("{program} {limits} {files} -print_final_stats=1"));
    // Else the sanitizer keeps the frames of coroutines that were copied by value, until memory is full. The lane
    // `asan` runs operations.c with this option.
    fuzzer.env("ASAN_OPTIONS", "detect_stack_use_after_return=0");
    let output = succeed(fuzzer, seconds + 120)?;
    let statistic = |name: &str| {
        let text = output.lines().find_map(|line| line.strip_prefix(name));
        text.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let runs = statistic("stat::number_of_executed_units:");
    let operations = statistic("stat::operations:");
    ensure!(runs > 0 && operations > 0, "the fuzzer ran nothing:\n{output}");
    let name = watch.name;
    println!("fuzz: {name}: {runs} programs, {operations} operations in {seconds} s, no fault");
    Ok(())
}

/// Builds the fuzzer with libaco.a. Names are resolved at the start: the loader takes more stack for it than the
/// smallest coroutines have.
fn build(watch: &Watch, folder: &Path) -> Result<String> {
    let (folder, sizes) = (folder.display(), watch.sizes);
    let sanitizers = format!("-fsanitize=fuzzer,{} -fno-sanitize-recover=all", watch.name);
    let clang = format!("clang -std=gnu11 -g -Iinclude {sizes}");
    let mut objects = String::new();
    for (name, flags, is_instrumented) in BODIES {
        let sanitizers = if is_instrumented { &sanitizers } else { "" };
        let object = format!("{folder}/{name}.o");
        let line = format!("{clang} {flags} {sanitizers} -DBODY={name} -c tests/fuzz/body.c");
        succeed(command(&format!("{line} -o {object}")), 120)?;
        objects += &format!(" {object}");
    }
    let units =
        ["operations", "world", "threads", "bodies"].map(|name| format!("tests/fuzz/{name}.c"));
    let program = format!("{folder}/operations");
    let line = format!("{clang} -O1 {sanitizers} {} {objects} build/libaco.a", units.join(" "));
    succeed(command(&format!("{line} -lpthread -lm -Wl,-z,now -o {program}")), 120)?;
    Ok(program)
}
