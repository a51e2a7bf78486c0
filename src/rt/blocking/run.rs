//! Runs a function on a thread of the pool, with a value; what a cancellation does meanwhile.
//!
//! The value and the job are one allocation. It belongs to the task that waits, until a detach gives it to the thread
//! (J6 of [`pool`](super::pool)). A call that the kernel can make goes to the worker's ring instead
//! ([`ring`](super::ring)); the function stands in.

use core::ffi::c_int;
use core::ptr;

use super::job::{Class, Complete, Job};
use super::pool::DetachOutcome;
use super::ring;
use super::threads::{POOL, discard, free, perform};
use crate::rt::base::{WaitMode, WaitReason};
use crate::rt::model::{Caller, Worker, task, test_run};
use crate::rt::os::{self, Deadline, Entry, Result};
use crate::rt::park::{Wait, wait};
use crate::sys;

/// When cancellation or a deadline ends a call.
#[derive(Clone, Copy)]
pub(crate) enum Cancel {
    /// Never.
    Never,
    /// Until a thread begins it: an error says that the call was not made.
    WhileQueued(Deadline),
    /// At any time: the thread runs on without the task, and drops the value.
    Anytime(Deadline),
}

/// How the kernel makes a call in place of its function.
pub(super) struct OnRing<T: 'static> {
    /// The entry of the call; what it points to stays until the call is done. None: the kernel cannot make this one.
    pub(super) entry: fn(&T) -> Option<Entry>,
    /// Takes the result: negative: an errno.
    pub(super) complete: fn(&mut T, c_int),
}

/// A job and the value that its function works on.
#[repr(C)]
struct Call<T: 'static> {
    job: Job,
    value: T,
    function: fn(&mut T),
    on_ring: Option<&'static OnRing<T>>,
    /// What the function leaves in errno.
    errno: c_int,
}

unsafe fn call<T: 'static>(job: *mut Job) {
    let call: *mut Call<T> = job.cast();
    // SAFETY: the job begins a `Call<T>`, and this thread runs it.
    unsafe {
        sys::set_errno(0);
        ((*call).function)(&mut (*call).value);
        (*call).errno = sys::errno();
    }
}

unsafe fn complete<T: 'static>(job: *mut Job, result: c_int) {
    let call: *mut Call<T> = job.cast();
    // SAFETY: the job begins a `Call<T>`, whose value this thread alone uses.
    unsafe {
        if let Some(on_ring) = (*call).on_ring {
            (on_ring.complete)(&mut (*call).value, result);
            (*call).errno = -result.min(0);
        }
    }
}

unsafe fn drop_value<T: 'static>(job: *mut Job) {
    let call: *mut Call<T> = job.cast();
    // SAFETY: the job begins a `Call<T>`, which is the caller's, with its value.
    unsafe { ptr::drop_in_place(&raw mut (*call).value) }
}

/// Calls `function` with `value` on a thread of the pool, and waits for its end. A plain thread makes the call itself.
/// Returns the value, and the errno that the function has left.
///
/// Errors: `ETIMEDOUT` and `ECANCELED` as `cancel` says; `ENOMEM`; `EAGAIN` or another error of pthread_create(3) if no
/// thread can be had: the call was not made; `EPERM` in a closed test run, unless the function is the program's. The
/// value is dropped.
///
/// # Safety
/// `function` can run with the value on any thread, and the value can be dropped on any thread.
pub(crate) unsafe fn run<T: 'static>(
    class: Class,
    cancel: Cancel,
    value: T,
    function: fn(&mut T),
) -> Result<(T, c_int)> {
    // SAFETY: the function can run with the value on any thread.
    unsafe { run_or_submit(class, cancel, value, function, None) }
}

/// As [`run`], and on the worker's ring if that works.
///
/// # Safety
/// As [`run`].
#[inline(always)]
pub(super) unsafe fn run_or_submit<T: 'static>(
    class: Class,
    cancel: Cancel,
    mut value: T,
    function: fn(&mut T),
    on_ring: Option<&'static OnRing<T>>,
) -> Result<(T, c_int)> {
    const { assert!(align_of::<Call<T>>() <= 16, "malloc aligns to 16 bytes") };
    if task::current().is_null() {
        function(&mut value);
        return Ok((value, sys::errno()));
    }
    // SAFETY: so much is allocated. After `run_job` the job is this call's.
    unsafe {
        let job = new_job(class, size_of::<Call<T>>(), call::<T>, drop_value::<T>)?;
        let new: *mut Call<T> = job.cast();
        (&raw mut (*new).value).write(value);
        (*new).function = function;
        (*new).on_ring = on_ring;
        let entry = on_ring.and_then(|on_ring| (on_ring.entry)(&(*new).value));
        run_job(job, cancel, entry.map(|entry| (entry, complete::<T> as Complete)))?;
        let result = ((&raw const (*new).value).read(), (*new).errno);
        free(job);
        Ok(result)
    }
}

/// Allocates a job of the running task, with `size` bytes. It has the runtime's limit of threads, and holds the
/// runtime's thread state. Errors: `ENOMEM`; `EPERM` in a closed test run, unless the function is the program's.
#[inline(never)]
fn new_job(
    class: Class,
    size: usize,
    function: unsafe fn(*mut Job),
    cleanup: unsafe fn(*mut Job),
) -> Result<*mut Job> {
    if class != Class::User {
        test_run::check_outside(Caller::current())?;
    }
    // Zeroed: MemorySanitizer does not see the library's writes.
    let new: *mut Job = os::allocate_array::<u8>(size).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: the thread's worker, its runtime, and the runtime's state exist while a task runs. The memory begins with
    // a job.
    unsafe {
        let runtime = Worker::current().as_ref().and_then(|worker| worker.runtime.as_ref());
        let max_threads = runtime.map_or(1, |runtime| runtime.options.blocking_threads.max(1));
        new.write(Job::new(class, max_threads, function, cleanup));
        if let Some(state) = runtime.and_then(|runtime| runtime.inherited.as_ref()) {
            state.acquire();
            (*new).inherited = ptr::from_ref(state).cast_mut();
        }
    }
    Ok(new)
}

/// Pushes a job to the worker's ring, if it has an entry, or to the pool, and waits for it. On an error the job is not
/// the caller's any more.
///
/// # Safety
/// The job is new, and begins an allocation. What the entry points to stays until the job is done.
unsafe fn run_job(job: *mut Job, cancel: Cancel, entry: Option<(Entry, Complete)>) -> Result<()> {
    // SAFETY: the job stays until it is done, dequeued or detached; each branch frees it, or finds it done.
    unsafe {
        let worker = Worker::current();
        if !entry.is_some_and(|(entry, complete)| ring::push(worker, job, entry, complete)) {
            perform(POOL.push(job));
        }
        let (mode, deadline) = match cancel {
            Cancel::Never => (WaitMode::Uninterruptible, Deadline::NEVER),
            Cancel::WhileQueued(deadline) | Cancel::Anytime(deadline) => {
                (WaitMode::Cancellable, deadline)
            }
        };
        if let Err(error) = wait_for(job, mode, deadline) {
            let outcome = match cancel {
                _ if (*job).complete.is_some() => {
                    if !(*job).is_done {
                        ring::give_up(worker, job);
                    }
                    DetachOutcome::Done
                }
                Cancel::Anytime(_) => POOL.detach(job),
                // A call that has begun is waited for, until it is done.
                _ => POOL.try_cancel(job).map_or(DetachOutcome::Done, DetachOutcome::Dequeued),
            };
            match outcome {
                DetachOutcome::Done => {
                    wait_for(job, WaitMode::Uninterruptible, Deadline::NEVER)?;
                    if (*job).error == libc::ECANCELED {
                        discard(job);
                        return Err(error);
                    }
                    (*task::current()).parker.renew_interruption(error);
                }
                DetachOutcome::Dequeued(actions) => {
                    perform(actions);
                    discard(job);
                    return Err(error);
                }
                DetachOutcome::Detached(actions) => {
                    perform(actions);
                    return Err(error);
                }
            }
        }
        match (*job).error {
            0 => Ok(()),
            error => {
                discard(job);
                Err(error)
            }
        }
    }
}

/// Waits until the job is done.
///
/// # Safety
/// The job is not freed meanwhile.
unsafe fn wait_for(job: *mut Job, mode: WaitMode, deadline: Deadline) -> Result<()> {
    // SAFETY: the job is not freed meanwhile; the wait gives its lock back. The task stays with its worker (T2).
    unsafe {
        let lock = &raw const (*job).lock;
        (*lock).lock();
        if (*job).is_done {
            (*lock).unlock();
            return Ok(());
        }
        let wait = Wait::new(WaitReason::Blocking, (*job).function as usize, deadline);
        let (parts, worker) = ((lock, &raw mut (*job).waiters), Worker::current());
        (*worker).blocking_calls += 1;
        let outcome = wait::wait_on(parts, ptr::null_mut(), Wait { mode, ..wait });
        (*worker).blocking_calls -= 1;
        outcome
    }
}
