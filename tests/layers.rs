//! Who may use whom. Every `use crate::…` and `crate::…` path in `src/` is compared with a table:
//! a new edge is a decision, made here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module, and the modules below it that it may use.
const LAYERS: [(&str, &[&str]); 31] = [
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
            "refusal",
            "sys",
            "arch",
            "tls",
            "diag",
            "abi",
        ],
    ),
    (
        "generator",
        &["resume", "coroutine", "frame_chain", "sanitizer", "state", "refusal", "diag", "abi"],
    ),
    (
        "rt",
        &[
            "overflow",
            "resume",
            "coroutine",
            "record",
            "stack",
            "sanitizer",
            "environment",
            "refusal",
            "symbol",
            "arch",
            "tls",
            "diag",
            "sys",
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
    (
        "overflow",
        &["coroutine", "stack", "thread_exit", "arch", "tls", "lock", "diag", "sys", "abi"],
    ),
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
            "diag",
            "sys",
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
            "refusal",
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
            "refusal",
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
    ("environment", &["arch"]),
    ("slow_path", &[]),
    ("state", &["abi"]),
    ("arch", &["abi"]),
    ("tls", &["abi"]),
    ("refusal", &["diag", "sys", "abi"]),
    ("panic", &["diag", "sys"]),
    ("diag", &["sys", "abi"]),
    ("lock", &["sys"]),
    ("sys", &[]),
    ("abi", &[]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("src/ is readable");
    let paths = entries.map(|entry| entry.expect("src/ is readable").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The modules of this crate that a source file names after `crate::`.
fn used_by(text: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut used = BTreeSet::new();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            // `use crate::{a, b::{c, d}};`: the first word of each part at depth 0.
            Some(list) => {
                let mut depth = 0;
                let mut starts = true;
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => starts = true,
                        _ if starts && c.is_alphanumeric() => {
                            used.insert(word(&list[at..]));
                            starts = false;
                        }
                        _ => {}
                    }
                }
            }
            None => {
                used.insert(word(rest));
            }
        }
    }
    used
}

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut edges = 0;
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).expect("found below src/");
        let module = inside.components().next().expect("has a name");
        let module = module.as_os_str().to_string_lossy().replace(".rs", "");
        if module == "lib" {
            continue;
        }
        let allowed = LAYERS.iter().find(|(name, _)| *name == module).map(|(_, below)| *below);
        let allowed = allowed.unwrap_or_else(|| panic!("{module} has no place in LAYERS"));
        for used in used_by(&fs::read_to_string(&path).expect("src/ is readable")) {
            edges += 1;
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers: {wrong:#?}");
    assert!(edges > 30, "the search finds {edges} uses: it is broken");
}

#[test]
fn the_table_itself_has_no_cycle() {
    for (at, (name, below)) in LAYERS.iter().enumerate() {
        for used in *below {
            let used_at = LAYERS.iter().position(|(name, _)| name == used);
            assert!(used_at > Some(at), "{name} may not use {used}, which is not below it");
        }
    }
}

#[test]
fn assembly_stands_in_arch_and_tls_alone() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).expect("found below src/").to_string_lossy();
        let text = fs::read_to_string(&path).expect("src/ is readable");
        // resume.rs names the functions whose bodies are arch's.
        let asm = text.contains("asm!(");
        // panic.rs has one label that core's unwind tables name; no instruction.
        let home = inside.starts_with("arch/") || ["tls.rs", "panic.rs"].contains(&&*inside);
        assert!(home || !asm, "{inside} has assembly");
    }
}
