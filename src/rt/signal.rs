//! Signals, which a signalfd tells of, and children, which a pidfd tells of.

use core::ffi::{c_int, c_long};

use super::descriptors::{self, Way};
use super::{Outcome, clock, io, numbers, os};
use crate::sys;

/// A file descriptor of this call's own.
struct Own(c_int);

impl Drop for Own {
    fn drop(&mut self) {
        // Nobody else waits for it, and what close(2) says changes nothing.
        let _ = io::close(self.0);
    }
}

impl Own {
    /// What the system has given, or its errno.
    fn new(fd: c_long) -> Outcome<Own> {
        if fd < 0 {
            return Err(sys::errno());
        }
        numbers::adopt(fd as c_int, 0);
        Ok(Own(fd as c_int))
    }

    /// Calls `attempt`, until it gives something else than EAGAIN; before each time but the first this
    /// file descriptor has become ready.
    fn until_done<T>(&self, deadline: i64, attempt: &mut dyn FnMut() -> Outcome<T>) -> Outcome<T> {
        let entry = descriptors::entry(self.0)?;
        loop {
            // SAFETY: entries stay for ever.
            let edges = unsafe { (*entry).edges(Way::In) };
            match attempt() {
                Err(libc::EAGAIN) => descriptors::wait(self.0, entry, Way::In, edges, deadline)?,
                outcome => return outcome,
            }
        }
    }
}

/// Waits for one of the signals of `set`, takes it and gives its number; what is known of it goes to
/// `info`, unless that is NULL.
///
/// # Safety
/// `set` is valid, `info` NULL or writable.
pub(crate) unsafe fn wait(
    set: *const libc::sigset_t,
    info: *mut libc::siginfo_t,
    deadline: i64,
) -> Outcome<c_int> {
    // SAFETY: the caller's promise; the time is there for as long as the call.
    unsafe {
        let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
        let told = Own::new(c_long::from(libc::signalfd(-1, set, flags)))?;
        told.until_done(deadline, &mut || {
            let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            loop {
                match libc::sigtimedwait(set, info, &no_time) {
                    ..0 if sys::errno() == libc::EINTR => {}
                    ..0 => return Err(sys::errno()),
                    number => return Ok(number),
                }
            }
        })
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
    deadline: i64,
) -> Outcome<libc::pid_t> {
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
        Err(libc::EAGAIN) if deadline == 0 => return Err(libc::ETIMEDOUT),
        Err(libc::EAGAIN) => {}
        outcome => return outcome,
    }
    let no_flags: c_long = 0;
    // SAFETY: a number, which is a child's until it is waited for.
    match Own::new(unsafe { libc::syscall(libc::SYS_pidfd_open, c_long::from(pid), no_flags) }) {
        Ok(told) => told.until_done(deadline, &mut attempt),
        // Somebody else has waited for it meanwhile.
        Err(libc::ESRCH) => Err(libc::ECHILD),
        Err(_) => look_at_times(deadline, &mut attempt),
    }
}

/// Where the system has no such file descriptors, or no more of them: looks from time to time.
fn look_at_times(
    deadline: i64,
    attempt: &mut dyn FnMut() -> Outcome<libc::pid_t>,
) -> Outcome<libc::pid_t> {
    const FIRST: i64 = 500_000;
    const LONGEST: i64 = 20_000_000;
    let mut pause = FIRST;
    loop {
        match attempt() {
            Err(libc::EAGAIN) if deadline >= 0 && os::now() >= deadline => {
                return Err(libc::ETIMEDOUT);
            }
            Err(libc::EAGAIN) => {}
            outcome => return outcome,
        }
        let next = clock::after(pause);
        clock::sleep_until(if deadline > 0 { next.min(deadline) } else { next })?;
        pause = (pause * 2).min(LONGEST);
    }
}
