//! x86-64: the body of `resume`, which runs a coroutine until it switches back.

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
            "endbr64",
            // Register state:
            // - rdi is `co`, or NULL; rsi the value.
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[rcx + 16]",   // the hook word
            "test rax, rax",
            "jnz 9f",
            "22:",
            "test rdi, rdi",
            "jz 3f",
            "mov r8, fs:[rcx]",         // the current coroutine ...
            "test r8, r8",
            "jz 3f",
            "cmp r8, [rdi + 72]",       // ... is the main_co of `co` ...
            "jne 3f",
            "cmp byte ptr [rdi + 88], 0", // ... which has not ended ...
            "jne 3f",
            "mov rax, [rdi + 152]",
            "cmp [rax + 48], rdi",      // ... and owns its share stack
            "jne 3f",
            "mov rax, [rax + 16]",      // align_highptr: the coroutine, for unwinders
            "mov [rax], rdi",
            "test byte ptr [rdi + 89], 1",
            "jnz 4f",
            "2:",
            // Register state:
            // - rdi points to `co`, r8 to its main coroutine, rsi is the value; r8 stays so to the end.
            // - rcx is the offset of aco_gtls_co from the thread pointer.
            // - every other register that matters belongs to the main coroutine.
            "mov fs:[rcx], rdi",        // current
            "mov fs:[rcx + 8], r8",     // hint
            "push rbp",                 // a frame record, for frame pointer walkers
            ".cfi_adjust_cfa_offset 8",
            "mov [r8 + 24], rsp",
            "push r12",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r12, -24",
            "push r13",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r13, -32",
            "push r14",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r14, -40",
            "push r15",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r15, -48",
            "push rdi",                 // for `via_acosw`
            ".cfi_adjust_cfa_offset 8",
            ".cfi_remember_state",
            "lea rax, [rip + 5f]",
            "mov [r8 + 32], rax",
            "mov [r8 + 40], rsp",
            "mov [r8 + 48], rbx",
            "mov [r8 + 56], rbp",
            $crate::arch::save_fpenv!($fpenv, "r8"),
            // The main coroutine is whole in memory (M6). From here on the unwinder finds its frame through r8 (DWARF
            // register 8): CFA = *(r8 + 40) + 56; rbx and rbp are in `reg`.
            ".cfi_escape 0x0f, 5, 0x78, 40, 0x06, 0x23, 56",
            ".cfi_escape 0x10, 3, 2, 0x78, 48",
            ".cfi_escape 0x10, 6, 2, 0x78, 56",
            "mov r12, [rdi]",
            "mov r13, [rdi + 8]",
            "mov r14, [rdi + 16]",
            "mov r15, [rdi + 24]",
            "mov r9, [rdi + 32]",
            "mov rbx, [rdi + 48]",
            "mov rbp, [rdi + 56]",
            $crate::arch::load_fpenv!($fpenv, "r8", "rdi"),
            "mov rsp, [rdi + 40]",
            "mov rdx, rsi",
            "mov rsi, rdi",
            "mov rdi, r8",
            "mov rax, rdx",
            // Register state: as at the end of `switch`.
            "notrack jmp r9",
            $crate::arch::write_fpenv!($fpenv, "rdi"),
            // The main coroutine resumes here.
            // Register state:
            // - rsp, rbx and rbp are its own; rdi, rsi and rdx are as M5 says.
            // - after a transfer rdi is not the coroutine that was resumed, which may be destroyed.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            "5:",
            "pop r8",                   // the coroutine that was resumed
            ".cfi_adjust_cfa_offset -8",
            "pop r15",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r15",
            "pop r14",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r14",
            "pop r13",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r13",
            "pop r12",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r12",
            "pop rbp",
            ".cfi_adjust_cfa_offset -8",
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            // The new current coroutine comes from rsi. The main_co of rdi is only compared: its load may miss the
            // cache, and the next resume depends on the current coroutine.
            "cmp rsi, [rdi + 72]",
            "jne 6f",
            "mov fs:[rcx], rsi",
            "xor eax, eax",             // the hint (`tls`, W3): NULL for a main coroutine
            "cmp qword ptr [rsi + 72], 0",
            "cmovne rax, rsi",
            "mov fs:[rcx + 8], rax",
            "mov rax, rdx",             // a Resumed: the value, and rdi
            "mov rdx, rdi",
            "test byte ptr [rdi + 89], 1",
            "jnz 8f",
            "ret",
            // ALL_REGS: it switched away by a call, whose return address is on top of the return predictor. So this
            // is a jump.
            "8:",
            "pop rcx",
            ".cfi_adjust_cfa_offset -8",
            ".cfi_register rip, rcx",
            "notrack jmp rcx",
            ".cfi_adjust_cfa_offset 8",
            ".cfi_offset rip, -8", // libgcc would read .cfi_restore as "undefined"
            // The slow path: `prepare` returns, or aborts.
            "3:",
            "push rdi",
            ".cfi_adjust_cfa_offset 8",
            "push rsi",
            ".cfi_adjust_cfa_offset 8",
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 8",
            "call {prepare}",
            "add rsp, 8",
            ".cfi_adjust_cfa_offset -8",
            "pop rsi",
            ".cfi_adjust_cfa_offset -8",
            "pop rdi",
            ".cfi_adjust_cfa_offset -8",
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov r8, [rdi + 72]",
            "mov rax, fs:[rcx + 16]",   // `prepare` may have set the hook word
            "test rax, rax",
            "jz 2b",
            "cmp qword ptr [rax], 0",
            "jne 23f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            "jmp 23f",
            // Clears ALL_REGS: `co` resumes with all its registers.
            "4:",
            "and qword ptr [rdi + 88], -0x101",
            "jmp 2b",
            // The main_co of the coroutine that switched back is another one.
            "6:",
            "mov rdx, r8",
            "jmp {via_acosw}",
            // The hook word is set.
            "9:",
            "cmp qword ptr [rax], 0",
            "jne 23f",
            "cmp qword ptr [rax + 8], 0",
            "je 22b",
            "23:",
            "mov rdx, rbp",             // the frame pointer, for `call_with_frame_pointer`
            "jmp {slow}",
            ".cfi_endproc",
            prepare = sym $prepare,
            slow = sym $slow,
            via_acosw = sym $via_acosw,
        )
    };
}

pub(crate) use resume_body;
