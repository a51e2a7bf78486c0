//! libaco for x86-64 and aarch64: asymmetric stackful coroutines behind libaco's C ABI.
//!
//! The modules, top down. A module uses only modules below it: `tests/layers` has the table of permitted uses.
//!
//! | module | what it is |
//! |---|---|
//! | `ffi` | The C interface |
//! | `generator` | Generators: coroutines that produce values, end by a return, and may be resumed by any coroutine |
//! | `rt` | acort, the runtime above the coroutines |
//! | `resume` | Resume, yield, exit and transfer: which coroutine runs, and whose frames are on a share stack |
//! | `attach` | Moves a coroutine to another main coroutine, of this thread or of another one |
//! | `overflow` | The overflow reporter: a signal handler that prints which coroutine overflowed its stack |
//! | `listing` | The coroutines of a thread, found in its slabs and records |
//! | `coroutine` | The life of a coroutine: create, reset, destroy; the current coroutine; the use of its stack |
//! | `hooks` | Hooks: functions of the program that the library calls in the life of a coroutine and at each switch |
//! | `thread` | Per-thread setup, and the handler for an entry function that returns |
//! | `record` | Names, ids and local values of coroutines: tables by address, for what few coroutines have |
//! | `stack` | Share stacks: created, destroyed, and bound to their coroutines |
//! | `save` | Save areas: the live part of a share stack, copied out for another coroutine and in again |
//! | `frame_chain` | The chain of frame pointers of a suspended coroutine, and its end |
//! | `slab` | Slabs: memory for the control blocks of coroutines and stacks, and for save areas |
//! | `exceptions` | The C++ exception state of contexts, and the hook word, which says that a switch has more to do |
//! | `sanitizer` | Tools that watch a program while it runs: the sanitizers of gcc and clang, and Valgrind |
//! | `thread_exit` | Release of a thread's resources when it exits, by destructors of pthread keys |
//! | `valgrind` | Client requests to Valgrind: which memory is a stack, which memory threads share |
//! | `symbol` | The function that an address is in, as far as dladdr(3) tells |
//! | `environment` | Variables of the environment |
//! | `panic` | The panic handler of a no_std build |
//! | `slow_path` | The flag for the slow path of creating and destroying a coroutine: a counter, mostly 0 |
//! | `state` | The state word of a coroutine: the eight bytes from `is_end` on |
//! | `lock` | The spin lock, the compare-and-swaps of fast paths, and the annotations for ThreadSanitizer |
//! | `atomic` | The atomics of files that loom models, and the hints for spinning and for a cache line |
//! | `arch` | The machine: one file and one folder for each architecture, with the same items |
//! | `tls` | The thread-local words of the library: `aco_gtls_co` and two after it, and the thread's own state |
//! | `error` | The errors of constructors |
//! | `diag` | The line that the library prints before it aborts, and its warnings |
//! | `sys` | The libc calls that the library makes, each wrapped once |
//! | `abi` | The structs that C programs access, with the layout of libaco 1.2.4 |
//!
//! `ffi` is the C interface, and `rt` the runtime. The other modules from `generator` to `thread` are coroutines. Their
//! memory is in `record`, `stack`, `save` and `slab`. What depends on the processor, the C++ runtime or a tool
//! follows; the system calls and the structs of the ABI come last.
//!
//! A path for readers: `abi` and `state`; the pictures in `resume`, `arch` and `save`; `tls`. For the runtime: `rt`.
//! `docs/design-core.md` and `docs/design-runtime.md` have the reasons.

#![cfg_attr(all(not(test), panic = "abort"), no_std)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// Without the runtime nothing uses what is there for it alone.
#![cfg_attr(not(feature = "rt"), allow(dead_code, unused_imports))]
// `cargo test` runs the unit tests; the exported functions are tested from C.
#![cfg_attr(test, allow(dead_code, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used))]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("aco runs on Linux, on x86-64 and aarch64");

pub mod abi;
mod arch;
mod atomic;
mod attach;
mod coroutine;
mod diag;
mod environment;
mod error;
mod exceptions;
pub mod ffi;
mod frame_chain;
mod generator;
mod hooks;
mod listing;
mod lock;
mod overflow;
mod panic;
mod record;
mod resume;
#[cfg(feature = "rt")]
pub mod rt;
mod sanitizer;
mod save;
mod slab;
mod slow_path;
mod stack;
mod state;
mod symbol;
mod sys;
mod thread;
mod thread_exit;
mod tls;
mod valgrind;
