//! Runtimes: a main task on this thread, or workers for many.

use core::ffi::{c_char, c_int, c_void};

use super::{non_null, object, status};
use crate::rt::base::size_prefixed;
use crate::rt::model::abi::{acort_body_t, acort_opts_t, acort_t};
use crate::rt::sched::{lifecycle, options};

/// Runs `fn` as the main task of a runtime of its own, on this thread, until it and every task that was
/// started in it have ended; its result goes to `ret`, unless that is NULL. 0, or -1 and errno: EDEADLK
/// where nothing could ever wake the tasks that were left: they are shown on stderr, a line each, and
/// cancelled; those that wait again are given up, their frames forgotten. EBUSY inside a task, EINVAL for
/// NULL, ENOMEM, EMFILE.
///
/// While the process has threads that the runtime does not know nothing is said to be stuck: they
/// might wake somebody.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`; `ret` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run(
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `fn` can be called with `arg`; `ret` is NULL or writable.
    status(unsafe { lifecycle::run(&options::DEFAULTS, r#fn, arg, ret) })
}

/// As acort_run(), with options: the sizes of the stacks, `main_stack_size` before all, and whether overflows
/// are reported. NULL: as acort_run(). EINVAL, too, for `workers` above 1, ACORT_LOOP and ACORT_PIN_CPUS, which
/// are for acort_new().
///
/// # Safety
/// `opts` is NULL or has `opts->size` bytes; as acort_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_run_ex(
    opts: *const acort_opts_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `opts` is NULL or has `size` bytes; `fn` takes `arg`; `ret` is NULL or writable.
    unsafe {
        let options = size_prefixed::read(opts, &options::DEFAULTS);
        status(options.and_then(|options| lifecycle::run(&options, r#fn, arg, ret)))
    }
}

/// The version of the library that runs, as aco_version_string(): "1.3.0". The text is the library's.
#[unsafe(no_mangle)]
pub extern "C" fn acort_version() -> *const c_char {
    crate::ffi::version::aco_version_string()
}

/// Fills `opts`, of which the program knows `size` bytes, with what acort_new(NULL) takes. 0, or -1 and
/// EINVAL.
///
/// # Safety
/// `opts` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_opts_init(opts: *mut acort_opts_t, size: usize) -> c_int {
    // SAFETY: `opts` is NULL or writable for `size` bytes.
    status(unsafe { size_prefixed::init(opts, size, &options::DEFAULTS) })
}

/// A runtime with threads that run tasks: `opts`, or NULL for the default. NULL and errno: EINVAL, ENOMEM,
/// EMFILE, EAGAIN; EBUSY inside a task for one with ACORT_LOOP. The caller owns it: acort_free().
///
/// The threads inherit the caller's signal mask, as it is now, the processors that the caller may use, and its
/// floating-point environment. So does each child that a task makes, by fork(2), posix_spawn(3), system(3) or
/// popen(3), with the signal mask. Tools show the threads as "acort-work-0" and so on, those for blocking calls as
/// "acort-blocking".
///
/// # Safety
/// `opts` is NULL or has `opts->size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_new(opts: *const acort_opts_t) -> *mut acort_t {
    // SAFETY: `opts` is NULL or has `opts->size` bytes.
    let options = unsafe { size_prefixed::read(opts, &options::DEFAULTS) };
    object(options.and_then(|options| lifecycle::new(&options)))
}

/// Runs `fn` as a main task of `rt`, on one of its threads, and waits until it and the tasks of its group,
/// those that it and they start, have ended. Several threads may do so at once. 0, or -1 and errno, as
/// acort_run(); EDEADLK, too, on the thread that makes the steps of a runtime with ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime; as acort_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_enter(
    rt: *mut acort_t,
    r#fn: acort_body_t,
    arg: *mut c_void,
    ret: *mut *mut c_void,
) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime; `fn` can be called with `arg`, and `ret` is NULL or writable.
    status(non_null(rt).and_then(|rt| unsafe { lifecycle::enter(rt, r#fn, arg, ret) }))
}

/// Ends the threads of a runtime and frees it. 0, or -1 and errno: EBUSY while tasks live, or inside a
/// task; EINVAL for NULL; EPERM for one with ACORT_LOOP on another thread than its own.
///
/// # Safety
/// `rt` is NULL or a runtime that nobody uses from here on, if this succeeds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_free(rt: *mut acort_t) -> c_int {
    // SAFETY: `rt` is not NULL, so it is a runtime.
    status(non_null(rt).and_then(|rt| unsafe { lifecycle::free(rt) }))
}
