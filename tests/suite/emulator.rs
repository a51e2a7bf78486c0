//! Instructions and system calls of an operation, counted by an emulator: exactly the same in each run, on either
//! architecture. benches/count.c is the program.

use crate::process::{Result, command, succeed};

/// An architecture.
#[derive(Clone, Copy)]
pub struct Machine {
    pub name: &'static str,
    /// As it is written for `target_arch`; the folder of its ABI in `abi/`.
    pub arch: &'static str,
    pub compiler: &'static str,
    /// The compiler by the name that no other machine's has.
    pub full_name: &'static str,
    /// A command of it, and its package.
    pub need: (&'static str, &'static str),
    pub library: &'static str,
    pub emulator: &'static str,
    pub disassembler: &'static str,
    /// Beginnings of the instructions that no other processor divides.
    pub locked: &'static [&'static str],
}

pub const X86_64: Machine = Machine {
    name: "x86-64",
    arch: "x86_64",
    compiler: "cc",
    full_name: "x86_64-linux-gnu-gcc",
    need: ("x86_64-linux-gnu-gcc --version", "gcc"),
    library: "build/libaco.a",
    emulator: "qemu-x86_64-static",
    disassembler: "objdump",
    // So is an exchange with memory.
    locked: &["lock"],
};

pub const AARCH64: Machine = Machine {
    name: "aarch64",
    arch: "aarch64",
    compiler: "aarch64-linux-gnu-gcc-12",
    full_name: "aarch64-linux-gnu-gcc",
    need: ("aarch64-linux-gnu-gcc --version", "gcc-12-aarch64-linux-gnu"),
    library: "build/aarch64-unknown-linux-gnu/libaco.a",
    emulator: "qemu-aarch64-static",
    disassembler: "aarch64-linux-gnu-objdump",
    locked: &["ldaxr", "ldxr", "cas", "swp", "ldadd", "ldset", "ldclr"],
};

/// All of them, in the order of the columns of bounds.
pub const MACHINES: [Machine; 2] = [X86_64, AARCH64];

/// A form of the library: its name, and the compiler's flags.
pub type Form = (&'static str, &'static str);

pub const FORMS: [Form; 4] = [
    ("default", "-Iinclude"),
    ("shared floating point", "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV -Iinclude"),
    ("calls", "-DACO_NO_INLINE -Iinclude"),
    ("calls, shared floating point", "-DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV -Iinclude"),
];

/// Operations between the two runs whose difference counts.
const ROUNDS: usize = 1000;

/// Builds the program in `folder`. Returns its path.
pub fn build(machine: Machine, flags: &str, folder: &str, name: &str) -> Result<String> {
    build_from("benches/count.c", machine, flags, folder, name)
}

/// As [`build`], of another source.
pub fn build_from(
    source: &str,
    machine: Machine,
    flags: &str,
    folder: &str,
    name: &str,
) -> Result<String> {
    let program = format!("{folder}/count-{}-{name}", machine.name);
    let Machine { compiler, library, .. } = machine;
    let line = format!("{compiler} -O2 -static {flags} {source} -o {program} {library} -lpthread");
    succeed(command(&line), 120)?;
    Ok(program)
}

/// What one operation of a row adds to the number of lines that `count` accepts.
fn difference(line: impl Fn(usize) -> String, accepts: fn(&str) -> bool) -> Result<f64> {
    let executed = |rounds| -> Result<usize> {
        let output = succeed(command(&line(rounds)), 120)?;
        Ok(output.lines().filter(|line| accepts(line)).count())
    };
    Ok((executed(2 * ROUNDS)? as f64 - executed(ROUNDS)? as f64) / ROUNDS as f64)
}

/// The instructions of one operation. The emulator translates each one by itself and writes a line for it.
pub fn instructions(machine: Machine, program: &str, row: &str) -> Result<f64> {
    let line = |rounds| {
        format!("{} -singlestep -d exec,nochain {program} {row} {rounds}", machine.emulator)
    };
    difference(line, |line| line.starts_with("Trace"))
}

/// The system calls of one operation.
pub fn system_calls(machine: Machine, program: &str, row: &str) -> Result<f64> {
    let line = |rounds| format!("{} -strace {program} {row} {rounds}", machine.emulator);
    // Natively, no system call tells the time.
    difference(line, |line| line.contains(") = ") && !line.contains("clock_gettime("))
}
