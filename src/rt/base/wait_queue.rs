//! Queues of those who wait for an object, first come first served. The object's lock is held for each.

use core::ptr;

use super::lock::Lock;
use super::parker::Parker;

/// A place in a queue. It lies in its task, or on the stack of a plain thread: never on one of a task,
/// which may be elsewhere when somebody looks.
#[repr(C)]
pub(crate) struct Waiter {
    next: *mut Waiter,
    /// The one before; the first's: the last one.
    prev: *mut Waiter,
    /// The lock of the object that it waits for.
    lock: *const Lock,
    pub(crate) parker: *mut Parker,
    /// What is handed over goes here, or comes from here. A mutex: who waits.
    pub(crate) slot: *mut u8,
    /// Which one of several waits this is, from 1 on: the reason for the wake.
    pub(crate) case: u32,
    /// So many bytes from `lock` is the queue that it is in; 0: it is in none.
    queue_offset: i32,
}

/// All zero is an empty one.
#[repr(C)]
pub(crate) struct WaitQueue {
    first: *mut Waiter,
}

impl Waiter {
    /// A place for the wait `number` of `parker`, in no queue yet.
    #[inline(always)]
    pub(crate) fn new(parker: *mut Parker, slot: *mut u8, case: u32) -> Waiter {
        let (next, prev, lock) = (ptr::null_mut(), ptr::null_mut(), ptr::null());
        Waiter { next, prev, lock, parker, slot, case, queue_offset: 0 }
    }

    /// The next in the list of claimed ones.
    pub(crate) fn next(&self) -> *mut Waiter {
        self.next
    }

    /// Takes the place out of its queue, if it is in one still.
    ///
    /// # Safety
    /// `waiter` points to a place that was in a queue; the object of that is there.
    pub(crate) unsafe fn dequeue(waiter: *mut Waiter) {
        // SAFETY: the caller's promise. `lock` is written by who owns the place alone.
        unsafe {
            let Some(lock) = (*waiter).lock.as_ref() else { return };
            let _guard = lock.guard();
            if (*waiter).queue_offset != 0 {
                let place =
                    (*waiter).lock.addr().wrapping_add_signed((*waiter).queue_offset as isize);
                let queue: *mut WaitQueue = ptr::with_exposed_provenance_mut(place);
                (*queue).remove(waiter);
            }
        }
    }
}

impl WaitQueue {
    /// An empty one.
    pub(crate) const NEW: WaitQueue = WaitQueue { first: ptr::null_mut() };

    /// Is nobody in it?
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Puts a place at the end.
    ///
    /// # Safety
    /// `waiter` points to a place in no queue; `lock` is held, and lies in one object with this queue.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, waiter: *mut Waiter, lock: *const Lock) {
        // SAFETY: the caller's promise; who is in the queue is there.
        unsafe {
            let here = ptr::from_mut(self).expose_provenance();
            (*waiter).next = ptr::null_mut();
            (*waiter).queue_offset = here.wrapping_sub(lock.addr()) as i32;
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

    /// Puts a place at the end, or before all others.
    ///
    /// # Safety
    /// As [`push`](Self::push).
    #[inline(always)]
    pub(crate) unsafe fn insert(&mut self, waiter: *mut Waiter, lock: *const Lock, at_front: bool) {
        // SAFETY: as in `push`. The links make a ring but for the last one's `next`: the place at the end is before
        // the first one as well.
        unsafe {
            self.push(waiter, lock);
            if at_front && self.first != waiter {
                (*(*waiter).prev).next = ptr::null_mut();
                (*waiter).next = self.first;
                self.first = waiter;
            }
        }
    }

    /// Takes a place out.
    ///
    /// # Safety
    /// `waiter` is in this queue.
    #[inline(always)]
    pub(crate) unsafe fn remove(&mut self, waiter: *mut Waiter) {
        // SAFETY: the caller's promise; its neighbours are in the queue.
        unsafe {
            let (next, previous) = ((*waiter).next, (*waiter).prev);
            if self.first == waiter {
                self.first = next;
            } else {
                (*previous).next = next;
            }
            // Where it was the last one, the first now has another one for that.
            let after = if next.is_null() { self.first } else { next };
            if let Some(after) = after.as_mut() {
                after.prev = previous;
            }
            (*waiter).queue_offset = 0;
        }
    }

    /// The first whose wait the caller has ended: it is out of the queue, and for the caller to wake.
    /// Those whose waits somebody else has ended are taken out. NULL: there is nobody.
    #[inline(always)]
    pub(crate) fn claim_front(&mut self) -> *mut Waiter {
        // SAFETY: who is in the queue is there, and its parker.
        unsafe {
            while let Some(waiter) = self.first.as_ref() {
                let (place, parker) = (self.first, waiter.parker);
                self.remove(place);
                if (*parker).claim() {
                    return place;
                }
            }
        }
        ptr::null_mut()
    }

    /// The first place whose wait goes on, although that may end now; those before it are taken out. NULL: there is
    /// none.
    pub(crate) fn first(&mut self) -> *mut Waiter {
        // SAFETY: who is in the queue is there, and its parker.
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

    /// Takes a place out and claims who waits there. False: somebody else has ended that wait.
    ///
    /// # Safety
    /// `waiter` is in this queue.
    pub(crate) unsafe fn claim(&mut self, waiter: *mut Waiter) -> bool {
        // SAFETY: the caller's promise; who is in the queue is there, and its parker.
        unsafe {
            self.remove(waiter);
            (*(*waiter).parker).claim()
        }
    }

    /// Claims all, and gives them as a list, which is for [`pop_waiter`].
    pub(crate) fn claim_all(&mut self) -> *mut Waiter {
        let mut all = WakeList::NEW;
        // SAFETY: the lock is held for each queue.
        unsafe { all.add_all(self) };
        all.list()
    }
}

/// WakeList ones, in the order in which they are to be woken.
pub(crate) struct WakeList {
    first: *mut Waiter,
    last: *mut Waiter,
}

impl WakeList {
    /// Nobody.
    pub(crate) const NEW: WakeList = WakeList { first: ptr::null_mut(), last: ptr::null_mut() };

    /// One more.
    ///
    /// # Safety
    /// `waiter` was claimed by the caller, and is in no queue.
    pub(crate) unsafe fn add(&mut self, waiter: *mut Waiter) {
        // SAFETY: the caller's promise: claimed ones stay until they are woken.
        unsafe {
            (*waiter).next = ptr::null_mut();
            match self.last.as_mut() {
                Some(last) => last.next = waiter,
                None => self.first = waiter,
            }
        }
        self.last = waiter;
    }

    /// All of `wait_queue`, which the caller claims.
    ///
    /// # Safety
    /// The lock of the queue's object is held.
    pub(crate) unsafe fn add_all(&mut self, queue: &mut WaitQueue) {
        loop {
            let waiter = queue.claim_front();
            if waiter.is_null() {
                return;
            }
            // SAFETY: just claimed: it stays until it is woken.
            unsafe { self.add(waiter) }
        }
    }

    /// All of them, for [`pop_waiter`].
    pub(crate) fn list(self) -> *mut Waiter {
        self.first
    }
}

/// Takes the first from a list of claimed ones.
pub(crate) fn pop_waiter(list: &mut *mut Waiter) -> Option<*mut Waiter> {
    let first = *list;
    // SAFETY: a claimed waiter stays until it is woken.
    *list = unsafe { first.as_ref() }?.next;
    Some(first)
}
