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
//!        (x16)  (x17)  x19 ... x28   x29  pc  sp  fpcr
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
//! reg[pc] is the place in `switch` that takes this frame down. A context that another switch
//! saved, or a fresh one, has its own reg[pc] and no such frame.
//!
//! A fresh coroutine has reg[sp] = align_retptr and reg[pc] = its entry function. Every switch
//! enters its target with x30 = root_return_address(): a suspended one does not look at x30, a
//! fresh one returns there. So writing `fp` into reg[pc] by hand is enough to start again.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use crate::abi::aco_t;

/// `align_retptr` is 16 bytes below `align_highptr`: the stack pointer is always 16-byte aligned.
pub(crate) const RETURN_SLOT: usize = 16;

/// The two switches differ only in the instructions for FPCR.
macro_rules! switch_body {
    (save: $($save:literal)*; load: $($load:literal)*) => {
        naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c: reached by calls through pointers too
            // Register state:
            // - x0 points to `from`, x1 to `to`; x0 stays so until `to` goes on.
            // - x30 is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
            "stp x29, x30, [sp, #-80]!",        // a frame record, as AAPCS64 wants it
            ".cfi_def_cfa_offset 80",
            ".cfi_offset x29, -80",
            ".cfi_offset x30, -72",
            "mov x29, sp",
            "stp d8, d9, [sp, #16]",
            "stp d10, d11, [sp, #32]",
            "stp d12, d13, [sp, #48]",
            "stp d14, d15, [sp, #64]",
            ".cfi_offset d8, -64",
            ".cfi_offset d9, -56",
            ".cfi_offset d10, -48",
            ".cfi_offset d11, -40",
            ".cfi_offset d12, -32",
            ".cfi_offset d13, -24",
            ".cfi_offset d14, -16",
            ".cfi_offset d15, -8",
            ".cfi_remember_state",              // the frame as it will be found again at 2
            "stp x19, x20, [x0, #16]",
            "stp x21, x22, [x0, #32]",
            "stp x23, x24, [x0, #48]",
            "stp x25, x26, [x0, #64]",
            "stp x27, x28, [x0, #80]",
            "adr x2, 2f",
            "mov x3, sp",
            "stp x29, x2, [x0, #96]",
            "str x3, [x0, #112]",
            $($save,)*                          // fpcr, left in x4
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
            $($load,)*                          // msr fpcr, only where it differs from x4: dear
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov sp, x3",
            // Register state:
            // - everything belongs to `to`; x17 is where it goes on, x30 the root frame.
            // `ret`, not `br`: the place may be the middle of a function without a bti pad.
            "ret x17",
            // A context that this switch saved goes on here, with its own sp and x29.
            ".cfi_restore_state",
            "2:",
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x29, x30, [sp], #80",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29",
            ".cfi_restore x30",
            ".cfi_restore d8",
            ".cfi_restore d9",
            ".cfi_restore d10",
            ".cfi_restore d11",
            ".cfi_restore d12",
            ".cfi_restore d13",
            ".cfi_restore d14",
            ".cfi_restore d15",
            "ret",
            ".cfi_endproc",
            root = sym root_frame,
            root_offset = const ROOT_RETURN_OFFSET,
        )
    };
}

/// Leaves `from`, goes on in `to`, each with its own floating-point environment.
///
/// # Safety
/// Both point to coroutines. `to` is suspended, or fresh, and its stack holds its frames.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(from: *mut aco_t, to: *mut aco_t) -> *mut c_void {
    switch_body!(
        save: "mrs x4, fpcr" "str x4, [x0, #120]";
        load: "ldr x5, [x1, #120]" "cmp x4, x5" "b.eq 3f" "msr fpcr, x5" "3:"
    )
}

/// Leaves `from`, goes on in `to`, which inherits the floating-point environment of this moment.
///
/// # Safety
/// As [`switch`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
) -> *mut c_void {
    switch_body!(save: ; load: )
}

/// Stores FPCR at `place`.
///
/// # Safety
/// `place` is writable for 8 bytes.
pub(crate) unsafe fn store_fp_environment(place: *mut c_void) {
    // SAFETY: the caller's promise; reads a register and stores it.
    unsafe {
        asm!(
            "mrs {fpcr}, fpcr",
            "str {fpcr}, [{place}]",
            place = in(reg) place,
            fpcr = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// The root frame of every coroutine: what an entry function that returns would return into.
///
/// Register state when it does: sp = align_retptr, nothing else is known.
#[unsafe(naked)]
unsafe extern "C" fn root_frame() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined x30", // the end of the stack, for every unwinder
        // Unwinders look a return address up by what is before it: it must be in this function.
        "nop",
        "b {protector}",
        ".cfi_endproc",
        protector = sym aco_funcp_protector_asm,
    )
}

/// Bytes from `root_frame` to the address that an entry function returns to.
const ROOT_RETURN_OFFSET: usize = 4;

/// The address that an entry function returns to; the return slot of a share stack holds it too.
pub(crate) fn root_return_address() -> usize {
    root_frame as *const () as usize + ROOT_RETURN_OFFSET
}

/// Where an entry function that returns lands: calls `aco_funcp_protector`, which does not come
/// back. Assembly, because a `ret` and not a call leads here.
///
/// # Safety
/// sp is at a place that may be written below.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn aco_funcp_protector_asm() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined x30",
        "hint #34", // bti c
        "bl aco_funcp_protector",
        "brk #1",
        ".cfi_endproc",
    )
}

/// The caller's stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let address: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// A request to Valgrind, which recognises these rotations of x12 (they leave it as it was) and
/// the disjunction of x10 with itself; 0 where the processor executes them. The requests and the
/// sequence are those of Valgrind's documented client request mechanism.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but the answer's; Valgrind reads the six words.
    unsafe {
        asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") request.as_ptr(),
            inlateout("x3") 0_usize => answer,
            options(nostack),
        );
    }
    answer
}
