//! Makes files non-blocking for acort's calls, and restores the flag O_NONBLOCK.
//!
//! The flag belongs to the open file, which other processes may share: the shell its terminal, a parent its listener.
//!
//! ```text
//!   file and call                        flag is set                  flag is cleared
//!   ───────────────────────────────────  ───────────────────────────  ───────────────────────────────
//!   socket: read, write, send, receive   never: MSG_DONTWAIT
//!   socket: connect                      [`with_nonblock`]            right after connect(2) begins
//!   socket: accept, sendfile, fdwait,    [`ensure_nonblock`],         acort_close(), the end of the
//!           poll, select                 [`ensure_nonblock_alone`]    last runtime, exit(3)
//!   no socket: all                       [`ensure_nonblock`]          the same
//! ```
//!
//! Invariants:
//!
//! * N1. An entry remembers that acort has set the flag (SET), and the file's identity, under the entry's lock. acort
//!   never changes a flag that the program has set.
//! * N2. acort clears the flag only while the number means that file, as far as device, inode and access mode tell.
//! * N3. A call that can block in the system calls [`ensure_nonblock`] before each attempt. The end of the last runtime
//!   clears the flags of the files without active calls. It stores RESTORING, then looks for active calls. A call
//!   enters, then looks for RESTORING. So one of them sees the other.
//! * N4. acort_close() clears the flag if each active call waits, for a waiting call asks the system no more. Otherwise
//!   a duplicate of the file stays open until the last call has left, which clears the flag.
//! * N5. Only the process that has set a flag clears it: a child of fork(2) leaves the flags to its parent. A state
//!   names its process, which changes under the entry's lock alone.
//! * N6. A call stores SETTING, then looks for exit(3), then sets the flag. exit(3) announces itself, then looks for
//!   SETTING, and yields until the flag is set. So no flag outlives the process. exit(3) in a signal handler does not
//!   wait for the call that the signal has interrupted. The wait ends after a second: a debugger may hold the thread.
//!   A call that sees exit(3) leaves the flag, and may block.
//! * N7. The standard files of a new program are to block. acort clears a flag that it has set, and that of a
//!   descriptor which the program gives away, unless a call is active. A later call on the file sets it again
//!   (N3).

use core::ffi::c_int;

use super::fd_ref::FdRef;
use super::fd_table;
use super::nonblock_state::{self, NonblockState, flags, set_flags};
use crate::rt::base::atomic::{AtomicU32, Ordering, fence};
use crate::rt::os::Result;

/// Returns true if the file does not block at the call's next attempt (N3).
#[inline(always)]
pub(super) fn is_nonblock(file: &FdRef) -> Result<bool> {
    fence(Ordering::SeqCst);
    Ok(!file.entry().nonblock.is_restoring() && flags(file.fd())? & libc::O_NONBLOCK != 0)
}

/// Makes the file non-blocking for the call's next attempt. Errors: `ECANCELED` if the file is closed.
#[inline(never)]
pub(crate) fn ensure_nonblock(file: &FdRef) -> Result<()> {
    if is_nonblock(file)? { Ok(()) } else { ensure_nonblock_alone(file) }
}

/// As [`ensure_nonblock`], and not during [`with_nonblock`]: for a program that asks the system itself later.
#[inline(never)]
pub(super) fn ensure_nonblock_alone(file: &FdRef) -> Result<()> {
    let _guard = file.entry().lock.guard();
    file.check()?;
    // SAFETY: the lock is held; the file is current, so that the number means it.
    unsafe { NonblockState::set(&raw mut (*file.entry_ptr()).nonblock, file.fd()) }
}

/// Calls `act` while the file is non-blocking, and clears a flag that it sets at once. The entry's lock is held
/// meanwhile, so that such calls take turns.
pub(super) fn with_nonblock<T>(file: &FdRef, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let fd = file.fd();
    let guard = file.entry().lock.guard();
    file.check()?;
    if flags(fd)? & libc::O_NONBLOCK != 0 {
        drop(guard);
        return act();
    }
    // SAFETY: the lock is held; the file is current, so that the number means it.
    unsafe {
        let state = &raw mut (*file.entry_ptr()).nonblock;
        NonblockState::set(state, fd)?;
        let outcome = act();
        if (*state).is_set() {
            (*state).restore(fd);
        }
        outcome
    }
}

/// Makes a file block that a new program gets as a standard one (N7). `is_given`: the program gives it away.
pub(crate) fn clear_for_program(fd: c_int, is_given: bool) {
    let Ok(entry) = fd_table::entry(fd) else { return };
    // SAFETY: the entry is never freed (E1 of `fd_entry`), and its lock is held.
    unsafe {
        let _guard = (*entry).lock.guard();
        let is_busy = || (*entry).state.is_busy();
        if (*entry).nonblock.is_set() {
            (*entry).nonblock.restore_unless(is_busy);
        } else if is_given
            && let Ok(found) = flags(fd)
            && found & libc::O_NONBLOCK != 0
            && !is_busy()
        {
            let _ = set_flags(fd, found & !libc::O_NONBLOCK);
        }
    }
}

/// The number of runtimes in this process. A child of fork(2) counts its parent's with its own.
#[unsafe(link_section = "aco_shared")]
static RUNTIMES: AtomicU32 = AtomicU32::new(0);

/// Counts a runtime that starts.
pub(crate) fn runtime_started() {
    RUNTIMES.fetch_add(1, Ordering::SeqCst);
}

/// Counts a runtime that has ended. The last one clears the flags of the files without active calls (N3).
pub(crate) fn runtime_ended() {
    let is_last = RUNTIMES.fetch_sub(1, Ordering::SeqCst) == 1;
    if !is_last {
        return;
    }
    // SAFETY: entries are never freed (E1 of `fd_entry`). The state is checked again under the lock.
    nonblock_state::for_each(|state| unsafe {
        if !(*state).is_set() {
            return;
        }
        let Ok(entry) = fd_table::entry((*state).fd()) else { return };
        let _guard = (*entry).lock.guard();
        if (*state).is_set() {
            (*state).restore_unless(|| (*entry).state.is_busy());
        }
    });
}
