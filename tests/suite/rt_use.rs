//! The runtime in real use: the servers of examples/ with clients from elsewhere (nc, socat, curl,
//! wrk, Python's asyncio and http.client), and with those that stall, reset, flood and come in thousands.

use std::path::PathBuf;

use crate::examples::check_output;
use crate::process::{command, run, scratch, succeed};
use crate::servers::Server;
use crate::survival;
use crate::work::Case;

const FOLDER: &str = "build/test/rt-use";

/// A case of a script of tests/use, the arguments of the server, and whether it is told the server's process.
pub type Client = (&'static str, &'static str, bool);

/// Those of tests/use/echo.py.
pub const ECHO: [Client; 10] = [
    ("ten_thousand", "0 2 60000 200", true),
    ("many_talk", "0 2", false),
    ("one_byte_at_a_time", "0 2", false),
    ("half_closes", "0 2", false),
    ("resets", "0 2", false),
    ("stalls", "0 2 500", false),
    ("floods", "0 1", false),
    ("more_than_files", "0 2", false),
    ("shutdown_under_load", "0 2 60000 1500", true),
    ("accepted_by_the_system", "0 3 60000 10000", true),
];

/// Those of tests/use/web.py.
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

/// Has a script of tests/use talk to a server; what it prints.
pub fn talk(script: &str, case: &str, is_told: bool, server: &Server) -> Result<String, String> {
    let mut line = format!("python3 tests/use/{script}.py {case} {}", server.port);
    if is_told {
        line += &format!(" {}", server.process());
    }
    succeed(command(&line), 60)
}

pub fn cases() -> Result<Vec<Case>, String> {
    scratch("rt-use")?;
    for name in ["echo_server", "http_server", "downloader"] {
        let line = format!("cc -O2 -std=gnu11 -Wall -Wextra -Werror -Iinclude examples/{name}.c");
        succeed(command(&format!("{line} -o {FOLDER}/{name} build/libaco.a -lpthread")), 60)?;
    }
    let mut cases = Vec::new();
    for (server, script, table) in
        [("echo_server", "echo", &ECHO[..]), ("http_server", "web", &WEB[..])]
    {
        cases.extend(table.iter().map(|(case, arguments, is_told)| {
            Case::new(format!("{script}.py {case}"), move || {
                let started = start(server, case, arguments)?;
                print!("{}", talk(script, case, *is_told, &started)?);
                end(server, started)
            })
        }));
    }
    for (name, kind) in
        [("echo_server", survival::ECHO_SERVER), ("http_server", survival::HTTP_SERVER)]
    {
        cases.push(Case::new(format!("what {name} survives"), move || {
            let program = PathBuf::from(format!("{FOLDER}/{name}-survival"));
            survival::build(&PathBuf::from(format!("examples/{name}.c")), &program)?;
            survival::survives(&program, kind)
        }));
    }
    cases.extend(FLOODS.iter().flat_map(|&server| [1, 10, 200].map(|count| flood(server, count))));
    for (tool, server) in [("nc", "echo_server"), ("socat", "echo_server"), ("curl", "http_server")]
    {
        cases.push(Case::new(tool, move || {
            let started = start(server, tool, "")?;
            let folder = format!("{FOLDER}/{tool}");
            std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            let line = format!("sh tests/use/clients.sh {tool} {} {folder}", started.port);
            succeed(command(&line), 60)?;
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

/// Servers of one worker that tests/use/floods.py floods, and their arguments.
const FLOODS: [(&str, &str, &str); 2] =
    [("echo_server", "echo", "0 1 60000 300"), ("http_server", "http", "127.0.0.1:0 1")];

/// So many clients flood a server, by one byte at a time and by a mebibyte; SIGINT ends it, and SIGTERM.
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
            print!("{}", succeed(command(&line), 60)?);
            end(server, started)?;
        }
        Ok(())
    })
}

fn start(server: &str, case: &str, arguments: &str) -> Result<Server, String> {
    let output = PathBuf::from(format!("{FOLDER}/{server}-{}.output", case.replace(' ', "-")));
    let limit = if case == "more_than_files" { "prlimit --nofile=60:60 " } else { "" };
    Server::start(command(&format!("{limit}{FOLDER}/{server} {arguments}")), output)
}

fn end(name: &str, server: Server) -> Result<(), String> {
    check_output(&format!("{name}.c"), &server.finish()?)
}

/// Two seconds of load, without an error; the rate is shown, and not judged: it is the machine's.
fn wrk() -> Result<(), String> {
    let server = start("http_server", "wrk", "127.0.0.1:0 2")?;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let report = succeed(command(&format!("wrk -t1 -c100 -d2s {url}")), 30)?;
    let rate = report.lines().find(|line| line.starts_with("Requests/sec:"));
    let rate = rate.ok_or_else(|| report.clone())?;
    if report.contains("Socket errors") || report.contains("Non-2xx") {
        return Err(report);
    }
    println!("wrk, 100 connections: {rate}");
    end("http_server", server)
}

/// The server ends in order while wrk loads it; wrk, whose connections end, does not hang.
fn wrk_and_the_end() -> Result<(), String> {
    let server = start("http_server", "wrk and SIGTERM", "127.0.0.1:0 2")?;
    let line = format!("wrk -t1 -c100 -d2s http://127.0.0.1:{}/", server.port);
    let load = std::thread::spawn(move || run(command(&line), 30));
    std::thread::sleep(std::time::Duration::from_secs(1));
    end("http_server", server)?;
    let report = load.join().map_err(|_| "wrk's thread panics")??.output;
    let answered = report.contains("Requests/sec:") && !report.contains("Requests/sec:      0.00");
    if answered { Ok(()) } else { Err(report) }
}

/// Sixty files, by few and by many at a time; more than once at once.
fn downloads() -> Result<(), String> {
    let server = start("http_server", "downloads", "")?;
    let port = server.port;
    let download = move |most: u32| -> Result<(), String> {
        let line = format!("{FOLDER}/downloader localhost:{port} {most}");
        check_output("downloader.c", &succeed(command(&line), 60)?)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = [1, 8, 60].map(|most| scope.spawn(move || download(most))).into();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a thread panics")?)
    })?;
    end("http_server", server)
}
