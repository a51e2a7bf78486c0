//! Runtimes that another event loop runs: acort_new() with ACORT_LOOP, without threads for tasks. The thread
//! that makes it makes its steps and frees it.

use core::ffi::{c_int, c_void};

use super::{answer, non_null, object, until};
use crate::rt::model::abi::{acort_body_t, acort_t, acort_task_t};
use crate::rt::sched::embed;

/// A file descriptor that becomes readable (POLLIN) when acort_loop_step() has something to do: poll it, and
/// do nothing else with it. -1 and errno: EINVAL for NULL, and a runtime without ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_fd(rt: *mut acort_t) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    answer(non_null(rt).and_then(|runtime| embed::backend_fd(unsafe { &*runtime })))
}

/// Runs the tasks that are ready, up to about a thousand turns; where none is, and some live, waits for that
/// until `deadline`: a loop that polls gives 0. Tasks that nothing can wake are not found. 1 while tasks
/// live, 0 when none does, or -1 and errno: EPERM on another thread than its own, EBUSY inside a task,
/// EINVAL for NULL, and a runtime without ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_step(rt: *mut acort_t, deadline: i64) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    answer(
        non_null(rt)
            .and_then(|runtime| unsafe { embed::step(runtime, until(deadline)?) })
            .map(c_int::from),
    )
}

/// acort_go() from outside: starts a task of `rt`, from any thread; a step runs it. It is to be joined or
/// detached, or is freed with `rt`. NULL and errno: EINVAL for NULL, and a runtime without ACORT_LOOP;
/// EFAULT where `arg` lies on a shared stack; ENOMEM.
///
/// # Safety
/// `rt` is NULL or a runtime; `fn` is NULL or can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_loop_go(
    rt: *mut acort_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    // SAFETY: `rt` is not NULL, so it is a runtime; `fn` can be called with `arg`.
    object(non_null(rt).and_then(|runtime| unsafe { embed::spawn(runtime, r#fn, arg) }))
}
