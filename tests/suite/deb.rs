//! The Debian packages: built in a copy of the tree, checked by lintian, unpacked and used.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, ensure};
use crate::files::{absolute, files};
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::toolchain::command;

/// The folder in which `make deb` puts them.
const PACKAGES: &str = "build/deb";

/// The sample builds no package.
pub fn cases(extent: Extent) -> Vec<Case> {
    let license = Case::new("LICENSE is whole", || {
        succeed(command("cmp LICENSE /usr/share/common-licenses/Apache-2.0"), 60).map(drop)
    });
    let packages = Case::new("build, lintian, use", packages);
    if extent == Extent::Sample { vec![license] } else { vec![license, packages] }
}

fn packages() -> Result {
    succeed(command("make --silent deb"), 600)?;
    let changes = package("libaco_", "changes")?;
    succeed(command("lintian --fail-on error,warning").arg(changes), 300)?;
    let root = scratch("deb")?;
    unpack("libaco1_", &root)?;
    old_program_runs(&root)?;
    unpack("libaco-dev_", &root)?;
    package_test_runs(&root)?;
    let mut man = command("man -P cat -M");
    man.arg(absolute(root.join("usr/share/man"))).args(["3", "aco_yield"]);
    let page = succeed(man.env("LC_ALL", "C.UTF-8"), 60)?;
    ensure!(page.contains("aco_yield"), "{page}");
    Ok(())
}

/// The file with that start of its name and that extension.
fn package(start: &str, extension: &str) -> Result<PathBuf> {
    let path = files(PACKAGES, &[extension])?.into_iter().find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
    });
    Ok(path.ok_or_else(|| format!("no {start}….{extension}"))?)
}

fn unpack(start: &str, root: &Path) -> Result {
    succeed(command("dpkg-deb -x").arg(package(start, "deb")?).arg(root), 60).map(drop)
}

/// The folder of the libraries in the packages.
fn library_folder(packages: &Path) -> Result<String> {
    let triplet = succeed(command("dpkg-architecture -qDEB_HOST_MULTIARCH"), 60)?;
    Ok(absolute(packages.join("usr/lib").join(triplet.trim())))
}

/// Runs a program that was linked with a library without a soname, as libaco 1.2. It needs `libaco.so`, which must be in
/// the package libaco1.
fn old_program_runs(packages: &Path) -> Result {
    let folder = scratch("deb-old")?;
    fs::write(folder.join("old.c"), "void aco_runtime_test(void) {}\n")?;
    let main = "void aco_runtime_test(void);\nint main(void) { aco_runtime_test(); return 0; }\n";
    fs::write(folder.join("main.c"), main)?;
    let at = folder.display();
    succeed(command(&format!("cc -shared -fPIC {at}/old.c -o {at}/libaco.so")), 60)?;
    succeed(command(&format!("cc {at}/main.c -L{at} -laco -o {at}/program")), 60)?;
    let mut run = command(&format!("{at}/program"));
    succeed(run.env("LD_LIBRARY_PATH", library_folder(packages)?), 60)?;
    let needed = succeed(command(&format!("readelf -d {at}/program")), 60)?;
    ensure!(needed.contains("[libaco.so]"), "{needed}");
    Ok(())
}

/// Runs `debian/tests/use` with the unpacked packages instead of installed ones.
fn package_test_runs(packages: &Path) -> Result {
    let libraries = library_folder(packages)?;
    let mut test = command("debian/tests/use");
    test.env("AUTOPKGTEST_TMP", absolute(scratch("deb-use")?));
    test.env("CPATH", absolute(packages.join("usr/include")));
    test.env("LIBRARY_PATH", &libraries).env("LD_LIBRARY_PATH", &libraries);
    let output = succeed(test.env("PKG_CONFIG_PATH", format!("{libraries}/pkgconfig")), 60)?;
    ensure!(output.matches("goodbye, world").count() == 3, "{output}");
    Ok(())
}
