//! `make bench-rt`: acort beside other runtimes, row by row.
//!
//! Every program of a row runs in turn, again and again; the least of the rounds counts, as what disturbs
//! a run only adds. Writes docs/performance-rt.md but for the section of `make bench-net`, two charts, and a section of
//! docs/dev/targets.md.
//!
//! ACO_ROUNDS=<n> sets the rounds (7), ACO_ROWS=<text> picks the rows whose names contain it.

#[path = "../chart.rs"]
mod chart;
mod page;
#[path = "../../tests/suite/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../report.rs"]
#[allow(dead_code)]
mod report;
#[path = "../sections.rs"]
mod sections;

use std::env;
use std::fs;
use std::io::Write;
use std::thread;
use std::time::Instant;

use process::{Result, command, scratch, succeed};
use report::{Row, Table};

/// A program, the column that it belongs to, and the rows that it measures.
struct Program {
    subject: &'static str,
    line: String,
    rows: &'static [&'static str],
}

/// The columns.
const ACORT: &str = "acort";
const EPOLL: &str = "epoll";
const RING: &str = "io_uring";
const GO: &str = "Go";
const THREADS: &str = "threads";
const SUBJECTS: [&str; 8] =
    [ACORT, "State Threads", "Boost.Fiber", GO, "may", EPOLL, RING, THREADS];

/// The rows: name, what one operation is, and how many rounds at the most.
const ROWS: [(&str, &str, usize); 30] = [
    ("yield", "two tasks yield to each other: one yield, ns", 99),
    ("yield-shared", "the same, both on the worker's shared stack, ns", 99),
    ("go-join", "start a task, let it end, join it, ns", 99),
    ("go-join-shared", "the same, on the shared stack, ns", 99),
    ("chan", "a message through an unbuffered channel, one worker, ns", 99),
    ("chan-buffered", "a message through a channel with room for 128, one worker, ns", 99),
    ("chan-select", "the same, unbuffered, received by a select of two channels, ns", 99),
    (
        "chan-workers",
        "a message through an unbuffered channel, from worker to worker, CPU of both, ns",
        99,
    ),
    ("chan-workers-wall", "the same, the time that passes, ns", 99),
    ("chan-workers-chosen", "the same, the runtime chooses the workers, CPU of both, ns", 99),
    ("chan-workers-pairs", "100 such channels at once from worker to worker, ns", 99),
    ("chan-workers-buffered", "one such channel, with room for 128 messages, ns", 99),
    ("chan-workers-buffered-wall", "the same, the time that passes, ns", 99),
    ("mutex", "lock and unlock a free mutex, ns", 99),
    ("mutex-workers", "a turn with a mutex that 8 tasks of two workers want, CPU of both, ns", 99),
    ("mutex-workers-two", "the same, one task of each worker, ns", 99),
    ("burst-first", "10,000 tasks start, sleep 10 to 20 ms, end, the first time: each, ns", 99),
    ("burst-later", "the same 5 times more, with pauses of 100 ms: each, ns", 99),
    ("sleepers-again", "10,000 tasks that live sleep again, ns", 99),
    ("timer", "arm and cancel a deadline that does not expire, beside 10,000 others, ns", 99),
    ("echo", "a request to an echo server of 100 connections, ns", 99),
    ("echo-calls", "system calls of such a request", 3),
    ("reads-1", "a random read of 4 KiB with O_DIRECT, wall time, ns", 5),
    ("reads-64", "the same, 64 at once", 5),
    ("memory", "resident bytes of a parked task, 1,000,000 on the shared stack", 1),
    ("idle", "resident bytes of an idle HTTP connection, own stacks", 3),
    ("idle-shared", "the same, on the shared stack", 3),
    ("idle-tables", "page tables of such a connection, own stacks, bytes", 3),
    ("idle-tables-shared", "the same, on the shared stack, bytes", 3),
    ("idle-kernel", "kernel memory of such a connection, both ends, bytes", 3),
];

const ACORT_ROWS: &[&str] = &[
    "yield",
    "yield-shared",
    "go-join",
    "go-join-shared",
    "chan",
    "chan-buffered",
    "chan-select",
    "chan-workers",
    "chan-workers-wall",
    "chan-workers-chosen",
    "chan-workers-pairs",
    "chan-workers-buffered",
    "chan-workers-buffered-wall",
    "mutex",
    "mutex-workers",
    "mutex-workers-two",
    "burst-first",
    "burst-later",
    "sleepers-again",
    "timer",
    "reads-1",
    "reads-64",
    "memory",
];
const THREAD_ROWS: &[&str] = &["mutex-workers", "mutex-workers-two"];
const READ_ROWS: &[&str] = &["reads-1", "reads-64"];
const GO_ROWS: &[&str] = &[
    "yield",
    "go-join",
    "chan",
    "chan-buffered",
    "chan-select",
    "chan-workers",
    "chan-workers-wall",
    "chan-workers-chosen",
    "chan-workers-pairs",
    "chan-workers-buffered",
    "chan-workers-buffered-wall",
    "mutex",
    "mutex-workers",
    "mutex-workers-two",
    "burst-first",
    "burst-later",
    "sleepers-again",
    "timer",
    "echo",
    "memory",
];
const BOOST_ROWS: &[&str] =
    &["yield", "go-join", "chan", "chan-buffered", "mutex", "burst-first", "sleepers-again"];
const ST_ROWS: &[&str] =
    &["yield", "go-join", "mutex", "burst-first", "burst-later", "sleepers-again", "echo"];
const MAY_ROWS: &[&str] =
    &["yield", "go-join", "chan-buffered", "mutex", "burst-first", "sleepers-again", "echo"];
const ECHO_ROWS: &[&str] = &["echo", "echo-calls"];
const IDLE_ROWS: &[&str] =
    &["idle", "idle-shared", "idle-tables", "idle-tables-shared", "idle-kernel"];
const GO_IDLE_ROWS: &[&str] = &["idle", "idle-tables", "idle-kernel"];

/// What benches/rt/echo.c counts.
const COUNTED: [&str; 12] = [
    "recv",
    "send",
    "read",
    "write",
    "accept4",
    "epoll_ctl",
    "epoll_wait",
    "getsockopt",
    "fstat",
    "fcntl",
    "close",
    "syscall",
];

fn build(line: String) -> Result {
    succeed(command(&line), 600).map(drop)
}

/// Ours, the client, the server on bare epoll, the reader on a bare ring, the threads: they need a C compiler alone.
fn own_programs(folder: &str) -> Result<Vec<Program>> {
    let wraps: String = COUNTED.iter().map(|name| format!(" -Wl,--wrap={name}")).collect();
    build(format!("cc -O2 benches/rt/client.c -o {folder}/client"))?;
    let sources = [
        (ACORT, "rows", ACORT_ROWS, "-Lbuild -laco -Wl,-rpath,build".into()),
        (ACORT, "echo", ECHO_ROWS, format!("build/libaco.a{wraps}")),
        (EPOLL, "epoll", ECHO_ROWS, String::new()),
        (RING, "uring", READ_ROWS, String::new()),
        (THREADS, "threads", THREAD_ROWS, "-lpthread".into()),
    ];
    let mut programs = Vec::new();
    for (subject, name, rows, library) in sources {
        let line = format!("{folder}/{name}");
        build(format!("cc -O2 -Iinclude benches/rt/{name}.c -o {line} {library}"))?;
        programs.push(Program { subject, line, rows });
    }
    let server = format!("{folder}/http_server");
    build(format!("cc -O2 benches/rt/idle.c -o {folder}/idle"))?;
    build(format!("cc -O2 -Iinclude examples/http_server.c -o {server} build/libaco.a -lpthread"))?;
    let line = format!("{folder}/idle {server},127.0.0.1:0,1,5000");
    programs.push(Program { subject: ACORT, line, rows: IDLE_ROWS });
    Ok(programs)
}

/// Peers from package registries, those that are there.
fn peers(folder: &str) -> Vec<Program> {
    let crates = "build/bench/crates";
    let cargo =
        "cargo build --quiet --release --locked --manifest-path benches/peers/crates/Cargo.toml";
    let sources = [
        ("State Threads", ST_ROWS, format!("cc -O2 benches/rt/st.c -o {folder}/st -lst"), "st"),
        (
            "Boost.Fiber",
            BOOST_ROWS,
            format!(
                "c++ -O2 benches/rt/boost.cpp -o {folder}/boost -lboost_fiber -lboost_context -pthread"
            ),
            "boost",
        ),
        (GO, GO_ROWS, format!("go build -o {folder}/go benches/rt/peer.go"), "go"),
        ("may", MAY_ROWS, format!("{cargo} --target-dir {crates}"), ""),
    ];
    let mut programs = Vec::new();
    for (subject, rows, how, name) in sources {
        let line = match name {
            "" => format!("{crates}/release/peers may"),
            name => format!("{folder}/{name}"),
        };
        match build(how) {
            Ok(()) => {
                if subject == GO {
                    let line = format!("{folder}/idle {line},http");
                    programs.push(Program { subject, line, rows: GO_IDLE_ROWS });
                }
                programs.push(Program { subject, line, rows });
            }
            Err(why) => {
                println!("without {subject}: is it there, as `make setup` installs it? {why}")
            }
        }
    }
    programs
}

/// One sample: the first number of the line.
fn sample(program: &Program, row: &str, client: &str) -> Result<f64> {
    // A program that the system places may share a processor with the client. Then a wake-up costs no interrupt.
    let last = thread::available_parallelism()?.get() - 1;
    let place = if row.contains("workers") { String::new() } else { format!("taskset -c {last} ") };
    let mut command = command(&format!("{place}{} {row} {client}", program.line));
    // Cargo's leads to the library that cargo built; the programs know theirs.
    command.env_remove("LD_LIBRARY_PATH");
    let output = succeed(command, 60)?;
    let number = output.split_whitespace().next().and_then(|word| word.parse().ok());
    Ok(number.ok_or_else(|| format!("{} {row}: {output}", program.line))?)
}

/// The figures of a row, in the order of [`SUBJECTS`].
fn measure(
    programs: &[Program],
    row: &str,
    rounds: usize,
    client: &str,
) -> Result<Vec<Option<f64>>> {
    let start = Instant::now();
    let mut least = vec![None; SUBJECTS.len()];
    for round in 0..rounds {
        print!("\r{row}: round {} of {rounds} ", round + 1);
        let _ = std::io::stdout().flush();
        for program in programs.iter().filter(|program| program.rows.contains(&row)) {
            let figure = sample(program, row, client)?;
            let index = SUBJECTS.iter().position(|name| *name == program.subject);
            let place = &mut least[index.ok_or("no such column")?];
            *place = Some(place.map_or(figure, |least: f64| least.min(figure)));
        }
    }
    println!("\r{row}: {:.0} s          ", start.elapsed().as_secs_f64());
    Ok(least)
}

fn main() -> Result {
    let folder = scratch("../bench/rt")?.to_string_lossy().into_owned();
    let wanted = env::var("ACO_ROWS").unwrap_or_default();
    let rounds = env::var("ACO_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(7_usize);
    let mut programs = own_programs(&folder)?;
    programs.extend(peers(&folder));
    let client = format!("{folder}/client");
    let mut table = Table::new(SUBJECTS.map(String::from).to_vec());
    for (name, what, most) in ROWS.into_iter().filter(|(name, ..)| name.contains(&wanted)) {
        let figures = measure(&programs, name, rounds.min(most), &client)?;
        table.rows.push(Row { name: name.into(), what: what.into(), figures });
    }
    if !wanted.is_empty() {
        print!("{}\n{}", table.markdown(), page::targets(&table));
        return Ok(());
    }
    let section = page::section(&table);
    let page = format!("{}\n{section}", page::front(rounds));
    fs::write("docs/performance-rt.svg", chart::runtime(&page)?)?;
    fs::write("docs/performance-rt-memory.svg", chart::runtime_memory(&page)?)?;
    sections::put("docs/performance-rt.md", Some(&page::front(rounds)), "All rows", &section)?;
    sections::put("docs/dev/targets.md", None, "Runtime", &page::targets(&table))?;
    println!(
        "docs/performance-rt.md, its charts, and a section of docs/dev/targets.md are written"
    );
    Ok(())
}
