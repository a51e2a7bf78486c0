//! Runtimes: with the calling thread as worker, or with threads of their own.

use core::ffi::{c_char, c_int, c_void};

use super::{given, object, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_body_t, acort_opts_t, acort_t};
use crate::rt::sched::{build, lifecycle};

/// Runs `fn` as the main task of a new runtime, on the calling thread. Returns when it and all
/// tasks of the runtime have ended. Stores the result of `fn` in `*ret`; `ret` may be NULL.
///
/// If nothing can wake the remaining tasks, the call prints a line for each of them on stderr and
/// cancels them. Tasks that block again are abandoned: their frames are not unwound. The call then
/// fails with `EDEADLK`. While the process has threads outside of the runtime, no deadlock is
/// detected: such a thread may wake a task.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if nothing could wake the remaining tasks.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EMFILE` if the process has too many open files.
/// - the error of acort_group_fail() for the main task's group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg` (F3). `ret` is NULL or writable (F2).
    status(unsafe { lifecycle::run(&build::DEFAULTS, r#fn, arg, ret) })
}

/// Runs a main task like acort_run(), with options for stack sizes and overflow reports. NULL means
/// the defaults.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` has `workers` above 1, ACORT_LOOP or ACORT_PIN_CPUS: those are for
///   acort_new().
/// - all errors of acort_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run_ex(
    opts: *const acort_opts_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `opts` is NULL or has as many bytes as its field `size` says (F2). `fn` takes `arg` (F3). `ret` is NULL or
    // writable (F2).
    unsafe {
        let options = size_prefixed::read(opts, &build::DEFAULTS);
        status(options.and_then(|options| lifecycle::run(&options, r#fn, arg, ret)))
    }
}

/// Returns the version of the library that is loaded, as text: "1.3.0". The text is static. See
/// aco_version_string().
#[unsafe(no_mangle)]
pub extern "C" fn acort_version() -> *const c_char {
    crate::ffi::version::aco_version_string()
}

/// Fills `opts` with the defaults, which acort_new() uses for NULL. `size` is the size of the
/// program's struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` is NULL or `size` is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_opts_init(opts: *mut acort_opts_t, size: usize) -> c_int {
    // SAFETY: `opts` is NULL or writable for `size` bytes (F2).
    status(unsafe { size_prefixed::init(opts, size, &build::DEFAULTS) })
}

/// Creates a runtime with threads that run tasks. `opts` NULL means the defaults. The caller owns
/// the runtime and frees it with acort_free().
///
/// The threads inherit the caller's present signal mask, its processors and its floating-point
/// environment. Children that a task creates with fork(2), posix_spawn(3), system(3) or popen(3)
/// inherit them, too. Tools show the threads as "acort-work-0" and so on, and the threads for
/// blocking calls as "acort-blocking".
///
/// # Returns
/// The runtime, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an option is invalid.
/// - `ENOMEM` if there is no memory.
/// - `EMFILE` if the process has too many open files.
/// - `EAGAIN` if a thread cannot be created.
/// - `EBUSY` if called in a task, with ACORT_LOOP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_new(opts: *const acort_opts_t) -> *mut acort_t {
    // SAFETY: `opts` is NULL or has as many bytes as its field `size` says (F2).
    let options = unsafe { size_prefixed::read(opts, &build::DEFAULTS) };
    object(options.and_then(|options| lifecycle::new(&options)))
}

/// Runs `fn` as a main task of `rt` on one of its threads. Waits until the main task and all tasks
/// of its group have ended. Tasks belong to the group of the task that starts them. Stores the
/// result of `fn` in `*ret`; `ret` may be NULL. Several threads may enter a runtime at the same
/// time.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if nothing could wake the remaining tasks, or if called on the thread that runs a
///   runtime with ACORT_LOOP.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `rt` or `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - the error of acort_group_fail() for the main task's group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_enter(
    rt: *mut acort_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `rt` is a runtime (`given`). `fn` can be called with `arg` (F3). `ret` is NULL or writable (F2).
    status(given(rt).and_then(|rt| unsafe { lifecycle::enter(rt, r#fn, arg, ret) }))
}

/// Stops the threads of a runtime and frees it.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if tasks live, a thread is in acort_enter(), or the caller is a task.
/// - `EPERM` if the runtime has ACORT_LOOP and another thread created it.
/// - `EINVAL` if `rt` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_free(rt: *mut acort_t) -> c_int {
    // SAFETY: `rt` is a runtime (`given`). Nothing uses it after a success (F5).
    status(given(rt).and_then(|rt| unsafe { lifecycle::free(rt) }))
}
