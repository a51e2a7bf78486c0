//! The model of tests/fuzz under libFuzzer: coroutines with inline switches beside such with calls.

use std::path::Path;

use crate::lanes::Extent;
use crate::process::{command, scratch, succeed};
use crate::work::Case;

/// One way to watch the model. What is watched switches by calls; the inline units go unwatched.
struct Watch {
    name: &'static str,
    flags: &'static str,
    /// The smallest stacks, and what the model's operations need on them.
    sizes: &'static str,
}

const WATCHES: [Watch; 2] = [
    Watch {
        name: "undefined",
        flags: "-fsanitize=fuzzer,undefined -fno-sanitize-recover=all",
        sizes: "-DSMALLEST_STACK=4096 -DROOM=2048",
    },
    Watch {
        name: "address,undefined",
        flags: "-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all",
        sizes: "-DSMALLEST_STACK=65536 -DROOM=20480",
    },
];

/// body.c four times: (name, flags, is it watched?).
const BODIES: [(&str, &str, bool); 4] = [
    ("inline_own", "-O2", false),
    ("inline_shared", "-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", false),
    ("calls_own", "-O1 -DACO_NO_INLINE", true),
    ("calls_shared", "-O1 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", true),
];

pub fn cases(extent: Extent) -> Vec<Case> {
    let seconds = match extent {
        Extent::Plain => 5,
        Extent::All => 60,
        Extent::Long => 3600,
    };
    WATCHES.iter().map(|watch| case(watch, seconds)).collect()
}

fn case(watch: &'static Watch, seconds: u64) -> Case {
    Case::new(format!("operations, {}, {seconds} s", watch.name), move || {
        let folder = scratch(&format!("fuzz/{}", watch.name))?;
        let program = build(watch, &folder)?;
        // No alarm: its signal takes more stack than the smallest coroutines have.
        let limits = format!("-max_total_time={seconds} -max_len=2000 -timeout=0");
        let files = format!("-artifact_prefix={}/", folder.display());
        let mut fuzzer = command(&format!("{program} {limits} {files} -print_final_stats=1"));
        // Else the frames off the stack of coroutines that were copied by value stay, and fill the
        // memory; operations.c runs so in lane asan.
        fuzzer.env("ASAN_OPTIONS", "detect_stack_use_after_return=0");
        let output = succeed(fuzzer, seconds + 120)?;
        let statistic = |name: &str| {
            let text = output.lines().find_map(|line| line.strip_prefix(name));
            text.and_then(|number| number.trim().parse::<u64>().ok()).filter(|number| *number > 0)
        };
        let runs = statistic("stat::number_of_executed_units:");
        let operations = statistic("stat::operations:");
        let (Some(runs), Some(operations)) = (runs, operations) else {
            return Err(format!("it ran nothing:\n{output}"));
        };
        println!(
            "fuzz: {}: {runs} programs, {operations} operations in {seconds} s, no fault",
            watch.name
        );
        Ok(())
    })
}

/// The fuzzer, linked with libaco.a. Names are resolved at the start: the loader takes more stack
/// for it than the smallest coroutines have.
fn build(watch: &Watch, folder: &Path) -> Result<String, String> {
    let (folder, sizes) = (folder.display(), watch.sizes);
    let clang = format!("clang -std=gnu11 -g -Wall -Wextra -Werror -Iinclude {sizes}");
    let mut objects = String::new();
    for (name, flags, is_watched) in BODIES {
        let watched = if is_watched { watch.flags } else { "" };
        let object = format!("{folder}/{name}.o");
        let line = format!("{clang} {flags} {watched} -DBODY={name} -c tests/fuzz/body.c");
        succeed(command(&format!("{line} -o {object}")), 120)?;
        objects += &format!(" {object}");
    }
    let units =
        ["operations", "world", "threads", "bodies"].map(|name| format!("tests/fuzz/{name}.c"));
    let program = format!("{folder}/operations");
    let line = format!("{clang} -O1 {} {} {objects} build/libaco.a", watch.flags, units.join(" "));
    succeed(command(&format!("{line} -lpthread -lm -Wl,-z,now -o {program}")), 120)?;
    Ok(program)
}
