//! bindings/: the test files of each language, with the installed headers and libraries.

use std::fs;
use std::path::Path;

use crate::case::{Case, ensure};
use crate::compiler::Compiler;
use crate::compilers::CC;
use crate::files::{absolute, read};
use crate::install::{make, prefix};
use crate::process::{Result, succeed};
use crate::targets::TARGETS;
use crate::toolchain::command;

const ZIG_RUN: &str = "build/zig/ziglang/zig run -lc";
const ZIG: &str = "build/zig/ziglang/zig test bindings/zig/test_aco.zig -lc";

/// The modes of Zig for the host. `targets` has those for others.
const ZIG_NATIVE: [(&str, &str); 2] = [("native", "Debug"), ("native", "ReleaseFast")];

pub fn cases() -> Result<Vec<Case>> {
    let (folder, prefix) = prefix("bindings")?;
    make("install", &[("PREFIX", &prefix)])?;
    for target in &TARGETS {
        target.compiler.make()?;
    }
    let mut cases = Vec::new();
    for test in ["test_aco", "test_acort", "test_surroundings"] {
        cases.push(with_library(format!("python3 -B bindings/python/{test}.py"), &prefix));
    }
    let bodies = absolute(folder.join("bodies.so"));
    let line = format!("cc -O2 -shared -fPIC -I{prefix}/include bindings/luajit/bodies.c");
    succeed(command(&format!("{line} -o {bodies} -L{prefix}/lib -laco")), 60)?;
    for option in ["", "-joff", "-Ohotloop=2"] {
        let line = format!("luajit {option} bindings/luajit/test_aco.lua {bodies}");
        cases.push(with_library(line, &prefix));
    }
    cases.extend(programs_of_the_page(&folder, &prefix)?);
    let of_targets = TARGETS.iter().flat_map(|it| it.zig.iter().map(|zig| (*zig, it.compiler)));
    let all = ZIG_NATIVE.into_iter().map(|zig| (zig, &CC)).chain(of_targets);
    for ((target, mode), compiler) in all {
        let (folder, prefix) = (folder.clone(), prefix.clone());
        cases.push(Case::new(format!("zig {target} {mode}"), move || {
            zig(target, mode, compiler, &folder, &prefix)
        }));
    }
    Ok(cases)
}

/// The programs of bindings/README.md, by the language of their block. Each prints the block `text prints` after it.
fn programs_of_the_page(folder: &Path, prefix: &str) -> Result<Vec<Case>> {
    const PAGE: &str = "bindings/README.md";
    fs::copy("bindings/zig/aco.zig", folder.join("aco.zig"))?;
    let page = read(PAGE)?;
    // Every second part is inside of a block.
    let blocks: Vec<_> = page.split("```").skip(1).step_by(2).collect();
    let mut cases = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        let Some((language, program)) = block.split_once('\n') else { continue };
        let path = folder.join(format!("page-{number}.{language}"));
        let file = path.display();
        let line = match language {
            "python" => format!("python3 -B {file}"),
            "lua" => format!("luajit {file}"),
            "zig" => format!("{ZIG_RUN} {file} -I{prefix}/include {prefix}/lib/libaco.a"),
            _ => continue,
        };
        let shown = blocks.get(number + 1).and_then(|next| next.strip_prefix("text prints\n"));
        let shown =
            shown.ok_or(format!("{PAGE}: the block of {language} says not what it prints"))?;
        fs::write(&path, program)?;
        let (library, shown) = (format!("{prefix}/lib"), shown.to_string());
        cases.push(Case::new(format!("{PAGE}: {language}, block {number}"), move || {
            let mut program = command(&line);
            program.env("PYTHONPATH", "bindings/python").env("LUA_PATH", "bindings/luajit/?.lua");
            program.env("ACO_LIBRARY", format!("{library}/libaco.so.1"));
            let printed = succeed(program.env("LD_LIBRARY_PATH", &library), 300)?;
            ensure!(printed == shown, "prints\n{printed}and not\n{shown}");
            Ok(())
        }));
    }
    ensure!(cases.len() >= 4, "{PAGE} has {} programs", cases.len());
    Ok(cases)
}

/// A test that loads the installed library.
fn with_library(line: String, prefix: &str) -> Case {
    let folder = format!("{prefix}/lib");
    Case::new(line.clone(), move || {
        let mut test = command(&line);
        test.env("ACO_LIBRARY", format!("{folder}/libaco.so.1")).env("LD_LIBRARY_PATH", &folder);
        succeed(test, 300).map(drop)
    })
}

fn zig(target: &str, mode: &str, compiler: &Compiler, folder: &Path, prefix: &str) -> Result {
    let program = folder.join(format!("zig-{target}-{mode}"));
    let library = format!("-I{prefix}/include {}/libaco.a", compiler.library);
    let options = format!("-target {target} -O {mode} --test-no-exec");
    let mut build = command(&format!("{ZIG} {library} {options}"));
    build.arg(format!("-femit-bin={}", program.display()));
    build.env("ZIG_GLOBAL_CACHE_DIR", absolute("build/zig-cache/all"));
    build.env("ZIG_LOCAL_CACHE_DIR", absolute("build/zig-cache/tests"));
    succeed(build, 600)?;
    let test = command(&format!("{} {}", compiler.runner, program.display()));
    let output = succeed(test, 120)?;
    // A program without tests succeeds, too.
    ensure!(output.contains("All 10 tests passed"), "{output}");
    Ok(())
}
