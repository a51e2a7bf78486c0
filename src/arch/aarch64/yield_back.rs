//! aarch64: the body of `yield_back`, which switches to the main coroutine that waits in a resume.

/// The body of a function `yield_back(value, co)`: saves `co` and resumes its main coroutine, which is given `value`.
/// Returns the value of the next resume.
///
/// It is a switch only if `co` is EXCLUSIVE without flags, and if the hint proves that its main coroutine waits in a
/// resume, and if the hook word's pair is zero (`tls`, W5). Otherwise it jumps to `switch(co, main_co, value)`, or to
/// `abort(co)` if `co` is NULL or a main coroutine.
///
/// If that resume is `resume`, of the same form, the second half of `resume` is executed here. In turn `resume`
/// executes the second half of this function. So neither takes a second jump.
macro_rules! yield_back_body {
    ($fpenv:ident, $switch:path, $abort:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state: x1 is `co`, or NULL; x0 the value; x30 the return address.
            ".cfi_remember_state",
            "cbz x1, 9f",
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "ldp x8, x7, [x6, #8]",             // the hint, the hook word
            "cbnz x7, 7f",
            "2:",
            "ldr x11, [x1, #128]",
            "ldr x13, [x1, #144]",
            "cmp x13, x1, lsl #8",              // EXCLUSIVE, without flags
            "ccmp x11, x8, #0, eq",             // main_co is the hint: it waits (`tls`, W2)
            "b.ne 8f",
            // The registers go on the stack of `co`, without ALL_REGS (`state`, S4).
            "stp x29, x30, [sp, #-160]!",       // a frame record, as AAPCS64 requires
            ".cfi_def_cfa_offset 160",
            ".cfi_offset x29, -160; .cfi_offset x30, -152",
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
            ".cfi_offset d8, -144; .cfi_offset d9, -136; .cfi_offset d10, -128",
            ".cfi_offset d11, -120; .cfi_offset d12, -112; .cfi_offset d13, -104",
            ".cfi_offset d14, -96; .cfi_offset d15, -88; .cfi_offset x19, -80",
            ".cfi_offset x20, -72; .cfi_offset x21, -64; .cfi_offset x22, -56",
            ".cfi_offset x23, -48; .cfi_offset x24, -40; .cfi_offset x25, -32",
            ".cfi_offset x26, -24; .cfi_offset x27, -16; .cfi_offset x28, -8",
            ".cfi_remember_state",              // the frame that is found again at `.Laco_yielded`
            concat!("adr x8, .Laco_yielded_", stringify!($fpenv)),
            "stp x29, x8, [x1, #96]",
            $crate::arch::save_sp_and_fpenv!($fpenv, "x1"),
            // `co` is whole in memory (M6). From here on the unwinder finds its frame through x1:
            // CFA = *(x1 + 112) + 160.
            ".cfi_escape 0x0f, 7, 0x71, 0xf0, 0x00, 0x06, 0x23, 0xa0, 0x01",
            "ldp x17, x3, [x11, #104]",
            $crate::arch::load_fpenv!($fpenv, "x11"),
            concat!("adr x8, .Laco_resumer_", stringify!($fpenv)),
            "cmp x17, x8",
            "b.ne 3f",
            ".cfi_remember_state",
            "mov sp, x3",
            // The second half of `resume`, and its frame. Its checks hold: the hint has proved them.
            ".cfi_def_cfa sp, 176; .cfi_offset x29, -176; .cfi_offset x30, -168",
            ".cfi_offset d8, -160; .cfi_offset d9, -152; .cfi_offset d10, -144",
            ".cfi_offset d11, -136; .cfi_offset d12, -128; .cfi_offset d13, -120",
            ".cfi_offset d14, -112; .cfi_offset d15, -104; .cfi_offset x19, -96",
            ".cfi_offset x20, -88; .cfi_offset x21, -80; .cfi_offset x22, -72",
            ".cfi_offset x23, -64; .cfi_offset x24, -56; .cfi_offset x25, -48",
            ".cfi_offset x26, -40; .cfi_offset x27, -32; .cfi_offset x28, -24",
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
            ".cfi_same_value x29; .cfi_same_value x30; .cfi_same_value d8; .cfi_same_value d9",
            ".cfi_same_value d10; .cfi_same_value d11; .cfi_same_value d12; .cfi_same_value d13",
            ".cfi_same_value d14; .cfi_same_value d15",
            ".cfi_same_value x19; .cfi_same_value x20; .cfi_same_value x21; .cfi_same_value x22",
            ".cfi_same_value x23; .cfi_same_value x24; .cfi_same_value x25; .cfi_same_value x26",
            ".cfi_same_value x27; .cfi_same_value x28",
            "ldr x12, [x11, #128]",
            "cmp x12, #0",
            "csel x12, x11, xzr, ne",           // the hint (`tls`, W3): NULL for a main coroutine
            "stp x11, x12, [x6]",
            // A Resumed: the value in x0, and `co` in x1. `ret`, as at the end of `resume`.
            "ret",
            ".cfi_restore_state",
            "3:",
            "ldr x29, [x11, #96]",
            "mov x2, x0",
            "mov x0, x1",
            // The same frame, found through x0.
            ".cfi_escape 0x0f, 7, 0x70, 0xf0, 0x00, 0x06, 0x23, 0xa0, 0x01",
            "mov x1, x11",
            "mov sp, x3",
            // Register state: as at the end of `switch`, but for x30: a context that waits does not read it.
            "br x17",
            // `co` resumes here, unless `resume` has restored its registers. Register state: as M5 says.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            concat!(".Laco_yielded_", stringify!($fpenv), ":"),
            "hint #36",                         // bti j
            "mov x0, x2",
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
            ".cfi_restore x29; .cfi_restore x30; .cfi_restore d8; .cfi_restore d9",
            ".cfi_restore d10; .cfi_restore d11; .cfi_restore d12; .cfi_restore d13",
            ".cfi_restore d14; .cfi_restore d15",
            ".cfi_restore x19; .cfi_restore x20; .cfi_restore x21; .cfi_restore x22",
            ".cfi_restore x23; .cfi_restore x24; .cfi_restore x25; .cfi_restore x26",
            ".cfi_restore x27; .cfi_restore x28",
            "ret",
            ".cfi_restore_state",
            "7:",
            "ldp x9, x10, [x7]",
            "orr x9, x9, x10",
            "cbz x9, 2b",
            // The slow path: `switch`, which jumps on.
            "mov x2, x0",
            "mov x0, x1",
            "ldr x1, [x0, #128]",
            "cbnz x1, {switch}",
            "b {abort}",
            "9:",
            "mov x0, x1",
            "b {abort}",
            // The same, past the check of the hook word. Register state: x11 is main_co, or NULL.
            "8:",
            "cbz x11, 9b",
            "mov x2, x0",
            "mov x0, x1",
            "mov x1, x11",
            concat!("b .Laco_switch_", stringify!($fpenv)),
            ".cfi_endproc",
            switch = sym $switch,
            abort = sym $abort,
        )
    };
}

pub(crate) use yield_back_body;
