//! Signals and children.

use core::ffi::{c_int, c_void};

use super::{answer, given, until};
use crate::rt::io::signal;

/// Waits for a signal of `set`, consumes it, and returns its number. Stores its details in `info`,
/// a siginfo_t; `info` may be NULL. A cancellation point.
///
/// Block the signals with pthread_sigmask(3) before acort_new() or acort_run(), and before the
/// program starts threads: each thread inherits the mask, and a thread without it would run the
/// signal's action. The call fails if a signal is not blocked on its thread, or was not blocked on
/// the thread that created the runtime.
///
/// If several calls wait for a signal, the first one gets it. With deadline 0 a call gets a signal
/// only if no other call waits for it. raise(3), for example, sends a signal to one thread. Only a
/// call on that thread gets it, in its turn.
///
/// # Returns
/// The number of the signal, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `set` is NULL, a signal is not blocked, or `deadline` is invalid.
/// - `EMFILE` if the process has too many open files.
/// - `ENOMEM` if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_signal_wait(
    set: *const libc::sigset_t,
    info: *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `set` is an initialized set (`given`, F2). `info` is NULL or writable (F2).
    answer(
        given(set.cast_mut())
            .and_then(|set| unsafe { signal::wait(set, info.cast(), until(deadline)?) }),
    )
}

/// Waits like waitpid(2) for the end of the child `pid`. Stores its status in `*status`; `status`
/// may be NULL. After `ETIMEDOUT` or `ECANCELED` the child can be waited for again. A cancellation
/// point.
///
/// # Returns
/// `pid`, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `pid` is not positive, or `deadline` is invalid.
/// - `ECHILD` if there is no such child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitpid(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: i64,
) -> libc::pid_t {
    // SAFETY: `status` is NULL or writable (F2).
    answer(
        until(deadline).and_then(|deadline| unsafe { signal::wait_child(pid, status, deadline) }),
    )
}
