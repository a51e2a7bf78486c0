//! Which file a number stands for: it is new, another one by now, closed; or nobody watches it any more.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::Outcome;
use super::descriptors::{self, CHUNK, Entry, OURS, REPLACED, TABLE, WATCHED, Way, entry, mark};
use super::kinds::{KINDS, KNOWN};
use super::parker::error_reason;
use super::queue::Waiter;
use super::wake::wake_all;
use super::worker::Worker;
use crate::sys;

/// `fd` is new, and acort's: whatever is known of its number is of another one. `kind` is what it is:
/// `SOCKET` ...
pub(crate) fn adopt(fd: c_int, kind: u32) {
    if let Ok(entry) = entry(fd) {
        forget(entry, OURS | if kind == 0 { 0 } else { kind | KNOWN }, |_| true);
    }
}

/// A file gave an answer that none of its kind gives: what is known is of another one, if it is still what it was
/// when `known` was seen.
pub(crate) fn was_mistaken(entry: *mut Entry, known: u32) {
    forget(entry, 0, |now| (now ^ known) & (KINDS | OURS) == 0);
}

/// What is known is of another file, if `is_so` says so of it: of this one nothing but `bits` is.
fn forget(entry: *mut Entry, bits: u32, is_so: impl Fn(u32) -> bool) {
    // SAFETY: entries stay for ever; the lock is held.
    unsafe {
        let held = (*entry).lock.hold();
        if !is_so((*entry).bits.load(Ordering::Relaxed)) {
            return;
        }
        let waiters = (*entry).empty(bits);
        drop(held);
        cancel(waiters);
    }
}

/// Who waited for a file that is another one now has ECANCELED. No lock is held.
///
/// # Safety
/// They are claimed, by the caller.
unsafe fn cancel(waiters: [*mut Waiter; 2]) {
    for list in waiters {
        // SAFETY: the caller's promise: claimed ones stay until they are woken.
        unsafe { wake_all(list, Some(error_reason(libc::ECANCELED))) }
    }
}

/// Closes `fd`; who waits for it has ECANCELED.
pub(crate) fn close(fd: c_int) -> Outcome<()> {
    // A number beyond the table is nobody's who waits.
    let Ok(entry) = entry(fd) else { return close_now(fd) };
    // SAFETY: entries stay for ever, and a home until it has emptied its entries. It is closed under the lock: the
    // number is nobody else's before that.
    unsafe {
        let held = (*entry).lock.hold();
        if (*entry).has(WATCHED) {
            // A copy of it, dup(2)'s or a child's, would go on rousing the worker.
            (*(*entry).home).poller.forget(fd);
        }
        let waiters = (*entry).empty(0);
        let outcome = close_now(fd);
        drop(held);
        cancel(waiters);
        outcome
    }
}

/// close(2), of which the number is free whatever it says of a signal.
fn close_now(fd: c_int) -> Outcome<()> {
    // SAFETY: a number of the program's.
    match unsafe { libc::close(fd) } {
        0 => Ok(()),
        _ if sys::errno() == libc::EINTR => Ok(()),
        _ => Err(sys::errno()),
    }
}

/// A worker goes: what it watches is watched by nobody.
pub(crate) fn abandon(worker: *mut Worker) {
    // SAFETY: the thread's worker; entries stay for ever.
    unsafe {
        if (*worker).watches.load(Ordering::Relaxed) == 0 {
            return;
        }
        for chunk in &TABLE {
            let chunk = chunk.load(Ordering::Acquire);
            for index in 0..if chunk.is_null() { 0 } else { CHUNK } {
                let entry = chunk.add(index);
                let held = (*entry).lock.hold();
                if (*entry).home == worker {
                    // What somebody else has made may be another file by the time of the next worker.
                    let is_foreign = (*entry).is_foreign();
                    let bits = (*entry).bits.load(Ordering::Relaxed);
                    let kind = if is_foreign { 0 } else { bits };
                    let lists = (*entry).empty(kind & (KINDS | OURS));
                    drop(held);
                    for list in lists {
                        wake_all(list, None);
                    }
                }
            }
        }
    }
}

/// [`descriptors::wait`], after a look whether the file is still the one that is watched, where acort has not made
/// it.
pub(crate) fn wait(
    fd: c_int,
    entry: *mut Entry,
    way: Way,
    edges: u32,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: entries stay for ever.
    if unsafe { (*entry).is_foreign() } {
        confirm(fd, entry)?;
    }
    descriptors::wait(fd, entry, way, edges, deadline)
}

/// If `fd` is watched: is it the same file? If not, nothing that is known of it holds, its edges have
/// changed, and who waits for the old one has ECANCELED. EBADF: it is closed.
pub(crate) fn confirm(fd: c_int, entry: *mut Entry) -> Outcome<()> {
    // SAFETY: entries stay for ever, and a home until it has emptied its entries; who is claimed stays until
    // it is woken.
    unsafe {
        let held = (*entry).lock.hold();
        if !(*entry).has(WATCHED) {
            return Ok(());
        }
        let home = (*entry).home;
        let next = mark((*entry).generation.wrapping_add(1), fd);
        let watched = (*home).poller.watch_new(fd, mark((*entry).generation, fd), next);
        if watched == Err(libc::EEXIST) && (*entry).has(REPLACED) {
            // It may be the one from before, still watched, by a mark from then.
            (*entry).bits.fetch_and(!KINDS, Ordering::Relaxed);
            return (*home).poller.watch(fd, mark((*entry).generation, fd));
        }
        if let Err(error @ (libc::EEXIST | libc::ENOMEM | libc::ENOSPC)) = watched {
            return if error == libc::EEXIST { Ok(()) } else { Err(error) };
        }
        let waiters = (*entry).empty(0);
        if watched.is_ok() {
            (*home).watches.fetch_add(1, Ordering::Relaxed);
            (*entry).home = home;
            (*entry).bits.store(WATCHED | REPLACED, Ordering::Relaxed);
        }
        drop(held);
        cancel(waiters);
        // A file of a sort that is always ready cannot be watched.
        if watched == Err(libc::EPERM) { Ok(()) } else { watched }
    }
}
