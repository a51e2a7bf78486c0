//! `make bench`: libaco beside its peers, row by row.
//!
//! Every program of a row runs in turn, again and again; the median of the rounds counts, and ratios
//! are of medians of the same rounds. Writes docs/performance.md with its charts, and docs/dev/targets.md.
//!
//! ACO_PREFIX=<dir> adds any other installed library with libaco's header and libaco.so, under the
//! name ACO_PREFIX_NAME, and compares with it;
//! ACO_QUICK=1, `make bench-quick`, measures the rows of the README in 3 rounds, and writes nothing.
//! ACO_ROUNDS=<n> sets the rounds (9), ACO_ROWS=<text> picks the rows whose names contain it.

mod chart;
#[path = "../tests/suite/emulator.rs"]
#[allow(dead_code)]
mod emulator;
mod instructions;
#[path = "../tests/suite/process.rs"]
#[allow(dead_code)]
mod process;
mod report;
mod sections;
mod targets;

use std::env;
use std::fs;
use std::io::Write;
use std::time::Instant;

use chart::DEFAULT;
use process::{Result, command, is_available, scratch, succeed};
use report::{Row, Table};
use targets::OTHER;

/// One program that can measure rows.
struct Subject {
    name: String,
    /// Its command line, to which the row is added.
    line: String,
    /// The rows it knows; empty: all.
    rows: &'static [&'static str],
    /// Has it `aco_ext.h`?
    is_extended: bool,
}

impl Subject {
    fn takes_part(&self, row: &str) -> bool {
        let is_known = self.rows.is_empty() || self.rows.contains(&row);
        is_known && (self.is_extended || !EXTENSION_ROWS.contains(&row))
    }
}

/// The rows: name, what one operation is, and how many rounds at the most. The rows of a million
/// coroutines repeat inside the program.
const ROWS: [(&str, &str, usize); 29] = [
    ("switch", "resume + yield, one coroutine: one switch, ns", 99),
    ("switch-6-registers", "the same, 6 live registers on each side, ns", 99),
    ("switch-5-deep", "the same, the yield 5 calls deep, ns", 99),
    ("switch-after-fp", "the same after floating point (1.0/3.0 in main), ns", 99),
    ("live-10k", "10,000 coroutines in order: one switch, ns", 99),
    ("live-1m", "1,000,000 in order, ns", 1),
    ("live-1m-random", "1,000,000 in random order, ns", 1),
    ("live-1m-touch", "1,000,000 in order, each touches its stack, ns", 1),
    ("live-1m-touch-random", "1,000,000 in random order, each touches its stack, ns", 1),
    ("life", "create, run, exit, destroy; own 16 KiB stack, ns", 99),
    ("life-guarded", "the same, guarded 64 KiB stack, ns", 99),
    ("life-new", "aco_new, run, return, aco_free; own 16 KiB stack, ns", 99),
    ("reset", "aco_reset, run, exit; kept stack, ns", 99),
    ("copy-8-2", "resume that copies, 8 to 40 bytes live, 2 coroutines, ns", 99),
    ("copy-64-2", "56 to 72 bytes live, 2 coroutines, ns", 99),
    ("copy-512-2", "488 to 504 bytes live, 2 coroutines, ns", 99),
    ("copy-8-1000", "8 to 40 bytes live, 1,000 coroutines, ns", 99),
    ("copy-64-1000", "56 to 72 bytes live, 1,000 coroutines, ns", 99),
    ("copy-512-1000", "488 to 504 bytes live, 1,000 coroutines, ns", 99),
    ("copy-2k-2", "2 KiB live, 2 coroutines, ns", 99),
    ("copy-8k-2", "8 KiB live, 2 coroutines, ns", 99),
    ("copy-64k-2", "64 KiB live, 2 coroutines, ns", 99),
    ("value", "resume_value + yield_value: one switch, ns", 99),
    ("generator", "aco_gen_next, ns", 99),
    ("transfer", "aco_yield_to between two coroutines, ns", 99),
    ("transfer-copy", "the same, both on one stack, 8 to 40 bytes live, ns", 99),
    ("memory-own", "memory of a suspended coroutine, own stack, bytes", 1),
    ("memory-copy-56", "10,000,000 on a shared stack, at most 56 bytes live, bytes", 1),
    ("memory-copy-120", "10,000,000 on a shared stack, 88 to 120 bytes live, bytes", 1),
];

/// Those for which `aco_ext.h` is needed.
const EXTENSION_ROWS: [&str; 6] =
    ["life-new", "reset", "value", "generator", "transfer", "transfer-copy"];

const PEER_ROWS: &[&str] = &["switch", "life"];

/// The rows of the README and of its charts, for `make bench-quick`.
const QUICK_ROWS: [&str; 4] = ["switch", "life", "memory-own", "memory-copy-56"];
const QUICK_ROUNDS: usize = 3;

fn build(line: String) -> Result {
    succeed(command(&line), 600).map(drop)
}

/// Our library in its forms, and the library at ACO_PREFIX.
fn own_subjects(folder: &str) -> Result<Vec<Subject>> {
    let shared = "-Lbuild -laco -Wl,-rpath,build";
    let environment = "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV";
    let prefix = env::var("ACO_PREFIX").ok();
    let name = env::var("ACO_PREFIX_NAME").unwrap_or(OTHER.into());
    let mut forms = vec![
        (DEFAULT, "-Iinclude".into(), shared.to_string()),
        ("shared floating point", format!("{environment} -Iinclude"), shared.into()),
        // What an old binary does: its own macros, our library.
        ("old binary", "-Ic_tests/old".into(), shared.into()),
        ("calls", "-DACO_NO_INLINE -Iinclude".into(), shared.into()),
        (
            "calls, shared floating point",
            format!("{environment} -DACO_NO_INLINE -Iinclude"),
            shared.into(),
        ),
        (
            "static, shared floating point",
            format!("{environment} -Iinclude"),
            "build/libaco.a".into(),
        ),
    ];
    if let Some(prefix) = &prefix {
        let library = format!("-L{prefix}/lib -laco -Wl,-rpath,{prefix}/lib");
        forms.push((&name, format!("-I{prefix}/include"), library));
    }
    let mut subjects = Vec::new();
    for (number, (name, flags, library)) in forms.into_iter().enumerate() {
        let line = format!("{folder}/rows-{number}");
        build(format!("cc -O2 {flags} benches/rows.c -o {line} {library}"))?;
        let is_extended = flags.contains("-Iinclude");
        subjects.push(Subject { name: name.into(), line, rows: &[], is_extended });
    }
    Ok(subjects)
}

/// Peers from package registries, those whose headers are there.
fn peers(folder: &str) -> Vec<Subject> {
    let sources = [
        (
            "Boost.Context",
            "c++ -O2 benches/peers/boost.cpp",
            "-lboost_context",
            &["switch", "life", "life-new"][..],
        ),
        ("State Threads", "cc -O2 benches/peers/st.c", "-lst", PEER_ROWS),
        ("GNU Pth", "cc -O2 benches/peers/pth.c", "-lpth", PEER_ROWS),
        ("ucontext", "cc -O2 benches/peers/ucontext.c", "", PEER_ROWS),
    ];
    let mut subjects = Vec::new();
    for (number, (name, source, library, rows)) in sources.into_iter().enumerate() {
        let line = format!("{folder}/peer-{number}");
        match build(format!("{source} -o {line} {library}")) {
            Ok(()) => subjects.push(Subject {
                name: name.into(),
                line,
                rows,
                // Of the rows of the extension it takes part in those that `rows` names.
                is_extended: true,
            }),
            Err(_) => println!("without {name}: `make setup` installs it"),
        }
    }
    let manifest =
        "--manifest-path benches/peers/crates/Cargo.toml --target-dir build/bench/crates";
    match build(format!("cargo build --quiet --release --locked {manifest}")) {
        Ok(()) => {
            for name in ["corosensei", "generator"] {
                let line = format!("build/bench/crates/release/peers {name}");
                let subject =
                    Subject { name: name.into(), line, rows: PEER_ROWS, is_extended: false };
                subjects.push(subject);
            }
        }
        Err(why) => println!("without the crates: {why}"),
    }
    subjects
}

/// One sample: the first number of the line, or None where the subject does not do the row.
fn sample(subject: &Subject, row: &str) -> Result<f64> {
    let mut command = command(&format!("{} {row}", subject.line));
    // Cargo's leads to the library that cargo built; each subject knows its own.
    command.env_remove("LD_LIBRARY_PATH");
    let output = succeed(command, 300)?;
    let number = output.split_whitespace().next().and_then(|word| word.parse().ok());
    Ok(number.ok_or_else(|| format!("{}: {output}", subject.line))?)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() -> Result {
    let folder = scratch("../bench/programs")?.to_string_lossy().into_owned();
    let wanted = env::var("ACO_ROWS").unwrap_or_default();
    let is_quick = env::var_os("ACO_QUICK").is_some();
    let usual = if is_quick { QUICK_ROUNDS } else { 9 };
    let rounds = env::var("ACO_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let is_wanted =
        |name: &str| if is_quick { QUICK_ROWS.contains(&name) } else { name.contains(&wanted) };
    let mut subjects = own_subjects(&folder)?;
    let ours = subjects.len();
    subjects.extend(peers(&folder));
    let mut table = Table::new(subjects.iter().map(|subject| subject.name.clone()).collect());
    for (name, what, most) in ROWS.into_iter().filter(|(name, ..)| is_wanted(name)) {
        let start = Instant::now();
        let takes_part: Vec<_> = subjects.iter().map(|subject| subject.takes_part(name)).collect();
        let mut samples = vec![Vec::new(); subjects.len()];
        for round in 0..rounds.min(most) {
            for (index, subject) in subjects.iter().enumerate().filter(|(i, _)| takes_part[*i]) {
                samples[index].push(sample(subject, name)?);
            }
            print!("\r{name}: round {} of {} ", round + 1, rounds.min(most));
            let _ = std::io::stdout().flush();
        }
        println!("\r{name}: {:.0} s          ", start.elapsed().as_secs_f64());
        let figures = samples.into_iter().map(|s| (!s.is_empty()).then(|| median(s))).collect();
        table.rows.push(Row { name: name.into(), what: what.into(), figures });
    }
    let other = env::var("ACO_PREFIX_NAME").unwrap_or(OTHER.into());
    if is_quick || !is_available(command("test -d docs")) || !wanted.is_empty() {
        print!("{}\n{}", table.markdown(), targets::section(&table, &other));
        return Ok(());
    }
    let others: Vec<_> = subjects[ours..].iter().map(|subject| subject.name.clone()).collect();
    table.sections = vec![instructions::section(&folder)];
    let page = table.page(&others);
    for (file, text) in [
        ("docs/performance.svg", chart::coroutines(&page)?),
        ("docs/performance-memory.svg", chart::memory(&page)?),
        ("docs/performance.md", page),
    ] {
        fs::write(file, text)?;
        println!("{file} is written");
    }
    let section = targets::section(&table, &other);
    sections::put("docs/dev/targets.md", Some(targets::FRONT), "Coroutines", &section)?;
    println!("docs/dev/targets.md is written");
    Ok(())
}
