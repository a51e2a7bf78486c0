//! Which file a number stands for: acort has made it, it is another one by now, or no worker watches it any more.
//! Closing is in `fd_ref`.

use core::ffi::c_int;

use super::fd_entry::{FdEntry, MANAGED, REGISTERED, REUSED, poll_token};
use super::fd_ref::FdRef;
use super::fd_table::{self, entry};
use super::fd_type::{TYPE_KNOWN, TYPE_MASK};
use crate::rt::base::atomic::Ordering;
use crate::rt::base::parker::wake_error;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;

/// `fd` is new, and acort's: whatever is known of its number is of another file. `kind` is what it is: `SOCKET` ...
pub(crate) fn adopt(fd: c_int, kind: u32) {
    if let Ok(entry) = entry(fd) {
        let bits = MANAGED | if kind == 0 { 0 } else { kind | TYPE_KNOWN };
        another_file(entry, bits, |entry| {
            entry.lent.forget();
            // A call that is inside began with a file that other code has closed.
            entry.state.advance();
            true
        });
    }
}

/// The file gave an answer that none of its kind gives: what is known is of another one, if it is still what it was
/// when `known` was seen. Calls that wait have ECANCELED; others go on with the file that is there.
pub(crate) fn type_mismatch(file: &FdRef, known: u32) {
    another_file(file.entry_ptr(), 0, |entry| {
        (entry.bits.load(Ordering::Relaxed) ^ known) & (TYPE_MASK | MANAGED) == 0
    });
}

/// The number stands for another file, if `is_so` says so under the lock: of this one nothing but `bits` is known.
fn another_file(entry: *mut FdEntry, bits: u32, is_so: impl Fn(&FdEntry) -> bool) {
    // SAFETY: entries are never freed (E1).
    let waiters = unsafe {
        let _guard = (*entry).lock.guard();
        if !is_so(&*entry) {
            return;
        }
        (*entry).clear_registration();
        (*entry).reset(bits)
    };
    waiters.wake(Some(wake_error(libc::ECANCELED)));
}

/// A worker goes: what it watches is watched by no poller. The files are the same: their calls look again.
pub(crate) fn release_worker(worker: *mut Worker) {
    // SAFETY: the thread's worker. Another thread that has just taken the last entry from it is done with its poller:
    // the count says so with Release.
    if unsafe { (*worker).registered_fds.load(Ordering::Acquire) } == 0 {
        return;
    }
    // SAFETY: entries are never freed (E1).
    fd_table::for_each(|entry| unsafe {
        let held = (*entry).lock.guard();
        if (*entry).owner != worker {
            return;
        }
        // What other code has made may be another file by the time of the next worker.
        let bits = (*entry).bits.load(Ordering::Relaxed);
        let kind = if (*entry).is_unmanaged() { 0 } else { bits };
        (*entry).clear_registration();
        let waiters = (*entry).reset(kind & (TYPE_MASK | MANAGED));
        drop(held);
        waiters.wake(None);
    });
}

/// If the file is watched: is it the same one? If not, nothing that is known of it holds, its edges have changed,
/// and calls that wait for the old one have ECANCELED. EBADF: other code has closed it.
pub(crate) fn revalidate(file: &FdRef) -> Result<()> {
    let (fd, entry) = (file.fd(), file.entry_ptr());
    // SAFETY: entries are never freed (E1). While the lock is held and the entry is watched its home is there (E6): so
    // the entry stays watched, and counted, from one file to the next.
    unsafe {
        let held = (*entry).lock.guard();
        file.check()?;
        if !(*entry).has_bit(REGISTERED) {
            return Ok(());
        }
        let (home, token) = ((*entry).owner, (*entry).token);
        let next = poll_token(token.wrapping_add(1), fd);
        let watched = (*home).poller.register_new(fd, poll_token(token, fd), next);
        if watched == Err(libc::EEXIST) && (*entry).has_bit(REUSED) {
            // It may be the one from before, still watched, by a mark from then.
            (*entry).bits.fetch_and(!TYPE_MASK, Ordering::Relaxed);
            return (*home).poller.register(fd, poll_token(token, fd));
        }
        if let Err(error @ (libc::EEXIST | libc::ENOMEM | libc::ENOSPC)) = watched {
            return if error == libc::EEXIST { Ok(()) } else { Err(error) };
        }
        let bits = if watched.is_ok() { REGISTERED | REUSED } else { 0 };
        if watched.is_err() {
            (*entry).clear_registration();
        }
        let waiters = (*entry).reset(bits);
        drop(held);
        waiters.wake(Some(wake_error(libc::ECANCELED)));
        // A file of a sort that is always ready cannot be watched.
        if watched == Err(libc::EPERM) { Ok(()) } else { watched }
    }
}
