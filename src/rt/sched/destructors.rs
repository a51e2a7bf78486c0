//! The destructors of a task's values and of its argument, which its worker runs at the end.
//!
//! * DS1. Each is called once, by the worker that ends the task, before the end is visible.
//! * DS2. The task is the running task meanwhile, but the scheduler's coroutine is the current one. So a call that
//!   would have to wait aborts.

use core::ptr;

use super::locals;
use crate::rt::model::{Task, Worker, task_cold};

/// Runs the destructors of a task that has ended, or never began.
///
/// # Safety
/// `worker` is this thread's, and no task runs. The task is one of the worker's.
#[inline(always)]
pub(super) unsafe fn run(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the task is the worker's.
    unsafe {
        if task_cold::exists(task) {
            run_cold(worker, task);
        }
    }
}

/// As [`run`], for a task with a cold part.
///
/// # Safety
/// As [`run`].
#[cold]
#[inline(never)]
unsafe fn run_cold(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the task is the worker's. Its argument's destructor takes the argument.
    unsafe {
        locals::run_destructors(worker, task);
        if let Some((destroy, arg)) = task_cold::take_arg_destructor(task) {
            (*worker).current = task;
            destroy(arg);
            (*worker).current = ptr::null_mut();
            // It may have set values.
            locals::run_destructors(worker, task);
        }
    }
}
