//! x86-64, System V ABI.
//!
//! ## What a switch saves
//!
//! A callee preserves rbx, rbp, r12 to r15 and rsp, the x87 control word and the control bits of MXCSR. All of them fit
//! in `aco_t.reg`, so `switch` pushes nothing:
//!
//! ```text
//! reg    0    1    2    3    4    5    6    7    8
//! byte   0    8    16   24   32   40   48   56   64
//!        r12  r13  r14  r15  rip  rsp  rbx  rbp  x87 control word (2 bytes), MXCSR at byte 68
//! ```
//!
//! ## The stack of a suspended coroutine
//!
//! A coroutine that `switch` has saved, on a stack whose `align_highptr` is 0xb000:
//!
//! ```text
//! 0xb000 +----------------------------+ <- align_highptr; the coroutine's address is here, for unwinders
//!        | root_return_address()      |    popped by the `ret` of an entry function
//! 0xaff8 +----------------------------+ <- align_retptr
//!        | frames of the coroutine    |
//!        ~            ...             ~
//!        | frame that called `switch` |
//! 0xae40 +----------------------------+ <- reg[rsp], as after the return to reg[rip]
//! ```
//!
//! An unstarted coroutine has `reg[rsp]` = align_retptr and `reg[rip]` = its entry function. So the entry function
//! starts as if it were called: rsp is 8 below a multiple of 16.
//!
//! A main coroutine that waits in `resume`, called with rsp = 0x7ff8:
//!
//! ```text
//! 0x7ff8 | return address of `resume` |
//! 0x7ff0 | rbp of the caller          | <- reg[3]: with reg[4] a frame record, whose next one is this
//! 0x7fe8 | r12                        |
//! 0x7fe0 | r13                        |
//! 0x7fd8 | r14                        |
//! 0x7fd0 | r15                        |
//! 0x7fc8 | the coroutine resumed      | <- reg[rsp]; reg[rip] is the second half of `resume`
//! ```
//!
//! Its slots 0 to 2 are out of date. The frame pointers of the coroutine lead to slot 3 (`frame_chain`).

mod cfi;
mod fpenv;
mod leaf;
mod offsets;
mod on_top;
mod resume;
mod root;
mod switch;
mod transfer;
mod variadic;
mod yield_back;

pub(crate) use {
    fpenv::*, leaf::*, on_top::*, resume::*, root::*, switch::*, transfer::*, variadic::*,
    yield_back::*,
};

/// Bytes between `align_retptr` and `align_highptr`. A called function finds its return address 8 bytes below an
/// aligned stack.
pub(crate) const RETURN_SLOT_SIZE: usize = 8;

/// The slot of the first value of an unstarted coroutine, and of the result of one that has returned: r13, which an
/// entry function may not rely on.
pub(crate) const FIRST_VALUE_SLOT: usize = 1;

/// The slot of the frame pointer, rbp.
pub(crate) const FRAME_POINTER_SLOT: usize = 7;

/// Bytes from a coroutine that waits in a resume to the words that read as a frame record: slot 3, free then, and the
/// resume address.
pub(crate) const FRAME_RECORD_OFFSET: usize = 24;

/// Bytes from the stack pointer of a context that resumes in the code of the library to its return address:
/// four registers are below it.
pub(crate) const CALLER_OFFSET: usize = 32;

/// The minimum guard, in bytes. Compilers that probe large frames touch each page.
pub(crate) const MIN_GUARD: usize = 4096;
