//! x86-64, System V ABI.
//!
//! ## What a switch carries
//!
//! A callee must keep rbx, rbp, r12 to r15 and rsp, the x87 control word and the control bits of
//! MXCSR. All of them fit `aco_t.reg`, so nothing is pushed:
//!
//! ```text
//! reg    0    1    2    3    4    5    6    7    8
//! byte   0    8    16   24   32   40   48   56   64
//!        r12  r13  r14  r15  rip  rsp  rbx  rbp  x87 control word (2 bytes), MXCSR at byte 68
//! ```
//!
//! ## The stack of a suspended coroutine
//!
//! ```text
//! align_highptr +----------------------------+
//!               | root_return_address()      |  popped by the `ret` of an entry function
//! align_retptr  +----------------------------+
//!               | frames of the coroutine    |
//!               ~            ...             ~
//!               | frame that called `switch` |
//! reg[rsp]      +----------------------------+  as after the return to reg[rip]
//! ```
//!
//! A main coroutine that waits in `resume` has reg[rip] = the place in `resume` that goes on, and
//! reg[rsp] = the address of seven words: who was resumed, r15, r14, r13, r12, rbp, the return address. Its slots 0 to 2 are out of date.
//! Slot 3 is for who walks frame pointers, which lead there from
//! the coroutine: with slot 4 it reads as a frame record, whose next are the last two words.
//!
//! A fresh coroutine has reg[rsp] = align_retptr and reg[rip] = its entry function, which
//! therefore starts as if it had been called: rsp is 8 below a multiple of 16.

mod fpenv;
mod leaf;
mod resume;
mod root;
mod switch;
mod transfer;
pub(crate) use fpenv::{load_fpenv, save_fpenv, write_fpenv};
pub(crate) use leaf::{
    copy_frames, get_fpenv, interrupted_stack_pointer, set_fpenv, stack_pointer, valgrind_request,
    weak_symbol,
};

pub(crate) use resume::resume_body;
pub(crate) use root::{
    ended_body, first_entry_body, returning_entry_body, root_return_address, set_first_entry,
};
pub(crate) use switch::{exit_to_body, switch_body};
pub(crate) use transfer::{call_with_frame_pointer, transfer_body};

/// `align_retptr` is one word below `align_highptr`: a called function finds its return address
/// 8 bytes below an aligned stack.
pub(crate) const RETURN_SLOT_SIZE: usize = 8;

/// The slot in which a fresh coroutine has its first value: r13, which begins as anything.
pub(crate) const FIRST_VALUE_SLOT: usize = 1;

/// The slot of the frame pointer.
pub(crate) const FRAME_POINTER_SLOT: usize = 7;

/// Bytes from the start of a coroutine that waits in a resume to what reads as a frame record: its frame
/// pointer, and the address where it goes on. The slot before that of rip is free then.
pub(crate) const FRAME_RECORD_OFFSET: usize = 24;

/// The least guard, in bytes. Compilers that probe large frames touch each page.
pub(crate) const MIN_GUARD: usize = 4096;
