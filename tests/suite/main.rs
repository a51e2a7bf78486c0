//! The test suite of the C library, in every lane that this machine can run.
//!
//! `make test` runs a sample in less than five minutes: some lanes, and the first variants of each compiler.
//! `make test LANES="cc aarch64"` and `make test LANES=all` run every test in every variant, and the fuzzer for a
//! minute. With `all`, a lane that cannot run is a failure. `make test-long` makes the random walks 250 times as long,
//! fuzzes for an hour, and repeats the tests that depend on time or chance.
//!
//! Arguments from the first dash on are those of Rust's test harness: `make test LANES="cc --list"`,
//! `make test LANES="cc -- rt/sync"`. The last line is `N passed, N failed`.

mod abi;
mod bindings;
mod c_tests;
mod case;
mod cinstall;
mod compiler;
mod compilers;
mod deb;
mod debug;
mod documents;
mod emulator;
mod examples;
mod exports;
mod figures;
mod files;
mod fuzz;
#[allow(dead_code)] // The comments, which only the manual pages need.
#[path = "../manual/header.rs"]
mod header;
mod headers;
mod install;
mod instructions;
mod instrumented;
mod kqueue;
mod lanes;
mod lines;
mod linking;
mod manual;
mod needs;
mod nim;
mod panics;
mod platforms;
mod port;
mod process;
mod procfs;
mod reference;
mod refused;
mod repeat;
mod rt_use;
mod runtime_counts;
mod rust;
mod sandbox;
mod sanitizers;
mod selection;
mod servers;
mod site;
mod snippets;
mod steps;
mod survival;
mod targets;
mod toolchain;
mod unwinders;
mod words;

use std::env;
use std::fs;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Instant;

use case::run_cases;
use lanes::{Extent, Lane, lanes};
use libtest_mimic::Arguments;

/// The command line.
struct Request {
    lanes: Vec<String>,
    is_all: bool,
    extent: Extent,
    harness: Arguments,
}

impl Request {
    fn new(mut words: Vec<String>) -> Request {
        let mut take = |word: &str| {
            let count = words.len();
            words.retain(|one| one != word);
            words.len() < count
        };
        let (is_long, is_all) = (take("--long"), take("all"));
        let dash = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
        let program = "suite".to_string();
        let mut harness = Arguments::from_iter([program].into_iter().chain(words.split_off(dash)));
        let processors = available_parallelism().map_or(2, |count| count.get());
        // Some cases sleep.
        harness.test_threads.get_or_insert(2 * processors);
        let extent = match (is_long, is_all || !words.is_empty()) {
            (true, _) => Extent::Long,
            (false, true) => Extent::Full,
            (false, false) => Extent::Sample,
        };
        Request { lanes: words, is_all, extent, harness }
    }

    fn wants(&self, lane: &Lane) -> bool {
        let is_named = self.lanes.iter().any(|name| name == lane.name);
        is_named || self.lanes.is_empty() && lane.extent <= self.extent
    }
}

fn main() -> ExitCode {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    env::set_current_dir(root).expect("the project is where it was compiled");
    fs::create_dir_all("build/test").expect("build/ is writable");
    let request = Request::new(env::args().skip(1).collect());
    let lanes = lanes();
    let is_known = |name: &&String| lanes.iter().any(|lane| lane.name == **name);
    if let Some(name) = request.lanes.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = lanes.iter().map(|lane| lane.name).collect();
        eprintln!("no lane {name}; the lanes are: {} (or all)", known.join(" "));
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let (mut passed, mut failed, mut not_run) = (0, 0, Vec::new());
    for lane in lanes.iter().filter(|lane| request.wants(lane)) {
        let missing = lane.missing();
        if !missing.is_empty() {
            not_run.push(format!("{}: needs {}", lane.name, missing.join(", ")));
            continue;
        }
        match lane.cases(request.extent) {
            Ok(cases) => {
                let counts = run_cases(lane.name, cases, request.harness.clone());
                passed += counts.0;
                failed += counts.1;
            }
            Err(error) => {
                println!("FAILED {}: {error}", lane.name);
                failed += 1;
            }
        }
    }
    for lane in &not_run {
        println!("NOT RUN {lane} (`make setup` installs it)");
    }
    if request.is_all {
        failed += not_run.len() as u64;
    }
    if request.extent == Extent::Sample {
        let left = lanes.iter().filter(|lane| lane.extent == Extent::Full).map(|lane| lane.name);
        let left: Vec<_> = left.collect();
        println!("left to LANES=all: {}; more variants of each compiler", left.join(", "));
    }
    println!("{:.0} seconds", start.elapsed().as_secs_f64());
    let summary = format!("{passed} passed, {failed} failed");
    // .ci/run prints it after the last words of cargo and make.
    if let Err(error) = fs::write("build/test/summary", format!("{summary}\n")) {
        println!("build/test/summary: {error}");
    }
    println!("{summary}");
    let is_right = failed == 0 && (passed > 0 || request.harness.list);
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
