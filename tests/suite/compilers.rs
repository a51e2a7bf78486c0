//! The compilers whose programs run without a tool that watches them.

use crate::compiler::Link::{Archive, Shared, Static, Unversioned};
use crate::compiler::{Compiler, HOST, Languages, variant};

pub const CC: Compiler = Compiler {
    name: "cc",
    variants: &[
        variant("-O2", Shared),
        variant("-O0", Shared),
        variant("-O2 -DOLD_HEADER", Unversioned),
        variant("-O2 -DACO_NO_INLINE", Shared),
        variant("-O2", Static),
        variant("-O2 -flto", Archive),
        variant("-O3", Archive),
        variant("-O2 -no-pie -fno-pie", Shared),
        variant("-O2 -fPIC -fno-plt -mtls-dialect=gnu2", Shared),
        variant("-O2 -fPIE -static-pie", Static),
        variant("-Os -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Shared),
        variant("-O2 -DACO_USE_ASAN -DACO_USE_VALGRIND", Archive),
        variant("-O3 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Archive),
        variant("-O1 -fcf-protection=full -fno-asynchronous-unwind-tables", Shared),
        variant("-O2 -march=native", Shared),
        // The compiler saves registers below the stack pointer.
        variant("-O2 -mtune=k8", Shared),
        variant("-O1 -masm=intel", Shared),
        // Each switch is a call of the library, and calls a hook of the program.
        variant("-O2 -include c_tests/hooked.h", Archive),
        variant("-O0 -DOLD_HEADER -fPIC", Unversioned),
        variant("-O3 -DOLD_HEADER -no-pie -fno-pie", Unversioned),
    ],
    sample: 3,
    ..HOST
};

pub const CXX: Compiler = Compiler {
    name: "c++",
    variants: &[
        variant("-O2", Shared),
        variant("-O0 -std=c++17", Archive),
        variant("-O3 -std=c++20", Static),
        variant("-O2 -DACO_NO_INLINE", Shared),
        variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Shared),
        variant("-O2 -fno-exceptions -fno-rtti", Shared),
        variant("-O2 -DOLD_HEADER", Unversioned),
    ],
    languages: Languages::Cxx,
    ..HOST
};

pub const CLANG: Compiler = Compiler {
    name: "clang",
    c: "clang",
    cxx: "clang++",
    variants: &[
        variant("-O2", Shared),
        variant("-O0", Archive),
        variant("-O3", Static),
        variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Shared),
        variant("-O1 -DACO_NO_INLINE", Shared),
        variant("-Os -march=native -fno-asynchronous-unwind-tables", Archive),
        variant("-O1 -std=c++20 -fno-exceptions", Archive),
        variant("-O2 -DOLD_HEADER", Unversioned),
    ],
    languages: Languages::Both,
    ..HOST
};

pub const MUSL: Compiler = Compiler {
    name: "musl",
    c: "musl-gcc",
    // The unwinder of gcc is built for glibc and does not link. The shared library is linked for glibc, so that no
    // function of a program replaces one of the C library. musl has no dlvsym.
    skip: &[
        "on_resumer resume_with unwind failing loaded rt/failing rt/ring_refused rt/stack_calls rt/starting",
    ],
    variants: &[
        variant("-O2", Static),
        variant("-O0", Static),
        variant("-O2 -fPIE -pie", Archive),
        variant("-O2", Shared),
    ],
    ..HOST
};

pub const AARCH64: Compiler = Compiler {
    name: "aarch64",
    c: "aarch64-linux-gnu-gcc",
    cxx: "aarch64-linux-gnu-g++",
    library: "build/aarch64-unknown-linux-gnu",
    runner: "qemu-aarch64-static -cpu max",
    flags: "-DUNDER_EMULATION",
    variants: &[
        variant("-O2", Shared),
        variant("-O0", Archive),
        variant("-O2 -mbranch-protection=standard", Archive),
        variant("-O3", Static),
        variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Shared),
        variant("-O2 -DACO_NO_INLINE", Shared),
        variant("-O1 -flto", Archive),
        variant("-O2 -include c_tests/hooked.h", Archive),
        variant("-O2 -DOLD_HEADER", Unversioned),
        variant("-O0 -DOLD_HEADER", Unversioned),
    ],
    languages: Languages::Both,
    ..HOST
};
