//! What helps to find mistakes.

use core::ffi::c_int;

use super::non_null;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::{coroutine, overflow, stack};

/// Turns the overflow reporter on: a coroutine that runs off its guarded stack has a line on stderr,
/// with its address, entry function, argument and the size of its stack, before the fault goes on to
/// whatever handled it before (a core dump, a handler of the program's). Tasks of acort.h have their line
/// without this call. For the whole process; this
/// thread, and each thread that calls aco_thread_init() afterwards, gets a signal stack unless it has
/// one. 0, or -1 and errno.
#[unsafe(no_mangle)]
pub extern "C" fn aco_report_overflow() -> c_int {
    if overflow::enable() { 0 } else { -1 }
}

/// The deepest use of its stack by `co` that is known, in bytes. Known are its depth at each copy and
/// at its last switch, or now if it runs; and, after aco_share_stack_fill(), the deepest use of its
/// share stack in between, by any coroutine on it. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_stack_used(co: *mut aco_t) -> usize {
    let co = non_null("aco_stack_used", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::stack_used(co.as_ptr()) }
}

/// Fills the part of a share stack that no frame is on with a pattern, so that aco_stack_used() sees how
/// deep it is used from now on. All of that memory is then in use. To be called while nothing runs on
/// the stack. Aborts on NULL, on a destroyed stack, and on this very stack.
///
/// # Safety
/// `sstk` is NULL or a share stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_share_stack_fill(sstk: *mut aco_share_stack_t) {
    let stack = non_null("aco_share_stack_fill", "the share stack", sstk);
    // SAFETY: the caller's promise.
    unsafe { stack::paint("aco_share_stack_fill", stack.as_ptr()) }
}
