//! `make install` as C people expect it, and what finds the library afterwards.

use std::fs;
use std::path::Path;

use crate::process::{command, root, run, scratch, succeed};
use crate::work::Case;

/// A program that says which library it runs with.
const PROGRAM: &str = "\
#include <aco.h>
#include <libaco/aco_assert_override.h>
static void entry(void) { aco_yield(); aco_exit(); }
int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_t *co = aco_create(main_co, aco_share_stack_new(0), 0, entry, NULL);
    while (!co->is_end) aco_resume(co);
    puts(aco_version_string());
    return 0;
}
";

fn write_program(folder: &Path) -> Result<String, String> {
    let path = folder.join("program.c");
    fs::write(&path, PROGRAM).map_err(|error| error.to_string())?;
    Ok(path.to_string_lossy().into_owned())
}

fn check_version(output: &str) -> Result<(), String> {
    let version = env!("CARGO_PKG_VERSION");
    if output.trim() == version { Ok(()) } else { Err(format!("{output} is not {version}")) }
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("install, use, uninstall", || {
            let folder = scratch("install")?;
            let program = write_program(&folder)?;
            let prefix = folder.join("usr").to_string_lossy().into_owned();
            succeed(command(&format!("make install PREFIX={prefix}")), 300)?;
            for name in ["libaco.so", "libaco.so.1", "libaco.so.1.3.0", "libaco.a"] {
                let path = folder.join("usr/lib").join(name);
                path.exists().then_some(()).ok_or_else(|| format!("no {}", path.display()))?;
            }
            let at = format!("-I{prefix}/include -L{prefix}/lib");
            let binary = folder.join("program").to_string_lossy().into_owned();
            succeed(command(&format!("cc {program} {at} -laco -o {binary}")), 60)?;
            let mut shared = command(&binary);
            shared.env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
            check_version(&succeed(shared, 60)?)?;
            succeed(command(&format!("cc -static {program} {at} -laco -o {binary}-static")), 60)?;
            check_version(&succeed(command(&format!("{binary}-static")), 60)?)?;
            succeed(command(&format!("make uninstall PREFIX={prefix}")), 60)?;
            let left = succeed(command(&format!("find {prefix} ! -type d")), 60)?;
            if left.is_empty() { Ok(()) } else { Err(format!("uninstall leaves {left}")) }
        }),
        Case::new("DESTDIR and LIBDIR", || {
            let folder = scratch("destdir")?;
            let root = folder.to_string_lossy().into_owned();
            let variables = format!("DESTDIR={root} PREFIX=/usr LIBDIR=/usr/lib/some-triplet");
            succeed(command(&format!("make install {variables}")), 300)?;
            let pc = folder.join("usr/lib/some-triplet/pkgconfig/libaco.pc");
            let text = fs::read_to_string(&pc).map_err(|error| error.to_string())?;
            let inside = text.contains("libdir=/usr/lib/some-triplet") && !text.contains(&root);
            inside.then_some(()).ok_or(text)?;
            succeed(command(&format!("make uninstall {variables}")), 60)?;
            let left = succeed(command(&format!("find {root} ! -type d")), 60)?;
            if left.is_empty() { Ok(()) } else { Err(format!("uninstall leaves {left}")) }
        }),
        Case::new("make demo", || {
            let output = succeed(command("make --silent demo"), 300)?;
            let told = output.contains("words") && output.contains("switch");
            if told { Ok(()) } else { Err(output) }
        }),
        Case::new("make says what is wrong", || {
            let outcome = run(command("make demo FILE=build/no-such-file"), 300)?;
            let told = outcome.output.contains("no-such-file");
            if !outcome.status.success() && told { Ok(()) } else { Err(outcome.output) }
        }),
    ]
}

pub fn package_cases() -> Vec<Case> {
    vec![
        Case::new("pkg-config", || {
            let folder = scratch("pkgconfig")?;
            let program = write_program(&folder)?;
            let prefix = folder.join("usr").to_string_lossy().into_owned();
            succeed(command(&format!("make install PREFIX={prefix}")), 300)?;
            let path = format!("{prefix}/lib/pkgconfig");
            let ask = |what: &str| {
                let mut command = command(&format!("pkg-config {what} libaco"));
                command.env("PKG_CONFIG_PATH", &path);
                succeed(command, 60)
            };
            check_version(&ask("--modversion")?)?;
            let flags = ask("--cflags --libs")?.trim().to_string();
            let binary = folder.join("program").to_string_lossy().into_owned();
            succeed(command(&format!("cc {program} {flags} -o {binary}")), 60)?;
            let mut shared = command(&binary);
            shared.env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
            check_version(&succeed(shared, 60)?)?;
            let flags = ask("--static --cflags --libs")?.trim().to_string();
            succeed(command(&format!("cc -static {program} {flags} -o {binary}-static")), 60)?;
            check_version(&succeed(command(&format!("{binary}-static")), 60)?)
        }),
        Case::new("cmake find_package", || {
            let folder = scratch("cmake")?;
            write_program(&folder)?;
            let prefix = folder.join("usr").to_string_lossy().into_owned();
            succeed(command(&format!("make install PREFIX={prefix}")), 300)?;
            let lists = "\
cmake_minimum_required(VERSION 3.13)
project(user C)
find_package(aco 1.2 CONFIG REQUIRED)
add_executable(shared program.c)
target_link_libraries(shared PRIVATE aco::aco)
add_executable(static program.c)
target_link_libraries(static PRIVATE aco::aco_static)
find_package(aco 2.0 CONFIG QUIET)
if(aco_FOUND)
  message(FATAL_ERROR \"version 1 serves who asks for 2\")
endif()
";
            let path = folder.join("CMakeLists.txt");
            fs::write(path, lists).map_err(|error| error.to_string())?;
            let (source, out) = (folder.display(), folder.join("out"));
            let out = out.to_string_lossy().into_owned();
            let configure = format!("cmake -S {source} -B {out} -DCMAKE_PREFIX_PATH={prefix}");
            succeed(command(&configure), 120)?;
            succeed(command(&format!("cmake --build {out}")), 120)?;
            for program in ["shared", "static"] {
                check_version(&succeed(command(&format!("{out}/{program}")), 60)?)?;
            }
            Ok(())
        }),
        Case::new("a target in a folder of its own", || {
            let host = root().join("build/cargo/release/libaco.a");
            let before = fs::metadata(&host).and_then(|data| data.modified());
            let before = before.map_err(|error| error.to_string())?;
            let line = "make --silent TARGET=x86_64-unknown-linux-gnu";
            if cfg!(target_arch = "x86_64") {
                succeed(command(line), 300)?;
                let folder = root().join("build/x86_64-unknown-linux-gnu/libaco.so.1");
                folder.exists().then_some(()).ok_or("no library in the target's folder")?;
            }
            let after = fs::metadata(&host).and_then(|data| data.modified());
            let after = after.map_err(|error| error.to_string())?;
            if before == after { Ok(()) } else { Err("the host's build was touched".to_string()) }
        }),
    ]
}
