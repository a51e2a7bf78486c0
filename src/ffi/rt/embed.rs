//! Runtimes that another event loop runs: acort_new() with ACORT_LOOP. Such a runtime has no threads for tasks. The
//! thread that creates it runs its steps and frees it.

use core::ffi::{c_int, c_void};

use super::{answer, given, object, until};
use crate::rt::model::abi::{acort_body_t, acort_t, acort_task_t};
use crate::rt::sched::embed;

/// Returns a file descriptor that becomes readable (POLLIN) when acort_loop_step() has work. Only
/// poll it. The runtime owns it.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` is NULL or has no ACORT_LOOP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_fd(rt: *mut acort_t) -> c_int {
    answer(given(rt).and_then(|runtime| embed::backend_fd(runtime)))
}

/// Runs the tasks that are ready, up to about a thousand switches. If none is ready and tasks live,
/// waits for one until `deadline`. An event loop that polls passes 0. Deadlocks are not detected.
/// Only the thread that created the runtime may call this function.
///
/// # Returns
/// 1 if tasks live, 0 if none does, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if another thread created the runtime.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `rt` is NULL or has no ACORT_LOOP, or `deadline` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_step(rt: *mut acort_t, deadline: i64) -> c_int {
    // SAFETY: `rt` is a runtime (`given`).
    answer(
        given(rt)
            .and_then(|runtime| unsafe { embed::step(runtime, until(deadline)?) })
            .map(c_int::from),
    )
}

/// Starts a task of a runtime with ACORT_LOOP, from any thread. The next acort_loop_step() runs it.
/// Join or detach the task. Otherwise it is freed with `rt`.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` or `fn` is NULL, or `rt` has no ACORT_LOOP.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_go(
    rt: *mut acort_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    // SAFETY: `rt` is a runtime (`given`). `fn` can be called with `arg` (F3).
    object(given(rt).and_then(|runtime| unsafe { embed::go(runtime, r#fn, arg) }))
}
