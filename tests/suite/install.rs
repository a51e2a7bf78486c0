//! `make install` as C people expect it, and what finds the library afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{command, is_there, root, run, scratch, succeed};
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

/// The same in C++.
const CXX_PROGRAM: &str = "\
#include <libaco/aco.hpp>
int main() {
    aco::coroutine co([] { aco::this_coroutine::yield(); });
    while (co) co.resume();
    std::puts(aco_version_string());
}
";

pub fn write_program(folder: &Path) -> Result<String, String> {
    let path = folder.join("program.c");
    fs::write(&path, PROGRAM).map_err(|error| error.to_string())?;
    Ok(path.to_string_lossy().into_owned())
}

fn check_version(output: &str) -> Result<(), String> {
    let version = env!("CARGO_PKG_VERSION");
    if output.trim() == version { Ok(()) } else { Err(format!("{output} is not {version}")) }
}

/// Runs make with these variables, whose values may have spaces.
pub fn make(goal: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    let mut command = command("make --silent");
    command.arg(goal);
    command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
    succeed(command, 300).map(drop)
}

/// A fresh folder, and the absolute path of a prefix in it.
pub fn prefix(name: &str) -> Result<(PathBuf, String), String> {
    let folder = scratch(name)?;
    let prefix = root().join(&folder).join("usr").to_string_lossy().into_owned();
    Ok((folder, prefix))
}

/// Is no file left below `folder`?
pub fn is_clean(folder: &Path) -> Result<(), String> {
    let left = succeed(command(&format!("find {} ! -type d", folder.display())), 60)?;
    if left.is_empty() { Ok(()) } else { Err(format!("uninstall leaves {left}")) }
}

/// Compiles `program` with `arguments`, runs it with the libraries below `prefix`.
pub fn build_and_run(
    compiler: &str,
    arguments: &[&str],
    binary: &Path,
    prefix: &str,
) -> Result<(), String> {
    let mut build = command(compiler);
    build.args(arguments).arg("-o").arg(binary);
    let said = succeed(build, 60)?;
    said.is_empty().then_some(()).ok_or(said)?;
    let mut program = command(&binary.to_string_lossy());
    program.env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
    check_version(&succeed(program, 60)?)
}

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("install, use, uninstall", install_use_uninstall),
        Case::new("DESTDIR, LIBDIR and INCLUDEDIR", || {
            let folder = scratch("destdir")?;
            let destination = root().join(&folder).join("a & b").to_string_lossy().into_owned();
            let libdir = "/usr/lib/some-triplet";
            let includedir = "/usr/include/some place";
            let variables = [
                ("DESTDIR", &*destination),
                ("PREFIX", "/usr"),
                ("LIBDIR", libdir),
                ("INCLUDEDIR", includedir),
            ];
            make("install", &variables)?;
            let header = format!("{destination}{includedir}/libaco/aco.h");
            Path::new(&header).exists().then_some(()).ok_or(header)?;
            let pc = Path::new(&destination).join("usr/lib/some-triplet/pkgconfig/libaco.pc");
            let text = fs::read_to_string(&pc).map_err(|error| error.to_string())?;
            let inside = text.contains("libdir=/usr/lib/some-triplet") && !text.contains("a & b");
            inside.then_some(()).ok_or(text)?;
            make("uninstall", &variables)?;
            is_clean(&folder)
        }),
        Case::new("install without acort", || {
            let (folder, prefix) = prefix("install-core")?;
            make("install", &[("PREFIX", &prefix), ("RT", "0")])?;
            let mut find = command("find");
            find.arg(&prefix).args(["-iname", "*acort*"]);
            let found = succeed(find, 60)?;
            found.is_empty().then_some(()).ok_or(found)?;
            let page = folder.join("usr/share/man/man3/aco_yield.3");
            page.exists().then_some(()).ok_or("no aco_yield(3)")?;
            make("uninstall", &[("PREFIX", &prefix), ("RT", "0")])?;
            is_clean(&folder.join("usr"))
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

fn install_use_uninstall() -> Result<(), String> {
    let (folder, prefix) = prefix("install")?;
    let program = write_program(&folder)?;
    make("install", &[("PREFIX", &prefix)])?;
    for name in ["libaco.so", "libaco.so.1", "libaco.so.1.3.0", "libaco.a"] {
        let path = folder.join("usr/lib").join(name);
        path.exists().then_some(()).ok_or_else(|| format!("no {}", path.display()))?;
    }
    let script = folder.join("usr/share/libaco/aco.py");
    script.exists().then_some(()).ok_or("no aco.py for gdb")?;
    let alias = folder.join("usr/share/man/man3/aco_yield.3");
    let alias =
        fs::read_to_string(&alias).map_err(|error| format!("{}: {error}", alias.display()))?;
    (alias == ".so man3/aco_resume.3\n").then_some(()).ok_or(alias)?;
    let (include, lib) = (format!("-I{prefix}/include"), format!("-L{prefix}/lib"));
    let shared = [&*program, &include, &lib, "-laco"];
    build_and_run("cc", &shared, &folder.join("shared"), &prefix)?;
    if is_there("c++ --version") {
        let path = folder.join("program.cpp");
        fs::write(&path, CXX_PROGRAM).map_err(|error| error.to_string())?;
        let arguments = ["-std=c++17", &*path.to_string_lossy(), &include, &lib, "-laco"];
        build_and_run("c++", &arguments, &folder.join("of-cxx"), &prefix)?;
    }
    let fixed = [&*program, &include, &lib, "-laco", "-static"];
    build_and_run("cc", &fixed, &folder.join("static"), &prefix)?;
    make("uninstall", &[("PREFIX", &prefix)])?;
    is_clean(&folder.join("usr"))
}

/// gdb finds the commands next to the installed library, by itself.
pub fn gdb_case() -> Case {
    Case::new("gdb loads the installed script", || {
        let (folder, prefix) = prefix("install-gdb")?;
        let program = write_program(&folder)?;
        make("install", &[("PREFIX", &prefix)])?;
        let (include, lib) = (format!("-I{prefix}/include"), format!("-L{prefix}/lib"));
        let binary = folder.join("program");
        build_and_run("cc", &["-g", &program, &include, &lib, "-laco"], &binary, &prefix)?;
        let mut gdb = command("gdb -q -batch -nx");
        // What is true of a gdb whose prefix is the library's.
        gdb.arg("-iex")
            .arg(format!("set auto-load scripts-directory {prefix}/share/gdb/auto-load"));
        gdb.arg("-iex").arg(format!("add-auto-load-safe-path {prefix}/share/gdb/auto-load"));
        gdb.args(["-ex", "set debuginfod enabled off", "-ex", "break entry", "-ex", "run"]);
        gdb.args(["-ex", "aco list"]).arg(&binary).env("LD_LIBRARY_PATH", format!("{prefix}/lib"));
        let output = succeed(gdb, 60)?;
        let listed = output.contains("2 coroutines") && output.contains("running");
        make("uninstall", &[("PREFIX", &prefix)])?;
        is_clean(&folder.join("usr"))?;
        if listed { Ok(()) } else { Err(output) }
    })
}

/// The library of another target, installed and linked with that target's compiler.
pub fn install_target(target: &'static str, make_variables: &'static str) -> Case {
    Case::new(format!("install TARGET={target}"), move || {
        let (folder, prefix) = prefix("install-target")?;
        let variables: Vec<_> =
            make_variables.split(' ').filter_map(|variable| variable.split_once('=')).collect();
        let compiler = variables.iter().find(|(name, _)| *name == "CC").map_or("cc", |(_, cc)| cc);
        let mut with_prefix = variables.clone();
        with_prefix.push(("PREFIX", &prefix));
        make("install", &with_prefix)?;
        let program = write_program(&folder)?;
        let (include, lib) = (format!("-I{prefix}/include"), format!("-L{prefix}/lib"));
        let mut build = command(compiler);
        build.args([&*program, &include, &lib, "-laco", "-o"]).arg(folder.join("program"));
        succeed(build, 60)?;
        make("uninstall", &with_prefix)?;
        is_clean(&folder.join("usr"))
    })
}

pub fn package_cases() -> Vec<Case> {
    vec![
        Case::new("pkg-config", pkg_config),
        Case::new("cmake find_package", cmake),
        Case::new("a target in a folder of its own", || {
            let modified = || {
                let data = fs::metadata("build/cargo/release/libaco.a");
                data.and_then(|data| data.modified()).map_err(|error| error.to_string())
            };
            let before = modified()?;
            if cfg!(target_arch = "x86_64") {
                make("all", &[("TARGET", "x86_64-unknown-linux-gnu")])?;
                let library = Path::new("build/x86_64-unknown-linux-gnu/libaco.so.1");
                library.exists().then_some(()).ok_or("no library in the target's folder")?;
            }
            if before == modified()? { Ok(()) } else { Err("the host's build was touched".into()) }
        }),
    ]
}

fn pkg_config() -> Result<(), String> {
    let (folder, prefix) = prefix("pkgconfig")?;
    let program = write_program(&folder)?;
    make("install", &[("PREFIX", &prefix)])?;
    let ask = |what: &str| {
        let mut command = command(&format!("pkg-config {what} libaco"));
        command.env("PKG_CONFIG_PATH", format!("{prefix}/lib/pkgconfig"));
        succeed(command, 60).map(|flags| flags.trim().to_string())
    };
    check_version(&ask("--modversion")?)?;
    if prefix.contains(' ') {
        return Ok(()); // what pkg-config prints is for a shell to split
    }
    for (what, fixed) in [("--cflags --libs", ""), ("--static --cflags --libs", "-static")] {
        let flags = ask(what)?;
        let mut arguments = vec![&*program];
        arguments.extend(flags.split_whitespace().chain(fixed.split_whitespace()));
        build_and_run("cc", &arguments, &folder.join(format!("program{fixed}")), &prefix)?;
    }
    Ok(())
}

fn cmake() -> Result<(), String> {
    let (folder, prefix) = prefix("cmake")?;
    write_program(&folder)?;
    make("install", &[("PREFIX", &prefix)])?;
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
    fs::write(folder.join("CMakeLists.txt"), lists).map_err(|error| error.to_string())?;
    let (source, out) = (folder.display(), folder.join("out").to_string_lossy().into_owned());
    let mut configure = command(&format!("cmake -S {source} -B {out}"));
    configure.arg(format!("-DCMAKE_PREFIX_PATH={prefix}"));
    succeed(configure, 120)?;
    succeed(command(&format!("cmake --build {out}")), 120)?;
    for program in ["shared", "static"] {
        check_version(&succeed(command(&format!("{out}/{program}")), 60)?)?;
    }
    Ok(())
}
