//! No operation takes more instructions than its row allows, and none makes a system call: guards of the speed that do
//! not depend on a clock. docs/dev/targets.md says what is aimed at.

use crate::case::{Case, ensure};
use crate::compilers::AARCH64;
use crate::emulator::{FORMS, Form, MACHINES, Machine, build, instructions, system_calls};
use crate::process::{Result, scratch};

const OLD_BINARY: Form = ("old binary", "-Ic_tests/old");

/// The most instructions of an operation, with the part of its loop. Those of `switch` are a resume and a yield. A
/// change that needs fewer lowers the number. Another compiler than that of `make setup` may need some more.
const BOUNDS: [(&str, Form, [u32; 2]); 13] = [
    // row, form, x86-64, aarch64
    ("switch", FORMS[1], [70, 76]),
    ("switch", FORMS[0], [88, 86]),
    ("switch", FORMS[3], [108, 111]),
    ("switch", FORMS[2], [126, 128]),
    ("switch", OLD_BINARY, [146, u32::MAX]),
    ("copy-8", FORMS[1], [287, 339]),
    ("copy-64", FORMS[1], [312, 348]),
    ("copy-256", FORMS[1], [397, 439]),
    ("copy-8", FORMS[2], [299, 375]),
    ("life", FORMS[1], [710, 706]),
    ("life-guarded", FORMS[1], [721, 711]),
    ("life-new", FORMS[1], [253, 281]),
    ("reset", FORMS[1], [346, 354]),
];

pub fn cases() -> Result<Vec<Case>> {
    AARCH64.make()?;
    let folder = scratch("instructions")?.to_string_lossy().into_owned();
    let mut cases = Vec::new();
    for (index, machine) in MACHINES.into_iter().enumerate() {
        for (row, (form, flags), bounds) in BOUNDS {
            let (folder, bound) = (folder.clone(), bounds[index]);
            if bound < u32::MAX {
                let name = format!("{}: {row}, {form}", machine.name);
                cases.push(Case::new(name, move || check(machine, row, flags, bound, &folder)));
            }
        }
    }
    Ok(cases)
}

fn check(machine: Machine, row: &str, flags: &str, bound: u32, folder: &str) -> Result {
    let letters: String = flags.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let program = build(machine, flags, folder, &format!("{row}-{letters}"))?;
    let count = instructions(machine, &program, row)?;
    ensure!(count.ceil() as u32 <= bound, "{count} instructions, more than {bound}");
    let calls = system_calls(machine, &program, row)?;
    ensure!(calls.ceil() as u32 == 0, "{calls} system calls in each operation");
    Ok(())
}
