//! What `make bench-rt` writes into docs/performance-rt.md, and what was aimed at beside what was reached.

use std::fmt::Write;
use std::fs;

use crate::report::{Table, machine, number};
use crate::{ACORT, EPOLL, GO, RING, THREADS};

/// A row, the most that acort is to need, and what stands in the way where it needs more.
const TARGETS: [(&str, f64, &str); 15] = [
    ("yield", 25.0, NOISE),
    ("yield-shared", 30.0, SHARED),
    ("go-join", 100.0, START),
    ("chan", 50.0, NOISE),
    ("chan-buffered", 25.0, NOISE),
    ("mutex", 8.0, MUTEX),
    ("burst-first", 4800.0, FRESH),
    ("burst-later", 1500.0, ASLEEP),
    ("sleepers-again", 1000.0, ASLEEP),
    ("echo", 8000.0, NOISE),
    ("echo-calls", 2.1, NOISE),
    ("memory", 400.0, MEMORY),
    ("timer", 30.0, NOISE),
    ("idle", 4864.0, MEMORY),
    ("idle-shared", 1024.0, IDLE),
];

/// Rows between workers: whom they are measured against, the most that acort is to need beside that, and what stands
/// in the way where it needs more.
const BESIDE: [(&str, &str, f64, &str); 8] = [
    ("chan-workers", GO, 2.0, APART),
    ("chan-workers-wall", GO, 2.0, APART),
    ("chan-workers-chosen", GO, 1.0, NOISE),
    ("chan-workers-pairs", GO, 1.0, PAIRS),
    ("chan-workers-buffered", GO, 1.2, SHARED_LINES),
    ("chan-workers-buffered-wall", GO, 1.2, SHARED_LINES),
    ("mutex-workers", THREADS, 1.0, FOUGHT),
    ("mutex-workers-two", THREADS, 1.0, FOUGHT),
];

const APART: &str = "a task stays with its worker, so each message moves some eight cache lines from one processor to \
                     the other, 60 ns each, while the other one spins; where the system runs both workers on one \
                     processor, a switch of threads, 1400 ns at least; Go moves both goroutines to one thread";
const PAIRS: &str = "as for one channel: no task moves to the worker of its partner, as Go's do";
const SHARED_LINES: &str = "both workers take the channel's lock for each message; Go moves both goroutines to one \
                            thread";
const FOUGHT: &str = "a task that finds the mutex locked waits in its queue, so that its worker runs another one; a \
                      thread sleeps at once, and the other one goes on alone";

/// For targets that are reached on a quiet machine.
const NOISE: &str = "not in this run: the machine is shared";

const SHARED: &str = "about 480 instructions, 240 of them for copying one task's frames out and another's in; a \
                      yield on an own stack has 200";
const START: &str = "two passes through the worker's queue, a wait, and the task's block, number and group, with \
                     their locks: other threads may join and cancel it";
const MUTEX: &str = "two locked instructions, as threads and tasks of other workers may want it; State Threads \
                     has one thread and none of them, Go has the two";
const FRESH: &str =
    "fresh stacks: the kernel provides a page, two guards and most of a page table for each";
const ASLEEP: &str =
    "10,000 stacks do not fit the caches: each wake finds its task, its timer and its stack cold";
const MEMORY: &str = "about 220 bytes are the task, the others its coroutine and its copied frames";

const IDLE: &str = "the task and its coroutine 315 bytes, its frames 512, the descriptor's entry 144, its deadline \
                    24, the rest not found";

/// How the figures come about, and what differs between the columns.
const EXPLANATION: &str = "\
The least of the rounds counts, as what disturbs a run only adds to it. One worker on one processor, but where the \
row says otherwise; each task has its own stack, of 256 KiB (acort's default) or 64 KiB (State Threads, \
Boost.Fiber); Go with GOMAXPROCS=1, may with one worker. Go's \
figures have its collector's and its monitor's time in them.

* yield: State Threads has none; it sleeps for no time.
* buffered channel: may's has no bound.
* worker to worker: Go with GOMAXPROCS=2, which may move both goroutines to one processor; tasks of acort stay \
  where they began: a message wakes a thread that sleeps in the kernel, unless both have met awake. The figure depends \
  on where the system runs the two threads: on one processor neither spins, and each message is a switch of threads.
* the runtime chooses: one task starts both by acort_go(), a goroutine by go.
* the wanted mutex: Go with GOMAXPROCS=2, as many threads with a mutex of the C library; a turn is some ten \
  nanoseconds of work, and the tasks do nothing between.
* bursts: 100 tasks wake at a time. The first one of the process has each stack's first page in it, a later one what \
  is given back in the pauses. *Again* leaves the starts and ends out.
* echo: requests of 64 bytes on loopback; the server's process alone counts, with what it takes to accept and \
  close the connections; the client is another program, on another processor. *epoll* is a level-triggered loop \
  without tasks. The system calls are counted by wrapping the C library's functions when the server is linked.
* reads: of a file of 64 MiB, by one task, and by 64 tasks of one worker; the figure is the time that passes. \
  *io_uring* is a loop without tasks, in which one system call submits reads and waits for one: what the engine of \
  fio does.
* a deadline: a task parks for half a minute, and another one unparks it at once; the time of the same without a \
  deadline is subtracted. Go resets and stops a timer, which is not a call that waits.
* idle HTTP connections: examples/http_server.c, and net/http of Go. One request was answered on each. The slope \
  from 1,000 to 10,000 connections counts. The kernel's memory is that of its slabs, and noisy.
* memory: Go with 100,000 goroutines, which have stacks of their own.
";

fn line(text: &mut String, what: &str, figure: f64, most: f64, why: &str) {
    let verdict = if figure <= most { "reached".into() } else { format!("missed: {why}") };
    let _ = writeln!(text, "| {what} | {} | {most} | {verdict} |", number(figure));
}

/// The targets of the rows that were measured, and of the library's size.
pub fn targets(table: &Table) -> String {
    let mut text =
        String::from("By `make bench-rt`.\n\n| | acort | at most | |\n|---|---:|---:|---|\n");
    for (row, most, why) in TARGETS {
        let what = table.rows.iter().find(|found| found.name == row).map(|found| &*found.what);
        if let (Some(what), Some(figure)) = (what, table.cell(row, ACORT)) {
            line(&mut text, what, figure, most, why);
        }
    }
    if let (Some(ours), Some(bare)) = (table.cell("echo", ACORT), table.cell("echo", EPOLL)) {
        line(&mut text, "an echo request, beside bare epoll, ratio", ours / bare, 1.25, NOISE);
    }
    for (row, what) in [
        ("reads-1", "a random read, beside a bare ring, ratio"),
        ("reads-64", "the same, 64 at once, ratio"),
    ] {
        if let (Some(ours), Some(bare)) = (table.cell(row, ACORT), table.cell(row, RING)) {
            line(&mut text, what, ours / bare, 1.25, NOISE);
        }
    }
    for (row, peer, most, why) in BESIDE {
        let what = table.rows.iter().find(|found| found.name == row).map(|found| &*found.what);
        let pair = (table.cell(row, ACORT), table.cell(row, peer));
        if let (Some(what), (Some(ours), Some(theirs))) = (what, pair) {
            line(&mut text, &format!("{what}: beside {peer}, ratio"), ours / theirs, most, why);
        }
    }
    if let Ok(library) = fs::metadata("build/libaco.so") {
        let size = library.len() as f64 / 1000.0;
        line(&mut text, "libaco.so with the runtime, KB", size, 450.0, "");
    }
    text
}

/// What docs/performance-rt.md begins with.
pub fn front(rounds: usize) -> String {
    let mut text = String::from(
        "# Performance of acort\n\nWhat tasks, messages, timers, connections and files cost, beside other runtimes. Less \
         is better. How the runtime does it is in [design-runtime.md](design-runtime.md).\n\n\
         ![acort beside other runtimes](performance-rt.svg)\n\n\
         ![memory of tasks and connections](performance-rt-memory.svg)\n\n\
         The figures are of one machine. Another one gives others, and the ratios differ, too:\n\n",
    );
    for line in machine() {
        let _ = writeln!(text, "* {line}");
    }
    let _ = writeln!(
        text,
        "* command: `make bench-rt`; the least of {rounds} interleaved rounds, CPU time of all threads"
    );
    text += "\n[dev/targets.md](dev/targets.md) has what was aimed at.\n";
    text
}

/// The section with all rows.
pub fn section(table: &Table) -> String {
    format!("{}\n{EXPLANATION}", table.markdown())
}
