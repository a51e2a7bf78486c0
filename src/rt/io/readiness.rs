//! Waiting until a file descriptor is ready, and the tasks that an edge of it wakes.
//!
//! One event wakes one exclusive waiter, a call that consumes what is there:
//!
//! ```text
//!   an edge ──> all shared waiters, and the first exclusive one
//!                 ├─ it consumes something, or fails ──> passes the wakeup on: the next exclusive waiter
//!                 └─ EAGAIN: nothing is left ──────────> waits again
//! ```
//!
//! * W1. An edge wakes each shared waiter, and one exclusive waiter. A hangup or an error wakes all.
//! * W2. An exclusive waiter that was woken before others passes the wakeup on before its call ends, unless it got
//!   EAGAIN: one edge may stand for more than one call consumes. So if exclusive waiters wait, one of two things
//!   holds: nothing has come since a call last got EAGAIN, or one of them was woken and has not made its call yet.
//! * W3. A call waits as an exclusive waiter only after EAGAIN or on a drained file (E7), and only if no edge has
//!   come since (E4). No code resets DRAINED at an edge: the edge advances the tick, and DRAINED counts for one tick.

use core::ffi::c_int;
use core::ptr;

use super::direction::Direction;
use super::fd_entry::HANGUP;
use super::fd_ref::FdRef;
use super::fd_table::entry;
use super::fd_waiters::{ALONE, ClaimedWaiters};
use super::{fd_identity, thread_wait};
use crate::rt::base::WakeList;
use crate::rt::base::atomic::Ordering;
use crate::rt::model::{Worker, task};
use crate::rt::os::poller::Event;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wait::Blocked;
use crate::rt::park::{Wait, wait, wake_waiter};

/// How a wait for a file descriptor has ended.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Woken {
    /// The file may be ready.
    Ready,
    /// The file may be ready, and other exclusive waiters wait for it (W2).
    BeforeOthers,
    /// The deadline has passed: the call tries once more.
    TimedOut,
}

impl Woken {
    /// The meaning of a wait's result.
    pub(crate) fn of(waited: Result<()>) -> Result<Woken> {
        match waited {
            Ok(()) => Ok(Woken::Ready),
            Err(libc::ETIMEDOUT) => Ok(Woken::TimedOut),
            Err(error) => Err(error),
        }
    }
}

impl FdRef {
    /// Waits until the file may be ready. Returns at once if the direction's tick is no longer `tick`. `is_exclusive`:
    /// the call consumes what is there (W1). Errors: `ECANCELED` if the task is canceled or the file closed; `EAGAIN`
    /// if the system cannot poll the file; those of poll(2) and epoll_ctl(2).
    #[inline(always)]
    pub(crate) fn wait(
        &self,
        direction: Direction,
        is_exclusive: bool,
        tick: u32,
        deadline: Deadline,
    ) -> Result<Woken> {
        match self.start_wait(direction, is_exclusive, tick, deadline) {
            Ok(Blocked::Pending) => {
                // SAFETY: the task is ready for the switch. Afterwards it runs again.
                unsafe {
                    wait::switch_to_scheduler();
                    finish_wait()
                }
            }
            ended => Woken::of(ended.map(drop)),
        }
    }

    /// The first part of [`wait`](Self::wait), up to the switch.
    #[inline(never)]
    fn start_wait(
        &self,
        direction: Direction,
        is_exclusive: bool,
        tick: u32,
        deadline: Deadline,
    ) -> Result<Blocked> {
        if task::current().is_null() {
            let events = direction.poll_event();
            return thread_wait::poll(self, events, deadline).map(|_| Blocked::Done);
        }
        if self.entry().is_unmanaged() {
            fd_identity::revalidate(self)?;
        }
        let entry = self.entry_ptr();
        // SAFETY: the entry is never freed (E1). The lock is held until `enqueue` unlocks it. The file is current when
        // `register` is called, so that the number means it.
        unsafe {
            let lock = &raw const (*entry).lock;
            (*lock).lock();
            let registered =
                self.check().and_then(|()| (*entry).register(self.fd, Worker::current()));
            if registered != Ok(()) || (*entry).tick(direction) != tick {
                (*lock).unlock();
                return match registered {
                    Ok(()) => Ok(Blocked::Done),
                    Err(libc::EPERM) => Err(libc::EAGAIN),
                    Err(error) => Err(error),
                };
            }
            let waiters = &mut (*entry).waiters;
            let queue =
                if is_exclusive { waiters.exclusive(direction) } else { waiters.shared(direction) };
            let wait = Wait::new(direction.wait_reason(), self.fd as usize, deadline);
            wait::enqueue((lock, queue), ptr::null_mut(), wait)
        }
    }

    /// Wakes the next exclusive waiter, for a call that was woken before others and has consumed something (W2).
    pub(super) fn pass_on_wakeup(&self, direction: Direction) {
        let entry = self.entry_ptr();
        // SAFETY: the entry is never freed (E1). A claimed task stays in its call until it is woken.
        unsafe {
            let guard = (*entry).lock.guard();
            let next = (*entry).waiters.claim_exclusive(direction);
            drop(guard);
            wake_waiter(next);
        }
    }
}

/// The last part of [`FdRef::wait`], after the switch.
///
/// # Safety
/// `start_wait` has returned Pending, and the task runs again.
#[inline(never)]
unsafe fn finish_wait() -> Result<Woken> {
    // SAFETY: the wait has ended. The task's waiter keeps what `claim_exclusive` has written there until its next wait.
    unsafe {
        let woken = Woken::of(wait::finish_wait())?;
        let was_alone = (*(*task::current()).waiter()).case == ALONE;
        Ok(if woken == Woken::Ready && !was_alone { Woken::BeforeOthers } else { woken })
    }
}

/// Handles an event that the poller of `worker`, this thread's, has reported. Drops a stale event (E3).
pub(crate) fn on_event(worker: *mut Worker, event: Event) {
    let fd = event.token as u32 as c_int;
    let Ok(entry) = entry(fd) else { return };
    // SAFETY: the entry is never freed (E1), and its lock is held.
    unsafe {
        let guard = (*entry).lock.guard();
        if (*entry).token != (event.token >> 32) as u32 || (*entry).owner != worker {
            return;
        }
        if event.is_hangup {
            (*entry).bits.fetch_or(HANGUP, Ordering::Relaxed);
        }
        let mut claimed = WakeList::NEW;
        for (direction, is_ready) in
            [(Direction::Read, event.is_readable), (Direction::Write, event.is_writable)]
        {
            if is_ready {
                (*entry).waiters.on_edge(direction, event.is_hangup, &mut claimed);
            }
        }
        ClaimedWaiters(claimed).wake(guard, None);
    }
}
