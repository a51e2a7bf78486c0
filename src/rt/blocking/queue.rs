//! A FIFO of jobs, from which any job can be removed.
//!
//! The jobs are linked through `next` and `prev`. The pool's lock is held for every call. A job in a queue exists: its
//! state says which queue has it.

use core::ptr;

use super::job::Job;
use crate::rt::base::atomic::{AtomicPtr, Ordering};

/// A queue of jobs.
pub(crate) struct JobQueue {
    first: AtomicPtr<Job>,
    last: AtomicPtr<Job>,
}

impl JobQueue {
    /// An empty queue.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a separate queue")]
    pub(crate) const NEW: JobQueue =
        JobQueue { first: AtomicPtr::new(ptr::null_mut()), last: AtomicPtr::new(ptr::null_mut()) };

    /// The first job, or NULL.
    pub(crate) fn first(&self) -> *mut Job {
        self.first.load(Ordering::Relaxed)
    }

    /// The last job, or NULL.
    pub(crate) fn last(&self) -> *mut Job {
        self.last.load(Ordering::Relaxed)
    }

    /// Adds a job at the end.
    ///
    /// # Safety
    /// The job is in no queue.
    pub(crate) unsafe fn push(&self, job: *mut Job) {
        // SAFETY: the job is in no queue; the last job is its neighbor.
        unsafe { self.link(self.last(), job, ptr::null_mut()) }
    }

    /// Adds a job before all others.
    ///
    /// # Safety
    /// The job is in no queue.
    pub(crate) unsafe fn push_front(&self, job: *mut Job) {
        // SAFETY: the job is in no queue; the first job is its neighbor.
        unsafe { self.link(ptr::null_mut(), job, self.first()) }
    }

    /// Links a job between two neighbors, each of which may be NULL.
    unsafe fn link(&self, prev: *mut Job, job: *mut Job, next: *mut Job) {
        // SAFETY: `prev` and `next` are adjacent in this queue, `job` is in none.
        unsafe {
            ((*job).prev, (*job).next) = (prev, next);
            self.set_next(prev, job);
            self.set_prev(next, job);
        }
    }

    /// Removes a job.
    ///
    /// # Safety
    /// The job is in this queue.
    pub(crate) unsafe fn remove(&self, job: *mut Job) {
        // SAFETY: the job is in this queue, and so are its neighbors.
        unsafe {
            let (prev, next) = ((*job).prev, (*job).next);
            self.set_next(prev, next);
            self.set_prev(next, prev);
        }
    }

    /// Sets the job behind `job`. NULL: the first job.
    unsafe fn set_next(&self, job: *mut Job, next: *mut Job) {
        // SAFETY: `job` is in this queue, or NULL.
        match unsafe { job.as_mut() } {
            Some(job) => job.next = next,
            None => self.first.store(next, Ordering::Relaxed),
        }
    }

    /// Sets the job before `job`. NULL: the last job.
    unsafe fn set_prev(&self, job: *mut Job, prev: *mut Job) {
        // SAFETY: `job` is in this queue, or NULL.
        match unsafe { job.as_mut() } {
            Some(job) => job.prev = prev,
            None => self.last.store(prev, Ordering::Relaxed),
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use crate::rt::blocking::job::Class;

    fn order(queue: &JobQueue) -> Vec<u64> {
        let (mut order, mut job) = (Vec::new(), queue.first());
        // SAFETY: the test's jobs outlive the queue.
        while let Some(this) = unsafe { job.as_ref() } {
            order.push(this.arrival);
            job = this.next;
        }
        order
    }

    #[test]
    fn jobs_leave_from_any_place() {
        for left in 0..4 {
            let queue = JobQueue::NEW;
            let mut jobs: Vec<Job> =
                (0..4).map(|_| Job::new(Class::File, 1, |_| (), |_| ())).collect();
            let jobs: Vec<*mut Job> = jobs.iter_mut().map(ptr::from_mut).collect();
            // SAFETY: each job is in the queue, or in none, as `remove` and `push` ask.
            unsafe {
                for (arrival, &job) in jobs.iter().enumerate() {
                    (*job).arrival = arrival as u64;
                    if arrival == 0 { queue.push_front(job) } else { queue.push(job) }
                }
                assert_eq!(order(&queue), [0, 1, 2, 3]);
                queue.remove(jobs[left]);
                let rest: Vec<u64> = (0..4).filter(|at| *at != left as u64).collect();
                assert_eq!(order(&queue), rest);
                assert_eq!((*queue.last()).arrival, *rest.last().unwrap());
                queue.push_front(jobs[left]);
                assert_eq!(order(&queue), [&[left as u64][..], &rest].concat());
                jobs.iter().for_each(|&job| queue.remove(job));
            }
            assert!(queue.first().is_null() && queue.last().is_null());
        }
    }
}
