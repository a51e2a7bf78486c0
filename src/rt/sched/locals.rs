//! Task-local values. Keys and arrays are those of coroutines (`record`). A task keeps its array in its cold part,
//! where its worker finds it without a lock.

use core::ffi::c_void;
use core::ptr;

use crate::record::{self, DESTRUCTOR_ROUNDS, Destructor, Values};
use crate::rt::model::{Task, Worker, task, task_cold};
use crate::rt::os::Result;

/// Creates a key and writes it to `key`. Errors: `EAGAIN` if all keys are in use.
///
/// # Safety
/// `key` is writable.
pub(crate) unsafe fn create_key(key: *mut u64, destructor: Option<Destructor>) -> Result<()> {
    // SAFETY: `key` is writable.
    if unsafe { record::create_key_at(key, destructor) } { Ok(()) } else { Err(libc::EAGAIN) }
}

/// Deletes a key. Errors: `EINVAL` if there is no such key.
pub(crate) fn delete_key(key: u64) -> Result<()> {
    if record::delete_key(key) { Ok(()) } else { Err(libc::EINVAL) }
}

/// The running task's value. NULL: none, or no task runs.
pub(crate) fn get(key: u64) -> *mut c_void {
    let task = task::current();
    if task.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the running task's values are this thread's alone.
    unsafe { task_cold::values(task).as_mut() }.map_or(ptr::null_mut(), |values| values.get(key))
}

/// Sets the running task's value. Errors: `EPERM` if no task runs; `EINVAL` if there is no such key; `ENOMEM`.
pub(crate) fn set(key: u64, value: *mut c_void) -> Result<()> {
    let task = task::current();
    if task.is_null() {
        return Err(libc::EPERM);
    }
    if !record::is_key(key) {
        return Err(libc::EINVAL);
    }
    // SAFETY: the running task's values are this thread's alone.
    let values = unsafe { task_cold::ensure_values(task).as_mut() }.ok_or(libc::ENOMEM)?;
    if values.set(key, value) { Ok(()) } else { Err(libc::ENOMEM) }
}

/// Runs the destructors of the values of a task that has ended. The task is the running task meanwhile, on the
/// scheduler's stack.
///
/// # Safety
/// `worker` is this thread's, and no task runs. The task is one of the worker's.
pub(super) unsafe fn run_destructors(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the values of the worker's task are this thread's alone.
    unsafe {
        if task_cold::values(task).as_ref().is_none_or(Values::is_empty) {
            return;
        }
        (*worker).current = task;
        for _ in 0..DESTRUCTOR_ROUNDS {
            if !run_round(task) {
                break;
            }
        }
        (*worker).current = ptr::null_mut();
        task_cold::values(task).replace(Values::EMPTY).free();
    }
}

/// Calls the destructor of each value. Returns false if there is none.
///
/// # Safety
/// As [`run_destructors`].
unsafe fn run_round(task: *mut Task) -> bool {
    let (mut index, mut has_run) = (0, false);
    // SAFETY: the task has values. A destructor may set values and so move the array: each step finds it again.
    unsafe {
        while let Some((destructor, value)) = (*task_cold::values(task)).take_next(&mut index) {
            has_run = true;
            destructor(value);
        }
    }
    has_run
}
