//! Unwinders other than gdb, inside coroutines: libunwind, backtrace() of the C library, lldb, perf.

use crate::case::{Case, ensure};
use crate::files::absolute;
use crate::process::{Result, scratch, succeed};
use crate::targets::Target;
use crate::toolchain::command;

/// The functions of the program, innermost first. The library's own functions are between them.
const FUNCTIONS: [&str; 6] = ["looks", "inner", "middle", "outer", "turn", "main"];

/// Compilers and flags.
const FORMS: [&str; 5] = [
    "cc -O2",
    "cc -O0",
    "cc -O2 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
    "clang -O2",
    "clang -O0",
];

/// Compiles tests/unwinders/`name`.c with the library of `folder`, shared or not.
fn build(name: &str, place: &str, form: &str, folder: &str, is_shared: bool) -> Result<String> {
    let program = format!("{}/{name}", scratch(&format!("unwinders/{place}"))?.display());
    let line = format!("{form} -g -rdynamic -Iinclude tests/unwinders/{name}.c -o {program}");
    let mut build = command(&line);
    if is_shared {
        let folder = absolute(folder);
        build.args([&format!("-L{folder}"), "-laco", &format!("-Wl,-rpath,{folder}")]);
    } else {
        build.arg(format!("{folder}/libaco.a"));
    }
    if name == "backtraces" && !form.contains("WITHOUT_LIBUNWIND") {
        build.args(["-L/usr/lib/aarch64-linux-gnu", "-lunwind"]);
    }
    succeed(build, 60)?;
    Ok(program)
}

fn has_all_backtraces(output: &str) -> Result {
    ensure!(output == "12 backtraces\n", "{output}");
    Ok(())
}

pub fn libunwind_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, form) in FORMS.into_iter().enumerate() {
        for (is_shared, library) in [(false, "archive"), (true, "shared")] {
            for (name, flag) in [("libunwind", ""), ("backtrace()", " -DWITHOUT_LIBUNWIND")] {
                cases.push(Case::new(format!("{name}, {library}, {form}"), move || {
                    let form = format!("{form}{flag}");
                    let place = format!("{name}-{library}-{number}").replace("()", "");
                    let program = build("backtraces", &place, &form, "build", is_shared)?;
                    has_all_backtraces(&succeed(command(&program), 60)?)
                }));
            }
        }
    }
    cases
}

pub fn libunwind_target_cases(target: &'static Target) -> Result<Vec<Case>> {
    let compiler = target.compiler;
    compiler.make()?;
    let case = |(number, header, flags): (usize, &'static str, &'static str)| {
        Case::new(flags, move || {
            let form = format!("{} {flags} {header}", compiler.c);
            let place = format!("{}-{number}", target.name);
            let program = build("backtraces", &place, &form, compiler.library, false)?;
            let line = format!("{} {program}", compiler.runner);
            has_all_backtraces(&succeed(command(&line), 60)?)
        })
    };
    let forms =
        target.libunwind.iter().flat_map(|it| it.forms.iter().map(|flags| (it.header, *flags)));
    Ok(forms.enumerate().map(|(number, (header, flags))| case((number, header, flags))).collect())
}

/// lldb at each of the backtraces: on stacks at lower and at higher addresses, private and shared.
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

fn check_lldb(output: &str) -> Result {
    let backtraces: Vec<_> = output.split("(lldb) bt\n").skip(1).collect();
    let count = backtraces.len();
    let is_whole = count == 12 && output.contains("12 backtraces");
    ensure!(is_whole, "{count} backtraces in:\n{output}");
    for backtrace in backtraces {
        let frames = backtrace.split("(lldb)").next().unwrap_or_default();
        let names = frames.lines().filter_map(|line| Some(line.split_once('`')?.1));
        let names = names.filter_map(|name| name.split(['(', ' ', '+']).next());
        let mut found: Vec<_> = names.filter(|name| FUNCTIONS.contains(name)).collect();
        // An inlined function has a frame of its own within the frame of the function around it.
        found.dedup();
        ensure!(found == FUNCTIONS, "{found:?}, not {FUNCTIONS:?} in:\n{frames}");
    }
    Ok(())
}

/// By frame pointers perf finds all functions. For DWARF the kernel gives it one stack, the coroutine's.
const TO_MAIN: &[&str] = &["spins", "inner", "aco_root", "outer", "aco_root", "main"];
const TO_ROOT: &[&str] = &["spins", "inner", "aco_root"];

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

fn check_perf(samples: &str, wanted: &[&str]) -> Result {
    let mut count = 0;
    for sample in samples.split("\n\n").filter(|sample| sample.contains(" spins")) {
        let names = sample.lines().filter_map(|line| line.split_whitespace().nth(1));
        // The root has two names at two addresses. perf prints either.
        let names = names.map(|name| name.replace("aco_funcp_protector_asm", "aco_root"));
        let own: Vec<_> = names.filter(|name| TO_MAIN.contains(&&**name)).collect();
        ensure!(own == wanted, "{own:?}, not {wanted:?} in:\n{sample}");
        count += 1;
    }
    ensure!(count >= 50, "{count} samples");
    Ok(())
}
