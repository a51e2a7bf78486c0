//! aarch64: the two ends of a coroutine, where an entry function returns to and where an ended one would
//! go on; and a beginning before the entry function, for who wants one.

use core::arch::naked_asm;

use crate::abi::aco_t;

/// The body of a function that stands where an ended coroutine would go on: hands the coroutine,
/// whose address the switch has left in x1, to `abort`. The exported name is `aco_ended_asm`.
macro_rules! ended_body {
    ($abort:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_undefined x30",
            ".globl aco_ended_asm",
            ".type aco_ended_asm, %function",
            "aco_ended_asm:",
            "hint #34",                         // bti c
            "mov x0, x1",
            "bl {abort}",
            "brk #1",
            ".size aco_ended_asm, . - aco_ended_asm",
            ".cfi_endproc",
            abort = sym $abort,
        )
    };
}

pub(crate) use ended_body;

/// Makes a fresh coroutine begin at `place`, whose body is [`first_entry_body`].
///
/// # Safety
/// `co` points to a fresh coroutine. It is switched to next, by a switch that loads all registers.
pub(crate) unsafe fn set_first_entry(co: *mut aco_t, place: usize) {
    const X19: usize = 2;
    // SAFETY: the caller's promise; what x19 holds at its beginning is not specified.
    unsafe {
        aco_t::set_register(co, X19, aco_t::return_address(co));
        aco_t::set_return_address(co, place);
    }
}

/// The body of a function that a fresh coroutine begins in: calls `arrive`, then goes on in the entry
/// function.
macro_rules! first_entry_body {
    ($arrive:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            // Register state: sp = align_retptr, x19 is the entry function, x30 where that returns to, x1 the
            // coroutine's address.
            "stp x29, x30, [sp, #-32]!",
            ".cfi_adjust_cfa_offset 32; .cfi_offset x29, -32; .cfi_offset x30, -24",
            "str x1, [sp, #16]",
            "bl {arrive}",
            "ldr x1, [sp, #16]",
            "ldp x29, x30, [sp], #32",
            ".cfi_adjust_cfa_offset -32; .cfi_restore x29; .cfi_restore x30",
            "mov x17, x19",             // the one register through which a pad for calls can be jumped to
            "br x17",
            ".cfi_endproc",
            arrive = sym $arrive,
        )
    };
}

pub(crate) use first_entry_body;

/// The body of a function that a coroutine begins in whose entry function may return: calls that, then
/// `end`.
macro_rules! returning_entry_body {
    ($end:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "hint #34",                 // bti c
            // Register state: sp = align_retptr, x30 is where an entry function returns to, x1 the
            // coroutine's address.
            "stp x29, x30, [sp, #-16]!",
            ".cfi_adjust_cfa_offset 16; .cfi_offset x29, -16; .cfi_offset x30, -8",
            "mov x29, sp",
            "ldr x9, [x1, #152]",       // fp
            "blr x9",
            "bl {end}",
            "brk #1",
            ".cfi_endproc",
            end = sym $end,
        )
    };
}

pub(crate) use returning_entry_body;

/// The root frame of every coroutine: what an entry function that returns would return into, and where
/// an unwinder goes on in the coroutine that waits in a resume.
///
/// Register state at the return: sp = align_retptr, 16 bytes below align_highptr, where the address of
/// the coroutine stands; nothing else is known. The exported name `aco_funcp_protector_asm` is that
/// place; a `ret` and not a call leads there.
///
/// The frame above is that of its main coroutine, M = *(*(sp + 16) + 128): CFA = *(M + 112), pc at
/// M + 104, x29 at M + 96, x19 to x28 in `reg`; code that saved those elsewhere says so itself.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn root_frame() {
    naked_asm!(
        ".cfi_startproc simple",
        // The stack above is another one, lower or higher: a debugger expects that of signals alone.
        ".cfi_signal_frame",
        ".hidden aco_root_personality",
        ".cfi_personality 0x1b, aco_root_personality",
        ".cfi_escape 0x0f, 10, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 112, 0x06",
        ".cfi_escape 0x10, 30, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 104",
        ".cfi_escape 0x10, 29, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 96",
        ".cfi_escape 0x10, 19, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 16",
        ".cfi_escape 0x10, 20, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 24",
        ".cfi_escape 0x10, 21, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 32",
        ".cfi_escape 0x10, 22, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 40",
        ".cfi_escape 0x10, 23, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 48",
        ".cfi_escape 0x10, 24, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 56",
        ".cfi_escape 0x10, 25, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 64",
        ".cfi_escape 0x10, 26, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 72",
        ".cfi_escape 0x10, 27, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 80",
        ".cfi_escape 0x10, 28, 9, 0x8f, 16, 0x06, 0x23, 0x80, 0x01, 0x06, 0x23, 88",
        // Unwinders look a return address up by what is before it: it must be in this function.
        "nop",
        ".globl aco_funcp_protector_asm",
        ".type aco_funcp_protector_asm, %function",
        "aco_funcp_protector_asm:",
        "hint #34", // bti c
        "bl aco_funcp_protector",
        "brk #1",
        ".size aco_funcp_protector_asm, . - aco_funcp_protector_asm",
        ".cfi_endproc",
    )
}

/// Bytes from `root_frame` to the address that an entry function returns to.
pub(crate) const ROOT_RETURN_OFFSET: usize = 4;
