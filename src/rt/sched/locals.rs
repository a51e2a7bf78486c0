//! Local values of tasks.
//!
//! Values of tasks: keys and arrays are those of coroutines (`record`), but a task has its array beside its
//! block, where its worker finds it without a lock.

use core::ffi::c_void;
use core::ptr;

use crate::record::{self, DESTRUCTOR_ROUNDS, Destructor, Values};
use crate::rt::model::task::{self, Task};
use crate::rt::model::task_cold;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;

/// Makes a key, and writes it to `made`. EAGAIN: there are as many as can be.
///
/// # Safety
/// `made` is writable.
pub(crate) unsafe fn create_key(made: *mut u64, destructor: Option<Destructor>) -> Result<()> {
    // SAFETY: the caller's promise.
    if unsafe { record::create_key_at(made, destructor) } { Ok(()) } else { Err(libc::EAGAIN) }
}

/// Ends a key. EINVAL: there is no such key.
pub(crate) fn delete_key(key: u64) -> Result<()> {
    if record::delete_key(key) { Ok(()) } else { Err(libc::EINVAL) }
}

/// The running task's value; NULL: it has none, or this is a plain thread.
pub(crate) fn get(key: u64) -> *mut c_void {
    let task = task::current();
    if task.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the task that runs here.
    unsafe { task_cold::values(task).as_mut() }.map_or(ptr::null_mut(), |values| values.get(key))
}

/// Sets the running task's value. EPERM: there is none; EINVAL: no such key; ENOMEM.
pub(crate) fn set(key: u64, value: *mut c_void) -> Result<()> {
    let task = task::current();
    if task.is_null() {
        return Err(libc::EPERM);
    }
    if !record::is_key(key) {
        return Err(libc::EINVAL);
    }
    // SAFETY: the task that runs here; its array grows where it is too small.
    let values = unsafe { task_cold::ensure_values(task).as_mut() }.ok_or(libc::ENOMEM)?;
    if values.set(key, value) { Ok(()) } else { Err(libc::ENOMEM) }
}

/// Has the task values?
///
/// # Safety
/// It exists.
#[inline(always)]
pub(crate) unsafe fn has_any(task: *mut Task) -> bool {
    // SAFETY: the caller's promise.
    unsafe { task_cold::values(task).as_ref().is_some_and(|values| !values.is_empty()) }
}

/// A task has run to its end: destroys its values. It is the running task meanwhile, on the scheduler's
/// stack.
///
/// # Safety
/// `worker` is this thread's, in its scheduler; the task is its own, and has values.
#[cold]
#[inline(never)]
pub(crate) unsafe fn destroy_all(worker: *mut Worker, task: *mut Task) {
    // SAFETY: the caller's promise.
    unsafe {
        (*worker).current = task;
        for _ in 0..DESTRUCTOR_ROUNDS {
            if !destroy_each(task) {
                break;
            }
        }
        (*worker).current = ptr::null_mut();
        task_cold::values(task).replace(Values::EMPTY).free();
    }
}

/// Calls each destructor. False: there was nothing to destroy.
unsafe fn destroy_each(task: *mut Task) -> bool {
    let (mut index, mut found) = (0, false);
    // SAFETY: the caller's promise; destructors may set values, which moves the array.
    unsafe {
        while let Some((destructor, value)) = (*task_cold::values(task)).take_next(&mut index) {
            found = true;
            destructor(value);
        }
    }
    found
}
