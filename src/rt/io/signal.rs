//! Signals, which a signalfd tells of, and children, which a pidfd tells of.

use core::ffi::{c_int, c_long};

use super::own_fd::OwnFd;
use super::signal_owner::{self, Signals, set_of, signals_of};
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::sleep::Backoff;
use crate::sys;

/// Takes one of `signals` that is pending, and gives its number. EAGAIN: none is.
///
/// # Safety
/// `info` is NULL or writable.
unsafe fn take(signals: Signals, info: *mut libc::siginfo_t) -> Result<c_int> {
    let (set, no_time) = (set_of(signals), libc::timespec { tv_sec: 0, tv_nsec: 0 });
    loop {
        // SAFETY: the caller's promise.
        match unsafe { libc::sigtimedwait(&set, info, &no_time) } {
            ..0 if sys::errno() == libc::EINTR => {}
            ..0 => return Err(os::last_errno(os::Syscall::SigTimedWait)),
            number => return Ok(number),
        }
    }
}

/// Returns true if all of `wanted` that can be blocked are: on this thread, and, in a task, on the thread that made the
/// runtime, whose mask all of its threads inherit. Any other thread that the signal reaches takes its action.
fn are_blocked(wanted: Signals) -> bool {
    // SAFETY: the masks are initialized; a worker's runtime exists, and has its state.
    unsafe {
        let here = signals_of(&os::signal_mask());
        let inherited =
            Worker::current().as_ref().and_then(|here| (*here.runtime).inherited.as_ref());
        let everywhere = inherited.map_or(here, |state| here & signals_of(state.signals()));
        let others = wanted & !everywhere;
        others == 0 || others & signals_of(&os::blockable_signals()) == 0
    }
}

/// Waits for one of the signals of `set`, takes it and gives its number; what is known of it goes to
/// `info`, unless that is NULL. Calls that came before and wait are served before. EINVAL: a signal is not blocked.
///
/// # Safety
/// `set` is valid, `info` NULL or writable.
pub(crate) unsafe fn wait(
    set: *const libc::sigset_t,
    info: *mut libc::siginfo_t,
    deadline: Deadline,
) -> Result<c_int> {
    // SAFETY: the caller's promise; the call is there until it leaves.
    unsafe {
        let wanted = signals_of(set);
        if !are_blocked(wanted) {
            return Err(libc::EINVAL);
        }
        match take(wanted & !signal_owner::owned(), info) {
            Err(libc::EAGAIN) if deadline.is_now() => return Err(libc::ETIMEDOUT),
            Err(libc::EAGAIN) => {}
            outcome => return outcome,
        }
        let call = signal_owner::enter(wanted)?;
        let mut attempt = || take(signal_owner::owned_by(call), info);
        let outcome = match &(*call).told {
            Some(told) => told.retry_until_done(deadline, &mut attempt),
            None => look_at_times(deadline, &mut attempt),
        };
        signal_owner::leave(call);
        outcome
    }
}

/// waitpid(2) for one child: gives its number, and its status to `status`, unless that is NULL. EINVAL: not
/// the number of one.
///
/// # Safety
/// `status` is NULL or writable.
pub(crate) unsafe fn wait_child(
    pid: libc::pid_t,
    status: *mut c_int,
    deadline: Deadline,
) -> Result<libc::pid_t> {
    if pid <= 0 {
        return Err(libc::EINVAL);
    }
    // SAFETY: the caller's promise.
    let mut attempt = || unsafe {
        match libc::waitpid(pid, status, libc::WNOHANG) {
            ..0 => Err(sys::errno()),
            0 => Err(libc::EAGAIN),
            found => Ok(found),
        }
    };
    // Whoever has ended needs no file descriptor.
    match attempt() {
        Err(libc::EAGAIN) if deadline.is_now() => return Err(libc::ETIMEDOUT),
        Err(libc::EAGAIN) => {}
        outcome => return outcome,
    }
    let no_flags: c_long = 0;
    // SAFETY: a number, which is a child's until it is waited for.
    let told = unsafe { libc::syscall(libc::SYS_pidfd_open, c_long::from(pid), no_flags) };
    match OwnFd::from_raw(told, 0) {
        Ok(told) => told.retry_until_done(deadline, &mut attempt),
        // Somebody else has waited for it meanwhile.
        Err(libc::ESRCH) => Err(libc::ECHILD),
        Err(_) => look_at_times(deadline, &mut attempt),
    }
}

/// Where the system has no such file descriptors, or no more of them: looks from time to time.
fn look_at_times(deadline: Deadline, attempt: &mut dyn FnMut() -> Result<c_int>) -> Result<c_int> {
    let mut backoff = Backoff::new();
    loop {
        match attempt() {
            Err(libc::EAGAIN) if deadline.has_passed() => return Err(libc::ETIMEDOUT),
            Err(libc::EAGAIN) => backoff.wait(deadline)?,
            outcome => return outcome,
        }
    }
}
