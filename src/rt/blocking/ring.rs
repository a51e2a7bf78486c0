//! Jobs on the ring of a worker: the kernel makes the call, and no thread of the pool.
//!
//! ```text
//!   run: the call has an entry, and the worker a ring ──> push ── the worker looks for work ──> submitted
//!        else, or the kernel refuses ring or call     ──> the pool                                │
//!   the deadline, a cancellation: give_up ──> an entry that cancels the job's                     v
//!   turn: a completion ──> the job is done, and its task is woken ──────────────────────── in flight
//! ```
//!
//! * R1. A worker has at most one ring, from the first job that may use one until the worker is detached. Only the
//!   worker's thread uses it. No ring is made where io_uring_setup(2) fails for any reason, under Valgrind, which
//!   sees nothing of what the kernel writes, and with ACORT_NO_IO_URING. Then the pool makes all calls.
//! * R2. A job on the ring has `complete`, and the pool does not know it. Its task waits until it is done: what its
//!   entry points to is the task's, or the job's.
//! * R3. The kernel makes the calls for which it needs no thread (U6 of `os/ring`): reads and writes with O_DIRECT,
//!   unless they must wait before they reach the disk. The pool gets a job that the kernel has refused. An open, a sync
//!   or a status would need a thread in each case, the kernel's in place of the pool's.
//! * R4. A job that was given up is done when its completion comes, as any other. If the kernel has made the call all
//!   the same, the call has succeeded. Otherwise the job's error is ECANCELED.
//! * R5. Entries are submitted when the worker looks for work ([`turn`]), so before it sleeps. The ring ends its sleep
//!   through the eventfd of the worker's poller (U2 of `os/ring`).
//! * R6. If io_uring_enter(2) is refused, the pool gets the jobs that were not submitted, and the worker uses no ring
//!   any more. With a job in flight the process ends with a line (S3 of `refused`): the job would never be done.
//! * R7. A child of fork(2) does not touch its parent's ring (U1 of `os/ring`): the pool makes its calls.

use core::ffi::c_int;
use core::ptr;

use super::job::{Complete, Job};
use super::threads::{POOL, finish, perform};
use crate::environment;
use crate::rt::model::Worker;
use crate::rt::os::{self, Completion, Entry, Opcode, Ring};
use crate::{sys, valgrind};

/// The token of a completion that no job waits for.
const NO_JOB: u64 = 0;

/// Makes the worker's ring. Null: there is none (R1).
///
/// # Safety
/// `worker` is this thread's, and has no ring.
#[cold]
#[inline(never)]
unsafe fn create(worker: *mut Worker) -> *mut Ring {
    // SAFETY: `worker` is this thread's. The new memory has room for a ring.
    unsafe {
        (*worker).is_ring_refused = true;
        if valgrind::is_running() || environment::read_u64(c"ACORT_NO_IO_URING") != 0 {
            return ptr::null_mut();
        }
        let Some(eventfd) = (*worker).poller.eventfd() else { return ptr::null_mut() };
        let Ok(new) = Ring::new(eventfd) else { return ptr::null_mut() };
        match os::allocate_zeroed::<Ring>() {
            Some(memory) => {
                memory.write(new);
                (*worker).ring = memory.as_ptr();
            }
            None => new.close(),
        }
        (*worker).ring
    }
}

/// Puts the job on the ring of the worker. Returns false if there is none: the caller gives the job to the pool.
///
/// # Safety
/// `worker` is this thread's. The job is new. What the entry points to stays until the job is done (R2).
pub(super) unsafe fn push(
    worker: *mut Worker,
    job: *mut Job,
    entry: Entry,
    complete: Complete,
) -> bool {
    // SAFETY: `worker` is this thread's, and with it its ring.
    unsafe {
        let mut ring = (*worker).ring;
        if ring.is_null() && !(*worker).is_ring_refused {
            ring = create(worker);
        }
        if ring.is_null() || !add(worker, entry, job.expose_provenance() as u64) {
            return false;
        }
        (*job).complete = Some(complete);
        true
    }
}

/// Adds an entry. Returns false if there is no room now, or in a child of fork(2) (R7).
///
/// # Safety
/// As [`push`]; the worker has a ring.
unsafe fn add(worker: *mut Worker, entry: Entry, token: u64) -> bool {
    // SAFETY: the ring is this thread's.
    unsafe {
        if !(*(*worker).ring).is_ours() {
            return false;
        }
        if (*(*worker).ring).is_full() {
            turn(worker);
        }
        let ring = (*worker).ring;
        !ring.is_null() && (*ring).push(entry, token)
    }
}

/// Asks the kernel to end the job's call (R4). Without room it does not: the call is waited for.
///
/// # Safety
/// The job is on the ring of the worker, this thread's, and is not done.
pub(super) unsafe fn give_up(worker: *mut Worker, job: *mut Job) {
    // SAFETY: the job is not freed before its task has seen that it is done.
    unsafe {
        (*job).is_given_up = true;
        let target = (job.cast_const().cast(), 0);
        add(worker, Entry::new(Opcode::Cancel, -1, target, 0), NO_JOB);
    }
}

/// Submits what was added, and ends the jobs whose calls are over. Does not wait.
///
/// # Safety
/// `worker` is this thread's, and has a ring.
#[inline(never)]
pub(crate) unsafe fn turn(worker: *mut Worker) {
    // SAFETY: the ring is this thread's. Each token but `NO_JOB` is a job that is not done.
    unsafe {
        let ring = (*worker).ring;
        if (*ring).is_idle() || !(*ring).is_ours() {
            return;
        }
        let outcome = (*ring).enter();
        while let Some(completion) = (*ring).pop() {
            complete(completion);
        }
        match outcome {
            // The next completion makes room (U5 of `os/ring`).
            Ok(()) => {}
            Err(libc::EAGAIN | libc::EBUSY) if (*ring).is_in_flight() => {}
            Err(error) => on_refusal(worker, error),
        }
    }
}

/// Ends the job of a completion, or gives it to the pool if the kernel has not made the call (R3).
///
/// # Safety
/// The token is `NO_JOB` or a job that is not done.
unsafe fn complete(Completion { token, result, .. }: Completion) {
    let job: *mut Job = ptr::with_exposed_provenance_mut(token as usize);
    // SAFETY: a job that is not done exists (R2).
    unsafe {
        let Some(this) = job.as_mut() else { return };
        let is_refused =
            matches!(-result, libc::EAGAIN | libc::EOPNOTSUPP | libc::EINTR | libc::ECANCELED);
        if is_refused && !this.is_given_up {
            return give_to_pool(job);
        }
        if let (false, Some(complete)) = (is_refused, this.complete) {
            complete(job, result);
        }
        finish(job, if is_refused { libc::ECANCELED } else { 0 });
    }
}

/// Gives a job to the pool.
///
/// # Safety
/// The job was on the ring, and is not any more.
unsafe fn give_to_pool(job: *mut Job) {
    // SAFETY: the pool does not know the job (R2).
    unsafe {
        (*job).complete = None;
        perform(POOL.push(job));
    }
}

/// Ends the use of the ring (R6).
///
/// # Safety
/// As [`turn`].
#[cold]
#[inline(never)]
unsafe fn on_refusal(worker: *mut Worker, error: c_int) {
    // SAFETY: the ring is this thread's. A token that was taken back is a job that is not done, or `NO_JOB`.
    unsafe {
        let ring = (*worker).ring;
        if (*ring).is_in_flight() {
            sys::set_errno(error);
            os::abort_failed(ring, "io_uring_enter")
        }
        while let Some(token) = (*ring).take_back() {
            let job: *mut Job = ptr::with_exposed_provenance_mut(token as usize);
            match job.as_mut() {
                None => {}
                Some(this) if this.is_given_up => _ = finish(job, libc::ECANCELED),
                Some(_) => give_to_pool(job),
            }
        }
        close(worker);
        (*worker).is_ring_refused = true;
    }
}

/// Closes the worker's ring, if it has one.
///
/// # Safety
/// `worker` is this thread's, and none of its jobs is on the ring.
pub(crate) unsafe fn close(worker: *mut Worker) {
    // SAFETY: the ring is this thread's, and no job uses it.
    unsafe {
        let ring = core::mem::replace(&mut (*worker).ring, ptr::null_mut());
        if let Some(this) = ring.as_ref() {
            this.close();
            sys::free(ring.cast());
        }
        (*worker).is_ring_refused = false;
    }
}
