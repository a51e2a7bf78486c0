//! The machine: one file and a folder an architecture, each with the same items: the switch, `resume`,
//! `transfer` (to others than the main coroutine), `root` (where coroutines end) and `leaf` (a few
//! instructions each).
//!
//! | item | what it is |
//! |---|---|
//! | `RETURN_SLOT_SIZE` | bytes between `align_retptr` and `align_highptr` |
//! | `FRAME_POINTER_SLOT`, `FRAME_RECORD_OFFSET` | where a coroutine's frame pointers end: in its main coroutine |
//! | `FIRST_VALUE_SLOT` | the slot of `reg` in which a fresh coroutine has its first value |
//! | `MIN_GUARD` | bytes of the guard below a stack |
//! | `interrupted_stack_pointer` | the stack pointer of what a signal interrupted |
//! | `switch_body!` | the body of a function that leaves one coroutine, goes on in another: `acosw` |
//! | `exit_to`, `exit_to_shared_fpenv` | leave a coroutine for ever |
//! | `ended_body!` | the body of the function where an ended coroutine would go on |
//! | `resume_body!` | the body of a function that runs a coroutine until it leaves |
//! | `transfer_body!` | the body of a function that leaves one for another of the same main coroutine |
//! | `call_with_frame_pointer` | calls one of these with the frame pointer of who called first |
//! | `set_first_entry`, `first_entry_body!` | a beginning before the entry function |
//! | `returning_entry_body!` | a beginning around an entry function that may return |
//! | `root_frame`, `ROOT_RETURN_OFFSET` | where an entry function would return to, and unwinders go on |
//! | `copy_frames` | the live part of a stack, out or in |
//! | `save_fpenv!`, `load_fpenv!` and what they need beside them | the floating-point environment in a switch: `fpenv.rs` |
//! | `store_fp_environment` | this moment's floating-point environment, 8 bytes |
//! | `load_fp_environment` | such an environment, on this thread |
//! | `stack_pointer` | the caller's stack pointer |
//! | `weak_symbol!` | the address of what the program may not have |
//! | `valgrind_request` | a client request to Valgrind |
//!
//! ## The rule of a switch
//!
//! Whoever leaves a coroutine saves what the ABI lets a callee expect unchanged, and records in
//! `reg` the stack pointer and an address at which that context goes on. Nothing about a context
//! stands outside `reg` and its stack: copies by value stay whole, and writing `reg[RETADDR] = fp`,
//! `reg[SP] = align_retptr` by hand makes a fresh one. There are two sorts:
//!
//! * left by `switch` (ALL_REGS in the state word): all callee-saved registers of `reg` must be loaded
//!   before control goes to `reg[RETADDR]`;
//! * left by `resume` or by the header's inline code: only the frame and base pointer must be
//!   loaded, the code at `reg[RETADDR]` has the rest.
//!
//! Whoever goes on in a context has its address in the second argument register: a main coroutine
//! finds itself there when it is come back to. In the first one it finds who was left, in the third a
//! value, NULL if it was given none.
//!
//! `switch` and `resume` load all registers, so they go on in either sort. The inline code loads
//! the few, so it goes on only where the other sort is certain: a resident that is not ALL_REGS, or
//! the coroutine that the hint names (see `state` and `tls`).
//!
//! A fresh share stack, top down:
//!
//! ```text
//! ptr + sz      +---------------------------+
//!               | unused, to 23 bytes       |
//!               | the coroutine's address   |  for unwinders: whose frames are below
//! align_highptr +---------------------------+  16-byte aligned
//!               | RETURN_SLOT_SIZE bytes         |  first word: root_return_address()
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

use crate::abi::aco_t;

#[cfg(target_arch = "aarch64")]
pub(crate) use machine::read_fpenv;
#[cfg(target_arch = "x86_64")]
pub(crate) use machine::write_fpenv;
pub(crate) use machine::{
    FIRST_VALUE_SLOT, FRAME_POINTER_SLOT, FRAME_RECORD_OFFSET, MIN_GUARD, RETURN_SLOT_SIZE,
    ROOT_RETURN_OFFSET, call_with_frame_pointer, copy_frames, ended_body, exit_to,
    exit_to_shared_fpenv, first_entry_body, interrupted_stack_pointer, load_fp_environment,
    load_fpenv, resume_body, returning_entry_body, root_frame, save_fpenv, set_first_entry,
    stack_pointer, store_fp_environment, switch_body, transfer_body, valgrind_request, weak_symbol,
};

/// Where an entry function would return to; the return slot of a share stack holds it. The
/// exported name of the place is `aco_funcp_protector_asm`.
pub(crate) fn root_return_address() -> usize {
    root_frame as *const () as usize + ROOT_RETURN_OFFSET
}

/// Leaves `from` for ever, goes on in `to`, with or without the floating-point environment.
pub(crate) type ExitTo = unsafe extern "C" fn(from: *mut aco_t, to: *mut aco_t) -> !;
