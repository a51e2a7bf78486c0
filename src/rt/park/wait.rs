//! Waiting: a task leaves for its scheduler, a plain thread sleeps on a word.

use core::sync::atomic::Ordering;

use super::wake::{CLOSED, was_woken};
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::{Armed, Hearing, Parker};
use crate::rt::base::wait_queue::{Queue, Waiter};
use crate::rt::base::wait_reason::Why;
use crate::rt::model::hooks;
use crate::rt::model::task::{self, Task};
use crate::rt::model::worker::Worker;
use crate::rt::os::{self, Outcome};
use crate::{diag, resume, tls};

/// A wait.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) why: Why,
    /// The address of the object, or a file descriptor.
    pub(crate) about: usize,
    pub(crate) hearing: Hearing,
    /// Nanoseconds of the monotonic clock; 0: do not wait; negative: never.
    pub(crate) deadline: i64,
    /// The caller joins the queue before the others.
    pub(crate) is_first: bool,
}

impl Wait {
    /// One that joins queues at their ends.
    #[inline(always)]
    pub(crate) fn new(why: Why, about: usize, hearing: Hearing, deadline: i64) -> Wait {
        Wait { why, about, hearing, deadline, is_first: false }
    }
}

/// What the first part of a wait has come to.
#[derive(Clone, Copy)]
pub(crate) enum Begun {
    /// The task leaves now.
    Waits,
    /// There is nothing to wait for, or a thread has waited.
    Over(Outcome<()>),
}

/// Waits in `wait_queue`, whose lock `lock` is held and given back. What is handed over goes to `slot`, or
/// comes from there. Ok: a waker has claimed and woken the caller. ETIMEDOUT: the caller looks once more, see
/// `attempt`; ECANCELED, what a closer says.
///
/// # Safety
/// The queue stays where it is as long as somebody waits in it: it lies on no shared stack. `slot` is what who wakes takes it for.
#[inline(always)]
pub(crate) unsafe fn in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { end_in_queue(begin_in_queue(lock, queue, slot, wait)) }
}

/// The first part of [`in_queue`]. What is done before the switch and after it has functions of its own,
/// and as little as can be is kept from the one to the other: what is on a shared stack then is copied,
/// and takes memory while the task waits.
///
/// # Safety
/// As [`in_queue`].
pub(crate) unsafe fn begin_in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Begun {
    // SAFETY: the caller's promise.
    unsafe { begin_and_release(lock, queue, slot, wait, || (*lock).give()) }
}

/// As [`begin_in_queue`], but `release` gives `lock` back. It is called once: when the caller has its place in
/// the queue, or will have none, and before the task leaves or the thread sleeps.
///
/// # Safety
/// As [`in_queue`].
#[inline(always)]
pub(crate) unsafe fn begin_and_release(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Begun {
    // SAFETY: the caller's promise; the task runs here, on its worker.
    unsafe {
        if wait.deadline == 0 {
            release();
            return Begun::Over(Err(libc::ETIMEDOUT));
        }
        let Some(task) = task::here().as_mut() else {
            return Begun::Over(thread_in_queue(lock, queue, slot, wait, release));
        };
        let worker = task.parker.worker();
        if let Armed::Cancelled = task.parker.arm(wait.hearing) {
            release();
            return Begun::Over(Err(libc::ECANCELED));
        }
        let place = task.waiter();
        place.write(Waiter::new(&raw mut task.parker, slot, 1));
        (*queue).join(place, lock, wait.is_first);
        release();
        set_out(worker, task, wait);
        Begun::Waits
    }
}

/// The last part of [`in_queue`].
///
/// # Safety
/// `begun` is what [`begin_in_queue`] has just given.
#[inline(always)]
pub(crate) unsafe fn end_in_queue(begun: Begun) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Begun::Waits => {
                switch_to_scheduler();
                leave_queue()
            }
            Begun::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
unsafe fn leave_queue() -> Outcome<()> {
    // SAFETY: the task has come back, on its worker.
    unsafe {
        let outcome = arrive();
        if let Err(libc::ETIMEDOUT | libc::ECANCELED) = outcome {
            Waiter::withdraw((*task::here()).waiter());
        }
        single(outcome)
    }
}

/// Makes all ready for leaving.
///
/// # Safety
/// `task` runs here, on `worker`, and its parker is armed.
#[inline(always)]
pub(crate) unsafe fn set_out(worker: *mut Worker, task: *mut Task, wait: Wait) {
    // SAFETY: the caller's promise.
    unsafe {
        if tls::current() != (*task).co {
            refuse_nested(task)
        }
        (*task).about.store(wait.about, Ordering::Relaxed);
        (*task).why.store(wait.why as u8, Ordering::Relaxed);
        if wait.deadline > 0 {
            (*worker).timers.add(task, wait.deadline);
        }
        (*worker).outside += u32::from(wait.why.is_outside());
        (*worker).is_parking = true;
        hooks::waits(task, wait.why);
    }
}

/// Leaves for the scheduler, which goes on in the task when that was woken.
///
/// # Safety
/// A task runs here, in its coroutine; the scheduler waits in a resume.
#[inline(always)]
pub(crate) unsafe fn switch_to_scheduler() {
    // SAFETY: the caller's promise.
    unsafe { resume::yield_to_main((*task::here()).co, resume::switch) }
}

/// The task was woken, or its deadline has passed. Gives which of several it was that woke it.
///
/// # Safety
/// [`set_out`] has made it ready for leaving.
#[inline(always)]
pub(crate) unsafe fn arrive() -> Outcome<usize> {
    // SAFETY: the caller's promise: a task stays with its worker.
    unsafe {
        let task = task::here();
        let worker = (*task).parker.worker();
        let why = Why::of((*task).why.load(Ordering::Relaxed));
        (*worker).outside -= u32::from(why.is_outside());
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
pub(crate) fn refuse_nested(task: *mut Task) -> ! {
    let what = format_args!("a coroutine that the task resumed would have to wait");
    diag::fatal("acort", task, what, "wait in the task itself, or call with deadline 0")
}

/// As [`begin_and_release`] and the rest of [`in_queue`], for a plain thread.
#[cold]
#[inline(never)]
unsafe fn thread_in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Outcome<()> {
    let mut parker = Parker::new();
    let parker = &raw mut parker;
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the caller's promise; both stay until the wait has ended.
    unsafe {
        (*parker).arm(Hearing::Nothing);
        (*queue).join(&raw mut waiter, lock, wait.is_first);
        release();
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
            if os::is_over(deadline) {
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
