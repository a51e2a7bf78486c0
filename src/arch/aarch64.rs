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

use core::arch::naked_asm;

use crate::abi::aco_t;

mod fpenv;
mod leaf;
mod resume;
mod root;
mod transfer;
pub(crate) use fpenv::{load_fpenv, read_fpenv, save_fpenv};
pub(crate) use leaf::{
    copy_frames, interrupted_stack_pointer, load_fp_environment, stack_pointer,
    store_fp_environment, valgrind_request, weak_symbol,
};

pub(crate) use resume::resume_body;
pub(crate) use root::{
    ROOT_RETURN_OFFSET, ended_body, first_entry_body, returning_entry_body, root_frame,
    set_first_entry,
};
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

/// The body of a function `switch(from, to, value)`: leaves one coroutine, goes on in the other, which is
/// given `value`; returns the value with which something switches back. While C++ exceptions are being handled it is `slow` that is called.
macro_rules! switch_body {
    ($fpenv:ident, $slow:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c: reached by calls through pointers too
            // Register state:
            // - x0 points to `from`, x1 to `to`, x2 is the value; all three stay so until `to` goes on.
            // - x30 is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
            ".cfi_remember_state",
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "ldr x7, [x6, #16]",                // exceptions
            "cbnz x7, 7f",
            "4:",
            "stp x29, x30, [sp, #-80]!",        // a frame record, as AAPCS64 wants it
            ".cfi_def_cfa_offset 80",
            ".cfi_offset x29, -80; .cfi_offset x30, -72",
            "mov x29, sp",
            "stp d8, d9, [sp, #16]",
            "stp d10, d11, [sp, #32]",
            "stp d12, d13, [sp, #48]",
            "stp d14, d15, [sp, #64]",
            ".cfi_offset d8, -64; .cfi_offset d9, -56; .cfi_offset d10, -48",
            ".cfi_offset d11, -40; .cfi_offset d12, -32; .cfi_offset d13, -24",
            ".cfi_offset d14, -16; .cfi_offset d15, -8",
            ".cfi_remember_state",              // the frame as it will be found again at 2
            "stp x19, x20, [x0, #16]",
            "stp x21, x22, [x0, #32]",
            "stp x23, x24, [x0, #48]",
            "stp x25, x26, [x0, #64]",
            "stp x27, x28, [x0, #80]",
            "adr x8, 2f",
            "mov x3, sp",
            "stp x29, x8, [x0, #96]",
            "str x3, [x0, #112]",
            "ldr x7, [x0, #144]",
            "orr x7, x7, #0x100",               // ALL_REGS: whoever goes on here must load x19 to x28
            "str x7, [x0, #144]",               // the word as a whole: loads of it follow
            "str xzr, [x6, #8]",                // no hint: `from` does not wait in a resume
            $crate::arch::read_fpenv!($fpenv),
            $crate::arch::save_fpenv!($fpenv, "x0"),
            // `from` is whole in memory. From here on the unwinder finds its frame through x0:
            // CFA = *(x0 + 112) + 80; x19 to x28 lie in `reg`, the rest on its stack.
            ".cfi_escape 0x0f, 6, 0x70, 0xf0, 0x00, 0x06, 0x23, 80",
            ".cfi_escape 0x10, 19, 2, 0x70, 16",
            ".cfi_escape 0x10, 20, 2, 0x70, 24",
            ".cfi_escape 0x10, 21, 2, 0x70, 32",
            ".cfi_escape 0x10, 22, 2, 0x70, 40",
            ".cfi_escape 0x10, 23, 2, 0x70, 48",
            ".cfi_escape 0x10, 24, 2, 0x70, 56",
            ".cfi_escape 0x10, 25, 3, 0x70, 0xc0, 0x00",
            ".cfi_escape 0x10, 26, 3, 0x70, 0xc8, 0x00",
            ".cfi_escape 0x10, 27, 3, 0x70, 0xd0, 0x00",
            ".cfi_escape 0x10, 28, 3, 0x70, 0xd8, 0x00",
            "ldp x19, x20, [x1, #16]",
            "ldp x21, x22, [x1, #32]",
            "ldp x23, x24, [x1, #48]",
            "ldp x25, x26, [x1, #64]",
            "ldp x27, x28, [x1, #80]",
            "ldp x29, x17, [x1, #96]",
            "ldr x3, [x1, #112]",
            $crate::arch::load_fpenv!($fpenv, "x1"),
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov sp, x3",
            // Register state:
            // - everything belongs to `to`; x17 is where it goes on, x30 the root frame, x1 its
            //   address, x0 that of `from`, x2 the value.
            // x17: the one register through which a pad for calls can be jumped to as well.
            "br x17",
            // A context that this switch saved goes on here, with its own sp, x29, x19 to x28.
            // The nop: unwinders look a return address up by what is before it.
            ".cfi_restore_state",
            "nop",
            "2:",
            "hint #36",                         // bti j
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x29, x30, [sp], #80",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29; .cfi_restore x30; .cfi_restore d8; .cfi_restore d9",
            ".cfi_restore d10; .cfi_restore d11; .cfi_restore d12; .cfi_restore d13",
            ".cfi_restore d14; .cfi_restore d15",
            "mov x0, x2",
            "ret",
            ".cfi_restore_state",
            "7:",
            "ldp x8, x9, [x7]",
            "orr x8, x8, x9",
            "cbz x8, 4b",
            "b {slow}",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
            slow = sym $slow,
        )
    };
}

pub(crate) use switch_body;

/// The body of `exit_to` (`save_fpenv`) and of `exit_to_shared_fpenv`.
macro_rules! exit_to_body {
    ($fpenv:ident) => {
        naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state: x0 points to `from`, x1 to `to`. Of `from` the environment matters: a
            // program that starts it again starts it with that.
            read_fpenv!($fpenv),
            save_fpenv!($fpenv, "x0"),
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "str xzr, [x6, #8]",                // no hint, as in `switch`
            // From here on the unwinder's next frame is that of `to`, through x1, as in the root frame:
            // CFA = *(x1 + 112), pc at x1 + 104, x29 at x1 + 96, x19 to x28 in `reg`.
            ".cfi_escape 0x0f, 4, 0x71, 0xf0, 0x00, 0x06",
            ".cfi_escape 0x10, 30, 3, 0x71, 0xe8, 0x00",
            ".cfi_escape 0x10, 29, 3, 0x71, 0xe0, 0x00",
            ".cfi_escape 0x10, 19, 2, 0x71, 16",
            ".cfi_escape 0x10, 20, 2, 0x71, 24",
            ".cfi_escape 0x10, 21, 2, 0x71, 32",
            ".cfi_escape 0x10, 22, 2, 0x71, 40",
            ".cfi_escape 0x10, 23, 2, 0x71, 48",
            ".cfi_escape 0x10, 24, 2, 0x71, 56",
            ".cfi_escape 0x10, 25, 3, 0x71, 0xc0, 0x00",
            ".cfi_escape 0x10, 26, 3, 0x71, 0xc8, 0x00",
            ".cfi_escape 0x10, 27, 3, 0x71, 0xd0, 0x00",
            ".cfi_escape 0x10, 28, 3, 0x71, 0xd8, 0x00",
            "ldp x19, x20, [x1, #16]",
            "ldp x21, x22, [x1, #32]",
            "ldp x23, x24, [x1, #48]",
            "ldp x25, x26, [x1, #64]",
            "ldp x27, x28, [x1, #80]",
            "ldp x29, x17, [x1, #96]",
            "ldr x3, [x1, #112]",
            load_fpenv!($fpenv, "x1"),
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov x2, xzr",                      // no value
            "mov sp, x3",
            // Register state: as at the end of `switch`.
            "br x17",
            ".cfi_endproc",
            root = sym root_frame,
            root_offset = const ROOT_RETURN_OFFSET,
        )
    };
}

/// Leaves `from` for ever, goes on in `to` with the environment of that.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn exit_to(from: *mut aco_t, to: *mut aco_t) -> ! {
    exit_to_body!(save_fpenv)
}

/// Leaves `from` for ever, goes on in `to`, which inherits this moment's environment.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn exit_to_shared_fpenv(from: *mut aco_t, to: *mut aco_t) -> ! {
    exit_to_body!(share_fpenv)
}
