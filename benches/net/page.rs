//! The section of docs/performance-rt.md about many cores, and what was aimed at beside what was reached.

use std::fmt::Write;

use crate::report::{Table, machine, number};
use crate::{ACORT, EPOLL, PROTOCOLS, SUBJECTS};

const EXPLANATION: &str = "\
100 connections on loopback. *epoll* has no tasks: each worker is a thread with a listening socket of its own and \
a level-triggered loop. acort starts a task on its own stack for each connection, Go a goroutine, tokio a task, may a \
coroutine. A request of HTTP is one read that ends in an empty line, in all of them: runtimes are compared, not parsers.

* The client is one thread. It has the processors that the server leaves. A server with all processors shares them with \
the client, so its rate is lower than its CPU time lets expect.
* CPU time, rate and system calls: each connection sends its next request when its answer has come.
* Latency at half load: requests are due at even distances, at half of the rate that bare epoll reached in that round. \
A latency counts from the time at which its request was due.
* System calls are counted by strace, which makes a server slow: it then finds more events at a time.
";

/// The section, without its heading.
pub fn section(table: &Table, rounds: usize) -> String {
    let mut text =
        String::from("![servers with one worker and with several](performance-net.svg)\n\n");
    for line in machine() {
        let _ = writeln!(text, "* {line}");
    }
    let _ =
        writeln!(text, "* command: `make bench-net`; the median of {rounds} interleaved rounds");
    let _ = write!(text, "\n{EXPLANATION}\n{}", table.markdown());
    text
}

/// What stands in the way where a target is missed.
const TASKS: &str = "a task for each connection: a read that finds nothing before it waits, two switches and the run \
                     queue, and its stack's cache lines";
const SHARED: &str =
    "the workers share their processors with the client, and the system deals the processors out";

/// The targets for each protocol and number of workers.
pub fn targets(table: &Table, counts: &[usize], processors: usize) -> String {
    let mut text = String::from(
        "Servers beside bare epoll with as many workers, and beside the best of the other runtimes; by `make bench-net`.\n\n\
         | | workers | acort | beside | ratio | wanted | |\n|---|---:|---:|---:|---:|---:|---|\n",
    );
    for (protocol, what) in PROTOCOLS {
        for &workers in counts {
            let cell = |metric: &str, subject: &str| {
                table.cell(&format!("{protocol}-{workers}-{metric}"), subject)
            };
            let why = if workers == processors { SHARED } else { TASKS };
            let mut line = |metric: &str,
                            name: &str,
                            theirs: Option<f64>,
                            most: f64,
                            is_more: bool| {
                let (Some(ours), Some(theirs)) = (cell(metric, ACORT), theirs) else { return };
                let ratio = ours / theirs;
                let is_reached = if is_more { ratio >= most } else { ratio <= most };
                let verdict =
                    if is_reached { String::from("reached") } else { format!("missed: {why}") };
                let bound = if is_more { "at least" } else { "at most" };
                let (ours, theirs) = (number(ours), number(theirs));
                let _ = writeln!(
                    text,
                    "| {what}: {name} | {workers} | {ours} | {theirs} | {ratio:.2} | {bound} {most} | {verdict} |"
                );
            };
            let others = SUBJECTS.iter().filter(|name| ![ACORT, EPOLL].contains(name));
            let best = others.filter_map(|name| cell("cpu", name)).min_by(f64::total_cmp);
            line("cpu", "CPU time of epoll, ns", cell("cpu", EPOLL), 1.05, false);
            line("rate", "rate of epoll", cell("rate", EPOLL), 0.95, true);
            line("p99", "99th percentile of epoll, µs", cell("p99", EPOLL), 1.3, false);
            line("cpu", "CPU time of the best runtime, ns", best, 1.0, false);
        }
    }
    text
}
