//! A job of the blocking pool: one call that blocks, and the task that waits for it.
//!
//! [`pool`](super::pool) has the states of a job (J1 to J8), [`run`](super::run) the value that the call works on.

use core::ffi::c_int;
use core::ptr;

use crate::rt::base::{Lock, WaitQueue, WakeList};
use crate::rt::model::Inherited;

/// What a call is for. The classes share the threads of the pool (J1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Class {
    /// Name resolution.
    Resolve,
    /// Reads, writes, and opens of files.
    File,
    /// The program's functions: acort_blocking().
    User,
}

/// Takes the result of a call that the kernel has made: negative: an errno.
pub(crate) type Complete = unsafe fn(*mut Job, c_int);

/// The state of a job that the pool knows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum JobState {
    /// It waits for a permit, in the queue of its class.
    Queued,
    /// It has a permit and waits for a thread, in the queue `ready`.
    Permitted,
    /// A thread makes the call.
    Running,
    /// The pool will never run it.
    Rejected,
}

/// A job. The task that waits for it and the thread that runs it share it; `is_done` and `is_detached` decide which of
/// them frees it (J6).
#[repr(C)]
pub(crate) struct Job {
    /// For the fields up to `waiters`.
    pub(crate) lock: Lock,
    /// The call has returned, or the pool has rejected the job.
    pub(crate) is_done: bool,
    /// The errno of a rejected job; 0: the call was made.
    pub(crate) error: c_int,
    /// The task no longer waits.
    pub(crate) is_detached: bool,
    pub(crate) waiters: WaitQueue,
    /// Takes the result of a call on the ring (R2 of `ring`). None: the pool makes the call.
    pub(crate) complete: Option<Complete>,
    /// The task has asked the ring to cancel the call.
    pub(crate) is_given_up: bool,

    /// Makes the call.
    pub(crate) function: unsafe fn(*mut Job),
    /// Drops what the call works on.
    pub(crate) cleanup: unsafe fn(*mut Job),
    pub(crate) class: Class,
    /// The limit of threads that the job's runtime sets: acort_opts_t.blocking_threads.
    pub(crate) max_threads: u32,
    /// The thread state in which the call begins, which the job holds. NULL: any.
    pub(crate) inherited: *mut Inherited,

    /// The pool's lock is for the rest.
    pub(crate) state: JobState,
    /// The position of its push among all pushes.
    pub(crate) arrival: u64,
    pub(crate) next: *mut Job,
    pub(super) prev: *mut Job,
}

impl Job {
    /// A job that the pool does not know yet.
    pub(crate) fn new(
        class: Class,
        max_threads: u32,
        function: unsafe fn(*mut Job),
        cleanup: unsafe fn(*mut Job),
    ) -> Job {
        Job {
            lock: Lock::NEW,
            is_done: false,
            error: 0,
            is_detached: false,
            waiters: WaitQueue::NEW,
            complete: None,
            is_given_up: false,
            function,
            cleanup,
            class,
            max_threads,
            inherited: ptr::null_mut(),
            state: JobState::Queued,
            arrival: 0,
            next: ptr::null_mut(),
            prev: ptr::null_mut(),
        }
    }

    /// Marks the job as done (J6). Returns its waiters, which the caller wakes. `error` is 0 after the call, and an
    /// errno for a rejected job.
    ///
    /// Returns None if the task has detached the job: the caller cleans up and frees it.
    ///
    /// # Safety
    /// The caller runs the job, or has rejected it.
    pub(crate) unsafe fn finish(job: *mut Job, error: c_int) -> Option<WakeList> {
        // SAFETY: nothing frees the job before it is done, and the caller is the one thread that ends it.
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
