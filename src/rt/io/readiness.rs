//! What an edge of a file descriptor wakes.
//!
//! One event wakes one call that takes:
//!
//! ```text
//!   an edge ──> all shared_waiters, and the first taker ── takes something, or fails ──> hands on: the next taker
//!                                                └─ EAGAIN: nothing is left ───> waits again
//! ```
//!
//! * W1. An edge wakes each call that only looks, and one that takes; a hang-up or an error wakes all.
//! * W2. A taker that was woken while others waited hands on before its call ends, unless it has had EAGAIN: an edge
//!   may stand for more than one call takes. So while exclusive_waiters wait, either nothing has come since a call had EAGAIN,
//!   or one of them is on its way.
//! * W3. A taker waits only after EAGAIN, and if no edge has come since before that (E4).

use core::ffi::c_int;

use super::fd_entry::{Direction, FdEntry, HANGUP};
use super::fd_table::entry;
use super::thread_wait::ThreadPoll;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::wait_queue::{Waiter, WakeList};
use crate::rt::model::worker::Worker;
use crate::rt::os::poller::Event;
use crate::rt::park::wake::wake_all;

impl FdEntry {
    /// All calls that wait, which are to look again, or are over. Gives the tasks among them; calls that are about to
    /// wait see other counts of edges.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn claim_all(&mut self) -> Waiters {
        for edges in &self.ticks {
            edges.fetch_add(1, Ordering::Release);
        }
        // SAFETY: the lock is held; the threads in the list stay until they have left it.
        unsafe { ThreadPoll::notify_all(self.polling) };
        let mut all = WakeList::NEW;
        for queue in self.exclusive_waiters.iter_mut().chain(&mut self.shared_waiters) {
            // SAFETY: the lock is held.
            unsafe { all.add_all(queue) }
        }
        Waiters(all.list())
    }

    /// The calls that an edge this way wakes (W1), claimed.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn claim_for(&mut self, way: Direction, is_for_all: bool, woken: &mut WakeList) {
        // SAFETY: the lock is held; claimed calls stay until they are woken.
        unsafe {
            woken.add_all(&mut *self.shared_waiters(way));
            if is_for_all {
                return woken.add_all(&mut *self.exclusive_waiters(way));
            }
            let taker = self.claim_exclusive(way);
            if !taker.is_null() {
                woken.add(taker);
            }
        }
    }

    /// The taker that waits first, claimed; its wake says whether others wait (W2). NULL: none waits.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn claim_exclusive(&mut self, way: Direction) -> *mut Waiter {
        // SAFETY: the lock is held; a claimed call stays until it is woken.
        unsafe {
            let queue = &mut *self.exclusive_waiters(way);
            let taker = queue.claim_front();
            if let Some(taker) = taker.as_mut() {
                taker.case = if queue.is_empty() { ALONE } else { OTHERS_WAIT };
            }
            taker
        }
    }
}

/// What wakes a taker: no other waits for the same.
pub(crate) const ALONE: u32 = 1;
/// Others do: it hands on.
const OTHERS_WAIT: u32 = 2;

/// Tasks that waited, claimed by the caller, which wakes them when no lock is held.
#[must_use]
pub(crate) struct Waiters(*mut Waiter);

impl Waiters {
    pub(super) fn count(&self) -> u64 {
        let (mut count, mut next) = (0, self.0);
        // SAFETY: claimed by the caller: they stay until they are woken.
        while let Some(waiter) = unsafe { next.as_ref() } {
            (count, next) = (count + 1, waiter.next());
        }
        count
    }

    /// Wakes them: for the reason of an error, or to try again.
    pub(super) fn wake(self, reason: Option<u32>) {
        // SAFETY: claimed by the caller: they stay until they are woken.
        unsafe { wake_all(self.0, reason) }
    }
}

/// A poller tells its worker of an edge.
pub(crate) fn on_event(worker: *mut Worker, what: Event) {
    let fd = what.token as u32 as c_int;
    let Ok(entry) = entry(fd) else { return };
    // SAFETY: entries are never freed (E1).
    unsafe {
        let held = (*entry).lock.guard();
        if (*entry).token != (what.token >> 32) as u32 || (*entry).owner != worker {
            return;
        }
        if what.is_hangup {
            (*entry).bits.fetch_or(HANGUP, Ordering::Relaxed);
        }
        let mut woken = WakeList::NEW;
        for (way, is_ready) in
            [(Direction::Read, what.is_readable), (Direction::Write, what.is_writable)]
        {
            if is_ready {
                let [inward, outward] = &(*entry).ticks;
                let edges = if way == Direction::Read { inward } else { outward };
                edges.fetch_add(1, Ordering::Release);
                (*entry).claim_for(way, what.is_hangup, &mut woken);
            }
        }
        drop(held);
        Waiters(woken.list()).wake(None);
    }
}
