//! aarch64, AAPCS64.
//!
//! ## What a switch saves
//!
//! A callee preserves x19 to x29, sp and the low halves of v8 to v15 (d8 to d15), and FPCR by convention. x18 is the
//! platform's and is never touched. `aco_t.reg` has slots for all but d8 to d15: `switch` pushes those on the
//! coroutine's own stack, in an ordinary frame.
//!
//! ```text
//! reg    0      1      2 ... 11      12   13  14  15
//! byte   0      8      16 ... 88     96   104 112 120
//!        -      -      x19 ... x28   x29  pc  sp  fpcr
//! ```
//!
//! ## The stack of a suspended coroutine
//!
//! A coroutine that `switch` has saved, on a stack whose `align_highptr` is 0xb000:
//!
//! ```text
//! 0xb000 +----------------------------+ <- align_highptr; the coroutine's address is here, for unwinders
//!        | 8 unused bytes             |
//!        | root_return_address()      |    as on x86-64; x30 has it too when an entry function starts
//! 0xaff0 +----------------------------+ <- align_retptr
//!        | frames of the coroutine    |
//!        ~            ...             ~
//!        | frame that called `switch` |
//! 0xae40 +----------------------------+
//!        | d8 ... d15        64 bytes |
//!        | x30: the caller of `switch`|
//!        | x29 of that caller         |
//! 0xadf0 +----------------------------+ <- reg[sp] = reg[x29], a frame record
//! ```
//!
//! `reg[pc]` is the end of `switch`, which pops this frame. A context that inline code saved, or an unstarted one, has
//! no such frame.
//!
//! A main coroutine that waits in `resume`, called with sp = 0x8000:
//!
//! ```text
//! 0x8000 +----------------------------+
//!        | unused            8 bytes  |
//!        | the coroutine resumed      |
//!        | x19 ... x28       80 bytes |
//!        | d8 ... d15        64 bytes |
//!        | x30, x29                   |
//! 0x7f50 +----------------------------+ <- reg[sp] = reg[x29]; reg[pc] is the second half of `resume`
//! ```
//!
//! Its slots 2 to 11 are out of date. The frame pointers of the coroutine lead to slots 12 and 13 (`frame_chain`).
//!
//! An unstarted coroutine has `reg[sp]` = align_retptr and `reg[pc]` = its entry function. Every switch jumps to its
//! target with x30 = root_return_address(): a suspended context does not read x30, and an entry function returns there.
//! So a program starts a coroutine again by writing `fp` to `reg[pc]` and align_retptr to `reg[sp]`.

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

/// Bytes between `align_retptr` and `align_highptr`: the stack pointer is always 16-byte aligned.
pub(crate) const RETURN_SLOT_SIZE: usize = 16;

/// The slot of the first value of an unstarted coroutine, and of the result of one that has returned. It has no
/// other use.
pub(crate) const FIRST_VALUE_SLOT: usize = 1;

/// The slot of the frame pointer, x29.
pub(crate) const FRAME_POINTER_SLOT: usize = 12;

/// Bytes from a coroutine that waits in a resume to the words that read as a frame record: x29 and the resume address.
pub(crate) const FRAME_RECORD_OFFSET: usize = 96;

/// Bytes from the stack pointer of a context that resumes in the code of the library to its return address:
/// it is in the frame record.
pub(crate) const CALLER_OFFSET: usize = 8;

/// The minimum guard, in bytes. Compilers that probe large frames touch each 64 KiB.
pub(crate) const MIN_GUARD: usize = 64 * 1024;
