//! The programs of examples/: each prints what its last comment says. Those that are servers are spoken
//! to, and ended.

use std::fs;
use std::path::{Path, PathBuf};

use crate::c_tests::{build, runner, sources};
use crate::compilers::Compiler;
use crate::process::succeed;
use crate::servers::{Server, ask};
use crate::work::Case;

/// Every example in the first variant of `compiler`, built in `folder`.
pub fn cases(compiler: &'static Compiler, folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for source in sources("examples", compiler.languages) {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        // C and C++ have examples of one stem.
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if compiler.never.contains(&&*stem) {
            continue;
        }
        let folder = folder.to_path_buf();
        cases.push(Case::new(format!("example {name}"), move || {
            let example = Example { compiler, folder };
            match &*name {
                "echo_server.c" => example.is_asked(&name, "the same", "the same"),
                "http_server.c" => example.is_asked(&name, GET, "\r\n\r\nCoroutines answer.\n"),
                "downloader.c" => example.downloads(),
                _ => example.prints(&name, "README.md"),
            }
        }));
    }
    cases
}

const GET: &str = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

struct Example {
    compiler: &'static Compiler,
    folder: PathBuf,
}

impl Example {
    fn source(name: &str) -> PathBuf {
        Path::new("examples").join(name)
    }

    /// Builds an example for the example `user`.
    fn built(&self, name: &str, user: &str) -> Result<PathBuf, String> {
        let program = self.folder.join(format!("example-{user}-{name}"));
        // No example is linked as programs of the past are.
        let past = Path::new("");
        build(self.compiler, &self.compiler.variants[0], &Self::source(name), &program, past)?;
        Ok(program)
    }

    fn prints(&self, name: &str, argument: &str) -> Result<(), String> {
        let program = self.built(name, name)?;
        let mut command = runner(self.compiler, &self.compiler.variants[0], &program);
        command.arg(argument);
        self.check(name, &succeed(command, 120)?)
    }

    fn check(&self, name: &str, output: &str) -> Result<(), String> {
        let complaint = self.compiler.complaints.iter().find(|text| output.contains(**text));
        if complaint.is_some() { Err(output.to_string()) } else { check_output(name, output) }
    }

    fn server(&self, name: &str, user: &str) -> Result<Server, String> {
        let program = self.built(name, user)?;
        let command = runner(self.compiler, &self.compiler.variants[0], &program);
        Server::start(command, program.with_extension("output"))
    }

    fn is_asked(&self, name: &str, request: &str, answer: &str) -> Result<(), String> {
        let server = self.server(name, name)?;
        for _ in 0..5 {
            let got = ask(server.port, request)?;
            if !got.ends_with(answer) {
                return Err(format!("the answer is {got:?}"));
            }
        }
        self.check(name, &server.finish()?)
    }

    fn downloads(&self) -> Result<(), String> {
        let server = self.server("http_server.c", "downloader.c")?;
        self.prints("downloader.c", &format!("127.0.0.1:{}", server.port))?;
        self.check("http_server.c", &server.finish()?)
    }
}

/// An example prints what stands in its own last comment, `Prints:`, line by line; a line of
/// three dots stands for any lines, and `#` for a number.
pub fn check_output(name: &str, output: &str) -> Result<(), String> {
    let text = fs::read_to_string(Example::source(name)).map_err(|error| error.to_string())?;
    let Some((_, promised)) = text.rsplit_once("/* Prints:\n") else {
        return Err("the example does not say what it prints".to_string());
    };
    let promised = promised.rsplit_once("*/").map_or(promised, |(lines, _)| lines);
    let promised: Vec<_> =
        promised.lines().map(|line| line.strip_prefix(" * ").unwrap_or_default()).collect();
    let promised = &promised[..promised.len().saturating_sub(1)];
    let got: Vec<_> = output.lines().collect();
    if lines_match(promised, &got) {
        Ok(())
    } else {
        Err(format!("promised:\n{}\nprinted:\n{output}", promised.join("\n")))
    }
}

pub fn lines_match(promised: &[&str], got: &[&str]) -> bool {
    match promised {
        [] => got.is_empty(),
        ["...", rest @ ..] => (0..=got.len()).any(|skipped| lines_match(rest, &got[skipped..])),
        [line, rest @ ..] => got.first().is_some_and(|first| {
            let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
            let (wanted, present) = (words(line), words(first));
            let same = |(wanted, present): (&String, &String)| {
                wanted == present || wanted == "#" && present.parse::<f64>().is_ok()
            };
            wanted.len() == present.len()
                && wanted.iter().zip(&present).all(same)
                && lines_match(rest, &got[1..])
        }),
    }
}
