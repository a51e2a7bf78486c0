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
///
/// If `yield_back` of the same form has suspended `co`, its second half is executed here: 3 needs no second jump.
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
            "ldr x12, [x0, #128]",
            "ldr x13, [x0, #144]",
            "ldr x14, [x0, #208]",
            "subs x13, x13, x0, lsl #8",        // EXCLUSIVE without flags: it restores its own registers
            "b.ne 4f",
            "ldr x14, [x14, #48]",
            "cmp x11, x12",                     // ... is the main_co of `co` ...
            "ccmp x14, x0, #0, eq",             // ... which owns its share stack
            "b.ne 3f",
            "2:",
            // Register state:
            // - x13 is 0 if `co` restores x19 to x28 itself.
            // - x0 points to `co`, x11 to its main coroutine, x1 is the value; x11 stays so to the end.
            // - x9 is the address of this thread's aco_gtls_co.
            // - every other register that matters belongs to the main coroutine.
            "stp x0, x11, [x9]",                // current and hint
            "stp x29, x30, [sp, #-176]!",       // a frame record, as AAPCS64 requires
            ".cfi_def_cfa_offset 176",
            ".cfi_offset x29, -176; .cfi_offset x30, -168",
            "mov x29, sp",
            "stp d8, d9, [sp, #16]",
            "stp d10, d11, [sp, #32]",
            "stp d12, d13, [sp, #48]",
            "stp d14, d15, [sp, #64]",
            "stp x19, x20, [sp, #80]",
            "stp x21, x22, [sp, #96]",
            "stp x23, x24, [sp, #112]",
            "stp x25, x26, [sp, #128]",
            "stp x27, x28, [sp, #144]",
            "str x0, [sp, #160]",               // for `via_acosw`
            ".cfi_offset d8, -160; .cfi_offset d9, -152; .cfi_offset d10, -144",
            ".cfi_offset d11, -136; .cfi_offset d12, -128; .cfi_offset d13, -120",
            ".cfi_offset d14, -112; .cfi_offset d15, -104; .cfi_offset x19, -96",
            ".cfi_offset x20, -88; .cfi_offset x21, -80; .cfi_offset x22, -72",
            ".cfi_offset x23, -64; .cfi_offset x24, -56; .cfi_offset x25, -48",
            ".cfi_offset x26, -40; .cfi_offset x27, -32; .cfi_offset x28, -24",
            ".cfi_remember_state",
            concat!("adr x8, .Laco_resumer_", stringify!($fpenv)),
            "stp x29, x8, [x11, #96]",
            $crate::arch::save_sp_and_fpenv!($fpenv, "x11"),
            // The main coroutine is whole in memory (M6). From here on the unwinder finds its frame through x11
            // (0x7b): CFA = *(x11 + 112) + 176.
            ".cfi_escape 0x0f, 7, 0x7b, 0xf0, 0x00, 0x06, 0x23, 0xb0, 0x01",
            "ldp x17, x3, [x0, #104]",
            concat!("adr x8, .Laco_yielded_", stringify!($fpenv)),
            "cmp x17, x8",
            "b.ne 12f",
            $crate::arch::load_fpenv!($fpenv, "x0"),
            ".cfi_remember_state",
            "mov sp, x3",
            // The second half of `yield_back`, and its frame.
            ".cfi_def_cfa sp, 160; .cfi_offset x29, -160; .cfi_offset x30, -152",
            ".cfi_offset d8, -144; .cfi_offset d9, -136; .cfi_offset d10, -128",
            ".cfi_offset d11, -120; .cfi_offset d12, -112; .cfi_offset d13, -104",
            ".cfi_offset d14, -96; .cfi_offset d15, -88; .cfi_offset x19, -80",
            ".cfi_offset x20, -72; .cfi_offset x21, -64; .cfi_offset x22, -56",
            ".cfi_offset x23, -48; .cfi_offset x24, -40; .cfi_offset x25, -32",
            ".cfi_offset x26, -24; .cfi_offset x27, -16; .cfi_offset x28, -8",
            "mov x0, x1",                       // the value
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x19, x20, [sp, #80]",
            "ldp x21, x22, [sp, #96]",
            "ldp x23, x24, [sp, #112]",
            "ldp x25, x26, [sp, #128]",
            "ldp x27, x28, [sp, #144]",
            "ldp x29, x30, [sp], #160",
            ".cfi_def_cfa_offset 0",
            ".cfi_same_value x29; .cfi_same_value x30; .cfi_same_value d8; .cfi_same_value d9",
            ".cfi_same_value d10; .cfi_same_value d11; .cfi_same_value d12; .cfi_same_value d13",
            ".cfi_same_value d14; .cfi_same_value d15",
            ".cfi_same_value x19; .cfi_same_value x20; .cfi_same_value x21; .cfi_same_value x22",
            ".cfi_same_value x23; .cfi_same_value x24; .cfi_same_value x25; .cfi_same_value x26",
            ".cfi_same_value x27; .cfi_same_value x28",
            "ret",
            ".cfi_restore_state",
            "12:",
            "cbz x13, 13f",
            "ldp x19, x20, [x0, #16]",
            "ldp x21, x22, [x0, #32]",
            "ldp x23, x24, [x0, #48]",
            "ldp x25, x26, [x0, #64]",
            "ldp x27, x28, [x0, #80]",
            "13:",
            "ldr x29, [x0, #96]",
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
            concat!(".Laco_resumer_", stringify!($fpenv), ":"),
            "hint #36",                         // bti j
            "ldr x12, [sp, #160]",              // the coroutine that was resumed
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x19, x20, [sp, #80]",
            "ldp x21, x22, [sp, #96]",
            "ldp x23, x24, [sp, #112]",
            "ldp x25, x26, [sp, #128]",
            "ldp x27, x28, [sp, #144]",
            "ldp x29, x30, [sp], #176",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x29; .cfi_restore x30; .cfi_restore d8; .cfi_restore d9",
            ".cfi_restore d10; .cfi_restore d11; .cfi_restore d12; .cfi_restore d13",
            ".cfi_restore d14; .cfi_restore d15",
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
            "mov x13, #1",
            "cbz x10, 14f",
            "ldp x14, x12, [x10]",
            "orr x14, x14, x12",
            "cbz x14, 14f",
            "mov x2, x29", // the frame pointer, for `call_with_frame_pointer`
            "b {slow}",
            // `co` is in another form, or has flags.
            // Register state: x11 is the current coroutine, x12 the main_co of `co`, x14 its share stack. x13 is not 0.
            "4:",
            "cbz x11, 3b",
            "cmp x11, x12",
            "b.ne 3b",
            "tst x13, #0xff",                   // it has not ended ...
            "b.ne 3b",
            "ldr x12, [x14, #48]",
            "cmp x12, x0",                      // ... and owns its share stack
            "b.ne 3b",
            "cmp x13, #0x100",                  // EXCLUSIVE with ALL_REGS, as `switch` leaves it
            "b.eq 6f",
            "ldr x12, [x14, #16]",              // align_highptr: the coroutine, for unwinders
            "str x0, [x12]",
            "14:",
            "ldr x12, [x0, #144]",
            "tbz x12, #8, 2b",
            "and x12, x12, #0xfffffffffffffeff",
            "str x12, [x0, #144]",
            "b 2b",
            "6:",
            "lsl x12, x0, #8",
            "str x12, [x0, #144]",              // the flag is cleared, without a load
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
