//! x86-64: the body of `yield_back`, which switches to the main coroutine that waits in a resume.

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
            "endbr64",
            // Register state: rsi is `co`, or NULL; rdi the value.
            ".cfi_remember_state",
            "test rsi, rsi",
            "jz 8f",
            "mov r8, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[r8 + 16]",    // the hook word
            "test rax, rax",
            "jnz 7f",
            "2:",
            "mov rdx, [rsi + 72]",
            "cmp rdx, fs:[r8 + 8]",     // main_co is the hint: it waits (`tls`, W2)
            "jne 10f",
            "mov rax, rsi",
            "shl rax, 8",
            "cmp rax, [rsi + 88]",      // EXCLUSIVE, without flags
            "jne 10f",
            // The registers go on the stack of `co`, without ALL_REGS (`state`, S4).
            "sub rsp, 32",
            ".cfi_adjust_cfa_offset 32",
            "mov [rsp + 24], r12",
            "mov [rsp + 16], r13",
            "mov [rsp + 8], r14",
            "mov [rsp], r15",
            ".cfi_offset r12, -16; .cfi_offset r13, -24; .cfi_offset r14, -32; .cfi_offset r15, -40",
            ".cfi_remember_state",      // the frame that is found again at `aco_yielded`
            concat!("lea rax, [rip + .Laco_yielded_", stringify!($fpenv), "]"),
            "mov [rsi + 32], rax",
            "mov [rsi + 40], rsp",
            "mov [rsi + 48], rbx",
            "mov [rsi + 56], rbp",
            $crate::arch::save_fpenv!($fpenv, "rsi"),
            // `co` is whole in memory (M6). From here on the unwinder finds its frame through rsi (DWARF register 4):
            // CFA = *(rsi + 40) + 40; rbx and rbp are in `reg`.
            ".cfi_escape 0x0f, 5, 0x74, 40, 0x06, 0x23, 40",
            ".cfi_escape 0x10, 3, 2, 0x74, 48",
            ".cfi_escape 0x10, 6, 2, 0x74, 56",
            "mov r9, [rdx + 32]",
            "mov rbx, [rdx + 48]",
            $crate::arch::load_fpenv!($fpenv, "rsi", "rdx"),
            concat!("lea rax, [rip + .Laco_resumer_", stringify!($fpenv), "]"),
            "cmp rax, r9",
            "jne 3f",
            ".cfi_remember_state",
            "mov rsp, [rdx + 40]",
            // The second half of `resume`, and its frame. Its checks hold: the hint has proved them.
            ".cfi_def_cfa rsp, 56; .cfi_same_value rbx; .cfi_offset rbp, -16; .cfi_offset r12, -24",
            ".cfi_offset r13, -32; .cfi_offset r14, -40; .cfi_offset r15, -48",
            "mov r15, [rsp + 8]",
            "mov r14, [rsp + 16]",
            "mov r13, [rsp + 24]",
            "mov r12, [rsp + 32]",
            "mov rbp, [rsp + 40]",
            "mov fs:[r8], rdx",         // current
            "xor eax, eax",             // the hint (`tls`, W3): NULL for a main coroutine
            "cmp qword ptr [rdx + 72], 0",
            "cmovne rax, rdx",
            "mov fs:[r8 + 8], rax",
            "mov rax, rdi",             // a Resumed: the value, and `co`
            "mov rdx, rsi",
            "mov rcx, [rsp + 48]",
            "add rsp, 56",
            ".cfi_def_cfa_offset 0",
            ".cfi_same_value r12; .cfi_same_value r13; .cfi_same_value r14; .cfi_same_value r15",
            ".cfi_same_value rbp; .cfi_register rip, rcx",
            // A jump: the top of the return predictor belongs to `co`.
            "notrack jmp rcx",
            ".cfi_restore_state",
            "3:",
            "mov rbp, [rdx + 56]",
            "mov rsp, [rdx + 40]",
            "mov rax, rdi",
            "mov rdi, rsi",
            // The same frame, found through rdi.
            ".cfi_remember_state",
            ".cfi_escape 0x0f, 5, 0x75, 40, 0x06, 0x23, 40",
            ".cfi_escape 0x10, 3, 2, 0x75, 48",
            ".cfi_escape 0x10, 6, 2, 0x75, 56",
            "mov rsi, rdx",
            "mov rdx, rax",
            // Register state: as at the end of `switch`.
            "notrack jmp r9",
            ".cfi_restore_state",
            $crate::arch::write_fpenv!($fpenv, "rdx"),
            // `co` resumes here, unless `resume` has restored its registers. Register state: as M5 says.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            concat!(".Laco_yielded_", stringify!($fpenv), ":"),
            "mov rax, rdx",
            "mov r15, [rsp]",
            "mov r14, [rsp + 8]",
            "mov r13, [rsp + 16]",
            "mov r12, [rsp + 24]",
            "add rsp, 32",
            ".cfi_def_cfa_offset 8",
            // An inline resume came here: the top of the return predictor is this function's caller.
            "ret",
            ".cfi_restore_state",
            "7:",
            "cmp qword ptr [rax], 0",
            "jne 8f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            // The slow path: `switch`, which jumps on if the pair is not zero.
            "8:",
            "mov rdx, rdi",
            "mov rdi, rsi",
            "test rdi, rdi",
            "jz 9f",
            "mov rsi, [rdi + 72]",
            "test rsi, rsi",
            "jnz {switch}",
            "9:",
            "jmp {abort}",
            // The same, past the check of the hook word. Register state: rdx is main_co, or NULL.
            "10:",
            "mov rax, rdi",
            "mov rdi, rsi",
            "test rdx, rdx",
            "jz 9b",
            "mov rsi, rdx",
            "mov rdx, rax",
            concat!("jmp .Laco_switch_", stringify!($fpenv)),
            ".cfi_endproc",
            switch = sym $switch,
            abort = sym $abort,
        )
    };
}

pub(crate) use yield_back_body;
