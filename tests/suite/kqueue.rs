//! The runtime with kqueue instead of epoll: over tests/kqueue/, which implements kqueue on Linux, and over libkqueue,
//! if pkg-config finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::{Case, ensure};
use crate::compiler::Languages;
use crate::compilers::CC;
use crate::examples::end;
use crate::files::{absolute, read, stem};
use crate::lanes::Extent;
use crate::port::{self, declarations};
use crate::process::{Result, scratch, succeed};
use crate::rt_use::{Client, ECHO, limit, talk, tool_talks};
use crate::selection::{seeds, sources};
use crate::servers::{Server, ask};
use crate::toolchain::{command, is_available};

const LIBRARY: &str = "build/kqueue";
const FOLDER: &str = "build/test/kqueue";

/// The job of a case over a provider.
type Job = Box<dyn Fn(&Provider) -> Result + Send + Sync>;

/// A library that has the functions of kqueue.
#[derive(Clone)]
struct Provider {
    name: &'static str,
    /// The folder of the library.
    folder: String,
    /// Flags that find its header.
    header: String,
    /// Flags of the tests.
    define: &'static str,
    /// Tests and clients that do not run over it.
    skip: &'static [&'static str],
    supports_fork: bool,
}

impl Provider {
    fn stand_in() -> Provider {
        Provider {
            name: "the stand-in",
            folder: absolute(LIBRARY),
            header: "-Itests/kqueue".to_string(),
            define: "-DOVER_KQUEUE=1",
            // The stand-in has more descriptors than each queue.
            skip: &["descriptors_gone"],
            supports_fork: true,
        }
    }

    /// libkqueue 2.7 has these limits:
    ///
    /// * Its queues are pipes, which another loop cannot poll (`loop`).
    /// * It drops some of more than 256 edges at once, or of half of the room (`ten_thousand`).
    /// * In a child of fork(2) it closes queues that the program closed earlier, although other files have their numbers
    ///   by then (each test that forks).
    /// * It does not notice close(2), and treats the next file of a number as the old one (`reused`).
    ///
    /// It has a thread of its own, which may wake a task as far as the runtime knows.
    fn libkqueue() -> Result<Provider> {
        let ask = |what: &str| succeed(command(&format!("pkg-config {what} libkqueue")), 10);
        Ok(Provider {
            name: "libkqueue",
            folder: ask("--variable=libdir")?.trim().into(),
            header: ask("--cflags")?.trim().into(),
            define: "-DHAS_FOREIGN_THREADS=1 -DOVER_KQUEUE=1",
            skip: &["descriptors_gone", "loop", "ten_thousand", "reused"],
            supports_fork: false,
        })
    }

    /// The command that runs a program of [`build`] over it.
    fn command(&self, line: &str) -> Command {
        let mut command = command(line);
        command.env("LD_LIBRARY_PATH", format!("{}:{}", self.folder, absolute(LIBRARY)));
        command
    }
}

/// Builds a program over the library, as `name`.
fn build(source: &Path, name: &str, define: &str) -> Result<String> {
    let program = format!("{FOLDER}/{name}");
    let line = format!("cc -std=gnu11 -O2 -fno-omit-frame-pointer -Iinclude {define}");
    let link = format!("-L{LIBRARY} -laco -Wl,-rpath-link,{LIBRARY} -lpthread -lm -ldl");
    let line = format!("{line} {} -o {program} {link}", source.display());
    succeed(command(&line), 120)?;
    Ok(program)
}

/// Builds the library over the stand-in. libkqueue has the same soname.
fn make() -> Result {
    fs::create_dir_all(LIBRARY)?;
    let stand_in = format!("{LIBRARY}/libkqueue.so.0");
    let line = "cc -std=gnu11 -O2 -Itests/kqueue -shared -fPIC -Wl,-soname,libkqueue.so.0";
    let line = format!("{line} tests/kqueue/kqueue.c -o {stand_in} -lpthread");
    succeed(command(&line), 60)?;
    succeed(command(&format!("make --silent KQUEUE=1 LDFLAGS={stand_in}")), 600).map(drop)
}

pub fn cases() -> Result<Vec<Case>> {
    scratch("kqueue")?;
    make()?;
    for server in ["echo_server", "http_server"] {
        build(Path::new(&format!("examples/{server}.c")), server, "")?;
    }
    let mut cases = port::cases();
    cases.extend(cases_over(&Provider::stand_in())?);
    if is_available("pkg-config --exists libkqueue") {
        cases.extend(cases_over(&Provider::libkqueue()?)?);
    } else {
        println!("kqueue: over the stand-in alone: pkg-config knows no libkqueue");
    }
    Ok(cases)
}

fn cases_over(provider: &Provider) -> Result<Vec<Case>> {
    let case = |name: &str, job: Job| {
        let provider = provider.clone();
        Case::new(format!("{name} over {}", provider.name), move || job(&provider))
    };
    let mut cases = vec![
        case("declarations", Box::new(|provider| declarations(&provider.header))),
        case("http_server.c", Box::new(http)),
    ];
    for client in ["nc", "socat"] {
        cases.push(case(client, Box::new(move |provider| tool(provider, client))));
    }
    for client in ECHO.into_iter().filter(|(name, ..)| !provider.skip.contains(name)) {
        cases.push(case(client.0, Box::new(move |provider| echo(provider, client))));
    }
    for source in sources("c_tests/rt", Languages::C)? {
        let (name, text) = (stem(&source), read(&source)?);
        let forks = ["CHECK_DIES", "run_in_child", "fork()"].iter().any(|word| text.contains(word));
        if !provider.skip.contains(&&*name) && (provider.supports_fork || !forks) {
            let job = move |provider: &Provider| test(provider, &source);
            cases.push(case(&format!("rt/{name}"), Box::new(job)));
        }
    }
    Ok(cases)
}

/// Runs a test of the runtime, and again under chaos if it holds in any order.
fn test(provider: &Provider, source: &Path) -> Result {
    let test = format!("rt/{}", stem(source));
    let name = format!("{test}-{}", provider.name).replace(['/', ' '], "-");
    let program = build(source, &name, provider.define)?;
    let run = || {
        let mut run = provider.command(&program);
        // The test needs a kqueue that notices close(2), which a library cannot.
        run.envs((test == "rt/reused").then_some(("ACO_KQUEUE_HEARS", "1")));
        run
    };
    succeed(run(), 120)?;
    for seed in seeds(&test, &CC, 0, Extent::Full) {
        succeed(run().env("ACORT_CHAOS", seed.to_string()), 120)
            .map_err(|error| format!("ACORT_CHAOS={seed}: {error}"))?;
    }
    Ok(())
}

fn start(provider: &Provider, name: &str, user: &str, arguments: &str) -> Result<Server> {
    let command = provider.command(&format!("{}{FOLDER}/{name} {arguments}", limit(user)));
    let output = format!("{FOLDER}/{name}-{user}-{}.output", provider.name).replace(' ', "-");
    Server::start(command, PathBuf::from(output))
}

fn echo(provider: &Provider, (case, arguments, is_told): Client) -> Result {
    let server = start(provider, "echo_server", case, arguments)?;
    talk("echo", case, is_told, &server)?;
    end("echo_server", server)
}

fn tool(provider: &Provider, name: &str) -> Result {
    let server = start(provider, "echo_server", name, "0 2")?;
    tool_talks(name, &server, &format!("{FOLDER}/{name}-{}", server.port))?;
    end("echo_server", server)
}

fn http(provider: &Provider) -> Result {
    let server = start(provider, "http_server", "ask", "127.0.0.1:0 2")?;
    let request = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    for _ in 0..5 {
        let answer = ask(server.port, request)?;
        let is_right = answer.ends_with("\r\n\r\nCoroutines answer.\n");
        ensure!(is_right, "the answer is {answer:?}");
    }
    end("http_server", server)
}
