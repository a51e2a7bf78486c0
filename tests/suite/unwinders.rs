//! Unwinders other than gdb, from inside coroutines: libunwind, the C library's backtrace(), lldb, perf.

use crate::compilers::Compiler;
use crate::process::{command, root, scratch, succeed};
use crate::work::Case;

/// Innermost first; what the library has between them is its own.
const FUNCTIONS: [&str; 6] = ["looks", "inner", "middle", "outer", "turn", "main"];

/// Compilers and flags.
const FORMS: [&str; 5] = [
    "cc -O2",
    "cc -O0",
    "cc -O2 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
    "clang -O2",
    "clang -O0",
];

/// libunwind 1.6 knows nothing of signed return addresses; the C compiler's unwinder does.
const AARCH64_FORMS: [&str; 4] = [
    "-O2 -mbranch-protection=bti",
    "-O0",
    "-O2 -DWITHOUT_LIBUNWIND -mbranch-protection=standard",
    "-O0 -DWITHOUT_LIBUNWIND -mbranch-protection=standard",
];

/// Compiles tests/unwinders/`name`.c with the library of `folder`, shared or not.
fn build(
    name: &str,
    place: &str,
    form: &str,
    folder: &str,
    shared: bool,
) -> Result<String, String> {
    let program = format!("{}/{name}", scratch(&format!("unwinders/{place}"))?.display());
    let line = format!("{form} -g -rdynamic -Wall -Wextra -Werror -Iinclude");
    let mut build = command(&format!("{line} tests/unwinders/{name}.c -o {program}"));
    if shared {
        let folder = root().join(folder);
        build.arg("-L").arg(&folder).arg("-laco");
        build.arg(format!("-Wl,-rpath,{}", folder.display()));
    } else {
        build.arg(format!("{folder}/libaco.a"));
    }
    if name == "backtraces" && !form.contains("WITHOUT_LIBUNWIND") {
        build.args(["-L/usr/lib/aarch64-linux-gnu", "-lunwind"]);
    }
    succeed(build, 60)?;
    Ok(program)
}

fn twelve(output: &str) -> Result<(), String> {
    if output == "12 backtraces\n" { Ok(()) } else { Err(output.to_string()) }
}

pub fn libunwind_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, form) in FORMS.into_iter().enumerate() {
        for (shared, library) in [(false, "archive"), (true, "shared")] {
            for (name, flag) in [("libunwind", ""), ("backtrace()", " -DWITHOUT_LIBUNWIND")] {
                cases.push(Case::new(format!("{name}, {library}, {form}"), move || {
                    let form = format!("{form}{flag}");
                    let place = format!("{name}-{library}-{number}").replace("()", "");
                    let program = build("backtraces", &place, &form, "build", shared)?;
                    twelve(&succeed(command(&program), 60)?)
                }));
            }
        }
    }
    cases
}

pub fn libunwind_aarch64_cases() -> Result<Vec<Case>, String> {
    let compiler = &Compiler::AARCH64;
    succeed(command(&format!("make --silent {}", compiler.make)), 600)?;
    let case = |(number, flags): (usize, &'static str)| {
        Case::new(flags, move || {
            let include = "-idirafter /usr/include/aarch64-linux-gnu";
            let form = format!("{} {flags} {include}", compiler.c);
            let place = format!("aarch64-{number}");
            let program = build("backtraces", &place, &form, compiler.library, false)?;
            twelve(&succeed(command(&format!("{} {program}", compiler.runner)), 60)?)
        })
    };
    Ok(AARCH64_FORMS.into_iter().enumerate().map(case).collect())
}

/// lldb at each of the backtraces: on stacks that lie lower and higher, alone and copied.
pub fn lldb_cases() -> Vec<Case> {
    let case = |(number, form): (usize, &'static str)| {
        Case::new(form, move || {
            let form = format!("{form} -DWITHOUT_LIBUNWIND");
            let program = build("backtraces", &format!("lldb-{number}"), &form, "build", false)?;
            let mut lldb = command("lldb --batch --no-lldbinit");
            lldb.args(["-o", "breakpoint set -n looks", "-o", "run"]);
            lldb.args(["-o", "bt", "-o", "continue"].repeat(12)).arg(program);
            check_lldb(&succeed(lldb, 120)?)
        })
    };
    FORMS.into_iter().enumerate().map(case).collect()
}

fn check_lldb(output: &str) -> Result<(), String> {
    let backtraces: Vec<_> = output.split("(lldb) bt\n").skip(1).collect();
    if backtraces.len() != 12 || !output.contains("12 backtraces") {
        return Err(format!("{} backtraces in:\n{output}", backtraces.len()));
    }
    for backtrace in backtraces {
        let frames = backtrace.split("(lldb)").next().unwrap_or_default();
        let names = frames.lines().filter_map(|line| line.split_once('`')).map(|(_, name)| name);
        check_order(names).map_err(|why| format!("{why} in:\n{frames}"))?;
    }
    Ok(())
}

/// Are the program's functions among these names all there, in order, main the last? An inlined function is
/// a frame of its own in the one that it is part of, which then has two.
fn check_order<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let names = names.map(|name| name.split(['(', ' ', '+']).next().unwrap_or_default());
    let mut found: Vec<_> = names.filter(|name| FUNCTIONS.contains(name)).collect();
    found.dedup();
    if found == FUNCTIONS { Ok(()) } else { Err(format!("{found:?}, not {FUNCTIONS:?}")) }
}

/// perf has the registers and the stack that the program is on, of the rest nothing: its call graphs
/// have the coroutine's functions and end at its root.
pub fn perf_cases() -> Vec<Case> {
    let graphs = [
        ("fp", "-O1 -fno-omit-frame-pointer", TO_MAIN),
        ("fp", "-O2 -fno-omit-frame-pointer -DACO_NO_INLINE", TO_MAIN),
        ("dwarf", "-O2", TO_ROOT),
        ("dwarf", "-O0", TO_ROOT),
    ];
    let case = |(number, (graph, flags, wanted)): (usize, (_, _, &'static [&'static str]))| {
        Case::new(format!("--call-graph {graph}, {flags}"), move || {
            let place = format!("perf-{number}");
            let program = build("spins", &place, &format!("cc {flags}"), "build", false)?;
            let data = format!("{program}.data");
            let record =
                format!("perf record -q -e cpu-clock -F 500 --call-graph {graph} -o {data}");
            succeed(command(&format!("{record} {program}")), 60)?;
            check_perf(&succeed(command(&format!("perf script -F ip,sym -i {data}")), 60)?, wanted)
        })
    };
    graphs.into_iter().enumerate().map(case).collect()
}

/// What perf finds by frame pointers; by DWARF the kernel gives it one stack, the coroutine's.
const TO_MAIN: &[&str] = &["spins", "inner", "aco_root", "outer", "aco_root", "main"];
const TO_ROOT: &[&str] = &["spins", "inner", "aco_root"];

fn check_perf(samples: &str, wanted: &[&str]) -> Result<(), String> {
    let (mut good, mut other) = (0, String::new());
    for sample in samples.split("\n\n").filter(|sample| sample.contains(" spins")) {
        let names = sample.lines().filter_map(|line| line.split_whitespace().nth(1));
        // The root has two names at two addresses; perf takes either.
        let names = names.map(|name| name.replace("aco_funcp_protector_asm", "aco_root"));
        let own: Vec<_> = names.filter(|name| TO_MAIN.contains(&&**name)).collect();
        if own == wanted {
            good += 1;
        } else {
            other = sample.to_string();
        }
    }
    if good >= 50 && other.is_empty() {
        Ok(())
    } else {
        Err(format!("{good} good ones, and\n{other}"))
    }
}
