//! What is done once: as the objects of synchronisation.

use core::ffi::{c_int, c_void};

use super::{sync_object, try_status, until};
use crate::rt::model::abi::acort_once_t;
use crate::rt::model::caller::Caller;
use crate::rt::sync::once;

/// Calls `fn` with `arg` if no call has done so with this `once`. A call that comes meanwhile waits
/// until `fn` has returned; a later call returns at once. `fn` may wait, and must return: if it
/// ends its task, the other calls wait until their deadlines.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED` if the call waits for another one.
/// - `EDEADLK` in `fn` itself.
/// - `EINVAL` if `once` or `fn` is NULL.
/// - `EFAULT` if `once` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_once(
    once: *mut acort_once_t,
    r#fn: Option<unsafe extern "C" fn(*mut c_void)>,
    arg: *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `once` is not NULL, so it is an acort_once_t, in memory that does not move. `fn` can be called with
    // `arg`.
    try_status(|| unsafe {
        let (once, function) = (sync_object(caller, once)?, r#fn.ok_or(libc::EINVAL)?);
        once::once(caller, once, function, arg, until(deadline)?)
    })
}
