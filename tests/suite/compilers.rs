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
    /// What a program finds in its environment.
    pub environment: &'static [(&'static str, &'static str)],
    /// What no program may print.
    pub complaints: &'static [&'static str],
    /// What every compilation gets.
    pub flags: &'static str,
    /// The most telling first.
    pub variants: &'static [Variant],
    /// How many of them `make test` tries; `LANES=all`, and a lane by its name, all.
    pub sample: usize,
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
    environment: &[],
    complaints: &[],
    flags: "",
    variants: &[],
    sample: 1,
    only: &[],
    never: &[],
    languages: Languages::C,
};

/// What no sanitizer changes the meaning of, for the ways that differ from another in little.
const CORE: &[&str] = &[
    "by_value",
    "cpp",
    "exceptions",
    "fp_control",
    "fpenv",
    "lifecycle",
    "misuse",
    "mixed",
    "nesting",
    "protector",
    "stack_gone",
    "statistics",
    "threads",
    "walk",
];
/// Tests about malloc, limits of memory, the places of blocks and signals, which a sanitizer's
/// runtime has in its own hands; unwind.c has a signal handler in the middle of switches.
macro_rules! never_under_sanitizers {
    ($($more:literal),*) => {
        &["bti", "failing", "leaks", "memory", "overflow", "pool", "sizes", "slabs", "rt/failing", "rt/pool_uses", "rt/starting", "rt/threadless", "storm", "unwind", $($more),*]
    };
}
/// Warnings after which reports are missing or wrong, and reports that do not end the program.
const COMPLAINTS: &[&str] = &["WARNING: ", "ERROR: ", "runtime error: "];

impl Compiler {
    pub const CC: Compiler = Compiler {
        name: "cc",
        c: "cc",
        variants: &[
            variant("-O2", Link::Shared),
            variant("-O0", Link::Shared),
            variant("-O2 -DOLD_HEADER", Link::Past),
            variant("-O2 -DACO_NO_INLINE", Link::Shared),
            variant("-O2", Link::Static),
            variant("-O2 -flto", Link::Archive),
            variant("-O3", Link::Archive),
            variant("-O2 -no-pie -fno-pie", Link::Shared),
            variant("-O2 -fPIC -fno-plt -mtls-dialect=gnu2", Link::Shared),
            variant("-O2 -fPIE -static-pie", Link::Static),
            variant("-Os -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O2 -DACO_USE_ASAN -DACO_USE_VALGRIND", Link::Archive),
            variant("-O3 -DACO_NO_INLINE -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Archive),
            variant("-O1 -fcf-protection=full -fno-asynchronous-unwind-tables", Link::Shared),
            variant("-O2 -march=native", Link::Shared),
            // Saves registers below the stack pointer where it may.
            variant("-O2 -mtune=k8", Link::Shared),
            variant("-O1 -masm=intel", Link::Shared),
            // Each switch is one of the library's, and a function of the program's sees it.
            variant("-O2 -include c_tests/hooked.h", Link::Archive),
            variant("-O0 -DOLD_HEADER -fPIC", Link::Past),
            variant("-O3 -DOLD_HEADER -no-pie -fno-pie", Link::Past),
        ],
        sample: 3,
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
            variant("-O2 -fno-exceptions -fno-rtti", Link::Shared),
            variant("-O2 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Cxx,
        sample: 1,
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
            variant("-O1 -std=c++20 -fno-exceptions", Link::Archive),
            variant("-O2 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Both,
        sample: 1,
        ..NATIVE
    };
    pub const MUSL: Compiler = Compiler {
        name: "musl",
        c: "musl-gcc",
        // gcc's unwinder is built for glibc here and does not link; of the shared library's functions,
        // linked for glibc, none can be put before; musl has no dlvsym.
        never: &["unwind", "failing", "loaded", "rt/failing", "rt/starting"],
        variants: &[
            variant("-O2", Link::Static),
            variant("-O0", Link::Static),
            variant("-O2 -fPIE -pie", Link::Archive),
            variant("-O2", Link::Shared),
        ],
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
            variant("-O2 -mbranch-protection=standard", Link::Archive),
            variant("-O3", Link::Static),
            variant("-O2 -DACO_CONFIG_SHARE_FPU_MXCSR_ENV", Link::Shared),
            variant("-O2 -DACO_NO_INLINE", Link::Shared),
            variant("-O1 -flto", Link::Archive),
            variant("-O2 -include c_tests/hooked.h", Link::Archive),
            variant("-O2 -DOLD_HEADER", Link::Past),
            variant("-O0 -DOLD_HEADER", Link::Past),
        ],
        languages: Languages::Both,
        sample: 1,
        ..NATIVE
    };
    pub const VALGRIND: Compiler = Compiler {
        name: "valgrind",
        c: "cc",
        runner: "valgrind --quiet --error-exitcode=9 --leak-check=full --max-stackframe=9000000",
        flags: "-DUNDER_VALGRIND",
        variants: &[variant("-O1 -g", Link::Shared)],
        only: &[
            "generators",
            "hooks",
            "lifecycle",
            "nesting",
            "own_memory",
            "reserve",
            "rt/sync",
            "rt/tasks",
            "rt/waiting",
            "rt/workers",
            "rt/flood",
            "rt/rwlock",
            "rt/selects",
            "statistics",
            "threads",
            "transfer",
            "values",
        ],
        ..NATIVE
    };
    pub const HELGRIND: Compiler = Compiler {
        name: "helgrind",
        runner: "valgrind --tool=helgrind --quiet --error-exitcode=9",
        flags: "-DUNDER_EMULATION",
        variants: &[variant("-O1 -g", Link::Shared), variant("-O1 -g", Link::Archive)],
        only: &["hooks", "lifecycle", "listing", "locals", "nesting", "threads"],
        sample: 0,
        ..Compiler::VALGRIND
    };
    pub const DRD: Compiler = Compiler {
        name: "drd",
        runner: "valgrind --tool=drd --quiet --error-exitcode=9",
        ..Compiler::HELGRIND
    };
    pub const ASAN: Compiler = Compiler {
        name: "asan",
        c: "cc",
        cxx: "c++",
        flags: "-fsanitize=address -g",
        environment: &[("ASAN_OPTIONS", "detect_stack_use_after_return=0")],
        complaints: COMPLAINTS,
        variants: &[variant("-O1", Link::Shared)],
        never: never_under_sanitizers!(),
        languages: Languages::Both,
        ..NATIVE
    };
    /// Old binaries switch by calls of acosw.
    pub const ASAN_PAST: Compiler = Compiler {
        name: "asan-past",
        variants: &[
            variant("-O1 -DOLD_HEADER", Link::Past),
            variant("-O2 -static-libasan", Link::Archive),
        ],
        only: CORE,
        sample: 0,
        ..Compiler::ASAN
    };
    /// With frames off the stack.
    pub const ASAN_CLANG: Compiler = Compiler {
        name: "asan-clang",
        c: "clang",
        cxx: "clang++",
        environment: &[("ASAN_OPTIONS", "detect_stack_use_after_return=1")],
        variants: &[variant("-O1", Link::Archive)],
        sample: 0,
        ..Compiler::ASAN
    };
    pub const ASAN_AARCH64: Compiler = Compiler {
        name: "asan-aarch64",
        c: Compiler::AARCH64.c,
        cxx: Compiler::AARCH64.cxx,
        library: Compiler::AARCH64.library,
        make: Compiler::AARCH64.make,
        runner: "qemu-aarch64-static -cpu max -E LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib",
        flags: "-fsanitize=address,undefined -g -DUNDER_EMULATION",
        // Under the emulator it finds no leaks (for want of ptrace), and does not survive fork and threads.
        environment: &[("ASAN_OPTIONS", "detect_leaks=0")],
        variants: &[variant("-O1", Link::Archive)],
        only: &[
            "by_value",
            "fp_control",
            "fpenv",
            "lifecycle",
            "mixed",
            "nesting",
            "statistics",
            "walk",
        ],
        ..Compiler::ASAN
    };
    /// It knows neither a longjmp out of a coroutine nor pthread_exit in one; many.c and an example have
    /// more coroutines than it has fibers, of which gcc's take a minute for stress.c.
    pub const TSAN: Compiler = Compiler {
        name: "tsan",
        flags: "-fsanitize=thread -g",
        never: never_under_sanitizers!(
            "cpp",
            "left_behind",
            "many",
            "misuse",
            // A bound in time: a switch of fibers costs what the tool makes of it.
            "rt/ticks",
            "shared_stacks",
            "stress"
        ),
        environment: &[],
        ..Compiler::ASAN
    };
    pub const TSAN_CLANG: Compiler = Compiler {
        name: "tsan-clang",
        c: "clang",
        cxx: "clang++",
        variants: &[variant("-O1", Link::Archive)],
        only: &["by_value", "nesting", "operations", "stress", "threads"],
        never: &[],
        sample: 0,
        ..Compiler::TSAN
    };
    /// It does not know what fnstcw writes; the model of operations.c reads every byte of frames, written
    /// or not.
    pub const MSAN: Compiler = Compiler {
        name: "msan",
        c: "clang",
        flags: "-fsanitize=memory -g",
        environment: &[],
        never: never_under_sanitizers!("fp_control", "fpenv", "operations"),
        languages: Languages::C,
        ..Compiler::ASAN
    };
    pub const LSAN: Compiler = Compiler {
        name: "lsan",
        flags: "-fsanitize=leak -g",
        environment: &[],
        only: CORE,
        ..Compiler::ASAN
    };
    pub const UBSAN: Compiler = Compiler {
        name: "ubsan",
        c: "cc",
        cxx: "c++",
        flags: "-fsanitize=undefined -fno-sanitize-recover -g",
        complaints: COMPLAINTS,
        variants: &[variant("-O1", Link::Shared)],
        languages: Languages::Both,
        ..NATIVE
    };
    pub const UBSAN_CLANG: Compiler = Compiler {
        name: "ubsan-clang",
        c: "clang",
        cxx: "clang++",
        // Its runtime handles SIGSEGV, too.
        never: &["overflow"],
        only: CORE,
        variants: &[variant("-O2", Link::Archive)],
        sample: 0,
        ..Compiler::UBSAN
    };
}
