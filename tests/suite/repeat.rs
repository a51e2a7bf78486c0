//! What has time, ports or chance in it, again and again while other programs want the processors.
//!
//! Not in LANES=all: `make test-long LANES=repeat` has 300 rounds of each, `make test LANES=repeat` 10.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::c_tests::{build, is_in_any_order, name_of, runner, sources};
use crate::compilers::{Compiler, Languages};
use crate::lanes::Extent;
use crate::process::{scratch, succeed};
use crate::work::Case;
use crate::{documents, rt_use};

/// Seeds of chaos that follow each other, and a round without.
const SEEDS: usize = 4;

/// Programs of c_tests/ beside those of the runtime: threads, signals, timers.
const OTHERS: [&str; 4] = ["exceptions", "storm", "stress", "threads"];

/// Processes that do nothing, two for each processor; they end with this.
struct Load(Vec<Child>);

impl Load {
    fn start() -> Result<Load, String> {
        let processors = thread::available_parallelism().map_or(2, |count| count.get());
        let mut load = Load(Vec::new());
        for _ in 0..2 * processors {
            let mut command = Command::new("sh");
            // They do not outlive this process, however that ends.
            command.args(["-c", "while kill -0 $PPID 2> /dev/null; do :; done"]);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            load.0.push(command.spawn().map_err(|error| format!("{command:?}: {error}"))?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn rounds(extent: Extent) -> usize {
    if extent == Extent::Long { 300 } else { 10 }
}

pub fn cases(extent: Extent) -> Result<Vec<Case>, String> {
    let folder = scratch("repeat")?;
    let rounds = rounds(extent);
    let of_runtime = sources("c_tests/rt", Languages::C);
    let others = sources("c_tests", Languages::C);
    let others = others.into_iter().filter(|source| OTHERS.contains(&&*name_of(source)));
    let mut cases: Vec<_> = of_runtime
        .into_iter()
        .chain(others)
        .map(|source| {
            let folder = folder.clone();
            let name = name_of(&source);
            Case::new(format!("{name}, {rounds} rounds"), move || again(&source, &folder, rounds))
        })
        .collect();
    cases.push(Case::new(format!("rt-use, {rounds} rounds"), move || all(rounds, rt_use::cases)));
    cases.push(Case::new(format!("documents, {rounds} rounds"), move || {
        all(rounds, || Ok(documents::cases()))
    }));
    Ok(cases)
}

/// A program, under chaos where it holds in any order.
fn again(source: &Path, folder: &Path, rounds: usize) -> Result<(), String> {
    let (compiler, name) = (&Compiler::CC, name_of(source));
    let variant = &compiler.variants[0];
    let program = folder.join(name.replace('/', "-"));
    build(compiler, variant, source, &program, folder)?;
    let _load = Load::start()?;
    for round in 0..rounds {
        let mut command = runner(compiler, variant, &program);
        let seed = round % SEEDS;
        if seed != 0 && is_in_any_order(&name) {
            command.env("ACORT_CHAOS", round.to_string());
        }
        succeed(command, 300).map_err(|why| format!("round {round} of {rounds}: {why}"))?;
    }
    Ok(())
}

/// All cases of a lane, one after the other.
fn all(rounds: usize, cases: impl Fn() -> Result<Vec<Case>, String>) -> Result<(), String> {
    let _load = Load::start()?;
    for round in 0..rounds {
        for case in cases()? {
            let of = |why| format!("{}, round {round} of {rounds}: {why}", case.name);
            (case.job)().map_err(of)?;
        }
    }
    Ok(())
}
