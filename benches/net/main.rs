//! `make bench-net`: servers of acort, bare epoll, Go, tokio and may, with one worker, two, and so on over all processors.
//!
//! For each protocol and number of workers the servers run in turn, again and again; the median of the rounds counts.
//! Each is measured twice: with requests that follow the answers at once, and with half of the rate that bare epoll
//! reached. The client has the processors that the server leaves, or all if the server has all. Writes a section of
//! docs/performance-rt.md, one of docs/dev/targets.md, and docs/performance-net.svg.
//!
//! ACO_ROUNDS=<n> sets the rounds (5), ACO_ROWS=<text> picks the protocols whose names contain it.

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
mod server;

use std::env;
use std::fs;
use std::io::Write;
use std::thread;
use std::time::Instant;

use process::{Result, command, scratch, succeed};
use report::{Row, Table};
use server::{Load, Sample};

/// The columns. Bare epoll is the first to run: the rate of the others at half load is half of its rate.
const ACORT: &str = "acort";
const EPOLL: &str = "epoll";
const SUBJECTS: [&str; 5] = [ACORT, EPOLL, "Go", "tokio", "may"];
const ORDER: [&str; 5] = [EPOLL, ACORT, "Go", "tokio", "may"];

/// What a client speaks, and what one operation is.
const PROTOCOLS: [(&str, &str); 3] = [
    ("echo-64", "echo of 64 bytes"),
    ("echo-512", "echo of 512 bytes"),
    ("http", "HTTP request, keep-alive"),
];

/// What is measured of each: a part of the row's name, and how its text ends.
const METRICS: [(&str, &str); 6] = [
    ("cpu", "CPU time of the server, ns"),
    ("rate", "requests a second"),
    ("p50", "median latency at half load, µs"),
    ("p99", "99th percentile at half load, µs"),
    ("p999", "99.9th percentile at half load, µs"),
    ("calls", "system calls"),
];

/// A column and the command line of its server.
struct Server {
    subject: &'static str,
    line: String,
}

fn build(line: String) -> Result {
    succeed(command(&line), 600).map(drop)
}

/// Builds the client and the servers. Peers that cannot be built here are left out, with a line.
fn servers(folder: &str) -> Result<Vec<Server>> {
    let crates = "build/bench/crates";
    let cargo =
        "cargo build --quiet --release --locked --manifest-path benches/peers/crates/Cargo.toml";
    build(format!("cc -O2 benches/net/client.c -o {folder}/client"))?;
    build(format!(
        "cc -O2 -Iinclude benches/net/acort.c -o {folder}/acort build/libaco.a -pthread"
    ))?;
    build(format!("cc -O2 benches/net/epoll.c -o {folder}/epoll -pthread"))?;
    let mut lines = vec![(EPOLL, format!("{folder}/epoll")), (ACORT, format!("{folder}/acort"))];
    match build(format!("go build -o {folder}/go benches/net/peer.go")) {
        Ok(()) => lines.push(("Go", format!("{folder}/go"))),
        Err(why) => println!("without Go: is it there, as `make setup` installs it? {why}"),
    }
    match build(format!("{cargo} --target-dir {crates}")) {
        Ok(()) => lines.extend(
            ["tokio", "may"].map(|name| (name, format!("{crates}/release/peers {name}-server"))),
        ),
        Err(why) => println!("without tokio and may: {why}"),
    }
    Ok(lines.into_iter().map(|(subject, line)| Server { subject, line }).collect())
}

/// One worker, two, four and so on, and as many as there are processors.
fn worker_counts(processors: usize) -> Vec<usize> {
    let powers = (0..).map(|power| 1 << power).take_while(|count| *count < processors);
    powers.chain([processors]).collect()
}

/// The figures of one server in one round, in the order of [`METRICS`].
fn measure(server: &Server, load: &Load, half: &mut f64) -> Result<[f64; 6]> {
    let Sample { rate, cpu, .. } = load.run(&server.line, 0.0)?;
    if server.subject == EPOLL {
        *half = rate / 2.0;
    }
    let Sample { p50, p99, p999, .. } = load.run(&server.line, *half)?;
    Ok([cpu, rate, p50, p99, p999, load.count_calls(&server.line)?])
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The rows of a protocol with so many workers.
fn rows(
    protocol: (&str, &str),
    load: &Load,
    servers: &[Server],
    rounds: usize,
) -> Result<Vec<Row>> {
    let (name, what) = protocol;
    let start = Instant::now();
    let mut figures: Vec<Vec<[f64; 6]>> = SUBJECTS.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        print!("\r{name}, {} workers: round {} of {rounds} ", load.workers, round + 1);
        let _ = std::io::stdout().flush();
        let mut half = 0.0;
        for server in
            ORDER.iter().filter_map(|name| servers.iter().find(|server| server.subject == *name))
        {
            let place =
                SUBJECTS.iter().position(|name| *name == server.subject).ok_or("no such column")?;
            figures[place].push(measure(server, load, &mut half)?);
        }
    }
    println!(
        "\r{name}, {} workers: {:.0} s          ",
        load.workers,
        start.elapsed().as_secs_f64()
    );
    let plural = if load.workers == 1 { "" } else { "s" };
    let row = |(index, (metric, text)): (usize, (&str, &str))| Row {
        name: format!("{name}-{}-{metric}", load.workers),
        what: format!("{what}, {} worker{plural}: {text}", load.workers),
        figures: figures
            .iter()
            .map(|rounds| rounds.iter().map(|round| round[index]).collect::<Vec<_>>())
            .map(|column| (!column.is_empty()).then(|| median(column)))
            .collect(),
    };
    Ok(METRICS.into_iter().enumerate().map(row).collect())
}

fn main() -> Result {
    let folder = scratch("../bench/net")?.to_string_lossy().into_owned();
    let wanted = env::var("ACO_ROWS").unwrap_or_default();
    let rounds = env::var("ACO_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5_usize);
    let processors = thread::available_parallelism()?.get();
    let servers = servers(&folder)?;
    let mut table = Table::new(SUBJECTS.map(String::from).to_vec());
    let counts = worker_counts(processors);
    for protocol in PROTOCOLS.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        for &workers in &counts {
            let load = Load {
                client: format!("{folder}/client"),
                protocol: protocol.0,
                workers,
                processors,
            };
            table.rows.extend(rows(protocol, &load, &servers, rounds)?);
        }
    }
    if !wanted.is_empty() {
        print!("{}\n{}", table.markdown(), page::targets(&table, &counts, processors));
        return Ok(());
    }
    let section = page::section(&table, rounds);
    fs::write("docs/performance-net.svg", chart::many_cores(&section)?)?;
    sections::put("docs/performance-rt.md", None, "Many cores", &section)?;
    sections::put(
        "docs/dev/targets.md",
        None,
        "Network",
        &page::targets(&table, &counts, processors),
    )?;
    println!(
        "docs/performance-net.svg and the sections \"Many cores\" and \"Network\" are written"
    );
    Ok(())
}
