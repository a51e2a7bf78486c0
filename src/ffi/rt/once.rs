//! What is done once: as the objects of synchronisation.

use core::ffi::{c_int, c_void};

use super::{status, sync_object, until};
use crate::rt::model::abi::acort_once_t;
use crate::rt::model::caller::Caller;
use crate::rt::sync::once;

/// Calls `fn` with `arg` where nobody has done so with this `once`; who comes meanwhile waits for its end,
/// who comes later goes on at once. `fn` may wait, and is to return: where it ends its task the others wait
/// for ever. 0, or -1 and errno: ETIMEDOUT, ECANCELED, of who waits; EDEADLK inside `fn` itself; EFAULT
/// where `once` lies on a shared stack; EINVAL for NULL.
///
/// # Safety
/// `once` is NULL or such an object; `fn` is NULL or can be called with `arg`.
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
    status(sync_object(caller, once).and_then(|once| unsafe {
        let function = r#fn.ok_or(libc::EINVAL)?;
        once::once(caller, once, function, arg, until(deadline)?)
    }))
}
