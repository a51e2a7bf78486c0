//! How a plain thread waits for a file descriptor.
//!
//! The thread waits in poll(2), which does not end when the file is closed. So it polls its own wake descriptor as
//! well, to which acort_close() writes:
//!
//! ```text
//!   the thread                                      acort_close(), or another reset of the entry
//!   under the lock: checks the word, joins the list  under the lock: changes the word, notifies the list
//!   poll(2) of both descriptors          <──────────
//!   under the lock: leaves the list
//! ```
//!
//! A change of the word is either seen before the thread joins the list, or it ends the thread's poll(2): both happen
//! under the lock (T2 of `polling_threads`).

use core::ffi::c_int;

use super::fd_ref::FdRef;
use super::polling_threads::PollingThread;
use crate::rt::os::{self, Deadline, Result};

/// The interval at which a thread without a wake descriptor checks its file, in nanoseconds.
const RECHECK_NS: i64 = 20_000_000;

/// Waits until the file is ready for some of `events`, and returns for which. 0: the caller tries again. Errors:
/// `ETIMEDOUT`; `ECANCELED` if the file is closed; those of poll(2).
pub(crate) fn poll(file: &FdRef, events: i16, deadline: Deadline) -> Result<i16> {
    let mut thread = PollingThread::new();
    let wake_fd = thread.wake_fd();
    let until = match wake_fd >= 0 {
        true => deadline,
        false => deadline.min(Deadline::at(os::now() + RECHECK_NS)),
    };
    let entry = file.entry_ptr();
    // SAFETY: the entry is never freed (E1 of `fd_entry`). The node stays on this stack until it has left the list
    // (T1).
    unsafe {
        let guard = (*entry).lock.guard();
        file.check()?;
        thread.join(&raw mut (*entry).waiters.polling);
        drop(guard);
        let found = poll_both(file.fd(), events, wake_fd, until);
        let guard = (*entry).lock.guard();
        thread.leave();
        drop(guard);
        file.check()?;
        match found? {
            0 if deadline.has_passed() => Err(libc::ETIMEDOUT),
            found => Ok(found),
        }
    }
}

/// Calls poll(2) for `fd` and `wake_fd`, and returns what `fd` is ready for. Errors: `EBADF`.
fn poll_both(fd: c_int, events: i16, wake_fd: c_int, deadline: Deadline) -> Result<i16> {
    let wake = libc::pollfd { fd: wake_fd, events: libc::POLLIN, revents: 0 };
    let mut files = [libc::pollfd { fd, events, revents: 0 }, wake];
    os::poll(&mut files, deadline)?;
    let [file, _] = files;
    if file.revents & libc::POLLNVAL != 0 { Err(libc::EBADF) } else { Ok(file.revents) }
}
