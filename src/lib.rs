//! libaco for x86-64 and aarch64: asymmetric stackful coroutines behind libaco's C ABI.
//!
//! The modules, top down. A module uses only modules below it: `tests/layers` has the table of permitted uses.
//!
//! | |
//!
//! Coroutines are the modules from `generator` to `thread`. Their memory is in `record`, `stack`, `save` and `slab`.
//! What depends on the processor, the C++ runtime or a tool follows, and the system calls come last.
//!
//! A path for readers: `abi` and `state`; the pictures in `resume`, `arch` and `save`; `tls`. For the runtime: `rt`.
//! `docs/design-core.md` and `docs/design-runtime.md` have the reasons.

#![cfg_attr(all(not(test), panic = "abort"), no_std)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// `cargo test` runs the unit tests; the exported functions are tested from C.
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
