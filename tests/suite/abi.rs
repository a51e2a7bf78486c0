//! The ABI against that of each release with this soname, which `abi/` has: abidiff compares names,
//! versions, signatures and the layouts of structs.
//!
//! Both sides are what a C compiler makes of the headers: a shared object with an empty function for each
//! one declared, and the library's version script. So the types are those that programs see, and no
//! release of rustc, no path and no switch of optimisation is in the stored files. That the headers say
//! what the library is hold `tests/header.rs`, `c_tests/layout.c` and the lane `abi`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::header::{self, Kind};
use crate::process::{command, root, run, scratch, succeed};
use crate::work::Case;

const HEADERS: [&str; 3] = ["aco.h", "aco_ext.h", "acort.h"];

/// An architecture, and its C compiler.
const TARGETS: [(&str, &str); 2] =
    [("x86_64", "x86_64-linux-gnu-gcc"), ("aarch64", "aarch64-linux-gnu-gcc-12")];

/// What the headers' assembly and debuggers use; `aco_inline.h` declares some of it.
const BY_HAND: &str = "\
__thread aco_t *aco_gtls_co;
void aco_funcp_protector_asm(void) {}
void aco_ended_asm(void) {}
void *aco_regions;
";

/// Constants of the headers that are in programs: as the lengths of arrays, which types have.
const CONSTANTS: [&str; 5] =
    ["ACO_REG_COUNT", "ACO_REG_IDX_RETADDR", "ACO_REG_IDX_SP", "ACO_REG_IDX_BP", "ACO_REG_IDX_FPU"];

pub fn cases() -> Vec<Case> {
    let is_release = std::env::var_os("ACO_BLESS").is_some();
    let mut cases = Vec::new();
    for (arch, compiler) in TARGETS {
        if is_release {
            cases.push(Case::new(format!("store {arch}"), move || {
                store(&present(&format!("abi/{arch}"), compiler)?, arch)
            }));
            continue;
        }
        cases.push(Case::new(format!("releases, {arch}"), move || {
            let now = present(&format!("abi/{arch}"), compiler)?;
            all_lose(arch, &now, false)
        }));
        cases.push(Case::new(format!("more is welcome, {arch}"), move || {
            all_lose(arch, &changed("more", more, arch, compiler)?, false)
        }));
        for (name, change) in BREAKS {
            cases.push(Case::new(format!("sees {name}, {arch}"), move || {
                all_lose(arch, &changed(name, change, arch, compiler)?, true)
            }));
        }
    }
    cases
}

/// The shared object that the headers describe as they are.
fn present(folder: &str, compiler: &str) -> Result<PathBuf, String> {
    library(&scratch(folder)?, compiler, &headers()?, &map()?)
}

/// That after `change`.
fn changed(name: &str, change: Change, arch: &str, compiler: &str) -> Result<PathBuf, String> {
    let folder = scratch(&format!("abi/{arch}-{}", name.replace(' ', "-")))?;
    let (mut headers, mut map) = (headers()?, map()?);
    change(&mut headers, &mut map);
    if headers == self::headers()? && map == self::map()? {
        return Err(format!("{name}: nothing to change"));
    }
    library(&folder, compiler, &headers, &map)
}

/// Is something lost of all releases, or (`loses` is false) of none?
fn all_lose(arch: &str, now: &Path, loses: bool) -> Result<(), String> {
    for release in releases(arch)? {
        match (loss(&release, now)?, loses) {
            (Some(_), true) | (None, false) => {}
            (Some(what), false) => return Err(format!("{}: {what}", release.display())),
            (None, true) => return Err(format!("{}: nothing is seen", release.display())),
        }
    }
    Ok(())
}

/// Names and texts of the headers.
type Headers = Vec<(&'static str, String)>;

/// A change of the headers or of the version script.
type Change = fn(&mut Headers, &mut String);

fn replace(headers: &mut Headers, from: &str, to: &str) {
    headers.iter_mut().for_each(|(_, text)| *text = text.replacen(from, to, 1));
}

/// What a later version may do: one function more, one constant more.
fn more(headers: &mut Headers, map: &mut String) {
    let names = "/// More.\n#define ACORT_MORE 1\n\n/// More.\nint acort_more(acort_t *rt);\n\n/// Nanoseconds of CLOCK";
    replace(headers, "/// Nanoseconds of CLOCK", names);
    *map = map.replace("    acort_new;", "    acort_more;\n    acort_new;");
}

/// What must not pass: each would be felt by programs.
const BREAKS: [(&str, Change); 7] = [
    ("a field before the end", |headers, _| {
        replace(headers, "    uint64_t received;", "    uint64_t more;\n    uint64_t received;")
    }),
    ("a lost name", |_, map| *map = map.replace("    aco_destroy;\n", "")),
    ("a name of another version", |_, map| {
        *map = map
            .replace("    aco_resume;\n", "")
            .replace("    aco_attach;", "aco_attach; aco_resume;")
    }),
    ("a field between others", |headers, _| {
        replace(headers, "    char is_end;", "    long more;\n    char is_end;")
    }),
    ("a field of another type", |headers, _| {
        replace(headers, "    int32_t worker;", "    int64_t worker;")
    }),
    ("another parameter", |headers, _| {
        replace(headers, "int acort_sleep(int64_t ns)", "int acort_sleep(int64_t ns, int how)")
    }),
    ("another constant", |headers, _| {
        replace(headers, "#define ACORT_EVENT 6", "#define ACORT_EVENT 9")
    }),
];

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn headers() -> Result<Headers, String> {
    let names = ["aco_inline.h", "aco_switch.h", "aco_ext_inline.h"].into_iter().chain(HEADERS);
    names.map(|name| Ok((name, read(&root().join("include").join(name))?))).collect()
}

fn map() -> Result<String, String> {
    read(&root().join("libaco.map"))
}

/// The shared object that `headers` and the version script `map` describe.
fn library(folder: &Path, cc: &str, headers: &Headers, map: &str) -> Result<PathBuf, String> {
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    let include = folder.join("include");
    fs::create_dir_all(&include).map_err(|error| error.to_string())?;
    for (name, text) in headers {
        write(&format!("include/{name}"), text)?;
    }
    let (mut source, mut constants) = (String::new(), String::new());
    let items = HEADERS.iter().flat_map(|name| header::items(folder, name));
    for item in items {
        match item.kind {
            Kind::Function => {
                let code = item.code.replace(" __attribute__((noreturn))", "").replace(';', "");
                let _ = writeln!(source, "{code} {{ __builtin_trap(); }}");
            }
            Kind::Other if item.code.starts_with("#define") => constant(&mut constants, &item.name),
            Kind::Struct | Kind::Other => {}
        }
    }
    CONSTANTS.iter().for_each(|name| constant(&mut constants, name));
    let includes: String = HEADERS.iter().map(|name| format!("#include <{name}>\n")).collect();
    write("abi.c", &format!("{includes}{BY_HAND}{source}{constants}"))?;
    write("abi.map", &format!("{map}ACO_constants {{ global: constant_*; }};\n"))?;
    // By relative names, so that no path is in the debug information.
    let at = root().join(folder);
    let mut compile = command(cc);
    compile.args(["-g", "-O0", "-w", "-fPIC", "-shared", "-DACO_NO_INLINE", "-Iinclude", "abi.c"]);
    compile.args(["-Wl,-soname,libaco.so.1", "-Wl,--version-script=abi.map", "-o", "libaco.so"]);
    compile.current_dir(at);
    succeed(compile, 60)?;
    Ok(folder.join("libaco.so"))
}

/// A function whose parameter has the constant in its type; one more of them is one name more.
fn constant(out: &mut String, name: &str) {
    let _ = writeln!(out, "void constant_{name}(char (*length)[{name} + 2]) {{ (void)length; }}");
}

/// The stored ABIs of an architecture, one a release.
fn releases(arch: &str) -> Result<Vec<PathBuf>, String> {
    let folder = Path::new("abi").join(arch);
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "abi"));
    if paths.is_empty() { Err(format!("{} is empty", folder.display())) } else { Ok(paths) }
}

/// What `now` does not have of `release`, or has otherwise. More names are welcome.
fn loss(release: &Path, now: &Path) -> Result<Option<String>, String> {
    let mut abidiff =
        command("abidiff --no-added-syms --no-show-locs --suppressions abi/suppressions");
    abidiff.args([release, now]);
    let outcome = run(abidiff, 60)?;
    // 4: the ABI changed; 8: for sure incompatibly; 1, 2: abidiff failed.
    match outcome.status.code() {
        Some(0) => Ok(None),
        Some(4 | 12) => Ok(Some(outcome.output)),
        _ => Err(outcome.output),
    }
}

/// Writes what the present version has: `make abi`, once a release.
fn store(now: &Path, arch: &str) -> Result<(), String> {
    let folder = Path::new("abi").join(arch);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let name = format!("libaco-{}.abi", env!("CARGO_PKG_VERSION"));
    let mut abidw =
        command("abidw --no-parameter-names --no-comp-dir-path --no-show-locs --no-corpus-path");
    abidw.arg("--out-file").arg(folder.join(name)).arg(now);
    succeed(abidw, 60).map(drop)
}
