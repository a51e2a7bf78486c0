//! `include/aco.h`, `aco_ext.h` and `acort.h` are generated from the Rust items and checked in. The tests fail if one
//! is stale. `make header` (ACO_BLESS=1) writes them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

/// The files of a folder, in the order in which its `mod.rs` names them. Folders in it are left out.
fn files_of(root: &Path, folder: &str) -> Vec<PathBuf> {
    let folder = root.join(folder);
    let names = fs::read_to_string(folder.join("mod.rs")).expect("src/ is readable");
    let names = names.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(|name| folder.join(format!("{name}.rs"))).filter(|path| path.is_file()).collect()
}

/// A header of the items of some files. cbindgen reads them as one source, because it would sort files by name.
fn generate(root: &Path, configuration: &str, types: &[&str], folder: &str) -> String {
    let mut files: Vec<_> = types.iter().map(|file| root.join(file)).collect();
    files.extend(files_of(root, folder));
    let text = |file| fs::read_to_string(file).expect("src/ is readable");
    let sources: String = files.into_iter().map(text).collect();
    // Comments and attributes of a whole file have no place in the middle of a source.
    let items = sources.lines().filter(|line| !line.starts_with("//!") && !line.starts_with("#!["));
    let items: String = items.map(|line| line.to_owned() + "\n").collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{configuration}.rs"));
    fs::write(&path, items).expect("the folder is writable");
    let mut config = config(root, configuration);
    let version: Vec<_> = env!("CARGO_PKG_VERSION").split('.').collect();
    let prelude = config.after_includes.take().expect("the configuration has after_includes");
    let prelude = prelude.replace("@MAJOR@", version[0]).replace("@MINOR@", version[1]);
    config.after_includes = Some(prelude.replace("@PATCH@", version[2]));
    text_of(cbindgen::Builder::new().with_src(path).with_config(config))
}

fn config(root: &Path, name: &str) -> cbindgen::Config {
    cbindgen::Config::from_file(root.join(name)).expect("the configuration is valid")
}

fn text_of(builder: cbindgen::Builder) -> String {
    let mut text = Vec::new();
    builder.generate().expect("cbindgen reads the sources").write(&mut text);
    String::from_utf8(text).expect("cbindgen writes UTF-8")
}

#[test]
fn aco_h_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = generate(root, "cbindgen.toml", &["src/abi.rs"], "src/ffi");
    is_fresh(root, "include/aco.h", &fresh);
}

#[test]
fn aco_ext_h_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = generate(root, "cbindgen-ext.toml", &[], "src/ffi/extension");
    is_fresh(root, "include/aco_ext.h", &fresh);
}

/// `acort.h`, as the Rust items say it now.
fn runtime_header() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let types = ["src/rt/model/abi.rs", "src/rt/model/abi/io.rs", "src/rt/model/abi/sync.rs"];
    TEXT.get_or_init(|| generate(root, "cbindgen-rt.toml", &types, "src/ffi/rt"))
}

#[test]
fn acort_h_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    is_fresh(root, "include/acort.h", runtime_header());
}

fn is_fresh(root: &Path, name: &str, fresh: &str) {
    let path = root.join(name);
    if env::var_os("ACO_BLESS").is_some() {
        fs::write(&path, fresh).expect("include/ is writable");
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    let differs = fresh.lines().zip(present.lines()).find(|(fresh, present)| fresh != present);
    assert!(fresh == present, "{name} is stale at {differs:?}: run `make header`");
}

/// The functions of `acort.h` that take a deadline.
fn with_deadline(header: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut head = "";
    for line in header.lines().filter(|line| !line.trim_start().starts_with('/')) {
        head = if line.starts_with(' ') { head } else { line };
        if line.contains("int64_t deadline") {
            let before = head.split('(').next().unwrap_or_default();
            names.extend(before.rsplit([' ', '*']).next());
        }
    }
    names
}

/// The table at the top of the header says what each does with deadline 0.
#[test]
fn every_deadline_is_in_the_table() {
    let rows = runtime_header().lines().take_while(|line| !line.ends_with("*/"));
    let rows = rows.filter_map(|line| line.strip_prefix(" *     "));
    let rows = rows.map(|row| row.get(..39).unwrap_or(row));
    let mut listed: Vec<_> = rows.flat_map(str::split_whitespace).collect();
    let mut names = with_deadline(runtime_header());
    listed.sort();
    names.sort();
    assert_eq!(listed, names);
}

/// Each is called in a deadline scope.
#[test]
fn every_deadline_is_bounded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let test = fs::read_to_string(root.join("c_tests/rt/scopes.c")).expect("it is readable");
    for name in with_deadline(runtime_header()) {
        assert!(test.contains(&format!("{name}(")), "c_tests/rt/scopes.c calls no {name}");
    }
}

/// Each is called with what is no deadline.
#[test]
fn every_deadline_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let test = fs::read_to_string(root.join("c_tests/rt/deadlines.c")).expect("it is readable");
    let calls = test.split_once("static void refuse(int64_t deadline, int error)");
    let calls = calls.and_then(|(_, rest)| rest.split_once("\n}")).expect("it has that function").0;
    let names = with_deadline(runtime_header());
    assert_eq!(
        names.len(),
        runtime_header().matches("int64_t deadline").count(),
        "found: {names:?}"
    );
    for name in names {
        assert!(calls.contains(&format!("({name}(")), "c_tests/rt/deadlines.c calls no {name}");
    }
}
