//! The lists of jobs.

use core::ptr;

use super::job::Job;
use crate::rt::base::atomic::{AtomicPtr, Ordering};

/// A list of jobs, each of which exists. The lock of the pool is held for all.
pub(crate) struct JobQueue {
    first: AtomicPtr<Job>,
    last: AtomicPtr<Job>,
}

impl JobQueue {
    /// An empty one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a list of its own")]
    pub(crate) const NEW: JobQueue =
        JobQueue { first: AtomicPtr::new(ptr::null_mut()), last: AtomicPtr::new(ptr::null_mut()) };

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

    unsafe fn link(&self, prev: *mut Job, job: *mut Job, next: *mut Job) {
        // SAFETY: the caller's promise: these are neighbors.
        unsafe {
            ((*job).prev, (*job).next) = (prev, next);
            self.set_next(prev, job);
            self.set_previous(next, job);
        }
    }

    /// # Safety
    /// The job is in this list.
    pub(crate) unsafe fn remove(&self, job: *mut Job) {
        // SAFETY: the caller's promise; its neighbors are in the list.
        unsafe {
            let (prev, next) = ((*job).prev, (*job).next);
            self.set_next(prev, next);
            self.set_previous(next, prev);
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
    unsafe fn set_previous(&self, job: *mut Job, prev: *mut Job) {
        // SAFETY: as above.
        match unsafe { job.as_mut() } {
            Some(job) => job.prev = prev,
            None => self.last.store(prev, Ordering::Relaxed),
        }
    }
}
