//! Tests with virtual time.

use core::ffi::{c_int, c_void};

use super::status;
use crate::rt::model::abi::{ACORT_TEST, acort_body_t, acort_opts_t};
use crate::rt::sched::{lifecycle, options};

/// Runs `fn` with `arg` as acort_run() does, with a virtual clock. The clock begins at the real
/// time. It stands still while a task runs, is ready, or waits for acort_blocking(). When no task is
/// ready, it jumps to the first deadline: an hour of sleep takes no time. acort_now() and
/// acort_after() read it in the tasks of the run, and all their deadlines are times of it.
///
/// `seed` gives the order in which tasks run, and the case that acort_select() takes. The same
/// `seed` gives the same order in every process. With 0, tasks run in the order in which they become
/// ready. It does not give the order in which calls of acort_blocking() run and end: real threads
/// make them.
///
/// A deadlock is reported at once, as acort_run() does. No other thread may wake a task of the run,
/// except a function of acort_blocking() that a task waits for. Calls on file descriptors, files,
/// names, signals and children fail with EPERM. ACORT_TEST_OUTSIDE permits all of these:
/// acort_run_ex() with ACORT_TEST.
///
/// Several threads may have test runs at the same time, each with its own clock. While there is one,
/// a plain thread's wait for an object fails with EINVAL if its deadline is neither 0 nor
/// ACORT_NEVER. The thread reads the real clock, and cannot know which one the deadline is for.
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
pub unsafe extern "C" fn acort_test_run(seed: u64, r#fn: acort_body_t, arg: *mut c_void) -> c_int {
    let options = acort_opts_t { flags: ACORT_TEST, test_seed: seed, ..options::DEFAULTS };
    // SAFETY: `fn` can be called with `arg`.
    status(unsafe { lifecycle::run(&options, r#fn, arg, core::ptr::null_mut()) })
}
