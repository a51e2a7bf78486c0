//! Diagnostics: overflows of stacks, and their use.

use core::ffi::c_int;

use super::non_null;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{coroutine, overflow, stack};

/// Enables the overflow reporter of the process. If a coroutine overflows its guarded stack, the
/// reporter prints a line on stderr. The line has the address of the coroutine, its entry function,
/// its argument and the size of its stack. Then the fault has its previous action: a core dump, or
/// a handler of the program. The calling thread, and each thread that calls aco_thread_init()
/// later, gets a signal stack unless it has one. Tasks of acort.h are reported without this call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of mmap(2), sigaction(2) and sigaltstack(2).
#[unsafe(no_mangle)]
pub extern "C" fn aco_report_overflow() -> c_int {
    if overflow::enable() { 0 } else { -1 }
}

/// Measures the deepest known use of its stack by `co`, in bytes. Known are its depth at each copy
/// and at its last switch, or now if it is running. After aco_share_stack_fill() the deepest use of
/// the stack in between counts, too, by any coroutine on it.
///
/// # Returns
/// The depth in bytes.
///
/// # Aborts
/// If `co` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_stack_used(co: *mut aco_t) -> usize {
    let co = non_null("aco_stack_used", "the coroutine", co);
    // SAFETY: `co` is not NULL (checked), so it is a coroutine (F1).
    unsafe { coroutine::stack_used(co.as_ptr()) }
}

/// Fills the unused part of a share stack with a pattern, for aco_stack_used(). The pattern makes
/// all of that memory resident.
///
/// # Aborts
/// - if `sstk` is NULL or destroyed.
/// - if the caller runs on `sstk`.
///
/// # Safety
/// No coroutine runs on `sstk`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_fill(sstk: *mut aco_share_stack_t) {
    let stack = non_null("aco_share_stack_fill", "the share stack", sstk);
    // SAFETY: `sstk` is not NULL (checked), so it is a share stack (F1). Nothing runs on it (F6).
    unsafe { stack::paint("aco_share_stack_fill", stack.as_ptr()) }
}
