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

use super::grants::{Due, Grants, add, get};
use super::job::{Class, Job, JobState};
use crate::rt::base::atomic::{AtomicU64, Ordering};
use crate::rt::base::lock::Lock;
use crate::rt::os;

/// The pool. The lock is for all but the word that free threads sleep on, which changes under it.
pub(crate) struct Jobs {
    lock: Lock,
    /// How many jobs have come.
    arrivals: AtomicU64,
    grants: Grants,
}

/// Where a thread comes from that is free now.
#[derive(Clone, Copy)]
pub(crate) enum Came {
    /// It has just started.
    New,
    /// From a call with a waiter, of this class.
    FromCall(Class),
    /// From a call that was given up, of a runtime with this limit.
    FromHanging(u32),
}

/// What a job was whose waiter has given up.
pub(crate) enum Left {
    /// Done: the job is the waiter's.
    Done,
    /// Not called, and never will be: the job is the waiter's.
    TakenBack(Due),
    /// A thread has it, and discards it.
    Hangs(Due),
}

impl Jobs {
    /// No job, no thread. While so many threads make calls that were given up no thread starts.
    pub(crate) const fn new(most_hanging: u32) -> Jobs {
        Jobs { lock: Lock::NEW, arrivals: AtomicU64::new(0), grants: Grants::new(most_hanging) }
    }

    /// Puts a job at the end of its class.
    ///
    /// # Safety
    /// The job is new, and stays until it is done, taken back or given up.
    pub(crate) unsafe fn push(&self, job: *mut Job) -> Due {
        let _guard = self.lock.guard();
        let number = self.arrivals.load(Ordering::Relaxed).wrapping_add(1);
        self.arrivals.store(number, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe {
            (*job).number = number;
            self.grants.wait(job, true);
        }
        self.grants.settle()
    }

    /// Wakes free threads, as [`Due`] says.
    pub(crate) fn wake(&self, count: u32) {
        for _ in 0..count {
            os::futex_wake_one(&self.grants.given);
        }
    }

    /// A thread could not be started. Where there is no other thread, the jobs that wait are refused; else they wait on.
    pub(crate) fn spawn_failed(&self) -> Due {
        let _guard = self.lock.guard();
        self.grants.lose_thread()
    }

    /// Takes a job back that is not called yet. None: it was called, or refused.
    ///
    /// # Safety
    /// It was put in, and is not freed.
    pub(crate) unsafe fn try_cancel(&self, job: *mut Job) -> Option<Due> {
        let _guard = self.lock.guard();
        // SAFETY: the caller's promise.
        unsafe { self.grants.remove(job) }.then(|| self.grants.settle())
    }

    /// Rule 6: the waiter of a job gives up.
    ///
    /// # Safety
    /// As [`try_cancel`](Self::try_cancel); the caller is the waiter.
    pub(crate) unsafe fn detach(&self, job: *mut Job) -> Left {
        // SAFETY: the caller's promise; what hangs stays until its lock is given back.
        unsafe {
            let _done = (*job).lock.guard();
            if (*job).is_done {
                return Left::Done;
            }
            if let Some(due) = self.try_cancel(job) {
                return Left::TakenBack(due);
            }
            (*job).is_detached = true;
            if (*job).state == JobState::Refused {
                return Left::Hangs(Due::NOTHING);
            }
            let _guard = self.lock.guard();
            add(&self.grants.share((*job).class).running, -1);
            add(&self.grants.threads, -1);
            add(&self.grants.hanging, 1);
            Left::Hangs(self.grants.settle())
        }
    }

    /// The next job for the calling thread, which is free, and makes it. None: there was none for `spin`
    /// nanoseconds, or there is no room for the thread: it is not counted any more, and ends.
    pub(crate) fn next(&self, came: Came, patience: i64) -> (Option<*mut Job>, Due) {
        let mut held = self.lock.guard();
        match came {
            Came::New => {}
            Came::FromCall(class) => _ = add(&self.grants.share(class).running, -1),
            Came::FromHanging(most) => {
                add(&self.grants.hanging, -1);
                if get(&self.grants.threads) >= most {
                    return (None, Due::NOTHING);
                }
                add(&self.grants.threads, 1);
            }
        }
        let mut due = self.grants.settle();
        loop {
            // SAFETY: a job in a list exists.
            if let Some(job) = unsafe { self.grants.granted.first().as_mut() } {
                // SAFETY: it is in that list.
                unsafe { self.grants.granted.remove(job) };
                job.state = JobState::Called;
                // The grant to this thread needs no wake.
                due.wakes = due.wakes.saturating_sub(1);
                return (Some(job), due);
            }
            let given = self.grants.given.load(Ordering::SeqCst);
            drop(held);
            let end = os::now() + patience;
            while self.grants.given.load(Ordering::SeqCst) == given && os::now() < end {
                os::futex_wait(&self.grants.given, given, end);
            }
            held = self.lock.guard();
            if self.grants.granted.first().is_null() && os::now() >= end {
                add(&self.grants.threads, -1);
                return (None, self.grants.settle());
            }
        }
    }
}
