//! No operation of the runtime takes more instructions, locked instructions or system calls than its row allows. The program
//! is benches/rt/count.c: one worker, in a process that has had another thread.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::case::{Case, ensure};
use crate::emulator::{MACHINES, Machine, build_from, system_calls};
use crate::process::{Result, command, succeed};

/// Operations between the two runs whose difference counts.
const ROUNDS: usize = 200;

/// A row, and the most instructions (in the order of `MACHINES`), locked instructions and system calls of an
/// operation. That of `yield` is one yield of each of two tasks; of `mutex` and `semaphore` a pair of calls, of
/// `event` three; of `request` a request and its answer through a TCP connection, with both ends: the C library's
/// send and recv take half of the locked instructions. A select looks at its cases in random order, so its
/// instructions vary a little.
const BOUNDS: [(&str, &[u32], u32, u32); 11] = [
    ("yield", &[400, 402], 0, 0),
    ("go-join", &[1232, 1283], 6, 0),
    ("chan", &[599, 612], 4, 0),
    ("chan-buffered", &[240, 249], 2, 0),
    ("chan-select", &[1520, 1430], 6, 0),
    ("chan-free", &[236, 244], 2, 0),
    ("mutex", &[120, 130], 2, 0),
    ("semaphore", &[140, 145], 2, 0),
    ("event", &[185, 208], 3, 0),
    ("timer", &[656, 657], 2, 0),
    ("request", &[3450, 3850], 34, 6),
];

pub fn cases(folder: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, machine) in MACHINES.into_iter().enumerate() {
        for (row, instructions, locked, calls) in BOUNDS {
            let folder = folder.to_string();
            if let Some(count) = instructions.get(index) {
                let bounds = [*count, locked, calls];
                let name = format!("{}: runtime, {row}", machine.name);
                cases.push(Case::new(name, move || check(machine, row, bounds, &folder)));
            }
        }
    }
    cases
}

fn check(machine: Machine, row: &str, bounds: [u32; 3], folder: &str) -> Result {
    let program =
        build_from("benches/rt/count.c", machine, "-Iinclude", folder, &format!("rt-{row}"))?;
    let locked = locked_addresses(machine, &program)?;
    let (first, second) = (
        run(machine, &program, row, ROUNDS, &locked)?,
        run(machine, &program, row, 2 * ROUNDS, &locked)?,
    );
    let each = |first: usize, second: usize| (second as f64 - first as f64) / ROUNDS as f64;
    let found =
        [each(first.0, second.0), each(first.1, second.1), system_calls(machine, &program, row)?];
    // What grows by doubling adds a little to some of the operations.
    let is_within = found.iter().zip(bounds).all(|(count, bound)| count.round() as u32 <= bound);
    ensure!(is_within, "instructions, locked ones, system calls: {found:?}, more than {bounds:?}");
    Ok(())
}

/// The addresses of the instructions that no other processor divides.
fn locked_addresses(machine: Machine, program: &str) -> Result<HashSet<u64>> {
    let text = succeed(
        command(&format!("{} -d --no-show-raw-insn {program}", machine.disassembler)),
        120,
    )?;
    let is_locked = |code: &str| {
        let is_exchange = code.starts_with("xchg") && code.contains('(');
        is_exchange || machine.locked.iter().any(|name| code.starts_with(name))
    };
    let lines = text.lines().filter_map(|line| line.split_once(":\t"));
    let locked = lines.filter(|(_, code)| is_locked(code.trim()));
    Ok(locked.filter_map(|(address, _)| u64::from_str_radix(address.trim(), 16).ok()).collect())
}

/// The instructions of a run, and those of them that are locked.
fn run(
    machine: Machine,
    program: &str,
    row: &str,
    rounds: usize,
    locked: &HashSet<u64>,
) -> Result<(usize, usize)> {
    let line = format!("{} -singlestep -d exec,nochain {program} {row} {rounds}", machine.emulator);
    let mut emulator = command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let log = BufReader::with_capacity(1 << 20, emulator.stderr.take().ok_or("no log")?);
    let mut counts = (0, 0);
    for text in log.split(b'\n') {
        let text = text?;
        let Some(trace) = str::from_utf8(&text).ok().and_then(|text| text.strip_prefix("Trace"))
        else {
            continue;
        };
        let address = trace.split('/').nth(1).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        counts.0 += 1;
        counts.1 += usize::from(address.is_some_and(|address| locked.contains(&address)));
    }
    ensure!(emulator.wait()?.success(), "{line} fails");
    Ok(counts)
}
