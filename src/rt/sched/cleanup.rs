//! Cleanup functions of tasks: acort_cleanup_push() and what runs them at the end.
//!
//! ```text
//!   acort_exit            run_all on the frames of the caller, then the task ends
//!   the function returns,
//!   aco_exit              the coroutine has ended; finish: restart ──> the worker resumes it ──> cleanup_main: it runs
//!                                                                      all, and ends again
//!   abandoned             not run: freed with the task
//! ```
//!
//! * CU1. The list is the task's. Its worker alone uses it.
//! * CU2. A function is taken out of the list before it runs. So one that ends the task by acort_exit() or aco_exit()
//!   leaves the rest, which run next.
//! * CU3. They run in the task's coroutine, on its stack: they may wait. Whether the task is cancelled or masked does
//!   not change.
//! * CU4. A task that is restarted keeps its result on its stack, as its waits use the place in the block.

use core::ffi::c_void;

use crate::record::Destructor;
use crate::rt::model::{Task, Worker, task, task_cold};
use crate::rt::os::Result;
use crate::{coroutine, resume, tls};

/// The running task; none in a destructor, where the task has ended. Errors: `EPERM`.
fn current() -> Result<*mut Task> {
    let task = task::current();
    // SAFETY: the running task is live.
    match unsafe { task.as_ref() } {
        Some(running) if !running.has_result() => Ok(task),
        _ => Err(libc::EPERM),
    }
}

/// Pushes a function, which is called with `arg` when the running task ends. Errors: `EPERM` if no task runs, `ENOMEM`.
pub(crate) fn push(function: Destructor, arg: *mut c_void) -> Result<()> {
    // SAFETY: the task runs on this thread.
    if unsafe { task_cold::push_cleanup(current()?, function, arg) } {
        Ok(())
    } else {
        Err(libc::ENOMEM)
    }
}

/// Takes the function that was pushed last, and calls it if `is_called`. Errors: `EPERM` if no task runs; `EINVAL` if
/// there is none.
///
/// # Safety
/// The function can be called with its argument.
pub(crate) unsafe fn pop(is_called: bool) -> Result<()> {
    // SAFETY: the task runs on this thread.
    let (function, arg) = unsafe { task_cold::pop_cleanup(current()?) }.ok_or(libc::EINVAL)?;
    if is_called {
        // SAFETY: the function can be called with its argument.
        unsafe { function(arg) }
    }
    Ok(())
}

/// Calls all functions of the running task, the last one first (CU2).
///
/// # Safety
/// A task runs on this thread, in its own coroutine.
pub(super) unsafe fn run_all() {
    // SAFETY: the task stays with its worker (T2). A function can be called with its argument.
    unsafe {
        while let Some((function, arg)) = task_cold::pop_cleanup(task::current()) {
            function(arg);
        }
    }
}

/// Restarts the coroutine of a task that has ended, if cleanup functions are left. The task runs them next, and ends
/// again. Returns false if there are none.
///
/// # Safety
/// `worker` is this thread's, and no task runs. `task` is STARTED on it, has a result, and its coroutine has ended.
#[inline(always)]
pub(super) unsafe fn restart(worker: *mut Worker, task: *mut Task) -> bool {
    // SAFETY: the task is the worker's.
    unsafe { task_cold::has_cleanups(task) && restart_cold(worker, task) }
}

/// As [`restart`], for a task with cleanup functions.
///
/// # Safety
/// As [`restart`].
#[cold]
#[inline(never)]
unsafe fn restart_cold(worker: *mut Worker, task: *mut Task) -> bool {
    // SAFETY: the coroutine has ended, and is the task's. The task is in no list.
    unsafe {
        let co = (*task).co;
        let (entry, arg) = ((*co).fp, (*co).arg);
        coroutine::restart(co, Some(cleanup_main), arg);
        // A report or a debugger is to see the task's own function.
        (*co).fp = entry;
        (*worker).run_queue.push(task);
    }
    true
}

/// The entry function of a coroutine that is restarted (CU4).
unsafe extern "C" fn cleanup_main() {
    // SAFETY: the scheduler has resumed a task with a result, which stays on this worker (T2).
    unsafe {
        let result = (*task::current()).take_result();
        run_all();
        (*task::current()).set_result(result);
        resume::exit(tls::current(), resume::exit_to)
    }
}
