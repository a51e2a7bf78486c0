//! acort_blocking() and its like: the program's functions that block, on threads of the pool.

use core::ffi::c_void;
use core::ptr;

use super::job::Class;
use super::run::{self, Cancel};
use crate::rt::model::Worker;
use crate::rt::os::Result;
use crate::sys;

/// A function of the program.
type Function = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// A call of the program's function.
struct UserCall {
    function: Function,
    arg: *mut c_void,
    result: *mut c_void,
}

/// Calls the program's `function` on a thread of the pool. Returns its result, and sets errno as it did. In a plain
/// thread the call is made directly.
///
/// The function may use the caller's data, so a call that has begun is waited for: `cancel` is not `Anytime`.
///
/// Errors: `EFAULT` if `arg` is on a shared stack; those of [`run`](run::run).
///
/// # Safety
/// The program's function can be called with `arg`, on any thread.
pub(crate) unsafe fn run(
    function: Function,
    arg: *mut c_void,
    cancel: Cancel,
) -> Result<*mut c_void> {
    if Worker::is_on_shared_stack(arg) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the function can be called with `arg` on any thread.
    unsafe {
        let call = UserCall { function, arg, result: ptr::null_mut() };
        let (call, errno) = run::run(Class::User, cancel, call, |call| {
            call.result = (call.function)(call.arg);
        })?;
        sys::set_errno(errno);
        Ok(call.result)
    }
}
