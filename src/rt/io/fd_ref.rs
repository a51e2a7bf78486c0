//! A call's reference to the file that it started with, and closing a file under active calls.
//!
//! Every acort call on a descriptor enters its entry once, and leaves it once (`file_state`). When another thread
//! closes the file meanwhile, the call cannot continue with the next file of that number:
//!
//! ```text
//!   a call                                     acort_close()
//!   enter: generation g, one more active call  under the lock: CLOSING, the waiters are claimed
//!   ask the system ── EAGAIN                   wakes them: ECANCELED
//!   wait ───────────────────────────────────>  dup3: the file is closed, a placeholder has the number
//!   ask again: EBADF of the placeholder        leaves
//!   the word has changed: ECANCELED
//!   leave ── the last call frees the number
//! ```
//!
//! The placeholder is a file that every system call refuses, and poll(2) reports as invalid. If the process has no free
//! descriptor for it, the closed file stays open until the last call has left.
//!
//! * R1. The number stays taken while a call is active (G2): no other file gets it, except in case R5.
//! * R2. The placeholder gives no call success and no bytes. A success always comes from the call's own file.
//! * R3. An error counts as ECANCELED if the word has changed meanwhile (G1).
//! * R4. close(2) and dup3(2) run without locks: a file that lingers delays its closer only.
//! * R5. Without an active call the word changes before close(2), because the next file may get the number right after
//!   it. A call, or another acort_close(), that enters in between has started after the close. As with close(2) itself,
//!   it may meet the closed file first, and the number's next file afterwards.

use core::ffi::c_int;

use super::fd_entry::FdEntry;
use super::fd_table::entry;
use super::file_state::Closing;
use crate::rt::model::{Caller, test_run};
use crate::rt::os::{self, Result};

/// The reference of one active call.
pub(crate) struct FdRef {
    pub(super) fd: c_int,
    generation: u32,
    pub(super) entry: *mut FdEntry,
    /// The thread's cancellation state before the call. A plain thread cannot be canceled (pthread_cancel) while its
    /// call is active: it would never leave. None: the call is a task's.
    pub(super) cancel_state: Option<c_int>,
}

impl FdRef {
    /// Enters. Errors: `EBADF` if there is no such number, or its file is being closed; `EMFILE`; `ENOMEM`; `EPERM` in
    /// a closed test run.
    #[inline(never)]
    pub(crate) fn enter(fd: c_int) -> Result<FdRef> {
        let caller = Caller::current();
        test_run::check_outside(caller)?;
        let entry = entry(fd)?;
        // SAFETY: entries are never freed (E1).
        let generation = unsafe { (*entry).state.enter() }.ok_or(libc::EBADF)?;
        let is_thread = caller.task().is_null();
        let cancel_state = if is_thread { Some(os::disable_cancellation()) } else { None };
        Ok(FdRef { fd, generation, entry, cancel_state })
    }

    /// The number.
    #[inline(always)]
    pub(crate) fn fd(&self) -> c_int {
        self.fd
    }

    /// The entry.
    #[inline(always)]
    pub(crate) fn entry(&self) -> &FdEntry {
        // SAFETY: entries are never freed (E1).
        unsafe { &*self.entry }
    }

    /// The entry, for changes under its lock.
    pub(crate) fn entry_ptr(&self) -> *mut FdEntry {
        self.entry
    }

    /// Returns true while the number means the file that the call started with.
    #[inline(always)]
    pub(crate) fn is_current(&self) -> bool {
        self.entry().state.is_current(self.generation)
    }

    /// Errors: `ECANCELED` if the file is closed.
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_current() { Ok(()) } else { Err(libc::ECANCELED) }
    }

    /// The meaning of a system call's result for this call (R3).
    #[inline(always)]
    pub(crate) fn check_result<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| if self.is_current() { error } else { libc::ECANCELED })
    }
}

impl Drop for FdRef {
    #[inline(never)]
    fn drop(&mut self) {
        if self.entry().state.leave() {
            free_number(self.fd, self.entry);
        }
        restore(self.cancel_state);
    }
}

/// Restores the thread's cancellation state from before a call.
pub(super) fn restore(cancel_state: Option<c_int>) {
    if let Some(state) = cancel_state {
        os::restore_cancellation(state);
    }
}

/// Returns a closed file's number to the system, after the last call has left (G2).
#[cold]
fn free_number(fd: c_int, entry: *mut FdEntry) {
    // SAFETY: the entry is never freed (E1). No call is active, and none enters before the word changes (G2).
    let duplicate = unsafe {
        let guard = (*entry).lock.guard();
        let duplicate = (*entry).nonblock.after_close();
        (*entry).state.advance();
        (*entry).reset(0).wake(guard, None);
        duplicate
    };
    let _ = duplicate.map(os::close);
    // The result is the placeholder's: dup3 has discarded that of the closed file.
    let _ = close_now(fd, entry);
}

/// Does what acort_close() does: the active calls fail with ECANCELED.
pub(crate) fn close(fd: c_int) -> Result<()> {
    // No call can be active on a number that has no entry.
    let Ok(entry) = entry(fd) else { return os::close(fd) };
    close_entry(fd, entry, false).unwrap_or(Err(libc::EBADF))
}

/// Closes the file. `is_inside`: the caller has entered; it has left when this returns. None: the file is closed
/// already, and nothing has changed.
pub(super) fn close_entry(fd: c_int, entry: *mut FdEntry, is_inside: bool) -> Option<Result<()>> {
    // SAFETY: the entry is never freed (E1). While the lock is held the number means the file.
    unsafe {
        let guard = (*entry).lock.guard();
        let closing = (*entry).state.begin_close(is_inside);
        if closing == Closing::Closed {
            return None;
        }
        (*entry).deregister(fd);
        let claimed = (*entry).reset(0);
        // Waiting calls ask the system no more: the word has changed (N4 of `nonblock`). The closer is the call
        // beside them.
        let waiting = claimed.count() + (*entry).waiters.polling.count();
        let is_busy = closing == Closing::Busy && (*entry).state.active_calls() > waiting + 1;
        (*entry).nonblock.before_close(fd, is_busy);
        claimed.wake(guard, Some(libc::ECANCELED));
        if closing == Closing::Free {
            return Some(close_now(fd, entry));
        }
        let outcome = os::close_and_keep_number(fd);
        if (*entry).state.leave() {
            free_number(fd, entry);
        }
        Some(outcome)
    }
}

/// Calls close(2) for a number without active calls. A call that has entered since is woken to check its file (R5).
fn close_now(fd: c_int, entry: *mut FdEntry) -> Result<()> {
    let outcome = os::close(fd);
    // SAFETY: the entry is never freed (E1).
    unsafe {
        if (*entry).state.is_busy() {
            let guard = (*entry).lock.guard();
            (*entry).waiters.claim_all().wake(guard, None);
        }
    }
    outcome
}
