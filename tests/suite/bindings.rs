//! bindings/: each language's own test file, over the installed headers and libraries.

use std::path::Path;
use std::process::Command;

use crate::compilers::Compiler;
use crate::install::{make, prefix};
use crate::process::{command, root, succeed};
use crate::work::Case;

const ZIG: &str = "build/zig/ziglang/zig test bindings/zig/test_aco.zig -lc";

/// What Zig builds for: the target, its mode, whose library, and what runs the tests.
const ZIG_TARGETS: [(&str, &str, &Compiler); 4] = [
    ("native", "Debug", &Compiler::CC),
    ("native", "ReleaseFast", &Compiler::CC),
    ("aarch64-linux-gnu.2.36", "Debug", &Compiler::AARCH64),
    ("aarch64-linux-musl", "ReleaseFast", &Compiler::AARCH64),
];

pub fn cases() -> Result<Vec<Case>, String> {
    let (folder, prefix) = prefix("bindings")?;
    make("install", &[("PREFIX", &prefix)])?;
    succeed(command(&format!("make --silent {}", Compiler::AARCH64.make)), 600)?;
    let mut cases = Vec::new();
    for test in ["test_aco", "test_acort", "test_surroundings"] {
        let line = format!("python3 -B bindings/python/{test}.py");
        cases.push(with_library(line, &prefix));
    }
    let bodies = folder.join("bodies.so").to_string_lossy().into_owned();
    let line = format!("cc -O2 -shared -fPIC -I{prefix}/include bindings/luajit/bodies.c");
    succeed(command(&format!("{line} -o {bodies} -L{prefix}/lib -laco")), 60)?;
    for option in ["", "-joff", "-Ohotloop=2"] {
        let bodies = root().join(&bodies);
        let line = format!("luajit {option} bindings/luajit/test_aco.lua {}", bodies.display());
        cases.push(with_library(line, &prefix));
    }
    for (target, mode, compiler) in ZIG_TARGETS {
        let (folder, prefix) = (folder.clone(), prefix.clone());
        cases.push(Case::new(format!("zig {target} {mode}"), move || {
            zig(target, mode, compiler, &folder, &prefix)
        }));
    }
    Ok(cases)
}

/// A test that loads the installed library.
fn with_library(line: String, prefix: &str) -> Case {
    let library = format!("{prefix}/lib/libaco.so.1");
    let path = format!("{prefix}/lib");
    Case::new(line.clone(), move || {
        let mut test = command(&line);
        test.env("ACO_LIBRARY", &library).env("LD_LIBRARY_PATH", &path);
        succeed(test, 300).map(drop)
    })
}

fn zig(
    target: &str,
    mode: &str,
    compiler: &Compiler,
    folder: &Path,
    prefix: &str,
) -> Result<(), String> {
    let program = folder.join(format!("zig-{target}-{mode}"));
    let library = format!("-I{prefix}/include {}/libaco.a", compiler.library);
    let options = format!("-target {target} -O {mode} --test-no-exec");
    let mut build = command(&format!("{ZIG} {library} {options}"));
    build.arg(format!("-femit-bin={}", program.display()));
    for (variable, cache) in [("ZIG_GLOBAL_CACHE_DIR", "all"), ("ZIG_LOCAL_CACHE_DIR", "tests")] {
        build.env(variable, root().join("build/zig-cache").join(cache));
    }
    succeed(build, 600)?;
    let test: Command = command(&format!("{} {}", compiler.runner, program.display()));
    let output = succeed(test, 120)?;
    // The program that runs no test succeeds, too.
    if output.contains("All 10 tests passed") { Ok(()) } else { Err(output) }
}
