//! What the built libraries promise to loaders and linkers: names, versions, sections.

use std::collections::BTreeSet;
use std::fs;

use crate::case::{Case, ensure};
use crate::files::read;
use crate::process::{Result, succeed};
use crate::toolchain::command;

/// The names that libaco 1.2.4 exports: functions, and the thread-local variable.
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

/// The names in libaco.map, of version node `node` or of all nodes.
pub fn promised_names(node: Option<&str>) -> Result<BTreeSet<String>> {
    let map = read("libaco.map")?;
    let nodes = map.split("ACO_").skip(1).filter_map(|text| text.split_once(" {"));
    let nodes = nodes.filter(|(name, _)| node.is_none_or(|node| node == format!("ACO_{name}")));
    let lines = nodes.flat_map(|(_, text)| text.lines());
    let names = lines.filter_map(|line| line.trim().strip_suffix(';'));
    Ok(names.filter(|name| name.starts_with("aco")).map(String::from).collect())
}

/// The names in the output of `nm`, without versions.
fn names(line: &str) -> Result<BTreeSet<String>> {
    let output = succeed(command(line), 60)?;
    let lines = output.lines().filter(|line| line.split_whitespace().count() == 3);
    let lines = lines.filter(|line| !line.contains(" A "));
    let names = lines.filter_map(|line| line.split_whitespace().last()?.split('@').next());
    Ok(names.map(String::from).collect())
}

/// The names that a shared library exports.
pub fn exported_names(library: &str) -> Result<BTreeSet<String>> {
    names(&format!("nm -D --defined-only {library}"))
}

/// The global names of an archive, but for those that one of its objects has for the other.
fn archived_names(archive: &str) -> Result<BTreeSet<String>> {
    let mut names = names(&format!("nm --plugin= -g --defined-only {archive}"))?;
    names.retain(|name| !name.starts_with("aco_within_"));
    Ok(names)
}

/// Compares names with those in libaco.map.
pub fn are_promised(names: BTreeSet<String>) -> Result {
    let promised = promised_names(None)?;
    let missing: Vec<_> = promised.difference(&names).collect();
    let surplus: Vec<_> = names.difference(&promised).collect();
    ensure!(promised == names, "missing {missing:?}, beyond libaco.map {surplus:?}");
    Ok(())
}

/// Compares the output of `line` with texts that it must have, and texts that it must not have.
pub fn shows(line: &str, wanted: &[&str], unwanted: &[&str]) -> Result {
    let output = succeed(command(line), 60)?;
    let absent: Vec<_> = wanted.iter().filter(|text| !output.contains(**text)).collect();
    let present: Vec<_> = unwanted.iter().filter(|text| output.contains(**text)).collect();
    let is_right = absent.is_empty() && present.is_empty();
    ensure!(is_right, "{line}: has no {absent:?}, has {present:?}:\n{output}");
    Ok(())
}

/// Checks libaco.map: ACO_1.2 has the names of libaco, ACO_1.3 has all others, and both are sorted.
pub fn version_nodes() -> Result {
    let (old, ours) = (promised_names(Some("ACO_1.2"))?, promised_names(Some("ACO_1.3"))?);
    ensure!(old.iter().eq(OF_LIBACO.iter()) && old.is_disjoint(&ours), "ACO_1.2 has {old:?}");
    let count = promised_names(None)?.len();
    ensure!(old.len() + ours.len() == count, "libaco.map has another node");
    let map = read("libaco.map")?;
    let names = map.lines().filter_map(|line| line.strip_prefix("    aco")?.strip_suffix(';'));
    let names: Vec<_> = names.collect();
    let (old, ours) = names.split_at(OF_LIBACO.len());
    ensure!(old.is_sorted() && ours.is_sorted(), "libaco.map is not sorted");
    let symbols = succeed(command("readelf --dyn-syms -W build/libaco.so"), 60)?;
    let variable = symbols.lines().find(|line| line.contains("aco_gtls_co@@"));
    let is_thread_local = |line: &str| line.contains(" TLS ") && line.contains(" 8 ");
    ensure!(variable.is_some_and(is_thread_local), "{variable:?}");
    Ok(())
}

/// The libraries in `folder`.
pub fn binary_cases(folder: &'static str) -> Vec<Case> {
    let library = format!("{folder}/libaco.so");
    let archive = format!("{folder}/libaco.a");
    let case = |name: &str, file: &str, job: fn(&str) -> Result| {
        let path = file.to_string();
        Case::new(format!("{name} {file}"), move || job(&path))
    };
    vec![
        case("names of", &library, |path| are_promised(exported_names(path)?)),
        case("global names of", &archive, |path| are_promised(archived_names(path)?)),
        case("versions of the names of", &library, |path| {
            let output = succeed(command(&format!("nm -D --defined-only {path}")), 60)?;
            for node in ["ACO_1.2", "ACO_1.3"] {
                for name in promised_names(Some(node))? {
                    let versioned = format!(" {name}@@{node}\n");
                    ensure!(output.contains(&versioned), "no{versioned}");
                }
            }
            Ok(())
        }),
        case("dynamic section of", &library, |path| {
            let wanted = ["soname: [libaco.so.1]", "[libc.so.6]", "BIND_NOW", "NODELETE"];
            let unwanted = ["libgcc", "libm.so", "libpthread", "libdl", "TEXTREL"];
            shows(&format!("readelf -dW {path}"), &wanted, &unwanted)?;
            let size = fs::metadata(path)?.len() - gap_before_data(path)?;
            ensure!(size < 450_000, "{path} has {size} bytes");
            Ok(())
        }),
        case("no executable stack, RELRO in", &library, |path| {
            let output = succeed(command(&format!("readelf -lW {path}")), 60)?;
            let stack = output.lines().find(|line| line.contains("GNU_STACK"));
            let is_plain = stack.is_some_and(|line| line.contains(" RW ") && !line.contains("RWE"));
            ensure!(is_plain && output.contains("GNU_RELRO"), "{output}");
            Ok(())
        }),
    ]
}

/// Other builds than that of the Makefile's default goal export the same names.
pub fn other_builds() -> Vec<Case> {
    vec![
        Case::new("names of cargo build", || {
            succeed(command("cargo build --quiet --locked --release"), 600)?;
            are_promised(exported_names("target/release/libaco.so")?)
        }),
        Case::new("names of make RT=0", || {
            succeed(command("make --silent RT=0"), 600)?;
            let mut core = promised_names(None)?;
            core.retain(|name| !name.starts_with("acort_"));
            let exported = exported_names("build/without-rt/libaco.so")?;
            let archived = archived_names("build/without-rt/libaco.a")?;
            ensure!(exported == core && archived == core, "{exported:?}, {archived:?}");
            Ok(())
        }),
    ]
}

/// The unused bytes before the data segment, if pages may have 64 KiB: on aarch64 the file has up to so many.
fn gap_before_data(path: &str) -> Result<u64> {
    let segments = succeed(command(&format!("readelf -lW {path}")), 60)?;
    let mut end_of_code = 0;
    for line in segments.lines().filter(|line| line.trim_start().starts_with("LOAD ")) {
        let numbers: Vec<_> =
            line.split_whitespace().filter(|word| word.starts_with("0x")).collect();
        let [offset, _, _, size, _, alignment] = numbers[..] else { continue };
        let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16);
        if number(alignment)? < 0x10000 {
            return Ok(0);
        }
        if line.contains(" RW ") {
            return Ok(number(offset)? - end_of_code);
        }
        end_of_code = number(offset)? + number(size)?;
    }
    Err("no segment has data".into())
}
