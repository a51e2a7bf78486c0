//! `cargo cinstall`, of cargo-c: the same names, soname, files and flags as `make install`. What it cannot
//! do is said in docs/packaging.md.

use std::fs;
use std::path::Path;

use crate::install::{build_and_run, make, prefix, write_program};
use crate::library::names;
use crate::process::{command, promised_names, succeed};
use crate::work::Case;

/// Installs below build/test/cinstall; what each case looks at.
pub fn cases() -> Result<Vec<Case>, String> {
    let (folder, prefix) = prefix("cinstall")?;
    let line = "cargo cinstall --locked --release --target-dir build/cinstall";
    succeed(command(&format!("{line} --prefix {prefix} --libdir {prefix}/lib")), 900)?;
    let beside = folder.join("made").to_string_lossy().into_owned();
    let made = fs::canonicalize(&folder).map_err(|error| error.to_string())?.join("made");
    make("install", &[("PREFIX", &made.to_string_lossy())])?;
    let (names, headers, flags, mixed) = (folder.clone(), folder.clone(), prefix.clone(), prefix);
    Ok(vec![
        Case::new("names and soname", move || names_and_soname(&names.join("usr/lib"))),
        Case::new("headers", move || {
            let line = format!("diff -r {}/usr/include {beside}/include", headers.display());
            succeed(command(&line), 60).map(drop)
        }),
        Case::new("what pkg-config says", {
            let folder = folder.clone();
            move || pkg_config(&folder, &flags)
        }),
        Case::new("programs of either with either", move || {
            either(&folder, &mixed, &made.to_string_lossy())
        }),
    ])
}

fn names_and_soname(libraries: &Path) -> Result<(), String> {
    let library = libraries.join("libaco.so");
    let exported = names(&format!("nm -D --defined-only {}", library.display()))?;
    let promised = promised_names(None)?;
    if exported != promised {
        return Err(format!("{exported:?} are not {promised:?}"));
    }
    let dynamic = succeed(command(&format!("readelf -dW {}", library.display())), 60)?;
    for wanted in ["soname: [libaco.so.1]", "[libc.so.6]", "NOW NODELETE"] {
        dynamic.contains(wanted).then_some(()).ok_or_else(|| format!("{wanted}: {dynamic}"))?;
    }
    for name in ["libaco.so.1", "libaco.so.1.3.0", "libaco.a"] {
        libraries.join(name).exists().then_some(()).ok_or_else(|| format!("no {name}"))?;
    }
    Ok(())
}

/// A program is built with what pkg-config says, shared and static, and runs.
fn pkg_config(folder: &Path, prefix: &str) -> Result<(), String> {
    let program = write_program(folder)?;
    // cargo's libaco.a is one object for all, so that glibc warns of getaddrinfo in every static program.
    let fixed = "-static -Wl,--no-warnings";
    for (what, fixed) in [("--cflags --libs", ""), ("--static --cflags --libs", fixed)] {
        let mut ask = command(&format!("pkg-config {what} libaco"));
        ask.env("PKG_CONFIG_PATH", format!("{prefix}/lib/pkgconfig"));
        let flags = succeed(ask, 60)?;
        let mut arguments = vec![&*program];
        arguments.extend(flags.split_whitespace().chain(fixed.split_whitespace()));
        build_and_run("cc", &arguments, &folder.join(format!("of-pc-{}", fixed.len())), prefix)?;
    }
    Ok(())
}

/// The library of cargo has no symbol versions: the loader says so, on stderr, to a program that was linked
/// with make's, and runs it.
fn either(folder: &Path, cargo: &str, make: &str) -> Result<(), String> {
    let program = write_program(folder)?;
    for (linked, other) in [(cargo, make), (make, cargo)] {
        let (include, lib) = (format!("-I{linked}/include"), format!("-L{linked}/lib"));
        let binary = folder.join("either");
        let arguments = [&*program, &include, &lib, "-laco"];
        build_and_run("cc", &arguments, &binary, linked)?;
        let mut run = command(&binary.to_string_lossy());
        run.env("LD_LIBRARY_PATH", format!("{other}/lib"));
        let output = succeed(run, 60)?;
        let is_told = output.contains("no version information available");
        let has_run = output.lines().last() == Some(env!("CARGO_PKG_VERSION"));
        if !has_run || is_told != (other == cargo) {
            return Err(output);
        }
    }
    Ok(())
}
