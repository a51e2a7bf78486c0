//! Signals and children.

use core::ffi::{c_int, c_void};

use super::{non_null, status, try_answer, until};
use crate::rt::io::signal;
use crate::rt::sched::signal_cancel;

/// Waits for a signal of `set`, takes it, and returns its number. Information about it goes to
/// `info`, a siginfo_t, unless `info` is NULL.
///
/// Block the signals by pthread_sigmask(3) before acort_new() or acort_run(), and before the
/// program starts its own threads: every thread inherits the mask, and a thread without it would
/// take the signal's action.
///
/// Of several calls that wait for a signal the first one gets it; with `deadline` 0 a call takes
/// signals that no other call waits for. A signal that was sent to one thread, for example by
/// raise(3), goes only to a call on that thread, in its turn.
///
/// # Returns
/// The number of the signal, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `set` is NULL, or a signal is not blocked on this thread, or was not blocked on
///   the thread that created the runtime.
/// - `EMFILE`, `ENOMEM` if there are no file descriptors or no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_signal_wait(
    set: *const libc::sigset_t,
    info: *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `set` is not NULL, so it is initialized; `info` is NULL or writable.
    try_answer(|| unsafe { signal::wait(non_null(set.cast_mut())?, info.cast(), until(deadline)?) })
}

/// Makes the first signal of `set` cancel the main task of the caller's run. `set` NULL is SIGINT and
/// SIGTERM. If the main task has ended, the signal cancels the tasks of its group. A second signal
/// takes its action, by default the end of the process. When the run ends, the signals are blocked
/// or not, as they were before the call.
///
/// In acort_run() the call blocks the signals itself; a program that has other threads blocks them
/// before it starts those. For acort_enter(), block them before acort_new(), as for
/// acort_signal_wait(). A task of the runtime waits for them as acort_signal_wait() does. No deadlock
/// is found while it waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a runtime with ACORT_LOOP.
/// - `EINVAL` if `set` is empty; in acort_enter() also if a signal is not blocked.
/// - `EBUSY` if the call was made in this run before.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_cancel_on_signals(set: *const libc::sigset_t) -> c_int {
    // SAFETY: `set` is NULL or initialized.
    status(unsafe { signal_cancel::start(set) })
}

/// Waits for the end of the child `pid`, as waitpid(2) does. Its status goes to `status`, unless
/// `status` is NULL.
///
/// # Returns
/// `pid`, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: the child can still be waited for.
/// - `EINVAL` if `pid` is 0 or negative.
/// - `ECHILD` if there is no such child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitpid(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: i64,
) -> libc::pid_t {
    // SAFETY: `status` is NULL or writable.
    try_answer(|| unsafe { signal::wait_child(pid, status, until(deadline)?) })
}
