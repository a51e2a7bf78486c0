//! Instructions of a switch, on either architecture: counted by an emulator, so they are exact, and
//! aarch64 can be judged where there is none.

use std::fmt::Write;

use crate::process::{Result, command, is_available, succeed};

/// Compiler, library, emulator and name of an architecture.
const MACHINES: [(&str, &str, &str, &str); 2] = [
    ("cc", "build/libaco.a", "qemu-x86_64-static", "x86-64"),
    (
        "aarch64-linux-gnu-gcc-12",
        "build/aarch64-unknown-linux-gnu/libaco.a",
        "qemu-aarch64-static",
        "aarch64",
    ),
];

const FORMS: [(&str, &str); 4] = [
    ("inline, shared FP", "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV"),
    ("inline, own FP", ""),
    ("calls, shared FP", "-DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV"),
    ("calls, own FP", "-DACO_NO_INLINE"),
];

/// Resumes between the two runs whose difference counts: two switches each.
const ROUNDS: usize = 1000;

/// How many instructions the program executes for so many resumes. The emulator translates each
/// instruction by itself and writes a line for it.
fn executed(emulator: &str, program: &str, rounds: usize) -> Result<usize> {
    let line = format!("{emulator} -singlestep -d exec,nochain {program} {rounds}");
    Ok(succeed(command(&line), 120)?.lines().filter(|line| line.starts_with("Trace")).count())
}

fn count(folder: &str, machine: (&str, &str, &str, &str), flags: &str) -> Result<f64> {
    let (compiler, library, emulator, name) = machine;
    let program = format!("{folder}/count-{name}");
    let line =
        format!("{compiler} -O2 -static {flags} -Iinclude benches/count.c -o {program} {library}");
    succeed(command(&line), 120)?;
    let runs = executed(emulator, &program, 2 * ROUNDS)? - executed(emulator, &program, ROUNDS)?;
    Ok(runs as f64 / (2 * ROUNDS) as f64)
}

/// The section of the page. An architecture whose tools are not there has a line that says so.
pub fn section(folder: &str) -> String {
    let mut text = String::from(
        "## Instructions of a switch\n\nOne resume or yield with its checks and its part of the \
         loop, in a static program, counted by the emulator (exactly the same in each run).\n\n\
         | | inline, shared FP | inline, own FP | calls, shared FP | calls, own FP |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for machine in MACHINES {
        if !is_available(command(&format!("{} --version", machine.2)))
            || !is_available(command(&format!("test -e {}", machine.1)))
        {
            println!("no instructions of {}: `make setup`, `make TARGET=...`", machine.3);
            let _ = writeln!(text, "| {} | not counted | | | |", machine.3);
            continue;
        }
        let counts = FORMS.map(|(form, flags)| {
            count(folder, machine, flags).map(|count| format!("{count:.1}")).unwrap_or_else(|why| {
                println!("no instructions of {}, {form}: {why}", machine.3);
                "not counted".into()
            })
        });
        let _ = writeln!(text, "| {} | {} |", machine.3, counts.join(" | "));
    }
    text
}
