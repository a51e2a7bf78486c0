//! The blocking pool: jobs that wait for a thread, and threads that wait for a job.
//!
//! A job needs a permit to run. A permit stands for one thread of the pool.
//!
//! ```text
//!            push             grant_permits               next_job             finish
//!  (caller) ──────> QUEUED ─────────────────> PERMITTED ──────────> RUNNING ────────────> (caller frees)
//!                    │ │ ^    spawn_failed        │                    │
//!                    │ │ └────────────────────────┤                    │ detach
//!                    │ │ try_cancel, detach       │                    v     finish
//!                    │ └──────────────────────────┴──> (caller)     DETACHED ───────────> (the thread frees)
//!                    │ grant_permits, spawn_failed
//!                    v          finish
//!                 REJECTED ───────────────> (the caller frees; detached before: the thread that has rejected it)
//! ```
//!
//! DETACHED is the flag `is_detached`; the other states are [`JobState`].
//!
//! | count | what it counts |
//! |---|---|
//! | `threads` | idle threads, threads that start, and threads in a call with a waiter |
//! | `permits` of a class | its PERMITTED jobs, and its RUNNING jobs with a waiter |
//! | `detached` | threads in a call without a waiter |
//!
//! Terms of J1 and J2, for one class:
//! * `max_threads`: the largest `blocking_threads` of the runtimes that have pushed a job of the class since its
//!   queue was last empty.
//! * `limit`: the greater one of `max_threads` and `threads`.
//! * `reserve`: a third of `limit`, and at most 4.
//! * `taken`: the sum over all classes of `permits`, or of `reserve` if that is more.
//!
//! Invariants:
//!
//! * J1. A class gets a permit if it has fewer than `reserve`, or if `taken < limit`. So each class has `reserve`
//!   threads that the other classes leave to it. With a limit of 1 or 2 there is no reserve.
//! * J2. If `threads` exceeds the sum of `permits`, an idle thread takes the job. Otherwise a new thread starts, if
//!   `threads < max_threads`. While `detached` is at its limit no thread starts: the job that needs one is rejected.
//! * J3. Within a class the first job gets the first permit. Among several classes the job that came first does.
//! * J4. Whenever the lock is free, no QUEUED job may have a permit by J1 and J2: each change that could give it one
//!   ends with [`grant_permits`](Permits::grant_permits), under the same lock. Two changes do not:
//!   [`spawn_failed`](Pool::spawn_failed), and the end of a thread after a detached call. After them only another
//!   attempt to start a thread could help. While `threads` is 0, J1 and J2 grant a permit. So a QUEUED job has a
//!   counted thread ahead of it.
//! * J5. A permit for an idle thread raises `event_count`, under the lock, and wakes one thread. A thread reads
//!   `event_count` under the lock while `ready` is empty, and sleeps on that value. So for each job in `ready` a
//!   thread is awake, woken, or starting.
//! * J6. `finish` and `detach` hold the job's lock. If `is_done` comes first, the caller frees the job. If
//!   `is_detached` comes first, the thread runs `cleanup` and frees it. Only then does the thread move from `threads`
//!   to `detached`. It comes back if `threads` is below the limit of its job, and ends otherwise. So at most the
//!   greatest limit plus `MAX_DETACHED` threads exist.
//! * J7. Order of locks: the job's, the pool's. Neither is held while a thread is started or woken, or a job's waiter
//!   is.
//! * J8. An idle thread ends after KEEP_ALIVE_NS, if `ready` is empty then, under the lock.

use super::job::{Class, Job, JobState};
use super::permits::{Actions, Permits, adjust, load};
use crate::rt::base::Lock;
use crate::rt::base::atomic::{AtomicU64, Ordering};
use crate::rt::os;
use crate::rt::os::Deadline;

/// The pool. The lock is for everything; `event_count`, which changes under it, is also read without it.
pub(crate) struct Pool {
    lock: Lock,
    /// How many jobs were pushed.
    arrivals: AtomicU64,
    permits: Permits,
}

/// What an idle thread has just done.
#[derive(Clone, Copy)]
pub(crate) enum Previous {
    /// It has started.
    Start,
    /// A call with a waiter, of this class.
    Call(Class),
    /// A detached call of a runtime with this limit of threads.
    DetachedCall(u32),
}

/// What [`detach`](Pool::detach) has found.
pub(crate) enum DetachOutcome {
    /// The job is done: the caller frees it.
    Done,
    /// The call was not made, and never will be: the caller frees the job.
    Dequeued(Actions),
    /// The job is detached: a thread frees it.
    Detached(Actions),
}

impl Pool {
    /// No job, and no thread. At most `max_detached` threads are in detached calls when a thread starts.
    pub(crate) const fn new(max_detached: u32) -> Pool {
        Pool { lock: Lock::NEW, arrivals: AtomicU64::new(0), permits: Permits::new(max_detached) }
    }

    /// Adds a job.
    ///
    /// # Safety
    /// The pool does not know the job. The job stays until it is done, dequeued or detached.
    pub(crate) unsafe fn push(&self, job: *mut Job) -> Actions {
        let _guard = self.lock.guard();
        let arrival = self.arrivals.load(Ordering::Relaxed).wrapping_add(1);
        self.arrivals.store(arrival, Ordering::Relaxed);
        // SAFETY: a new job is in no queue, and no other thread knows it.
        unsafe {
            (*job).arrival = arrival;
            self.permits.enqueue(job, true);
        }
        self.permits.grant_permits()
    }

    /// Wakes `count` idle threads.
    pub(crate) fn wake(&self, count: u32) {
        for _ in 0..count {
            os::futex_wake_one(&self.permits.event_count);
        }
    }

    /// Takes back a thread that could not be started. The jobs that no thread is left for are rejected.
    pub(crate) fn spawn_failed(&self) -> Actions {
        let _guard = self.lock.guard();
        self.permits.spawn_failed()
    }

    /// Dequeues a job whose call has not begun. Returns None if it has begun, or if the job is rejected.
    ///
    /// # Safety
    /// The job was pushed, and is not freed.
    pub(crate) unsafe fn try_cancel(&self, job: *mut Job) -> Option<Actions> {
        let _guard = self.lock.guard();
        // SAFETY: the job was pushed, and is not freed; the lock is held.
        unsafe { self.permits.dequeue(job) }.then(|| self.permits.grant_permits())
    }

    /// Ends the wait for a job (J6).
    ///
    /// # Safety
    /// As [`try_cancel`](Self::try_cancel). The caller is the job's waiter.
    pub(crate) unsafe fn detach(&self, job: *mut Job) -> DetachOutcome {
        // SAFETY: the job is not freed while its lock is held: its thread takes that lock to finish it.
        unsafe {
            let _job_guard = (*job).lock.guard();
            if (*job).is_done {
                return DetachOutcome::Done;
            }
            if let Some(actions) = self.try_cancel(job) {
                return DetachOutcome::Dequeued(actions);
            }
            (*job).is_detached = true;
            // RUNNING or REJECTED: that does not change any more.
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

    /// Takes the next job for the calling thread, which is idle and which runs the job. Waits for one, up to
    /// `keep_alive` nanoseconds (J8). Returns None if the thread ends: it is no longer counted.
    ///
    /// While the thread sleeps, `actions` is empty: `ready` is empty, so `grant_permits` has granted nothing. It has
    /// rejected nothing either, as this thread is idle (J2).
    pub(crate) fn next_job(
        &self,
        previous: Previous,
        keep_alive: i64,
    ) -> (Option<*mut Job>, Actions) {
        let mut guard = self.lock.guard();
        match previous {
            Previous::Start => {}
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
            // SAFETY: a job in a queue exists.
            if let Some(job) = unsafe { self.permits.ready.first().as_mut() } {
                // SAFETY: the job is the first one of that queue.
                unsafe { self.permits.ready.remove(job) };
                job.state = JobState::Running;
                // The permit that this thread uses needs no wake-up.
                actions.wake = actions.wake.saturating_sub(1);
                return (Some(job), actions);
            }
            let event_count = self.permits.event_count.load(Ordering::SeqCst);
            drop(guard);
            let end = os::now() + keep_alive;
            while self.permits.event_count.load(Ordering::SeqCst) == event_count && os::now() < end
            {
                os::futex_wait(&self.permits.event_count, event_count, Deadline::at(end));
            }
            guard = self.lock.guard();
            if self.permits.ready.first().is_null() && os::now() >= end {
                adjust(&self.permits.threads, -1);
                return (None, self.permits.grant_permits());
            }
        }
    }
}
