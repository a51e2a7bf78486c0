//! Plain threads that wait for a file descriptor: in poll(2), which does not end when the file is closed. So each has
//! a file descriptor of its own beside it, by which acort_close() ends the wait.
//!
//! ```text
//!   the thread                                   acort_close(), and what else resets the entry
//!   under the lock: is the file current? joins   under the lock: the word changes; writes to each
//!   poll(2) of both                      <─────
//!   under the lock: leaves the list
//! ```
//!
//! T1. A thread is in the list of an entry only while it is inside this file's `poll`, on its own stack. T2. The list
//! changes under the entry's lock. So each change of the word either is seen before the thread joins, or ends its
//! poll(2).

use core::ffi::c_int;
use core::ptr;

use super::fd_ref::FdRef;
use crate::rt::os::{self, Result};

/// A thread in the list of an entry.
pub(crate) struct ThreadPoll {
    next: *mut ThreadPoll,
    /// What leads here.
    link: *mut *mut ThreadPoll,
    wake: os::WakeFds,
}

impl ThreadPoll {
    /// Ends the poll(2) of each.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn notify_all(mut list: *mut ThreadPoll) {
        // SAFETY: a thread stays until it has left the list, under the lock (T1, T2).
        while let Some(polling) = unsafe { list.as_ref() } {
            polling.wake.notify();
            list = polling.next;
        }
    }

    /// How many threads wait in poll(2).
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn count(mut list: *mut ThreadPoll) -> u64 {
        let mut count = 0;
        // SAFETY: as in `notify_all`.
        while let Some(polling) = unsafe { list.as_ref() } {
            (count, list) = (count + 1, polling.next);
        }
        count
    }

    /// # Safety
    /// The entry's lock is held; the place stays until [`leave`](Self::leave).
    unsafe fn join(&mut self, list: *mut *mut ThreadPoll) {
        // SAFETY: T1, T2.
        unsafe {
            (self.next, self.link) = (*list, list);
            if let Some(next) = self.next.as_mut() {
                next.link = &raw mut self.next;
            }
            *list = self;
        }
    }

    /// # Safety
    /// The entry's lock is held; it has joined.
    unsafe fn leave(&mut self) {
        // SAFETY: T1, T2: what leads here is there.
        unsafe {
            *self.link = self.next;
            if let Some(next) = self.next.as_mut() {
                next.link = self.link;
            }
        }
    }
}

/// Waits until the file of `file` is ready for some of `events`, and gives what for; none: look again. ETIMEDOUT;
/// ECANCELED: the file is closed; EBADF ...
pub(crate) fn poll(file: &FdRef, events: i16, deadline: i64) -> Result<i16> {
    // Where no descriptor is left the thread looks from time to time.
    const LOOK_AGAIN: i64 = 20_000_000;
    let wake = os::WakeFds::new();
    let has_own = wake.reader() >= 0;
    let mut polling = ThreadPoll { next: ptr::null_mut(), link: ptr::null_mut(), wake };
    let entry = file.entry_ptr();
    // SAFETY: the entry stays (E1), and the place on this stack until it has left the list.
    unsafe {
        let held = (*entry).lock.guard();
        file.check()?;
        polling.join(&raw mut (*entry).polling);
        drop(held);
        let until = match deadline {
            _ if has_own => deadline,
            ..0 => os::now() + LOOK_AGAIN,
            _ => deadline.min(os::now() + LOOK_AGAIN),
        };
        let found = look(file.fd(), events, polling.wake.reader(), until);
        let held = (*entry).lock.guard();
        polling.leave();
        drop(held);
        file.check()?;
        match found? {
            0 if os::has_passed(deadline) => Err(libc::ETIMEDOUT),
            found => Ok(found),
        }
    }
}

/// poll(2) of both. EBADF.
fn look(fd: c_int, events: i16, reader: c_int, deadline: i64) -> Result<i16> {
    let other = libc::pollfd { fd: reader, events: libc::POLLIN, revents: 0 };
    let mut files = [libc::pollfd { fd, events, revents: 0 }, other];
    os::poll(&mut files, deadline)?;
    let [file, _] = files;
    if file.revents & libc::POLLNVAL != 0 { Err(libc::EBADF) } else { Ok(file.revents) }
}
