//! Blocking: a task switches to its scheduler, a plain thread sleeps on a futex word.
//!
//! ```text
//!   wait_on(lock, queue, slot, wait): the caller holds `lock`
//!
//!   enqueue        deadline NOW ──────────────────────────────> ETIMEDOUT, `lock` released
//!                  prepare: cancelled, interrupted ───────────> its errno, `lock` released
//!                  the waiter enters the queue; `lock` released
//!                                                        <─── from here on a waker may claim the waiter,
//!   before_block   wait reason, timer, `block` hook           write the slot, and make the task runnable
//!   switch_to_scheduler
//!       │          the worker runs other tasks
//!       v          the worker resumes the task
//!   after_block    removes the timer; wake_result
//!   finish_wait    after an error: dequeues the waiter (P5)
//!
//!   A plain thread has no scheduler: wait_on_thread enqueues, and park_thread sleeps on the wake reason.
//! ```
//!
//! A waker may come before the task has switched. The task still resumes after the switch: only its worker runs it
//! (T2).
//!
//! What comes before the switch and what comes after it are separate functions, and little is kept between them: on
//! a shared stack it is copied away, and takes memory while the task waits.

use core::ptr;
use core::sync::atomic::Ordering;

use super::wake::CLOSED;
use crate::rt::base::{Lock, Parker, WaitMode, WaitQueue, WaitReason, Waiter};
use crate::rt::model::{Task, Worker, hooks, task, test_run};
use crate::rt::os::{self, Deadline, Result};
use crate::{diag, resume, tls};

/// What a call waits for, and how.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) wait_reason: WaitReason,
    /// The address of the object, or the file descriptor.
    pub(crate) wait_target: usize,
    pub(crate) mode: WaitMode,
    pub(crate) deadline: Deadline,
    /// The waiter enters the queue at the front.
    pub(crate) at_front: bool,
}

impl Wait {
    /// A cancellable wait at the end of the queue.
    #[inline(always)]
    pub(crate) fn new(wait_reason: WaitReason, wait_target: usize, deadline: Deadline) -> Wait {
        Wait { wait_reason, wait_target, mode: WaitMode::Cancellable, deadline, at_front: false }
    }
}

/// An object's lock, and the queue in which callers wait for the object.
pub(crate) type Parts = (*const Lock, *mut WaitQueue);

/// The result of the first part of a wait, unless that is an error. As wide as an errno: both come in a register.
#[repr(u32)]
pub(crate) enum Blocked {
    /// The task is enqueued, and switches to the scheduler next.
    Pending,
    /// There is no wait, or a plain thread has waited.
    Done,
}

/// Ends a call whose first part has returned `blocked`: if it is Pending, switches to the scheduler, and then calls
/// `finish`.
///
/// # Safety
/// The first part has returned to the task that runs, in its own coroutine.
#[inline(always)]
pub(crate) unsafe fn complete(
    blocked: Result<Blocked>,
    finish: impl FnOnce() -> Result<()>,
) -> Result<()> {
    match blocked? {
        Blocked::Pending => {
            // SAFETY: the task is ready for the switch.
            unsafe { switch_to_scheduler() };
            finish()
        }
        Blocked::Done => Ok(()),
    }
}

/// Waits in the queue. The caller holds the lock, and the call releases it. The waker reads or writes `slot`. Ok: a
/// waker has claimed and woken the caller. Errors: ETIMEDOUT, after which the caller tries once more (see `attempt`);
/// ECANCELED; that of an interruption; EPIPE if the object was closed; what the waker says.
///
/// # Safety
/// The lock is held. It and the queue are fields of one object, which stays while the caller waits, and is not on a
/// shared stack. `slot` is what the wakers of that object expect.
#[inline(always)]
pub(crate) unsafe fn wait_on(parts: Parts, slot: *mut u8, wait: Wait) -> Result<()> {
    // SAFETY: the object is as `wait_on` requires it. It is live until the wait has ended.
    unsafe { complete(enqueue(parts, slot, wait), || finish_wait()) }
}

/// The first part of [`wait_on`], up to the switch.
///
/// # Safety
/// As [`wait_on`].
pub(crate) unsafe fn enqueue(parts: Parts, slot: *mut u8, wait: Wait) -> Result<Blocked> {
    let (lock, _) = parts;
    // SAFETY: the object is as `wait_on` requires it.
    unsafe { enqueue_and_release(parts, slot, wait, || (*lock).unlock()) }
}

/// As [`enqueue`], but `release` releases the lock. It is called once: when the waiter is in the queue, or will not be,
/// and before the task switches or the thread sleeps.
///
/// # Safety
/// As [`wait_on`].
#[inline(always)]
pub(crate) unsafe fn enqueue_and_release(
    (lock, queue): Parts,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Result<Blocked> {
    // SAFETY: the lock is held until `release`. The task runs on this thread, on its worker; its waiter is in no queue.
    unsafe {
        if wait.deadline.is_now() {
            release();
            return Err(libc::ETIMEDOUT);
        }
        let Some(task) = task::current().as_mut() else {
            return wait_on_thread((lock, queue), slot, wait, release);
        };
        let worker = task.parker.worker();
        if let Err(stopped) = task.parker.prepare(wait.mode) {
            release();
            return Err(stopped);
        }
        let waiter = task.waiter();
        waiter.write(Waiter::new(&raw mut task.parker, slot, 1));
        (*queue).insert(waiter, lock, wait.at_front);
        release();
        before_block(worker, task, wait);
        Ok(Blocked::Pending)
    }
}

/// The last part of [`wait_on`], after the switch.
///
/// # Safety
/// [`enqueue`] has returned Pending, and the task runs again.
#[inline(never)]
pub(crate) unsafe fn finish_wait() -> Result<()> {
    // SAFETY: the task runs on its worker again. The object is live, and the wait has ended.
    unsafe {
        let outcome = after_block();
        // The object is live: a waker that makes it an error has an entry of a descriptor, which is never freed.
        if outcome.is_err() {
            Waiter::dequeue((*task::current()).waiter());
        }
        single_result(outcome)
    }
}

/// Records the wait reason, starts the timer, and marks the task as blocking. Aborts in a coroutine that the task has
/// resumed.
///
/// # Safety
/// `task` runs on this thread, on `worker`, in the wait that its parker has prepared.
#[inline(always)]
pub(crate) unsafe fn before_block(worker: *mut Worker, task: *mut Task, wait: Wait) {
    // SAFETY: this thread alone uses its worker. Room for the timers of all its tasks was made when they began.
    unsafe {
        if tls::current() != (*task).co {
            abort_nested_block(task)
        }
        (*task).wait_target.store(wait.wait_target, Ordering::Relaxed);
        (*task).wait_reason.store(wait.wait_reason as u8, Ordering::Relaxed);
        if let Some(deadline) = wait.deadline.time() {
            (*worker).timers.insert(task, deadline);
        }
        (*worker).external_waits += u32::from(wait.wait_reason.is_external());
        (*worker).is_blocking = true;
        hooks::on_block(task, wait.wait_reason);
    }
}

/// Switches to the scheduler, which resumes the task after it was woken, or has yielded.
///
/// # Safety
/// A task runs on this thread, in its own coroutine, which the scheduler has resumed.
#[inline(always)]
pub(crate) unsafe fn switch_to_scheduler() {
    // SAFETY: the scheduler has resumed the coroutine of the task.
    unsafe { resume::yield_back(ptr::null_mut(), (*task::current()).co) };
}

/// Ends what [`before_block`] has begun, and returns the wake result of the parker.
///
/// # Safety
/// The running task has blocked by [`before_block`] and [`switch_to_scheduler`].
#[inline(always)]
pub(crate) unsafe fn after_block() -> Result<usize> {
    // SAFETY: a task stays with its worker (T2), and runs on it.
    unsafe {
        let task = task::current();
        let worker = (*task).parker.worker();
        let wait_reason = WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed));
        (*worker).external_waits -= u32::from(wait_reason.is_external());
        if (*task).timer != 0 {
            (*worker).timers.remove(task);
        }
        (*task).wait_reason.store(WaitReason::Nothing as u8, Ordering::Relaxed);
        (*task).parker.wake_result()
    }
}

/// Aborts: a coroutine that the task has resumed would have to wait.
#[cold]
#[inline(never)]
pub(crate) fn abort_nested_block(task: *mut Task) -> ! {
    let what = format_args!("a coroutine that the task resumed would have to wait");
    diag::fatal("acort", task, what, "wait in the task itself, or call with deadline 0")
}

/// The whole of [`wait_on`] with `release`, for a plain thread.
#[cold]
#[inline(never)]
unsafe fn wait_on_thread(
    (lock, queue): Parts,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Result<Blocked> {
    let mut parker = Parker::new();
    let parker = &raw mut parker;
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the lock is held until `release`. Parker and waiter stay until the wait has ended, and no plain thread is
    // on a shared stack.
    unsafe {
        (*parker).prepare(WaitMode::Uninterruptible)?;
        (*queue).insert(&raw mut waiter, lock, wait.at_front);
        release();
        if let Err(error) = park_for_object(parker, wait.deadline) {
            Waiter::dequeue(&raw mut waiter);
            return Err(error);
        }
        single_result((*parker).wake_result()).map(|()| Blocked::Done)
    }
}

/// The result of a wait with one waiter. Errors: EPIPE if the object was closed.
#[inline(always)]
fn single_result(outcome: Result<usize>) -> Result<()> {
    match outcome {
        Ok(number) if number & CLOSED as usize != 0 => Err(libc::EPIPE),
        outcome => outcome.map(drop),
    }
}

/// Sleeps in the wait for an object. Errors: ETIMEDOUT; EINVAL if the thread cannot know whose clock the deadline is
/// for (V6 of `test_run`): the wait has ended then.
///
/// # Safety
/// As [`park_thread`].
pub(crate) unsafe fn park_for_object(parker: *mut Parker, deadline: Deadline) -> Result<()> {
    let (deadline, error) = match test_run::is_ambiguous(deadline) {
        true => (Deadline::NOW, libc::EINVAL),
        false => (deadline, libc::ETIMEDOUT),
    };
    // SAFETY: the parker is on the stack of this plain thread, in a wait that it has prepared.
    if unsafe { park_thread(parker, deadline) } { Ok(()) } else { Err(error) }
}

/// Sleeps until the waker of `parker` has set the wake reason. Returns false if the deadline has passed first: the wait
/// has ended then.
///
/// # Safety
/// `parker` is on the stack of this plain thread, in a wait that it has prepared.
pub(crate) unsafe fn park_thread(parker: *mut Parker, mut deadline: Deadline) -> bool {
    // SAFETY: the parker is live, as it is on this thread's stack.
    unsafe {
        let word = (*parker).wake_word();
        while word.load(Ordering::Acquire) == 0 {
            if deadline.has_passed() {
                if (*parker).claim() {
                    return false;
                }
                // A waker has claimed the parker, and is about to set the wake reason (P1).
                deadline = Deadline::NEVER;
            }
            os::futex_wait(word, 0, deadline);
        }
        true
    }
}
