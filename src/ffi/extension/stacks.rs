//! Questions about the caller's stack.

use core::ffi::{c_int, c_void};

use crate::{coroutine, sys};

/// Returns the number of bytes left on the caller's stack: the stack of a coroutine, or the
/// thread's own. For a thread's stack that grows, the limit counts. The calls of the caller need
/// some of them.
///
/// # Returns
/// The number of bytes. 0 if the C library cannot tell the limit.
#[unsafe(no_mangle)]
pub extern "C" fn aco_stack_remaining() -> usize {
    coroutine::stack_remaining(sys::thread_stack_low)
}

/// Returns whether `ptr` points into the running coroutine's stack, and several coroutines share
/// that stack. The bytes there move when another coroutine runs: do not pass such a pointer to
/// another coroutine or thread.
///
/// # Returns
/// 1 or 0. 0 in a main coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_on_shared_stack(ptr: *const c_void) -> c_int {
    coroutine::is_on_shared_stack(ptr).into()
}
