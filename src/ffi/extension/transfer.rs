//! Switches to others than the main_co.

use crate::abi::aco_t;
use crate::resume;

/// Leaves the running coroutine for `to`, which has the same main_co, in one switch: `to` is the current
/// coroutine then, the main_co goes on waiting in its aco_resume(), and a yield or the end of `to` goes
/// there. The coroutine that was left is resumed like any other that has yielded. Both may share a stack.
/// `to` is its main_co: aco_yield(); itself: nothing is done. The coroutine that aco_resume() was called
/// for may be destroyed by one that came after it. Aborts on NULL, in a main coroutine, where no coroutine
/// runs, and where `to` has another main_co, has ended, is destroyed or has no share stack any more.
///
/// # Safety
/// `to` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_yield_to(to: *mut aco_t) {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to(to, resume::transfer, resume::switch) }
}
