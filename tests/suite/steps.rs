//! gdb steps through switches of each kind, one instruction at a time. At each instruction it finds the way to `main`,
//! and the callee-saved registers of every frame.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::case::{Case, ensure};
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::targets::Target;
use crate::toolchain::{self, command};

/// With fewer positions gdb missed a part of the program.
const MIN_POSITIONS: usize = 3000;

/// Parts of the names of functions of the library that each run steps through.
const PLACES: [&str; 7] = [
    "fpenv::resume",
    "fpenv::switch",
    "fpenv::transfer",
    "fpenv::returning_entry",
    "fpenv::exit_to",
    "acosw",
    "_protector_asm",
];

/// Compilers and flags. In C++ the resumer handles an exception.
pub const FORMS: [&str; 8] = [
    "cc -O2",
    "cc -O2 -DACO_NO_INLINE",
    "clang -O2",
    "c++ -O2 -x c++",
    "cc -O0",
    "cc -O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
    "cc -O1 -fno-omit-frame-pointer",
    "clang -O0 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV",
];

/// The number of forms in the sample.
const SAMPLE: usize = 2;

fn count(extent: Extent) -> usize {
    if extent == Extent::Sample { SAMPLE } else { usize::MAX }
}

pub fn cases(extent: Extent) -> Vec<Case> {
    let case = |(number, form): (usize, &'static str)| {
        Case::new(format!("each instruction, {form}"), move || {
            let program = build(&format!("steps-{number}"), form, "-Wl,-z,now", "build")?;
            check(&gdb("gdb", &program, &["break start_of_steps", "run"])?)
        })
    };
    FORMS.into_iter().take(count(extent)).enumerate().map(case).collect()
}

/// The same in the emulator of a target, with its stub for gdb.
pub fn target_cases(target: &'static Target, extent: Extent) -> Result<Vec<Case>> {
    target.compiler.make()?;
    let case = |(number, (is_cxx, flags)): (usize, &'static (bool, &'static str))| {
        let compiler = if *is_cxx { target.compiler.cxx } else { target.compiler.c };
        let name = toolchain::program(compiler);
        Case::new(format!("each instruction, {} {flags}", name.display()), move || {
            let name = format!("steps-{}-{number}", target.name);
            let form = format!("{compiler} {flags}");
            let program = build(&name, &form, "-static", target.compiler.library)?;
            let socket = format!("{program}.socket");
            let _emulator = Emulator::start(target.steps.emulator, &program, &socket)?;
            let remote = format!("target remote {socket}");
            let commands = [&*remote, "break start_of_steps", "continue"];
            check(&gdb("gdb-multiarch", &program, &commands)?)
        })
    };
    Ok(target.steps.forms.iter().take(count(extent)).enumerate().map(case).collect())
}

fn build(name: &str, form: &str, link: &str, library: &str) -> Result<String> {
    let program = format!("{}/switches", scratch(&format!("gdb/{name}"))?.display());
    let line = format!("{form} -g -Iinclude tests/gdb/switches.c -x none");
    succeed(command(&format!("{line} {link} {library}/libaco.a -o {program}")), 60)?;
    Ok(program)
}

/// qemu with a program that waits for gdb at a socket. Dropping it kills the process.
struct Emulator(Child);

impl Emulator {
    fn start(emulator: &str, program: &str, socket: &str) -> Result<Emulator> {
        let mut qemu = command(&format!("{emulator} -g"));
        qemu.args([socket, program]).stdin(Stdio::null()).stdout(Stdio::null());
        let (emulator, start) = (Emulator(qemu.spawn()?), Instant::now());
        while !Path::new(socket).exists() {
            ensure!(start.elapsed() < Duration::from_secs(20), "qemu opens no {socket}");
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

/// The report of step.py.
fn gdb(debugger: &str, program: &str, start: &[&str]) -> Result<String> {
    let mut gdb = command(&format!("{debugger} -q -batch -nx"));
    gdb.args(["-ex", "set debuginfod enabled off"]);
    gdb.args(start.iter().flat_map(|line| ["-ex", line]));
    gdb.args(["-ex", "source tests/gdb/step.py", "-ex", "continue"]);
    let output = succeed(gdb.arg(program), 300)?;
    let (_, report) = output.split_once("\nREPORT\n").ok_or(&*output)?;
    Ok(report.to_string())
}

fn check(report: &str) -> Result {
    let counts = report.lines().find_map(|line| line.split_once(" positions, "));
    let (positions, wrong) = counts.ok_or(report)?;
    let is_enough = positions.parse().is_ok_and(|count: usize| count >= MIN_POSITIONS);
    let has_all = PLACES.iter().all(|place| report.contains(place));
    let is_right = is_enough && has_all && wrong == "0 wrong" && report.contains("exited normally");
    let wanted = format!("{MIN_POSITIONS} positions, in {PLACES:?} too, none wrong");
    ensure!(is_right, "wanted {wanted}:\n{report}");
    Ok(())
}
