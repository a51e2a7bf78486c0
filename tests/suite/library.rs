//! The library's own tests, its lints, its exported names and its headers.

use std::collections::BTreeSet;
use std::fs;

use crate::process::{command, is_there, promised_names, root, run, scratch, succeed};
use crate::refused;
use crate::words;
use crate::work::Case;

fn succeeds(line: &'static str) -> Case {
    Case::new(line, move || succeed(command(line), 900).map(drop))
}

/// The unit tests, and the tests about the project's own shape.
pub fn rust_cases() -> Vec<Case> {
    vec![
        succeeds("cargo test --quiet --locked --lib"),
        succeeds("cargo test --quiet --locked --test header"),
        succeeds("cargo test --quiet --locked --test manual"),
        succeeds("cargo test --quiet --locked --test layers"),
        succeeds("cargo test --quiet --locked --test errors"),
    ]
}

pub fn lint_cases() -> Vec<Case> {
    vec![
        succeeds("cargo fmt --all -- --check"),
        succeeds("cargo clippy --quiet --locked --all-targets -- -D warnings"),
        succeeds("cargo clippy --quiet --locked --release --lib -- -D warnings"),
        succeeds("cargo doc --quiet --locked --no-deps --document-private-items"),
        Case::new("bad lines are found", words::finds_faults),
        Case::new("words of comments, columns of lines", words::faults),
    ]
}

/// The last word of the lines of `nm` that are about names.
pub fn names(line: &str) -> Result<BTreeSet<String>, String> {
    let output = succeed(command(line), 60)?;
    let lines = output.lines().filter(|line| line.split_whitespace().count() == 3);
    let lines = lines.filter(|line| !line.contains(" A "));
    let names = lines.filter_map(|line| line.split_whitespace().last());
    Ok(names.map(|name| name.split('@').next().unwrap_or_default().to_string()).collect())
}

fn exports_are_promised(line: &str) -> Result<(), String> {
    let (promised, mut exported) = (promised_names(None)?, names(line)?);
    // What one object of an archive has for the other.
    exported.retain(|name| line.contains(" -D ") || !name.starts_with("aco_within_"));
    if promised == exported {
        return Ok(());
    }
    let missing: Vec<_> = promised.difference(&exported).collect();
    let surplus: Vec<_> = exported.difference(&promised).collect();
    Err(format!("{line}: missing {missing:?}, beyond libaco.map {surplus:?}"))
}

/// Does the output of `line` have every one of these, and none of those?
fn shows(line: &str, wanted: &[&str], unwanted: &[&str]) -> Result<(), String> {
    let output = succeed(command(line), 60)?;
    let absent: Vec<_> = wanted.iter().filter(|text| !output.contains(**text)).collect();
    let present: Vec<_> = unwanted.iter().filter(|text| output.contains(**text)).collect();
    if absent.is_empty() && present.is_empty() {
        Ok(())
    } else {
        Err(format!("{line}: has no {absent:?}, has {present:?}:\n{output}"))
    }
}

/// What libaco 1.2.4 exports, functions and the thread-local variable.
const OF_LIBACO: [&str; 13] = [
    "aco_create",
    "aco_destroy",
    "aco_funcp_protector",
    "aco_funcp_protector_asm",
    "aco_gtls_co",
    "aco_resume",
    "aco_runtime_test",
    "aco_save_fpucw_mxcsr",
    "aco_share_stack_destroy",
    "aco_share_stack_new",
    "aco_share_stack_new2",
    "aco_thread_init",
    "acosw",
];

/// ACO_1.2 has libaco's names and no others, in order; what is ours is of ACO_1.3; there are no more nodes.
fn version_nodes() -> Result<(), String> {
    let (old, ours) = (promised_names(Some("ACO_1.2"))?, promised_names(Some("ACO_1.3"))?);
    if !old.iter().eq(OF_LIBACO.iter()) || !old.is_disjoint(&ours) {
        return Err(format!("ACO_1.2 has {old:?}"));
    }
    if old.len() + ours.len() != promised_names(None)?.len() {
        return Err("libaco.map has another node".into());
    }
    let map = fs::read_to_string("libaco.map").map_err(|error| error.to_string())?;
    let names = map
        .lines()
        .filter_map(|line| line.strip_prefix("    aco")?.strip_suffix(';'))
        .collect::<Vec<_>>();
    let (old, ours) = names.split_at(OF_LIBACO.len());
    if !old.is_sorted() || !ours.is_sorted() {
        return Err("libaco.map is not sorted".into());
    }
    let symbols = succeed(command("readelf --dyn-syms -W build/libaco.so"), 60)?;
    let variable = symbols.lines().find(|line| line.contains("aco_gtls_co@@"));
    let is_thread_local =
        variable.is_some_and(|line| line.contains(" TLS ") && line.contains(" 8 "));
    if is_thread_local { Ok(()) } else { Err(format!("{variable:?}")) }
}

/// What the library in `folder` promises to loaders and linkers.
pub fn binary_cases(folder: &'static str) -> Vec<Case> {
    let library = format!("{folder}/libaco.so");
    let archive = format!("{folder}/libaco.a");
    let (exports, versions, dynamic) = (library.clone(), library.clone(), library.clone());
    vec![
        Case::new(format!("names of {library}"), move || {
            exports_are_promised(&format!("nm -D --defined-only {exports}"))
        }),
        Case::new(format!("global names of {archive}"), move || {
            exports_are_promised(&format!("nm --plugin= -g --defined-only {archive}"))
        }),
        Case::new(format!("versions of the names of {library}"), move || {
            let output = succeed(command(&format!("nm -D --defined-only {versions}")), 60)?;
            for node in ["ACO_1.2", "ACO_1.3"] {
                for name in promised_names(Some(node))? {
                    let versioned = format!(" {name}@@{node}\n");
                    output.contains(&versioned).then_some(()).ok_or(versioned)?;
                }
            }
            Ok(())
        }),
        Case::new(format!("dynamic section of {library}"), move || {
            let wanted = ["soname: [libaco.so.1]", "[libc.so.6]", "BIND_NOW", "NODELETE"];
            let unwanted = ["libgcc", "libm.so", "libpthread", "libdl", "TEXTREL"];
            shows(&format!("readelf -dW {dynamic}"), &wanted, &unwanted)?;
            let size = fs::metadata(&dynamic).map_err(|error| error.to_string())?.len();
            if size < 400_000 { Ok(()) } else { Err(format!("{dynamic} has {size} bytes")) }
        }),
        Case::new(format!("no executable stack, RELRO in {library}"), move || {
            let output = succeed(command(&format!("readelf -lW {library}")), 60)?;
            let stack = output.lines().find(|line| line.contains("GNU_STACK"));
            let is_plain = stack.is_some_and(|line| line.contains(" RW ") && !line.contains("RWE"));
            if is_plain && output.contains("GNU_RELRO") { Ok(()) } else { Err(output) }
        }),
    ]
}

/// The files of the runtime in which threads meet, in every order of their steps.
pub fn loom_cases() -> Vec<Case> {
    let cargo = |what: &str, more: &str| {
        let manifest = "--manifest-path tests/loom/Cargo.toml";
        let mut command = command(&format!("cargo {what} {manifest} {more}"));
        // Loom shows the place of a panic; a trace of it takes longer than the models.
        command.env("RUST_BACKTRACE", "0");
        succeed(command, 600).map(drop)
    };
    vec![Case::new("models", move || {
        cargo("test", "--quiet --locked --target-dir build/loom")?;
        cargo("fmt", "-- --check")
    })]
}

/// The host's library, the headers, the page about libaco.
pub fn abi_cases() -> Vec<Case> {
    let mut cases = binary_cases("build");
    cases.push(Case::new("version nodes", version_nodes));
    cases.push(Case::new("two Rust libraries in one program", two_rust_libraries));
    cases.push(Case::new("a plugin with libaco.a that is closed", plugin_is_closed));
    cases.push(Case::new("docs/libaco.md shows examples/readme.c", page_shows_its_example));
    cases.extend(header_cases());
    cases.extend(refused::cases());
    cases.extend(cxx_header_cases());
    cases
}

/// A plugin that has libaco.a inside can be unloaded: threads that used it end as others do.
fn plugin_is_closed() -> Result<(), String> {
    let folder = scratch("plugin")?;
    let (plugin, host) = (folder.join("plugin.so"), folder.join("host"));
    let (plugin, host) = (plugin.display(), host.display());
    let line = format!("cc -O2 -fPIC -shared -Iinclude tests/plugin/plugin.c -o {plugin}");
    succeed(command(&format!("{line} build/libaco.a")), 60)?;
    succeed(command(&format!("cc -O2 tests/plugin/host.c -o {host} -lpthread -ldl")), 60)?;
    succeed(command(&format!("{host} ./{plugin}")), 60).map(drop)
}

/// `cargo build` exports the same names as the Makefile's link.
pub fn cargo_cases() -> Vec<Case> {
    vec![
        Case::new("names of cargo build", || {
            succeed(command("cargo build --quiet --locked --release"), 600)?;
            exports_are_promised("nm -D --defined-only target/release/libaco.so")
        }),
        Case::new("names of make RT=0", || {
            succeed(command("make --silent RT=0"), 600)?;
            let mut core = promised_names(None)?;
            core.retain(|name| !name.starts_with("acort_"));
            let exported = names("nm -D --defined-only build/without-rt/libaco.so")?;
            let archived = names("nm --plugin= -g --defined-only build/without-rt/libaco.a")?;
            let same = exported == core && archived == core;
            if same { Ok(()) } else { Err(format!("{exported:?}, {archived:?}")) }
        }),
    ]
}

/// The program of docs/libaco.md and its output are those of an example, which the compiler lanes run.
fn page_shows_its_example() -> Result<(), String> {
    let read = |path: &str| {
        fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let (page, example) = (read("docs/libaco.md")?, read("examples/readme.c")?);
    let (program, prints) = example.split_once("/* Prints:\n").ok_or("prints nothing")?;
    let prints = prints.lines().filter_map(|line| line.strip_prefix(" * "));
    let prints: String = prints.map(|line| format!("{line}\n")).collect();
    let shows_program = page.contains(&format!("```c\n{program}```"));
    let shows_output = page.contains(&format!("./hello\n{prints}```"));
    if shows_program && shows_output {
        Ok(())
    } else {
        Err(format!("program shown: {shows_program}, output shown: {shows_output}"))
    }
}

/// libaco.a beside a static library that was made by rustc as it stands, std and all.
fn two_rust_libraries() -> Result<(), String> {
    let folder = scratch("two")?;
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| error.to_string())
    };
    write(
        "other.rs",
        "#[unsafe(no_mangle)] pub extern \"C\" fn other() -> i32 {\n\
         std::panic::catch_unwind(|| panic!(\"caught\")).is_err() as i32 }\n",
    )?;
    write(
        "both.c",
        "#include <aco.h>\nint other(void);\nstatic int got;\n\
         static void entry(void) { got = other(); aco_exit(); }\n\
         int main(void) { aco_t *m = aco_create(0, 0, 0, 0, 0);\n\
         aco_resume(aco_create(m, aco_share_stack_new(0), 0, entry, 0));\n\
         return got == 1 ? 0 : 1; }\n",
    )?;
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let rustc = "rustc --edition 2024 --crate-type staticlib -o";
    succeed(command(&format!("{rustc} {} {}", at("libother.a"), at("other.rs"))), 120)?;
    let (program, source, other) = (at("both"), at("both.c"), at("libother.a"));
    let libraries = format!("build/libaco.a {other} -lgcc_s -lpthread -ldl -lm");
    succeed(command(&format!("cc -Iinclude -o {program} {source} {libraries}")), 60)?;
    succeed(command(&program), 60).map(drop)
}

/// A translation unit that uses every macro.
const UNIT: &str = "\
#define ACO_USE_ASAN
#include <aco.h>
#include <aco.h>
#include <libaco/aco.h>
#include <aco_inline.h>
#include <aco_ext.h>
#include <libaco/aco_ext.h>
#include <aco_ext_inline.h>
#include <aco_assert_override.h>
#include <libaco/aco_ext.h>
#include <acort.h>
struct aco_share_stack_s;
static void entry(void) {
    void *arg = aco_get_arg();
    assertptr(arg);
    aco_yield();
    aco_yield1(aco_co());
    assertalloc_ptr(arg);
    assertalloc_bool(arg != NULL);
    aco_yield_to((aco_t *)aco_yield_value(arg));
    if (aco_is_main_co(aco_get_co())) aco_exit1(aco_get_co());
    aco_exit();
}
aco_attr_no_asan static int unit(aco_t *co) {
    assert(unlikely(likely(co != NULL)));
    aco_resume(co);
    aco_gen_next(co, (void **)aco_resume_value(co, NULL));
    return co->fp == entry && aco_gtls_co == co && ACO_VERSION_NUMBER != 0;
}
int (*use)(aco_t *) = unit;
static void generate(void) { aco_gen_yield(aco_yield_value(aco_first_value())); }
static int extension(aco_share_stack_t *stack, aco_t *co) {
    aco_gen_t *gen = aco_gen_new(stack, generate, NULL);
    int seen = 0;
    void *value;
    while (aco_gen_next(gen, &value)) seen += aco_resume_value(co, value) == value;
    aco_gen_free(gen);
    aco_yield_to(co);
    aco_return_exits(co);
    aco_thread_return_exits(1);
    return aco_yield_checked() + seen + ((aco_gen_next)(gen, &value) == 0);
}
int (*use_extension)(aco_share_stack_t *, aco_t *) = extension;
";

/// A translation unit that instantiates what aco.hpp has.
const CXX_UNIT: &str = "\
#include <aco.hpp>
#include <libaco/aco.hpp>
#include <aco_assert_override.h>
#include <memory>
template class aco::generator<int>;
template class aco::generator<const int &>;
template class aco::generator<std::unique_ptr<int>>;
void unit() {
    aco::shared_stack stack;
    aco::coroutine co(aco::forget_on_destroy, stack, [] { aco::this_coroutine::yield(); });
    while (co) co.resume();
    for (auto &value : aco::generator<int>([](auto yield) { yield(1); })) assert(value == 1);
    if (aco::this_coroutine::cancelled()) aco::this_coroutine::exit();
}
";

/// The header of C++, clean in the dialects that it is for, and without what some programs do without.
fn cxx_header_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for compiler in ["c++", "clang++"] {
        if !is_there(&format!("{compiler} --version")) {
            continue; // as below
        }
        for standard in ["c++17", "c++20", "gnu++17"] {
            for option in
                ["-O2", "-fno-exceptions", "-fno-rtti", "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV"]
            {
                let name = format!("aco.hpp {compiler} -std={standard} {option}");
                let strict = "-Wall -Wextra -Werror -pedantic -Wshadow -Wconversion -Iinclude -c";
                let line = format!("{compiler} -std={standard} {option} {strict}");
                cases.push(Case::new(name.clone(), move || {
                    let folder = scratch(&format!("header/{}", name.replace([' ', '/'], "_")))?;
                    let path = folder.join("unit.cpp");
                    fs::write(&path, CXX_UNIT).map_err(|error| error.to_string())?;
                    let mut command = command(&line);
                    command.arg(path).arg("-o").arg(folder.join("unit.o"));
                    succeed(command, 60).map(drop)
                }));
            }
        }
    }
    cases
}

/// The headers, clean in every dialect, alone and inside other declarations.
fn header_cases() -> Vec<Case> {
    let dialects = [
        ("cc", "c", ["c99", "c11", "gnu11", "c17"].as_slice()),
        ("clang", "c", &["c99", "c11", "gnu11", "c17"]),
        ("c++", "c++", &["c++11", "c++17", "c++20"]),
        ("clang++", "c++", &["c++11", "c++17", "c++20"]),
    ];
    let mut cases = Vec::new();
    for (compiler, language, standards) in dialects {
        if !is_there(&format!("{compiler} --version")) {
            continue; // the lane of that compiler is named as not run
        }
        for standard in standards {
            for define in [
                "",
                "-DACO_CONFIG_SHARE_FPU_MXCSR_ENV -DACO_USE_VALGRIND",
                "-DACO_NO_INLINE",
                "-fno-exceptions",
            ] {
                let name = format!("header {compiler} -std={standard} {define}");
                let strict = "-Wall -Wextra -Werror -pedantic -Wshadow -Iinclude -fsyntax-only";
                let line = format!("{compiler} -x {language} -std={standard} {define} {strict}");
                cases.push(Case::new(name.clone(), move || {
                    let folder = scratch(&format!("header/{}", name.replace([' ', '/'], "_")))?;
                    let path = folder.join("unit.c");
                    let inside = format!("extern \"C\" {{\n{UNIT}}}\n");
                    let text = if language == "c" { UNIT } else { &inside };
                    fs::write(&path, text).map_err(|error| error.to_string())?;
                    let mut command = command(&line);
                    command.arg(path);
                    let outcome = run(command, 60)?;
                    if outcome.status.success() { Ok(()) } else { Err(outcome.output) }
                }));
            }
        }
    }
    cases
}
