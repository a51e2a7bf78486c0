//! Beginnings and ends: reuse.

use core::ffi::c_void;

use crate::abi::{aco_cofuncp_t, aco_t};
use crate::coroutine;
use crate::ffi::non_null;

/// Makes a coroutine that has ended, or not begun, begin anew with `fp` and `arg` when it is next
/// resumed: on the same stack, by the same main_co, with the floating-point environment of a fresh
/// one. Nothing is allocated; the counters of its save area go on. Aborts on NULL, on a main
/// coroutine, on one that has begun and not ended, and where it or its share stack is destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aco_reset(co: *mut aco_t, fp: aco_cofuncp_t, arg: *mut c_void) {
    let co = non_null("aco_reset", "the coroutine", co);
    // SAFETY: the caller's promise.
    unsafe { coroutine::reset(co.as_ptr(), fp, arg) }
}
