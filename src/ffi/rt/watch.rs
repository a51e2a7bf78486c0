//! Inspection: hooks, lists and counters.

use core::ffi::{c_int, c_void};

use super::{answer, given, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_hooks_t, acort_stats_t, acort_task_t};
use crate::rt::model::{hooks, task};
use crate::rt::sched::{depth, inspect};

/// Sets the hooks for all tasks of the process. NULL removes them. The struct is not copied.
///
/// # Safety
/// `hooks` stays valid and unchanged until other hooks are set and all tasks that called one of its
/// hooks have ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_hooks(hooks: *const acort_hooks_t) {
    hooks::set(hooks.cast_mut());
}

/// Writes a line about each task of the caller's runtime to the file descriptor `fd`. The line has
/// the task's id, its name or its entry function, and what it waits for. For a task of the caller's
/// worker that waits for a mutex or a lock, it has the owner, too.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - the errors of write(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_dump(fd: c_int) -> c_int {
    // SAFETY: the runtime exists, because this thread is a worker of it (`current_runtime`).
    status(inspect::current_runtime().and_then(|runtime| inspect::dump(unsafe { &*runtime }, fd)))
}

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended. A value
/// other than 0 ends the calls. The tasks are those that exist when the function is called. `visit`
/// may do anything with a task. A task of another worker may end during the visit: calls for it
/// then fail with `ESRCH`.
///
/// # Returns
/// The value of the last call, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - `EINVAL` if `visit` is NULL.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_foreach(
    visit: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t) -> c_int>,
    user: *mut c_void,
) -> c_int {
    answer(visit.ok_or(libc::EINVAL).and_then(|visit| {
        let runtime = inspect::current_runtime()?;
        // SAFETY: this thread is a worker of the runtime (`current_runtime`). `visit` can be called with a task (F3).
        unsafe { inspect::for_each(&*runtime, visit, user) }
    }))
}

/// Measures the deepest known use of its stack by `task`, in bytes. Known is its depth where it
/// waits, or now if it is the caller. With ACORT_MEASURE it is the maximum, also after the end of
/// the task. Call it on the worker of the task. For a task that has ended or not started, any
/// thread may call it.
///
/// # Returns
/// The depth in bytes. 0 if nothing is known. Or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the task runs on another worker.
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stack_used(task: *mut acort_task_t) -> libc::ssize_t {
    // SAFETY: the task exists (`check`).
    answer(task::check(task).and_then(|task| unsafe { depth::used(task.as_ptr()) }))
}

/// Stores the counters of the caller's runtime in `stats`. `size` is the size of the program's
/// struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - `EINVAL` if `stats` is NULL or `size` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stats(stats: *mut acort_stats_t, size: usize) -> c_int {
    status(given(stats).and_then(|stats| {
        // SAFETY: this thread is a worker of the runtime. `stats` is writable for `size` bytes (F2).
        unsafe {
            size_prefixed::copy_out(stats, size, &inspect::stats(&*inspect::current_runtime()?))
        }
    }))
}
