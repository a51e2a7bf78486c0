//! Instructions of a switch, on either architecture: counted by an emulator, so they are exact, and
//! aarch64 can be judged where there is none.

use std::fmt::Write;

use crate::emulator::{FORMS, MACHINES, build, instructions};
use crate::process::{command, is_available};

/// The section of the page. An architecture whose tools are not there has a line that says so.
pub fn section(folder: &str) -> String {
    let names: Vec<_> = FORMS.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "## Instructions of a switch\n\nOne resume or yield with its checks and its part of the \
         loop, in a static program, counted by the emulator (exactly the same in each run).\n\n\
         | | {} |\n|---|---:|---:|---:|---:|\n",
        names.join(" | ")
    );
    for machine in MACHINES {
        if !is_available(command(&format!("{} --version", machine.emulator)))
            || !is_available(command(&format!("test -e {}", machine.library)))
        {
            println!("no instructions of {}: `make setup`, `make TARGET=...`", machine.name);
            let _ = writeln!(text, "| {} | not counted | | | |", machine.name);
            continue;
        }
        let counts = FORMS.map(|(form, flags)| {
            let count = build(machine, flags, folder, "bench")
                .and_then(|program| instructions(machine, &program, "switch"));
            // A resume and a yield.
            count.map(|count| format!("{:.1}", count / 2.0)).unwrap_or_else(|why| {
                println!("no instructions of {}, {form}: {why}", machine.name);
                "not counted".into()
            })
        });
        let _ = writeln!(text, "| {} | {} |", machine.name, counts.join(" | "));
    }
    text
}
