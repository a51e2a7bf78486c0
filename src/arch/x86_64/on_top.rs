//! x86-64: calls of a function on top of the frames of a suspended coroutine (`resume::resume_with`).

use crate::abi::aco_t;

/// The body of a function in which a coroutine resumes: calls `run`, which returns a `Resumed`. Goes on
/// at the coroutine's resume address, the word that the passed value points to.
///
/// To unwinders the code at that address has called the function.
macro_rules! on_top_body {
    ($run:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rsp is that of the coroutine, rdx points to the resume address.
            ".cfi_def_cfa rsp, 0",
            ".cfi_escape 0x10, 16, 2, 0x71, 0", // rip at rdx
            "push qword ptr [rdx]",
            ".cfi_def_cfa rsp, 8; .cfi_offset rip, -8",
            "push rbp",
            ".cfi_adjust_cfa_offset 8; .cfi_offset rbp, -16",
            "mov rbp, rsp",
            ".cfi_def_cfa_register rbp",
            "and rsp, -16",
            "call {run}",
            "mov rsp, rbp",
            "pop rbp",
            ".cfi_def_cfa rsp, 8; .cfi_same_value rbp",
            "mov rsi, rdx",
            "mov rdi, [rdx + 72]",
            "mov rdx, rax",
            // Register state: as at the end of `switch`.
            "pop rcx",
            ".cfi_adjust_cfa_offset -8",
            ".cfi_register rip, rcx",
            "notrack jmp rcx",
            ".cfi_endproc",
            run = sym $run,
        )
    };
}

pub(crate) use on_top_body;

/// As [`on_top_body`], for an unstarted coroutine. To unwinders the root frame has called the function.
macro_rules! first_on_top_body {
    ($run:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rsp = align_retptr, rdx points to the resume address.
            "push rbp",
            ".cfi_adjust_cfa_offset 8; .cfi_offset rbp, -16",
            "mov rbp, rsp",
            ".cfi_def_cfa_register rbp",
            "push qword ptr [rdx]",
            "sub rsp, 8",
            "call {run}",
            "mov rcx, [rbp - 8]",
            "mov rsp, rbp",
            "pop rbp",
            ".cfi_def_cfa rsp, 8; .cfi_same_value rbp",
            "mov rsi, rdx",
            "mov rdi, [rdx + 72]",
            "mov rdx, rax",
            // Register state: as at the end of `switch`.
            "notrack jmp rcx",
            ".cfi_endproc",
            run = sym $run,
        )
    };
}

pub(crate) use first_on_top_body;

unsafe extern "C" {
    /// Where [`call_with_frame_pointer`](super::call_with_frame_pointer) goes on.
    static aco_instrumented: u8;
    /// Where a coroutine resumes that `transfer` has suspended.
    static aco_transferred_save_fpenv: u8;
    static aco_transferred_share_fpenv: u8;
}

/// Returns true if `co` is suspended in a switch that [`call_with_frame_pointer`](super::call_with_frame_pointer) has
/// called.
///
/// # Safety
/// `co` points to a suspended coroutine, whose frames are on its stack.
pub(crate) unsafe fn is_called_with_frame_pointer(co: *mut aco_t) -> bool {
    /// Bytes from the stack pointer that `transfer` stores to its return address.
    const RETURN_ADDRESS: usize = 32;
    // SAFETY: `co` is suspended. If `transfer` has suspended it, the words above its stack pointer are the registers
    // that it has pushed, and its return address.
    unsafe {
        let address = aco_t::return_address(co);
        let transferred =
            [&raw const aco_transferred_save_fpenv, &raw const aco_transferred_share_fpenv];
        let address = if transferred.iter().any(|label| label.addr() == address) {
            let place = aco_t::stack_pointer(co) + RETURN_ADDRESS;
            core::ptr::with_exposed_provenance::<usize>(place).read()
        } else {
            address
        };
        address == (&raw const aco_instrumented).addr()
    }
}

/// The bytes before the resume address of an inline yield that can call `aco_resumed_with`: `nopl 'aco.'(%rax); nop`.
pub(crate) const INLINE_MARK: [u8; 8] = [0x0f, 0x1f, 0x80, b'a', b'c', b'o', b'.', 0x90];

/// Bytes from the instruction that goes to that call to the mark: a jump.
pub(crate) const INLINE_ENTRY_SIZE: usize = 5;
