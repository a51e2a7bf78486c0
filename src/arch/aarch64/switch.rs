//! aarch64: the bodies of `switch`, which saves a coroutine and resumes another, and of `exit_to`, which saves nothing.

/// The body of a function `switch(from, to, value)`: saves `from` and resumes `to`, which is given `value`. Returns the
/// value that `from` is given when something switches back. Jumps to `slow` if the hook word's pair is not zero
/// (`tls`, W5).
macro_rules! switch_body {
    ($fpenv:ident, $slow:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c: reached by calls through pointers too
            // Register state:
            // - x0 points to `from`, x1 to `to`, x2 is the value; all three stay so to the end.
            // - x30 is the resume address of `from`.
            // - every other register that matters belongs to `from`.
            ".cfi_remember_state",
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "ldr x7, [x6, #16]",                // the hook word
            "cbnz x7, 7f",
            // `yield_back` comes here when it is no yield to a waiting `resume`.
            // Register state: x6 is the address of this thread's aco_gtls_co.
            concat!(".Laco_switch_", stringify!($fpenv), ":"),
            "stp x29, x30, [sp, #-80]!",        // a frame record, as AAPCS64 requires
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
            ".cfi_remember_state",              // the frame that is found again at 2
            "stp x19, x20, [x0, #16]",
            "stp x21, x22, [x0, #32]",
            "stp x23, x24, [x0, #48]",
            "stp x25, x26, [x0, #64]",
            "stp x27, x28, [x0, #80]",
            "adr x8, 2f",
            "stp x29, x8, [x0, #96]",
            $crate::arch::save_sp_and_fpenv!($fpenv, "x0"),
            "ldr x7, [x0, #144]",
            "orr x7, x7, #0x100",               // ALL_REGS (`state`, S4)
            "str x7, [x0, #144]",               // one store of the whole word: loads of it follow
            "str xzr, [x6, #8]",                // no hint: `from` does not wait in a resume (`tls`, W2)
            // `from` is whole in memory (M6). From here on the unwinder finds its frame through x0:
            // CFA = *(x0 + 112) + 80; x19 to x28 are in `reg`, the rest on its stack.
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
            // - every callee-saved register, x30 (the root frame) and sp belong to `to`.
            // - x17 is its resume address; x0, x1 and x2 are as M5 says.
            // x17, because a jump through it may also reach a landing pad for calls.
            "br x17",
            // A context that this switch saved resumes here, with its own sp, x29, x19 to x28.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            "2:",
            concat!(".globl aco_switched_", stringify!($fpenv)),
            concat!(".hidden aco_switched_", stringify!($fpenv)),
            concat!("aco_switched_", stringify!($fpenv), ":"),
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
            concat!("cbz x8, .Laco_switch_", stringify!($fpenv)),
            "b {slow}",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
            slow = sym $slow,
        )
    };
}

pub(crate) use switch_body;

/// The body of a function `exit_to(from, to, value)`: resumes `to`, which is given `value`, and saves nothing of `from`
/// but its floating-point environment.
macro_rules! exit_to_body {
    ($fpenv:ident) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state: x0 points to `from`, x1 to `to`, x2 is the value. A program that starts `from` again
            // starts it with this floating-point environment.
            $crate::arch::read_fpenv!($fpenv),
            $crate::arch::save_fpenv!($fpenv, "x0"),
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "str xzr, [x6, #8]",                // no hint, as in `switch`
            // From here on the caller's frame is that of `to`, to an unwinder: through x1, as in the root frame.
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
            $crate::arch::load_fpenv!($fpenv, "x1"),
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov sp, x3",
            // Register state: as at the end of `switch`.
            "br x17",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
        )
    };
}

pub(crate) use exit_to_body;
