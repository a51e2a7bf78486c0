//! libaco for x86-64 and aarch64: asymmetric stackful coroutines behind libaco's C ABI.
//!
//! The map, top down; a module uses only what stands below it (`tests/layers.rs` holds it):
//!
//! | layer | module | what it is |
//! |---|---|---|
//! | the C face | [`ffi`] | the exported functions: check, convert, delegate |
//! | the runtime | `rt` | tasks above coroutines; feature `rt` |
//! | coroutines | [`generator`] | coroutines that whoever asks resumes |
//! | | [`resume`] | resume, yield, exit, values, transfer: who runs, whose stack it is |
//! | | [`attach`] | to another main coroutine, or thread |
//! | | [`listing`] | which coroutines there are, and where |
//! | | [`coroutine`] | a coroutine's life: create, destroy |
//! | | [`hooks`] | what a program wants called at each switch |
//! | | [`thread`] | what a thread sets up, and its last word |
//! | | [`overflow`] | says which coroutine ran off its stack |
//! | memory | [`record`] | what a coroutine has of its own: name, id, local values |
//! | | [`stack`] | share stacks: memory, guard page, control blocks |
//! | | [`save`] | the live part of a share stack, out and in |
//! | | [`frame_chain`] | where frame pointers end while a coroutine does not run |
//! | | [`slab`] | where control blocks and save areas lie |
//! | machine | [`arch`] | the switch and the root frame, one file an architecture |
//! | | [`tls`] | `aco_gtls_co` and the thread's own state |
//! | | [`exceptions`] | C++ exceptions that a context handles stay with it |
//! | | [`thread_exit`] | what is kept for a thread goes back when it ends |
//! | | [`valgrind`] | which memory is a stack |
//! | | [`sanitizer`] | is there one? |
//! | | [`symbol`] | which function an address is in |
//! | | [`environment`] | variables, unless the program has more rights than its caller |
//! | | [`slow_path`] | is there more to see to than a control block? |
//! | | [`state`] | what the padding of a coroutine says |
//! | | [`error`] | the errors of constructors |
//! | ground | [`diag`] | the line that is printed before an abort |
//! | | [`lock`] | for the moments at which threads look at each other |
//! | | [`sys`] | the libc calls, wrapped once |
//! | | [`abi`] | the structs that C can look into |
//!
//! `docs/design.md` has the pictures and the reasons.

#![cfg_attr(all(not(test), panic = "abort"), no_std)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// `cargo test` runs the arithmetic; the exported functions are tested from C.
#![cfg_attr(test, allow(dead_code, clippy::panic, clippy::unwrap_used))]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("aco runs on Linux, on x86-64 and aarch64");

pub mod abi;
mod arch;
mod attach;
mod coroutine;
mod diag;
#[cfg(feature = "rt")]
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
