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
//! A fresh coroutine has reg[rsp] = align_retptr and reg[rip] = its entry function, which
//! therefore starts as if it had been called: rsp is 8 below a multiple of 16.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use crate::abi::aco_t;

/// `align_retptr` is one word below `align_highptr`: a called function finds its return address
/// 8 bytes below an aligned stack.
pub(crate) const RETURN_SLOT: usize = 8;

/// The two switches differ only in the instructions for the floating-point environment.
macro_rules! switch_body {
    (save: $($save:literal)*; load: $($load:literal)*) => {
        naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state:
            // - rdi points to `from`, rsi to `to`; rdi stays so to the end.
            // - [rsp] is the address where `from` goes on.
            // - everything else that matters belongs to `from`.
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
            // - everything but rsp belongs to `to`; rax is where it goes on, rcx its rsp.
            "mov rsp, rcx",
            // A jump, not a push and `ret`: the top of the return predictor belongs to `from`.
            "jmp rax",
            ".cfi_endproc",
        )
    };
}

/// Leaves `from`, goes on in `to`, each with its own floating-point environment.
///
/// # Safety
/// Both point to coroutines. `to` is suspended, or fresh, and its stack holds its frames.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch(from: *mut aco_t, to: *mut aco_t) -> *mut c_void {
    switch_body!(
        save: "fnstcw [rdi + 64]" "stmxcsr [rdi + 68]";
        load: "fldcw [rsi + 64]" "ldmxcsr [rsi + 68]"
    )
}

/// Leaves `from`, goes on in `to`, which inherits the floating-point environment of this moment.
///
/// # Safety
/// As [`switch`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn switch_shared_fpenv(
    from: *mut aco_t,
    to: *mut aco_t,
) -> *mut c_void {
    switch_body!(save: ; load: )
}

/// Stores the x87 control word at `place` and MXCSR 4 bytes above it.
///
/// # Safety
/// `place` is writable for 8 bytes.
pub(crate) unsafe fn store_fp_environment(place: *mut c_void) {
    // SAFETY: the caller's promise; both instructions only store.
    unsafe {
        asm!(
            "fnstcw [{place}]",
            "stmxcsr [{place} + 4]",
            place = in(reg) place,
            options(nostack, preserves_flags),
        );
    }
}

/// The root frame of every coroutine: what an entry function that returns would return into.
///
/// Register state when it does: rsp = align_retptr + 8, nothing else is known.
#[unsafe(naked)]
unsafe extern "C" fn root_frame() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip", // the end of the stack, for every unwinder
        // Unwinders look a return address up by the byte before it: it must be in this function.
        "nop",
        "jmp {protector}",
        ".cfi_endproc",
        protector = sym aco_funcp_protector_asm,
    )
}

/// Bytes from `root_frame` to the address that stands in the return slot.
const ROOT_RETURN_OFFSET: usize = 1;

/// The address that the return slot of a share stack holds.
pub(crate) fn root_return_address() -> usize {
    root_frame as *const () as usize + ROOT_RETURN_OFFSET
}

/// Where an entry function that returns lands: calls `aco_funcp_protector`, which does not come
/// back. Assembly, because a `ret` and not a call leads here.
///
/// # Safety
/// rsp is at a place that may be written below.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn aco_funcp_protector_asm() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "endbr64",
        // Two words down, so that the call leaves the return slot alone: the last word may end
        // the coroutine, and the next one on this stack needs the slot again.
        "sub rsp, 16",
        "and rsp, -16",
        "call aco_funcp_protector@PLT",
        "ud2",
        ".cfi_endproc",
    )
}

/// The caller's stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let address: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// A request to Valgrind, which recognises these rotations of rdi (they leave it as it was) and
/// the exchange of rbx with itself; 0 where the processor executes them. The requests and the
/// sequence are those of Valgrind's documented client request mechanism.
pub(crate) fn valgrind_request(request: &[usize; 6]) -> usize {
    let answer: usize;
    // SAFETY: changes no register but the answer's; Valgrind reads the six words.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inlateout("rdx") 0_usize => answer,
            options(nostack),
        );
    }
    answer
}
