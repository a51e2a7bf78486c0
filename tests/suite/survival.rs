//! What each server of README.md, docs/ and examples/ survives: more clients than file descriptors, tasks that cannot be
//! started, SIGTERM and SIGINT at any time.
//!
//! V1  A client talks to the server of its case and to no other: the connection's socket belongs to the process.
//! V2  While no descriptor is free the server sleeps. Each client is served when a descriptor is free.
//! V3  After a failed start of a task, its descriptor and its memory are freed.
//! V4  A signal ends the server with status 0, whatever its clients do.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::case::ensure;
use crate::process::{Result, run, succeed};
use crate::procfs::{descriptors, memory, owns, processor_time};
use crate::servers::{Server, TIMEOUT};
use crate::toolchain::command;

/// More clients than the server has descriptors.
const CLIENTS: usize = 40;
/// The limit of descriptors.
const DESCRIPTORS: usize = 20;

/// The least time for which a server lets a client be silent: that of docs/patterns.md. Then it closes the connection.
const IDLE: Duration = Duration::from_secs(30);

/// Less than `IDLE`.
const MAX_END: Duration = Duration::from_secs(20);

/// A server: its arguments, and what its clients say.
#[derive(Clone, Copy)]
pub struct Kind {
    pub request: &'static str,
    /// The end of the answer.
    pub answer: &'static str,
    pub arguments: &'static str,
    /// The number of tasks that are started before those of clients.
    pub first_tasks: u32,
}

pub const ECHO: Kind =
    Kind { request: "the same", answer: "the same", arguments: "", first_tasks: 0 };
/// examples/echo_server.c, with an acceptor for each worker.
pub const ECHO_SERVER: Kind = Kind { arguments: "0 2 60000 200", first_tasks: 2, ..ECHO };
/// examples/http_server.c.
pub const HTTP_SERVER: Kind = Kind {
    request: "GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    answer: "\r\n\r\nCoroutines answer.\n",
    arguments: "127.0.0.1:0 2",
    first_tasks: 1,
};

/// docs/guide/09-shutdown.c, the chat server of the guide. A client hears that it is in the room.
pub const CHAT: Kind =
    Kind { request: "ann\n", answer: "* ann is here\n", arguments: "127.0.0.1:0", first_tasks: 1 };

/// Builds `source` with the library, and with starts of tasks that can fail.
pub fn build(source: &Path, program: &Path) -> Result {
    let line = "cc -std=gnu11 -O1 -Iinclude -Wl,--wrap=acort_go,--wrap=acort_go_ex,--wrap=acort_go_detached";
    let files = format!("{} tests/use/failing_go.c", source.display());
    let line = format!("{line} {files} -o {} build/libaco.a -lpthread", program.display());
    succeed(command(&line), 60).map(drop)
}

/// Checks all of it for the program at `path`.
pub fn survives(path: &Path, kind: Kind) -> Result {
    crowd(path, kind).map_err(|why| format!("more clients than descriptors: {why}"))?;
    failing_starts(path, kind).map_err(|why| format!("failing starts: {why}"))?;
    failing_beginning(path, kind).map_err(|why| format!("a first start that fails: {why}"))?;
    for signal in [libc::SIGTERM, libc::SIGINT] {
        end(start(path, kind, "at-once", "")?, signal)?;
    }
    Ok(())
}

/// The command of the server under the limit of descriptors. For `fails` see tests/use/failing_go.c.
fn limited(path: &Path, kind: Kind, fails: &str) -> Command {
    let mut shell = command("sh -c");
    shell.arg(format!("ulimit -n {DESCRIPTORS} && exec {} {}", path.display(), kind.arguments));
    shell.env("GO_FAILS", fails);
    shell
}

fn start(path: &Path, kind: Kind, what: &str, fails: &str) -> Result<Server> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let output = PathBuf::from(format!("{}-{what}-{number}.output", path.display()));
    Server::start(limited(path, kind, fails), output)
}

/// Ends the server by the signal, and not by the silence of its clients (V4).
fn end(server: Server, signal: i32) -> Result {
    let start = Instant::now();
    server.finish_by(signal)?;
    let took = start.elapsed();
    ensure!(took < MAX_END, "signal {signal} ends it after {took:?}");
    Ok(())
}

/// Clients that stay. Some are served, and the others wait for a descriptor (V2).
fn crowd(path: &Path, kind: Kind) -> Result {
    let server = start(path, kind, "crowd", "")?;
    let idle = idle(&server, kind)?;
    let mut waiting = clients(&server, kind)?;
    let (mut served, begin) = (Vec::new(), Instant::now());
    let mut settled = begin;
    // When no client is served for a while, no descriptor is free.
    loop {
        if take_served(&mut waiting, &mut served, &server)? > 0 || served.is_empty() {
            settled = Instant::now();
        }
        let is_settled = settled.elapsed() >= Duration::from_millis(300);
        if is_settled || begin.elapsed() >= TIMEOUT {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let is_limited = !served.is_empty() && !waiting.is_empty();
    ensure!(is_limited, "{} of {CLIENTS} are served at once", served.len());
    let before = processor_time(&server)?;
    std::thread::sleep(Duration::from_secs(1));
    let took = processor_time(&server)? - before;
    // A server that sleeps takes some milliseconds. A loaded machine gives a spinning server more than this.
    ensure!(took <= Duration::from_millis(50), "it spins: {took:?} in a second");
    while !waiting.is_empty() {
        served.clear();
        if take_served(&mut waiting, &mut served, &server)? > 0 {
            settled = Instant::now();
        }
        ensure!(settled.elapsed() < TIMEOUT, "{} clients are never served", waiting.len());
        std::thread::sleep(Duration::from_millis(5));
    }
    served.clear();
    until(|| Ok(descriptors(&server)? <= idle), "descriptors are left")?;
    // The server also ends while no descriptor is free.
    let clients = clients(&server, kind)?;
    until(|| Ok(descriptors(&server)? >= DESCRIPTORS), "a descriptor is free")?;
    end(server, libc::SIGTERM)?;
    drop(clients);
    Ok(())
}

/// Every second start of a client's task fails. Its client finds the connection closed, and nothing is left (V3).
fn failing_starts(path: &Path, kind: Kind) -> Result {
    let server = start(path, kind, "failing", &format!("{},2", kind.first_tasks + 2))?;
    let idle = idle(&server, kind)?;
    let talk = |count: usize| -> Result<(usize, u64)> {
        let mut refused = 0;
        for _ in 0..count {
            let mut client = Client::new(&server, kind)?;
            until(|| client.is_served(&server), "neither an answer nor an end")?;
            refused += usize::from(client.is_over);
            drop(client);
            // Clients that overlap would add stacks to the cache, and those of a slow server overlap.
            until(|| Ok(descriptors(&server)? <= idle), "descriptors are left")?;
        }
        Ok((refused, memory(&server)?))
    };
    let (_, mut before) = talk(40)?;
    // The cache of stacks may still grow by one. A leak adds memory in each window.
    let mut growths = Vec::new();
    while growths.last().is_none_or(|growth| *growth > 128) {
        ensure!(growths.len() < 3, "each 200 clients keep memory, in KiB: {growths:?}");
        let (refused, after) = talk(200)?;
        ensure!((90..=110).contains(&refused), "{refused} of 200 starts have failed");
        growths.push(after.saturating_sub(before));
        before = after;
    }
    end(server, libc::SIGTERM)
}

/// A server whose first start of a task fails says so, and ends.
fn failing_beginning(path: &Path, kind: Kind) -> Result {
    for number in 1..=kind.first_tasks {
        let outcome = run(limited(path, kind, &number.to_string()), 60)?;
        let is_told = outcome.status.code() == Some(1) && outcome.text.contains("memory");
        ensure!(is_told, "{}: {}", outcome.status, outcome.text);
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
    begin: Instant,
}

impl Client {
    fn new(server: &Server, kind: Kind) -> Result<Client> {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
        let begin = Instant::now();
        // A server that refuses the client may have reset the connection already.
        let _ = stream.write_all(kind.request.as_bytes());
        stream.set_nonblocking(true)?;
        Ok(Client { stream, kind, answer: Vec::new(), is_over: false, begin })
    }

    /// Returns true if the client has its answer, which this server gave (V1), or the connection has ended.
    fn is_served(&mut self, server: &Server) -> Result<bool> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.is_over = true,
            Ok(count) => self.answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.is_over = true,
            Err(error) => return Err(error.into()),
        }
        if self.is_over {
            return Ok(true);
        }
        // More may have come since: others of a chat enter and leave.
        let is_served = String::from_utf8_lossy(&self.answer).contains(self.kind.answer);
        if is_served {
            let port = server.port;
            // A listing of sockets that changes while it is read may leave one out. A server that has closed the
            // connection of a silent client has no socket of it.
            for tried in 0.. {
                if owns(server, &self.stream)? || self.begin.elapsed() > IDLE {
                    break;
                }
                ensure!(tried < 20, "another process answers at port {port}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(is_served)
    }
}

/// So many clients that they take all descriptors.
fn clients(server: &Server, kind: Kind) -> Result<Vec<Client>> {
    (0..CLIENTS).map(|_| Client::new(server, kind)).collect()
}

/// Moves the clients that are served, and returns their number.
fn take_served(
    waiting: &mut Vec<Client>,
    served: &mut Vec<Client>,
    server: &Server,
) -> Result<usize> {
    let (mut left, count) = (Vec::new(), served.len());
    for mut client in waiting.drain(..) {
        let is_served = client.is_served(server)?;
        ensure!(!client.is_over, "a client is refused");
        if is_served { served.push(client) } else { left.push(client) }
    }
    *waiting = left;
    Ok(served.len() - count)
}

fn until(mut holds: impl FnMut() -> Result<bool>, otherwise: &str) -> Result {
    let start = Instant::now();
    while !holds()? {
        ensure!(start.elapsed() < TIMEOUT, "{otherwise}");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// The number of descriptors of a server without clients, after a client was served.
fn idle(server: &Server, kind: Kind) -> Result<usize> {
    let mut client = Client::new(server, kind)?;
    until(|| client.is_served(server), "no answer")?;
    ensure!(!client.is_over, "the first client is refused");
    Ok(descriptors(server)? - 1)
}
