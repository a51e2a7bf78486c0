//! gdb with tools/gdb/aco.py: coroutines in each state, of a live program and in a core file. `steps.rs` steps through
//! switches.

use std::fs;
use std::process::Command;

use crate::case::{Case, ensure};
use crate::process::{Result, run, scratch, succeed};
use crate::toolchain::command;

const FORMS: [&str; 4] = ["-O2", "-O0", "-O2 -DACO_NO_INLINE", "-O1 -fno-omit-frame-pointer"];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, form) in FORMS.into_iter().enumerate() {
        cases.push(Case::new(format!("gdb, live {form}"), move || live(number, form)));
        cases.push(Case::new(format!("gdb, core {form}"), move || core(number, form)));
    }
    cases
}

fn live(number: usize, form: &str) -> Result {
    let program = build(&format!("live-{number}"), form)?;
    let commands = ["break stop_here", "run", "aco list", "aco bt all", "bt", "continue"];
    let text = gdb(&commands, &program)?;
    check_list(&text)?;
    check_frames(&text)?;
    // From the running coroutine through its root to main().
    let own = text.split(", running\n").last().unwrap_or_default();
    for function in ["stop_here", "stops", "<signal handler called>", "main"] {
        ensure!(own.contains(function), "no \"{function}\" in:\n{own}");
    }
    ensure!(text.contains("still fine"), "no \"still fine\" in:\n{text}");
    Ok(())
}

fn core(number: usize, form: &str) -> Result {
    let program = build(&format!("core-{number}"), form)?;
    let (folder, _) = program.rsplit_once('/').ok_or("no folder")?;
    let core = match core_of(folder)? {
        Some(core) => core,
        // The system writes cores elsewhere. A core of gdb's own lacks the memory after a guard page.
        None => {
            let save = format!("generate-core-file {folder}/core");
            gdb(&["run die-unguarded", &save, "kill"], &program)?;
            format!("{folder}/core")
        }
    };
    let text = gdb(&[&format!("core-file {core}"), "aco list", "aco bt all"], &program)?;
    check_list(&text)?;
    check_frames(&text)
}

/// The core file that the system writes when the program in `folder` dies, if it writes one there.
fn core_of(folder: &str) -> Result<Option<String>> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited && ./coroutines die"]).current_dir(folder);
    run(shell, 60)?;
    let names =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let core = { names }.find(|name| name.starts_with("core") && name != "coroutines");
    Ok(core.map(|name| format!("{folder}/{name}")))
}

fn build(name: &str, form: &str) -> Result<String> {
    let program = format!("{}/coroutines", scratch(&format!("gdb/{name}"))?.display());
    let line = format!("cc -g {form} -Iinclude tests/gdb/coroutines.c -o {program}");
    succeed(command(&format!("{line} build/libaco.a")), 60)?;
    Ok(program)
}

fn gdb(commands: &[&str], program: &str) -> Result<String> {
    let mut gdb = command("gdb -q -batch -nx");
    gdb.args(["-ex", "set debuginfod enabled off", "-ex", "source tools/gdb/aco.py"]);
    gdb.args(commands.iter().flat_map(|line| ["-ex", line]));
    succeed(gdb.arg(program), 60)
}

/// Checks that each coroutine is listed in its state, and no other.
fn check_list(text: &str) -> Result {
    let (list, _) = text.split_once("7 coroutines").ok_or_else(|| format!("not 7 in:\n{text}"))?;
    for (state, number) in [
        ("  main  ", 1),
        ("  suspended  ", 2),
        ("  suspended, copied out", 1),
        ("  ended  ", 1),
        ("  not started  ", 1),
        ("  running  ", 1),
    ] {
        let count = list.lines().filter(|line| line.contains(state)).count();
        ensure!(count == number, "{count} times \"{state}\" in:\n{list}");
    }
    Ok(())
}

/// Checks the frames of the three suspended coroutines: four calls of deep(), six in the one whose frames are copied
/// out, and the entry function.
fn check_frames(text: &str) -> Result {
    let is_suspended =
        |block: &&str| block.lines().next().is_some_and(|line| line.contains("worker, suspended"));
    let mut found = 0;
    for block in text.split("coroutine 0x").filter(is_suspended) {
        let frames: Vec<_> = block.lines().filter(|line| line.starts_with("  #")).collect();
        let calls = frames.iter().filter(|line| line.contains(" in deep ()")).count();
        let is_whole = frames.last().is_some_and(|line| line.contains(" in worker ()"));
        let wanted = if block.contains(", suspended, copied out\n") { 6 } else { 4 };
        ensure!(calls == wanted && is_whole, "{calls} frames of deep() in:\n{block}");
        found += 1;
    }
    ensure!(found == 3, "{found} suspended coroutines in:\n{text}");
    Ok(())
}
