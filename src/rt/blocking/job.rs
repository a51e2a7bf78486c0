//! A call that blocks, and the lists of such calls.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::rt::base::lock::Lock;
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::model::inherited::Inherited;

/// What a call is for: each class has threads of its own in the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Class {
    Resolve,
    File,
    /// `acort_blocking`.
    User,
}

/// The states of [`jobs`](super::jobs).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum JobState {
    Queued,
    Permitted,
    Running,
    Rejected,
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
    pub(crate) max_threads: u32,
    /// The state in which it begins, which it holds; NULL: any.
    pub(crate) inherited: *mut Inherited,

    /// The lock of the pool is for the rest.
    pub(crate) state: JobState,
    /// The number of its arrival.
    pub(crate) arrival: u64,
    pub(crate) next: *mut Job,
    pub(super) prev: *mut Job,
}

impl Job {
    /// One that the pool does not know yet.
    pub(crate) fn new(
        class: Class,
        max_threads: u32,
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
            max_threads,
            inherited: ptr::null_mut(),
            state: JobState::Queued,
            arrival: 0,
            next: ptr::null_mut(),
            prev: ptr::null_mut(),
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
