//! gdb with tools/gdb/aco.py: coroutines in each state, live and on a core file. The steps of switches
//! are in `steps`.

use std::fs;
use std::process::Command;

use crate::process::{command, run, scratch, succeed};
use crate::work::Case;

pub fn cases() -> Vec<Case> {
    let forms = ["-O2", "-O0", "-O2 -DACO_NO_INLINE", "-O1 -fno-omit-frame-pointer"];
    let mut cases = Vec::new();
    for (number, form) in forms.into_iter().enumerate() {
        cases.push(Case::new(format!("gdb, live {form}"), move || {
            let program = build(&format!("live-{number}"), form)?;
            let text = gdb(
                &["break stop_here", "run", "aco list", "aco bt all", "bt", "continue"],
                &program,
            )?;
            check_list(&text)?;
            check_frames(&text)?;
            // Through the root of the running one to main().
            let own = text.split(", running\n").last().unwrap_or_default();
            for function in ["stop_here", "stops", "<signal handler called>", "main"] {
                wants(own, function)?;
            }
            wants(&text, "still fine")
        }));
        cases.push(Case::new(format!("gdb, core {form}"), move || {
            let program = build(&format!("core-{number}"), form)?;
            let (folder, _) = program.rsplit_once('/').ok_or("no folder")?;
            let core = match core_of(folder)? {
                Some(core) => core,
                // The system has cores elsewhere. gdb's own have nothing behind a guard region.
                None => {
                    let save = format!("generate-core-file {folder}/core");
                    gdb(&["run die-unguarded", &save, "kill"], &program)?;
                    format!("{folder}/core")
                }
            };
            let text = gdb(&[&format!("core-file {core}"), "aco list", "aco bt all"], &program)?;
            check_list(&text)?;
            check_frames(&text)
        }));
    }
    cases
}

/// The core file that the system writes when the program in `folder` dies, if it writes one there.
fn core_of(folder: &str) -> Result<Option<String>, String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited && ./coroutines die"]).current_dir(folder);
    run(shell, 60)?;
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path().display().to_string()));
    Ok(paths.into_iter().find(|path| {
        path.rsplit('/').next().is_some_and(|n| n.starts_with("core"))
            && !path.ends_with("coroutines")
    }))
}

fn build(name: &str, form: &str) -> Result<String, String> {
    let folder = scratch(&format!("gdb/{name}"))?;
    let program = format!("{}/coroutines", folder.display());
    let line =
        format!("cc -g {form} -Wall -Wextra -Werror -Iinclude tests/gdb/coroutines.c -o {program}");
    succeed(command(&format!("{line} build/libaco.a")), 60)?;
    Ok(program)
}

fn gdb(commands: &[&str], program: &str) -> Result<String, String> {
    let mut command = Command::new("gdb");
    command.args(["-q", "-batch", "-nx", "-ex", "set debuginfod enabled off"]);
    command.args(["-ex", "source tools/gdb/aco.py"]);
    for line in commands {
        command.args(["-ex", line]);
    }
    command.arg(program);
    succeed(command, 60)
}

fn wants(text: &str, what: &str) -> Result<(), String> {
    if text.contains(what) { Ok(()) } else { Err(format!("no \"{what}\" in:\n{text}")) }
}

/// Each coroutine in its state, and no other.
fn check_list(text: &str) -> Result<(), String> {
    wants(text, "7 coroutines")?;
    let list = text.split("7 coroutines").next().unwrap_or_default();
    let count = |state: &str| list.lines().filter(|line| line.contains(state)).count();
    for (state, number) in [
        ("  main  ", 1),
        ("  suspended  ", 2),
        ("  suspended, copied out", 1),
        ("  ended  ", 1),
        ("  not started  ", 1),
        ("  running  ", 1),
    ] {
        if count(state) != number {
            return Err(format!("{} times \"{state}\" in:\n{list}", count(state)));
        }
    }
    Ok(())
}

/// The frames of the three suspended ones: four calls of deep(), six in the one whose frames are copied out,
/// and the entry function.
fn check_frames(text: &str) -> Result<(), String> {
    let blocks = text.split("coroutine 0x").filter(|block| {
        block.lines().next().is_some_and(|line| line.contains("worker, suspended"))
    });
    let mut found = 0;
    for block in blocks {
        let frames: Vec<_> = block.lines().filter(|line| line.starts_with("  #")).collect();
        let calls = frames.iter().filter(|line| line.contains(" in deep ()")).count();
        let last = frames.last().is_some_and(|line| line.contains(" in worker ()"));
        let wanted = if block.contains(", suspended, copied out\n") { 6 } else { 4 };
        if calls != wanted || !last {
            return Err(format!("{calls} frames of deep() in:\n{block}"));
        }
        found += 1;
    }
    if found == 3 { Ok(()) } else { Err(format!("{found} suspended coroutines in:\n{text}")) }
}
