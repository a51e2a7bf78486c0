//! The targets other than the host's: one row each, of which the lanes make their cases.
//!
//! A new target is a row here, its `Machine` in `emulator.rs`, and the compilers that the row names. Lanes have
//! the name of the row: `aarch64`, `gdb-aarch64`.

use crate::compiler::Compiler;
use crate::compilers::AARCH64;
use crate::emulator;
use crate::instrumented::ASAN_AARCH64;
use crate::needs::{self, Need};

/// A target, and what is checked on it.
pub struct Target {
    /// The name in those of lanes.
    pub name: &'static str,
    pub machine: &'static emulator::Machine,
    /// The compiler of C and C++, with its variants.
    pub compiler: &'static Compiler,
    pub needs: &'static [Need],
    /// gdb steps through switches in the emulator.
    pub steps: Steps,
    /// The compiler with AddressSanitizer. None: it does not run in the emulator.
    pub asan: Option<&'static Compiler>,
    /// None: libunwind is not installed for the target.
    pub libunwind: Option<Libunwind>,
    /// Arguments of Nim. `GCC` is the compiler, `ROOT` the project.
    pub nim: &'static str,
    /// Targets of Zig, and modes.
    pub zig: &'static [(&'static str, &'static str)],
}

pub struct Steps {
    /// Without what the emulator's stub for gdb lacks.
    pub emulator: &'static str,
    /// Whether the program is C++, and the flags.
    pub forms: &'static [(bool, &'static str)],
}

pub struct Libunwind {
    pub needs: &'static [Need],
    /// Flags that find its header.
    pub header: &'static str,
    pub forms: &'static [&'static str],
}

pub static TARGETS: [Target; 1] = [Target {
    name: "aarch64",
    machine: &emulator::AARCH64,
    compiler: &AARCH64,
    needs: needs::AARCH64,
    steps: Steps {
        // The stub does not support pointer authentication. With SVE gdb does not find d8 to d15.
        emulator: "qemu-aarch64-static -cpu max,sve=off,pauth=off",
        forms: &[
            (false, "-O2"),
            (false, "-O2 -mbranch-protection=standard"),
            (false, "-O0 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV"),
            (true, "-O2 -x c++"),
        ],
    },
    asan: Some(&ASAN_AARCH64),
    libunwind: Some(Libunwind {
        needs: needs::LIBUNWIND_AARCH64,
        header: "-idirafter /usr/include/aarch64-linux-gnu",
        // libunwind 1.6 does not support signed return addresses. The unwinder of the compiler does.
        forms: &[
            "-O2 -mbranch-protection=bti",
            "-O0",
            "-O2 -DWITHOUT_LIBUNWIND -mbranch-protection=standard",
            "-O0 -DWITHOUT_LIBUNWIND -mbranch-protection=standard",
        ],
    }),
    nim: "--cpu:arm64 --os:linux --arm64.linux.gcc.exe:GCC --arm64.linux.gcc.linkerexe:GCC",
    zig: &[("aarch64-linux-gnu.2.36", "Debug"), ("aarch64-linux-musl", "ReleaseFast")],
}];

impl Target {
    /// The target in the terms of rustc, which the folder of its library is named after.
    pub fn triple(&self) -> &'static str {
        self.compiler.target().unwrap_or_default()
    }

    /// The name of a lane for this target.
    pub fn lane(&self, of: &str) -> &'static str {
        if of.is_empty() { self.name } else { format!("{of}-{}", self.name).leak() }
    }
}

/// The target whose compiler has this name.
pub fn of_compiler(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| [target.compiler.c, target.compiler.cxx].contains(&name))
}
