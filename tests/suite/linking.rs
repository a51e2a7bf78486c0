//! Programs that link the library in unusual ways.

use std::fs;

use crate::case::{Case, ensure};
use crate::files::read;
use crate::process::{Result, scratch, succeed};
use crate::toolchain::command;

const RUST_LIBRARY: &str = "#[unsafe(no_mangle)] pub extern \"C\" fn other() -> i32 {
    std::panic::catch_unwind(|| panic!(\"caught\")).is_err() as i32
}
";

const USES_BOTH: &str = "#include <aco.h>
int other(void);
static int got;
static void entry(void) { got = other(); aco_exit(); }
int main(void) {
    aco_t *main_co = aco_create(0, 0, 0, 0, 0);
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, entry, 0));
    return got == 1 ? 0 : 1;
}
";

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("two Rust libraries in one program", two_rust_libraries),
        Case::new("a plugin with libaco.a that is closed", plugin_is_closed),
        Case::new("README shows examples/readme.c", readme_shows_its_example),
    ]
}

/// Links libaco.a beside a static library that rustc made with std.
fn two_rust_libraries() -> Result {
    let folder = scratch("two")?;
    fs::write(folder.join("other.rs"), RUST_LIBRARY)?;
    fs::write(folder.join("both.c"), USES_BOTH)?;
    let at = folder.display();
    let rustc = "rustc --edition 2024 --crate-type staticlib";
    succeed(command(&format!("{rustc} -o {at}/libother.a {at}/other.rs")), 120)?;
    let libraries = format!("build/libaco.a {at}/libother.a -lgcc_s -lpthread -ldl -lm");
    succeed(command(&format!("cc -Iinclude -o {at}/both {at}/both.c {libraries}")), 60)?;
    succeed(command(&format!("{at}/both")), 60).map(drop)
}

/// Unloads a plugin that contains libaco.a. The threads that used it end as others do.
fn plugin_is_closed() -> Result {
    let folder = scratch("plugin")?;
    let at = folder.display();
    let line = format!("cc -O2 -fPIC -shared -Iinclude tests/plugin/plugin.c -o {at}/plugin.so");
    succeed(command(&format!("{line} build/libaco.a")), 60)?;
    succeed(command(&format!("cc -O2 tests/plugin/host.c -o {at}/host -lpthread -ldl")), 60)?;
    succeed(command(&format!("{at}/host ./{at}/plugin.so")), 60).map(drop)
}

/// Compares the program and the output in the README with an example, which the lanes of compilers run.
fn readme_shows_its_example() -> Result {
    let (readme, example) = (read("README.md")?, read("examples/readme.c")?);
    let (program, prints) = example.split_once("/* Prints:\n").ok_or("prints nothing")?;
    let prints = prints.lines().filter_map(|line| line.strip_prefix(" * "));
    let prints: String = prints.map(|line| format!("{line}\n")).collect();
    let shows_program = readme.contains(&format!("```c\n{program}```"));
    let shows_output = readme.contains(&format!("./hello\n{prints}```"));
    let shown = format!("program shown: {shows_program}, output shown: {shows_output}");
    ensure!(shows_program && shows_output, "{shown}");
    Ok(())
}
