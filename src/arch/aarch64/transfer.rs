//! aarch64: the body of `transfer`, which switches to a coroutine of the same main coroutine; and calls of a switch
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
            "hint #34",                         // bti c
            // Register state: x0 points to `from`, x1 to `to`, x2 to `main_co`; x3 is `is_ready`, x30 the return
            // address.
            ".cfi_remember_state",
            "adrp x6, :gottprel:aco_gtls_co",
            "ldr x6, [x6, :gottprel_lo12:aco_gtls_co]",
            "mrs x7, tpidr_el0",
            "add x6, x6, x7",
            "ldr x7, [x6, #16]",                // the hook word
            "cbnz x7, 7f",
            "4:",
            // The registers go on the stack of `from`, without ALL_REGS: the next resume may be inline (`state`, S3).
            "sub sp, sp, #80",
            ".cfi_def_cfa_offset 80",
            "stp x19, x20, [sp]",
            "stp x21, x22, [sp, #16]",
            "stp x23, x24, [sp, #32]",
            "stp x25, x26, [sp, #48]",
            "stp x27, x28, [sp, #64]",
            ".cfi_offset x19, -80; .cfi_offset x20, -72; .cfi_offset x21, -64",
            ".cfi_offset x22, -56; .cfi_offset x23, -48; .cfi_offset x24, -40",
            ".cfi_offset x25, -32; .cfi_offset x26, -24; .cfi_offset x27, -16",
            ".cfi_offset x28, -8",
            "stp x29, x30, [sp, #-80]!",        // a frame record, as AAPCS64 requires
            ".cfi_def_cfa_offset 160",
            ".cfi_offset x29, -160; .cfi_offset x30, -152",
            "mov x29, sp",
            "stp d8, d9, [sp, #16]",
            "stp d10, d11, [sp, #32]",
            "stp d12, d13, [sp, #48]",
            "stp d14, d15, [sp, #64]",
            ".cfi_offset d8, -144; .cfi_offset d9, -136; .cfi_offset d10, -128",
            ".cfi_offset d11, -120; .cfi_offset d12, -112; .cfi_offset d13, -104",
            ".cfi_offset d14, -96; .cfi_offset d15, -88",
            ".cfi_remember_state",              // the frame that is found again at 2
            "adr x8, 2f",
            "stp x29, x8, [x0, #96]",
            $crate::arch::save_sp_and_fpenv!($fpenv, "x0"),
            // `from` is whole in memory, and its frames may be copied out. From here on the caller's frame is that of
            // the main coroutine, to an unwinder: through x9 (0x79), over the call through x21 (0x85). CFA =
            // *(x9 + 112), pc at x9 + 104, x29 and the base pointer, x19, in `reg`; the unwinder finds the rest from
            // there.
            "mov x9, x2",
            ".cfi_same_value x20; .cfi_same_value x21; .cfi_same_value x22; .cfi_same_value x23",
            ".cfi_same_value x24; .cfi_same_value x25; .cfi_same_value x26; .cfi_same_value x27",
            ".cfi_same_value x28; .cfi_same_value d8; .cfi_same_value d9; .cfi_same_value d10",
            ".cfi_same_value d11; .cfi_same_value d12; .cfi_same_value d13; .cfi_same_value d14",
            ".cfi_same_value d15",
            ".cfi_escape 0x0f, 4, 0x79, 0xf0, 0x00, 0x06",
            ".cfi_escape 0x10, 30, 3, 0x79, 0xe8, 0x00",
            ".cfi_escape 0x10, 29, 3, 0x79, 0xe0, 0x00",
            ".cfi_escape 0x10, 19, 2, 0x79, 16",
            "cbnz x3, 6f",
            "mov x19, x0",
            "mov x20, x1",
            "mov x21, x2",
            ".cfi_remember_state",
            ".cfi_escape 0x0f, 4, 0x85, 0xf0, 0x00, 0x06",
            ".cfi_escape 0x10, 30, 3, 0x85, 0xe8, 0x00",
            ".cfi_escape 0x10, 29, 3, 0x85, 0xe0, 0x00",
            ".cfi_escape 0x10, 19, 2, 0x85, 16",
            // Below the stack pointer of the main coroutine nothing is in use.
            "ldr x3, [x21, #112]",
            "mov sp, x3",
            "bl {prepare_transfer}",
            "mov x0, x19",
            "mov x1, x20",
            "mov x9, x21",
            ".cfi_restore_state",
            "6:",
            "ldp x19, x20, [x1, #16]",
            "ldp x21, x22, [x1, #32]",
            "ldp x23, x24, [x1, #48]",
            "ldp x25, x26, [x1, #64]",
            "ldp x27, x28, [x1, #80]",
            "ldp x29, x17, [x1, #96]",
            "ldr x3, [x1, #112]",
            $crate::arch::read_fpenv!($fpenv),          // `prepare_transfer` may change x4
            $crate::arch::load_fpenv!($fpenv, "x1"),
            "adrp x30, {root}",
            "add x30, x30, :lo12:{root}",
            "add x30, x30, #{root_offset}",     // root_return_address()
            "mov x2, xzr",                      // no value
            "mov sp, x3",
            // Register state: as at the end of `switch`.
            "br x17",
            // `from` resumes here, with its own sp and x29.
            // The nop: unwinders look up the byte before a return address.
            ".cfi_restore_state",
            "nop",
            "2:",
            concat!(".globl aco_transferred_", stringify!($fpenv)),
            concat!(".hidden aco_transferred_", stringify!($fpenv)),
            concat!("aco_transferred_", stringify!($fpenv), ":"),
            "hint #36",                         // bti j
            "ldp d8, d9, [sp, #16]",
            "ldp d10, d11, [sp, #32]",
            "ldp d12, d13, [sp, #48]",
            "ldp d14, d15, [sp, #64]",
            "ldp x29, x30, [sp], #80",
            ".cfi_def_cfa_offset 80",
            ".cfi_restore x29; .cfi_restore x30; .cfi_restore d8; .cfi_restore d9",
            ".cfi_restore d10; .cfi_restore d11; .cfi_restore d12; .cfi_restore d13",
            ".cfi_restore d14; .cfi_restore d15",
            "ldp x19, x20, [sp]",
            "ldp x21, x22, [sp, #16]",
            "ldp x23, x24, [sp, #32]",
            "ldp x25, x26, [sp, #48]",
            "ldp x27, x28, [sp, #64]",
            "add sp, sp, #80",
            ".cfi_def_cfa_offset 0",
            ".cfi_restore x19; .cfi_restore x20; .cfi_restore x21; .cfi_restore x22",
            ".cfi_restore x23; .cfi_restore x24; .cfi_restore x25; .cfi_restore x26",
            ".cfi_restore x27; .cfi_restore x28",
            "ret",
            ".cfi_restore_state",
            "7:",
            "ldp x8, x9, [x7]",
            "orr x8, x8, x9",
            "cbz x8, 4b",
            "b {slow}",
            ".cfi_endproc",
            root = sym $crate::arch::root_frame,
            root_offset = const $crate::arch::ROOT_RETURN_OFFSET,
            prepare_transfer = sym $prepare_transfer,
            slow = sym $slow,
        )
    };
}

pub(crate) use transfer_body;

/// Calls `function(from, to, third, fourth)`. All code of the library has frame records here, so the frame pointer
/// leads to the caller without `frame`, which is ignored.
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
        "hint #34", // bti c
        "stp x29, x30, [sp, #-16]!",
        ".cfi_adjust_cfa_offset 16; .cfi_offset x29, -16; .cfi_offset x30, -8",
        "mov x29, sp",
        "blr x4",
        ".globl aco_instrumented",
        ".hidden aco_instrumented",
        "aco_instrumented:",
        "ldp x29, x30, [sp], #16",
        ".cfi_adjust_cfa_offset -16; .cfi_restore x29; .cfi_restore x30",
        "ret",
        ".cfi_endproc",
    )
}

/// The body of a function `on_other_stack(function, arg)`: calls `function(arg)` with the stack pointer that `enter()`
/// returns, then `leave()`. Returns the result. If `enter()` returns 0, it calls the function on the present stack.
///
/// Unwinders see two frames, both on this stack. The first one is marked as a signal frame, as the root frame is,
/// because the stack changes; its return address is in x19. Unwinders take the return address of the frame after it as
/// it is. So that is `aco_other_stack_frame`, and leads to the caller, whose address is looked up one byte lower.
macro_rules! on_other_stack_body {
    ($enter:path, $leave:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_signal_frame",
            ".hidden aco_resumer_personality",
            ".cfi_personality 0x1b, aco_resumer_personality",
            "hint #34",                         // bti c
            // Register state: x0 is `function`, x1 `arg`.
            "stp x29, x30, [sp, #-48]!",
            ".cfi_adjust_cfa_offset 48; .cfi_offset x29, -48; .cfi_offset x30, -40",
            "mov x29, sp",
            ".cfi_def_cfa_register x29",
            "str x19, [sp, #32]",
            ".cfi_offset x19, -16",
            "stp x0, x1, [sp, #16]",
            "bl {enter}",
            "ldp x9, x1, [x29, #16]",
            "cbz x0, 3f",
            "adr x19, aco_other_stack",
            ".cfi_remember_state",
            ".cfi_def_cfa x29, 0",
            ".cfi_escape 0x16, 30, 2, 0x83, 0", // pc = x19
            ".cfi_same_value x29; .cfi_same_value x19",
            "mov sp, x0",
            "mov x0, x1",
            "blr x9",
            "mov sp, x29",                      // the CFI is still that of the call: debuggers compare
            ".cfi_restore_state",
            "str x0, [sp, #16]",
            "bl {leave}",
            "ldr x0, [sp, #16]",
            "ldr x19, [sp, #32]",
            ".cfi_remember_state",
            "ldp x29, x30, [sp], #48",
            ".cfi_def_cfa sp, 0; .cfi_restore x29; .cfi_restore x30; .cfi_restore x19",
            "ret",
            ".cfi_restore_state",
            "3:",
            "mov x0, x1",
            "mov x17, x9",                      // x17, because the jump reaches a landing pad for calls
            "ldr x19, [sp, #32]",
            "ldp x29, x30, [sp], #48",
            ".cfi_def_cfa sp, 0; .cfi_restore x29; .cfi_restore x30; .cfi_restore x19",
            "br x17",
            ".cfi_endproc",
            ".type aco_other_stack_frame, %function",
            "aco_other_stack_frame:",
            ".cfi_startproc simple",
            ".cfi_def_cfa x29, 48",
            ".cfi_offset x29, -48; .cfi_offset x30, -40; .cfi_offset x19, -16",
            "nop",
            "aco_other_stack:",
            "nop",
            ".cfi_endproc",
            ".size aco_other_stack_frame, . - aco_other_stack_frame",
            enter = sym $enter,
            leave = sym $leave,
        )
    };
}

pub(crate) use on_other_stack_body;
