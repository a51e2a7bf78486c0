//! Rust panics in coroutines: caught inside, or leaving an entry function.

use std::os::unix::process::ExitStatusExt;

use crate::compilers::Compiler;
use crate::process::{command, root, run, scratch, succeed};
use crate::work::Case;

const OPTIONS: &str = "--edition 2024 -D warnings -C panic=unwind";

/// Compiles tests/panics/panics.rs, `kind` of library being what rustc calls it.
fn build(rustc: &str, kind: &str, folder: &str) -> Result<String, String> {
    let place = format!("panics/{kind}-{}", folder.replace('/', "-"));
    let program = format!("{}/panics", scratch(&place)?.display());
    let mut build = command(&format!("{rustc} {OPTIONS} tests/panics/panics.rs -o {program}"));
    build.args(["-l", &format!("{kind}=aco"), "-L", folder]);
    build.arg("-C").arg(format!("link-arg=-Wl,-rpath,{}", root().join(folder).display()));
    succeed(build, 120)?;
    Ok(program)
}

/// Every panic is caught; one that is not has our line, after its own, and the process aborts.
fn check(program: &str) -> Result<(), String> {
    let output = succeed(command(program), 60)?;
    if output != "all caught\n" {
        return Err(output);
    }
    let mut leaves = command(&format!("{program} leaves"));
    leaves.env("RUST_BACKTRACE", "1");
    let outcome = run(leaves, 60)?;
    let after = outcome.output.split_once("out of the entry function").map(|(_, after)| after);
    let (backtrace, line) = after
        .and_then(|after| after.split_once("\naco: fatal: aco_resume(0x"))
        .ok_or(outcome.output.clone())?;
    let told = line.contains(
        "): an exception leaves the entry function (a coroutine catches its exceptions itself)\n",
    ) && line.contains(", entry 0x")
        && line.contains("failed to initiate panic");
    let walked = backtrace.contains("panics::leaves") && backtrace.contains("panics::main");
    if outcome.status.signal() == Some(libc::SIGABRT) && told && walked {
        Ok(())
    } else {
        Err(format!("{}\n{}", outcome.status, outcome.output))
    }
}

pub fn cases() -> Vec<Case> {
    let ways = [("rustc -O", "static"), ("rustc", "dylib")];
    let case = |(rustc, kind): (&'static str, &'static str)| {
        Case::new(format!("{rustc} {kind}"), move || check(&build(rustc, kind, "build")?))
    };
    ways.into_iter().map(case).collect()
}

pub fn aarch64_cases() -> Result<Vec<Case>, String> {
    let compiler = &Compiler::AARCH64;
    succeed(command(&format!("make --silent {}", compiler.make)), 600)?;
    Ok(vec![Case::new("rustc --target aarch64-unknown-linux-gnu", move || {
        let target = "--target aarch64-unknown-linux-gnu";
        let rustc = format!("/usr/bin/rustc {target} -C linker={}", compiler.c);
        let program = build(&rustc, "static", compiler.library)?;
        check(&format!("{} {program}", compiler.runner))
    })])
}
