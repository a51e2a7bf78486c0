//! The threads of the blocking pool. They start on demand, and end when they were idle for a while.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::applied::AppliedState;
use super::job::Job;
use super::permits::Actions;
use super::pool::{Pool, Previous};
use crate::rt::model::{Inherited, deadlock};
use crate::rt::os::{self, Deadline};
use crate::rt::park::wake_all;
use crate::{sys, tls};

/// An idle thread ends after so many nanoseconds (J8).
const KEEP_ALIVE_NS: i64 = 5_000_000_000;

/// While so many threads are in detached calls, no other thread starts (J2).
const MAX_DETACHED: u32 = 256;

#[unsafe(link_section = "aco_shared")]
pub(super) static POOL: Pool = Pool::new(MAX_DETACHED);

/// Performs the actions of a change of the pool. The caller holds no lock (J7).
#[inline(always)]
pub(super) fn perform(actions: Actions) {
    POOL.wake(actions.wake);
    if actions.spawn > 0 || !actions.rejected.is_null() {
        perform_rest(actions)
    }
}

#[cold]
fn perform_rest(actions: Actions) {
    // SAFETY: the pool has rejected these jobs, and has given them to this call alone.
    unsafe { finish_rejected(actions.rejected, libc::EAGAIN) };
    // A new thread inherits the mask.
    let mask = os::block_signals();
    for _ in 0..actions.spawn {
        match os::start_thread(thread_main, ptr::null_mut()) {
            Ok(thread) => os::detach_thread(thread),
            // SAFETY: the pool has given the rejected jobs to this call alone.
            Err(error) => unsafe { finish_rejected(POOL.spawn_failed().rejected, error) },
        }
    }
    os::set_signal_mask(&mask);
}

/// A thread of the pool, from its start to its end.
extern "C" fn thread_main(_: *mut c_void) -> *mut c_void {
    tls::set_is_blocking_thread(true);
    deadlock::blocking_thread_started();
    os::set_thread_name(c"acort-blocking");
    let (mut previous, mut applied) = (Previous::Start, AppliedState::UNKNOWN);
    loop {
        let (job, actions) = POOL.next_job(previous, KEEP_ALIVE_NS);
        perform(actions);
        let Some(job) = job else { break };
        // SAFETY: this thread runs the job, which nothing frees before it is finished (J6).
        unsafe {
            let (class, max_threads) = ((*job).class, (*job).max_threads);
            applied.run_in((*job).inherited.as_ref(), class, || ((*job).function)(job));
            // The program's function may have left scopes open.
            tls::set_thread_deadline(Deadline::NEVER.as_i64());
            previous = if finish(job, 0) {
                Previous::Call(class)
            } else {
                Previous::DetachedCall(max_threads)
            };
        }
    }
    deadlock::blocking_thread_exited();
    ptr::null_mut()
}

/// Finishes a job and wakes its task. Returns false if the job was detached: it is freed.
///
/// # Safety
/// The caller runs the job, or has rejected it, and does not use it afterwards.
pub(super) unsafe fn finish(job: *mut Job, error: c_int) -> bool {
    // SAFETY: the caller runs or has rejected the job. A claimed waiter exists until it is woken; a detached job is
    // this thread's (J6).
    unsafe {
        match Job::finish(job, error) {
            Some(waiters) => wake_all(waiters, None),
            None => {
                discard(job);
                return false;
            }
        }
    }
    true
}

/// Finishes rejected jobs, linked through `next`.
///
/// # Safety
/// The pool has rejected the jobs, and has given them to the caller alone.
unsafe fn finish_rejected(mut list: *mut Job, error: c_int) {
    // SAFETY: a rejected job exists until it is finished.
    while let Some(job) = unsafe { list.as_mut() } {
        list = job.next;
        // SAFETY: the caller has rejected the job.
        unsafe { finish(job, error) };
    }
}

/// Cleans up and frees a job.
///
/// # Safety
/// The job is the caller's (J6), and what the call works on was not moved out.
pub(super) unsafe fn discard(job: *mut Job) {
    // SAFETY: no other thread has the job.
    unsafe {
        ((*job).cleanup)(job);
        free(job)
    }
}

/// Frees a job, without what the call works on.
///
/// # Safety
/// The job is the caller's (J6).
pub(super) unsafe fn free(job: *mut Job) {
    // SAFETY: no other thread has the job, which holds its state. It begins an allocation (`run`).
    unsafe {
        Inherited::release((*job).inherited);
        sys::free(job.cast())
    }
}
