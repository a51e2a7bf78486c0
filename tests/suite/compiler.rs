//! A compiler with its variants: how programs are built with it, and how they are started.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::exports::promised_names;
use crate::files::{absolute, stem};
use crate::process::{Result, succeed};
use crate::toolchain::{self, command};

/// How a program is linked with the library.
#[derive(Clone, Copy, PartialEq)]
pub enum Link {
    /// With libaco.so.
    Shared,
    /// With libaco.a, the rest shared.
    Archive,
    /// With libaco.a, without any shared library.
    Static,
    /// With a `libaco.so` that has neither soname nor symbol versions, as libaco 1.2.4. It runs with ours.
    Unversioned,
}

/// One way to compile and link.
pub struct Variant {
    pub flags: &'static str,
    pub link: Link,
}

pub const fn variant(flags: &'static str, link: Link) -> Variant {
    Variant { flags, link }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Languages {
    C,
    Cxx,
    Both,
}

/// A compiler, its target, and its variants. Names of tests are separated by spaces.
pub struct Compiler {
    pub name: &'static str,
    /// Names of compilers for `toolchain::command`.
    pub c: &'static str,
    pub cxx: &'static str,
    /// The library's folder.
    pub library: &'static str,
    /// The command that runs a program: an emulator, a tool.
    pub runner: &'static str,
    /// The environment of programs.
    pub environment: &'static [(&'static str, &'static str)],
    /// Texts that no program may print.
    pub complaints: &'static [&'static str],
    /// Flags of every compilation.
    pub flags: &'static str,
    /// The variant that finds most comes first.
    pub variants: &'static [Variant],
    /// The number of variants in the sample of `make test`.
    pub sample: usize,
    /// The tests to run; empty: all.
    pub only: &'static str,
    /// The tests that cannot run.
    pub skip: &'static [&'static str],
    pub languages: Languages,
}

/// Defaults for a compiler of the host.
pub const HOST: Compiler = Compiler {
    name: "",
    c: "cc",
    cxx: "c++",
    library: "build",
    runner: "",
    environment: &[],
    complaints: &[],
    flags: "",
    variants: &[],
    sample: 1,
    only: "",
    skip: &[],
    languages: Languages::C,
};

/// Returns true if the list, words separated by spaces, has the word.
pub fn has_word(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|item| item == word)
}

impl Compiler {
    /// The target in the name of the library's folder, if the compiler is a cross compiler.
    pub fn target(&self) -> Option<&'static str> {
        self.library.strip_prefix("build/")
    }

    /// The variables of make that build the library for the target.
    pub fn make_variables(&self) -> Vec<(&'static str, String)> {
        let Some(target) = self.target() else { return Vec::new() };
        let compiler = toolchain::program(self.c).display().to_string();
        vec![("TARGET", target.into()), ("CC", compiler), ("RUSTC", "/usr/bin/rustc".into())]
    }

    /// Builds the library for the target.
    pub fn make(&self) -> Result {
        let mut make = command("make --silent");
        make.args(self.make_variables().iter().map(|(name, value)| format!("{name}={value}")));
        succeed(make, 900).map(drop)
    }

    /// Compiles `source` and links it with the library. `unversioned` is the folder of the unversioned library.
    pub fn build(
        &self,
        variant: &Variant,
        source: &Path,
        program: &Path,
        unversioned: &Path,
    ) -> Result {
        let is_cxx = source.extension().is_some_and(|extension| extension == "cpp");
        let driver = if is_cxx { self.cxx } else { self.c };
        let standard = match stem(source).as_str() {
            // The oldest standard of aco.hpp. A variant may ask for a later one.
            "raii" | "generator" if is_cxx => "-std=c++17",
            _ if is_cxx => "",
            _ => "-std=gnu11",
        };
        // frame_chain.c walks frame pointers.
        let always = "-fno-omit-frame-pointer -Iinclude";
        let mut build =
            command(&format!("{driver} {standard} {always} {} {}", self.flags, variant.flags));
        build.arg(source).arg("-o").arg(program);
        let library = Path::new(self.library);
        match variant.link {
            // This test loads the library itself.
            _ if stem(source) == "loaded" => &mut build,
            Link::Shared => build.arg("-L").arg(library).arg("-laco"),
            Link::Unversioned => build.arg("-L").arg(unversioned).arg("-laco"),
            Link::Static if !variant.flags.contains("-static-pie") => {
                build.arg("-static").arg(library.join("libaco.a"))
            }
            Link::Archive | Link::Static => build.arg(library.join("libaco.a")),
        };
        build.args(["-lpthread", "-lm", "-ldl"]);
        succeed(build, 120).map(drop)
    }

    /// The command that runs `program`, which finds the shared library.
    pub fn run(&self, variant: &Variant, program: &Path) -> Command {
        let mut run = command(&format!("{} {}", self.runner, program.display()));
        run.envs(self.environment.iter().copied());
        if matches!(variant.link, Link::Shared | Link::Unversioned) {
            run.env("LD_LIBRARY_PATH", absolute(self.library));
        }
        run
    }

    /// Returns true if the test or the example cannot run.
    pub fn skips(&self, test: &str) -> bool {
        self.skip.iter().any(|list| has_word(list, test))
    }

    /// Returns true if the output has a text that no program may print.
    pub fn complains(&self, output: &str) -> bool {
        self.complaints.iter().any(|text| output.contains(text))
    }

    /// Creates the unversioned library in `folder`, with the names of libaco 1.2.4.
    pub fn make_unversioned(&self, folder: &Path) -> Result {
        fs::create_dir_all(folder)?;
        let mut text = "__thread void *aco_gtls_co;\n".to_string();
        for name in promised_names(Some("ACO_1.2"))?.iter().filter(|name| *name != "aco_gtls_co") {
            text += &format!("void {name}(void) {{}}\n");
        }
        let source = folder.join("names.c");
        fs::write(&source, text)?;
        let driver = if self.languages == Languages::Cxx { self.cxx } else { self.c };
        let mut build = command(&format!("{driver} -shared -fPIC -x c"));
        build.arg(&source).arg("-o").arg(folder.join("libaco.so"));
        succeed(build, 60).map(drop)
    }
}
