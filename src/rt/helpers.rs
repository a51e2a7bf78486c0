//! Threads for calls that block: they come when they are needed and go when they are not.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::jobs::{Job, Jobs};
use super::lock::Lock;
use super::parker::Hearing;
use super::queue::Queue;
use super::runtime;
use super::wait::{self, Wait};
use super::wake::wake_all;
use super::why::Why;
use super::worker::Worker;
use super::{Outcome, os};
use crate::{sys, tls};

/// A thread without work for so long ends.
const PATIENCE: i64 = 5_000_000_000;

#[unsafe(link_section = "aco_shared")]
static JOBS: Jobs = Jobs::NEW;

/// Gives a job to a thread. Where there is none, and can be none, it ends with an error.
unsafe fn submit(job: *mut Job, most: u32) {
    // SAFETY: the caller's promise: the job is new.
    unsafe {
        if !JOBS.put(job, most) {
            return;
        }
        match os::start_thread(serve, ptr::null_mut()) {
            Ok(thread) => os::detach_thread(thread),
            Err(error) => no_thread(error),
        }
    }
}

/// A thread could not be started. Where there is no other one, all jobs that wait end with `error`.
#[cold]
unsafe fn no_thread(error: c_int) {
    // SAFETY: the thread was asked for.
    let mut list = unsafe { JOBS.has_no_thread() };
    // SAFETY: who was in the list exists, and is this call's from here on.
    while let Some(job) = unsafe { list.as_mut() } {
        list = job.next;
        // SAFETY: as above.
        unsafe { end(job, error) }
    }
}

/// A thread's life.
extern "C" fn serve(_: *mut c_void) -> *mut c_void {
    tls::set_is_helper(true);
    runtime::helper_begins();
    while let Some(job) = JOBS.next(PATIENCE) {
        // SAFETY: the job is this thread's.
        unsafe {
            ((*job).function)((*job).data);
            end(job, 0);
        }
    }
    runtime::helper_ends();
    ptr::null_mut()
}

/// The call was made, or was not, for `error`.
unsafe fn end(job: *mut Job, error: c_int) {
    // SAFETY: the caller's promise; who is claimed stays until it is woken.
    unsafe {
        let held = (*job).lock.hold();
        if (*job).is_given_up {
            drop(held);
            ((*job).discard)((*job).data);
            return sys::free(job.cast());
        }
        let list = (*job).waiters.claim_all();
        (*job).is_done = true;
        (*job).error = error;
        drop(held);
        wake_all(list, None);
    }
}

/// Makes a job and gives it to a thread.
unsafe fn start(
    function: unsafe fn(*mut c_void),
    discard: unsafe fn(*mut c_void),
    data: *mut c_void,
) -> Outcome<*mut Job> {
    // SAFETY: the caller's promise; the job is this call's, and its thread's.
    unsafe {
        let most = Worker::here().as_ref().map(|here| (*here.runtime).options.blocking_threads);
        let job: *mut Job = sys::allocate(size_of::<Job>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
        job.write(Job {
            lock: Lock::NEW,
            is_done: false,
            error: 0,
            is_given_up: false,
            waiters: Queue::NEW,
            next: ptr::null_mut(),
            function,
            discard,
            data,
        });
        submit(job, most.unwrap_or(1).max(1));
        Ok(job)
    }
}

/// Waits until the job is done.
unsafe fn wait_for(job: *mut Job, hearing: Hearing, deadline: i64) -> Outcome<()> {
    // SAFETY: the caller's promise: the job is there.
    unsafe {
        let lock = &raw const (*job).lock;
        (*lock).take();
        if (*job).is_done {
            (*lock).give();
            return Ok(());
        }
        let about = (*job).function as usize;
        let wait = Wait { why: Why::Blocking, about, hearing, deadline };
        wait::in_queue(lock, &raw mut (*job).waiters, ptr::null_mut(), wait)
    }
}

/// Calls `function` with `data` on another thread, and waits for its end. ETIMEDOUT, ECANCELED: it goes on,
/// and `discard` is called after it instead. EAGAIN, ENOMEM.
///
/// # Safety
/// Both can be called with `data`, on any thread.
pub(crate) unsafe fn call(
    function: unsafe fn(*mut c_void),
    discard: unsafe fn(*mut c_void),
    data: *mut c_void,
    hearing: Hearing,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: the caller's promise; the job is this call's, and its thread's.
    unsafe {
        let job = start(function, discard, data)?;
        if let Err(error) = wait_for(job, hearing, deadline) {
            let held = (*job).lock.hold();
            if !(*job).is_done {
                (*job).is_given_up = true;
                return Err(error);
            }
            drop(held);
        }
        outcome_of(job)
    }
}

/// Whether a call was made, whose job goes.
unsafe fn outcome_of(job: *mut Job) -> Outcome<()> {
    // SAFETY: the caller's promise: it is done.
    unsafe {
        let error = (*job).error;
        sys::free(job.cast());
        if error == 0 { Ok(()) } else { Err(error) }
    }
}

/// As [`call`], but a thread that has begun is waited for: ETIMEDOUT, ECANCELED: it was not called.
///
/// # Safety
/// `function` can be called with `data`, on any thread.
pub(crate) unsafe fn call_once(
    function: unsafe fn(*mut c_void),
    data: *mut c_void,
    deadline: i64,
) -> Outcome<()> {
    // SAFETY: the caller's promise; the job is this call's as soon as it is out of the list or done.
    unsafe {
        let job = start(function, nothing, data)?;
        if let Err(error) = wait_for(job, Hearing::Cancellation, deadline) {
            if JOBS.take_back(job) {
                sys::free(job.cast());
                return Err(error);
            }
            wait_for(job, Hearing::Nothing, -1)?;
        }
        outcome_of(job)
    }
}

/// Frees nothing.
pub(crate) unsafe fn nothing(_: *mut c_void) {}
