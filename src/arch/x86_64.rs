//! x86-64, System V ABI.
//!
//! ## What a switch carries
//!
//! A callee must keep rbx, rbp, r12 to r15 and rsp, the x87 control word and the control bits of
//! MXCSR. All of them fit `aco_t.reg`, so nothing is pushed:
//!
//! ```text
//! reg    0    1    2    3    4    5    6    7    8
//! byte   0    8    16   24   32   40   48   56   64
//!        r12  r13  r14  r15  rip  rsp  rbx  rbp  x87 control word (2 bytes), MXCSR at byte 68
//! ```
//!
//! ## The stack of a suspended coroutine
//!
//! ```text
//! align_highptr +----------------------------+
//!               | root_return_address()      |  popped by the `ret` of an entry function
//! align_retptr  +----------------------------+
//!               | frames of the coroutine    |
//!               ~            ...             ~
//!               | frame that called `switch` |
//! reg[rsp]      +----------------------------+  as after the return to reg[rip]
//! ```
//!
//! A main coroutine that waits in `resume` has reg[rip] = the place in `resume` that goes on, and
//! reg[rsp] = the address of six words: the coroutine that runs, r15, r14, r13, r12, the return
//! address. Its slots 0 to 3 are out of date.
//!
//! A fresh coroutine has reg[rsp] = align_retptr and reg[rip] = its entry function, which
//! therefore starts as if it had been called: rsp is 8 below a multiple of 16.

use core::arch::naked_asm;

use crate::abi::aco_t;

mod leaf;
pub(crate) use leaf::{
    asan_init_address, copy_frames, cxa_get_globals, interrupted, stack_pointer,
    store_fp_environment, valgrind_request,
};

/// `align_retptr` is one word below `align_highptr`: a called function finds its return address
/// 8 bytes below an aligned stack.
pub(crate) const RETURN_SLOT: usize = 8;

/// The least guard, in bytes. Compilers that probe large frames touch each page.
pub(crate) const LEAST_GUARD: usize = 4096;

/// The body of a function `switch(from, to)`: leaves one coroutine, goes on in the other; returns when
/// something switches back. While C++ exceptions are being handled it is `aside` that is called.
macro_rules! switch_body {
    (own_fpenv, $aside:path) => {
        $crate::arch::switch_body!(
            @$aside,
            save: "fnstcw [rdi + 64]" "stmxcsr [rdi + 68]";
            load: "fldcw [rsi + 64]" "ldmxcsr [rsi + 68]"
        )
    };
    (shared_fpenv, $aside:path) => {
        $crate::arch::switch_body!(@$aside, save: ; load: )
    };
    (@$aside:path, save: $($save:literal)*; load: $($load:literal)*) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state:
            // - rdi points to `from`, rsi to `to`; rdi stays so to the end.
            // - [rsp] is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
            ".cfi_remember_state",
            "mov r8, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[r8 + 16]",    // exceptions
            "test rax, rax",
            "jnz 7f",
            "2:",
            "mov rdx, [rsp]",
            "lea rcx, [rsp + 8]",       // rsp as it will be after the return
            "mov [rdi], r12",
            "mov [rdi + 8], r13",
            "mov [rdi + 16], r14",
            "mov [rdi + 24], r15",
            "mov [rdi + 32], rdx",
            "mov [rdi + 40], rcx",
            "mov [rdi + 48], rbx",
            "mov [rdi + 56], rbp",
            // FULL: whoever goes on here must load all of these. The word as a whole: a processor
            // does not forward a byte just stored to a load of the eight.
            "or qword ptr [rdi + 88], 0x100",
            "mov qword ptr fs:[r8 + 8], 0", // no hint: `from` does not wait in a resume
            $($save,)*
            // `from` is whole in memory. From here on the unwinder finds its frame through rdi
            // (DWARF register 5): the CFA is the saved rsp, the registers lie in `reg`.
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
            "mov rax, [rsi + 32]",
            "mov rcx, [rsi + 40]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $($load,)*
            // Register state:
            // - everything but rsp belongs to `to`; rax is where it goes on, rcx its rsp, rsi its
            //   address.
            "mov rsp, rcx",
            // A jump, not a push and `ret`: the top of the return predictor belongs to `from`.
            // notrack: it goes to the middle of a function, where no endbr64 stands.
            "notrack jmp rax",
            ".cfi_restore_state",
            "7:",
            "cmp qword ptr [rax], 0",
            "jne 8f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            "8:",
            "jmp {aside}",
            ".cfi_endproc",
            aside = sym $aside,
        )
    };
}

pub(crate) use switch_body;

/// `leave` and `leave_shared_fpenv` differ only in the instructions for the environment.
macro_rules! leave_body {
    (save: $($save:literal)*; load: $($load:literal)*) => {
        naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rdi points to `from`, rsi to `to`. Of `from` the environment matters: a
            // program that starts it again starts it with that.
            ".cfi_undefined rip",
            $($save,)*
            "mov rax, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov qword ptr fs:[rax + 8], 0", // no hint, as in `switch`
            "mov r12, [rsi]",
            "mov r13, [rsi + 8]",
            "mov r14, [rsi + 16]",
            "mov r15, [rsi + 24]",
            "mov rax, [rsi + 32]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $($load,)*
            "mov rsp, [rsi + 40]",
            // Register state: as at the end of `switch`.
            "notrack jmp rax",
            ".cfi_endproc",
        )
    };
}

/// Leaves `from` for ever, goes on in `to` with the environment of that.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn leave(from: *mut aco_t, to: *mut aco_t) -> ! {
    leave_body!(
        save: "fnstcw [rdi + 64]" "stmxcsr [rdi + 68]";
        load: "fldcw [rsi + 64]" "ldmxcsr [rsi + 68]"
    )
}

/// Leaves `from` for ever, goes on in `to`, which inherits this moment's environment.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn leave_shared_fpenv(from: *mut aco_t, to: *mut aco_t) -> ! {
    leave_body!(save: ; load: )
}

/// The body of a function that stands where an ended coroutine would go on: hands the coroutine,
/// whose address the switch has left in rsi, to `refuse`. The exported name is `aco_ended_asm`.
macro_rules! ended_body {
    ($refuse:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_undefined rip",
            ".globl aco_ended_asm",
            ".type aco_ended_asm, @function",
            "aco_ended_asm:",
            "endbr64",
            "mov rdi, rsi",
            "and rsp, -16",
            "call {refuse}",
            "ud2",
            ".size aco_ended_asm, . - aco_ended_asm",
            ".cfi_endproc",
            refuse = sym $refuse,
        )
    };
}

pub(crate) use ended_body;

/// The body of a function `resume(co)`: runs `co`, which `prepare` readies unless it plainly is,
/// until it leaves; then makes its main coroutine the current one. While C++ exceptions are being handled
/// it is `aside` that is called.
macro_rules! resume_body {
    (own_fpenv, $prepare:path, $aside:path) => {
        $crate::arch::resume_body!(
            @$prepare, $aside,
            save: "fnstcw [rdx + 64]" "stmxcsr [rdx + 68]";
            load: "fldcw [rdi + 64]" "ldmxcsr [rdi + 68]"
        )
    };
    (shared_fpenv, $prepare:path, $aside:path) => {
        $crate::arch::resume_body!(@$prepare, $aside, save: ; load: )
    };
    (@$prepare:path, $aside:path, save: $($save:literal)*; load: $($load:literal)*) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state:
            // - rdi is `co`, or NULL.
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[rcx + 16]",   // exceptions
            "test rax, rax",
            "jnz 9f",
            "22:",
            "test rdi, rdi",
            "jz 3f",
            "mov rdx, fs:[rcx]",        // the current coroutine ...
            "test rdx, rdx",
            "jz 3f",
            "cmp rdx, [rdi + 72]",      // ... is the main_co of `co` ...
            "jne 3f",
            "cmp byte ptr [rdi + 88], 0", // ... which has not ended ...
            "jne 3f",
            "mov rax, [rdi + 152]",
            "cmp [rax + 48], rdi",      // ... and owns its share stack
            "jne 3f",
            "mov rax, [rax + 16]",      // align_highptr: who unwinders find there
            "mov [rax], rdi",
            "test byte ptr [rdi + 89], 1",
            "jnz 4f",
            "2:",
            // Register state:
            // - rdi points to `co`, rdx to its main coroutine; rdx stays so to the end.
            // - rcx is the offset of aco_gtls_co from the thread pointer.
            // - everything else that matters belongs to the main coroutine.
            "mov fs:[rcx], rdi",        // current
            "mov fs:[rcx + 8], rdx",    // hint
            // Found again at 5, on the stack: the control block of the main coroutine may be copied
            // and replaced meanwhile.
            "push r12",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r12, -16",
            "push r13",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r13, -24",
            "push r14",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r14, -32",
            "push r15",
            ".cfi_adjust_cfa_offset 8; .cfi_offset r15, -40",
            "push rdi",
            ".cfi_adjust_cfa_offset 8",
            ".cfi_remember_state",
            "lea rax, [rip + 5f]",
            "mov [rdx + 32], rax",
            "mov [rdx + 40], rsp",
            "mov [rdx + 48], rbx",
            "mov [rdx + 56], rbp",
            $($save,)*
            // The main coroutine is whole in memory, and the unwinder finds its frame through rdx
            // (DWARF register 1): CFA = *(rdx + 40) + 48; rbx and rbp lie in `reg`.
            ".cfi_escape 0x0f, 5, 0x71, 40, 0x06, 0x23, 48",
            ".cfi_escape 0x10, 3, 2, 0x71, 48",
            ".cfi_escape 0x10, 6, 2, 0x71, 56",
            "mov r12, [rdi]",
            "mov r13, [rdi + 8]",
            "mov r14, [rdi + 16]",
            "mov r15, [rdi + 24]",
            "mov rax, [rdi + 32]",
            "mov rbx, [rdi + 48]",
            "mov rbp, [rdi + 56]",
            "mov rsi, rdi",
            $($load,)*
            "mov rsp, [rdi + 40]",
            "notrack jmp rax",
            // The main coroutine goes on here. Register state: rsp, rbx and rbp are its own, rsi is
            // its address. The nop: unwinders look a return address up by the byte before it.
            ".cfi_restore_state",
            "nop",
            "5:",
            "pop rdi",                  // `co`
            ".cfi_adjust_cfa_offset -8",
            "pop r15",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r15",
            "pop r14",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r14",
            "pop r13",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r13",
            "pop r12",
            ".cfi_adjust_cfa_offset -8; .cfi_restore r12",
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            // rsi, not the main_co that `co` names: that may be long in coming, and the next resume
            // waits for what stands here. It is only compared.
            "mov fs:[rcx], rsi",
            "xor eax, eax",             // the hint: a coroutine's own address, or NULL
            "cmp qword ptr [rsi + 72], 0",
            "cmovne rax, rsi",
            "mov fs:[rcx + 8], rax",
            "cmp rsi, [rdi + 72]",
            "jne 6f",
            "7:",
            "test byte ptr [rdi + 89], 1",
            "jnz 8f",
            "ret",
            // `co` left by a call, of `acosw`, whose return address is on top of the return predictor
            // now: a jump.
            "8:",
            "pop rcx",
            ".cfi_adjust_cfa_offset -8",
            ".cfi_register rip, rcx",
            "notrack jmp rcx",
            ".cfi_adjust_cfa_offset 8",
            ".cfi_offset rip, -8", // not .cfi_restore: libgcc takes that for "nowhere"
            // The slow way: `prepare` returns, or aborts.
            "3:",
            "push rdi",
            ".cfi_adjust_cfa_offset 8",
            "call {prepare}",
            "pop rdi",
            ".cfi_adjust_cfa_offset -8",
            "mov rcx, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rdx, [rdi + 72]",
            "mov rax, fs:[rcx + 16]",   // it may have found the exceptions
            "test rax, rax",
            "jz 2b",
            "cmp qword ptr [rax], 0",
            "jne 23f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            "jmp 23f",
            // `acosw` left it. It goes on with all its registers; how it leaves next is open.
            "4:",
            "and qword ptr [rdi + 88], -0x101",
            "jmp 2b",
            // `co` has another main_co than it was resumed by.
            "6:",
            "mov rdx, [rdi + 72]",
            "mov fs:[rcx], rdx",
            "jmp 7b",
            // The program has a C++ runtime.
            "9:",
            "cmp qword ptr [rax], 0",
            "jne 23f",
            "cmp qword ptr [rax + 8], 0",
            "je 22b",
            "23:",
            "jmp {aside}",
            ".cfi_endproc",
            prepare = sym $prepare,
            aside = sym $aside,
        )
    };
}

pub(crate) use resume_body;

/// The root frame of every coroutine: what an entry function that returns would return into, and where
/// an unwinder goes on in the coroutine that waits in a resume.
///
/// Register state at the return: rsp = align_highptr, where the address of the coroutine stands;
/// nothing else is known. The exported name `aco_funcp_protector_asm` is that place; a `ret` and not a
/// call leads there.
///
/// The frame above is that of its main coroutine, M = *(*rsp + 72): CFA = *(M + 40), rip at M + 32,
/// rbx, rbp and r12 to r15 in `reg`; code that saved the last four elsewhere says so itself.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn root_frame() {
    naked_asm!(
        ".cfi_startproc simple",
        // The stack above is another one, lower or higher: a debugger expects that of signals alone.
        ".cfi_signal_frame",
        ".hidden aco_root_personality",
        ".cfi_personality 0x1b, aco_root_personality",
        ".cfi_escape 0x0f, 9, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 40, 0x06",
        ".cfi_escape 0x10, 16, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 32",
        ".cfi_escape 0x10, 3, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 48",
        ".cfi_escape 0x10, 6, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 56",
        ".cfi_escape 0x10, 12, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 0",
        ".cfi_escape 0x10, 13, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 8",
        ".cfi_escape 0x10, 14, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 16",
        ".cfi_escape 0x10, 15, 8, 0x77, 0, 0x06, 0x23, 72, 0x06, 0x23, 24",
        // Unwinders look a return address up by the byte before it: it must be in this function.
        "nop",
        ".globl aco_funcp_protector_asm",
        ".type aco_funcp_protector_asm, @function",
        "aco_funcp_protector_asm:",
        "endbr64",
        "mov rbp, rsp",
        // The same through rbp.
        ".cfi_escape 0x0f, 9, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 40, 0x06",
        ".cfi_escape 0x10, 16, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 32",
        ".cfi_escape 0x10, 3, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 48",
        ".cfi_escape 0x10, 6, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 56",
        ".cfi_escape 0x10, 12, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 0",
        ".cfi_escape 0x10, 13, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 8",
        ".cfi_escape 0x10, 14, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 16",
        ".cfi_escape 0x10, 15, 8, 0x76, 0, 0x06, 0x23, 72, 0x06, 0x23, 24",
        // Two words down, so that the call leaves the return slot alone: the last word may end
        // the coroutine, and the next one on this stack needs the slot again.
        "sub rsp, 16",
        "and rsp, -16",
        "call aco_funcp_protector@PLT",
        "ud2",
        ".size aco_funcp_protector_asm, . - aco_funcp_protector_asm",
        ".cfi_endproc",
    )
}

/// Bytes from `root_frame` to the address that an entry function returns to.
pub(crate) const ROOT_RETURN_OFFSET: usize = 1;
