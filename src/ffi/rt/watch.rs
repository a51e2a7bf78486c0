//! What tasks do: hooks, a list, numbers.

use core::ffi::{c_int, c_void};

use super::{answer, non_null, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_hooks_t, acort_stats_t, acort_task_t};
use crate::rt::model::{hooks, task};
use crate::rt::sched::{dump, inspect};

/// Tells `hooks` of each task of the process from now on; NULL: nobody.
///
/// # Safety
/// `hooks` is NULL, or stays as it is until others are set and no task runs that was told of.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_hooks(hooks: *const acort_hooks_t) {
    hooks::set(hooks.cast_mut());
}

/// Writes a line about each task of the caller's runtime to `fd`: its number, its name or its entry
/// function, what it waits for, and which task has the mutex or lock that it waits for, if it is of the caller's
/// worker. 0, or -1 and errno: EPERM outside of runtimes, what write(2) says.
#[unsafe(no_mangle)]
pub extern "C" fn acort_dump(fd: c_int) -> c_int {
    // SAFETY: the runtime of the thread's worker.
    status(inspect::current_runtime().and_then(|runtime| dump::dump(unsafe { &*runtime }, fd)))
}

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended, until that gives
/// something else than 0, which this gives, too. 0, or -1 and errno: EPERM outside of runtimes, EINVAL,
/// ENOMEM. The tasks are those that were there at the beginning; `visit` may do with them what it likes. On
/// another worker one may end while it is looked at: calls for it then say ESRCH.
///
/// # Safety
/// `visit` is NULL or can be called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_foreach(
    visit: Option<unsafe extern "C" fn(*mut c_void, *mut acort_task_t) -> c_int>,
    user: *mut c_void,
) -> c_int {
    answer(visit.ok_or(libc::EINVAL).and_then(|visit| {
        let runtime = inspect::current_runtime()?;
        // SAFETY: `visit` can be called with `user`. The runtime is that of the thread's worker.
        unsafe { inspect::for_each(&*runtime, visit, user) }
    }))
}

/// The deepest use of its stack by `task` that is known, in bytes: where it waits, or now if it is the caller;
/// with ACORT_MEASURE the deepest there ever was, after its end, too. 0: nothing is known. From the worker
/// that it runs on; of one that has ended, or not begun, from any thread. -1 and errno: EBUSY: it runs on
/// another worker; EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stack_used(task: *mut acort_task_t) -> libc::ssize_t {
    // SAFETY: `check` has found the task.
    answer(task::check(task).and_then(|task| unsafe { inspect::stack_used(task.as_ptr()) }))
}

/// Fills `stats`, of which the program knows `size` bytes, with what the caller's runtime has done. 0, or
/// -1 and errno: EPERM outside of runtimes, EINVAL.
///
/// # Safety
/// `stats` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_stats(stats: *mut acort_stats_t, size: usize) -> c_int {
    status(non_null(stats).and_then(|stats| {
        // SAFETY: `stats` is writable for `size` bytes. The runtime is that of the thread's worker.
        unsafe {
            size_prefixed::copy_out(stats, size, &inspect::stats(&*inspect::current_runtime()?))
        }
    }))
}
