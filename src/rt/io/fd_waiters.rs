//! The callers that wait for a file descriptor, and the ticks that they compare before they wait.
//!
//! The entry's lock is held in all functions but [`FdWaiters::tick`]. What the queues mean is in `readiness`.

use core::ffi::c_int;

use super::direction::Direction;
use super::polling_threads::PollingThreads;
use crate::rt::base::atomic::{AtomicU32, Ordering};
use crate::rt::base::{Aliased, LockGuard, WaitQueue, Waiter, WakeList, wake_error};
use crate::rt::park::wake_all;

/// The wake reason of an exclusive waiter that was alone in its queue.
pub(super) const ALONE: u32 = 1;
/// The wake reason of an exclusive waiter that left others in its queue (W2).
const OTHERS_WAIT: u32 = 2;

/// The waiters of one entry. All zero: no caller waits.
pub(crate) struct FdWaiters {
    /// The number of edges in each direction.
    ticks: [AtomicU32; 2],
    /// Tasks in calls that consume what is there, for each direction.
    exclusive: [WaitQueue; 2],
    /// Tasks in calls that consume nothing, such as acort_select() and acort_fdwait().
    shared: [WaitQueue; 2],
    pub(super) polling: PollingThreads,
    _aliased: Aliased,
}

impl FdWaiters {
    /// The number of edges in this direction.
    #[inline(always)]
    pub(crate) fn tick(&self, direction: Direction) -> u32 {
        direction.select(self.ticks.each_ref()).load(Ordering::Acquire)
    }

    /// The queue of the calls that consume what is there.
    pub(crate) fn exclusive(&mut self, direction: Direction) -> &mut WaitQueue {
        direction.select(self.exclusive.each_mut())
    }

    /// The queue of the calls that consume nothing.
    pub(crate) fn shared(&mut self, direction: Direction) -> &mut WaitQueue {
        direction.select(self.shared.each_mut())
    }

    /// Returns true if a task is in one of the queues.
    pub(super) fn has_tasks(&self) -> bool {
        self.exclusive.iter().chain(&self.shared).any(|queue| !queue.is_empty())
    }

    /// Ends all waits: claims the tasks, and notifies the threads. Both ticks advance, so that a call that is about to
    /// wait does not.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn claim_all(&mut self) -> ClaimedWaiters {
        for tick in &self.ticks {
            tick.fetch_add(1, Ordering::Release);
        }
        let mut all = WakeList::NEW;
        // SAFETY: the lock is held.
        unsafe {
            self.polling.notify_all();
            for queue in self.exclusive.iter_mut().chain(&mut self.shared) {
                queue.claim_into(&mut all);
            }
        }
        ClaimedWaiters(all)
    }

    /// Counts an edge, and adds the tasks that it wakes (W1) to `claimed`.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn on_edge(
        &mut self,
        direction: Direction,
        is_hangup: bool,
        claimed: &mut WakeList,
    ) {
        direction.select(self.ticks.each_ref()).fetch_add(1, Ordering::Release);
        // SAFETY: the lock is held. A claimed task stays in its call until it is woken.
        unsafe {
            self.shared(direction).claim_into(claimed);
            if is_hangup {
                return self.exclusive(direction).claim_into(claimed);
            }
            let first = self.claim_exclusive(direction);
            if !first.is_null() {
                claimed.push(first);
            }
        }
    }

    /// Claims the first exclusive waiter. Its wake reason says whether others wait (W2). NULL: none waits.
    ///
    /// # Safety
    /// The entry's lock is held.
    pub(super) unsafe fn claim_exclusive(&mut self, direction: Direction) -> *mut Waiter {
        let queue = self.exclusive(direction);
        let first = queue.claim_front();
        // SAFETY: a claimed task stays in its call until it is woken.
        if let Some(first) = unsafe { first.as_mut() } {
            first.case = if queue.is_empty() { ALONE } else { OTHERS_WAIT };
        }
        first
    }
}

/// Tasks that the caller has claimed, and wakes.
#[must_use]
pub(super) struct ClaimedWaiters(pub(super) WakeList);

impl ClaimedWaiters {
    /// The number of tasks.
    pub(super) fn count(&self) -> u64 {
        self.0.count(u32::MAX).into()
    }

    /// Unlocks the entry, then wakes the tasks: their waits fail with `error`, or end so that they try again.
    pub(super) fn wake(self, guard: LockGuard, error: Option<c_int>) {
        drop(guard);
        // SAFETY: the caller has claimed the tasks, and each stays in its call until it is woken.
        unsafe { wake_all(self.0, error.map(wake_error)) }
    }
}
