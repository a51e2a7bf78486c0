//! aarch64: the two ends of a coroutine, where an entry function returns to and where an ended coroutine resumes; and
//! entry points before the entry function.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::super::elf::{c_name, end_of_function, exported_label, personality};
use super::cfi::cfi_of_context;
use crate::abi::aco_t;

/// The body of the function in which an ended coroutine resumes: calls `abort(co)`. The switch has left the coroutine's
/// address in x1 (M5). The exported name is `aco_ended_asm`.
macro_rules! ended_body {
    ($abort:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_undefined x30",
            $crate::arch::exported_label!("aco_ended_asm"),
            "hint #34",                         // bti c
            "mov x0, x1",
            "bl {abort}",
            "brk #1",
            $crate::arch::end_of_function!("aco_ended_asm"),
            ".cfi_endproc",
            abort = sym $abort,
        )
    };
}

pub(crate) use ended_body;

/// Makes an unstarted coroutine start at `entry`, whose body is [`first_entry_body`].
///
/// # Safety
/// `co` points to an unstarted coroutine. The next switch to it loads all registers.
pub(crate) unsafe fn set_first_entry(co: *mut aco_t, entry: usize) {
    const X19: usize = 2;
    // SAFETY: two slots of `reg` of a coroutine. An entry function may not rely on x19.
    unsafe {
        aco_t::set_register(co, X19, aco_t::return_address(co));
        aco_t::set_return_address(co, entry);
    }
}

/// The body of a function in which an unstarted coroutine starts: calls `arrive`, then jumps to the resume address that
/// [`set_first_entry`] replaced.
macro_rules! first_entry_body {
    ($arrive:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            // Register state: sp = align_retptr, x19 is that address, x30 the root frame, x1 points to the coroutine,
            // x2 is the value.
            "stp x29, x30, [sp, #-32]!",
            ".cfi_adjust_cfa_offset 32; .cfi_offset x29, -32; .cfi_offset x30, -24",
            "stp x1, x2, [sp, #16]",
            "bl {arrive}",
            "ldp x1, x2, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            ".cfi_adjust_cfa_offset -32; .cfi_restore x29; .cfi_restore x30",
            "mov x17, x19",             // x17, because the jump reaches a landing pad for calls
            "br x17",
            ".cfi_endproc",
            arrive = sym $arrive,
        )
    };
}

pub(crate) use first_entry_body;

/// The body of a function in which a coroutine starts whose entry function may return: calls the entry function, then
/// `end`.
macro_rules! returning_entry_body {
    ($end:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            // Register state: sp = align_retptr, x30 is the root frame, x1 points to the coroutine.
            "stp x29, x30, [sp, #-16]!",
            ".cfi_adjust_cfa_offset 16; .cfi_offset x29, -16; .cfi_offset x30, -8",
            "mov x29, sp",
            "ldr x9, [x1, #{fp}]",
            "blr x9",
            "bl {end}",
            "brk #1",
            ".cfi_endproc",
            fp = const ::core::mem::offset_of!($crate::abi::aco_t, fp),
            end = sym $end,
        )
    };
}

pub(crate) use returning_entry_body;

/// The body of a function in which a coroutine starts whose function takes an argument and may return: stores the first
/// value, calls `fp(arg)`, then `end(result)`, which returns the coroutine and its main coroutine in two registers.
/// Ends in `exit_to`, with the word of `FIRST_VALUE_SLOT` as the value.
macro_rules! argument_entry_body {
    ($end:path, $exit_to:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            // Register state: sp = align_retptr, x30 is the root frame, x1 points to the coroutine, x2 is the value.
            "stp x29, x30, [sp, #-16]!",
            ".cfi_adjust_cfa_offset 16; .cfi_offset x29, -16; .cfi_offset x30, -8",
            "mov x29, sp",
            "str x2, [x1, #{first_value}]",
            "ldr x0, [x1, #{arg}]",
            "ldr x9, [x1, #{fp}]",
            "blr x9",
            "bl {end}",
            "ldp x29, x30, [sp], #16",
            ".cfi_adjust_cfa_offset -16; .cfi_restore x29; .cfi_restore x30",
            "ldr x2, [x0, #{first_value}]",
            "b {exit_to}",
            ".cfi_endproc",
            arg = const ::core::mem::offset_of!($crate::abi::aco_t, arg),
            fp = const ::core::mem::offset_of!($crate::abi::aco_t, fp),
            first_value = const $crate::arch::FIRST_VALUE_SLOT * size_of::<usize>(),
            end = sym $end,
            exit_to = sym $exit_to,
        )
    };
}

pub(crate) use argument_entry_body;

/// The root frame of every coroutine. An entry function that returns comes here, by `ret` and not by a call. Unwinders
/// continue here in the coroutine that waits in a resume. The exported name of the address is
/// `aco_funcp_protector_asm`.
///
/// Register state at the return: sp = align_retptr. The coroutine's address is 16 bytes above, at align_highptr.
/// Nothing else is known.
///
/// The caller's frame is that of the main coroutine, M = *(*(sp + 16) + 128): CFA = *(M + 112), pc at M + 104, x29 at
/// M + 96, x19 to x28 in `reg`. Code that has saved those on its stack has CFI that says so.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn root_frame() {
    naked_asm!(
        ".cfi_startproc simple",
        // The stack of the main coroutine may be lower or higher: debuggers expect that of signal frames only.
        ".cfi_signal_frame",
        personality!("aco_root_personality"),
        // *(*(sp + 16) + 128), and the offset of a slot.
        cfi_of_context!(10, 9, "0x8f, 16, 0x06, 0x23, {main_co_low}, {main_co_high}, 0x06, 0x23"),
        // Unwinders look up the byte before a return address, which must be in this function.
        "nop",
        exported_label!("aco_funcp_protector_asm"),
        "hint #34", // bti c
        concat!("bl ", c_name!("aco_funcp_protector")),
        "brk #1",
        end_of_function!("aco_funcp_protector_asm"),
        ".cfi_endproc",
        // A number of two bytes, as DWARF has it.
        main_co_low = const offset_of!(aco_t, main_co) & 0x7f | 0x80,
        main_co_high = const offset_of!(aco_t, main_co) >> 7,
    )
}

/// Bytes from [`root_frame`] to [`root_return_address`].
pub(crate) const ROOT_RETURN_OFFSET: usize = 4;

/// The address to which an entry function returns: `aco_funcp_protector_asm`. The return slot of a share stack has it.
pub(crate) fn root_return_address() -> usize {
    root_frame as *const () as usize + ROOT_RETURN_OFFSET
}
