//! What every server that the project shows survives: more clients than file descriptors, tasks that cannot be started,
//! SIGTERM and SIGINT at any time. The same for those of README.md, docs/ and examples/.
//!
//! 1. A client talks to the server that the case has started, and to no other: the connection's socket is one of the
//!    process's own.
//! 2. While descriptors are out the server sleeps. Each client is served when one is free.
//! 3. What a failed start of a task has left is given back: descriptors, and memory.
//! 4. A signal ends the server with status 0, whatever its clients do.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{command, run, succeed};
use crate::procfs::{descriptors, memory, owns, processor_time};
use crate::servers::{Server, TIMEOUT};

/// More than the server has descriptors.
const CLIENTS: usize = 40;
/// Under this limit every server is tried.
const DESCRIPTORS: u32 = 20;

/// Less than the 30 seconds for which a client of the guide's server may be silent.
const LONGEST_END: Duration = Duration::from_secs(20);

/// A server: how it is built and started, and what its clients say.
#[derive(Clone, Copy)]
pub struct Kind {
    pub request: &'static str,
    /// What the answer ends with.
    pub answer: &'static str,
    pub arguments: &'static str,
    /// So many tasks are started before those of clients.
    pub first_tasks: u32,
}

pub const ECHO: Kind =
    Kind { request: "the same", answer: "the same", arguments: "", first_tasks: 1 };
/// examples/echo_server.c, with an acceptor for each worker.
pub const ECHO_SERVER: Kind = Kind { arguments: "0 2 60000 200", first_tasks: 2, ..ECHO };
/// examples/http_server.c.
pub const HTTP_SERVER: Kind = Kind {
    request: "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    answer: "\r\n\r\nCoroutines answer.\n",
    arguments: "127.0.0.1:0 2",
    first_tasks: 1,
};

/// Builds `source` with the library and starts of tasks that can be made to fail.
pub fn build(source: &Path, program: &Path) -> Result<(), String> {
    let line =
        "cc -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -Wl,--wrap=acort_go,--wrap=acort_go_ex";
    let files = format!("{} tests/use/failing_go.c", source.display());
    let line = format!("{line} {files} -o {} build/libaco.a -lpthread", program.display());
    succeed(command(&line), 60).map(drop)
}

/// Everything, with the program at `path`.
pub fn survives(path: &Path, kind: Kind) -> Result<(), String> {
    crowd(path, kind).map_err(|why| format!("more clients than descriptors: {why}"))?;
    failing_starts(path, kind).map_err(|why| format!("failing starts: {why}"))?;
    failing_beginning(path, kind)
        .map_err(|why| format!("a start that fails at the beginning: {why}"))?;
    for signal in [libc::SIGTERM, libc::SIGINT] {
        end(start(path, kind, "at-once", "")?, signal)?;
    }
    Ok(())
}

fn limited(path: &Path, kind: Kind, fails: &str) -> Command {
    let mut command = Command::new("sh");
    let line = format!("ulimit -n {DESCRIPTORS} && exec {} {}", path.display(), kind.arguments);
    command.args(["-c", &line]).env("GO_FAILS", fails);
    command
}

fn start(path: &Path, kind: Kind, what: &str, fails: &str) -> Result<Server, String> {
    let output = PathBuf::from(format!("{}-{what}.output", path.display()));
    Server::start(limited(path, kind, fails), output)
}

/// The end comes by the signal, and not since clients have been silent for long.
fn end(server: Server, signal: i32) -> Result<(), String> {
    let start = Instant::now();
    server.finish_by(signal)?;
    let took = start.elapsed();
    if took < LONGEST_END { Ok(()) } else { Err(format!("signal {signal} ends it after {took:?}")) }
}

/// Clients that stay: some are served, the others wait without costing anything, and have their turn.
fn crowd(path: &Path, kind: Kind) -> Result<(), String> {
    let server = start(path, kind, "crowd", "")?;
    let idle = idle(&server, kind)?;
    let mut waiting = Vec::new();
    for _ in 0..CLIENTS {
        waiting.push(Client::new(&server, kind)?);
    }
    let (mut served, begin) = (Vec::new(), Instant::now());
    let mut settled = begin;
    // Until none is served for a while: the descriptors are out.
    while settled.elapsed() < Duration::from_millis(300) && begin.elapsed() < TIMEOUT {
        if take_served(&mut waiting, &mut served, &server)? > 0 || served.is_empty() {
            settled = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    if served.is_empty() || waiting.is_empty() {
        return Err(format!("{} of {CLIENTS} are served at once", served.len()));
    }
    let before = processor_time(&server)?;
    std::thread::sleep(Duration::from_secs(1));
    let took = processor_time(&server)? - before;
    // A machine with much to do gives it little: a server that sleeps takes some milliseconds.
    if took > Duration::from_millis(50) {
        return Err(format!("it spins: {took:?} in a second"));
    }
    while !waiting.is_empty() {
        served.clear();
        take_served(&mut waiting, &mut served, &server)?;
        if begin.elapsed() > TIMEOUT {
            return Err(format!("{} clients are never served", waiting.len()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    served.clear();
    until(|| Ok(descriptors(&server)? <= idle), "descriptors are left")?;
    // And the end comes while descriptors are out.
    let clients: Result<Vec<_>, _> = (0..CLIENTS).map(|_| Client::new(&server, kind)).collect();
    let clients = clients?;
    until(|| Ok(descriptors(&server)? >= DESCRIPTORS as usize), "descriptors are not out")?;
    end(server, libc::SIGTERM)?;
    drop(clients);
    Ok(())
}

/// Every second start of a client's task fails: that client finds the connection closed, and nothing is left.
fn failing_starts(path: &Path, kind: Kind) -> Result<(), String> {
    let server = start(path, kind, "failing", &format!("{},2", kind.first_tasks + 2))?;
    let idle = idle(&server, kind)?;
    let round = |count: usize| -> Result<(usize, u64), String> {
        let mut refused = 0;
        for _ in 0..count {
            let mut client = Client::new(&server, kind)?;
            until(|| client.is_served(&server), "neither an answer nor an end")?;
            refused += usize::from(client.is_over);
        }
        Ok((refused, memory(&server)?))
    };
    let (_, mut before) = round(40)?;
    // Tasks that overlap by chance add a stack to the cache once. A leak adds memory in each window.
    let mut growths = Vec::new();
    for _ in 0..3 {
        let (refused, after) = round(200)?;
        if !(90..=110).contains(&refused) {
            return Err(format!("{refused} of 200 starts have failed"));
        }
        growths.push(after.saturating_sub(before));
        before = after;
        if growths.last().is_some_and(|growth| *growth <= 1024) {
            break;
        }
    }
    if growths.iter().all(|growth| *growth > 1024) {
        return Err(format!("each 200 clients have kept memory, in KiB: {growths:?}"));
    }
    until(|| Ok(descriptors(&server)? <= idle), "descriptors are left")?;
    end(server, libc::SIGTERM)
}

/// A server that cannot begin says so, and ends.
fn failing_beginning(path: &Path, kind: Kind) -> Result<(), String> {
    for number in 1..=kind.first_tasks {
        let outcome = run(limited(path, kind, &number.to_string()), 60)?;
        let is_told = outcome.output.contains("memory");
        if outcome.status.code() != Some(1) || !is_told {
            return Err(format!("{}: {}", outcome.status, outcome.output));
        }
    }
    Ok(())
}

/// A client that has sent its request.
struct Client {
    stream: TcpStream,
    kind: Kind,
    answer: Vec<u8>,
    /// The connection ended before the answer.
    is_over: bool,
}

impl Client {
    fn new(server: &Server, kind: Kind) -> Result<Client, String> {
        let open = || -> std::io::Result<TcpStream> {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
            // A server that refuses it may have reset it already.
            let _ = stream.write_all(kind.request.as_bytes());
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let stream = open().map_err(|error| format!("port {}: {error}", server.port))?;
        Ok(Client { stream, kind, answer: Vec::new(), is_over: false })
    }

    /// Is the answer there, or the end? An answer comes from this server.
    fn is_served(&mut self, server: &Server) -> Result<bool, String> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_over = true,
            Ok(count) => self.answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.is_over = true,
            Err(error) => return Err(error.to_string()),
        }
        if self.is_over {
            return Ok(true);
        }
        let is_served = self.answer.ends_with(self.kind.answer.as_bytes());
        if is_served && !owns(server, &self.stream)? {
            return Err(format!("another process answers at port {}", server.port));
        }
        Ok(is_served)
    }
}

fn take_served(
    waiting: &mut Vec<Client>,
    served: &mut Vec<Client>,
    server: &Server,
) -> Result<usize, String> {
    let (mut left, count) = (Vec::new(), served.len());
    for mut client in waiting.drain(..) {
        let is_served = client.is_served(server)?;
        if client.is_over {
            return Err("a client is refused".to_string());
        }
        if is_served { served.push(client) } else { left.push(client) }
    }
    *waiting = left;
    Ok(served.len() - count)
}

fn until(mut holds: impl FnMut() -> Result<bool, String>, otherwise: &str) -> Result<(), String> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > TIMEOUT {
            return Err(otherwise.to_string());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// How many descriptors the server has without clients: one that is served shows that all else is there.
fn idle(server: &Server, kind: Kind) -> Result<usize, String> {
    let mut client = Client::new(server, kind)?;
    until(|| client.is_served(server), "no answer")?;
    if client.is_over {
        return Err("the first client is refused".to_string());
    }
    Ok(descriptors(server)? - 1)
}
