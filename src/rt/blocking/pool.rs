//! The pool: jobs that wait for a thread, and threads that wait for a job.
//!
//! Three classes of jobs share the threads: names, files, and the program's calls. Each class has a list. A granted job
//! stands in one more list, until the next thread that is free takes it.
//!
//! ```text
//!          put               grant              next              end
//! (waiter) ---> WAITING ------------> GRANTED ------> CALLED ------------> (waiter)
//!                |  |  ^  spawn_failed   |                 |
//!                |  |  +--------------+ give_up,        | give_up
//!       refuse,  |  | give_up         | try_cancel       v            end
//!       spawn_failed|  | try_cancel       v              HANGING ------------> (thread: discards)
//!                |  +-----------> (waiter)
//!                v   end
//!             REFUSED ---> (waiter: EAGAIN)
//! ```
//!
//! | count | what it counts |
//! |---|---|
//! | `threads` | threads that are free, that start, or that make a call with a waiter |
//! | `running` of a class | its jobs that are granted, or called with a waiter |
//! | `hanging` | threads that make a call without a waiter |
//!
//! For a class, `widest` is the greatest `most` of the jobs since its list was empty. Its `limit` is `widest`, or
//! `threads` where that is more; its `reserve` is a third of the limit, and at most 4. `taken` is the sum over all
//! classes of `running`, or of the reserve where that is more.
//!
//! 1. A job is granted only if its class has fewer than `reserve` running, or `taken` is below `limit`. So each class
//!    has `reserve` threads that the others do not take; with a limit of 1 or 2 all threads are for all.
//! 2. A grant is for a free thread, where `threads` exceeds the sum of `running`; else for a new one, where `threads` is
//!    below `widest`. While `hanging` has reached its limit no thread starts: the job that needs it is refused.
//! 3. The first job of each list is granted before the others of it; of several lists, that which came first.
//! 4. Each change of a count or list ends with [`settle`](Jobs::settle), under the same lock. So a job that waits can be
//!    granted no thread, or one could not be started; then a thread that is counted makes a call with a waiter, or is
//!    on its way.
//! 5. At least as many free threads as jobs are granted are awake, woken, or start: each grant starts a thread, or
//!    changes `given`, on which free ones sleep, and wakes one.
//! 6. A call is given up under the job's lock, then the pool's; it is done under the job's lock. So one of both
//!    happens, and its thread leaves `threads` for `hanging` only in the first case. It comes back if `threads` is
//!    below its job's `most`, and ends otherwise. So no more than `most` and the limit of `hanging` exist.

use super::job::{Class, Job, JobState};
use super::permits::{Actions, Permits, adjust, load};
use crate::rt::base::atomic::{AtomicU64, Ordering};
use crate::rt::base::lock::Lock;
use crate::rt::os;
use crate::rt::os::Deadline;

/// The pool. The lock is for all but the word that free threads sleep on, which changes under it.
pub(crate) struct Pool {
    lock: Lock,
    /// How many jobs have come.
    arrivals: AtomicU64,
    permits: Permits,
}

/// Where a thread comes from that is free now.
#[derive(Clone, Copy)]
pub(crate) enum Previous {
    /// It has just started.
    None,
    /// From a call with a waiter, of this class.
    Call(Class),
    /// From a call that was given up, of a runtime with this limit.
    DetachedCall(u32),
}

/// What a job was whose waiter has given up.
pub(crate) enum DetachOutcome {
    /// Done: the job is the waiter's.
    Done,
    /// Not called, and never will be: the job is the waiter's.
    Dequeued(Actions),
    /// A thread has it, and discards it.
    Detached(Actions),
}

impl Pool {
    /// No job, no thread. While so many threads make calls that were given up no thread starts.
    pub(crate) const fn new(max_detached: u32) -> Pool {
        Pool { lock: Lock::NEW, arrivals: AtomicU64::new(0), permits: Permits::new(max_detached) }
    }

    /// Puts a job at the end of its class.
    ///
    /// # Safety
    /// The job is new, and stays until it is done, taken back or given up.
    pub(crate) unsafe fn push(&self, job: *mut Job) -> Actions {
        let _guard = self.lock.guard();
        let arrival = self.arrivals.load(Ordering::Relaxed).wrapping_add(1);
        self.arrivals.store(arrival, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe {
            (*job).arrival = arrival;
            self.permits.enqueue(job, true);
        }
        self.permits.grant_permits()
    }

    /// Wakes free threads, as [`Due`] says.
    pub(crate) fn wake(&self, count: u32) {
        for _ in 0..count {
            os::futex_wake_one(&self.permits.event_count);
        }
    }

    /// A thread could not be started. Where there is no other thread, the jobs that wait are refused; else they wait on.
    pub(crate) fn spawn_failed(&self) -> Actions {
        let _guard = self.lock.guard();
        self.permits.spawn_failed()
    }

    /// Takes a job back that is not called yet. None: it was called, or refused.
    ///
    /// # Safety
    /// It was put in, and is not freed.
    pub(crate) unsafe fn try_cancel(&self, job: *mut Job) -> Option<Actions> {
        let _guard = self.lock.guard();
        // SAFETY: the caller's promise.
        unsafe { self.permits.dequeue(job) }.then(|| self.permits.grant_permits())
    }

    /// Rule 6: the waiter of a job gives up.
    ///
    /// # Safety
    /// As [`try_cancel`](Self::try_cancel); the caller is the waiter.
    pub(crate) unsafe fn detach(&self, job: *mut Job) -> DetachOutcome {
        // SAFETY: the caller's promise; what hangs stays until its lock is given back.
        unsafe {
            let _done = (*job).lock.guard();
            if (*job).is_done {
                return DetachOutcome::Done;
            }
            if let Some(actions) = self.try_cancel(job) {
                return DetachOutcome::Dequeued(actions);
            }
            (*job).is_detached = true;
            if (*job).state == JobState::Rejected {
                return DetachOutcome::Detached(Actions::NONE);
            }
            let _guard = self.lock.guard();
            adjust(&self.permits.class((*job).class).permits, -1);
            adjust(&self.permits.threads, -1);
            adjust(&self.permits.detached, 1);
            DetachOutcome::Detached(self.permits.grant_permits())
        }
    }

    /// The next job for the calling thread, which is free, and makes it. None: there was none for `spin`
    /// nanoseconds, or there is no room for the thread: it is not counted any more, and ends.
    pub(crate) fn next_job(
        &self,
        previous: Previous,
        keep_alive: i64,
    ) -> (Option<*mut Job>, Actions) {
        let mut held = self.lock.guard();
        match previous {
            Previous::None => {}
            Previous::Call(class) => _ = adjust(&self.permits.class(class).permits, -1),
            Previous::DetachedCall(max_threads) => {
                adjust(&self.permits.detached, -1);
                if load(&self.permits.threads) >= max_threads {
                    return (None, Actions::NONE);
                }
                adjust(&self.permits.threads, 1);
            }
        }
        let mut actions = self.permits.grant_permits();
        loop {
            // SAFETY: a job in a list exists.
            if let Some(job) = unsafe { self.permits.ready.first().as_mut() } {
                // SAFETY: it is in that list.
                unsafe { self.permits.ready.remove(job) };
                job.state = JobState::Running;
                // The grant to this thread needs no wake.
                actions.wake = actions.wake.saturating_sub(1);
                return (Some(job), actions);
            }
            let event_count = self.permits.event_count.load(Ordering::SeqCst);
            drop(held);
            let end = os::now() + keep_alive;
            while self.permits.event_count.load(Ordering::SeqCst) == event_count && os::now() < end
            {
                os::futex_wait(&self.permits.event_count, event_count, Deadline::at(end));
            }
            held = self.lock.guard();
            if self.permits.ready.first().is_null() && os::now() >= end {
                adjust(&self.permits.threads, -1);
                return (None, self.permits.grant_permits());
            }
        }
    }
}
