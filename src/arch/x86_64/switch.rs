//! x86-64: the bodies of `switch`, which saves a coroutine and resumes another, and of `exit_to`, which saves nothing.

/// The body of a function `switch(from, to, value)`: saves `from` and resumes `to`, which is given `value`. Returns the
/// value that `from` is given when something switches back. Jumps to `slow` if the hook word's pair is not zero
/// (`tls`, W5).
macro_rules! switch_body {
    ($fpenv:ident, $slow:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state:
            // - rdi points to `from`, rsi to `to`, rdx is the value; all three stay so to the end.
            // - [rsp] is the resume address of `from`.
            // - every other register that matters belongs to `from`.
            ".cfi_remember_state",
            "mov r8, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[r8 + 16]",    // the hook word
            "test rax, rax",
            "jnz 7f",
            // `yield_back` comes here when it is no yield to a waiting `resume`.
            // Register state: r8 is the offset of aco_gtls_co from the thread pointer.
            concat!(".Laco_switch_", stringify!($fpenv), ":"),
            "mov r9, [rsp]",
            "lea rcx, [rsp + 8]",       // rsp as it will be after the return
            "mov [rdi], r12",
            "mov [rdi + 8], r13",
            "mov [rdi + 16], r14",
            "mov [rdi + 24], r15",
            "mov [rdi + 32], r9",
            "mov [rdi + 40], rcx",
            "mov [rdi + 48], rbx",
            "mov [rdi + 56], rbp",
            // ALL_REGS (`state`, S4). One store of the whole word: a processor does not forward a store of one
            // byte to a load of eight.
            "or qword ptr [rdi + 88], 0x100",
            "mov qword ptr fs:[r8 + 8], 0", // no hint: `from` does not wait in a resume (`tls`, W2)
            $crate::arch::save_fpenv!($fpenv, "rdi"),
            // `from` is whole in memory (M6). From here on the unwinder finds its frame through rdi (DWARF register
            // 5): the CFA is the saved rsp, the registers are in `reg`.
            ".cfi_escape 0x0f, 3, 0x75, 40, 0x06",  // CFA = *(rdi + 40)
            ".cfi_escape 0x10, 16, 2, 0x75, 32",    // rip at rdi + 32
            ".cfi_escape 0x10, 3, 2, 0x75, 48",     // rbx at rdi + 48
            ".cfi_escape 0x10, 6, 2, 0x75, 56",     // rbp at rdi + 56
            ".cfi_escape 0x10, 12, 2, 0x75, 0",     // r12 at rdi
            ".cfi_escape 0x10, 13, 2, 0x75, 8",     // r13 at rdi + 8
            ".cfi_escape 0x10, 14, 2, 0x75, 16",    // r14 at rdi + 16
            ".cfi_escape 0x10, 15, 2, 0x75, 24",    // r15 at rdi + 24
            "mov r12, [rsi]",
            "mov r13, [rsi + 8]",
            "mov r14, [rsi + 16]",
            "mov r15, [rsi + 24]",
            "mov r8, [rsi + 32]",
            "mov rcx, [rsi + 40]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $crate::arch::load_fpenv!($fpenv, "rdi", "rsi"),
            "mov rax, rdx",
            // Register state:
            // - every register but rsp belongs to `to`.
            // - r8 is its resume address, rcx its rsp.
            // - rdi, rsi and rdx are as M5 says; rax is the value too, which a caller of `switch` returns.
            "mov rsp, rcx",
            // A jump, not a push and `ret`: the top of the return predictor belongs to `from`.
            // notrack: the target is the middle of a function, without an endbr64.
            "notrack jmp r8",
            $crate::arch::write_fpenv!($fpenv, "rsi"),
            ".cfi_restore_state",
            "7:",
            "cmp qword ptr [rax], 0",
            "jne 8f",
            "cmp qword ptr [rax + 8], 0",
            concat!("je .Laco_switch_", stringify!($fpenv)),
            "8:",
            "mov rcx, rbp",             // the frame pointer, for `call_with_frame_pointer`
            "jmp {slow}",
            ".cfi_endproc",
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
            "endbr64",
            // Register state: rdi points to `from`, rsi to `to`, rdx is the value. A program that starts `from` again
            // starts it with this floating-point environment.
            $crate::arch::save_fpenv!($fpenv, "rdi"),
            "mov rax, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov qword ptr fs:[rax + 8], 0", // no hint, as in `switch`
            // From here on the caller's frame is that of `to`, to an unwinder: through rsi (DWARF register 4), as in
            // the root frame.
            ".cfi_escape 0x0f, 3, 0x74, 40, 0x06",  // CFA = *(rsi + 40)
            ".cfi_escape 0x10, 16, 2, 0x74, 32",    // rip at rsi + 32
            ".cfi_escape 0x10, 3, 2, 0x74, 48",     // rbx at rsi + 48
            ".cfi_escape 0x10, 6, 2, 0x74, 56",     // rbp at rsi + 56
            ".cfi_escape 0x10, 12, 2, 0x74, 0",     // r12 at rsi
            ".cfi_escape 0x10, 13, 2, 0x74, 8",     // r13 at rsi + 8
            ".cfi_escape 0x10, 14, 2, 0x74, 16",    // r14 at rsi + 16
            ".cfi_escape 0x10, 15, 2, 0x74, 24",    // r15 at rsi + 24
            "mov r12, [rsi]",
            "mov r13, [rsi + 8]",
            "mov r14, [rsi + 16]",
            "mov r15, [rsi + 24]",
            "mov r8, [rsi + 32]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $crate::arch::load_fpenv!($fpenv, "rdi", "rsi"),
            "mov rsp, [rsi + 40]",
            // Register state: as at the end of `switch`.
            "notrack jmp r8",
            $crate::arch::write_fpenv!($fpenv, "rsi"),
            ".cfi_endproc",
        )
    };
}

pub(crate) use exit_to_body;
