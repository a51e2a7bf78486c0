//! The machine: one file an architecture, each with the same items.
//!
//! | item | what it is |
//! |---|---|
//! | `RETURN_SLOT` | bytes between `align_retptr` and `align_highptr` |
//! | `switch`, `switch_shared_fpenv` | leave one coroutine, go on in another |
//! | `root_return_address` | where an entry function would return to |
//! | `aco_funcp_protector_asm` | the exported form of that place |
//! | `store_fp_environment` | this moment's floating-point environment, 8 bytes |
//! | `stack_pointer` | the caller's stack pointer |
//! | `valgrind_request` | a client request to Valgrind |
//!
//! The rule of a switch, on every architecture: it saves what the ABI lets a callee expect
//! unchanged, partly in `from->reg`, partly on the stack of `from`, and records in `reg` the
//! stack pointer and an address at which that context goes on by itself. Whoever switches to it
//! loads `reg` and goes there. So contexts saved by different switches, by old binaries, or
//! written by hand (`reg[RETADDR] = fp`, `reg[SP] = align_retptr`) are all entered alike, and
//! nothing about a context stands outside `reg` and its stack: copies by value stay whole.
//!
//! A fresh share stack, top down:
//!
//! ```text
//! ptr + sz      +---------------------------+
//!               | 16 to 31 bytes, unused    |
//! align_highptr +---------------------------+  16-byte aligned
//!               | RETURN_SLOT bytes         |  first word: root_return_address()
//! align_retptr  +---------------------------+  <- the stack pointer at the entry of fp
//!               | frames of the coroutine   |  \
//!               ~            ...            ~   > a saved image: [stack pointer, align_retptr)
//!               |                           |  /
//! ptr           +---------------------------+
//!               | guard page                |
//! real_ptr      +---------------------------+
//! ```

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
use aarch64 as machine;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
use x86_64 as machine;

use core::ffi::c_void;

use crate::abi::aco_t;

pub(crate) use machine::{
    RETURN_SLOT, root_return_address, stack_pointer, store_fp_environment, switch,
    switch_shared_fpenv, valgrind_request,
};

/// Leaves `from`, goes on in `to`; returns when something switches back to `from`, and then the
/// value means nothing (libaco declares one).
///
/// `switch` keeps the floating-point environment (control words, rounding mode) of each
/// coroutine apart; `switch_shared_fpenv` leaves it alone.
pub(crate) type Switch = unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t) -> *mut c_void;
