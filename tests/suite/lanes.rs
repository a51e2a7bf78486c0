//! The lanes: groups of cases that need the same tools.

use crate::case::Case;
use crate::compilers::{CC, CLANG, CXX, MUSL};
use crate::instrumented::{
    ASAN, ASAN_CLANG, ASAN_UNVERSIONED, DRD, HELGRIND, LSAN, MSAN, TSAN, TSAN_CLANG, UBSAN,
    UBSAN_CLANG, VALGRIND,
};
use crate::needs::{self, Need};
use crate::process::Result;
use crate::targets::{TARGETS, Target};
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
    needs: &'static [&'static [Need]],
    cases: Cases,
}

/// Who makes the cases of a lane.
#[derive(Clone, Copy)]
enum Cases {
    OfHost(fn(Extent) -> Result<Vec<Case>>),
    /// They need the tools of all targets, too.
    OfAll(fn(Extent) -> Result<Vec<Case>>),
    /// A lane for each target for which the first function has needs. Its name is that of the lane, which may be
    /// empty, and that of the target.
    OfEach(NeedsOf, CasesOf),
    Of(&'static Target, &'static [Need], CasesOf),
}

type NeedsOf = fn(&'static Target) -> Option<&'static [Need]>;
type CasesOf = fn(&'static Target, Extent) -> Result<Vec<Case>>;

impl Lane {
    /// The tools that are not installed.
    pub fn missing(&self) -> Vec<&'static str> {
        let mut needs = self.needs.to_vec();
        match self.cases {
            Cases::OfAll(_) => needs.extend(TARGETS.iter().map(|target| target.needs)),
            Cases::Of(target, more, _) => needs.extend([target.needs, more]),
            Cases::OfHost(_) | Cases::OfEach(..) => {}
        }
        needs::missing(&needs)
    }

    pub fn cases(&self, extent: Extent) -> Result<Vec<Case>> {
        match self.cases {
            Cases::OfHost(cases) | Cases::OfAll(cases) => cases(extent),
            Cases::Of(target, _, cases) => cases(target, extent),
            Cases::OfEach(..) => Ok(Vec::new()),
        }
    }

    /// The lane of this one for a target.
    fn of(&self, target: &'static Target) -> Option<Lane> {
        let Cases::OfEach(needs, cases) = self.cases else { return None };
        let (name, cases) = (target.lane(self.name), Cases::Of(target, needs(target)?, cases));
        Some(Lane { name, cases, ..*self })
    }
}

const fn lane(
    extent: Extent,
    name: &'static str,
    needs: &'static [&'static [Need]],
    cases: fn(Extent) -> Result<Vec<Case>>,
) -> Lane {
    Lane { extent, name, needs, cases: Cases::OfHost(cases) }
}

const fn lane_with_targets(
    extent: Extent,
    name: &'static str,
    needs: &'static [&'static [Need]],
    cases: fn(Extent) -> Result<Vec<Case>>,
) -> Lane {
    Lane { extent, name, needs, cases: Cases::OfAll(cases) }
}

const fn lane_of_each(
    extent: Extent,
    name: &'static str,
    needs: &'static [&'static [Need]],
    needs_of: NeedsOf,
    cases: CasesOf,
) -> Lane {
    Lane { extent, name, needs, cases: Cases::OfEach(needs_of, cases) }
}

/// For [`lane_of_each`]: each target has the lane, and needs nothing more for it.
const ALL: NeedsOf = |_| Some(&[]);

/// All lanes, those of targets among them.
pub fn lanes() -> Vec<Lane> {
    let of_targets = |lane: &Lane| match lane.cases {
        Cases::OfEach(..) => TARGETS.iter().filter_map(|target| lane.of(target)).collect(),
        _ => vec![Lane { ..*lane }],
    };
    LANES.iter().flat_map(of_targets).collect()
}

/// The lanes that `Sample` leaves out find errors that another lane nearly always finds, too.
const LANES: &[Lane] = &[
    lane(Sample, "rust", &[], |_| Ok(rust::cases())),
    lane(Full, "lint", &[needs::RUSTFMT_AND_CLIPPY], |_| Ok(rust::lint_cases())),
    lane(Full, "loom", &[], |_| Ok(rust::loom_cases())),
    lane(Sample, "abi", &[], |_| abi_cases()),
    lane_with_targets(Full, "instructions", &[needs::EMULATORS], |_| instructions::cases()),
    lane(Sample, "abidiff", &[needs::ABIGAIL, &needs::COMPILERS], |_| Ok(abi::cases())),
    lane(Sample, "cargo", &[needs::LLD], |_| Ok(exports::other_builds())),
    lane(Sample, "cc", &[], |extent| c_tests::cases(&CC, extent)),
    lane(Sample, "c++", &[needs::CXX], |extent| c_tests::cases(&CXX, extent)),
    lane(Sample, "clang", &[needs::CLANG], |extent| c_tests::cases(&CLANG, extent)),
    lane(Full, "musl", &[needs::MUSL], |extent| c_tests::cases(&MUSL, extent)),
    lane_of_each(Sample, "", &[], ALL, |target, extent| c_tests::cases(target.compiler, extent)),
    lane(Sample, "fuzz", &[needs::LIBFUZZER], |extent| Ok(fuzz::cases(extent))),
    lane(Sample, "gdb", &[needs::GDB, needs::CXX, needs::CLANG], |extent| Ok(gdb_cases(extent))),
    lane_of_each(Full, "gdb", &[needs::GDB_MULTIARCH], ALL, steps::target_cases),
    lane(Sample, "panics", &[], |_| Ok(panics::cases())),
    lane_of_each(Full, "panics", &[], ALL, |target, _| panics::target_cases(target)),
    lane(Sample, "libunwind", &[needs::LIBUNWIND, needs::CLANG], |_| {
        Ok(unwinders::libunwind_cases())
    }),
    lane_of_each(
        Full,
        "libunwind",
        &[],
        |target| Some(target.libunwind.as_ref()?.needs),
        |target, _| unwinders::libunwind_target_cases(target),
    ),
    lane(Sample, "lldb", &[needs::LLDB, needs::CLANG], |_| Ok(unwinders::lldb_cases())),
    lane(Sample, "perf", &[needs::PERF], |_| Ok(unwinders::perf_cases())),
    lane(Full, "valgrind", &[needs::VALGRIND], |extent| {
        instrumented_cases(&[&VALGRIND, &HELGRIND, &DRD], extent)
    }),
    lane(Sample, "asan", &[needs::SANITIZERS], |extent| {
        instrumented_cases(&[&ASAN, &ASAN_UNVERSIONED, &ASAN_CLANG], extent)
    }),
    lane_of_each(
        Full,
        "asan",
        &[],
        |target| target.asan.and(Some(&[])),
        |target, extent| instrumented_cases(target.asan.as_slice(), extent),
    ),
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
    lane_with_targets(Full, "nim", &[needs::NIM], |_| nim::cases()),
    lane(Sample, "install", &[], |_| Ok(install::cases())),
    lane(Sample, "packages", &[needs::PKG_CONFIG, needs::CMAKE], |_| Ok(install::package_cases())),
    lane(Full, "cinstall", &[needs::LLD, needs::CARGO_C, needs::PKG_CONFIG], |_| cinstall::cases()),
    lane_with_targets(Full, "bindings", &[needs::LANGUAGES], |_| bindings::cases()),
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
