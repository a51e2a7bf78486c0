//! Threads for calls that block: they come when they are needed and go when they are not.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use super::applied::Applied;
use super::grants::Due;
use super::job::{Class, Job};
use super::jobs::{Came, Jobs, Left};
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::inherited::Inherited;
use crate::rt::model::runtime;
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::wait::{self, Wait};
use crate::rt::park::wake::wake_all;
use crate::{sys, tls};

/// A thread without work for so long ends.
const KEEP_ALIVE_NS: i64 = 5_000_000_000;

/// While so many threads make calls that were given up no other thread starts.
const MAX_HANGING: u32 = 256;

#[unsafe(link_section = "aco_shared")]
static JOBS: Jobs = Jobs::new(MAX_HANGING);

/// Does what is due. No lock is held.
#[inline(always)]
fn see_to(due: Due) {
    JOBS.wake(due.wakes);
    if due.starts > 0 || !due.refused.is_null() {
        see_to_the_rest(due)
    }
}

#[cold]
fn see_to_the_rest(due: Due) {
    // SAFETY: these jobs are this call's.
    unsafe { end_all(due.refused, libc::EAGAIN) };
    // A new thread inherits that.
    let before = os::block_signals();
    for _ in 0..due.starts {
        match os::start_thread(serve, ptr::null_mut()) {
            Ok(thread) => os::detach_thread(thread),
            // SAFETY: the jobs are this call's from here on.
            Err(error) => unsafe { end_all(JOBS.spawn_failed().refused, error) },
        }
    }
    os::set_signal_mask(&before);
}

/// A thread's life.
extern "C" fn serve(_: *mut c_void) -> *mut c_void {
    tls::set_is_blocking_thread(true);
    runtime::blocking_thread_started();
    os::set_thread_name(c"acort-blocking");
    let (mut came, mut applied) = (Came::New, Applied::NOTHING);
    loop {
        let (job, due) = JOBS.next(came, KEEP_ALIVE_NS);
        see_to(due);
        let Some(job) = job else { break };
        // SAFETY: the job is this thread's; who waits for it may free it once it has ended.
        unsafe {
            let (class, most) = ((*job).class, (*job).most);
            applied.within((*job).inherited.as_ref(), class, || ((*job).function)((*job).data));
            came = if end(job, 0) { Came::FromCall(class) } else { Came::FromHanging(most) };
        }
    }
    runtime::blocking_thread_exited();
    ptr::null_mut()
}

/// The call was made, or was not, for `error`. False: its waiter had given it up, and it is discarded.
unsafe fn end(job: *mut Job, error: c_int) -> bool {
    // SAFETY: the caller's promise; what is claimed stays until it is woken.
    unsafe {
        match Job::finish(job, error) {
            Some(list) => wake_all(list, None),
            None => {
                discard(job);
                return false;
            }
        }
    }
    true
}

/// These jobs, linked, were not called.
unsafe fn end_all(mut list: *mut Job, error: c_int) {
    // SAFETY: the caller's promise: the jobs are refused, by the caller.
    while let Some(job) = unsafe { list.as_mut() } {
        list = job.next;
        // SAFETY: as above.
        unsafe { end(job, error) };
    }
}

/// What the call has made, and the job, are freed.
unsafe fn discard(job: *mut Job) {
    // SAFETY: the caller's promise: the job is the caller's.
    unsafe {
        ((*job).cleanup)((*job).data);
        free(job)
    }
}

/// Frees a job. Its data stays.
unsafe fn free(job: *mut Job) {
    // SAFETY: the job is the caller's, which holds its state.
    unsafe {
        if let Some(state) = NonNull::new((*job).inherited) {
            Inherited::release(state);
        }
        sys::free(job.cast())
    }
}

/// Makes a job and puts it in.
unsafe fn start(
    class: Class,
    function: unsafe fn(*mut c_void),
    discard: unsafe fn(*mut c_void),
    data: *mut c_void,
) -> Result<*mut Job> {
    // SAFETY: the caller's promise; the job is this call's, and its thread's.
    unsafe {
        let runtime = Worker::current().as_ref().and_then(|here| here.runtime.as_ref());
        let most = runtime.map_or(1, |runtime| runtime.options.blocking_threads.max(1));
        let job: *mut Job = sys::allocate(size_of::<Job>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
        job.write(Job::new(class, most, function, discard, data));
        if let Some(state) = runtime.and_then(|runtime| runtime.inherited.as_ref()) {
            state.acquire();
            (*job).inherited = ptr::from_ref(state).cast_mut();
        }
        see_to(JOBS.push(job));
        Ok(job)
    }
}

/// Waits until the job is done.
unsafe fn wait_for(job: *mut Job, mode: WaitMode, deadline: Deadline) -> Result<()> {
    // SAFETY: the caller's promise: the job is there.
    unsafe {
        let lock = &raw const (*job).lock;
        (*lock).lock();
        if (*job).is_done {
            (*lock).unlock();
            return Ok(());
        }
        let about = (*job).function as usize;
        let wait = Wait::new(WaitReason::Blocking, about, mode, deadline);
        wait::wait_on(lock, &raw mut (*job).waiters, ptr::null_mut(), wait)
    }
}

/// Calls `function` with `data` on a thread of `class`, and waits for its end. ETIMEDOUT, ECANCELED: it is not called,
/// or goes on; `discard` is called for it. EAGAIN, ENOMEM: it is not called.
///
/// # Safety
/// Both can be called with `data`, on any thread.
pub(crate) unsafe fn call(
    class: Class,
    function: unsafe fn(*mut c_void),
    discard: unsafe fn(*mut c_void),
    data: *mut c_void,
    mode: WaitMode,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's promise; the job is this call's, and its thread's.
    unsafe {
        let job = start(class, function, discard, data)?;
        if let Err(error) = wait_for(job, mode, deadline) {
            match JOBS.detach(job) {
                Left::Done => {}
                Left::Hangs(due) => {
                    see_to(due);
                    return Err(error);
                }
                Left::TakenBack(due) => {
                    see_to(due);
                    self::discard(job);
                    return Err(error);
                }
            }
        }
        outcome_of(job)
    }
}

/// Whether a call was made, whose job goes.
unsafe fn outcome_of(job: *mut Job) -> Result<()> {
    // SAFETY: the caller's promise: it is done.
    unsafe {
        let error = (*job).error;
        free(job);
        if error == 0 { Ok(()) } else { Err(error) }
    }
}

/// As [`budget`], but a thread that has begun is waited for: ETIMEDOUT, ECANCELED: it was not called.
///
/// # Safety
/// `function` can be called with `data`, on any thread.
pub(crate) unsafe fn call_or_cancel_queued(
    class: Class,
    function: unsafe fn(*mut c_void),
    data: *mut c_void,
    deadline: Deadline,
) -> Result<()> {
    // SAFETY: the caller's promise; the job is this call's as soon as it is out of the list or done.
    unsafe {
        let job = start(class, function, no_cleanup, data)?;
        if let Err(error) = wait_for(job, WaitMode::Cancellable, deadline) {
            if let Some(due) = JOBS.try_cancel(job) {
                see_to(due);
                free(job);
                return Err(error);
            }
            wait_for(job, WaitMode::Uninterruptible, Deadline::NEVER)?;
        }
        outcome_of(job)
    }
}

/// Frees nothing.
pub(crate) unsafe fn no_cleanup(_: *mut c_void) {}
