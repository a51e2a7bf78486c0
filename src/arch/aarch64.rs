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
//!                | 16 bytes                   |
//!                | d8 ... d15        64 bytes |
//!                | x30: where `from` goes on  |
//!                | x29 of that frame          |
//! reg[sp] =      +----------------------------+
//! reg[x29]         a frame record: frame-pointer walkers go on into the caller
//! ```
//!
//! reg[pc] is the place in `switch` that takes this frame down. A main coroutine that waits in
//! `resume` has a frame of the same shape, with its own address in the upper 16 bytes. A context
//! that the header's inline code saved, or a fresh one, has its own reg[pc] and no such frame.
//!
//! A fresh coroutine has reg[sp] = align_retptr and reg[pc] = its entry function. Every switch
//! enters its target with x30 = root_return_address(): a suspended one does not look at x30, a
//! fresh one returns there. So writing `fp` into reg[pc] by hand is enough to start again.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use crate::abi::aco_t;

/// `align_retptr` is 16 bytes below `align_highptr`: the stack pointer is always 16-byte aligned.
pub(crate) const RETURN_SLOT: usize = 16;

/// The frame that `switch` and `resume` push, and its CFI: a frame record, d8 to d15, one word.
macro_rules! push_frame {
    () => {
        "stp x29, x30, [sp, #-96]!
        .cfi_def_cfa_offset 96
        .cfi_offset x29, -96
        .cfi_offset x30, -88
        mov x29, sp
        stp d8, d9, [sp, #16]
        stp d10, d11, [sp, #32]
        stp d12, d13, [sp, #48]
        stp d14, d15, [sp, #64]
        .cfi_offset d8, -80
        .cfi_offset d9, -72
        .cfi_offset d10, -64
        .cfi_offset d11, -56
        .cfi_offset d12, -48
        .cfi_offset d13, -40
        .cfi_offset d14, -32
        .cfi_offset d15, -24
        .cfi_remember_state" // as the frame will be found again
    };
}

/// Takes the frame down and returns.
macro_rules! pop_frame_and_return {
    () => {
        "ldp d8, d9, [sp, #16]
        ldp d10, d11, [sp, #32]
        ldp d12, d13, [sp, #48]
        ldp d14, d15, [sp, #64]
        ldp x29, x30, [sp], #96
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        .cfi_restore d8
        .cfi_restore d9
        .cfi_restore d10
        .cfi_restore d11
        .cfi_restore d12
        .cfi_restore d13
        .cfi_restore d14
        .cfi_restore d15
        ret"
    };
}

/// `switch` and `switch_shared_fpenv` differ only in the instructions for FPCR.
macro_rules! switch_body {
    (save: $($save:literal)*; load: $($load:literal)*) => {
        naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c: reached by calls through pointers too
            // Register state:
            // - x0 points to `from`, x1 to `to`; x0 stays so until `to` goes on.
            // - x30 is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
            push_frame!(),
            "stp x19, x20, [x0, #16]",
            "stp x21, x22, [x0, #32]",
            "stp x23, x24, [x0, #48]",
            "stp x25, x26, [x0, #64]",
            "stp x27, x28, [x0, #80]",
            "adr x2, 2f",
            "mov x3, sp",
            "stp x29, x2, [x0, #96]",
            "str x3, [x0, #112]",
            "ldrb w6, [x0, #145]",
            "orr w6, w6, #1",                   // FULL: whoever goes on here must load x19 to x28
            "strb w6, [x0, #145]",
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "str xzr, [x6, #8]",                // no hint: `from` does not wait in a resume
            $($save,)*                          // fpcr, left in x4
            // `from` is whole in memory. From here on the unwinder finds its frame through x0:
            // CFA = *(x0 + 112) + 96; x19 to x28 lie in `reg`, the rest on its stack.
            ".cfi_escape 0x0f, 7, 0x70, 0xf0, 0x00, 0x06, 0x23, 0xe0, 0x00",
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
            // x17: the one register through which a pad for calls can be jumped to as well.
            "br x17",
            // A context that this switch saved goes on here, with its own sp, x29, x19 to x28.
            ".cfi_restore_state",
            "2:",
            "hint #36",                         // bti j
            pop_frame_and_return!(),
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

/// The body of a function `resume(co)`: runs `co`, which `prepare` readies unless it plainly is,
/// until it leaves; then makes its main coroutine the current one.
macro_rules! resume_body {
    (own_fpenv, $prepare:path) => {
        $crate::arch::resume_body!(
            @$prepare,
            save: "mrs x4, fpcr" "str x4, [x11, #120]";
            load: "ldr x5, [x0, #120]" "cmp x4, x5" "b.eq 6f" "msr fpcr, x5" "6:"
        )
    };
    (shared_fpenv, $prepare:path) => {
        $crate::arch::resume_body!(@$prepare, save: ; load: )
    };
    (@$prepare:path, save: $($save:literal)*; load: $($load:literal)*) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state:
            // - x0 is `co`, or NULL.
            // - x30 is the address where the main coroutine goes on.
            "cbz x0, 3f",
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            "add x9, x9, x10",
            "ldr x11, [x9]",                    // the current coroutine ...
            "cbz x11, 3f",
            "ldr x12, [x0, #128]",
            "cmp x11, x12",                     // ... is the main_co of `co` ...
            "b.ne 3f",
            "ldrh w13, [x0, #144]",
            "tst w13, #0xff",                   // ... which has not ended ...
            "b.ne 3f",
            "ldr x12, [x0, #208]",
            "ldr x12, [x12, #48]",
            "cmp x12, x0",                      // ... and owns its share stack
            "b.ne 3f",
            "tbnz w13, #8, 4f",
            "2:",
            // Register state:
            // - x0 points to `co`, x11 to its main coroutine; x11 stays so until `co` goes on.
            // - x9 is the address of this thread's aco_gtls_co.
            // - everything else that matters belongs to the main coroutine.
            "stp x0, x11, [x9]",                // current and hint
            $crate::arch::push_frame!(),
            "str x11, [sp, #80]",               // found again at 5
            "stp x19, x20, [x11, #16]",
            "stp x21, x22, [x11, #32]",
            "stp x23, x24, [x11, #48]",
            "stp x25, x26, [x11, #64]",
            "stp x27, x28, [x11, #80]",
            "adr x2, 5f",
            "mov x3, sp",
            "stp x29, x2, [x11, #96]",
            "str x3, [x11, #112]",
            $($save,)*                          // fpcr, left in x4
            // The main coroutine is whole in memory, and the unwinder finds its frame through x11
            // (0x7b): CFA = *(x11 + 112) + 96; x19 to x28 lie in `reg`, the rest on its stack.
            ".cfi_escape 0x0f, 7, 0x7b, 0xf0, 0x00, 0x06, 0x23, 0xe0, 0x00",
            ".cfi_escape 0x10, 19, 2, 0x7b, 16",
            ".cfi_escape 0x10, 20, 2, 0x7b, 24",
            ".cfi_escape 0x10, 21, 2, 0x7b, 32",
            ".cfi_escape 0x10, 22, 2, 0x7b, 40",
            ".cfi_escape 0x10, 23, 2, 0x7b, 48",
            ".cfi_escape 0x10, 24, 2, 0x7b, 56",
            ".cfi_escape 0x10, 25, 3, 0x7b, 0xc0, 0x00",
            ".cfi_escape 0x10, 26, 3, 0x7b, 0xc8, 0x00",
            ".cfi_escape 0x10, 27, 3, 0x7b, 0xd0, 0x00",
            ".cfi_escape 0x10, 28, 3, 0x7b, 0xd8, 0x00",
            "ldp x19, x20, [x0, #16]",
            "ldp x21, x22, [x0, #32]",
            "ldp x23, x24, [x0, #48]",
            "ldp x25, x26, [x0, #64]",
            "ldp x27, x28, [x0, #80]",
            "ldp x29, x17, [x0, #96]",
            "ldr x3, [x0, #112]",
            $($load,)*                          // msr fpcr, only where it differs from x4
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov sp, x3",
            "br x17",
            // The main coroutine goes on here, with its own sp and x29.
            ".cfi_restore_state",
            "5:",
            "hint #36",                         // bti j
            "ldr x11, [sp, #80]",
            "ldp x19, x20, [x11, #16]",
            "ldp x21, x22, [x11, #32]",
            "ldp x23, x24, [x11, #48]",
            "ldp x25, x26, [x11, #64]",
            "ldp x27, x28, [x11, #80]",
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            "str x11, [x9, x10]",
            $crate::arch::pop_frame_and_return!(),
            // The slow way: `prepare` returns, or aborts.
            "3:",
            "stp x29, x30, [sp, #-32]!",
            ".cfi_def_cfa_offset 32",
            ".cfi_offset x29, -32",
            ".cfi_offset x30, -24",
            "mov x29, sp",
            "str x0, [sp, #16]",
            "bl {prepare}",
            "ldr x0, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29",
            ".cfi_restore x30",
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            "add x9, x9, x10",
            "ldr x11, [x0, #128]",
            "b 2b",
            // `switch` left it. It goes on with all its registers; how it leaves next is open.
            "4:",
            "lsr w13, w13, #8",
            "and w13, w13, #0xfe",
            "strb w13, [x0, #145]",
            "b 2b",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
            prepare = sym $prepare,
        )
    };
}

pub(crate) use {pop_frame_and_return, push_frame, resume_body};

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
pub(crate) unsafe extern "C" fn root_frame() {
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
pub(crate) const ROOT_RETURN_OFFSET: usize = 4;

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
