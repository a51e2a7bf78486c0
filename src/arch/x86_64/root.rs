//! x86-64: the two ends of a coroutine, where an entry function returns to and where an ended coroutine resumes; and
//! entry points before the entry function.

use core::arch::global_asm;
use core::mem::offset_of;

use super::super::elf::{
    c_name, code_section, end_of_function, end_section, exported_label, function_label,
    hidden_function, personality,
};
use super::cfi::cfi_of_context;
use crate::abi::aco_t;

/// The body of the function in which an ended coroutine resumes: calls `abort(co)`. The switch has left the coroutine's
/// address in rsi (M5). The exported name is `aco_ended_asm`.
macro_rules! ended_body {
    ($abort:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_undefined rip",
            $crate::arch::exported_label!("aco_ended_asm"),
            "endbr64",
            "mov rdi, rsi",
            "and rsp, -16",
            "call {abort}",
            "ud2",
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
    const R12: usize = 0;
    // SAFETY: two slots of `reg` of a coroutine. An entry function may not rely on r12.
    unsafe {
        aco_t::set_register(co, R12, aco_t::return_address(co));
        aco_t::set_return_address(co, entry);
    }
}

/// The body of a function in which an unstarted coroutine starts: calls `arrive`, then jumps to the resume address that
/// [`set_first_entry`] replaced.
macro_rules! first_entry_body {
    ($arrive:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rsp = align_retptr, r12 is that address, rsi points to the coroutine, rdx is the value.
            "sub rsp, 24",
            ".cfi_adjust_cfa_offset 24",
            "mov [rsp + 16], rsi",
            "mov [rsp + 8], rdx",
            "call {arrive}",
            "mov rdx, [rsp + 8]",
            "mov rsi, [rsp + 16]",
            "add rsp, 24",
            ".cfi_adjust_cfa_offset -24",
            "notrack jmp r12",
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
            "endbr64",
            // Register state: rsp = align_retptr, rbp points to the frame record of the main coroutine, rsi to the
            // coroutine.
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 8",
            "call qword ptr [rsi + {fp}]",
            "call {end}",
            "ud2",
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
            "endbr64",
            // Register state: rsp = align_retptr, rbp points to the frame record of the main coroutine, rsi to the
            // coroutine, rdx is the value.
            "mov [rsi + {first_value}], rdx",
            "mov rdi, [rsi + {arg}]",
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 8",
            "call qword ptr [rsi + {fp}]",
            "mov rdi, rax",
            "call {end}",
            "add rsp, 8",
            ".cfi_adjust_cfa_offset -8",
            "mov rdi, rax",
            "mov rsi, rdx",
            "mov rdx, [rax + {first_value}]",
            // A jump: the top of the return predictor belongs to the main coroutine.
            "jmp {exit_to}",
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

// The root frame of every coroutine. An entry function that returns comes here, by `ret` and not by a call. Unwinders
// continue here in the coroutine that waits in a resume. The exported name of the address is `aco_funcp_protector_asm`.
//
// Register state at the return: rsp = align_highptr. The word there is the coroutine's address, the word below is the
// return slot. Nothing else is known.
//
// Unwinders see two frames:
//
// | frame | function | next frame |
// |---|---|---|
// | first | `aco_root` | CFA = align_highptr + 8; rip = the word in the return slot - 2: the second frame |
// | second | `aco_root_resumer` | the main coroutine, M = *(*(CFA - 8) + 72): CFA = *(M + 40), rip at M + 32 |
//
// * The stack of the main coroutine may be lower or higher. Debuggers expect that of signal frames only, so the second
//   frame is marked as one.
// * The fast path of libunwind's `unw_backtrace` reads the kernel's signal frame at such a mark, and faults. So it must
//   end at the first frame, whose return address is computed and not a word in memory.
// * Each frame is a function with a name, by which lldb finds its description.
// * rbx, rbp and r12 to r15 of the main coroutine are in `reg`. Code that has saved the last four on its stack has CFI
//   that says so.
// * The nops: unwinders look up the byte before a return address.
global_asm!(
    code_section!("aco_root"),
    ".p2align 4",
    function_label!("aco_root_resumer"),
    ".cfi_startproc simple",
    ".cfi_signal_frame",
    personality!("aco_root_personality"),
    // *(*(CFA - 8) + 72), and the offset of a slot.
    cfi_of_context!(9, 8, "0x77, 0x78, 0x06, 0x23, {main_co}, 0x06, 0x23"),
    "nop",
    "nop", // the second frame
    ".cfi_endproc",
    end_of_function!("aco_root_resumer"),
    hidden_function!("aco_root"),
    ".cfi_startproc simple",
    ".cfi_def_cfa rsp, 8",
    ".cfi_escape 0x16, 16, 5, 0x77, 0x78, 0x06, 0x32, 0x1c", // rip = *(rsp - 8) - 2
    "nop",
    exported_label!("aco_funcp_protector_asm"), // the first frame
    "endbr64",
    "mov rbp, rsp",
    // The same, through rbp.
    ".cfi_def_cfa rbp, 8",
    ".cfi_escape 0x16, 16, 5, 0x76, 0x78, 0x06, 0x32, 0x1c",
    // Two words down, so that the call does not overwrite the return slot. The last word function may end the
    // coroutine, and the next one on this stack needs the slot.
    "sub rsp, 16",
    "and rsp, -16",
    concat!("call ", c_name!("aco_funcp_protector")),
    "ud2",
    ".cfi_endproc",
    end_of_function!("aco_root"),
    end_of_function!("aco_funcp_protector_asm"),
    end_section!(),
    main_co = const offset_of!(aco_t, main_co),
);

unsafe extern "C" {
    /// One byte before the first frame.
    #[link_name = "aco_root"]
    fn root_frame();
}

/// The address to which an entry function returns: `aco_funcp_protector_asm`. The return slot of a share stack has it.
pub(crate) fn root_return_address() -> usize {
    /// Bytes from `aco_root` to that label.
    const OFFSET: usize = 1;
    root_frame as *const () as usize + OFFSET
}
