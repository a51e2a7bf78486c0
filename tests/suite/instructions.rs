//! No operation takes more instructions, or touches more lines of memory, than its row allows, and none makes a system
//! call: guards of the speed that do not depend on a clock. docs/dev/targets.md says what is aimed at.

use crate::case::{Case, ensure};
use crate::emulator::{FORMS, Form, MACHINES, Machine, build, instructions, system_calls};
use crate::lines::lines;
use crate::process::{Result, scratch};
use crate::runtime_counts;
use crate::targets::TARGETS;

const OLD_BINARY: Form = ("old binary", "-Ic_tests/old");

/// The linker decides which objects share a line: another build may touch one more.
const LAYOUT: u32 = 1;

/// The most instructions of an operation, with the part of its loop, and the most lines of 64 bytes that it reads or
/// writes. Those of `switch` are a resume and a yield, those of `transfer` there and back. A change that needs fewer
/// lowers the number. Another compiler than that of `make setup` may need some more.
///
/// The numbers are in the order of `MACHINES`. A machine for which a row has none does not measure it.
const BOUNDS: [(&str, Form, &[u32], &[u32]); 19] = [
    // row, form, instructions, lines
    ("switch", FORMS[1], &[68, 75], &[8, 8]),
    ("switch", FORMS[0], &[86, 85], &[8, 9]),
    ("switch", FORMS[3], &[108, 112], &[9, 13]),
    ("switch", FORMS[2], &[125, 122], &[9, 12]),
    ("switch", OLD_BINARY, &[144], &[9]),
    ("value", FORMS[1], &[69, 81], &[8, 8]),
    ("value", FORMS[3], &[120, 127], &[10, 13]),
    ("transfer", FORMS[1], &[85, 98], &[11, 11]),
    ("transfer", FORMS[3], &[260, 288], &[17, 23]),
    ("copy-8", FORMS[1], &[290, 342], &[20, 29]),
    ("copy-64", FORMS[1], &[315, 351], &[23, 32]),
    ("copy-256", FORMS[1], &[401, 442], &[33, 40]),
    ("copy-8", FORMS[2], &[305, 376], &[21, 27]),
    ("destroy", FORMS[1], &[1130, 1171], &[33, 42]),
    ("life", FORMS[1], &[568, 580], &[22, 27]),
    ("life-guarded", FORMS[1], &[577, 584], &[21, 26]),
    ("life-new", FORMS[1], &[251, 279], &[14, 16]),
    ("reset", FORMS[1], &[184, 191], &[14, 16]),
    ("reset", FORMS[3], &[226, 240], &[14, 18]),
];

pub fn cases() -> Result<Vec<Case>> {
    for target in &TARGETS {
        target.compiler.make()?;
    }
    let folder = scratch("instructions")?.to_string_lossy().into_owned();
    let mut cases = Vec::new();
    for (index, machine) in MACHINES.into_iter().enumerate() {
        for (row, (form, flags), instructions, lines) in BOUNDS {
            let folder = folder.clone();
            if let (Some(count), Some(lines)) = (instructions.get(index), lines.get(index)) {
                let bounds = [*count, *lines];
                let name = format!("{}: {row}, {form}", machine.name);
                cases.push(Case::new(name, move || check(machine, row, flags, bounds, &folder)));
            }
        }
    }
    cases.extend(runtime_counts::cases(&folder));
    Ok(cases)
}

fn check(machine: Machine, row: &str, flags: &str, bounds: [u32; 2], folder: &str) -> Result {
    let letters: String = flags.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let program = build(machine, flags, folder, &format!("{row}-{letters}"))?;
    let count = instructions(machine, &program, row)?;
    let calls = system_calls(machine, &program, row)?;
    let marked = format!("{flags} -DMARKED");
    let program = build(machine, &marked, folder, &format!("{row}-{letters}-marked"))?;
    let touched = lines(machine, &program, row)?;
    let [most, most_lines] = bounds;
    ensure!(count.ceil() as u32 <= most, "{count} instructions, more than {most}; {touched} lines");
    ensure!(calls.ceil() as u32 == 0, "{calls} system calls in each operation");
    ensure!(touched as u32 <= most_lines + LAYOUT, "{touched} lines, more than {most_lines}");
    Ok(())
}
