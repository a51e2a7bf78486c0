//! The Debian packages: built in a copy of the tree, judged by lintian, unpacked and used.

use std::fs;
use std::path::{Path, PathBuf};

use crate::lanes::Extent;
use crate::process::{command, root, scratch, succeed};
use crate::work::Case;

/// Where `make deb` puts them.
const PACKAGES: &str = "build/deb";

/// Without being asked for it, `make test` builds no package.
pub fn cases(extent: Extent) -> Vec<Case> {
    let license = Case::new("LICENSE is whole", || {
        succeed(command("cmp LICENSE /usr/share/common-licenses/Apache-2.0"), 60).map(drop)
    });
    let packages = Case::new("build, lintian, use", packages);
    if extent == Extent::Plain { vec![license] } else { vec![license, packages] }
}

fn packages() -> Result<(), String> {
    succeed(command("make --silent deb"), 600)?;
    let changes = package("libaco_", ".changes")?;
    let lintian = format!("lintian --fail-on error,warning {}", changes.display());
    succeed(command(&lintian), 300)?;
    let root = scratch("deb")?;
    unpack("libaco1_", &root)?;
    old_program_runs(&root)?;
    unpack("libaco-dev_", &root)?;
    its_own_test(&root)?;
    manual_page(&root)
}

/// The one file in the folder with that start and end.
fn package(start: &str, end: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(PACKAGES).map_err(|error| format!("{PACKAGES}: {error}"))?;
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(start) && name.ends_with(end));
    name.map(|name| Path::new(PACKAGES).join(name)).ok_or_else(|| format!("no {start}…{end}"))
}

fn unpack(start: &str, root: &Path) -> Result<(), String> {
    let mut unpack = command("dpkg-deb -x");
    unpack.arg(package(start, ".deb")?).arg(root);
    succeed(unpack, 60).map(drop)
}

/// Where the packages have their libraries.
fn library_folder(packages: &Path) -> Result<String, String> {
    let triplet = succeed(command("dpkg-architecture -qDEB_HOST_MULTIARCH"), 60)?;
    let folder = root().join(packages).join("usr/lib").join(triplet.trim());
    Ok(folder.to_string_lossy().into_owned())
}

/// A program linked with a library without a soname, as libaco 1.2 is, asks for `libaco.so`: libaco1
/// alone must have that.
fn old_program_runs(packages: &Path) -> Result<(), String> {
    let folder = scratch("deb-old")?;
    let (old, program) = (folder.join("libaco.so"), folder.join("program"));
    let source = folder.join("old.c");
    let text = "void aco_runtime_test(void) {}\n";
    fs::write(&source, text).map_err(|error| error.to_string())?;
    let (old, source) = (old.display(), source.display());
    succeed(command(&format!("cc -shared -fPIC {source} -o {old}")), 60)?;
    let main = folder.join("main.c");
    let text = "void aco_runtime_test(void);\nint main(void) { aco_runtime_test(); return 0; }\n";
    fs::write(&main, text).map_err(|error| error.to_string())?;
    let (main, program) = (main.display(), program.display());
    succeed(command(&format!("cc {main} -L{} -laco -o {program}", folder.display())), 60)?;
    let mut run = command(&program.to_string());
    run.env("LD_LIBRARY_PATH", library_folder(packages)?);
    succeed(run, 60)?;
    let needed = succeed(command(&format!("readelf -d {program}")), 60)?;
    if needed.contains("[libaco.so]") { Ok(()) } else { Err(needed) }
}

/// `debian/tests/use`, with the unpacked packages in place of installed ones.
fn its_own_test(packages: &Path) -> Result<(), String> {
    let libraries = library_folder(packages)?;
    let mut test = command("debian/tests/use");
    test.env("AUTOPKGTEST_TMP", root().join(scratch("deb-use")?));
    test.env("CPATH", root().join(packages).join("usr/include"));
    test.env("LIBRARY_PATH", &libraries).env("LD_LIBRARY_PATH", &libraries);
    test.env("PKG_CONFIG_PATH", format!("{libraries}/pkgconfig"));
    let output = succeed(test, 60)?;
    if output.matches("goodbye, world").count() == 3 { Ok(()) } else { Err(output) }
}

fn manual_page(packages: &Path) -> Result<(), String> {
    let manual = root().join(packages).join("usr/share/man");
    let mut man = command("man -P cat -M");
    man.arg(manual).args(["3", "aco_yield"]).env("LC_ALL", "C.UTF-8");
    let text = succeed(man, 60)?;
    if text.contains("aco_yield") { Ok(()) } else { Err(text) }
}
