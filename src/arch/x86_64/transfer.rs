//! x86-64: the body of `transfer`, which switches to a coroutine of the same main coroutine; and calls of a switch
//! from the library's own code, and on another stack.

use core::arch::naked_asm;
use core::ffi::c_void;

use crate::abi::aco_t;
use crate::arch::ReturnRegisters;

/// The body of a function `transfer(from, to, main_co, is_ready)`: saves `from` and resumes `to`; returns when
/// something switches back.
///
/// If `is_ready` is 0 it calls `prepare_transfer(from, to, main_co)` in between, on the stack of `main_co`, which waits
/// in a resume. It jumps to `slow` if the hook word's pair is not zero (`tls`, W5).
macro_rules! transfer_body {
    ($fpenv:ident, $prepare_transfer:path, $slow:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rdi points to `from`, rsi to `to`, rdx to `main_co`; rcx is `is_ready`.
            ".cfi_remember_state",
            "mov r8, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[r8 + 16]",    // the hook word
            "test rax, rax",
            "jnz 7f",
            "2:",
            // The registers go on the stack of `from`, without ALL_REGS: the next resume may be inline (`state`, S3).
            "sub rsp, 32",
            ".cfi_adjust_cfa_offset 32",
            "mov [rsp + 24], r12",
            "mov [rsp + 16], r13",
            "mov [rsp + 8], r14",
            "mov [rsp], r15",
            ".cfi_offset r12, -16; .cfi_offset r13, -24; .cfi_offset r14, -32; .cfi_offset r15, -40",
            ".cfi_remember_state",      // for 5
            "lea rax, [rip + 5f]",
            "mov [rdi + 32], rax",
            "mov [rdi + 40], rsp",
            "mov [rdi + 48], rbx",
            "mov [rdi + 56], rbp",
            $crate::arch::save_fpenv!($fpenv, "rdi"),
            // `from` is whole in memory, and its frames may be copied out. From here on the caller's frame is that of
            // the main coroutine, to an unwinder: through r9, over the call through r12. CFA = *(r9 + 40), rip at
            // r9 + 32, rbx and rbp in `reg`; the unwinder finds the rest from there.
            "mov r9, rdx",
            ".cfi_same_value r12; .cfi_same_value r13; .cfi_same_value r14; .cfi_same_value r15",
            ".cfi_escape 0x0f, 3, 0x79, 40, 0x06",
            ".cfi_escape 0x10, 16, 2, 0x79, 32",
            ".cfi_escape 0x10, 3, 2, 0x79, 48",
            ".cfi_escape 0x10, 6, 2, 0x79, 56",
            "test rcx, rcx",
            "jnz 6f",
            "mov rbx, rdi",
            "mov rbp, rsi",
            "mov r12, rdx",
            ".cfi_remember_state",
            ".cfi_escape 0x0f, 3, 0x7c, 40, 0x06",
            ".cfi_escape 0x10, 16, 2, 0x7c, 32",
            ".cfi_escape 0x10, 3, 2, 0x7c, 48",
            ".cfi_escape 0x10, 6, 2, 0x7c, 56",
            // Below the stack pointer of the main coroutine only the red zone, 128 bytes, may be in use.
            "mov rsp, [r12 + 40]",
            "sub rsp, 128",
            "and rsp, -16",
            "call {prepare_transfer}",
            "mov rdi, rbx",
            "mov rsi, rbp",
            "mov r9, r12",
            ".cfi_restore_state",
            "6:",
            "mov r12, [rsi]",
            "mov r13, [rsi + 8]",
            "mov r14, [rsi + 16]",
            "mov r15, [rsi + 24]",
            "mov r8, [rsi + 32]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $crate::arch::load_fpenv!($fpenv, "rdi", "rsi"),
            "mov rsp, [rsi + 40]",
            "xor edx, edx",             // no value
            "xor eax, eax",
            // Register state: as at the end of `switch`.
            "notrack jmp r8",
            $crate::arch::write_fpenv!($fpenv, "rsi"),
            // `from` resumes here. Register state: rsp, rbx and rbp are its own.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            "5:",
            concat!(".globl aco_transferred_", stringify!($fpenv)),
            concat!(".hidden aco_transferred_", stringify!($fpenv)),
            concat!("aco_transferred_", stringify!($fpenv), ":"),
            "mov r15, [rsp]",
            "mov r14, [rsp + 8]",
            "mov r13, [rsp + 16]",
            "mov r12, [rsp + 24]",
            // A jump: the top of the return predictor belongs to the coroutine that switched here.
            "mov rcx, [rsp + 32]",
            "add rsp, 40",
            ".cfi_def_cfa_offset 0",    // the words below rsp are still there: the red zone
            "notrack jmp rcx",
            ".cfi_restore_state",
            "7:",
            "cmp qword ptr [rax], 0",
            "jne 8f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            "8:",
            "mov r8, rbp",              // the frame pointer, for `call_with_frame_pointer`
            "jmp {slow}",
            ".cfi_endproc",
            prepare_transfer = sym $prepare_transfer,
            slow = sym $slow,
        )
    };
}

pub(crate) use transfer_body;

/// Calls `function(from, to, third, fourth)` with `frame` as the frame pointer.
///
/// `function` stores that frame pointer in `reg`, as if the program had called it. The library's code in between may
/// have used the register.
///
/// # Safety
/// As `function`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn call_with_frame_pointer(
    from: *mut aco_t,
    to: *mut aco_t,
    third: *mut c_void,
    fourth: usize,
    function: *const (),
    frame: usize,
) -> ReturnRegisters {
    naked_asm!(
        ".cfi_startproc",
        "endbr64",
        "push rbp",
        ".cfi_adjust_cfa_offset 8; .cfi_offset rbp, -16",
        "mov rbp, r9",
        "call r8",
        ".globl aco_instrumented",
        ".hidden aco_instrumented",
        "aco_instrumented:",
        "pop rbp",
        ".cfi_adjust_cfa_offset -8; .cfi_restore rbp",
        "ret",
        ".cfi_endproc",
    )
}

/// The body of a function `on_other_stack(function, arg)`: calls `function(arg)` with the stack pointer that `enter()`
/// returns, then `leave()`. Returns the result. If `enter()` returns 0, it calls the function on the present stack.
///
/// Unwinders see three frames:
///
/// | frame | on | next frame |
/// |---|---|---|
/// | first | the other stack | rip = r12, computed: libunwind's fast path ends here, as at the root of a coroutine |
/// | `aco_other_stack_mark` | this stack | marked as a signal frame, because the stack changes; rip = r12 + 2 |
/// | `aco_other_stack_frame` | this stack | the caller, through rbp |
///
/// The third one is there because unwinders take the return address of the frame after a signal frame as it is: the
/// caller's must be looked up one byte lower.
macro_rules! on_other_stack_body {
    ($enter:path, $leave:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".hidden aco_resumer_personality",
            ".cfi_personality 0x1b, aco_resumer_personality",
            "endbr64",
            // Register state: rdi is `function`, rsi `arg`.
            "push rbp",
            ".cfi_adjust_cfa_offset 8; .cfi_offset rbp, -16",
            "mov rbp, rsp",
            ".cfi_def_cfa_register rbp",
            "push r12",
            ".cfi_offset r12, -24",
            "push rdi",
            "push rsi",
            "sub rsp, 8",
            "call {enter}",
            "mov rcx, [rbp - 16]",
            "mov rdi, [rbp - 24]",
            "test rax, rax",
            "jz 3f",
            "lea r12, [rip + aco_other_stack]",
            ".cfi_remember_state",
            "mov rsp, rax",
            ".cfi_def_cfa rsp, 0",
            ".cfi_escape 0x16, 16, 2, 0x7c, 0", // rip = r12
            ".cfi_same_value rbp; .cfi_same_value r12",
            "call rcx",
            "lea rsp, [rbp - 32]",              // the CFI is still that of the call: debuggers compare
            ".cfi_restore_state",
            "mov [rsp], rax",
            "call {leave}",
            "mov rax, [rsp]",
            "mov r12, [rbp - 8]",
            "mov rsp, rbp",
            ".cfi_remember_state",
            "pop rbp",
            ".cfi_def_cfa rsp, 8; .cfi_same_value rbp; .cfi_same_value r12",
            "ret",
            ".cfi_restore_state",
            "3:",
            "mov r12, [rbp - 8]",
            "mov rsp, rbp",
            "pop rbp",
            ".cfi_def_cfa rsp, 8; .cfi_same_value rbp; .cfi_same_value r12",
            "notrack jmp rcx",
            ".cfi_endproc",
            ".type aco_other_stack_mark, @function",
            "aco_other_stack_mark:",
            ".cfi_startproc simple",
            ".cfi_signal_frame",
            ".cfi_def_cfa rbp, 0",
            ".cfi_escape 0x16, 16, 2, 0x7c, 2", // rip = r12 + 2
            ".cfi_same_value rbp; .cfi_same_value r12",
            "nop",
            "aco_other_stack:",
            "nop",
            ".cfi_endproc",
            ".size aco_other_stack_mark, . - aco_other_stack_mark",
            ".type aco_other_stack_frame, @function",
            "aco_other_stack_frame:",
            ".cfi_startproc simple",
            ".cfi_def_cfa rbp, 16",
            ".cfi_offset rip, -8; .cfi_offset rbp, -16; .cfi_offset r12, -24",
            "nop",
            "nop",
            ".cfi_endproc",
            ".size aco_other_stack_frame, . - aco_other_stack_frame",
            enter = sym $enter,
            leave = sym $leave,
        )
    };
}

pub(crate) use on_other_stack_body;
