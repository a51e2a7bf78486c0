//! Runtimes that another event loop runs: acort_new() with ACORT_LOOP, without threads for tasks. The thread
//! that makes it makes its steps and frees it.

use core::ffi::{c_int, c_void};

use super::{non_null, try_answer, try_object, until};
use crate::rt::model::abi::{acort_body_t, acort_t, acort_task_t};
use crate::rt::sched::embed;

/// Returns a file descriptor that becomes readable (POLLIN) when acort_loop_step() has work. Poll
/// it; do nothing else with it. The runtime owns it.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` is NULL, or has no ACORT_LOOP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_fd(rt: *mut acort_t) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    try_answer(|| embed::backend_fd(unsafe { &*non_null(rt)? }))
}

/// Runs the ready tasks of `rt`, up to about a thousand turns. If none is ready and some live, it
/// waits for one until `deadline`: a loop that polls acort_loop_fd() passes 0. It detects no
/// deadlock.
///
/// # Returns
/// 1 while tasks live, 0 if none does, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` on another thread than the runtime's.
/// - `EBUSY` in a task.
/// - `EINVAL` if `rt` is NULL, or has no ACORT_LOOP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_step(rt: *mut acort_t, deadline: i64) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    try_answer(|| unsafe { embed::step(non_null(rt)?, until(deadline)?).map(c_int::from) })
}

/// Starts a task of `rt`, a runtime with ACORT_LOOP, from any thread; a step runs it. Join or
/// detach it, or acort_free() frees it.
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
    // SAFETY: `rt` is not NULL, so it is a runtime; `fn` can be called with `arg`.
    try_object(|| unsafe { embed::spawn(non_null(rt)?, r#fn, arg) })
}
