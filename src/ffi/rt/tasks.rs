//! Tasks: started, joined, named.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};

use super::{object, status, until};
use crate::diag;
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_attr_t, acort_body_t, acort_task_t};
use crate::rt::model::{task, task_cold};
use crate::rt::os::Result;
use crate::rt::park::park;
use crate::rt::sched::{join, spawn};

/// Fills `attr`, of which the program knows `size` bytes, with what acort_go() takes. 0, or -1 and EINVAL.
///
/// # Safety
/// `attr` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_attr_init(attr: *mut acort_attr_t, size: usize) -> c_int {
    // SAFETY: `attr` is NULL or writable for `size` bytes.
    status(unsafe { size_prefixed::init(attr, size, &spawn::DEFAULT_ATTRIBUTES) })
}

/// Starts a task that runs `fn`, on its own stack of 256 KiB: it is ready, and runs when its turn
/// comes, on any worker of the caller's runtime, on which it stays. It is in the caller's group. NULL and
/// errno: EPERM outside of tasks, EINVAL for NULL, ENOMEM, EFAULT where `arg` lies on a shared stack. Its
/// memory is freed by acort_join(), after acort_detach(), or with its group.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go(r#fn: acort_body_t, arg: *mut c_void) -> *mut acort_task_t {
    // SAFETY: `fn` can be called with `arg`.
    object(unsafe { spawn::spawn(&spawn::DEFAULT_ATTRIBUTES, r#fn, arg) }.map(NonNull::as_ptr))
}

/// acort_go() with attributes; NULL: none. EINVAL, too, for those that do not exist.
///
/// # Safety
/// `attr` is NULL or has `attr->size` bytes; its name is NULL or ends in 0, its group NULL or open. `fn` is
/// NULL or can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_go_ex(
    attr: *const acort_attr_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
) -> *mut acort_task_t {
    // SAFETY: `attr` is NULL or has `attr->size` bytes; its name and group are valid; `fn` can be called with `arg`.
    let started = unsafe {
        size_prefixed::read(attr, &spawn::DEFAULT_ATTRIBUTES)
            .and_then(|attr| spawn::spawn(&attr, r#fn, arg))
    };
    object(started.map(NonNull::as_ptr))
}

fn existing(task: *mut acort_task_t) -> Result<*mut acort_task_t> {
    task::check(task).map(NonNull::as_ptr)
}

/// Waits for the end of `task` and frees it; its result goes to `ret`, unless that is NULL: NULL where it
/// ended by aco_exit(). 0, or -1 and errno: ETIMEDOUT, ECANCELED (the task can be joined still); EDEADLK:
/// it is the caller; EINVAL: NULL, a main task, detached, or somebody joins it; ESRCH: it was freed, and
/// its memory not used again; ENOMEM: it was freed, and had never begun for want of a stack.
///
/// # Safety
/// `task` is NULL or a task; `ret` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_join(
    task: *mut acort_task_t,
    ret: *mut *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `check` has found the task; `ret` is NULL or writable.
    status(until(deadline).and_then(|deadline| unsafe {
        size_prefixed::write_if_some(ret, join::join(existing(task)?, deadline)?);
        Ok(())
    }))
}

/// Lets `task` be freed when it ends; nobody joins it then. 0, or -1 and errno: EINVAL, ESRCH as
/// acort_join().
///
/// # Safety
/// `task` is NULL or a task, which is not used from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_detach(task: *mut acort_task_t) -> c_int {
    // SAFETY: `check` has found the task.
    status(existing(task).and_then(|task| unsafe { join::detach(task) }))
}

/// Ends the running task with the result `ret`. Aborts where no task runs, and in a coroutine that a task
/// has resumed.
#[unsafe(no_mangle)]
pub extern "C" fn acort_exit(ret: *mut c_void) -> ! {
    if spawn::exit(ret).is_none() {
        let what = format_args!("no task runs here");
        diag::fatal("acort_exit", task::current(), what, "only a task ends itself")
    }
    crate::sys::abort()
}

/// Lets the other tasks run that are ready; aco_yield() in a task does the same. 0, or -1 and errno:
/// ECANCELED, after that, in a cancelled task; EPERM outside of tasks.
#[unsafe(no_mangle)]
pub extern "C" fn acort_yield() -> c_int {
    status(park::yield_now())
}

/// The running task; NULL: this is a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn acort_self() -> *mut acort_task_t {
    task::current()
}

/// The number of `task`, which no other has in the process; 0 and errno EINVAL or ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_id(task: *mut acort_task_t) -> u64 {
    match task::check(task) {
        // SAFETY: `check` has found the task.
        Ok(task) => unsafe { task.as_ref() }.id(),
        Err(error) => {
            crate::sys::set_errno(error);
            0
        }
    }
}

/// The name of `task`, good until it has another one or is freed; NULL: it has none.
///
/// # Safety
/// `task` is NULL or a task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_name(task: *mut acort_task_t) -> *const c_char {
    // SAFETY: `check` has found the task.
    existing(task).map_or(ptr::null(), |task| unsafe { task_cold::name(task) }.cast_const())
}

/// Copies a name for `task`; NULL: it has none any more. 0, or -1 and errno: EINVAL, ESRCH, ENOMEM.
///
/// # Safety
/// `task` is NULL or a task; `name` is NULL or ends in 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_set_name(task: *mut acort_task_t, name: *const c_char) -> c_int {
    // SAFETY: `check` has found the task; `name` is NULL or ends in 0.
    status(existing(task).and_then(|task| unsafe { spawn::rename(task, name) }))
}
