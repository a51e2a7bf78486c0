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
//! reg[rsp] = the address of seven words: who was resumed, r15, r14, r13, r12, rbp, the return address. Its slots 0 to 2 are out of date.
//! Slot 3 is for who walks frame pointers, which lead there from
//! the coroutine: with slot 4 it reads as a frame record, whose next are the last two words.
//!
//! A fresh coroutine has reg[rsp] = align_retptr and reg[rip] = its entry function, which
//! therefore starts as if it had been called: rsp is 8 below a multiple of 16.

use core::arch::naked_asm;

use crate::abi::aco_t;

mod fpenv;
mod leaf;
mod resume;
mod root;
mod transfer;
pub(crate) use fpenv::{load_fpenv, save_fpenv, write_fpenv};
pub(crate) use leaf::{
    copy_frames, interrupted_stack_pointer, load_fp_environment, stack_pointer,
    store_fp_environment, valgrind_request, weak_symbol,
};

pub(crate) use resume::resume_body;
pub(crate) use root::{
    ROOT_RETURN_OFFSET, ended_body, first_entry_body, returning_entry_body, root_frame,
    set_first_entry,
};
pub(crate) use transfer::{call_with_frame_pointer, transfer_body};

/// `align_retptr` is one word below `align_highptr`: a called function finds its return address
/// 8 bytes below an aligned stack.
pub(crate) const RETURN_SLOT_SIZE: usize = 8;

/// The slot in which a fresh coroutine has its first value: r13, which begins as anything.
pub(crate) const FIRST_VALUE_SLOT: usize = 1;

/// The slot of the frame pointer.
pub(crate) const FRAME_POINTER_SLOT: usize = 7;

/// Bytes from the start of a coroutine that waits in a resume to what reads as a frame record: its frame
/// pointer, and the address where it goes on. The slot before that of rip is free then.
pub(crate) const FRAME_RECORD_OFFSET: usize = 24;

/// The least guard, in bytes. Compilers that probe large frames touch each page.
pub(crate) const MIN_GUARD: usize = 4096;

/// The body of a function `switch(from, to, value)`: leaves one coroutine, goes on in the other, which is
/// given `value`; returns the value with which something switches back. While C++ exceptions are being handled it is `slow` that is called.
macro_rules! switch_body {
    ($fpenv:ident, $slow:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state:
            // - rdi points to `from`, rsi to `to`, rdx is the value; all three stay so to the end.
            // - [rsp] is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
            ".cfi_remember_state",
            "mov r8, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov rax, fs:[r8 + 16]",    // exceptions
            "test rax, rax",
            "jnz 7f",
            "2:",
            "mov r9, [rsp]",
            "lea rcx, [rsp + 8]",       // rsp as it will be after the return
            "mov [rdi], r12",
            "mov [rdi + 8], r13",
            "mov [rdi + 16], r14",
            "mov [rdi + 24], r15",
            "mov [rdi + 32], r9",
            "mov [rdi + 40], rcx",
            "mov [rdi + 48], rbx",
            "mov [rdi + 56], rbp",
            // ALL_REGS: whoever goes on here must load all of these. The word as a whole: a processor
            // does not forward a byte just stored to a load of the eight.
            "or qword ptr [rdi + 88], 0x100",
            "mov qword ptr fs:[r8 + 8], 0", // no hint: `from` does not wait in a resume
            $crate::arch::save_fpenv!($fpenv, "rdi"),
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
            "mov r8, [rsi + 32]",
            "mov rcx, [rsi + 40]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            $crate::arch::load_fpenv!($fpenv, "rdi", "rsi"),
            "mov rax, rdx",
            // Register state:
            // - everything but rsp belongs to `to`; r8 is where it goes on, rcx its rsp, rsi its address,
            //   rdi that of `from`, rdx the value; and rax, for who left by a call and returns it.
            "mov rsp, rcx",
            // A jump, not a push and `ret`: the top of the return predictor belongs to `from`.
            // notrack: it goes to the middle of a function, where no endbr64 stands.
            "notrack jmp r8",
            $crate::arch::write_fpenv!($fpenv, "rsi"),
            ".cfi_restore_state",
            "7:",
            "cmp qword ptr [rax], 0",
            "jne 8f",
            "cmp qword ptr [rax + 8], 0",
            "je 2b",
            "8:",
            "mov rcx, rbp",             // for who walks frame pointers: see `call_with_frame_pointer`
            "jmp {slow}",
            ".cfi_endproc",
            slow = sym $slow,
        )
    };
}

pub(crate) use switch_body;

/// The body of `exit_to` (`save_fpenv`) and of `exit_to_shared_fpenv`.
macro_rules! exit_to_body {
    ($fpenv:ident) => {
        naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rdi points to `from`, rsi to `to`. Of `from` the environment matters: a
            // program that starts it again starts it with that.
            save_fpenv!($fpenv, "rdi"),
            "mov rax, qword ptr [rip + aco_gtls_co@GOTTPOFF]",
            "mov qword ptr fs:[rax + 8], 0", // no hint, as in `switch`
            // From here on the unwinder's next frame is that of `to`, through rsi (DWARF register 4), as
            // in the root frame.
            ".cfi_escape 0x0f, 3, 0x74, 40, 0x06",  // CFA = *(rsi + 40)
            ".cfi_escape 0x10, 16, 2, 0x74, 32",    // rip at rsi + 32
            ".cfi_escape 0x10, 3, 2, 0x74, 48",     // rbx at rsi + 48
            ".cfi_escape 0x10, 6, 2, 0x74, 56",     // rbp at rsi + 56
            ".cfi_escape 0x10, 12, 2, 0x74, 0",     // r12 at rsi
            ".cfi_escape 0x10, 13, 2, 0x74, 8",     // r13 at rsi + 8
            ".cfi_escape 0x10, 14, 2, 0x74, 16",    // r14 at rsi + 16
            ".cfi_escape 0x10, 15, 2, 0x74, 24",    // r15 at rsi + 24
            "mov r12, [rsi]",
            "mov r13, [rsi + 8]",
            "mov r14, [rsi + 16]",
            "mov r15, [rsi + 24]",
            "mov r8, [rsi + 32]",
            "mov rbx, [rsi + 48]",
            "mov rbp, [rsi + 56]",
            load_fpenv!($fpenv, "rdi", "rsi"),
            "mov rsp, [rsi + 40]",
            "xor edx, edx",             // no value
            // Register state: as at the end of `switch`, where a main coroutine goes on.
            "notrack jmp r8",
            write_fpenv!($fpenv, "rsi"),
            ".cfi_endproc",
        )
    };
}

/// Leaves `from` for ever, goes on in `to` with the environment of that.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn exit_to(from: *mut aco_t, to: *mut aco_t) -> ! {
    exit_to_body!(save_fpenv)
}

/// Leaves `from` for ever, goes on in `to`, which inherits this moment's environment.
///
/// # Safety
/// As a switch.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn exit_to_shared_fpenv(from: *mut aco_t, to: *mut aco_t) -> ! {
    exit_to_body!(share_fpenv)
}
