//! Tasks: start, end, ids and names.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};

use super::{given, object, status, until};
use crate::diag;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_attr_t, acort_body_t, acort_task_t};
use crate::rt::model::{task, task_cold};
use crate::rt::os::Result;
use crate::rt::park::park;
use crate::rt::sched::{join, spawn};

/// Fills `attr` with the attributes that acort_go() uses. `size` is the size of the program's
/// struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `attr` is NULL or `size` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_attr_init(attr: *mut acort_attr_t, size: usize) -> c_int {
    // SAFETY: `attr` is NULL or writable for `size` bytes (F2).
    status(unsafe { size_prefixed::init(attr, size, &spawn::PLAIN) })
}

/// Starts a task that runs `fn` with `arg`, on its own stack of 256 KiB or the runtime's
/// `stack_size`. The task is ready at once, and runs when its turn comes. Any worker of the
/// caller's runtime may start it. It stays on that worker. It belongs to the caller's group.
/// acort_join() frees it; after acort_detach() its end does; otherwise its group does.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go(r#fn: acort_body_t, arg: *mut c_void) -> *mut acort_task_t {
    // SAFETY: `fn` can be called with `arg` (F3).
    object(unsafe { spawn::go(&spawn::PLAIN, r#fn, arg) }.map(NonNull::as_ptr))
}

/// Starts a task like acort_go(), with attributes. `attr` NULL means those of acort_go().
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an attribute is invalid, or attributes exclude each other.
/// - all errors of acort_go().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go_ex(
    attr: *const acort_attr_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    // SAFETY: `attr` is NULL or has as many bytes as its field `size` says (F2). Its name is a string (F2), its
    // group a live group (F1).
    let started = unsafe {
        size_prefixed::read(attr, &spawn::PLAIN).and_then(|attr| spawn::go(&attr, r#fn, arg))
    };
    object(started.map(NonNull::as_ptr))
}

/// Returns a task that exists. Fails with EINVAL if it is NULL, and with ESRCH if it was freed.
fn existing(task: *mut acort_task_t) -> Result<*mut acort_task_t> {
    task::check(task).map(NonNull::as_ptr)
}

/// Waits for the end of `task` and frees it. Stores its result in `*ret`; `ret` may be NULL. The
/// result is NULL if the task ended with aco_exit(). If the wait fails with `ETIMEDOUT` or
/// `ECANCELED`, the task can be joined again. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if `task` is the caller.
/// - `EINVAL` if `task` is NULL, a main task, detached, or joined by another call, or `deadline` is
///   invalid.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
/// - `ENOMEM` if the task never started because there was no memory for its stack. It is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_join(
    task: *mut acort_task_t,
    ret: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: the task exists (`existing`). `ret` is NULL or writable (F2).
    status(until(deadline).and_then(|deadline| unsafe {
        size_prefixed::write_if_some(ret, join::join(existing(task)?, deadline)?);
        Ok(())
    }))
}

/// Detaches `task`: it is freed when it ends, and cannot be joined. Do not use the handle
/// afterwards.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, a main task, detached, or joined by another call.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_detach(task: *mut acort_task_t) -> c_int {
    // SAFETY: the task exists (`existing`).
    status(existing(task).and_then(|task| unsafe { join::detach(task) }))
}

/// Ends the running task with the result `ret`. Does not return. The task's frames are not unwound.
///
/// # Aborts
/// If no task runs, or in a coroutine that a task has resumed.
#[unsafe(no_mangle)]
pub extern "C" fn acort_exit(ret: *mut c_void) -> ! {
    if spawn::exit(ret).is_none() {
        let what = format_args!("no task runs here");
        diag::fatal("acort_exit", task::current(), what, "only a task ends itself")
    }
    crate::sys::abort()
}

/// Lets the other ready tasks run. aco_yield() in a task does the same. A cancellation point: it
/// fails after the yield.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if called outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_yield() -> c_int {
    status(park::yield_now())
}

/// Returns the running task.
///
/// # Returns
/// The task. NULL in a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_self() -> *mut acort_task_t {
    task::current()
}

/// Returns the id of `task`. No id is used twice in a process.
///
/// # Returns
/// The id, or 0 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_id(task: *mut acort_task_t) -> u64 {
    match existing(task).and_then(given) {
        Ok(task) => task.id(),
        Err(error) => {
            crate::sys::set_errno(error);
            0
        }
    }
}

/// Returns the name of `task`. It is valid until the task is renamed or freed.
///
/// # Returns
/// The name. NULL if the task has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_name(task: *mut acort_task_t) -> *const c_char {
    // SAFETY: the task exists (`existing`).
    existing(task).map_or(ptr::null(), |task| unsafe { task_cold::name(task) }.cast_const())
}

/// Gives `task` a copy of `name`. NULL removes the name.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_name(task: *mut acort_task_t, name: *const c_char) -> c_int {
    // SAFETY: the task exists (`existing`). `name` is NULL or a string (F2).
    status(existing(task).and_then(|task| unsafe { spawn::rename(task, name) }))
}
