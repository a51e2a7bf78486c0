//! Calls that block.

use core::ffi::{c_int, c_void};

use super::status;
use crate::rt::base::size_prefixed;
use crate::rt::blocking::user_call;
use crate::rt::model::abi::acort_body_t;

/// Calls `fn` on a thread where it may block, and waits for its end: neither cancellation nor a deadline
/// ends that. Its result goes to `ret`, unless that is NULL, and its errno is the caller's. In a plain
/// thread it is called at once. Such calls leave threads to files and names, as acort_opts_t.blocking_threads
/// says.
///
/// `fn` begins with the signal mask, the processors and the floating-point environment of the thread that made the
/// runtime, whatever the caller has. What it changes of them is gone for the next call.
///
/// 0, or -1 and errno: EINVAL for NULL, EFAULT where `arg` lies on a shared stack, ENOMEM, EAGAIN: it
/// needs a thread, and none can be had, or 256 threads hang in calls that were given up.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`, on any thread; `ret` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_blocking(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg` on any thread; `ret` is NULL or writable.
    status(r#fn.ok_or(libc::EINVAL).and_then(|function| unsafe {
        size_prefixed::write_if_some(ret, user_call::run(function, arg)?);
        Ok(())
    }))
}
