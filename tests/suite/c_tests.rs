//! The programs of c_tests/ in the variants of a compiler.

use std::path::PathBuf;

use crate::case::{Case, ensure};
use crate::compiler::{Compiler, Link, Variant};
use crate::examples;
use crate::exports::binary_cases;
use crate::files::absolute;
use crate::install::install_target;
use crate::lanes::Extent;
use crate::process::{Result, scratch, succeed};
use crate::selection::{runs, seeds, sources, test_name};

/// Tests that leak on purpose: coroutines that are lost with a coroutine, an exception whose thread has ended.
const LEAKS: [&str; 3] = ["exceptions", "misuse", "mixed"];

/// A test in a variant of a compiler.
struct Program {
    compiler: &'static Compiler,
    variant: &'static Variant,
    number: usize,
    source: PathBuf,
    folder: PathBuf,
    extent: Extent,
}

/// The cases of several compilers.
pub fn cases_of(compilers: &[&'static Compiler], extent: Extent) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for compiler in compilers {
        cases.extend(self::cases(compiler, extent)?);
    }
    Ok(cases)
}

/// Each test in each variant of `compiler`, and each example in its first variant.
pub fn cases(compiler: &'static Compiler, extent: Extent) -> Result<Vec<Case>> {
    let folder = scratch(compiler.name)?;
    if compiler.variants.iter().any(|variant| variant.link == Link::Unversioned) {
        compiler.make_unversioned(&folder.join("unversioned"))?;
    }
    let mut cases = Vec::new();
    if compiler.target().is_some() {
        compiler.make()?;
        cases.extend(binary_cases(compiler.library));
        cases.push(install_target(compiler));
    }
    let sample = if extent == Extent::Sample { compiler.sample } else { usize::MAX };
    let mut all_sources = sources("c_tests", compiler.languages)?;
    all_sources.extend(sources("c_tests/rt", compiler.languages)?);
    for (number, variant) in compiler.variants.iter().enumerate().take(sample) {
        for source in &all_sources {
            if runs(compiler, variant, number, source, extent) {
                let (source, folder) = (source.clone(), folder.clone());
                let program = Program { compiler, variant, number, source, folder, extent };
                let name = format!("{} {}", test_name(&program.source), variant.flags);
                cases.push(Case::new(name, move || program.check()));
            }
        }
    }
    if compiler.only.is_empty() && sample > 0 {
        cases.extend(examples::cases(compiler, &folder)?);
    }
    Ok(cases)
}

impl Program {
    /// Builds the program, and runs it once and with each seed of chaos.
    fn check(&self) -> Result {
        let (compiler, test) = (self.compiler, &*test_name(&self.source));
        let is_long = self.extent == Extent::Long;
        let program = self.folder.join(format!("{}-{}", test.replace('/', "-"), self.number));
        let unversioned = self.folder.join("unversioned");
        compiler.build(self.variant, &self.source, &program, &unversioned)?;
        let mut run = compiler.run(self.variant, &program);
        if test == "loaded" {
            run.arg(absolute(compiler.library) + "/libaco.so.1");
        }
        if is_long {
            run.env("ACO_TEST_ROUNDS", "5000");
        }
        if LEAKS.contains(&test) {
            run.env("LSAN_OPTIONS", "detect_leaks=0");
        }
        let output = succeed(run, if is_long { 900 } else { 120 })?;
        for seed in seeds(test, compiler, self.number, self.extent) {
            let mut run = compiler.run(self.variant, &program);
            run.env("ACORT_CHAOS", seed.to_string());
            succeed(run, 120).map_err(|error| format!("ACORT_CHAOS={seed}: {error}"))?;
        }
        ensure!(!compiler.complains(&output), "{output}");
        if is_long && test == "million" {
            print!("{output}");
        }
        Ok(())
    }
}
