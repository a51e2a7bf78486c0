//! Inspection of tasks: hooks, a list, counters.

use core::ffi::{c_int, c_void};

use super::{non_null, try_answer, try_status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_hooks_t, acort_stats_t, acort_task_t};
use crate::rt::model::{hooks, task};
use crate::rt::sched::{dump, inspect};

/// Sets the hooks that are called for each task of the process from now on; NULL removes them.
///
/// # Safety
/// `hooks` stays unchanged until other hooks are set, and no task runs that it was called for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_hooks(hooks: *const acort_hooks_t) {
    hooks::set(hooks.cast_mut());
}

/// Writes a line about each task of the caller's runtime to `fd`: its number, its name or entry
/// function, what it waits for, and the owner of the mutex or lock that it waits for, if that is a
/// task of the caller's worker.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - The errors of write(2).
#[unsafe(no_mangle)]
pub extern "C" fn acort_dump(fd: c_int) -> c_int {
    // SAFETY: the runtime of the thread's worker.
    try_status(|| dump::dump(unsafe { &*inspect::current_runtime()? }, fd))
}

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended, until
/// `visit` returns a value other than 0. The tasks are those of the beginning; `visit` may do
/// anything with them. A task of another worker may end meanwhile: calls for it then fail with
/// ESRCH.
///
/// # Returns
/// The last value of `visit`, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - `EINVAL` if `visit` is NULL.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_foreach(
    visit: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t) -> c_int>,
    user: *mut c_void,
) -> c_int {
    // SAFETY: `visit` can be called with `user`. The runtime is that of the thread's worker.
    try_answer(|| unsafe {
        let visit = visit.ok_or(libc::EINVAL)?;
        inspect::for_each(&*inspect::current_runtime()?, visit, user)
    })
}

/// Returns the deepest known use of its stack by `task`: at its wait, or now if `task` is the
/// caller; with ACORT_MEASURE the deepest use ever, even after its end. Call it on the task's
/// worker; for a task that has ended or not begun, on any thread.
///
/// # Returns
/// The bytes, 0 if nothing is known, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the task runs on another worker.
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stack_used(task: *mut acort_task_t) -> libc::ssize_t {
    // SAFETY: `check` has found the task.
    try_answer(|| unsafe { inspect::stack_used(task::check(task)?.as_ptr()) })
}

/// Fills `stats` with counters of the caller's runtime. `size` is the size of the struct that the
/// program was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - `EINVAL` if `stats` is NULL, or `size` is too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stats(stats: *mut acort_stats_t, size: usize) -> c_int {
    // SAFETY: `stats` is writable for `size` bytes. The runtime is that of the thread's worker.
    try_status(|| unsafe {
        let stats = non_null(stats)?;
        size_prefixed::copy_out(stats, size, &inspect::stats(&*inspect::current_runtime()?))
    })
}
