//! aarch64: the body of `resume`, which runs a coroutine until it switches back.

/// The body of a function `resume(co, value)`, which returns a `Resumed`.
///
/// 1. Jumps to `slow` if the hook word's pair is not zero (`tls`, W5).
/// 2. Calls `prepare(co)` unless `co` is ready: its main_co is the current coroutine, it has not ended, and it owns its
///    share stack.
/// 3. Makes `co` the current coroutine, saves the main coroutine, and resumes `co`, which is given `value`.
/// 4. After the switch back, makes the main coroutine the current one, and returns.
/// 5. Ends in `via_acosw(from, main_co, co)` instead of 4 if the main_co of the coroutine that switched back is another
///    one.
macro_rules! resume_body {
    ($fpenv:ident, $prepare:path, $slow:path, $via_acosw:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state:
            // - x0 is `co`, or NULL; x1 the value.
            // - x30 is the return address.
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            "add x9, x9, x10",
            "ldr x10, [x9, #16]",               // the hook word
            "cbnz x10, 9f",
            "8:",
            "cbz x0, 3f",
            "ldr x11, [x9]",                    // the current coroutine ...
            "cbz x11, 3f",
            "ldr x12, [x0, #128]",
            "cmp x11, x12",                     // ... is the main_co of `co` ...
            "b.ne 3f",
            "ldr x13, [x0, #144]",
            "tst x13, #0xff",                   // ... which has not ended ...
            "b.ne 3f",
            "ldr x12, [x0, #208]",
            "ldr x12, [x12, #48]",
            "cmp x12, x0",                      // ... and owns its share stack
            "b.ne 3f",
            "ldr x12, [x0, #208]",
            "ldr x12, [x12, #16]",              // align_highptr: the coroutine, for unwinders
            "str x0, [x12]",
            "tbnz x13, #8, 4f",
            "2:",
            // Register state:
            // - x0 points to `co`, x11 to its main coroutine, x1 is the value; x11 stays so to the end.
            // - x9 is the address of this thread's aco_gtls_co.
            // - every other register that matters belongs to the main coroutine.
            "stp x0, x11, [x9]",                // current and hint
            "sub sp, sp, #96",
            ".cfi_def_cfa_offset 96",
            "stp x19, x20, [sp]",
            "stp x21, x22, [sp, #16]",
            "stp x23, x24, [sp, #32]",
            "stp x25, x26, [sp, #48]",
            "stp x27, x28, [sp, #64]",
            "str x0, [sp, #80]",                // for `via_acosw`
            ".cfi_offset x19, -96; .cfi_offset x20, -88; .cfi_offset x21, -80",
            ".cfi_offset x22, -72; .cfi_offset x23, -64; .cfi_offset x24, -56",
            ".cfi_offset x25, -48; .cfi_offset x26, -40; .cfi_offset x27, -32",
            ".cfi_offset x28, -24",
            "stp x29, x30, [sp, #-80]!",        // a frame record, as AAPCS64 requires
            ".cfi_def_cfa_offset 176",
            ".cfi_offset x29, -176; .cfi_offset x30, -168",
            "mov x29, sp",
            "stp d8, d9, [sp, #16]",
            "stp d10, d11, [sp, #32]",
            "stp d12, d13, [sp, #48]",
            "stp d14, d15, [sp, #64]",
            ".cfi_offset d8, -160; .cfi_offset d9, -152; .cfi_offset d10, -144",
            ".cfi_offset d11, -136; .cfi_offset d12, -128; .cfi_offset d13, -120",
            ".cfi_offset d14, -112; .cfi_offset d15, -104",
            ".cfi_remember_state",
            "adr x8, 5f",
            "mov x3, sp",
            "stp x29, x8, [x11, #96]",
            "str x3, [x11, #112]",
            $crate::arch::read_fpenv!($fpenv),
            $crate::arch::save_fpenv!($fpenv, "x11"),
            // The main coroutine is whole in memory (M6). From here on the unwinder finds its frame through x11
            // (0x7b): CFA = *(x11 + 112) + 176.
            ".cfi_escape 0x0f, 7, 0x7b, 0xf0, 0x00, 0x06, 0x23, 0xb0, 0x01",
            "ldp x19, x20, [x0, #16]",
            "ldp x21, x22, [x0, #32]",
            "ldp x23, x24, [x0, #48]",
            "ldp x25, x26, [x0, #64]",
            "ldp x27, x28, [x0, #80]",
            "ldp x29, x17, [x0, #96]",
            "ldr x3, [x0, #112]",
            "mov x2, x1",
            "mov x1, x0",
            "mov x0, x11",
            $crate::arch::load_fpenv!($fpenv, "x1"),
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov sp, x3",
            "br x17",
            // The main coroutine resumes here.
            // Register state:
            // - sp and x29 are its own; x0, x1 and x2 are as M5 says.
            // - after a transfer x0 is not the coroutine that was resumed, which may be destroyed.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            "5:",
            "hint #36",                         // bti j
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x29, x30, [sp], #80",
            ".cfi_def_cfa_offset 96",
            ".cfi_restore x29; .cfi_restore x30; .cfi_restore d8; .cfi_restore d9",
            ".cfi_restore d10; .cfi_restore d11; .cfi_restore d12; .cfi_restore d13",
            ".cfi_restore d14; .cfi_restore d15",
            "ldp x19, x20, [sp]",
            "ldp x21, x22, [sp, #16]",
            "ldp x23, x24, [sp, #32]",
            "ldp x25, x26, [sp, #48]",
            "ldp x27, x28, [sp, #64]",
            "ldr x12, [sp, #80]",               // the coroutine that was resumed
            "add sp, sp, #96",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x19; .cfi_restore x20; .cfi_restore x21; .cfi_restore x22",
            ".cfi_restore x23; .cfi_restore x24; .cfi_restore x25; .cfi_restore x26",
            ".cfi_restore x27; .cfi_restore x28",
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            // The new current coroutine comes from x1. The main_co of x0 is only compared: its load may miss the cache,
            // and the next resume depends on the current coroutine.
            "add x9, x9, x10",
            "ldr x11, [x0, #128]",
            "cmp x1, x11",
            "b.ne 7f",
            "ldr x11, [x1, #128]",
            "cmp x11, #0",
            "csel x11, x1, xzr, ne",            // the hint (`tls`, W3): NULL for a main coroutine
            "stp x1, x11, [x9]",
            "mov x1, x0",                       // a Resumed: the value, and x0
            "mov x0, x2",
            // `ret`: a jump would need a landing pad in the caller. After a switch by a call the top of the return
            // predictor is another address; that misprediction stays.
            "ret",
            // The main_co of the coroutine that switched back is another one.
            "7:",
            "mov x2, x12",
            "b {via_acosw}",
            // The slow path: `prepare` returns, or aborts.
            "3:",
            "stp x29, x30, [sp, #-32]!",
            ".cfi_def_cfa_offset 32",
            ".cfi_offset x29, -32; .cfi_offset x30, -24",
            "mov x29, sp",
            "stp x0, x1, [sp, #16]",
            "bl {prepare}",
            "ldp x0, x1, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29; .cfi_restore x30",
            "adrp x9, :gottprel:aco_gtls_co",
            "ldr x9, [x9, :gottprel_lo12:aco_gtls_co]",
            "mrs x10, tpidr_el0",
            "add x9, x9, x10",
            "ldr x11, [x0, #128]",
            "ldr x10, [x9, #16]",               // `prepare` may have set the hook word
            "cbz x10, 2b",
            "ldp x13, x12, [x10]",
            "orr x13, x13, x12",
            "cbz x13, 2b",
            "mov x2, x29", // the frame pointer, for `call_with_frame_pointer`
            "b {slow}",
            // Clears ALL_REGS: `co` resumes with all its registers.
            "4:",
            "and x13, x13, #0xfffffffffffffeff",
            "str x13, [x0, #144]",
            "b 2b",
            // The hook word is set.
            "9:",
            "ldp x11, x12, [x10]",
            "orr x11, x11, x12",
            "cbz x11, 8b",
            "mov x2, x29", // the frame pointer, for `call_with_frame_pointer`
            "b {slow}",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
            prepare = sym $prepare,
            slow = sym $slow,
            via_acosw = sym $via_acosw,
        )
    };
}

pub(crate) use resume_body;
