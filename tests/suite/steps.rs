//! gdb goes through switches of every kind instruction by instruction: from each one it finds the way to
//! `main`, and what the callee-saved registers are in every frame.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::compilers::Compiler;
use crate::lanes::Extent;
use crate::process::{command, scratch, succeed};
use crate::work::Case;

/// Fewer positions than this, and something was not gone through.
const LEAST_POSITIONS: usize = 3000;

/// Functions of the library that every run goes through: parts of their names.
const PLACES: [&str; 7] = [
    "fpenv::resume",
    "fpenv::switch",
    "fpenv::transfer",
    "fpenv::returning_entry",
    "fpenv::exit_to",
    "acosw",
    "_protector_asm",
];

/// Compilers and flags, of which `make test` has the first ones. As C++ the one that resumes handles an exception.
const FORMS: [&str; 8] = [
    "cc -O2",
    "cc -O2 -DACO_NO_INLINE",
    "clang -O2",
    "c++ -O2 -x c++",
    "cc -O0",
    "cc -O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
    "cc -O1 -fno-omit-frame-pointer",
    "clang -O0 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
];
const SAMPLE: usize = 2;

const AARCH64_FORMS: [&str; 4] = [
    "aarch64-linux-gnu-gcc-12 -O2",
    "aarch64-linux-gnu-gcc-12 -O2 -mbranch-protection=standard",
    "aarch64-linux-gnu-gcc-12 -O0 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
    "aarch64-linux-gnu-g++-12 -O2 -x c++",
];

pub fn cases(extent: Extent) -> Vec<Case> {
    let case = |(number, form): (usize, &'static str)| {
        Case::new(format!("each instruction, {form}"), move || {
            let program = build(&format!("steps-{number}"), form, "-Wl,-z,now", "build")?;
            check(&gdb("gdb", &program, &["break start_of_steps", "run"])?)
        })
    };
    let forms = if extent == Extent::Plain { SAMPLE } else { FORMS.len() };
    FORMS.into_iter().take(forms).enumerate().map(case).collect()
}

/// The same on aarch64, over qemu's stub for gdb. It knows nothing of pointer authentication, and gdb
/// finds no d8 to d15 where there is SVE: without both.
pub fn aarch64_cases(extent: Extent) -> Result<Vec<Case>, String> {
    let compiler = &Compiler::AARCH64;
    succeed(command(&format!("make --silent {}", compiler.make)), 600)?;
    let case = |(number, form): (usize, &'static str)| {
        Case::new(format!("each instruction, {form}"), move || {
            let name = format!("steps-aarch64-{number}");
            let program = build(&name, form, "-static", compiler.library)?;
            let socket = format!("{program}.socket");
            let _emulator = Emulator::start(&program, &socket)?;
            let target = format!("target remote {socket}");
            let commands = [&*target, "break start_of_steps", "continue"];
            check(&gdb("gdb-multiarch", &program, &commands)?)
        })
    };
    let forms = if extent == Extent::Plain { 2 } else { AARCH64_FORMS.len() };
    Ok(AARCH64_FORMS.into_iter().take(forms).enumerate().map(case).collect())
}

fn build(name: &str, form: &str, link: &str, library: &str) -> Result<String, String> {
    let folder = scratch(&format!("gdb/{name}"))?;
    let program = format!("{}/switches", folder.display());
    let line = format!("{form} -g -Wall -Wextra -Werror -Iinclude tests/gdb/switches.c -x none");
    succeed(command(&format!("{line} {link} {library}/libaco.a -o {program}")), 60)?;
    Ok(program)
}

/// qemu with a program that waits for gdb at a socket; ends with this.
struct Emulator(Child);

impl Emulator {
    fn start(program: &str, socket: &str) -> Result<Emulator, String> {
        let mut command = command("qemu-aarch64-static -cpu max,sve=off,pauth=off -g");
        command.args([socket, program]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().map_err(|error| error.to_string())?;
        let (emulator, start) = (Emulator(child), Instant::now());
        while !Path::new(socket).exists() {
            if start.elapsed() > Duration::from_secs(20) {
                return Err(format!("qemu opens no {socket}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What step.py reports.
fn gdb(debugger: &str, program: &str, start: &[&str]) -> Result<String, String> {
    let mut command = Command::new(debugger);
    command.args(["-q", "-batch", "-nx", "-ex", "set debuginfod enabled off"]);
    for line in start.iter().chain(&["source tests/gdb/step.py", "continue"]) {
        command.args(["-ex", line]);
    }
    command.arg(program);
    let output = succeed(command, 300)?;
    match output.split_once("\nREPORT\n") {
        Some((_, report)) => Ok(report.to_string()),
        None => Err(output),
    }
}

fn check(report: &str) -> Result<(), String> {
    let counts = report.lines().find_map(|line| line.split_once(" positions, "));
    let (positions, wrong) = counts.ok_or(report)?;
    let enough = positions.parse().is_ok_and(|count: usize| count >= LEAST_POSITIONS);
    let all = PLACES.iter().all(|place| report.contains(place));
    if enough && all && wrong == "0 wrong" && report.contains("exited normally") {
        Ok(())
    } else {
        Err(format!("wanted {LEAST_POSITIONS} positions, in {PLACES:?} too, none wrong:\n{report}"))
    }
}
