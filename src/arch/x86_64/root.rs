//! x86-64: the two ends of a coroutine, where an entry function returns to and where an ended one would
//! go on; and a beginning before the entry function, for who wants one.

use core::arch::global_asm;

use crate::abi::aco_t;

/// The body of a function that stands where an ended coroutine would go on: hands the coroutine,
/// whose address the switch has left in rsi, to `abort`. The exported name is `aco_ended_asm`.
macro_rules! ended_body {
    ($abort:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            ".cfi_undefined rip",
            ".globl aco_ended_asm",
            ".type aco_ended_asm, @function",
            "aco_ended_asm:",
            "endbr64",
            "mov rdi, rsi",
            "and rsp, -16",
            "call {abort}",
            "ud2",
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
    const R12: usize = 0;
    // SAFETY: the caller's promise; what r12 holds at its beginning is not specified.
    unsafe {
        aco_t::set_register(co, R12, aco_t::return_address(co));
        aco_t::set_return_address(co, place);
    }
}

/// The body of a function that a fresh coroutine begins in: calls `arrive`, then goes on where it would
/// have begun.
macro_rules! first_entry_body {
    ($arrive:path) => {
        ::core::arch::naked_asm!(
            ".cfi_startproc",
            "endbr64",
            // Register state: rsp = align_retptr, r12 is the entry function, rsi the coroutine's address.
            "push rsi",
            ".cfi_adjust_cfa_offset 8",
            "call {arrive}",
            "pop rsi",
            ".cfi_adjust_cfa_offset -8",
            "notrack jmp r12",
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
            "endbr64",
            // Register state: rsp = align_retptr, rbp leads to a frame record of the resumer's, rsi is the
            // coroutine's address.
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 8",
            "call qword ptr [rsi + 96]",        // fp
            "call {end}",
            "ud2",
            ".cfi_endproc",
            end = sym $end,
        )
    };
}

pub(crate) use returning_entry_body;

// The root frame of every coroutine: what an entry function that returns would return into, and where
// an unwinder goes on in the coroutine that waits in a resume.
//
// Register state at the return: rsp = align_highptr, where the address of the coroutine stands, and
// below it the return slot; nothing else is known. The exported name `aco_funcp_protector_asm` is that
// place; a `ret` and not a call leads there.
//
// To unwinders there are two frames. The stack of the one above is another one, lower or higher, which
// debuggers expect of signals alone; so that is what the second frame says it is. The fast path of
// libunwind's `unw_backtrace` would look for what the kernel pushes, and fault: it ends before, at the
// first, whose return address is no word in memory but computed: the return slot's less two, which is
// the place of the second. Each is a function with a name, by which lldb finds the description.
//
// The frame above is that of its main coroutine, M = *(*rsp + 72): CFA = *(M + 40), rip at M + 32,
// rbx, rbp and r12 to r15 in `reg`; code that saved the last four elsewhere says so itself. The second
// frame's rsp is the first one's CFA, a word above align_highptr.
//
// The nops: unwinders look a return address up by the byte before it.
global_asm!(
    ".pushsection .text.aco_root, \"ax\", @progbits",
    ".p2align 4",
    ".type aco_root_resumer, @function",
    "aco_root_resumer:",
    ".cfi_startproc simple",
    ".cfi_signal_frame",
    ".hidden aco_root_personality",
    ".cfi_personality 0x1b, aco_root_personality",
    ".cfi_escape 0x0f, 9, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 40, 0x06",
    ".cfi_escape 0x10, 16, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 32",
    ".cfi_escape 0x10, 3, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 48",
    ".cfi_escape 0x10, 6, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 56",
    ".cfi_escape 0x10, 12, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 0",
    ".cfi_escape 0x10, 13, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 8",
    ".cfi_escape 0x10, 14, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 16",
    ".cfi_escape 0x10, 15, 8, 0x77, 0x78, 0x06, 0x23, 72, 0x06, 0x23, 24",
    "nop",
    "nop", // the second frame
    ".cfi_endproc",
    ".size aco_root_resumer, . - aco_root_resumer",
    ".globl aco_root",
    ".hidden aco_root",
    ".type aco_root, @function",
    "aco_root:",
    ".cfi_startproc simple",
    ".cfi_def_cfa rsp, 8",
    ".cfi_escape 0x16, 16, 5, 0x77, 0x78, 0x06, 0x32, 0x1c", // rip = *(rsp - 8) - 2
    "nop",
    ".globl aco_funcp_protector_asm",
    ".type aco_funcp_protector_asm, @function",
    "aco_funcp_protector_asm:", // the first frame
    "endbr64",
    "mov rbp, rsp",
    // The same through rbp.
    ".cfi_def_cfa rbp, 8",
    ".cfi_escape 0x16, 16, 5, 0x76, 0x78, 0x06, 0x32, 0x1c",
    // Two words down, so that the call leaves the return slot alone: the last word may end
    // the coroutine, and the next one on this stack needs the slot again.
    "sub rsp, 16",
    "and rsp, -16",
    "call aco_funcp_protector@PLT",
    "ud2",
    ".cfi_endproc",
    ".size aco_root, . - aco_root",
    ".size aco_funcp_protector_asm, . - aco_funcp_protector_asm",
    ".popsection",
);

unsafe extern "C" {
    /// What begins just before the first frame.
    #[link_name = "aco_root"]
    pub(crate) fn root_frame();
}

/// Bytes from `root_frame` to the address that an entry function returns to.
pub(crate) const ROOT_RETURN_OFFSET: usize = 1;
