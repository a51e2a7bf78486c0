//! One-time calls: a synchronization object, as in `sync`.

use core::ffi::{c_int, c_void};

use super::{placed, status, until};
use crate::rt::model::abi::acort_once_t;
use crate::rt::model::caller::Caller;
use crate::rt::sync::once;

/// Calls `fn` with `arg`, if no call has done so with this `once`. Concurrent calls wait for the
/// end of `fn`. Later calls return at once. `fn` may block. It must return: if it ends its task,
/// the waiters wait forever. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes while the call waits.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if called inside `fn`.
/// - `EINVAL` if `once` or `fn` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `once` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_once(
    once: *mut acort_once_t,
    r#fn: Option<unsafe extern "C" fn(*mut c_void)>,
    arg: *mut c_void,
    deadline: i64,
) -> c_int {
    let caller = Caller::current();
    // SAFETY: `placed` returns an object that is live (F1) and does not move.
    status(placed(caller, once).and_then(|once| unsafe {
        let function = r#fn.ok_or(libc::EINVAL)?;
        once::once(caller, once, function, arg, until(deadline)?)
    }))
}
