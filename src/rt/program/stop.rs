//! acort_proc_stop(): ends a program and its process group, and waits for it.
//!
//! * K1. No signal goes to a process that is not the caller's child: a child's number is not used again before it is
//!   waited for. So the signals come first, and waitpid(2) last.
//! * K2. What is left of the group gets SIGKILL before the child is waited for: the child's number is the group's.

use core::ffi::c_int;

use crate::rt::io::signal::{wait_child, wait_end};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::cancel;
use crate::sys;

/// Sends a signal to a process, or to the group -`target`.
fn send(target: libc::pid_t, signal: c_int) -> Result<()> {
    // SAFETY: kill(2) takes any number.
    if unsafe { libc::kill(target, signal) } == 0 { Ok(()) } else { Err(sys::errno()) }
}

/// Ends the child `pid`: SIGTERM, and SIGKILL after `grace` nanoseconds. If the child leads a process group, the
/// signals go to the group. Stores its status. Errors: `EINVAL` if `pid` is not positive or `grace` is negative;
/// `ECHILD`; `EPERM` if the child has other rights.
///
/// # Safety
/// `status` is NULL or writable.
pub(crate) unsafe fn stop(pid: libc::pid_t, status: *mut c_int, grace: i64) -> Result<()> {
    if pid <= 0 || grace < 0 {
        return Err(libc::EINVAL);
    }
    match wait_end(pid, Deadline::NOW) {
        Ok(()) | Err(libc::ETIMEDOUT) => {}
        Err(error) => return Err(error),
    }
    // SAFETY: getpgid(2) takes any number; `status` is NULL or writable.
    unsafe {
        let target = if libc::getpgid(pid) == pid { -pid } else { pid };
        send(target, libc::SIGTERM)?;
        let was_masked = cancel::mask(true);
        let ended = wait_end(pid, Deadline::at(os::now().saturating_add(grace)));
        let outcome = match ended {
            Ok(()) | Err(libc::ETIMEDOUT) => {
                let _ = send(target, libc::SIGKILL);
                wait_child(pid, status, Deadline::NEVER)
            }
            Err(error) => Err(error),
        };
        let _ = was_masked.map(cancel::mask);
        outcome.map(drop)
    }
}
