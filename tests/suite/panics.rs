//! Rust panics in coroutines: caught inside, or leaving an entry function.

use std::os::unix::process::ExitStatusExt;

use crate::case::{Case, ensure};
use crate::files::absolute;
use crate::process::{Result, run, scratch, succeed};
use crate::targets::Target;
use crate::toolchain::{self, command};

const OPTIONS: &str = "--edition 2024 -D warnings -C panic=unwind";

pub fn cases() -> Vec<Case> {
    let case = |rustc: &'static str, kind: &'static str| {
        Case::new(format!("{rustc} {kind}"), move || check(&build(rustc, kind, "build")?))
    };
    vec![case("rustc -O", "static"), case("rustc", "dylib")]
}

pub fn target_cases(target: &'static Target) -> Result<Vec<Case>> {
    let (compiler, triple) = (target.compiler, target.triple());
    compiler.make()?;
    Ok(vec![Case::new(format!("rustc --target {triple}"), move || {
        let linker = toolchain::program(compiler.c);
        let options = format!("--target {triple} -C linker={}", linker.display());
        let program = build(&format!("/usr/bin/rustc {options}"), "static", compiler.library)?;
        check(&format!("{} {program}", compiler.runner))
    })])
}

/// Compiles tests/panics/panics.rs with the library in `folder`, of rustc's `kind`.
fn build(rustc: &str, kind: &str, folder: &str) -> Result<String> {
    let place = format!("panics/{kind}-{}", folder.replace('/', "-"));
    let program = format!("{}/panics", scratch(&place)?.display());
    let mut build = command(&format!("{rustc} {OPTIONS} tests/panics/panics.rs -o {program}"));
    build.args(["-l", &format!("{kind}=aco"), "-L", folder]);
    build.arg("-C").arg(format!("link-arg=-Wl,-rpath,{}", absolute(folder)));
    succeed(build, 120)?;
    Ok(program)
}

/// Each panic is caught inside its coroutine. After a panic that leaves its entry function, the library prints its line
/// after the panic's own, and the process aborts.
fn check(program: &str) -> Result {
    let output = succeed(command(program), 60)?;
    ensure!(output == "all caught\n", "{output}");
    let mut leaves = command(&format!("{program} leaves"));
    leaves.env("RUST_BACKTRACE", "1");
    let outcome = run(leaves, 60)?;
    let text = &outcome.text;
    let after = text.split_once("out of the entry function").map_or("", |(_, after)| after);
    let (backtrace, line) =
        after.split_once("\naco: fatal: aco_resume(0x").ok_or_else(|| text.clone())?;
    let reason =
        "): an exception leaves the entry function (a coroutine catches its exceptions itself)\n";
    let is_told =
        [reason, ", entry 0x", "failed to initiate panic"].iter().all(|t| line.contains(t));
    let is_traced = backtrace.contains("panics::leaves") && backtrace.contains("panics::main");
    let is_aborted = outcome.status.signal() == Some(libc::SIGABRT);
    ensure!(is_told && is_traced && is_aborted, "{}\n{text}", outcome.status);
    Ok(())
}
