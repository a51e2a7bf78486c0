//! `cargo cinstall`, of cargo-c: the same names, soname, files and flags as `make install`. The README says what it
//! cannot do.

use std::path::Path;

use crate::case::{Case, ensure};
use crate::exports::{are_promised, exported_names, shows};
use crate::files::{absolute, version};
use crate::install::{build_and_run, link_flags, make, pkg_config, prefix, write_program};
use crate::process::{Result, succeed};
use crate::toolchain::command;

/// Installs by both, below build/test/cinstall, for all cases.
pub fn cases() -> Result<Vec<Case>> {
    let (folder, prefix) = prefix("cinstall")?;
    let line = "cargo cinstall --locked --release --target-dir build/cinstall";
    succeed(command(&format!("{line} --prefix {prefix} --libdir {prefix}/lib")), 900)?;
    let made = absolute(folder.join("made"));
    make("install", &[("PREFIX", &made)])?;
    let difference = format!("diff -r {prefix}/include {made}/include");
    let (libraries, beside, asked) = (folder.join("usr/lib"), folder.clone(), prefix.clone());
    Ok(vec![
        Case::new("names and soname", move || names_and_soname(&libraries)),
        Case::new("headers", move || succeed(command(&difference), 60).map(drop)),
        Case::new("what pkg-config says", move || {
            let program = write_program(&folder)?;
            // The libaco.a of cargo is one object, so that glibc warns of getaddrinfo in every static program.
            pkg_config(&program, &folder, &asked, "-static -Wl,--no-warnings")
        }),
        Case::new("programs of either with either", move || either(&beside, &prefix, &made)),
    ])
}

fn names_and_soname(libraries: &Path) -> Result {
    let library = libraries.join("libaco.so");
    are_promised(exported_names(&library.to_string_lossy())?)?;
    let wanted = ["soname: [libaco.so.1]", "[libc.so.6]", "NOW NODELETE"];
    shows(&format!("readelf -dW {}", library.display()), &wanted, &[])?;
    for name in ["libaco.so.1", &format!("libaco.so.{}", version()?), "libaco.a"] {
        ensure!(libraries.join(name).exists(), "no {name}");
    }
    Ok(())
}

/// Runs a program with the library of make that was linked with the library of cargo, and the other way round. The
/// library of cargo has no symbol versions. For a program that was linked with make's the loader says so, on stderr.
fn either(folder: &Path, cargo: &str, make: &str) -> Result {
    let program = write_program(folder)?;
    for (linked, other) in [(cargo, make), (make, cargo)] {
        let binary = folder.join("either");
        build_and_run(&format!("cc {program}"), &link_flags(linked), &binary, linked)?;
        let mut run = command(&binary.to_string_lossy());
        run.env("LD_LIBRARY_PATH", format!("{other}/lib"));
        let output = succeed(run, 60)?;
        let is_told = output.contains("no version information available");
        let has_run = output.lines().last() == Some(&version()?);
        ensure!(has_run && is_told == (other == cargo), "{output}");
    }
    Ok(())
}
