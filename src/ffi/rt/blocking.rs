//! Blocking calls on other threads.

use core::ffi::{c_int, c_void};

use super::status;
use crate::rt::base::size_prefixed;
use crate::rt::blocking::call;
use crate::rt::model::abi::acort_body_t;

/// Calls `fn` with `arg` on a thread for blocking calls and waits for its end. Stores its result in
/// `*ret`; `ret` may be NULL. `errno` of `fn` becomes that of the caller. Neither cancellation nor
/// a deadline ends the wait. In a plain thread, `fn` is called directly. `blocking_threads` of
/// `acort_opts_t` says how many threads such calls leave for files and names. Not a cancellation
/// point.
///
/// `fn` starts with the signal mask, the processors and the floating-point environment of the
/// thread that created the runtime. Its changes of them do not affect later calls.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `EAGAIN` if no thread is available, or 256 threads are stuck in abandoned calls.
/// - `ENOMEM` if there is no memory.
///
/// # Safety
/// `fn` can be called on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_blocking(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg` on any thread (F3, F6). `ret` is NULL or writable (F2).
    status(r#fn.ok_or(libc::EINVAL).and_then(|function| unsafe {
        size_prefixed::write_if_some(ret, call::run(function, arg)?);
        Ok(())
    }))
}
