//! Runtimes: a main task on this thread, or workers for many.

use core::ffi::{c_char, c_int, c_void};

use super::{non_null, status, try_object, try_status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_body_t, acort_opts_t, acort_t};
use crate::rt::sched::{lifecycle, options};

/// Runs `fn` with `arg` as the main task of a new runtime, on this thread. Returns when it and
/// every task that was started in the runtime have ended.
///
/// The result of `fn` goes to `ret`, unless `ret` is NULL. If nothing can wake the tasks that are
/// left, the runtime prints a line for each on stderr and cancels them. A task that then waits
/// again is abandoned: its frames are not unwound. While the process has threads that the runtime
/// does not know, it reports no deadlock: such a thread may wake a task.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if tasks were left that nothing could wake.
/// - `EBUSY` in a task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM`, `EMFILE` if the system has no memory or no file descriptors.
/// - The error of acort_group_fail() for the main task's group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg`; `ret` is NULL or writable.
    status(unsafe { lifecycle::run(&options::DEFAULTS, r#fn, arg, ret) })
}

/// Runs a main task as acort_run() does, with options: the sizes of stacks, `main_stack_size`
/// before all, and whether overflows are reported. With ACORT_TEST it is a test run, as
/// acort_test_run() makes one. With `opts` NULL it is acort_run().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `workers` is above 1, or `flags` has ACORT_LOOP or ACORT_PIN_CPUS, which are for
///   acort_new(); if ACORT_TEST_OUTSIDE or `test_seed` comes without ACORT_TEST.
/// - The errors of acort_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run_ex(
    opts: *const acort_opts_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `opts` is NULL or has `size` bytes; `fn` takes `arg`; `ret` is NULL or writable.
    try_status(|| unsafe {
        lifecycle::run(&size_prefixed::read(opts, &options::DEFAULTS)?, r#fn, arg, ret)
    })
}

/// Returns the version of the library that is loaded, as aco_version_string() does.
///
/// # Returns
/// The text, for example "1.3.0". The library owns it.
#[unsafe(no_mangle)]
pub extern "C" fn acort_version() -> *const c_char {
    crate::ffi::version::aco_version_string()
}

/// Fills `opts` with the defaults of acort_new(). `size` is the size of the struct that the program
/// was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` is NULL, or `size` is too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_opts_init(opts: *mut acort_opts_t, size: usize) -> c_int {
    // SAFETY: `opts` is NULL or writable for `size` bytes.
    status(unsafe { size_prefixed::init(opts, size, &options::DEFAULTS) })
}

/// Creates a runtime with worker threads. `opts` NULL is the defaults. The caller owns the runtime:
/// acort_free().
///
/// The threads inherit the caller's signal mask of this moment, the processors that the caller may
/// use, and its floating-point environment. A child that a task creates by fork(2), posix_spawn(3),
/// system(3) or popen(3) inherits them, too. Tools show the workers as "acort-work-0" and so on,
/// and the threads for blocking calls as "acort-blocking".
///
/// # Returns
/// The runtime, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an option is not valid, or `flags` has ACORT_TEST, which is for acort_run_ex().
/// - `ENOMEM`, `EMFILE`, `EAGAIN` if the system has no memory, file descriptors or threads.
/// - `EBUSY` in a task, for a runtime with ACORT_LOOP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_new(opts: *const acort_opts_t) -> *mut acort_t {
    // SAFETY: `opts` is NULL or has `opts->size` bytes.
    try_object(|| lifecycle::new(&unsafe { size_prefixed::read(opts, &options::DEFAULTS) }?))
}

/// Runs `fn` with `arg` as a main task of `rt`, on one of its workers. Returns when it and the
/// tasks of its group have ended: those that it and they start. Several threads may call it at
/// once.
///
/// The result of `fn` goes to `ret`, unless `ret` is NULL.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` on the thread that makes the steps of a runtime with ACORT_LOOP.
/// - `EINVAL` if `rt` or `fn` is NULL.
/// - The errors of acort_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_enter(
    rt: *mut acort_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime; `fn` can be called with `arg`, and `ret` is NULL or writable.
    try_status(|| unsafe { lifecycle::enter(non_null(rt)?, r#fn, arg, ret) })
}

/// Stops the threads of a runtime and frees it.
///
/// # Returns
/// 0, or -1 and `errno`: then the runtime is as before.
///
/// # Errors
/// - `EBUSY` if tasks live, a thread is in acort_enter(), or in a task.
/// - `EPERM` if the runtime has ACORT_LOOP, and this is not its thread.
/// - `EINVAL` if `rt` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_free(rt: *mut acort_t) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    try_status(|| unsafe { lifecycle::free(non_null(rt)?) })
}
