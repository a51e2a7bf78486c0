//! Waiting: a task leaves for its scheduler, a plain thread park_thread on a word.

use core::sync::atomic::Ordering;

use super::wake::{CLOSED, acquire_wake};
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::{Parker, Prepared, WaitMode};
use crate::rt::base::wait_queue::{WaitQueue, Waiter};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::hooks;
use crate::rt::model::task::{self, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Deadline, Result};
use crate::{diag, resume, tls};

/// A wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) wait_reason: WaitReason,
    /// The address of the object, or a file descriptor.
    pub(crate) wait_target: usize,
    pub(crate) mode: WaitMode,
    /// Nanoseconds of the monotonic clock; 0: do not wait; negative: never.
    pub(crate) deadline: Deadline,
    /// The caller joins the queue before the others.
    pub(crate) at_front: bool,
}

impl Wait {
    /// One that joins queues at their ends.
    #[inline(always)]
    pub(crate) fn new(
        wait_reason: WaitReason,
        wait_target: usize,
        mode: WaitMode,
        deadline: Deadline,
    ) -> Wait {
        Wait { wait_reason, wait_target, mode, deadline, at_front: false }
    }
}

/// What the first part of a wait has come to.
#[derive(Clone, Copy)]
pub(crate) enum Blocked {
    /// The task leaves now.
    Pending,
    /// There is nothing to wait for, or a thread has waited.
    Ready(Result<()>),
}

/// Waits in `wait_queue`, whose lock `lock` is held and given back. What is handed over goes to `slot`, or
/// comes from there. Ok: a waker has claimed and woken the caller. ETIMEDOUT: the caller looks once more, see
/// `attempt`; ECANCELED, what a closer says.
///
/// # Safety
/// The queue stays where it is as long as somebody waits in it: it lies on no shared stack. `slot` is what who wakes
/// takes it for.
#[inline(always)]
pub(crate) unsafe fn wait_on(
    lock: *const Lock,
    queue: *mut WaitQueue,
    slot: *mut u8,
    wait: Wait,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { complete_wait(enqueue(lock, queue, slot, wait)) }
}

/// The first part of [`wait_on`]. What is done before the switch and after it has functions of its own,
/// and as little as can be is kept from the one to the other: what is on a shared stack then is copied,
/// and takes memory while the task waits.
///
/// # Safety
/// As [`wait_on`].
pub(crate) unsafe fn enqueue(
    lock: *const Lock,
    queue: *mut WaitQueue,
    slot: *mut u8,
    wait: Wait,
) -> Blocked {
    // SAFETY: the caller's promise.
    unsafe { enqueue_and_release(lock, queue, slot, wait, || (*lock).unlock()) }
}

/// As [`enqueue`], but `release` gives `lock` back. It is called once: when the caller has its place in
/// the queue, or will have none, and before the task leaves or the thread park_thread.
///
/// # Safety
/// As [`wait_on`].
#[inline(always)]
pub(crate) unsafe fn enqueue_and_release(
    lock: *const Lock,
    queue: *mut WaitQueue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Blocked {
    // SAFETY: the caller's promise; the task runs here, on its worker.
    unsafe {
        if wait.deadline.is_now() {
            release();
            return Blocked::Ready(Err(libc::ETIMEDOUT));
        }
        let Some(task) = task::current().as_mut() else {
            return Blocked::Ready(wait_on_thread(lock, queue, slot, wait, release));
        };
        let worker = task.parker.worker();
        if let Prepared::Cancelled = task.parker.prepare(wait.mode) {
            release();
            return Blocked::Ready(Err(libc::ECANCELED));
        }
        let place = task.waiter();
        place.write(Waiter::new(&raw mut task.parker, slot, 1));
        (*queue).insert(place, lock, wait.at_front);
        release();
        before_block(worker, task, wait);
        Blocked::Pending
    }
}

/// The last part of [`wait_on`].
///
/// # Safety
/// `begun` is what [`enqueue`] has just given.
#[inline(always)]
pub(crate) unsafe fn complete_wait(begun: Blocked) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Blocked::Pending => {
                switch_to_scheduler();
                finish_wait()
            }
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[inline(never)]
unsafe fn finish_wait() -> Result<()> {
    // SAFETY: the task has come back, on its worker.
    unsafe {
        let outcome = after_block();
        if let Err(libc::ETIMEDOUT | libc::ECANCELED) = outcome {
            Waiter::dequeue((*task::current()).waiter());
        }
        single_result(outcome)
    }
}

/// Makes all ready for leaving.
///
/// # Safety
/// `task` runs here, on `worker`, and its parker is armed.
#[inline(always)]
pub(crate) unsafe fn before_block(worker: *mut Worker, task: *mut Task, wait: Wait) {
    // SAFETY: the caller's promise.
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

/// Leaves for the scheduler, which goes on in the task when that was woken.
///
/// # Safety
/// A task runs here, in its coroutine; the scheduler waits in a resume.
#[inline(always)]
pub(crate) unsafe fn switch_to_scheduler() {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to_main((*task::current()).co, resume::switch) }
}

/// The task was woken, or its deadline has passed. Gives which of several it was that woke it.
///
/// # Safety
/// [`before_block`] has made it ready for leaving.
#[inline(always)]
pub(crate) unsafe fn after_block() -> Result<usize> {
    // SAFETY: the caller's promise: a task stays with its worker.
    unsafe {
        let task = task::current();
        let worker = (*task).parker.worker();
        let wait_reason = WaitReason::from_u8((*task).wait_reason.load(Ordering::Relaxed));
        (*worker).external_waits -= u32::from(wait_reason.is_external());
        if (*task).timer != 0 {
            (*worker).timers.remove(task);
        }
        (*task).wait_reason.store(WaitReason::Nothing as u8, Ordering::Relaxed);
        acquire_wake(&raw const (*task).parker);
        (*task).parker.wake_result()
    }
}

/// The task has resumed a coroutine, which would have to wait: says so, and aborts.
#[cold]
#[inline(never)]
pub(crate) fn abort_nested_block(task: *mut Task) -> ! {
    let what = format_args!("a coroutine that the task resumed would have to wait");
    diag::fatal("acort", task, what, "wait in the task itself, or call with deadline 0")
}

/// As [`enqueue_and_release`] and the rest of [`wait_on`], for a plain thread.
#[cold]
#[inline(never)]
unsafe fn wait_on_thread(
    lock: *const Lock,
    queue: *mut WaitQueue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Result<()> {
    let mut parker = Parker::new();
    let parker = &raw mut parker;
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the caller's promise; both stay until the wait has ended.
    unsafe {
        (*parker).prepare(WaitMode::Uninterruptible);
        (*queue).insert(&raw mut waiter, lock, wait.at_front);
        release();
        if !park_thread(parker, wait.deadline) {
            Waiter::dequeue(&raw mut waiter);
            return Err(libc::ETIMEDOUT);
        }
        acquire_wake(parker);
        single_result((*parker).wake_result())
    }
}

/// The outcome of one wait: whatever woke it, it is that. EPIPE: its object is closed.
#[inline(always)]
fn single_result(outcome: Result<usize>) -> Result<()> {
    match outcome {
        Ok(number) if number & CLOSED as usize != 0 => Err(libc::EPIPE),
        outcome => outcome.map(drop),
    }
}

/// A plain thread park_thread until somebody wakes it. False: the deadline has passed, and the wait is ended.
///
/// # Safety
/// `parker` is this thread's, and armed.
pub(crate) unsafe fn park_thread(parker: *mut Parker, mut deadline: Deadline) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let word = (*parker).wake_word();
        while word.load(Ordering::Acquire) == 0 {
            if deadline.has_passed() {
                if (*parker).claim() {
                    return false;
                }
                // Somebody is about to wake it.
                deadline = Deadline::NEVER;
            }
            os::futex_wait(word, 0, deadline);
        }
        true
    }
}
