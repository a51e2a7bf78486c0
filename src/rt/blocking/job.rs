//! A call that blocks, and the lists of such calls.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::rt::base::atomic::{AtomicPtr, Ordering};
use crate::rt::base::lock::Lock;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::model::inherited::Inherited;

/// What a call is for: each class has threads of its own in the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Class {
    Names,
    Files,
    /// `acort_blocking`.
    Program,
}

/// The states of [`jobs`](super::jobs).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum JobState {
    Waiting,
    Granted,
    Called,
    Refused,
}

/// A call. It belongs to its waiter and to the thread that makes it; the last one frees it.
pub(crate) struct Job {
    /// For the fields up to `waiters`.
    pub(crate) lock: Lock,
    pub(crate) is_done: bool,
    /// WaitReason it was not called, or 0.
    pub(crate) error: c_int,
    /// The waiter is gone.
    pub(crate) is_detached: bool,
    pub(crate) waiters: WaitQueue,

    pub(crate) function: unsafe fn(*mut c_void),
    /// Frees what the call has made, where the waiter is gone.
    pub(crate) cleanup: unsafe fn(*mut c_void),
    pub(crate) data: *mut c_void,
    pub(crate) class: Class,
    /// The limit of threads of its runtime.
    pub(crate) most: u32,
    /// The state in which it begins, which it holds; NULL: any.
    pub(crate) inherited: *mut Inherited,

    /// The lock of the pool is for the rest.
    pub(crate) state: JobState,
    /// The number of its arrival.
    pub(crate) number: u64,
    pub(crate) next: *mut Job,
    previous: *mut Job,
}

impl Job {
    /// One that the pool does not know yet.
    pub(crate) fn new(
        class: Class,
        most: u32,
        function: unsafe fn(*mut c_void),
        cleanup: unsafe fn(*mut c_void),
        data: *mut c_void,
    ) -> Job {
        Job {
            lock: Lock::NEW,
            is_done: false,
            error: 0,
            is_detached: false,
            waiters: WaitQueue::NEW,
            function,
            cleanup,
            data,
            class,
            most,
            inherited: ptr::null_mut(),
            state: JobState::Waiting,
            number: 0,
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
        }
    }

    /// The call was made, or was not, for `error`. Gives the waiters, which the caller wakes; the job is theirs. None:
    /// they are gone, and the job is the caller's.
    ///
    /// # Safety
    /// The job is called or refused, by the caller.
    pub(crate) unsafe fn finish(job: *mut Job, error: c_int) -> Option<*mut Waiter> {
        // SAFETY: the caller's promise: the job stays until it is done.
        unsafe {
            let _guard = (*job).lock.guard();
            if (*job).is_detached {
                return None;
            }
            (*job).is_done = true;
            (*job).error = error;
            Some((*job).waiters.claim_all())
        }
    }
}

/// A list of jobs, each of which exists. The lock of the pool is held for all.
pub(crate) struct List {
    first: AtomicPtr<Job>,
    last: AtomicPtr<Job>,
}

impl List {
    /// An empty one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a list of its own")]
    pub(crate) const NEW: List =
        List { first: AtomicPtr::new(ptr::null_mut()), last: AtomicPtr::new(ptr::null_mut()) };

    /// NULL: it is empty.
    pub(crate) fn first(&self) -> *mut Job {
        self.first.load(Ordering::Relaxed)
    }

    /// NULL: it is empty.
    pub(crate) fn last(&self) -> *mut Job {
        self.last.load(Ordering::Relaxed)
    }

    /// # Safety
    /// The job is in no list.
    pub(crate) unsafe fn push(&self, job: *mut Job) {
        // SAFETY: the caller's promise.
        unsafe { self.link(self.last(), job, ptr::null_mut()) }
    }

    /// # Safety
    /// The job is in no list.
    pub(crate) unsafe fn push_front(&self, job: *mut Job) {
        // SAFETY: the caller's promise.
        unsafe { self.link(ptr::null_mut(), job, self.first()) }
    }

    unsafe fn link(&self, previous: *mut Job, job: *mut Job, next: *mut Job) {
        // SAFETY: the caller's promise: these are neighbors.
        unsafe {
            ((*job).previous, (*job).next) = (previous, next);
            self.set_next(previous, job);
            self.set_previous(next, job);
        }
    }

    /// # Safety
    /// The job is in this list.
    pub(crate) unsafe fn remove(&self, job: *mut Job) {
        // SAFETY: the caller's promise; its neighbors are in the list.
        unsafe {
            let (previous, next) = ((*job).previous, (*job).next);
            self.set_next(previous, next);
            self.set_previous(next, previous);
        }
    }

    /// What follows `job`, or the list's beginning.
    unsafe fn set_next(&self, job: *mut Job, next: *mut Job) {
        // SAFETY: the caller's promise: the job is in the list, or NULL.
        match unsafe { job.as_mut() } {
            Some(job) => job.next = next,
            None => self.first.store(next, Ordering::Relaxed),
        }
    }

    /// What precedes `job`, or the list's end.
    unsafe fn set_previous(&self, job: *mut Job, previous: *mut Job) {
        // SAFETY: as above.
        match unsafe { job.as_mut() } {
            Some(job) => job.previous = previous,
            None => self.last.store(previous, Ordering::Relaxed),
        }
    }
}
