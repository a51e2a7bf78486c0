//! Waiting for signals, with a signalfd, and for children, with a pidfd.

use core::ffi::{c_int, c_long};

use super::own_fd::OwnFd;
use super::retry::retry_with_backoff;
use super::signal_owner;
use super::signal_set::{SignalSet, from_sigset, to_sigset};
use crate::rt::model::{Caller, Worker, test_run};
use crate::rt::os::{self, Deadline, Result};
use crate::sys;

/// Takes a pending signal of `signals`, and returns its number. Errors: `EAGAIN` if none is pending.
///
/// # Safety
/// `info` is NULL or writable.
unsafe fn take_pending(signals: SignalSet, info: *mut libc::siginfo_t) -> Result<c_int> {
    let (set, no_time) = (to_sigset(signals), libc::timespec { tv_sec: 0, tv_nsec: 0 });
    loop {
        // SAFETY: `info` is NULL or writable; set and time outlive the call.
        match unsafe { libc::sigtimedwait(&set, info, &no_time) } {
            ..0 if sys::errno() == libc::EINTR => {}
            ..0 => return Err(os::last_errno(os::Syscall::SigTimedWait)),
            number => return Ok(number),
        }
    }
}

/// Returns true if the program blocks all of `wanted` that can be blocked. They must be blocked on this thread; in a
/// task also on the thread that created the runtime, whose mask all its threads inherit. A signal that reaches a thread
/// which does not block it has its default action or its handler there.
pub(crate) fn are_blocked(wanted: SignalSet) -> bool {
    // SAFETY: the masks are initialized. A worker's runtime exists, with the state that its threads inherit.
    unsafe {
        let own = from_sigset(&os::signal_mask());
        let inherited =
            Worker::current().as_ref().and_then(|worker| (*worker.runtime).inherited.as_ref());
        let blocked = inherited.map_or(own, |state| own & from_sigset(state.signals()));
        let others = wanted & !blocked;
        others == 0 || others & from_sigset(&os::blockable_signals()) == 0
    }
}

/// Waits for a signal of `set`, takes it, and returns its number. Stores what is known of it in `info`, unless that is
/// NULL. Calls that came earlier get their signals first (O2). Errors: `EINVAL` if a signal is not blocked;
/// `ETIMEDOUT`; `ECANCELED`; `EPERM` in a closed test run; those of signalfd(2).
///
/// # Safety
/// `set` is initialized. `info` is NULL or writable.
pub(crate) unsafe fn wait(
    set: *const libc::sigset_t,
    info: *mut libc::siginfo_t,
    deadline: Deadline,
) -> Result<c_int> {
    test_run::check_outside(Caller::current())?;
    // SAFETY: `set` is initialized, `info` is NULL or writable. The call is in the list from `add` to `remove`.
    unsafe {
        let wanted = from_sigset(set);
        if !are_blocked(wanted) {
            return Err(libc::EINVAL);
        }
        match take_pending(wanted & !signal_owner::owned_signals(), info) {
            Err(libc::EAGAIN) if deadline.is_now() => return Err(libc::ETIMEDOUT),
            Err(libc::EAGAIN) => {}
            outcome => return outcome,
        }
        let call = signal_owner::add(wanted)?;
        let mut attempt = || take_pending(signal_owner::owned_by(call), info);
        let outcome = match &(*call).signalfd {
            Some(signalfd) => signalfd.retry_until_done(deadline, &mut attempt),
            None => retry_with_backoff(deadline, &mut attempt),
        };
        signal_owner::remove(call);
        outcome
    }
}

/// Does what waitpid(2) does for one child: returns its process id, and stores its status in `status`, unless that is
/// NULL. Errors: `EINVAL` if `pid` is not positive; `ECHILD`; `ETIMEDOUT`; `ECANCELED`; `EPERM` in a closed test run.
///
/// # Safety
/// `status` is NULL or writable.
pub(crate) unsafe fn wait_child(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: Deadline,
) -> Result<libc::pid_t> {
    // SAFETY: `status` is NULL or writable.
    let take = || unsafe { libc::waitpid(pid, status, libc::WNOHANG) };
    wait_for(pid, deadline, &mut || answer(take()))
}

/// Waits for the end of a child, which can still be waited for afterwards. Errors: those of [`wait_child`].
pub(crate) fn wait_end(pid: libc::pid_t, deadline: Deadline) -> Result<()> {
    const FLAGS: c_int = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: an all-zero struct is valid. The call writes it.
    let look = || unsafe {
        let mut info: libc::siginfo_t = core::mem::zeroed();
        match libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, FLAGS) {
            0 => info.si_signo,
            failed => failed,
        }
    };
    wait_for(pid, deadline, &mut || answer(look())).map(drop)
}

/// The meaning of a result about a child: EAGAIN for 0, errno if it is negative.
fn answer(found: c_int) -> Result<c_int> {
    match found {
        ..0 => Err(sys::errno()),
        0 => Err(libc::EAGAIN),
        found => Ok(found),
    }
}

/// Calls `attempt` until its result is not EAGAIN, and waits for the child's end in between. Errors: `EINVAL` if `pid`
/// is not positive; `ETIMEDOUT`; `ECANCELED`; those of `attempt`.
fn wait_for(
    pid: libc::pid_t,
    deadline: Deadline,
    attempt: &mut dyn FnMut() -> Result<c_int>,
) -> Result<c_int> {
    if pid <= 0 {
        return Err(libc::EINVAL);
    }
    test_run::check_outside(Caller::current())?;
    // A child that has exited needs no pidfd.
    match attempt() {
        Err(libc::EAGAIN) if deadline.is_now() => return Err(libc::ETIMEDOUT),
        Err(libc::EAGAIN) => {}
        outcome => return outcome,
    }
    let no_flags: c_long = 0;
    // SAFETY: pidfd_open(2) accepts any number. This one is the child's until a call waits for it.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, c_long::from(pid), no_flags) };
    match OwnFd::from_raw(pidfd, 0) {
        Ok(pidfd) => pidfd.retry_until_done(deadline, attempt),
        // Other code has waited for the child meanwhile.
        Err(libc::ESRCH) => Err(libc::ECHILD),
        Err(_) => retry_with_backoff(deadline, attempt),
    }
}
