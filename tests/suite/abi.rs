//! The ABI compared with each release with this soname. `abi/` has their ABIs. abidiff compares names, versions,
//! signatures, and layouts of structs.
//!
//! On both sides a C compiler makes a shared object from the headers, with an empty function for each declaration, and
//! the version script of the library. So the types are those of programs, and the stored files depend on no release of
//! rustc, no path, and no optimization. `tests/header.rs`, `c_tests/layout.c` and the lane `abi` compare the headers
//! with the library.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::emulator::MACHINES;
use crate::files::{files, read, version};
use crate::header::{self, Kind};
use crate::process::{Result, run, scratch, succeed};
use crate::toolchain::command;

const HEADERS: [&str; 3] = ["aco.h", "aco_ext.h", "acort.h"];

/// Names that the assembly of the headers and debuggers use. `aco_inline.h` declares some of them.
const UNDECLARED: &str = "\
__thread aco_t *aco_gtls_co;
void aco_funcp_protector_asm(void) {}
void aco_ended_asm(void) {}
void *aco_regions;
";

/// Constants of the headers that programs contain. They become lengths of arrays, which types have.
const CONSTANTS: [&str; 5] =
    ["ACO_REG_COUNT", "ACO_REG_IDX_RETADDR", "ACO_REG_IDX_SP", "ACO_REG_IDX_BP", "ACO_REG_IDX_FPU"];

/// Names and texts of the headers.
type Headers = Vec<(&'static str, String)>;

/// A change of the headers or of the version script.
type Change = fn(&mut Headers, &mut String);

/// Changes that break programs.
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
        replace(headers, "    int32_t op;", "    int64_t op;")
    }),
    ("another parameter", |headers, _| {
        replace(headers, "int acort_sleep(int64_t ns)", "int acort_sleep(int64_t ns, int how)")
    }),
    ("another constant", |headers, _| {
        replace(headers, "#define ACORT_EVENT 6", "#define ACORT_EVENT 9")
    }),
];

pub fn cases() -> Vec<Case> {
    let is_release = std::env::var_os("ACO_BLESS").is_some();
    let mut cases = Vec::new();
    for machine in MACHINES {
        let (arch, compiler) = (machine.arch, machine.full_name);
        if is_release {
            cases.push(Case::new(format!("store {arch}"), move || {
                store(&changed("", |_, _| {}, arch, compiler)?, arch)
            }));
            continue;
        }
        cases.push(Case::new(format!("releases, {arch}"), move || {
            all_lose(arch, &changed("", |_, _| {}, arch, compiler)?, false)
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

fn replace(headers: &mut Headers, from: &str, to: &str) {
    headers.iter_mut().for_each(|(_, text)| *text = text.replacen(from, to, 1));
}

/// A change that a later version may make: one more function, one more constant.
fn more(headers: &mut Headers, map: &mut String) {
    let names = "/// More.\n#define ACORT_MORE 1\n\n/// More.\nint acort_more(acort_t *rt);\n\n/// Nanoseconds of CLOCK";
    replace(headers, "/// Nanoseconds of CLOCK", names);
    *map = map.replace("    acort_new;", "    acort_more;\n    acort_new;");
}

/// The shared object of the headers after a change. The empty name is that of no change.
fn changed(name: &str, change: Change, arch: &str, compiler: &str) -> Result<PathBuf> {
    let folder = scratch(&format!("abi/{arch}-{}", name.replace(' ', "-")))?;
    let names = ["aco_inline.h", "aco_switch.h", "aco_ext_inline.h"].into_iter().chain(HEADERS);
    let headers = names.map(|name| Ok((name, read(Path::new("include").join(name))?)));
    let headers: Headers = headers.collect::<Result<_>>()?;
    let map = read("libaco.map")?;
    let (mut new_headers, mut new_map) = (headers.clone(), map.clone());
    change(&mut new_headers, &mut new_map);
    let is_changed = (&headers, &map) != (&new_headers, &new_map);
    ensure!(is_changed != name.is_empty(), "{name}: nothing to change");
    library(&folder, compiler, &new_headers, &new_map)
}

/// Checks that something is lost of each release, or (`loses` is false) of none.
fn all_lose(arch: &str, now: &Path, loses: bool) -> Result {
    let releases = files(Path::new("abi").join(arch), &["abi"])?;
    ensure!(!releases.is_empty(), "abi/{arch} is empty");
    for release in releases {
        match (loss(&release, now)?, loses) {
            (Some(_), true) | (None, false) => {}
            (Some(what), false) => return Err(format!("{}: {what}", release.display()).into()),
            (None, true) => return Err(format!("{}: no loss is found", release.display()).into()),
        }
    }
    Ok(())
}

/// The shared object that `headers` and the version script `map` describe.
fn library(folder: &Path, compiler: &str, headers: &Headers, map: &str) -> Result<PathBuf> {
    fs::create_dir_all(folder.join("include"))?;
    for (name, text) in headers {
        fs::write(folder.join("include").join(name), text)?;
    }
    let (mut source, mut constants) = (String::new(), String::new());
    for item in HEADERS.iter().flat_map(|name| header::items(folder, name)) {
        match item.kind {
            // Macros, which the compiled header does not contain.
            Kind::Function if item.name.starts_with("ACORT_") => {}
            Kind::Other if item.code.contains('{') && item.code.starts_with("#define") => {}
            Kind::Function => {
                let code = item.code.split(" __attribute__").next().unwrap_or_default();
                source += &format!("{} {{ __builtin_trap(); }}\n", code.replace(';', ""));
            }
            Kind::Other if item.code.starts_with("#define") => constants += &constant(&item.name),
            Kind::Struct | Kind::Other => {}
        }
    }
    constants.extend(CONSTANTS.iter().map(|name| constant(name)));
    let includes: String = HEADERS.iter().map(|name| format!("#include <{name}>\n")).collect();
    fs::write(folder.join("abi.c"), format!("{includes}{UNDECLARED}{source}{constants}"))?;
    fs::write(folder.join("abi.map"), format!("{map}ACO_constants {{ global: constant_*; }};\n"))?;
    // Relative names leave no path in the debug information.
    let mut compile = command(&format!("{compiler} -g -O0 -w -fPIC -shared -DACO_NO_INLINE"));
    compile.args(["-Iinclude", "abi.c", "-Wl,-soname,libaco.so.1", "-o", "libaco.so"]);
    succeed(compile.arg("-Wl,--version-script=abi.map").current_dir(folder), 60)?;
    Ok(folder.join("libaco.so"))
}

/// A function that has the constant in the type of its parameter, as a positive length.
fn constant(name: &str) -> String {
    let length = format!("{name} < -1 ? 100000 - {name} : {name} + 2");
    format!("void constant_{name}(char (*length)[{length}]) {{ (void)length; }}\n")
}

/// The parts of `release` that `now` lacks, or has in another form. More names are no loss.
fn loss(release: &Path, now: &Path) -> Result<Option<String>> {
    let mut abidiff =
        command("abidiff --no-added-syms --no-show-locs --suppressions abi/suppressions");
    let outcome = run(abidiff.args([release, now]), 60)?;
    // 4: the ABI changed. 8: incompatibly. 1, 2: abidiff failed.
    match outcome.status.code() {
        Some(0) => Ok(None),
        Some(4 | 12) => Ok(Some(outcome.text)),
        _ => Err(outcome.text.into()),
    }
}

/// Writes the ABI of the present version: `make abi`, once a release.
fn store(now: &Path, arch: &str) -> Result {
    let path = Path::new("abi").join(arch).join(format!("libaco-{}.abi", version()?));
    fs::create_dir_all(Path::new("abi").join(arch))?;
    let mut abidw =
        command("abidw --no-parameter-names --no-comp-dir-path --no-show-locs --no-corpus-path");
    succeed(abidw.arg("--out-file").arg(path).arg(now), 60).map(drop)
}
