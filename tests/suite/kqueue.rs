//! The runtime over kqueue instead of epoll: over tests/kqueue/, which stands in for a system that has one,
//! and over libkqueue, where pkg-config knows it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::c_tests::{seeds, sources};
use crate::compilers::{Compiler, Languages};
use crate::examples::check_output;
use crate::lanes::Extent;
use crate::port::{self, declarations};
use crate::process::{command, is_there, root, scratch, succeed};
use crate::rt_use::{Client, ECHO, talk};
use crate::servers::{Server, ask};
use crate::work::Case;

const LIBRARY: &str = "build/kqueue";
const FOLDER: &str = "build/test/kqueue";

/// What is done over one.
type Job = Box<dyn Fn(&Provider) -> Result<(), String> + Send>;

/// What has the functions of kqueue.
#[derive(Clone)]
struct Provider {
    name: &'static str,
    /// Where its library is.
    library: PathBuf,
    /// What a compilation needs for its header.
    header: String,
    /// What a test is told.
    define: &'static str,
    /// What is left out over it.
    never: &'static [&'static str],
    /// Does it survive fork(2)?
    forks: bool,
}

impl Provider {
    fn stand_in() -> Provider {
        Provider {
            name: "the stand-in",
            library: root().join(LIBRARY),
            header: "-Itests/kqueue".to_string(),
            define: "",
            // The stand-in has more descriptors than each queue.
            never: &["descriptors_gone"],
            forks: true,
        }
    }

    /// What it cannot do, version 2.7:
    ///
    /// * its queues are pipes, which another loop cannot poll (`loop`);
    /// * of more than 256 edges at once, or half of the room, it drops some (`ten_thousand`);
    /// * in a child of fork(2) it closes queues that the program has closed long since, whatever has their
    ///   numbers now (each test that forks);
    /// * it does not hear of close(2), and takes the next file of a number for the old one (`reused`).
    ///
    /// And it has a thread of its own, which might wake a task, as far as the runtime knows.
    fn libkqueue() -> Result<Provider, String> {
        let ask = |what: &str| succeed(command(&format!("pkg-config {what} libkqueue")), 10);
        Ok(Provider {
            name: "libkqueue",
            library: ask("--variable=libdir")?.trim().into(),
            header: ask("--cflags")?.trim().to_string(),
            define: "-DHAS_STRANGERS=1",
            never: &["descriptors_gone", "loop", "ten_thousand", "reused"],
            forks: false,
        })
    }

    /// Runs a program of [`built`] over it.
    fn command(&self, program: &Path) -> Command {
        let mut command = command(&program.to_string_lossy());
        let folders = [self.library.clone(), root().join(LIBRARY)].map(|f| f.display().to_string());
        command.env("LD_LIBRARY_PATH", folders.join(":"));
        command
    }
}

/// A program over the library, as `name`.
fn built(source: &Path, name: &str, define: &str) -> Result<PathBuf, String> {
    let program = Path::new(FOLDER).join(name);
    let strict = "-std=gnu11 -O2 -Wall -Wextra -Werror -fno-omit-frame-pointer -Iinclude";
    let mut command = command(&format!("cc {strict} {define}"));
    command.arg(source).arg("-o").arg(&program).args(["-L", LIBRARY, "-laco"]);
    command.arg(format!("-Wl,-rpath-link,{LIBRARY}")).args(["-lpthread", "-lm", "-ldl"]);
    succeed(command, 120)?;
    Ok(program)
}

/// The library over the stand-in; libkqueue has the same soname.
fn make() -> Result<(), String> {
    fs::create_dir_all(LIBRARY).map_err(|error| error.to_string())?;
    let stand_in = format!("{LIBRARY}/libkqueue.so.0");
    let strict = "-std=gnu11 -O2 -Wall -Wextra -Werror -Itests/kqueue -shared -fPIC";
    let line =
        format!("cc {strict} -Wl,-soname,libkqueue.so.0 tests/kqueue/kqueue.c -o {stand_in}");
    succeed(command(&format!("{line} -lpthread")), 60)?;
    succeed(command(&format!("make --silent KQUEUE=1 LDFLAGS={stand_in}")), 600).map(drop)
}

pub fn cases() -> Result<Vec<Case>, String> {
    scratch("kqueue")?;
    make()?;
    let mut cases = port::cases();
    for server in ["echo_server", "http_server"] {
        built(&Path::new("examples").join(format!("{server}.c")), server, "")?;
    }
    cases.extend(cases_over(&Provider::stand_in()));
    if is_there("pkg-config --exists libkqueue") {
        cases.extend(cases_over(&Provider::libkqueue()?));
    } else {
        println!("kqueue: over the stand-in alone: pkg-config knows no libkqueue");
    }
    Ok(cases)
}

fn cases_over(provider: &Provider) -> Vec<Case> {
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
    for client in ECHO.iter().copied().filter(|(name, ..)| !provider.never.contains(name)) {
        cases.push(case(client.0, Box::new(move |provider| echo(provider, client))));
    }
    for source in sources("c_tests/rt", Languages::C) {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&source).unwrap_or_default();
        let forks = ["CHECK_DIES", "run_in_child", "fork()"].iter().any(|word| text.contains(word));
        if !provider.never.contains(&&*name) && (provider.forks || !forks) {
            let test = format!("rt/{name}");
            cases.push(case(
                &test.clone(),
                Box::new(move |provider| runs(provider, &source, &test)),
            ));
        }
    }
    cases
}

/// A test of the runtime, and under chaos, if it holds there.
fn runs(provider: &Provider, source: &Path, test: &str) -> Result<(), String> {
    let name = format!("{test}-{}", provider.name).replace(['/', ' '], "-");
    let program = built(source, &name, provider.define)?;
    let prepared = || {
        let mut command = provider.command(&program);
        // What this is about a kqueue does, and a library in its place cannot.
        if test == "rt/reused" {
            command.env("ACO_KQUEUE_HEARS", "1");
        }
        command
    };
    succeed(prepared(), 120)?;
    for seed in seeds(test, &Compiler::CC, 0, Extent::All) {
        let mut command = prepared();
        command.env("ACORT_CHAOS", seed.to_string());
        succeed(command, 120).map_err(|error| format!("ACORT_CHAOS={seed}: {error}"))?;
    }
    Ok(())
}

fn start(provider: &Provider, name: &str, user: &str, arguments: &str) -> Result<Server, String> {
    let program = Path::new(FOLDER).join(name);
    let mut command = if user == "more_than_files" {
        let mut limited = provider.command(Path::new("prlimit"));
        limited.arg("--nofile=60:60").arg(program);
        limited
    } else {
        provider.command(&program)
    };
    command.args(arguments.split_whitespace());
    let output = format!("{name}-{user}-{}.output", provider.name).replace(' ', "-");
    Server::start(command, Path::new(FOLDER).join(output))
}

fn end(name: &str, server: Server) -> Result<(), String> {
    check_output(&format!("{name}.c"), &server.finish()?)
}

fn echo(provider: &Provider, client: Client) -> Result<(), String> {
    let (case, arguments, is_told) = client;
    let server = start(provider, "echo_server", case, arguments)?;
    talk("echo", case, is_told, &server)?;
    end("echo_server", server)
}

fn tool(provider: &Provider, name: &str) -> Result<(), String> {
    let server = start(provider, "echo_server", name, "0 2")?;
    let folder = format!("{FOLDER}/{name}-{}", server.port);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    succeed(command(&format!("sh tests/use/clients.sh {name} {} {folder}", server.port)), 60)?;
    end("echo_server", server)
}

fn http(provider: &Provider) -> Result<(), String> {
    let server = start(provider, "http_server", "ask", "127.0.0.1:0 2")?;
    let request = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    for _ in 0..5 {
        let answer = ask(server.port, request)?;
        if !answer.ends_with("\r\n\r\nCoroutines answer.\n") {
            return Err(format!("the answer is {answer:?}"));
        }
    }
    end("http_server", server)
}
