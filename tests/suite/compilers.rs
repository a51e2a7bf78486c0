//! The compilers, and the ways to compile and link that matter.

/// How a program is linked with the library.
#[derive(Clone, Copy, PartialEq)]
pub enum Link {
    /// With libaco.so.
    Shared,
    /// With libaco.a, the rest shared.
    Archive,
    /// With libaco.a, no shared library at all.
    Static,
    /// As programs of the past are: they ask for `libaco.so`, without a version.
    Past,
}

/// One way to compile and link.
pub struct Variant {
    pub flags: &'static str,
    pub link: Link,
}

const fn variant(flags: &'static str, link: Link) -> Variant {
    Variant { flags, link }
}

/// A compiler, where it builds for, and the ways to be tried.
pub struct Compiler {
    pub name: &'static str,
    pub c: &'static str,
    pub cxx: &'static str,
    /// The library's folder, and what `make` needs to fill it.
    pub library: &'static str,
    pub make: &'static str,
    /// What runs a program.
    pub runner: &'static str,
    /// What every compilation gets.
    pub flags: &'static str,
    pub variants: &'static [Variant],
    /// The tests to run; empty: all.
    pub only: &'static [&'static str],
    /// The tests that cannot run.
    pub never: &'static [&'static str],
    pub languages: Languages,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Languages {
    C,
    Cxx,
    Both,
}

const NATIVE: Compiler = Compiler {
    name: "",
    c: "",
    cxx: "",
    library: "build",
    make: "",
    runner: "",
    flags: "",
    variants: &[],
    only: &[],
    never: &[],
    languages: Languages::C,
};

impl Compiler {
    pub const CC: Compiler = Compiler {
        name: "cc",
        c: "cc",
        variants: &[
            variant("-O2", Link::Shared),
            variant("-O0", Link::Shared),
            variant("-O3", Link::Archive),
            variant("-O2 -flto", Link::Archive),
            variant("-O2 -no-pie -fno-pie", Link::Shared),
            variant("-O2 -fPIC -fno-plt -mtls-dialect=gnu2", Link::Shared),
            variant("-O2", Link::Static),
            variant("-O2 -fPIE -static-pie", Link::Static),
            variant("-Os -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O2 -DACO_USE_ASAN -DACO_USE_VALGRIND", Link::Archive),
            variant("-O2 -DACO_NO_INLINE", Link::Shared),
            variant("-O3 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Archive),
            variant("-O1 -fcf-protection=full -fno-asynchronous-unwind-tables", Link::Shared),
            variant("-O2 -march=native", Link::Shared),
            // Saves registers below the stack pointer where it may.
            variant("-O2 -mtune=k8", Link::Shared),
            variant("-O1 -masm=intel", Link::Shared),
            variant("-O2 -DOLD_HEADER", Link::Past),
            variant("-O0 -DOLD_HEADER -fPIC", Link::Past),
            variant("-O3 -DOLD_HEADER -no-pie -fno-pie", Link::Past),
        ],
        ..NATIVE
    };
    pub const CXX: Compiler = Compiler {
        name: "c++",
        cxx: "c++",
        variants: &[
            variant("-O2", Link::Shared),
            variant("-O0 -std=c++17", Link::Archive),
            variant("-O3 -std=c++20", Link::Static),
            variant("-O2 -DACO_NO_INLINE", Link::Shared),
            variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O2 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Cxx,
        ..NATIVE
    };
    pub const CLANG: Compiler = Compiler {
        name: "clang",
        c: "clang",
        cxx: "clang++",
        variants: &[
            variant("-O2", Link::Shared),
            variant("-O0", Link::Archive),
            variant("-O3", Link::Static),
            variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O1 -DACO_NO_INLINE", Link::Shared),
            variant("-Os -march=native -fno-asynchronous-unwind-tables", Link::Archive),
            variant("-O2 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Both,
        ..NATIVE
    };
    pub const MUSL: Compiler = Compiler {
        name: "musl",
        c: "musl-gcc",
        // gcc's unwinder is built for glibc here and does not link.
        never: &["unwind"],
        variants: &[variant("-O2", Link::Static), variant("-O0", Link::Static)],
        ..NATIVE
    };
    pub const AARCH64: Compiler = Compiler {
        name: "aarch64",
        c: "aarch64-linux-gnu-gcc-12",
        cxx: "aarch64-linux-gnu-g++-12",
        library: "build/aarch64-unknown-linux-gnu",
        make: "TARGET=aarch64-unknown-linux-gnu CC=aarch64-linux-gnu-gcc-12 RUSTC=/usr/bin/rustc",
        runner: "qemu-aarch64-static -cpu max",
        flags: "-DUNDER_EMULATION",
        variants: &[
            variant("-O2", Link::Shared),
            variant("-O0", Link::Archive),
            variant("-O3", Link::Static),
            variant("-O2 -mbranch-protection=standard", Link::Archive),
            variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O2 -DACO_NO_INLINE", Link::Shared),
            variant("-O1 -flto", Link::Archive),
            variant("-O2 -DOLD_HEADER", Link::Past),
            variant("-O0 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Both,
        ..NATIVE
    };
    pub const VALGRIND: Compiler = Compiler {
        name: "valgrind",
        c: "cc",
        runner: "valgrind --quiet --error-exitcode=9 --leak-check=full --max-stackframe=9000000",
        variants: &[variant("-O1 -g", Link::Shared)],
        only: &["lifecycle", "statistics", "nesting", "threads"],
        ..NATIVE
    };
}
