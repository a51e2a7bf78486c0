//! `make install` as users of C expect it, and the programs that find the installed library.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::compiler::Compiler;
use crate::files::{absolute, read, version};
use crate::process::{Result, run, scratch, succeed};
use crate::toolchain::{command, is_available};

/// A program that prints the version of its library.
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

/// The program in C++.
const CXX_PROGRAM: &str = "\
#include <libaco/aco.hpp>
int main() {
    aco::coroutine co([] { aco::this_coroutine::yield(); });
    while (co) co.resume();
    std::puts(aco_version_string());
}
";

pub fn write_program(folder: &Path) -> Result<String> {
    let path = folder.join("program.c");
    fs::write(&path, PROGRAM)?;
    Ok(path.to_string_lossy().into_owned())
}

pub fn check_version(output: &str) -> Result {
    let version = version()?;
    ensure!(output.trim() == version, "{output} is not {version}");
    Ok(())
}

/// Runs make with these variables, whose values may have spaces.
pub fn make(goal: &str, variables: &[(&str, &str)]) -> Result {
    let mut make = command("make --silent");
    make.arg(goal).args(variables.iter().map(|(name, value)| format!("{name}={value}")));
    succeed(make, 300).map(drop)
}

/// An empty folder, and the absolute path of a prefix in it, which may have spaces.
pub fn prefix(name: &str) -> Result<(PathBuf, String)> {
    let folder = scratch(name)?;
    let prefix = absolute(folder.join("usr"));
    Ok((folder, prefix))
}

/// Runs `make uninstall` with these variables. No file may be left in `folder`.
pub fn uninstall(variables: &[(&str, &str)], folder: &Path) -> Result {
    make("uninstall", variables)?;
    let left = succeed(command(&format!("find {} ! -type d", folder.display())), 60)?;
    ensure!(left.is_empty(), "uninstall leaves {left}");
    Ok(())
}

/// The arguments that link a program with the library below `prefix`.
pub fn link_flags(prefix: &str) -> Vec<String> {
    vec![format!("-I{prefix}/include"), format!("-L{prefix}/lib"), "-laco".to_string()]
}

/// Compiles a program by `line` and `flags` without any message, and runs it with the libraries below `prefix`.
pub fn build_and_run(line: &str, flags: &[String], binary: &Path, prefix: &str) -> Result {
    let messages = succeed(command(line).args(flags).arg("-o").arg(binary), 60)?;
    ensure!(messages.is_empty(), "{messages}");
    let mut program = command(&binary.to_string_lossy());
    check_version(&succeed(program.env("LD_LIBRARY_PATH", format!("{prefix}/lib")), 60)?)
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("install, use, uninstall", install_use_uninstall),
        Case::new("DESTDIR, LIBDIR and INCLUDEDIR", || {
            let folder = scratch("destdir")?;
            let destination = absolute(folder.join("a & b"));
            let (libdir, includedir) = ("/usr/lib/some-triplet", "/usr/include/some place");
            let variables = [
                ("DESTDIR", &*destination),
                ("PREFIX", "/usr"),
                ("LIBDIR", libdir),
                ("INCLUDEDIR", includedir),
            ];
            make("install", &variables)?;
            let header = format!("{destination}{includedir}/libaco/aco.h");
            ensure!(Path::new(&header).exists(), "no {header}");
            let text = read(format!("{destination}{libdir}/pkgconfig/libaco.pc"))?;
            let is_inside = text.contains(&format!("libdir={libdir}")) && !text.contains("a & b");
            ensure!(is_inside, "{text}");
            uninstall(&variables, &folder)
        }),
        Case::new("install without acort", || {
            let (folder, prefix) = prefix("install-core")?;
            let variables = [("PREFIX", &*prefix), ("RT", "0")];
            make("install", &variables)?;
            let found = succeed(command("find").arg(&prefix).args(["-iname", "*acort*"]), 60)?;
            ensure!(found.is_empty(), "{found}");
            ensure!(folder.join("usr/share/man/man3/aco_yield.3").exists(), "no aco_yield(3)");
            uninstall(&variables, &folder.join("usr"))
        }),
        Case::new("make demo", || {
            let output = succeed(command("make --silent demo"), 300)?;
            ensure!(output.contains("words") && output.contains("switch"), "{output}");
            Ok(())
        }),
        Case::new("make says what is wrong", || {
            let outcome = run(command("make demo FILE=build/no-such-file"), 300)?;
            let is_told = outcome.text.contains("no-such-file");
            ensure!(is_told && !outcome.status.success(), "{}", outcome.text);
            Ok(())
        }),
    ]
}

fn install_use_uninstall() -> Result {
    let (folder, prefix) = prefix("install")?;
    let program = write_program(&folder)?;
    make("install", &[("PREFIX", &prefix)])?;
    let library = format!("libaco.so.{}", version()?);
    for name in ["libaco.so", "libaco.so.1", &library, "libaco.a"] {
        let path = folder.join("usr/lib").join(name);
        ensure!(path.exists(), "no {}", path.display());
    }
    ensure!(folder.join("usr/share/libaco/aco.py").exists(), "no aco.py for gdb");
    let alias = read(folder.join("usr/share/man/man3/aco_yield.3"))?;
    ensure!(alias == ".so man3/aco_resume.3\n", "{alias}");
    let flags = link_flags(&prefix);
    build_and_run(&format!("cc {program}"), &flags, &folder.join("shared"), &prefix)?;
    if is_available("c++ --version") {
        let path = folder.join("program.cpp");
        fs::write(&path, CXX_PROGRAM)?;
        let line = format!("c++ -std=c++17 {}", path.display());
        build_and_run(&line, &flags, &folder.join("of-cxx"), &prefix)?;
    }
    build_and_run(&format!("cc -static {program}"), &flags, &folder.join("static"), &prefix)?;
    uninstall(&[("PREFIX", &prefix)], &folder.join("usr"))
}

/// gdb finds the commands beside the installed library.
pub fn gdb_case() -> Case {
    Case::new("gdb loads the installed script", || {
        let (folder, prefix) = prefix("install-gdb")?;
        let program = write_program(&folder)?;
        make("install", &[("PREFIX", &prefix)])?;
        let (line, binary) = (format!("cc -g {program}"), folder.join("program"));
        build_and_run(&line, &link_flags(&prefix), &binary, &prefix)?;
        let mut gdb = command("gdb -q -batch -nx");
        // A gdb with the same prefix as the library has these settings.
        let scripts = format!("{prefix}/share/gdb/auto-load");
        gdb.arg("-iex").arg(format!("set auto-load scripts-directory {scripts}"));
        gdb.arg("-iex").arg(format!("add-auto-load-safe-path {scripts}"));
        gdb.args(["-ex", "set debuginfod enabled off", "-ex", "break entry", "-ex", "run"]);
        gdb.args(["-ex", "aco list"]).arg(&binary).env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
        let output = succeed(gdb, 60)?;
        uninstall(&[("PREFIX", &prefix)], &folder.join("usr"))?;
        ensure!(output.contains("2 coroutines") && output.contains("running"), "{output}");
        Ok(())
    })
}

/// The library of another target, installed and linked with the compiler of that target.
pub fn install_target(compiler: &'static Compiler) -> Case {
    let target = compiler.target().unwrap_or_default();
    Case::new(format!("install TARGET={target}"), || {
        let (folder, prefix) = prefix("install-target")?;
        let variables = compiler.make_variables();
        let mut variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, &**value)).collect();
        variables.push(("PREFIX", &prefix));
        make("install", &variables)?;
        let mut build = command(&format!("{} {}", compiler.c, write_program(&folder)?));
        succeed(build.args(link_flags(&prefix)).arg("-o").arg(folder.join("program")), 60)?;
        uninstall(&variables, &folder.join("usr"))
    })
}

pub fn package_cases() -> Vec<Case> {
    vec![
        Case::new("pkg-config", || {
            let (folder, prefix) = prefix("pkgconfig")?;
            let program = write_program(&folder)?;
            make("install", &[("PREFIX", &prefix)])?;
            check_version(&ask_pkg_config("--modversion", &prefix)?)?;
            // The output of pkg-config is for a shell to split.
            if prefix.contains(' ') {
                Ok(())
            } else {
                pkg_config(&program, &folder, &prefix, "-static")
            }
        }),
        Case::new("cmake find_package", cmake),
        Case::new("a target in a folder of its own", || {
            let modified = || fs::metadata("build/cargo/release/libaco.a")?.modified();
            let before = modified()?;
            if cfg!(target_arch = "x86_64") {
                make("all", &[("TARGET", "x86_64-unknown-linux-gnu")])?;
                let library = Path::new("build/x86_64-unknown-linux-gnu/libaco.so.1");
                ensure!(library.exists(), "no library in the target's folder");
            }
            ensure!(before == modified()?, "the host's build was touched");
            Ok(())
        }),
    ]
}

fn ask_pkg_config(question: &str, prefix: &str) -> Result<String> {
    let mut ask = command(&format!("pkg-config {question} libaco"));
    succeed(ask.env("PKG_CONFIG_PATH", format!("{prefix}/lib/pkgconfig")), 60)
}

/// Builds a program with the flags that pkg-config prints, shared, and static with `static_flags`, and runs it.
pub fn pkg_config(program: &str, folder: &Path, prefix: &str, static_flags: &str) -> Result {
    for (question, flags) in [("--cflags --libs", ""), ("--static --cflags --libs", static_flags)] {
        let answer = ask_pkg_config(question, prefix)? + flags;
        let flags: Vec<_> = answer.split_whitespace().map(String::from).collect();
        let binary = folder.join(format!("of-pkg-config-{}", flags.len()));
        build_and_run(&format!("cc {program}"), &flags, &binary, prefix)?;
    }
    Ok(())
}

const CMAKE_LISTS: &str = "\
cmake_minimum_required(VERSION 3.13)
project(user C)
find_package(aco 1.2 CONFIG REQUIRED)
add_executable(shared program.c)
target_link_libraries(shared PRIVATE aco::aco)
add_executable(static program.c)
target_link_libraries(static PRIVATE aco::aco_static)
find_package(aco 2.0 CONFIG QUIET)
if(aco_FOUND)
  message(FATAL_ERROR \"version 1 is found for version 2\")
endif()
";

fn cmake() -> Result {
    let (folder, prefix) = prefix("cmake")?;
    write_program(&folder)?;
    make("install", &[("PREFIX", &prefix)])?;
    fs::write(folder.join("CMakeLists.txt"), CMAKE_LISTS)?;
    let (source, out) = (folder.display(), folder.join("out"));
    let out = out.display();
    let mut configure = command(&format!("cmake -S {source} -B {out}"));
    succeed(configure.arg(format!("-DCMAKE_PREFIX_PATH={prefix}")), 120)?;
    succeed(command(&format!("cmake --build {out}")), 120)?;
    for program in ["shared", "static"] {
        check_version(&succeed(command(&format!("{out}/{program}")), 60)?)?;
    }
    Ok(())
}
