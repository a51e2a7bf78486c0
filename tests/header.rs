//! `include/aco.h` is generated from the Rust items and checked in; this fails when it is stale.
//! `make header` (ACO_BLESS=1) writes it.

use std::path::Path;
use std::{env, fs};

/// The header, as the Rust items say it now.
fn generate(root: &Path) -> String {
    let mut config =
        cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let version: Vec<_> = env!("CARGO_PKG_VERSION").split('.').collect();
    let prelude = config.after_includes.take().expect("cbindgen.toml has after_includes");
    let prelude = prelude.replace("@MAJOR@", version[0]).replace("@MINOR@", version[1]);
    config.after_includes = Some(prelude.replace("@PATCH@", version[2]));

    let builder = cbindgen::Builder::new().with_crate(root).with_config(config);
    let mut text = Vec::new();
    builder.generate().expect("cbindgen reads the crate").write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    // A section for Rust readers; C readers have the comment's own words.
    let lines = text.lines().map(|line| line.replace(" # Safety", " Valid when:"));
    lines.map(|line| line + "\n").collect()
}

#[test]
fn aco_h_is_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/aco.h");
    let fresh = generate(root);
    if env::var_os("ACO_BLESS").is_some() {
        fs::write(&path, &fresh).expect("include/ is writable");
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    let differs = fresh.lines().zip(present.lines()).find(|(fresh, present)| fresh != present);
    assert!(fresh == present, "include/aco.h is stale at {differs:?}: run `make header`");
}
