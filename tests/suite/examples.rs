//! The programs of examples/ and examples/patterns/. Each prints the text of its last comment. Clients talk to the
//! servers and end them.

use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::compiler::Compiler;
use crate::files::read;
use crate::process::{Result, succeed};
use crate::selection::sources;
use crate::servers::{Server, ask};

const GET: &str = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

#[derive(Clone)]
struct Examples {
    compiler: &'static Compiler,
    folder: PathBuf,
}

/// Each example in the first variant of `compiler`, built in `folder`.
pub fn cases(compiler: &'static Compiler, folder: &Path) -> Result<Vec<Case>> {
    let examples = Examples { compiler, folder: folder.into() };
    let patterns = sources("examples/patterns", compiler.languages)?;
    let names = sources("examples", compiler.languages)?.into_iter().chain(patterns);
    let names =
        names.filter_map(|path| Some(path.strip_prefix("examples").ok()?.to_str()?.to_string()));
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_string();
    let names = names.filter(|name| !compiler.skips(&stem(name)));
    let case = |name: String| {
        let examples = examples.clone();
        Case::new(format!("example {name}"), move || match &*name {
            "echo_server.c" | "patterns/tcp_server.c" => {
                examples.is_asked(&name, "the same", "the same")
            }
            "http_server.c" => examples.is_asked(&name, GET, "\r\n\r\nCoroutines answer.\n"),
            "downloader.c" => examples.downloads(),
            _ => examples.prints(&name, "README.md"),
        })
    };
    Ok(names.map(case).collect())
}

impl Examples {
    /// Builds an example for the case of the example `user`.
    fn build(&self, name: &str, user: &str) -> Result<PathBuf> {
        let program = self.folder.join(format!("example-{user}-{name}").replace('/', "-"));
        let source = Path::new("examples").join(name);
        self.compiler.build(&self.compiler.variants[0], &source, &program, Path::new(""))?;
        Ok(program)
    }

    fn prints(&self, name: &str, argument: &str) -> Result {
        let program = self.build(name, name)?;
        let mut run = self.compiler.run(&self.compiler.variants[0], &program);
        run.arg(argument);
        self.check(name, &succeed(run, 120)?)
    }

    fn check(&self, name: &str, output: &str) -> Result {
        ensure!(!self.compiler.complains(output), "{output}");
        check_output(name, output)
    }

    fn start(&self, name: &str, user: &str) -> Result<Server> {
        let program = self.build(name, user)?;
        let run = self.compiler.run(&self.compiler.variants[0], &program);
        Server::start(run, program.with_extension("output"))
    }

    fn is_asked(&self, name: &str, request: &str, answer: &str) -> Result {
        let server = self.start(name, name)?;
        for _ in 0..5 {
            let got = ask(server.port, request)?;
            ensure!(got.ends_with(answer), "the answer is {got:?}");
        }
        self.check(name, &server.finish()?)
    }

    fn downloads(&self) -> Result {
        let server = self.start("http_server.c", "downloader.c")?;
        self.prints("downloader.c", &format!("127.0.0.1:{}", server.port))?;
        self.check("http_server.c", &server.finish()?)
    }
}

/// Compares the output of an example with its last comment, `Prints:`. A line of three dots matches any lines, and `#`
/// matches a number.
pub fn check_output(name: &str, output: &str) -> Result {
    let text = read(Path::new("examples").join(name))?;
    let (_, expected) = text.rsplit_once("/* Prints:\n").ok_or("no comment has \"Prints:\"")?;
    let expected = expected.rsplit_once("\n */").map_or(expected, |(lines, _)| lines);
    let expected: Vec<_> =
        expected.lines().map(|line| line.strip_prefix(" * ").unwrap_or_default()).collect();
    compare_lines(&expected, output)
}

/// Ends the server of an example, and compares its output with its last comment.
pub fn end(name: &str, server: Server) -> Result {
    check_output(&format!("{name}.c"), &server.finish()?)
}

pub fn compare_lines(expected: &[&str], output: &str) -> Result {
    let lines: Vec<_> = output.lines().collect();
    let text = expected.join("\n");
    ensure!(lines_match(expected, &lines), "expected:\n{text}\nprinted:\n{output}");
    Ok(())
}

fn lines_match(expected: &[&str], lines: &[&str]) -> bool {
    let words_match = |(wanted, present): (&str, &str)| {
        wanted == present || wanted == "#" && present.parse::<f64>().is_ok()
    };
    match (expected, lines) {
        ([], _) => lines.is_empty(),
        (["...", rest @ ..], _) => (0..=lines.len()).any(|at| lines_match(rest, &lines[at..])),
        ([_, ..], []) => false,
        ([wanted, expected @ ..], [line, lines @ ..]) => {
            wanted.split_whitespace().count() == line.split_whitespace().count()
                && wanted.split_whitespace().zip(line.split_whitespace()).all(words_match)
                && lines_match(expected, lines)
        }
    }
}
