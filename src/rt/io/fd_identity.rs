//! The open file that a descriptor number means.
//!
//! Which file a descriptor number means: acort created it, other code replaced it, or its owner leaves.
//!
//! Closing is in `fd_ref`. The table of all these events is in `fd_entry`.

use core::ffi::c_int;

use super::fd_entry::{FdEntry, MANAGED, REGISTERED, REUSED, TYPE_KNOWN, TYPE_MASK, poll_token};
use super::fd_ref::FdRef;
use super::fd_table::{self, entry};
use crate::rt::base::atomic::Ordering;
use crate::rt::model::Worker;
use crate::rt::os::Result;

/// Records that acort has just created `fd`: what the entry knows is about an earlier file. `file_type` is what the
/// file is, such as `SOCKET`; 0: unknown.
pub(crate) fn adopt(fd: c_int, file_type: u32) {
    if let Ok(entry) = entry(fd) {
        let bits = MANAGED | if file_type == 0 { 0 } else { file_type | TYPE_KNOWN };
        another_file(entry, bits, |entry| {
            entry.nonblock.forget();
            // An active call started with a file that other code has closed.
            entry.state.advance();
            true
        });
    }
}

/// Records that the file gave an answer that no file of its type gives: other code has replaced it. Does nothing if the
/// type is no longer that in `seen`. Waiting calls fail with ECANCELED; other active calls continue with the new file.
pub(crate) fn type_mismatch(file: &FdRef, seen: u32) {
    another_file(file.entry_ptr(), 0, |entry| {
        (entry.bits.load(Ordering::Relaxed) ^ seen) & (TYPE_MASK | MANAGED) == 0
    });
}

/// Resets the entry for another file, if `is_so` returns true under the lock. Only `bits` are known of that file.
fn another_file(entry: *mut FdEntry, bits: u32, is_so: impl Fn(&FdEntry) -> bool) {
    // SAFETY: the entry is never freed (E1), and its lock is held.
    unsafe {
        let guard = (*entry).lock.guard();
        if is_so(&*entry) {
            (*entry).reset(bits).wake(guard, Some(libc::ECANCELED));
        }
    }
}

/// Resets the entries whose owner is `worker`, which leaves. Their files are the same: waiting calls try again.
pub(crate) fn release_worker(worker: *mut Worker) {
    // SAFETY: the worker is this thread's. Acquire: another thread that has reset the worker's last entry no longer
    // uses its poller (E6).
    if unsafe { (*worker).registered_fds.load(Ordering::Acquire) } == 0 {
        return;
    }
    // SAFETY: entries are never freed (E1), and the lock is held.
    fd_table::for_each(|entry| unsafe {
        let guard = (*entry).lock.guard();
        if (*entry).owner != worker {
            return;
        }
        // An unmanaged number may mean another file by the time of the next registration (E8).
        let bits = (*entry).bits.load(Ordering::Relaxed);
        let known = if (*entry).is_unmanaged() { 0 } else { bits & (TYPE_MASK | MANAGED) };
        (*entry).reset(known).wake(guard, None);
    });
}

/// Checks that a registered number still means the same file (E8). If it means another one, resets the entry: calls
/// that wait for the old file fail with ECANCELED. Errors: `ECANCELED` if acort has closed the file; `EBADF` if other
/// code has; those of epoll_ctl(2).
pub(crate) fn revalidate(file: &FdRef) -> Result<()> {
    let (fd, entry) = (file.fd(), file.entry_ptr());
    // SAFETY: the entry is never freed (E1). Its owner exists while the lock is held and the entry is REGISTERED (E6).
    // The new file is registered before the entry is reset: so the owner's count never falls to 0.
    unsafe {
        let guard = (*entry).lock.guard();
        file.check()?;
        if !(*entry).has_bit(REGISTERED) {
            return Ok(());
        }
        let (owner, token) = ((*entry).owner, (*entry).token);
        let next = poll_token(token.wrapping_add(1), fd);
        let registered = (*owner).poller.register_new(fd, poll_token(token, fd), next);
        if registered == Err(libc::EEXIST) && (*entry).has_bit(REUSED) {
            // The file may be an earlier one that is still registered, with its old token.
            (*entry).bits.fetch_and(!TYPE_MASK, Ordering::Relaxed);
            return (*owner).poller.register(fd, poll_token(token, fd));
        }
        match registered {
            Err(libc::EEXIST) => return Ok(()),
            Err(libc::ENOMEM | libc::ENOSPC) => return registered,
            _ => {}
        }
        let bits = if registered.is_ok() { REGISTERED | REUSED } else { 0 };
        (*entry).reset(bits).wake(guard, Some(libc::ECANCELED));
        // EPERM: the system cannot poll the file, which is always ready.
        if registered == Err(libc::EPERM) { Ok(()) } else { registered }
    }
}
