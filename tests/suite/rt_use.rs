//! The runtime in use: the servers of examples/ with clients of other projects (nc, socat, curl, wrk, asyncio and
//! http.client of Python), and with clients that stall, reset, flood and come in thousands.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::case::{Case, ensure};
use crate::examples::{check_output, end};
use crate::process::{Result, run, scratch, succeed};
use crate::servers::Server;
use crate::survival;
use crate::toolchain::command;

const FOLDER: &str = "build/test/rt-use";

/// A case of a script of tests/use, the arguments of the server, and whether the script is told the server's process.
pub type Client = (&'static str, &'static str, bool);

/// The cases of tests/use/echo.py.
pub const ECHO: [Client; 10] = [
    ("ten_thousand", "0 2 60000 200", true),
    ("many_talk", "0 2", false),
    ("one_byte_at_a_time", "0 2", false),
    ("half_closes", "0 2", false),
    ("resets", "0 2", false),
    ("stalls", "0 2 500", false),
    ("floods", "0 1", false),
    ("more_than_files", "0 2", false),
    ("shutdown_under_load", "0 2 60000 4000", true),
    ("accepted_by_the_system", "0 3 60000 10000", true),
];

/// The cases of tests/use/web.py.
const WEB: [Client; 9] = [
    ("one_connection", "127.0.0.1:0 2", false),
    ("pipelines", "127.0.0.1:0 1", false),
    ("one_byte_at_a_time", "127.0.0.1:0 2", false),
    ("old_and_polite", "127.0.0.1:0 2", false),
    ("refusals", "127.0.0.1:0 2", false),
    ("mutations", "127.0.0.1:0 2", false),
    ("resets", "127.0.0.1:0 3", false),
    ("stalls", "127.0.0.1:0 2 500", false),
    ("shutdown_in_the_middle", "127.0.0.1:0 2", true),
];

/// Runs a case of a script of tests/use with a server, and returns its output.
pub fn talk(script: &str, case: &str, is_told: bool, server: &Server) -> Result<String> {
    let mut talk = command(&format!("python3 tests/use/{script}.py {case} {}", server.port));
    talk.env("ACO_SERVER", server.process().to_string());
    talk.args(is_told.then(|| server.process().to_string()));
    succeed(talk, 300)
}

/// The command of a server, with few descriptors for the case that needs more.
pub fn limit(case: &str) -> &'static str {
    if case == "more_than_files" { "prlimit --nofile=60:60 " } else { "" }
}

pub fn cases() -> Result<Vec<Case>> {
    scratch("rt-use")?;
    for name in ["echo_server", "http_server", "downloader"] {
        let line = format!("cc -O2 -std=gnu11 -Iinclude examples/{name}.c");
        succeed(command(&format!("{line} -o {FOLDER}/{name} build/libaco.a -lpthread")), 60)?;
    }
    let mut cases = Vec::new();
    for (server, script, table, kind) in [
        ("echo_server", "echo", &ECHO[..], survival::ECHO_SERVER),
        ("http_server", "web", &WEB[..], survival::HTTP_SERVER),
    ] {
        cases.extend(table.iter().map(|(case, arguments, is_told)| {
            Case::new(format!("{script}.py {case}"), move || {
                let started = start(server, case, arguments)?;
                print!("{}", talk(script, case, *is_told, &started)?);
                end(server, started)
            })
        }));
        cases.push(Case::new(format!("what {server} survives"), move || {
            let program = PathBuf::from(file(&format!("{server}-survival")));
            survival::build(Path::new(&format!("examples/{server}.c")), &program)?;
            survival::survives(&program, kind)
        }));
    }
    cases.push(Case::new("what the chat server of the guide survives", || {
        let program = PathBuf::from(file("chat-survival"));
        survival::build(Path::new("docs/guide/09-shutdown.c"), &program)?;
        survival::survives(&program, survival::CHAT)
    }));
    cases.extend(FLOODS.iter().flat_map(|&server| [1, 10, 200].map(|count| flood(server, count))));
    for (tool, server) in [("nc", "echo_server"), ("socat", "echo_server"), ("curl", "http_server")]
    {
        cases.push(Case::new(tool, move || {
            let started = start(server, tool, "")?;
            tool_talks(tool, &started, &file(tool))?;
            end(server, started)
        }));
    }
    cases.push(Case::new("wrk", wrk));
    cases.push(Case::new("wrk, and SIGTERM", wrk_and_the_end));
    cases.push(Case::new("downloader", downloads));
    cases.push(Case::new("downloads.py", || {
        succeed(command(&format!("python3 tests/use/downloads.py {FOLDER}/downloader")), 60)
            .map(drop)
    }));
    Ok(cases)
}

/// Runs nc, socat or curl with a server, in a folder for its files.
pub fn tool_talks(tool: &str, server: &Server, folder: &str) -> Result {
    std::fs::create_dir_all(folder)?;
    let line = format!("sh tests/use/clients.sh {tool} {} {folder}", server.port);
    succeed(command(&line), 60).map(drop)
}

/// Servers of one worker for tests/use/floods.py, and their arguments.
const FLOODS: [(&str, &str, &str); 2] =
    [("echo_server", "echo", "0 1 60000 300"), ("http_server", "http", "127.0.0.1:0 1")];

/// `count` clients flood a server, in steps of one byte and of a mebibyte. SIGINT ends one server, SIGTERM the other.
fn flood(
    (server, what, arguments): (&'static str, &'static str, &'static str),
    count: u32,
) -> Case {
    Case::new(format!("floods.py {what}, {count} clients"), move || {
        for (bytes, signal) in [(1, libc::SIGINT), (1 << 20, libc::SIGTERM)] {
            let started = start(server, &format!("flood-{count}-{bytes}"), arguments)?;
            let (port, process) = (started.port, started.process());
            let numbers = format!("{port} {process} {count} {bytes} {signal}");
            let line = format!("python3 tests/use/floods.py {what} {numbers}");
            print!("{}", succeed(command(&line), 300)?);
            end(server, started)?;
        }
        Ok(())
    })
}

fn start(server: &str, case: &str, arguments: &str) -> Result<Server> {
    let output = PathBuf::from(file(&format!("{server}-{}.output", case.replace(' ', "-"))));
    Server::start(command(&format!("{}{FOLDER}/{server} {arguments}", limit(case))), output)
}

/// A new path for a file or folder: the lane `repeat` runs copies of a case at the same time.
fn file(name: &str) -> String {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    format!("{FOLDER}/{}-{name}", FILES.fetch_add(1, Ordering::Relaxed))
}

/// Loads the server for two seconds without an error. The rate, which depends on the machine, is only printed.
fn wrk() -> Result {
    let server = start("http_server", "wrk", "127.0.0.1:0 2")?;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let report = succeed(command(&format!("wrk -t1 -c100 -d2s {url}")), 30)?;
    let rate = report.lines().find(|line| line.starts_with("Requests/sec:")).ok_or(&*report)?;
    let has_errors = report.contains("Socket errors") || report.contains("Non-2xx");
    ensure!(!has_errors, "{report}");
    println!("wrk, 100 connections: {rate}");
    end("http_server", server)
}

/// Ends the server while wrk loads it. wrk, whose connections end, does not hang.
fn wrk_and_the_end() -> Result {
    let server = start("http_server", "wrk and SIGTERM", "127.0.0.1:0 2")?;
    let line = format!("wrk -t1 -c100 -d2s http://127.0.0.1:{}/", server.port);
    let load = std::thread::spawn(move || run(command(&line), 30));
    std::thread::sleep(std::time::Duration::from_secs(1));
    end("http_server", server)?;
    let report = load.join().map_err(|_| "the thread of wrk panics")??.text;
    let answered = report.contains("Requests/sec:") && !report.contains("Requests/sec:      0.00");
    ensure!(answered, "{report}");
    Ok(())
}

/// Downloads sixty files by 1, 8 and 60 tasks, all three at the same time.
fn downloads() -> Result {
    let server = start("http_server", "downloads", "")?;
    let port = server.port;
    let download = move |most: u32| {
        let line = format!("{FOLDER}/downloader localhost:{port} {most}");
        check_output("downloader.c", &succeed(command(&line), 60)?)
    };
    std::thread::scope(|scope| {
        let all = [1, 8, 60].map(|most| scope.spawn(move || download(most)));
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a thread panics")?)
    })?;
    end("http_server", server)
}
