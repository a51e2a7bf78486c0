//! The lanes: groups of cases that need the same tools.

use crate::case::Case;
use crate::compilers::{AARCH64, CC, CLANG, CXX, MUSL};
use crate::instrumented::{
    ASAN, ASAN_AARCH64, ASAN_CLANG, ASAN_UNVERSIONED, DRD, HELGRIND, LSAN, MSAN, TSAN, TSAN_CLANG,
    UBSAN, UBSAN_CLANG, VALGRIND,
};
use crate::needs::{self, Need};
use crate::process::Result;
use crate::{
    abi, bindings, c_tests, cinstall, deb, debug, documents, exports, fuzz, headers, install,
    instructions, kqueue, linking, manual, nim, panics, reference, refused, repeat, rt_use, rust,
    sandbox, sanitizers, site, snippets, steps, unwinders,
};

/// How much is run.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub enum Extent {
    /// `make test`, less than five minutes: some lanes, and of each compiler the first variants.
    Sample,
    /// Before a change lands, `LANES=all`; and lanes by name.
    Full,
    /// `make test-long`.
    Long,
}

use Extent::{Full, Long, Sample};

pub struct Lane {
    /// The smallest extent that includes the lane.
    pub extent: Extent,
    pub name: &'static str,
    pub needs: &'static [&'static [Need]],
    pub cases: fn(Extent) -> Result<Vec<Case>>,
}

const fn lane(
    extent: Extent,
    name: &'static str,
    needs: &'static [&'static [Need]],
    cases: fn(Extent) -> Result<Vec<Case>>,
) -> Lane {
    Lane { extent, name, needs, cases }
}

/// The lanes that `Sample` leaves out find errors that another lane nearly always finds, too.
pub const LANES: &[Lane] = &[
    lane(Sample, "rust", &[], |_| Ok(rust::cases())),
    lane(Full, "lint", &[needs::RUSTFMT_AND_CLIPPY], |_| Ok(rust::lint_cases())),
    lane(Full, "loom", &[], |_| Ok(rust::loom_cases())),
    lane(Sample, "abi", &[], |_| abi_cases()),
    lane(Full, "instructions", &[needs::EMULATORS, needs::AARCH64], |_| instructions::cases()),
    lane(Sample, "abidiff", &[needs::ABIGAIL], |_| Ok(abi::cases())),
    lane(Sample, "cargo", &[needs::LLD], |_| Ok(exports::other_builds())),
    lane(Sample, "cc", &[], |extent| c_tests::cases(&CC, extent)),
    lane(Sample, "c++", &[needs::CXX], |extent| c_tests::cases(&CXX, extent)),
    lane(Sample, "clang", &[needs::CLANG], |extent| c_tests::cases(&CLANG, extent)),
    lane(Full, "musl", &[needs::MUSL], |extent| c_tests::cases(&MUSL, extent)),
    lane(Sample, "aarch64", &[needs::AARCH64], |extent| c_tests::cases(&AARCH64, extent)),
    lane(Sample, "fuzz", &[needs::LIBFUZZER], |extent| Ok(fuzz::cases(extent))),
    lane(Sample, "gdb", &[needs::GDB, needs::CXX, needs::CLANG], |extent| Ok(gdb_cases(extent))),
    lane(Full, "gdb-aarch64", &[needs::AARCH64, needs::GDB_MULTIARCH], steps::aarch64_cases),
    lane(Sample, "panics", &[], |_| Ok(panics::cases())),
    lane(Full, "panics-aarch64", &[needs::AARCH64], |_| panics::aarch64_cases()),
    lane(Sample, "libunwind", &[needs::LIBUNWIND, needs::CLANG], |_| {
        Ok(unwinders::libunwind_cases())
    }),
    lane(Full, "libunwind-aarch64", &[needs::AARCH64, needs::LIBUNWIND_AARCH64], |_| {
        unwinders::libunwind_aarch64_cases()
    }),
    lane(Sample, "lldb", &[needs::LLDB, needs::CLANG], |_| Ok(unwinders::lldb_cases())),
    lane(Sample, "perf", &[needs::PERF], |_| Ok(unwinders::perf_cases())),
    lane(Full, "valgrind", &[needs::VALGRIND], |extent| {
        instrumented_cases(&[&VALGRIND, &HELGRIND, &DRD], extent)
    }),
    lane(Sample, "asan", &[needs::SANITIZERS], |extent| {
        instrumented_cases(&[&ASAN, &ASAN_UNVERSIONED, &ASAN_CLANG], extent)
    }),
    lane(Full, "asan-aarch64", &[needs::AARCH64], |extent| {
        instrumented_cases(&[&ASAN_AARCH64], extent)
    }),
    lane(Full, "tsan", &[needs::SANITIZERS], |extent| {
        instrumented_cases(&[&TSAN, &TSAN_CLANG], extent)
    }),
    lane(Full, "msan", &[needs::SANITIZERS], |extent| instrumented_cases(&[&MSAN], extent)),
    lane(Full, "lsan", &[needs::SANITIZERS], |extent| instrumented_cases(&[&LSAN], extent)),
    lane(Full, "ubsan", &[needs::SANITIZERS], |extent| {
        instrumented_cases(&[&UBSAN, &UBSAN_CLANG], extent)
    }),
    lane(Sample, "documents", &[needs::CXX, needs::GDB], |_| {
        let reference = reference::programs()?.into_iter().map(Case::of);
        let programs = snippets::cases()?.into_iter().chain(reference);
        Ok(documents::cases().into_iter().chain(programs).collect())
    }),
    lane(Sample, "man", &[needs::MAN], |_| Ok(manual::cases())),
    lane(Full, "site", &[needs::SITE], |_| Ok(site::cases())),
    lane(Sample, "rt-use", &[needs::CLIENTS], |_| rt_use::cases()),
    lane(Long, "repeat", &[needs::CXX, needs::CLIENTS], repeat::cases),
    lane(Sample, "sandbox", &[needs::SECCOMP], sandbox::cases),
    lane(Full, "kqueue", &[needs::CLIENTS, needs::RUST_SOURCE], |_| kqueue::cases()),
    lane(Full, "nim", &[needs::NIM, needs::AARCH64], |_| nim::cases()),
    lane(Sample, "install", &[], |_| Ok(install::cases())),
    lane(Sample, "packages", &[needs::PKG_CONFIG, needs::CMAKE], |_| Ok(install::package_cases())),
    lane(Full, "cinstall", &[needs::LLD, needs::CARGO_C, needs::PKG_CONFIG], |_| cinstall::cases()),
    lane(Full, "bindings", &[needs::LANGUAGES, needs::AARCH64], |_| bindings::cases()),
    lane(Full, "deb", &[needs::DEBIAN], |extent| Ok(deb::cases(extent))),
];

/// The library of the host, and the headers.
fn abi_cases() -> Result<Vec<Case>> {
    let mut cases = exports::binary_cases("build");
    cases.push(Case::new("version nodes", exports::version_nodes));
    cases.extend(linking::cases());
    cases.extend(headers::cases());
    cases.extend(refused::cases()?);
    Ok(cases)
}

/// The tests with these compilers, and the programs with faults that the tools must find.
fn instrumented_cases(
    compilers: &[&'static crate::compiler::Compiler],
    extent: Extent,
) -> Result<Vec<Case>> {
    let mut cases = c_tests::cases_of(compilers, extent)?;
    cases.extend(sanitizers::cases(compilers));
    Ok(cases)
}

fn gdb_cases(extent: Extent) -> Vec<Case> {
    let mut cases = debug::cases();
    cases.extend(steps::cases(extent));
    cases.push(install::gdb_case());
    cases
}
