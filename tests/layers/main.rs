//! Which module may use which. Every `use crate::…` and `crate::…` path in `src/` is compared with two tables, one of
//! the modules and one of the runtime's rooms: a new edge is a decision, made here.

mod imports;
mod invariants;
mod map;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module, and the modules below it that it may use.
const LAYERS: [(&str, &[&str]); 32] = [
    (
        "ffi",
        &[
            "rt",
            "overflow",
            "generator",
            "resume",
            "attach",
            "listing",
            "coroutine",
            "hooks",
            "thread",
            "record",
            "stack",
            "slab",
            "state",
            "error",
            "arch",
            "sys",
            "tls",
            "diag",
            "abi",
        ],
    ),
    ("generator", &["resume", "coroutine", "sanitizer", "state", "error", "abi"]),
    (
        "rt",
        &[
            "overflow",
            "resume",
            "coroutine",
            "record",
            "stack",
            "sanitizer",
            "valgrind",
            "environment",
            "lock",
            "error",
            "symbol",
            "arch",
            "tls",
            "diag",
            "valgrind",
            "sys",
            "atomic",
            "abi",
        ],
    ),
    (
        "resume",
        &[
            "overflow",
            "coroutine",
            "hooks",
            "stack",
            "save",
            "frame_chain",
            "state",
            "exceptions",
            "sanitizer",
            "arch",
            "tls",
            "diag",
            "abi",
            "valgrind",
        ],
    ),
    ("attach", &["coroutine", "record", "frame_chain", "slab", "state", "diag", "abi"]),
    ("overflow", &["coroutine", "stack", "thread_exit", "tls", "lock", "diag", "sys", "abi"]),
    (
        "listing",
        &[
            "coroutine",
            "record",
            "stack",
            "slab",
            "symbol",
            "sanitizer",
            "state",
            "arch",
            "diag",
            "abi",
        ],
    ),
    (
        "coroutine",
        &[
            "hooks",
            "thread",
            "record",
            "stack",
            "frame_chain",
            "save",
            "slab",
            "thread_exit",
            "sanitizer",
            "slow_path",
            "state",
            "error",
            "arch",
            "tls",
            "diag",
            "abi",
        ],
    ),
    ("hooks", &["exceptions", "slow_path", "tls", "abi"]),
    ("thread", &["exceptions", "sanitizer", "arch", "tls", "diag", "sys", "abi"]),
    ("record", &["slab", "sanitizer", "valgrind", "slow_path", "tls", "lock", "sys", "abi"]),
    (
        "stack",
        &[
            "slab",
            "thread_exit",
            "state",
            "error",
            "sanitizer",
            "valgrind",
            "arch",
            "tls",
            "lock",
            "diag",
            "sys",
            "abi",
        ],
    ),
    ("save", &["frame_chain", "slab", "sanitizer", "valgrind", "arch", "diag", "abi"]),
    ("frame_chain", &["state", "valgrind", "arch", "abi"]),
    ("slab", &["thread_exit", "sanitizer", "valgrind", "tls", "lock", "diag", "sys", "abi"]),
    ("exceptions", &["sanitizer", "arch", "tls", "diag"]),
    ("sanitizer", &["thread_exit", "valgrind", "state", "arch", "tls", "diag", "sys", "abi"]),
    ("thread_exit", &["tls", "sys"]),
    ("valgrind", &["arch"]),
    ("symbol", &["arch"]),
    ("environment", &["arch", "sys"]),
    ("panic", &["arch", "diag", "sys"]),
    ("slow_path", &[]),
    ("state", &["abi"]),
    ("lock", &["arch", "sys", "atomic"]),
    ("atomic", &["arch"]),
    ("arch", &["abi"]),
    ("tls", &["abi"]),
    ("error", &["diag", "sys", "abi"]),
    ("diag", &["sys", "abi"]),
    ("sys", &[]),
    ("abi", &[]),
];

/// A room of the runtime, a folder of `src/rt`, and the rooms below it that it may use. Each permission is used.
const ROOMS: [(&str, &[&str]); 12] = [
    ("sched", &["blocking", "io", "sync", "park", "model", "base", "os"]),
    ("program", &["blocking", "io", "park", "model", "os"]),
    ("stream", &["io", "park", "model", "base", "os"]),
    ("net", &["select", "blocking", "io", "model", "os"]),
    ("select", &["io", "sync", "park", "model", "base", "os"]),
    ("blocking", &["io", "park", "model", "base", "os"]),
    ("io", &["sync", "park", "model", "base", "os"]),
    ("sync", &["park", "model", "base", "os"]),
    ("park", &["model", "base", "os"]),
    ("model", &["base", "os"]),
    ("base", &["os"]),
    ("os", &[]),
];

/// The circles of files that are left, with their reasons.
///
/// * The objects of the runtime point at each other: a task at its group, a group at its runtime, that at its workers, a
///   worker at its task, a group at its timer, and that at its worker. Their C names stand beside them.
const CIRCLES: [&[&str]; 1] = [&[
    "rt/model/abi",
    "rt/model/group",
    "rt/model/group_timer",
    "rt/model/runtime",
    "rt/model/task",
    "rt/model/worker",
]];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The uses that a table does not permit, and how many it does. `level` is the place of the table's names in a path.
fn compare(table: &[(&str, &[&str])], level: usize, below: &[&str]) -> (Vec<String>, usize) {
    let (mut wrong, mut unused) = (BTreeSet::new(), BTreeSet::new());
    unused.extend(table.iter().flat_map(|(name, below)| below.iter().map(move |it| (*name, *it))));
    let mut edges = 0;
    let imports = imports::read(&src());
    for (module, used) in &imports {
        let Some(name) = module.get(level).filter(|_| module.starts_with_names(below)) else {
            continue;
        };
        if name == "lib" {
            continue;
        }
        let Some((name, allowed)) = table.iter().find(|(it, _)| it == name) else {
            wrong.insert(format!("{} has no place in the table", module.join("/")));
            continue;
        };
        for other in used.iter().filter(|other| other.starts_with_names(below)) {
            let Some(to) = other.get(level).filter(|to| to != name) else { continue };
            edges += 1;
            unused.remove(&(*name, to.as_str()));
            if !allowed.contains(&to.as_str()) {
                wrong.insert(format!("{} uses {}", module.join("/"), other.join("/")));
            }
        }
    }
    wrong.extend(unused.iter().map(|(name, to)| format!("{name} does not use {to}")));
    (wrong.into_iter().collect(), edges)
}

trait StartsWithNames {
    fn starts_with_names(&self, names: &[&str]) -> bool;
}

impl StartsWithNames for imports::Module {
    fn starts_with_names(&self, names: &[&str]) -> bool {
        self.len() > names.len() && self.iter().zip(names).all(|(one, other)| one == other)
    }
}

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let (wrong, edges) = compare(&LAYERS, 0, &[]);
    assert!(wrong.is_empty(), "against the layers: {wrong:#?}");
    assert!(edges > 100, "the search finds {edges} uses: it is broken");
}

#[test]
fn every_room_uses_only_what_lies_below_it() {
    let (wrong, edges) = compare(&ROOMS, 1, &["rt"]);
    assert!(wrong.is_empty(), "against the rooms: {wrong:#?}");
    assert!(edges > 100, "the search finds {edges} uses: it is broken");
}

#[test]
fn no_circle_of_files_is_left_but_those_with_a_reason() {
    let circles = imports::circles(&imports::read(&src()));
    assert_eq!(circles, CIRCLES);
}

#[test]
fn the_maps_are_fresh() {
    let src = src();
    let modules: Vec<_> = LAYERS.iter().map(|(name, _)| map::row(&src, name, name)).collect();
    map::check(&src.join("lib.rs"), "module", &modules);
    let of_room = |(name, _): &(&str, _)| map::row(&src, &format!("rt/{name}"), name);
    map::check(&src.join("rt/mod.rs"), "room", &ROOMS.iter().map(of_room).collect::<Vec<_>>());
    for (room, _) in ROOMS {
        let folder = src.join("rt").join(room);
        let in_room = |path: PathBuf| {
            let module = if path.ends_with("mod.rs") { path.parent()? } else { &path };
            let name = module.file_stem()?.to_string_lossy().into_owned();
            (module.parent() == Some(&folder)).then_some(name)
        };
        let mut names: Vec<_> = imports::sources(&folder).into_iter().filter_map(in_room).collect();
        names.sort();
        let row = |name: String| map::row(&src, &format!("rt/{room}/{name}"), &name);
        let rows: Vec<_> = names.into_iter().map(row).collect();
        map::check(&folder.join("mod.rs"), "file", &rows);
    }
}

#[test]
fn invariants_are_numbered_and_citations_lead_to_one() {
    let faults = invariants::faults(&src());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_tables_themselves_have_no_cycle() {
    for table in [&LAYERS[..], &ROOMS] {
        for (at, (name, below)) in table.iter().enumerate() {
            for used in *below {
                let used_at = table.iter().position(|(name, _)| name == used);
                assert!(used_at > Some(at), "{name} may not use {used}, which is not below it");
            }
        }
    }
}

#[test]
fn assembly_stands_in_arch_and_tls_alone() {
    let src = src();
    for path in imports::sources(&src) {
        let inside = path.strip_prefix(&src).expect("found below src/").to_string_lossy();
        let text = fs::read_to_string(&path).expect("src/ is readable");
        // resume.rs names the functions whose bodies are arch's.
        let asm = text.contains("asm!(");
        // panic.rs has one label that core's unwind tables name; no instruction.
        let home = inside.starts_with("arch/") || ["tls.rs", "panic.rs"].contains(&&*inside);
        assert!(home || !asm, "{inside} has assembly");
    }
}
