//! aarch64: calls of a function on top of the frames of a suspended coroutine (`resume::resume_with`).

use crate::abi::aco_t;

/// The body of a function in which a coroutine resumes: calls `run`, which returns a `Resumed`. Goes on
/// at the coroutine's resume address, the word that the passed value points to.
///
/// To unwinders the code at that address has called the function.
macro_rules! on_top_body {
    ($run:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                         // bti c
            // Register state: sp is that of the coroutine, to which x1 points; x2 points to the resume address.
            ".cfi_escape 0x10, 30, 2, 0x72, 0", // x30 at x2
            "ldr x30, [x2]",
            ".cfi_same_value x30",
            "stp x29, x30, [sp, #-16]!",
            ".cfi_adjust_cfa_offset 16; .cfi_offset x29, -16; .cfi_offset x30, -8",
            "mov x29, sp",
            "ldr x19, [x1, #16]",               // the base pointer of inline code of clang; see below
            "bl {run}",
            "ldp x29, x17, [sp], #16",
            ".cfi_adjust_cfa_offset -16; .cfi_same_value x29; .cfi_register x30, x17",
            "mov x2, x0",
            "ldr x0, [x1, #128]",
            "str x19, [x1, #16]",               // inline code of clang loads its base pointer from there
            // Register state: as at the end of `switch`.
            "br x17",
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
            "hint #34",                         // bti c
            // Register state: sp = align_retptr, x30 is the root frame, x2 points to the resume address.
            "stp x29, x30, [sp, #-32]!",
            ".cfi_adjust_cfa_offset 32; .cfi_offset x29, -32; .cfi_offset x30, -24",
            "mov x29, sp",
            "ldr x9, [x2]",
            "str x9, [sp, #16]",
            "bl {run}",
            "ldr x17, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            ".cfi_adjust_cfa_offset -32; .cfi_same_value x29; .cfi_same_value x30",
            "mov x2, x0",
            "ldr x0, [x1, #128]",
            // Register state: as at the end of `switch`.
            "br x17",
            ".cfi_endproc",
            run = sym $run,
        )
    };
}

pub(crate) use first_on_top_body;

unsafe extern "C" {
    /// Where [`call_with_frame_pointer`](super::call_with_frame_pointer) goes on.
    static aco_instrumented: u8;
    /// Where a coroutine resumes that `switch` or `transfer` has suspended.
    static aco_switched_save_fpenv: u8;
    static aco_switched_share_fpenv: u8;
    static aco_transferred_save_fpenv: u8;
    static aco_transferred_share_fpenv: u8;
}

/// Returns true if `co` is suspended in a switch that [`call_with_frame_pointer`](super::call_with_frame_pointer) has
/// called.
///
/// # Safety
/// `co` points to a suspended coroutine, whose frames are on its stack.
pub(crate) unsafe fn is_called_with_frame_pointer(co: *mut aco_t) -> bool {
    // SAFETY: `co` is suspended. If one of the four has suspended it, its stack pointer points to a frame record.
    unsafe {
        let address = aco_t::return_address(co);
        let labels = [
            &raw const aco_switched_save_fpenv,
            &raw const aco_switched_share_fpenv,
            &raw const aco_transferred_save_fpenv,
            &raw const aco_transferred_share_fpenv,
        ];
        labels.iter().any(|label| label.addr() == address) && {
            let record = core::ptr::with_exposed_provenance::<[usize; 2]>(aco_t::stack_pointer(co));
            (*record)[1] == (&raw const aco_instrumented).addr()
        }
    }
}

/// The bytes before the resume address of an inline yield that can call `aco_resumed_with`: `udf #0xac0; nop`.
pub(crate) const INLINE_MARK: [u8; 8] = [0xc0, 0x0a, 0, 0, 0x1f, 0x20, 0x03, 0xd5];

/// Bytes from the instructions that go to that call to the mark: a landing pad, a load and a jump.
pub(crate) const INLINE_ENTRY_SIZE: usize = 12;
