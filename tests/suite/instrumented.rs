//! The compilers with sanitizers, and Valgrind.

use crate::compiler::Link::{Archive, Shared, Unversioned};
use crate::compiler::{Compiler, HOST, Languages, variant};
use crate::compilers::AARCH64;

/// The tests whose behavior no sanitizer changes, for compilers that differ little from another.
const CORE: &str = "by_value cpp exceptions fp_control fpenv lifecycle misuse mixed nesting protector stack_gone \
    statistics threads walk";

/// Tests of malloc, limits of memory, addresses of blocks, and signals, which the runtime of a sanitizer replaces. The
/// signal handler of unwind.c runs within switches.
const SANITIZER_SKIPS: &str = "bti failing leaks memory overflow pool sizes slabs rt/failing rt/given_up rt/pool_uses \
    rt/ring_refused rt/stack_calls rt/starting rt/threadless storm unwind";

/// Warnings after which reports are missing or wrong, and reports that do not end the program.
const COMPLAINTS: &[&str] = &["WARNING: ", "ERROR: ", "runtime error: "];

pub const VALGRIND: Compiler = Compiler {
    name: "valgrind",
    runner: "valgrind --quiet --error-exitcode=9 --leak-check=full --max-stackframe=9000000",
    flags: "-DUNDER_VALGRIND",
    variants: &[variant("-O1 -g", Shared)],
    only: "generators hooks lifecycle nesting own_memory own_stack reserve resume_with rt/cleanups rt/flood rt/group_next \
        rt/poll rt/rwlock rt/selects rt/sync rt/tasks rt/waiting rt/workers statistics threads transfer values",
    ..HOST
};

pub const HELGRIND: Compiler = Compiler {
    name: "helgrind",
    runner: "valgrind --tool=helgrind --quiet --error-exitcode=9",
    flags: "-DUNDER_EMULATION",
    variants: &[variant("-O1 -g", Shared), variant("-O1 -g", Archive)],
    only: "hooks lifecycle listing locals nesting threads",
    sample: 0,
    ..VALGRIND
};

pub const DRD: Compiler =
    Compiler { name: "drd", runner: "valgrind --tool=drd --quiet --error-exitcode=9", ..HELGRIND };

pub const ASAN: Compiler = Compiler {
    name: "asan",
    flags: "-fsanitize=address -g",
    environment: &[("ASAN_OPTIONS", "detect_stack_use_after_return=0")],
    complaints: COMPLAINTS,
    variants: &[variant("-O1", Shared)],
    skip: &[SANITIZER_SKIPS],
    languages: Languages::Both,
    ..HOST
};

/// Programs that were linked with libaco 1.2.4 call acosw to switch.
pub const ASAN_UNVERSIONED: Compiler = Compiler {
    name: "asan-unversioned",
    variants: &[variant("-O1 -DOLD_HEADER", Unversioned), variant("-O2 -static-libasan", Archive)],
    only: CORE,
    sample: 0,
    ..ASAN
};

/// With frames in memory of the sanitizer instead of the stack.
pub const ASAN_CLANG: Compiler = Compiler {
    name: "asan-clang",
    c: "clang",
    cxx: "clang++",
    environment: &[("ASAN_OPTIONS", "detect_stack_use_after_return=1")],
    variants: &[variant("-O1", Archive)],
    sample: 0,
    ..ASAN
};

pub const ASAN_AARCH64: Compiler = Compiler {
    name: "asan-aarch64",
    c: AARCH64.c,
    cxx: AARCH64.cxx,
    library: AARCH64.library,
    runner: "qemu-aarch64-static -cpu max -E LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib",
    flags: "-fsanitize=address,undefined -g -DUNDER_EMULATION",
    // Under the emulator there is no ptrace, so that it finds no leaks. It does not survive fork and threads.
    environment: &[("ASAN_OPTIONS", "detect_leaks=0")],
    variants: &[variant("-O1", Archive)],
    only: "by_value fp_control fpenv lifecycle mixed nesting statistics walk",
    ..ASAN
};

/// It supports neither longjmp out of a coroutine nor pthread_exit in one. many.c and an example have more coroutines
/// than it has fibers. Fibers of gcc take a minute for stress.c. rt/ticks.c limits the time of a switch.
pub const TSAN: Compiler = Compiler {
    name: "tsan",
    flags: "-fsanitize=thread -g",
    skip: &[SANITIZER_SKIPS, "cpp left_behind many misuse rt/ticks shared_stacks stress"],
    environment: &[],
    ..ASAN
};

pub const TSAN_CLANG: Compiler = Compiler {
    name: "tsan-clang",
    c: "clang",
    cxx: "clang++",
    variants: &[variant("-O1", Archive)],
    only: "by_value nesting operations own_stack stress threads",
    skip: &[],
    sample: 0,
    ..TSAN
};

/// It does not know what fnstcw writes. The model of operations.c reads every byte of frames, written or not.
pub const MSAN: Compiler = Compiler {
    name: "msan",
    c: "clang",
    flags: "-fsanitize=memory -g",
    environment: &[],
    skip: &[SANITIZER_SKIPS, "fp_control fpenv operations"],
    languages: Languages::C,
    ..ASAN
};

pub const LSAN: Compiler =
    Compiler { name: "lsan", flags: "-fsanitize=leak -g", environment: &[], only: CORE, ..ASAN };

pub const UBSAN: Compiler = Compiler {
    name: "ubsan",
    flags: "-fsanitize=undefined -fno-sanitize-recover -g",
    environment: &[],
    skip: &[],
    ..ASAN
};

pub const UBSAN_CLANG: Compiler = Compiler {
    name: "ubsan-clang",
    c: "clang",
    cxx: "clang++",
    // Its runtime handles SIGSEGV.
    skip: &["overflow"],
    only: CORE,
    variants: &[variant("-O2", Archive)],
    sample: 0,
    ..UBSAN
};
