//! Tests that depend on time, ports or chance, many times while other programs load the processors.
//!
//! Not in LANES=all: `make test-long LANES=repeat` runs 300 rounds of each, `make test LANES=repeat` 10.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use crate::case::{Case, Program};
use crate::compiler::Languages;
use crate::compilers::CC;
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::selection::{is_in_any_order, sources, test_name};
use crate::toolchain::command;
use crate::{reference, rt_use, snippets};

/// One round of so many has no chaos.
const SEEDS: usize = 4;

/// So many copies of a program run at a time. They disturb each other in more ways than busy processes do.
const COPIES: usize = 12;

/// So many copies of a case of rt-use: each has up to 10,000 connections.
const USES: usize = 3;

/// Programs of c_tests/ beside those of the runtime: threads, signals, timers.
const OTHERS: [&str; 3] = ["storm", "stress", "threads"];

/// Busy processes, two for each processor, for all cases that run at a time. Dropping the load ends them.
struct Load(Vec<Child>);

impl Load {
    /// Returns the load of the cases that run now, or starts one.
    fn start() -> Result<Arc<Load>> {
        static CURRENT: Mutex<Weak<Load>> = Mutex::new(Weak::new());
        let mut current = CURRENT.lock().map_err(|_| "a panic")?;
        if let Some(load) = current.upgrade() {
            return Ok(load);
        }
        let load = Arc::new(Load::new()?);
        *current = Arc::downgrade(&load);
        Ok(load)
    }

    fn new() -> Result<Load> {
        let processors = thread::available_parallelism().map_or(2, |count| count.get());
        let mut load = Load(Vec::new());
        for _ in 0..2 * processors {
            let mut busy = command("sh -c");
            // They end when this process ends in any way.
            busy.arg("while kill -0 $PPID 2> /dev/null; do :; done");
            load.0.push(busy.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
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

pub fn cases(extent: Extent) -> Result<Vec<Case>> {
    let folder = scratch("repeat")?;
    let rounds = if extent == Extent::Long { 300 } else { 10 };
    let others = sources("c_tests", Languages::C)?;
    let others = others.into_iter().filter(|source| OTHERS.contains(&&*test_name(source)));
    let programs = sources("c_tests/rt", Languages::C)?.into_iter().chain(others);
    let mut cases = Vec::new();
    for source in programs {
        let folder = folder.clone();
        let name = format!("{}, {rounds} rounds", test_name(&source));
        cases.push(Case::new(name, move || repeat(&source, &folder, rounds)));
    }
    cases.extend(rt_use::cases()?.into_iter().map(|case| {
        let name = format!("rt-use: {}, {rounds} rounds", case.name);
        Case::new(name, move || repeat_use(&case, rounds))
    }));
    let documents = snippets::programs()?.into_iter().chain(reference::programs()?);
    cases.extend(documents.map(|program| {
        let name = format!("documents: {}, {rounds} rounds", program.name);
        Case::new(name, move || repeat_document(&program, rounds))
    }));
    Ok(cases)
}

/// Runs a program in each round, under chaos if it holds in any order.
fn repeat(source: &Path, folder: &Path, rounds: usize) -> Result {
    let name = test_name(source);
    let variant = &CC.variants[0];
    let program = folder.join(name.replace('/', "-"));
    CC.build(variant, source, &program, folder)?;
    let _load = Load::start()?;
    run_copies(COPIES, rounds, |round| {
        let mut run = CC.run(variant, &program);
        if !round.is_multiple_of(SEEDS) && is_in_any_order(&name) {
            run.env("ACORT_CHAOS", round.to_string());
        }
        succeed(run, 300)
            .map_err(|error| format!("round {round} of {rounds}: {error}").into())
            .map(drop)
    })
}

/// Runs a case of the lane rt-use in each round.
fn repeat_use(case: &Case, rounds: usize) -> Result {
    let _load = Load::start()?;
    run_copies(USES, rounds, |round| {
        (case.job)().map_err(|error| format!("round {round} of {rounds}: {error}").into())
    })
}

/// Runs a program of the documents so many times.
fn repeat_document(Program { name, build }: &Program, rounds: usize) -> Result {
    let check = build()?;
    let _load = Load::start()?;
    run_copies(COPIES, rounds, |round| {
        check().map_err(|error| format!("{name}, round {round} of {rounds}: {error}").into())
    })
}

/// Calls `job` with each number below `count`, `copies` at a time. After the first error no more calls begin.
fn run_copies(copies: usize, count: usize, job: impl Fn(usize) -> Result + Sync) -> Result {
    let started = AtomicUsize::new(0);
    let run_some = || -> Result {
        loop {
            let number = started.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            job(number).inspect_err(|_| started.store(count, Ordering::Relaxed))?;
        }
    };
    thread::scope(|scope| {
        let copies: Vec<_> = (0..copies).map(|_| scope.spawn(run_some)).collect();
        copies.into_iter().try_for_each(|copy| copy.join().unwrap_or(Err("a panic".into())))
    })
}
