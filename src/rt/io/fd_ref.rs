//! A call's reference to the file that it began with; closing; waiting.
//!
//! Every call of acort on a descriptor enters its entry once, and leaves it once (`file_state`). What closes the file
//! meanwhile cannot let the call go on with the next file of that number:
//!
//! ```text
//!   a call                                  acort_close()
//!   enter: generation g, one call inside    under the lock: CLOSING, the waiters are claimed
//!   ask the system ── EAGAIN                wakes them: ECANCELED
//!   wait ────────────────────────────────>  dup3: the file is closed, a dead one has the number
//!   asks again: EBADF of the dead file      leaves
//!   word changed: ECANCELED
//!   leave ── the last one: the number is free
//! ```
//!
//! * R1. The number stays taken while a call is inside (G2): no other file can have it, but for R5.
//! * R2. The dead file gives no call success, and no bytes: a success is always the file's that the call began with.
//! * R3. An error counts as ECANCELED where the word has changed meanwhile (G1).
//! * R4. close(2) and dup3(2) run without locks: a file that lingers holds up its closer alone.
//! * R5. Without a call inside the word changes before close(2), since the next file may be there right after that. A
//!   call, or another acort_close(), that begins in between has begun after the close: as with close(2) itself, it may
//!   meet the closed file first, and then the next one of that number.
//!
//! Without a free descriptor for the dead file the closed one keeps the number until the last call has left.

use core::ffi::c_int;

use super::fd_entry::{Direction, FdEntry};
use super::fd_table::entry;
use super::file_state::Closing;
use super::nonblock::Lent;
use super::readiness::ALONE;
use super::thread_wait::ThreadPoll;
use super::{fd_identity, thread_wait};
use crate::rt::base::parker::{WaitMode, wake_error};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::task;
use crate::rt::model::worker::Worker;
use crate::rt::os;
use crate::rt::os::Result;
use crate::rt::park::wait::{self, Wait};
use crate::rt::park::wake::wake_waiter;

/// A call that is inside.
pub(crate) struct FdRef {
    pub(super) fd: c_int,
    generation: u32,
    pub(super) entry: *mut FdEntry,
    /// A plain thread is not cancelled (pthread_cancel) while it is inside: it would never leave.
    pub(super) cancel_state: Option<c_int>,
}

impl FdRef {
    /// Enters. EBADF: there is no such number, or its file is being closed; EMFILE, ENOMEM.
    #[inline(never)]
    pub(crate) fn enter(fd: c_int) -> Result<FdRef> {
        let entry = entry(fd)?;
        // SAFETY: entries are never freed (E1).
        let generation = unsafe { (*entry).state.enter() }.ok_or(libc::EBADF)?;
        let is_thread = task::current().is_null();
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

    /// The same for queues and locks.
    pub(crate) fn entry_ptr(&self) -> *mut FdEntry {
        self.entry
    }

    /// Returns true while the number stands for the file that the call began with.
    #[inline(always)]
    pub(crate) fn is_current(&self) -> bool {
        self.entry().state.is_current(self.generation)
    }

    /// ECANCELED: the file is closed.
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_current() { Ok(()) } else { Err(libc::ECANCELED) }
    }

    /// What an answer of the system means for the call (R3).
    #[inline(always)]
    pub(crate) fn check_result<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| if self.is_current() { error } else { libc::ECANCELED })
    }

    /// Waits until the file may be ready, or was when there were more than `edges`; `takes` says whether the call takes
    /// what is there then, or only looks (W1). ECANCELED: the task is, or the file is closed; EBADF ...
    pub(crate) fn wait(
        &self,
        way: Direction,
        takes: bool,
        edges: u32,
        deadline: i64,
    ) -> Result<Woken> {
        if task::current().is_null() {
            let events = if way == Direction::Read { libc::POLLIN } else { libc::POLLOUT };
            return Woken::of(thread_wait::poll(self, events, deadline).map(drop));
        }
        if self.entry().is_unmanaged() {
            fd_identity::revalidate(self)?;
        }
        // SAFETY: the entry stays (E1); the lock is held until the wait gives it back.
        unsafe {
            let lock = &raw const (*self.entry).lock;
            (*lock).lock();
            let watched =
                self.check().and_then(|()| (*self.entry).register(self.fd, Worker::current()));
            if watched != Ok(()) || self.entry().tick(way) != edges {
                (*lock).unlock();
                return match watched {
                    Ok(()) => Ok(Woken::Ready),
                    // What the poller refuses cannot be waited for.
                    Err(libc::EPERM) => Err(libc::EAGAIN),
                    Err(error) => Err(error),
                };
            }
            let entry = self.entry;
            let queue =
                if takes { (*entry).exclusive_waiters(way) } else { (*entry).shared_waiters(way) };
            let wait_reason =
                if way == Direction::Read { WaitReason::Read } else { WaitReason::Write };
            let mode = WaitMode::Cancellable;
            let wait = Wait::new(wait_reason, self.fd as usize, mode, deadline);
            let woken = Woken::of(wait::wait_on(lock, queue, core::ptr::null_mut(), wait))?;
            // Its place has the number that the waker has written, until the task waits again.
            let is_single_threaded = (*(*task::current()).waiter()).case == ALONE;
            Ok(if woken == Woken::Ready && !is_single_threaded {
                Woken::BeforeOthers
            } else {
                woken
            })
        }
    }

    /// A call that was woken before others has not taken all that there was: the next one looks (W2).
    pub(super) fn pass_on_wakeup(&self, way: Direction) {
        // SAFETY: the entry stays (E1); a claimed call stays until it is woken, which no lock is held for.
        unsafe {
            let held = (*self.entry).lock.guard();
            let next = (*self.entry).claim_exclusive(way);
            drop(held);
            if !next.is_null() {
                wake_waiter(next);
            }
        }
    }
}

/// How a wait has ended.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Woken {
    /// The file may be ready.
    Ready,
    /// The same, and other calls wait for it.
    BeforeOthers,
    /// The deadline has passed: the call tries once more.
    TimedOut,
}

impl Woken {
    /// What the outcome of a wait means.
    pub(crate) fn of(waited: Result<()>) -> Result<Woken> {
        match waited {
            Ok(()) => Ok(Woken::Ready),
            Err(libc::ETIMEDOUT) => Ok(Woken::TimedOut),
            Err(error) => Err(error),
        }
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

/// The last call has left a closed file: the number goes back to the system (G2).
#[cold]
fn free_number(fd: c_int, entry: *mut FdEntry) {
    // SAFETY: the entry stays (E1). No call is inside, and none enters before the word changes.
    let (copy, waiters) = unsafe {
        let _guard = (*entry).lock.guard();
        let copy = Lent::after_close(entry);
        (*entry).state.advance();
        (copy, (*entry).reset(0))
    };
    waiters.wake(None);
    let _ = copy.map(os::close);
    // Of a dead file it says nothing; what the closed one has to say was lost with dup3.
    let _ = close_now(fd, entry);
}

/// acort_close(): the calls inside have ECANCELED.
pub(crate) fn close(fd: c_int) -> Result<()> {
    // A number beyond the table is none that a call could be inside.
    let Ok(entry) = entry(fd) else { return os::close(fd) };
    close_entry(fd, entry, false).unwrap_or(Err(libc::EBADF))
}

/// Closes, by a call that is inside or not; it is outside then. None: the file is closed already, and nothing changes.
pub(super) fn close_entry(fd: c_int, entry: *mut FdEntry, is_inside: bool) -> Option<Result<()>> {
    // SAFETY: the entry stays (E1).
    let (closing, waiters) = unsafe {
        let _guard = (*entry).lock.guard();
        let closing = (*entry).state.begin_close(is_inside);
        if closing == Closing::Closed {
            return None;
        }
        (*entry).deregister(fd);
        let waiters = (*entry).reset(0);
        // Beside the closer: those that wait ask the system no more, for their file is closed.
        let waiting = waiters.count() + ThreadPoll::count((*entry).polling);
        let is_busy = closing == Closing::Busy && (*entry).state.inside() > waiting + 1;
        Lent::before_close(entry, fd, is_busy);
        (closing, waiters)
    };
    waiters.wake(Some(wake_error(libc::ECANCELED)));
    if closing == Closing::Free {
        return Some(close_now(fd, entry));
    }
    let outcome = os::close_and_keep_number(fd);
    // SAFETY: as above.
    if unsafe { (*entry).state.leave() } {
        free_number(fd, entry);
    }
    Some(outcome)
}

/// close(2), of a number that no call was inside. A call that has entered since looks again: its file is closed.
fn close_now(fd: c_int, entry: *mut FdEntry) -> Result<()> {
    let outcome = os::close(fd);
    // SAFETY: the entry stays (E1).
    unsafe {
        if (*entry).state.is_busy() {
            let held = (*entry).lock.guard();
            let waiters = (*entry).claim_all();
            drop(held);
            waiters.wake(None);
        }
    }
    outcome
}

pub(super) fn restore(cancel_state: Option<c_int>) {
    if let Some(state) = cancel_state {
        os::restore_cancellation(state);
    }
}
