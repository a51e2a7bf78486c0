//! A server that is under load: its start, the client's figures, and its system calls.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Result, command, succeed};

const CONNECTIONS: usize = 100;

/// How long a client runs.
const MILLISECONDS: usize = 1000;

/// What the client prints.
pub struct Sample {
    pub rate: f64,
    pub cpu: f64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// All requests, those of the beginning as well.
    pub count: f64,
}

/// What a client does to a server.
pub struct Load {
    pub client: String,
    pub protocol: &'static str,
    pub workers: usize,
    pub processors: usize,
}

/// A server that runs. Dropping it ends it.
struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(mut command: Command) -> Result<Running> {
        // Cargo's leads to the library that cargo built; the programs know theirs.
        let child = command.env_remove("LD_LIBRARY_PATH").stdout(Stdio::piped()).spawn()?;
        let mut running = Running { child, port: 0 };
        let mut line = String::new();
        let output = running.child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().strip_prefix("port ").and_then(|port| port.parse().ok());
        running.port = port.ok_or_else(|| format!("{command:?} printed no port: {line}"))?;
        Ok(running)
    }
}

impl Load {
    /// The command that runs a server of this load: on the last processors, one for each worker.
    fn server(&self, before: &str, line: &str) -> Command {
        let first = self.processors - self.workers;
        let kind = self.protocol.split('-').next().unwrap_or_default();
        command(&format!(
            "taskset -c {first}-{} {before} {line} {kind} {}",
            self.processors - 1,
            self.workers
        ))
    }

    /// Runs the client on the processors that the server leaves, or on all. `rate` 0: as fast as answers come.
    fn ask(&self, server: &Running, rate: f64) -> Result<Sample> {
        let last = if self.workers < self.processors {
            self.processors - self.workers - 1
        } else {
            self.processors - 1
        };
        let line = format!(
            "taskset -c 0-{last} {} {} {} {} {CONNECTIONS} {MILLISECONDS} {rate}",
            self.client,
            server.port,
            server.child.id(),
            self.protocol
        );
        let output = succeed(command(&line), 60)?;
        let figures: Vec<f64> =
            output.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let &[rate, cpu, p50, p99, p999, count] = figures.as_slice() else {
            return Err(format!("{line}: {output}").into());
        };
        Ok(Sample { rate, cpu, p50, p99, p999, count })
    }

    pub fn run(&self, line: &str, rate: f64) -> Result<Sample> {
        let server = Running::start(self.server("", line))?;
        self.ask(&server, rate)
    }

    /// System calls of a request, with what the server's start and the connections' begin take.
    pub fn count_calls(&self, line: &str) -> Result<f64> {
        let file = format!("{}.calls", self.client);
        let _ = fs::remove_file(&file);
        // -D: the server is this program's child, and strace is not.
        let server = Running::start(self.server(&format!("strace -D -f -qq -c -o {file}"), line))?;
        let count = self.ask(&server, 0.0)?.count;
        drop(server);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let total = text.lines().find(|line| line.ends_with("total"));
            // Share, seconds, microseconds a call, calls, and errors if there were any.
            if let Some(calls) = total.and_then(|line| line.split_whitespace().nth(3)) {
                return Ok(calls.parse::<f64>()? / count);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("strace of {line} has written nothing").into())
    }
}
