//! Tasks: started, joined, named.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};

use super::{object, refused, status, try_object, try_status, until};
use crate::diag;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{ACORT_DETACHED, acort_attr_t, acort_body_t, acort_task_t};
use crate::rt::model::{task, task_cold};
use crate::rt::os::Result;
use crate::rt::park::suspend;
use crate::rt::sched::{join, spawn};

/// Fills `attr` with the attributes of acort_go(). `size` is the size of the struct that the
/// program was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `attr` is NULL, or `size` is too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_attr_init(attr: *mut acort_attr_t, size: usize) -> c_int {
    // SAFETY: `attr` is NULL or writable for `size` bytes.
    status(unsafe { size_prefixed::init(attr, size, &spawn::DEFAULT_ATTRIBUTES) })
}

/// Starts a task that runs `fn` with `arg`, on a private stack of 256 KiB. The task is ready. A
/// worker of the caller's runtime takes it, and it stays with that worker. It is in the caller's
/// group. acort_join() frees it, or its end after acort_detach(), or its group.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks: acort_run() and acort_enter() run the first task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EFAULT` if `arg` is on a shared stack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go(r#fn: acort_body_t, arg: *mut c_void) -> *mut acort_task_t {
    // SAFETY: `fn` can be called with `arg`.
    object(unsafe { spawn::spawn(&spawn::DEFAULT_ATTRIBUTES, r#fn, arg).map(NonNull::as_ptr) })
}

/// Starts a task as acort_go() does, with attributes. `attr` NULL is none.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL, or an attribute is not valid. If that is `size`, `arg_destroy` is not
///   called.
/// - The errors of acort_go().
///
/// # Safety
/// The group of `attr` is NULL or open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go_ex(
    attr: *const acort_attr_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    // SAFETY: `attr` is NULL or has `attr->size` bytes; its name and group are valid; `fn` can be called with `arg`.
    try_object(|| unsafe {
        let attr = size_prefixed::read(attr, &spawn::DEFAULT_ATTRIBUTES)?;
        let started = spawn::spawn(&attr, r#fn, arg).map(NonNull::as_ptr);
        started.inspect_err(|_| spawn::destroy_argument(&attr, arg))
    })
}

/// Starts a task as acort_go() does, with flags of `acort_attr_t`: `ACORT_SHARED | ACORT_NEXT`.
///
/// # Returns
/// The task, or NULL and `errno`. With ACORT_DETACHED do not use the task.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL, or `flags` are not valid.
/// - The errors of acort_go().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go_flags(
    flags: u32,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    let attr = acort_attr_t { flags, ..spawn::DEFAULT_ATTRIBUTES };
    // SAFETY: `fn` can be called with `arg`.
    object(unsafe { spawn::spawn(&attr, r#fn, arg).map(NonNull::as_ptr) })
}

/// Starts a task as acort_go() does, detached: it is freed when it ends.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_go().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go_detached(r#fn: acort_body_t, arg: *mut c_void) -> c_int {
    let attr = acort_attr_t { flags: ACORT_DETACHED, ..spawn::DEFAULT_ATTRIBUTES };
    // SAFETY: `fn` can be called with `arg`.
    status(unsafe { spawn::spawn(&attr, r#fn, arg).map(drop) })
}

fn existing(task: *mut acort_task_t) -> Result<*mut acort_task_t> {
    task::check(task).map(NonNull::as_ptr)
}

/// Waits until `task` has ended, and frees it. Its result goes to `ret`, unless `ret` is NULL; the
/// result is NULL if the task ended by aco_exit().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: the task can still be joined.
/// - `EDEADLK` if `task` is the caller.
/// - `EINVAL` if `task` is NULL, a main task or detached, or another call joins it.
/// - `ESRCH` if the task was freed, and its memory is not used again.
/// - `ENOMEM` if the task never began: there was no memory for its stack. It is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_join(
    task: *mut acort_task_t,
    ret: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `check` has found the task; `ret` is NULL or writable.
    try_status(|| unsafe {
        let deadline = until(deadline)?;
        size_prefixed::write_if_some(ret, join::join(existing(task)?, deadline)?);
        Ok(())
    })
}

/// Detaches `task`: it is freed when it ends, and cannot be joined. Do not use it afterwards.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, a main task or detached, or a call joins it.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_detach(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    try_status(|| unsafe { join::detach(existing(task)?) })
}

/// Ends the running task with the result `ret`. Does not return.
///
/// # Aborts
/// If no task runs here, or the caller is a coroutine that a task has resumed.
#[unsafe(no_mangle)]
pub extern "C" fn acort_exit(ret: *mut c_void) -> ! {
    if spawn::exit(ret).is_none() {
        let what = format_args!("no task runs here");
        diag::fatal("acort_exit", task::current(), what, "only a task ends itself")
    }
    crate::sys::abort()
}

/// Lets the other ready tasks of the worker run. aco_yield() in a task does the same.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED`, afterwards, if the task is cancelled.
/// - `EPERM` outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_yield() -> c_int {
    status(suspend::yield_now())
}

/// Returns the running task.
///
/// # Returns
/// The task. NULL in a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_self() -> *mut acort_task_t {
    task::current()
}

/// Returns the number of `task`. No other task of the process has it.
///
/// # Returns
/// The number, or 0 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_id(task: *mut acort_task_t) -> u64 {
    match task::check(task) {
        // SAFETY: `check` has found the task.
        Ok(task) => unsafe { task.as_ref() }.id(),
        Err(error) => {
            refused(error);
            0
        }
    }
}

/// Returns the name of `task`. It is valid until the task gets another name or is freed.
///
/// # Returns
/// The name. NULL if the task has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_name(task: *mut acort_task_t) -> *const c_char {
    // SAFETY: `check` has found the task.
    existing(task).map_or(ptr::null(), |task| unsafe { task_cold::name(task) }.cast_const())
}

/// Gives `task` a copy of `name`; NULL removes its name.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_name(task: *mut acort_task_t, name: *const c_char) -> c_int {
    // SAFETY: `check` has found the task; `name` is NULL or ends in 0.
    try_status(|| unsafe { spawn::rename(existing(task)?, name) })
}
