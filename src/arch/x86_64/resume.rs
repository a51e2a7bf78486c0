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
///
/// If `yield_back` of the same form has suspended `co`, its second half is executed here: 3 needs no second jump.
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
            "cmp r8, [rdi + 72]",       // ... is the main_co of `co` ...
            "jne 3f",
            "mov r9, [rdi + 152]",
            "mov r10, rdi",
            "shl r10, 8",
            "xor r10, [rdi + 88]",      // ... which is EXCLUSIVE without flags: it restores its own registers ...
            "jne 4f",
            "cmp [r9 + 48], rdi",       // ... and owns its share stack
            "jne 3f",
            "2:",
            // Register state:
            // - r10 is 0 if `co` restores r12 to r15 itself.
            // - rdi points to `co`, r8 to its main coroutine, rsi is the value; r8 stays so to the end.
            // - rcx is the offset of aco_gtls_co from the thread pointer.
            // - every other register that matters belongs to the main coroutine.
            "mov fs:[rcx], rdi",        // current
            "mov fs:[rcx + 8], r8",     // hint
            "sub rsp, 48",
            ".cfi_adjust_cfa_offset 48",
            "mov [rsp + 40], rbp",      // a frame record, for frame pointer walkers
            "lea rax, [rsp + 40]",
            "mov [r8 + 24], rax",
            "mov [rsp + 32], r12",
            "mov [rsp + 24], r13",
            "mov [rsp + 16], r14",
            "mov [rsp + 8], r15",
            "mov [rsp], rdi",           // for `via_acosw`
            ".cfi_offset r12, -24; .cfi_offset r13, -32; .cfi_offset r14, -40; .cfi_offset r15, -48",
            ".cfi_remember_state",
            concat!("lea rax, [rip + .Laco_resumer_", stringify!($fpenv), "]"),
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
            "mov r9, [rdi + 32]",
            "mov rbx, [rdi + 48]",
            "mov rbp, [rdi + 56]",
            $crate::arch::load_fpenv!($fpenv, "r8", "rdi"),
            concat!("lea rax, [rip + .Laco_yielded_", stringify!($fpenv), "]"),
            "cmp rax, r9",
            "jne 12f",
            ".cfi_remember_state",
            "mov rsp, [rdi + 40]",
            // The second half of `yield_back`, and its frame.
            ".cfi_def_cfa rsp, 40; .cfi_same_value rbx; .cfi_same_value rbp; .cfi_offset r12, -16",
            ".cfi_offset r13, -24; .cfi_offset r14, -32; .cfi_offset r15, -40",
            "mov rax, rsi",             // the value
            "mov r15, [rsp]",
            "mov r14, [rsp + 8]",
            "mov r13, [rsp + 16]",
            "mov r12, [rsp + 24]",
            "mov rcx, [rsp + 32]",
            // A jump: the top of the return predictor belongs to the main coroutine.
            "add rsp, 40",
            ".cfi_def_cfa_offset 0",    // the words below rsp are still there: the red zone
            "notrack jmp rcx",
            ".cfi_restore_state",
            "12:",
            "test r10, r10",
            "jz 13f",
            "mov r12, [rdi]",
            "mov r13, [rdi + 8]",
            "mov r14, [rdi + 16]",
            "mov r15, [rdi + 24]",
            "13:",
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
            concat!(".Laco_resumer_", stringify!($fpenv), ":"),
            "mov r8, [rsp]",            // the coroutine that was resumed
            "mov r15, [rsp + 8]",
            "mov r14, [rsp + 16]",
            "mov r13, [rsp + 24]",
            "mov r12, [rsp + 32]",
            "mov rbp, [rsp + 40]",
            "add rsp, 48",
            ".cfi_def_cfa_offset 8",
            ".cfi_restore r12; .cfi_restore r13; .cfi_restore r14; .cfi_restore r15",
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
            "notrack jmp rcx",
            ".cfi_adjust_cfa_offset 8",
            // The slow path: `prepare` returns, or aborts.
            "3:",
            "sub rsp, 24",
            ".cfi_adjust_cfa_offset 24",
            "mov [rsp + 16], rdi",
            "mov [rsp + 8], rsi",
            "call {prepare}",
            "mov rsi, [rsp + 8]",
            "mov rdi, [rsp + 16]",
            "add rsp, 24",
            ".cfi_adjust_cfa_offset -24",
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov r8, [rdi + 72]",
            "mov r10d, 1",
            "mov rax, fs:[rcx + 16]",   // `prepare` may have set the hook word
            "test rax, rax",
            "jz 14f",
            "cmp qword ptr [rax], 0",
            "jne 23f",
            "cmp qword ptr [rax + 8], 0",
            "je 14f",
            "jmp 23f",
            // `co` is in another form, or has flags.
            // Register state: r10 is the state word, and the EXCLUSIVE form of `co` flips it; r9 is the share stack.
            "4:",
            "test r8, r8",
            "jz 3b",
            "test r10b, r10b",          // it has not ended ...
            "jnz 3b",
            "cmp [r9 + 48], rdi",       // ... and owns its share stack
            "jne 3b",
            "cmp r10, 0x100",           // EXCLUSIVE with ALL_REGS, as `switch` leaves it
            "je 5f",
            "mov rax, [r9 + 16]",       // align_highptr: the coroutine, for unwinders
            "mov [rax], rdi",
            "14:",
            "test byte ptr [rdi + 89], 1",
            "jz 2b",
            "and qword ptr [rdi + 88], -0x101",
            "jmp 2b",
            "5:",
            "mov rax, rdi",
            "shl rax, 8",
            "mov [rdi + 88], rax",      // the flag is cleared, without a load
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
