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
        let call = SignalCall(signal_owner::add(wanted)?);
        let mut attempt = || call.take(info);
        match &(*call.0).signalfd {
            Some(signalfd) => signalfd.retry_until_done(deadline, &mut attempt),
            None => retry_with_backoff(deadline, &mut attempt),
        }
    }
}

/// A call in the list of `signal_owner`, until it is dropped.
pub(crate) struct SignalCall(*mut signal_owner::SignalWait);

impl SignalCall {
    /// A call that waits for `set`. Errors: `EINVAL` if that is NULL, or a signal is not blocked; `EPERM` in a closed
    /// test run; those of [`signal_owner::add`].
    ///
    /// # Safety
    /// `set` is NULL or initialized.
    pub(crate) unsafe fn open(set: *const libc::sigset_t) -> Result<SignalCall> {
        test_run::check_outside(Caller::current())?;
        // SAFETY: `set` is NULL or initialized.
        let wanted = unsafe { set.as_ref() }.map(|set| unsafe { from_sigset(set) });
        let wanted = wanted.filter(|wanted| are_blocked(*wanted)).ok_or(libc::EINVAL)?;
        signal_owner::add(wanted).map(SignalCall)
    }

    /// The signalfd. Errors: `ENOSYS` if the system refuses one.
    pub(crate) fn fd(&self) -> Result<c_int> {
        // SAFETY: the call is in the list.
        let signalfd = unsafe { (*self.0).signalfd.as_ref() };
        signalfd.map(|signalfd| signalfd.file().fd()).ok_or(libc::ENOSYS)
    }

    /// Takes a pending signal that the call owns. Errors: `EAGAIN` if none is pending.
    ///
    /// # Safety
    /// `info` is NULL or writable.
    pub(crate) unsafe fn take(&self, info: *mut libc::siginfo_t) -> Result<c_int> {
        // SAFETY: the call is in the list, and `info` is NULL or writable.
        unsafe { take_pending(signal_owner::owned_by(self.0), info) }
    }
}

impl Drop for SignalCall {
    fn drop(&mut self) {
        // SAFETY: the call is in the list.
        unsafe { signal_owner::remove(self.0) }
    }
}

/// Does what waitpid(2) does for one child: returns its process id, and stores its status in `status`, unless that is
/// NULL. Errors: `EINVAL` if `pid` is not positive; `ECHILD`; `ETIMEDOUT`; `ECANCELED`; `EPERM` in a closed test run.
///
/// # Safety
/// `status` is NULL or writable.
#[inline(never)]
pub(crate) unsafe fn wait_child(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: Deadline,
) -> Result<libc::pid_t> {
    // SAFETY: `status` is NULL or writable.
    wait_for(pid, deadline, &mut || unsafe { take_child(pid, status) })
}

/// Waits for a child that has ended. Errors: `EAGAIN` if it has not; `ECHILD`.
///
/// # Safety
/// `status` is NULL or writable.
pub(crate) unsafe fn take_child(pid: libc::pid_t, status: *mut c_int) -> Result<libc::pid_t> {
    // SAFETY: `status` is NULL or writable.
    answer(unsafe { libc::waitpid(pid, status, libc::WNOHANG) })
}

/// Opens a pidfd of a child. Errors: `EINVAL` if `pid` is not positive; `ECHILD`; `EPERM` in a closed test run; those
/// of pidfd_open(2).
pub(crate) fn open_child(pid: libc::pid_t) -> Result<OwnFd> {
    match wait_end(pid, Deadline::NOW) {
        Ok(()) | Err(libc::ETIMEDOUT) => open_pidfd(pid),
        Err(error) => Err(error),
    }
}

/// Errors: `ECHILD` if other code has waited for the child; those of pidfd_open(2).
fn open_pidfd(pid: libc::pid_t) -> Result<OwnFd> {
    let no_flags: c_long = 0;
    // SAFETY: pidfd_open(2) accepts any number. This one is the child's until a call waits for it.
    let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, c_long::from(pid), no_flags) };
    OwnFd::from_raw(pidfd, 0)
        .map_err(|error| if error == libc::ESRCH { libc::ECHILD } else { error })
}

/// Waits for the end of a child, which can still be waited for afterwards. Errors: those of [`wait_child`].
#[inline(never)]
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
    match open_pidfd(pid) {
        Ok(pidfd) => pidfd.retry_until_done(deadline, attempt),
        Err(libc::ECHILD) => Err(libc::ECHILD),
        Err(_) => retry_with_backoff(deadline, attempt),
    }
}
