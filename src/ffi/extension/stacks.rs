//! Stacks: how much is left, and what lies on them.

use core::ffi::{c_int, c_void};

use crate::{coroutine, sys};

/// How many bytes are left on the stack that the caller is on: a coroutine's, or the thread's own (where
/// that grows, up to its limit; 0 if the C library does not tell). The caller's own calls need some.
#[unsafe(no_mangle)]
pub extern "C" fn aco_stack_remaining() -> usize {
    coroutine::stack_remaining(sys::thread_stack_low)
}

/// Does `ptr` point into the stack of the running coroutine, and do several coroutines share that? What
/// is there moves away when another one runs: nobody else may be given such a pointer. 1 or 0; 0 in a
/// main coroutine.
#[unsafe(no_mangle)]
pub extern "C" fn aco_on_shared_stack(ptr: *const c_void) -> c_int {
    coroutine::is_on_shared_stack(ptr).into()
}
