//! Wait queues: the waiters of an object, first in, first out.
//!
//! ```text
//!   first ──> A ──next──> B ──next──> C ──next──> null
//!   prev:     A ──> C     B ──> A     C ──> B              the first waiter's `prev` is the last one
//! ```
//!
//! * Q1. The lock of the object guards its queues. A waiter is in one queue at most: `queue_offset` is 0 exactly while
//!   it is in none, and changes under that lock.
//! * Q2. `lock` and `queue_offset` lead from a waiter to its queue: `push` writes both. `dequeue` reads `lock` before
//!   it holds that lock, after the wait has ended. All other code holds it.
//! * Q3. A waiter in a queue is live, and so is its parker. It is in the block or the scratch memory of its task, or on
//!   the stack of a plain thread. It is not on the stack of a task: a shared stack is copied elsewhere while the task
//!   waits.
//! * Q4. The wait of a waiter in a queue may have ended already (P5). `claim_front` and `first` drop such waiters.
//! * Q5. A claimed waiter is in no queue, and stays until it is woken (P3). Its `next` then links a list of waiters
//!   that its waker is about to wake.

use core::ptr;

use super::lock::Lock;
use super::parker::Parker;

/// The node of one wait in one queue (Q3).
#[repr(C)]
pub(crate) struct Waiter {
    /// The waiter behind this one, in its queue or in a list of claimed ones (Q5).
    pub(super) next: *mut Waiter,
    /// The waiter before this one. Of the first: the last one.
    prev: *mut Waiter,
    /// The lock of the object. Null: the waiter was never in a queue.
    lock: *const Lock,
    pub(crate) parker: *mut Parker,
    /// Where the waker takes a value from, or puts it. Of a mutex: the owner that the waiter would be.
    pub(crate) slot: *mut u8,
    /// The number of this wait among those of its parker, from 1 on. A wake-up has it as its reason.
    pub(crate) case: u32,
    /// Bytes from the lock to the queue that the waiter is in. 0: it is in none (Q1).
    queue_offset: i32,
}

/// A queue. All zero is an empty one.
#[repr(C)]
pub(crate) struct WaitQueue {
    first: *mut Waiter,
}

impl Waiter {
    /// A waiter for the wait number `case` of `parker`, in no queue.
    #[inline(always)]
    pub(crate) fn new(parker: *mut Parker, slot: *mut u8, case: u32) -> Waiter {
        let (next, prev, lock) = (ptr::null_mut(), ptr::null_mut(), ptr::null());
        Waiter { next, prev, lock, parker, slot, case, queue_offset: 0 }
    }

    /// Takes the waiter out of its queue, unless it is in none.
    ///
    /// # Safety
    /// `waiter` is live, and its wait has ended. If it was ever in a queue, the object of that queue is live.
    pub(crate) unsafe fn dequeue(waiter: *mut Waiter) {
        // SAFETY: `lock` is not written any more, as the wait has ended. The lock and the queue are parts of the live
        // object (Q2). The lock is held for the rest.
        unsafe {
            let Some(lock) = (*waiter).lock.as_ref() else { return };
            let _guard = lock.guard();
            if (*waiter).queue_offset != 0 {
                let address =
                    (*waiter).lock.addr().wrapping_add_signed((*waiter).queue_offset as isize);
                let queue: *mut WaitQueue = ptr::with_exposed_provenance_mut(address);
                (*queue).remove(waiter);
            }
        }
    }
}

impl WaitQueue {
    /// An empty queue.
    pub(crate) const NEW: WaitQueue = WaitQueue { first: ptr::null_mut() };

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Adds a waiter at the end.
    ///
    /// # Safety
    /// `waiter` is live (Q3), and in no queue. `lock` is held; it and this queue are fields of one object.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, waiter: *mut Waiter, lock: *const Lock) {
        // SAFETY: the lock is held. The waiters in the queue are live (Q3).
        unsafe {
            let address = ptr::from_mut(self).expose_provenance();
            (*waiter).next = ptr::null_mut();
            (*waiter).queue_offset = address.wrapping_sub(lock.addr()) as i32;
            (*waiter).lock = lock;
            match self.first.as_mut() {
                Some(first) => {
                    (*waiter).prev = first.prev;
                    (*first.prev).next = waiter;
                    first.prev = waiter;
                }
                None => {
                    (*waiter).prev = waiter;
                    self.first = waiter;
                }
            }
        }
    }

    /// Adds a waiter at the end, or at the front.
    ///
    /// # Safety
    /// As [`push`](Self::push).
    #[inline(always)]
    pub(crate) unsafe fn insert(&mut self, waiter: *mut Waiter, lock: *const Lock, at_front: bool) {
        // SAFETY: the lock is held, and the waiters in the queue are live (Q3). `prev` makes a ring, so a waiter at the
        // end is before the first one already: only `next` and `first` change.
        unsafe {
            self.push(waiter, lock);
            if at_front && self.first != waiter {
                (*(*waiter).prev).next = ptr::null_mut();
                (*waiter).next = self.first;
                self.first = waiter;
            }
        }
    }

    /// Takes a waiter out.
    ///
    /// # Safety
    /// `waiter` is in this queue, whose lock is held.
    #[inline(always)]
    pub(crate) unsafe fn remove(&mut self, waiter: *mut Waiter) {
        // SAFETY: the lock is held. `waiter` and its neighbors are in the queue, and so live (Q3).
        unsafe {
            let (next, prev) = ((*waiter).next, (*waiter).prev);
            if self.first == waiter {
                self.first = next;
            } else {
                (*prev).next = next;
            }
            // The waiter behind it has a new `prev`; if it was the last one, the first waiter has.
            let after = if next.is_null() { self.first } else { next };
            if let Some(after) = after.as_mut() {
                after.prev = prev;
            }
            (*waiter).queue_offset = 0;
        }
    }

    /// Claims the first waiter whose wait has not ended, and takes it out. The caller wakes it. Null: there is none.
    /// Waiters before it are dropped (Q4).
    #[inline(always)]
    pub(crate) fn claim_front(&mut self) -> *mut Waiter {
        // SAFETY: the caller holds the lock. The waiters in the queue and their parkers are live (Q3).
        unsafe {
            while let Some(first) = self.first.as_ref() {
                let (waiter, parker) = (self.first, first.parker);
                self.remove(waiter);
                if (*parker).claim() {
                    return waiter;
                }
            }
        }
        ptr::null_mut()
    }

    /// Returns the first waiter whose wait has not ended, without a claim: it may end at any moment. Null: there is
    /// none. Waiters before it are dropped (Q4).
    pub(crate) fn first(&mut self) -> *mut Waiter {
        // SAFETY: the caller holds the lock. The waiters in the queue and their parkers are live (Q3).
        unsafe {
            while let Some(waiter) = self.first.as_ref() {
                if (*waiter.parker).is_waiting() {
                    break;
                }
                self.remove(self.first);
            }
        }
        self.first
    }

    /// Takes a waiter out and claims it. Returns false if its wait has ended already.
    ///
    /// # Safety
    /// `waiter` is in this queue, whose lock is held.
    pub(crate) unsafe fn claim(&mut self, waiter: *mut Waiter) -> bool {
        // SAFETY: the lock is held. A waiter in the queue and its parker are live (Q3).
        unsafe {
            self.remove(waiter);
            (*(*waiter).parker).claim()
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use crate::rt::base::parker::WaitMode;
    use crate::rt::base::wake_list::WakeList;

    #[repr(C)]
    struct Object {
        lock: Lock,
        queue: WaitQueue,
    }

    fn cases(mut list: WakeList) -> Vec<u32> {
        // SAFETY: the waiters of a test are live.
        std::iter::from_fn(|| unsafe { list.pop().as_ref() }.map(|waiter| waiter.case)).collect()
    }

    /// Calls `test` with an object, and four waiters in its queue, in the order of their cases.
    fn with_waiters(test: impl Fn(&mut WaitQueue, *const Lock, [*mut Waiter; 4])) {
        let object: *mut Object = &mut Object { lock: Lock::NEW, queue: WaitQueue::NEW };
        let mut parkers = [(); 4].map(|()| Parker::new());
        let parkers = parkers.each_mut().map(ptr::from_mut);
        let mut case = 0;
        let mut waiters = parkers.map(|parker| {
            case += 1;
            // SAFETY: the parker is live.
            assert!(unsafe { (*parker).prepare(WaitMode::Cancellable) }.is_ok());
            Waiter::new(parker, ptr::null_mut(), case)
        });
        let waiters = waiters.each_mut().map(ptr::from_mut);
        let [one, two, three, four] = waiters;
        // SAFETY: this thread alone uses the object; the waiters outlive it.
        unsafe {
            let lock = &raw const (*object).lock;
            (*object).queue.insert(two, lock, true);
            (*object).queue.push(three, lock);
            (*object).queue.insert(four, lock, false);
            (*object).queue.insert(one, lock, true);
            test(&mut (*object).queue, lock, waiters);
            for waiter in waiters {
                Waiter::dequeue(waiter);
            }
            assert!((*object).queue.is_empty());
        }
    }

    #[test]
    fn woken_in_order() {
        with_waiters(|queue, _, _| assert_eq!(cases(queue.claim_all()), [1, 2, 3, 4]));
    }

    #[test]
    fn waiters_leave_and_come_back_at_the_end() {
        for (one, other) in (1..=4).flat_map(|one| (1..=4).map(move |other| (one, other))) {
            with_waiters(|queue, lock, waiters| {
                let waiter = |case: usize| *waiters.get(case - 1).unwrap();
                let mut expected = vec![1, 2, 3, 4];
                // SAFETY: this thread alone uses the queue, and the waiters are live.
                unsafe {
                    for out in [one, other] {
                        Waiter::dequeue(waiter(out));
                        expected.retain(|case| *case != out as u32);
                    }
                    if one != other {
                        queue.push(waiter(one), lock);
                        expected.push(one as u32);
                    }
                    for case in expected {
                        assert_eq!((*queue.claim_front()).case, case);
                    }
                }
                assert!(queue.is_empty());
            });
        }
    }

    #[test]
    fn ended_waits_are_dropped() {
        with_waiters(|queue, _, [one, two, three, four]| {
            // SAFETY: the waiters and their parkers are live.
            unsafe {
                assert!((*(*one).parker).claim() && (*(*three).parker).cancel());
                assert_eq!(queue.first(), two);
                assert!(queue.claim(two));
                assert_eq!(queue.claim_front(), four);
            }
            assert!(queue.is_empty() && queue.claim_front().is_null());
        });
    }
}
