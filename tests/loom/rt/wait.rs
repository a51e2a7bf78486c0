//! Waiting, for plain threads: what `src/rt/wait.rs` does for those.

use std::cell::RefCell;

use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Hearing;
use crate::rt::base::parker::Parker;
use crate::rt::base::wait_queue::Queue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::Why;
use crate::rt::model::task;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os;
use crate::rt::os::Outcome;
use crate::rt::park::wake::CLOSED;
use crate::rt::park::wake::was_woken;

#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) why: Why,
    pub(crate) about: usize,
    pub(crate) hearing: Hearing,
    /// Negative: never; 0: do not wait; positive: it may have passed at any moment.
    pub(crate) deadline: i64,
    pub(crate) is_first: bool,
}

impl Wait {
    pub(crate) fn new(why: Why, about: usize, hearing: Hearing, deadline: i64) -> Wait {
        Wait { why, about, hearing, deadline, is_first: false }
    }
}

pub(crate) enum Begun {
    Waits,
    Over(Outcome<()>),
}

pub(crate) unsafe fn begin_in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Begun {
    // SAFETY: the caller's promise.
    unsafe { begin_and_release(lock, queue, slot, wait, || (*lock).give()) }
}

pub(crate) unsafe fn end_in_queue(begun: Begun) -> Outcome<()> {
    match begun {
        Begun::Over(outcome) => outcome,
        Begun::Waits => unreachable!("a thread has waited"),
    }
}

pub(crate) unsafe fn in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { end_in_queue(begin_in_queue(lock, queue, slot, wait)) }
}

pub(crate) unsafe fn begin_and_release(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Begun {
    // SAFETY: the caller's promise.
    Begun::Over(unsafe { thread_in_queue(lock, queue, slot, wait, release) })
}

unsafe fn thread_in_queue(
    lock: *const Lock,
    queue: *mut Queue,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Outcome<()> {
    let parker = Parker::new();
    parker.reason_word().load(Ordering::Relaxed);
    let parker = (&raw const parker).cast_mut();
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the caller's promise; both stay until the wait has ended.
    unsafe {
        if wait.deadline == 0 {
            release();
            return Err(libc::ETIMEDOUT);
        }
        (*parker).arm(Hearing::Nothing);
        (*queue).join(&raw mut waiter, lock, wait.is_first);
        release();
        if !sleeps(parker, wait.deadline) {
            Waiter::withdraw(&raw mut waiter);
            return Err(libc::ETIMEDOUT);
        }
        was_woken(parker);
        if let Some(task) = task::here().as_mut() {
            // Where a task finds what the waker has written.
            (*task.waiter()).number = waiter.number;
        }
        match (*parker).outcome() {
            Ok(number) if number & CLOSED as usize != 0 => Err(libc::EPIPE),
            outcome => outcome.map(drop),
        }
    }
}

loom::thread_local! {
    static AT_DEADLINE: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// `act` is called when the deadline has ended this thread's next wait, before its place is withdrawn.
pub(crate) fn at_deadline(act: impl FnOnce() + 'static) {
    AT_DEADLINE.with(|place| *place.borrow_mut() = Some(Box::new(act)));
}

pub(crate) unsafe fn sleeps(parker: *mut Parker, mut deadline: i64) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let word = (*parker).reason_word();
        while word.load(Ordering::Acquire) == 0 {
            if deadline > 0 {
                if omits("claim") || (*parker).claim() {
                    if let Some(act) = AT_DEADLINE.with(|place| place.borrow_mut().take()) {
                        act();
                    }
                    return false;
                }
                deadline = -1;
            }
            os::sleep_on(word, 0, deadline);
        }
        true
    }
}

pub(crate) unsafe fn set_out(_: *mut Worker, _: *mut Task, _: Wait) {}

pub(crate) unsafe fn switch_to_scheduler() {
    unreachable!("every thread of a model is a plain one")
}

pub(crate) unsafe fn arrive() -> Outcome<usize> {
    unreachable!("as above")
}
