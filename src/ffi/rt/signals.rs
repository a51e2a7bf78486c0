//! Signals and children.

use core::ffi::{c_int, c_void};

use super::{answer, non_null, until};
use crate::rt::io::signal;

/// Waits for a signal of `set`, takes it, and gives its number; what is known of it goes to `info`, a
/// siginfo_t, unless that is NULL.
///
/// Block the signals by pthread_sigmask(3) before acort_new() or acort_run(), and before the program starts
/// threads of its own: every thread inherits the mask, and a thread without it would take the signal's action. A
/// call refuses signals that are not blocked on its thread, or were not blocked on the thread that made the
/// runtime.
///
/// Of several calls that wait for a signal the one that came first has it;
/// with `deadline` 0 a call takes what no other one waits for. What was sent to one thread, by raise(3) say,
/// only a call on that thread has, when it is its turn. -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL,
/// and for signals that are not blocked; EMFILE, ENOMEM.
///
/// # Safety
/// `set` is NULL or initialised, `info` NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_signal_wait(
    set: *const libc::sigset_t,
    info: *mut c_void,
    deadline: i64,
) -> c_int {
    // SAFETY: `set` is not NULL, so it is initialized; `info` is NULL or writable.
    answer(
        non_null(set.cast_mut())
            .and_then(|set| unsafe { signal::wait(set, info.cast(), until(deadline)?) }),
    )
}

/// waitpid(2) for the child `pid`: waits for its end, and gives `pid`; how it has ended goes to `status`,
/// unless that is NULL. -1 and errno: ETIMEDOUT, ECANCELED: it can be waited for still; EINVAL for 0 and
/// below, ECHILD where there is no such child.
///
/// # Safety
/// `status` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn acort_waitpid(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: i64,
) -> libc::pid_t {
    // SAFETY: `status` is NULL or writable.
    answer(
        until(deadline).and_then(|deadline| unsafe { signal::wait_child(pid, status, deadline) }),
    )
}
