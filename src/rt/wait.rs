//! Waiting: a task leaves for its scheduler, a plain thread sleeps on a word.

use core::ptr;
use core::sync::atomic::Ordering;

use super::lock::Lock;
use super::parker::{Armed, Hearing, Parker};
use super::queue::{Queue, Waiter};
use super::task::{self, Task};
use super::wake::{CLOSED, was_woken};
use super::why::Why;
use super::worker::Worker;
use super::{Outcome, hooks, os, vessel};
use crate::{diag, resume, sys, tls};

/// A wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) why: Why,
    /// The address of the object, or a file descriptor.
    pub(crate) about: usize,
    pub(crate) hearing: Hearing,
    /// Nanoseconds of the monotonic clock; 0: do not wait; negative: never.
    pub(crate) deadline: i64,
}

/// Waits in `queue`, whose lock `lock` is held and given back. What is handed over goes to `slot`, or
/// comes from there. Ok: somebody has claimed and woken the caller. ETIMEDOUT, ECANCELED, what a closer
/// says; EFAULT: the object moves away with the caller's stack.
///
/// # Safety
/// The queue stays as long as somebody waits in it; `slot` is what who wakes takes it for.
pub(crate) unsafe fn in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Outcome<()> {
    let task = task::here();
    // SAFETY: the caller's promise.
    unsafe {
        if wait.deadline == 0 {
            (*lock).give();
            return Err(libc::ETIMEDOUT);
        }
        match task.as_mut() {
            Some(task) => task_in_queue(task, lock, queue, slot, wait),
            None => thread_in_queue(lock, queue, slot, wait),
        }
    }
}

unsafe fn task_in_queue(
    task: *mut Task,
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Outcome<()> {
    // SAFETY: the caller's promise; the task runs here, on its worker.
    unsafe {
        let worker = (*task).parker.worker;
        if vessel::moves(worker, task, queue.cast()) {
            (*lock).give();
            return Err(libc::EFAULT);
        }
        if let Armed::Cancelled = (*task).parker.arm(wait.hearing) {
            (*lock).give();
            return Err(libc::ECANCELED);
        }
        (*task).waiter = Waiter::new(&raw mut (*task).parker, slot, 1);
        (*queue).push(&raw mut (*task).waiter, lock);
        (*lock).give();
        let outcome = leave(worker, task, wait);
        if let Err(libc::ETIMEDOUT | libc::ECANCELED) = outcome {
            Waiter::withdraw(&raw mut (*task).waiter);
        }
        single(outcome)
    }
}

/// Leaves for the scheduler until somebody wakes the task, or its deadline passes. Gives which of several
/// it was that woke it.
///
/// # Safety
/// `task` runs here, on `worker`, and its parker is armed.
#[inline(always)]
pub(crate) unsafe fn leave(worker: *mut Worker, task: *mut Task, wait: Wait) -> Outcome<usize> {
    // SAFETY: the caller's promise; the scheduler waits in a resume.
    unsafe {
        let co = (*task).co;
        if tls::current() != co {
            refuse_nested(task)
        }
        (*task).about = wait.about;
        (*task).why.store(wait.why as u8, Ordering::Relaxed);
        if wait.deadline > 0 {
            (*worker).timers.add(task, wait.deadline);
        }
        let is_outside = u32::from(wait.why.is_outside());
        (*worker).outside += is_outside;
        (*worker).is_parking = true;
        hooks::waits(task, wait.why);
        resume::yield_to_main(co, resume::switch);
        (*worker).outside -= is_outside;
        if (*task).timer != 0 {
            (*worker).timers.remove(task);
        }
        (*task).why.store(Why::Nothing as u8, Ordering::Relaxed);
        was_woken(&raw const (*task).parker);
        (*task).parker.outcome()
    }
}

/// The task has resumed a coroutine, which would have to wait: says so, and aborts.
#[cold]
#[inline(never)]
fn refuse_nested(task: *mut Task) -> ! {
    let what = format_args!("a coroutine that the task resumed would have to wait");
    diag::fatal("acort", task, what, "wait in the task itself, or call with deadline 0")
}

/// As [`in_queue`], for a plain thread.
#[cold]
#[inline(never)]
unsafe fn thread_in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Outcome<()> {
    let mut parker = Parker::new();
    let parker = &raw mut parker;
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the caller's promise; both stay until the wait has ended.
    unsafe {
        (*parker).arm(Hearing::Nothing);
        (*queue).push(&raw mut waiter, lock);
        (*lock).give();
        if !sleeps(parker, wait.deadline) {
            Waiter::withdraw(&raw mut waiter);
            return Err(libc::ETIMEDOUT);
        }
        was_woken(parker);
        single((*parker).outcome())
    }
}

/// The outcome of one wait: whatever woke it, it is that. EPIPE: its object is closed.
#[inline(always)]
fn single(outcome: Outcome<usize>) -> Outcome<()> {
    match outcome {
        Ok(number) if number & CLOSED as usize != 0 => Err(libc::EPIPE),
        outcome => outcome.map(drop),
    }
}

/// A plain thread sleeps until somebody wakes it. False: the deadline has passed, and the wait is ended.
///
/// # Safety
/// `parker` is this thread's, and armed.
pub(crate) unsafe fn sleeps(parker: *mut Parker, mut deadline: i64) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let word = (*parker).reason_word();
        while word.load(Ordering::Acquire) == 0 {
            if deadline >= 0 && os::now() >= deadline {
                if (*parker).claim() {
                    return false;
                }
                // Somebody is about to wake it.
                deadline = -1;
            }
            os::sleep_on(word, 0, deadline);
        }
        true
    }
}

/// The time from which on `deadline` has passed for good: waits until then. Ok: it has. ECANCELED.
pub(crate) fn until(deadline: i64) -> Outcome<()> {
    let task = task::here();
    if task.is_null() {
        let mut parker = Parker::new();
        parker.arm(Hearing::Nothing);
        // SAFETY: this thread's.
        unsafe { sleeps(&raw mut parker, deadline) };
        return Ok(());
    }
    // SAFETY: the task runs here.
    let outcome = unsafe {
        if let Armed::Cancelled = (*task).parker.arm(Hearing::Cancellation) {
            return Err(libc::ECANCELED);
        }
        let hearing = Hearing::Cancellation;
        let wait = Wait { why: Why::Sleep, about: 0, hearing, deadline: deadline.max(1) };
        let wait = if deadline < 0 { Wait { deadline, ..wait } } else { wait };
        leave((*task).parker.worker, task, wait)
    };
    match outcome {
        Err(libc::ETIMEDOUT) => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Waits for a token. Only in a task: EPERM.
pub(crate) fn park(deadline: i64) -> Outcome<()> {
    let task = task::here();
    // SAFETY: the task runs here.
    unsafe {
        let task = task.as_mut().ok_or(libc::EPERM)?;
        if deadline == 0 && !task.parker.is_cancelled() {
            if !task.parker.take_token() {
                return Err(libc::ETIMEDOUT);
            }
            was_woken(&raw const task.parker);
            return Ok(());
        }
        match task.parker.arm(Hearing::Token) {
            Armed::Cancelled => return Err(libc::ECANCELED),
            Armed::HadToken => {
                was_woken(&raw const task.parker);
                return Ok(());
            }
            Armed::Waits => {}
        }
        let hearing = Hearing::Token;
        leave(task.parker.worker, task, Wait { why: Why::Park, about: 0, hearing, deadline })
            .map(drop)
    }
}

/// Lets the other tasks that are ready run. ECANCELED, afterwards. Only in a task: EPERM.
pub(crate) fn give_way() -> Outcome<()> {
    let task = task::here();
    // SAFETY: the task runs here; its scheduler waits in a resume.
    unsafe {
        let task = task.as_mut().ok_or(libc::EPERM)?;
        if tls::current() != task.co {
            refuse_nested(task)
        }
        resume::yield_to_main(task.co, resume::switch);
        if task.parker.is_cancelled() { Err(libc::ECANCELED) } else { Ok(()) }
    }
}

/// Room of the task's own for `size` bytes, aligned to 16; what was in it is lost. NULL: there is no
/// memory.
///
/// # Safety
/// `task` runs here, and waits for nothing.
pub(crate) unsafe fn scratch(task: *mut Task, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        if (*task).scratch_size < size {
            let Some(place) = sys::allocate(size.next_power_of_two().max(64)) else {
                return ptr::null_mut();
            };
            sys::free((*task).scratch.cast());
            (*task).scratch = place.as_ptr().cast();
            (*task).scratch_size = size.next_power_of_two().max(64);
        }
        (*task).scratch
    }
}

/// Takes the places of a task that waits for several things out of their queues.
///
/// # Safety
/// The objects are there; the wait has ended.
pub(crate) unsafe fn withdraw_places(task: *mut Task) {
    // SAFETY: the caller's promise: so many places stand at the start of its room.
    unsafe {
        let places: *mut Waiter = (*task).scratch.cast();
        for index in 0..(*task).places as usize {
            Waiter::withdraw(places.add(index));
        }
        (*task).places = 0;
    }
}
