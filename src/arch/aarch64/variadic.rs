//! aarch64: the arguments of a variadic function.

/// A `va_list`, of which a function gets the address of its own copy.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VaArguments {
    words: [usize; 4],
}

/// The body of a variadic function with three named parameters, all words: calls `target` with them and a `va_list`.
macro_rules! variadic_body {
    ($target:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            "stp x29, x30, [sp, #-224]!",
            ".cfi_adjust_cfa_offset 224; .cfi_offset x29, -224; .cfi_offset x30, -216",
            "mov x29, sp",
            // x3 to x7 end at sp + 96, q0 to q7 at sp + 224.
            "str x3, [sp, #56]",
            "stp x4, x5, [sp, #64]",
            "stp x6, x7, [sp, #80]",
            "stp q0, q1, [sp, #96]",
            "stp q2, q3, [sp, #128]",
            "stp q4, q5, [sp, #160]",
            "stp q6, q7, [sp, #192]",
            "add x8, sp, #224",
            "add x9, sp, #96",
            "stp x8, x9, [sp, #16]",    // __stack, __gr_top
            "mov w9, #-40",
            "mov w10, #-128",
            "str x8, [sp, #32]",        // __vr_top
            "stp w9, w10, [sp, #40]",   // __gr_offs, __vr_offs
            "add x3, sp, #16",
            "bl {target}",
            "ldp x29, x30, [sp], #224",
            ".cfi_adjust_cfa_offset -224; .cfi_restore x29; .cfi_restore x30",
            "ret",
            ".cfi_endproc",
            target = sym $target,
        )
    };
}

pub(crate) use variadic_body;
