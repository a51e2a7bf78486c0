//! Everything that a C user relies on, in every lane that this machine can run.
//!
//! `make test` runs a sample, in less than five minutes: not every lane, and of each compiler the most
//! telling variants. `make test LANES="cc aarch64"` and `make test LANES=all` run every test in every
//! variant, and the fuzzer for a minute; with `all` a lane that cannot run is a failure. `make test-long`
//! makes the random walks 250 times as long, fuzzes for an hour, and repeats what has time or chance in it. A case is one thing that passes or
//! fails; the last line is `N passed, N failed`.

mod abi;
mod bindings;
mod c_tests;
mod cinstall;
mod compilers;
mod deb;
mod debug;
mod documents;
mod examples;
mod figures;
mod fuzz;
#[allow(dead_code)] // of comments, which only the manual pages need
#[path = "../manual/header.rs"]
mod header;
mod install;
mod kqueue;
mod lanes;
mod library;
mod manual;
mod nim;
mod panics;
mod port;
mod process;
mod procfs;
mod reference;
mod refused;
mod repeat;
mod rt_use;
mod sandbox;
mod sanitizers;
mod servers;
mod snippets;
mod steps;
mod survival;
mod unwinders;
mod words;
mod work;

use std::process::ExitCode;
use std::time::Instant;

use lanes::{BY_HAND, Extent, LANES, LEFT, Lane};
use work::{Case, run_cases};

/// What the command line asks for.
struct Request {
    names: Vec<String>,
    all: bool,
    long: bool,
}

impl Request {
    fn from_arguments() -> Request {
        let mut request = Request { names: Vec::new(), all: false, long: false };
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "all" => request.all = true,
                "--long" => request.long = true,
                name => request.names.push(name.to_string()),
            }
        }
        request
    }

    fn extent(&self) -> Extent {
        match (self.long, self.all) {
            (true, _) => Extent::Long,
            (false, true) => Extent::All,
            (false, false) if !self.names.is_empty() => Extent::All,
            (false, false) => Extent::Plain,
        }
    }

    fn wants(&self, lane: &Lane) -> bool {
        match self.extent() {
            Extent::Plain => !LEFT.contains(&lane.name) && !BY_HAND.contains(&lane.name),
            Extent::All if self.names.is_empty() => !BY_HAND.contains(&lane.name),
            _ => self.names.is_empty() || self.names.iter().any(|name| name == lane.name),
        }
    }
}

fn main() -> ExitCode {
    let request = Request::from_arguments();
    if let Some(name) = request.names.iter().find(|name| !LANES.iter().any(|l| l.name == **name)) {
        let known: Vec<_> = LANES.iter().map(|lane| lane.name).collect();
        eprintln!("no lane {name}; the lanes are: {} (or all)", known.join(" "));
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    let mut left_out = Vec::new();
    for lane in LANES.iter().filter(|lane| request.wants(lane)) {
        let missing = lane.missing();
        if !missing.is_empty() {
            left_out.push(format!("{}: needs {}", lane.name, missing.join(", ")));
            continue;
        }
        let cases: Vec<Case> = match lane.cases(request.extent()) {
            Ok(cases) => cases,
            Err(why) => {
                println!("FAILED {}: {why}", lane.name);
                failed += 1;
                continue;
            }
        };
        let (lane_passed, lane_failed) = run_cases(lane.name, cases);
        passed += lane_passed;
        failed += lane_failed;
    }
    for lane in &left_out {
        println!("NOT RUN {lane} (`make setup` installs it)");
    }
    if request.all {
        failed += left_out.len();
    }
    if request.extent() == Extent::Plain {
        println!("left to LANES=all: {}; more variants of each compiler", LEFT.join(", "));
    }
    println!("{:.0} seconds", start.elapsed().as_secs_f64());
    let summary = format!("{passed} passed, {failed} failed");
    // For .ci/run, whose last line it is whatever cargo and make say after it.
    if let Err(error) = std::fs::write("build/test/summary", format!("{summary}\n")) {
        println!("build/test/summary: {error}");
    }
    println!("{summary}");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
