//! x86-64: the arguments of a variadic function.

/// What a `va_list` points to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VaArguments {
    words: [usize; 3],
}

/// The body of a variadic function with three named parameters, all words: calls `target` with them and a `va_list`.
macro_rules! variadic_body {
    ($target:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            "sub rsp, 216",
            ".cfi_adjust_cfa_offset 216",
            // The register save area is at rsp + 32, in the order of the System V ABI.
            "mov [rsp + 56], rcx",
            "mov [rsp + 64], r8",
            "mov [rsp + 72], r9",
            "test al, al",
            "je 2f",
            "movaps [rsp + 80], xmm0",
            "movaps [rsp + 96], xmm1",
            "movaps [rsp + 112], xmm2",
            "movaps [rsp + 128], xmm3",
            "movaps [rsp + 144], xmm4",
            "movaps [rsp + 160], xmm5",
            "movaps [rsp + 176], xmm6",
            "movaps [rsp + 192], xmm7",
            "2:",
            "mov dword ptr [rsp], 24",      // gp_offset: three registers are named
            "mov dword ptr [rsp + 4], 48",  // fp_offset
            "lea rax, [rsp + 224]",
            "mov [rsp + 8], rax",           // overflow_arg_area
            "lea rax, [rsp + 32]",
            "mov [rsp + 16], rax",          // reg_save_area
            "mov rcx, rsp",
            "call {target}",
            "add rsp, 216",
            ".cfi_adjust_cfa_offset -216",
            "ret",
            ".cfi_endproc",
            target = sym $target,
        )
    };
}

pub(crate) use variadic_body;
