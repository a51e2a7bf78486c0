//! The lanes: what can be run, and with which tools.

use crate::c_tests;
use crate::compilers::Compiler;
use crate::debug;
use crate::install;
use crate::library;
use crate::process::is_there;
use crate::work::Case;

/// A group of cases that need the same tools.
pub struct Lane {
    pub name: &'static str,
    /// Command lines that succeed where a tool is there, and the tool's name.
    needs: &'static [(&'static str, &'static str)],
    cases: fn(long: bool) -> Result<Vec<Case>, String>,
}

impl Lane {
    /// The tools that this machine does not have.
    pub fn missing(&self) -> Vec<&'static str> {
        let missing = self.needs.iter().filter(|(probe, _)| !is_there(probe));
        missing.map(|(_, tool)| *tool).collect()
    }

    pub fn cases(&self, long: bool) -> Result<Vec<Case>, String> {
        (self.cases)(long)
    }
}

const CXX: &[(&str, &str)] = &[("c++ --version", "a C++ compiler")];
const CLANG: &[(&str, &str)] = &[("clang --version", "clang")];
const AARCH64: &[(&str, &str)] = &[
    ("aarch64-linux-gnu-gcc-12 --version", "gcc-12-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-g++-12 --version", "g++-12-aarch64-linux-gnu"),
    ("qemu-aarch64-static --version", "qemu-user-static"),
    ("/usr/bin/rustc --version", "rustc-web"),
    ("test -e /usr/lib/rustlib/aarch64-unknown-linux-gnu/lib", "libstd-rust-web-dev:arm64"),
    ("test -e /lib/ld-linux-aarch64.so.1", "libc6:arm64"),
];

/// What `cargo build` links with where rustc brings no lld (x86-64: it does, from 1.90 on).
const LLD: &[(&str, &str)] =
    if cfg!(target_arch = "x86_64") { &[] } else { &[("ld.lld --version", "lld")] };

pub const LANES: [Lane; 13] = [
    Lane { name: "rust", needs: &[], cases: |_| Ok(library::rust_cases()) },
    Lane {
        name: "lint",
        needs: &[("cargo fmt --version", "rustfmt"), ("cargo clippy --version", "clippy")],
        cases: |_| Ok(library::lint_cases()),
    },
    Lane { name: "abi", needs: &[], cases: |_| Ok(library::abi_cases()) },
    Lane { name: "cargo", needs: LLD, cases: |_| Ok(library::cargo_cases()) },
    Lane { name: "cc", needs: &[], cases: |long| c_tests::cases(&Compiler::CC, long) },
    Lane { name: "c++", needs: CXX, cases: |long| c_tests::cases(&Compiler::CXX, long) },
    Lane { name: "clang", needs: CLANG, cases: |long| c_tests::cases(&Compiler::CLANG, long) },
    Lane {
        name: "musl",
        needs: &[("which musl-gcc", "musl-tools")],
        cases: |long| c_tests::cases(&Compiler::MUSL, long),
    },
    Lane {
        name: "aarch64",
        needs: AARCH64,
        cases: |long| c_tests::cases(&Compiler::AARCH64, long),
    },
    Lane { name: "gdb", needs: &[("gdb --version", "gdb")], cases: |_| Ok(debug::cases()) },
    Lane {
        name: "valgrind",
        needs: &[("valgrind --version", "valgrind")],
        cases: |long| c_tests::cases(&Compiler::VALGRIND, long),
    },
    Lane { name: "install", needs: &[], cases: |_| Ok(install::cases()) },
    Lane {
        name: "packages",
        needs: &[("pkg-config --version", "pkg-config"), ("cmake --version", "cmake")],
        cases: |_| Ok(install::package_cases()),
    },
];
