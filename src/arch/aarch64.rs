//! aarch64, AAPCS64.
//!
//! ## What a switch carries
//!
//! A callee must keep x19 to x29, sp and the low halves of v8 to v15 (d8 to d15); FPCR by
//! convention. x18 is the platform's and never touched. `aco_t.reg` has room for all but d8 to
//! d15, which go onto the coroutine's own stack, as a frame of the switch like any other:
//!
//! ```text
//! reg    0      1      2 ... 11      12   13  14  15
//! byte   0      8      16 ... 88     96   104 112 120
//!        -      -      x19 ... x28   x29  pc  sp  fpcr
//! ```
//!
//! ## The stack of a suspended coroutine
//!
//! ```text
//! align_highptr  +----------------------------+
//!                | 16 bytes; the first word   |
//!                | is root_return_address()   |
//! align_retptr   +----------------------------+
//!                | frames of the coroutine    |
//!                ~            ...             ~
//!                | frame that called `switch` |
//!                +----------------------------+
//!                | d8 ... d15        64 bytes |
//!                | x30: where `from` goes on  |
//!                | x29 of that frame          |
//! reg[sp] =      +----------------------------+
//! reg[x29]         a frame record: frame-pointer walkers go on into the caller
//! ```
//!
//! reg[pc] is the place in `switch` that takes this frame down. A main coroutine that waits in
//! `resume` has a frame of the same shape, and above it x19 to x28 and who was resumed; its
//! slots 2 to 11 are out of date. A context that the header's inline code saved, or a fresh one,
//! has its own reg[pc] and no such frame.
//!
//! A fresh coroutine has reg[sp] = align_retptr and reg[pc] = its entry function. Every switch
//! enters its target with x30 = root_return_address(): a suspended one does not look at x30, a
//! fresh one returns there. So writing `fp` into reg[pc] by hand is enough to start again.

mod fpenv;
mod leaf;
mod resume;
mod root;
mod switch;
mod transfer;
pub(crate) use fpenv::{load_fpenv, read_fpenv, save_fpenv};
pub(crate) use leaf::{
    copy_frames, get_fpenv, interrupted_stack_pointer, set_fpenv, stack_pointer, valgrind_request,
    weak_symbol,
};

pub(crate) use resume::resume_body;
pub(crate) use root::{
    ROOT_RETURN_OFFSET, ended_body, first_entry_body, returning_entry_body, root_frame,
    root_return_address, set_first_entry,
};
pub(crate) use switch::{exit_to_body, switch_body};
pub(crate) use transfer::{call_with_frame_pointer, transfer_body};

/// `align_retptr` is 16 bytes below `align_highptr`: the stack pointer is always 16-byte aligned.
pub(crate) const RETURN_SLOT_SIZE: usize = 16;

/// The slot in which a fresh coroutine has its first value: one that nothing else uses.
pub(crate) const FIRST_VALUE_SLOT: usize = 1;

/// The slot of the frame pointer.
pub(crate) const FRAME_POINTER_SLOT: usize = 12;

/// Bytes from the start of a coroutine that waits in a resume to what reads as a frame record: x29, and
/// the address where it goes on.
pub(crate) const FRAME_RECORD_OFFSET: usize = 96;

/// The least guard, in bytes. Compilers that probe large frames touch each 64 KiB.
pub(crate) const MIN_GUARD: usize = 64 * 1024;
