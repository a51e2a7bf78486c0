//! The stand-in for `park/wait`: each thread of a model waits as a plain thread does, also as a task.

use std::cell::RefCell;

use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::base::lock::Lock;
use crate::rt::base::parker::Parker;
use crate::rt::base::parker::WaitMode;
use crate::rt::base::wait_queue::WaitQueue;
use crate::rt::base::wait_queue::Waiter;
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::task;
use crate::rt::model::task::Task;
use crate::rt::model::worker::Worker;
use crate::rt::os;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::wake::CLOSED;

#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) wait_reason: WaitReason,
    pub(crate) wait_target: usize,
    pub(crate) mode: WaitMode,
    /// A time may have passed at any moment.
    pub(crate) deadline: Deadline,
    pub(crate) at_front: bool,
}

impl Wait {
    pub(crate) fn new(wait_reason: WaitReason, wait_target: usize, deadline: Deadline) -> Wait {
        Wait { wait_reason, wait_target, mode: WaitMode::Cancellable, deadline, at_front: false }
    }
}

pub(crate) type Parts = (*const Lock, *mut WaitQueue);

pub(crate) enum Blocked {
    Pending,
    Done,
}

pub(crate) unsafe fn complete(
    begun: Result<Blocked>,
    finish: impl FnOnce() -> Result<()>,
) -> Result<()> {
    match begun? {
        Blocked::Done => Ok(()),
        Blocked::Pending => finish(),
    }
}

loom::thread_local! {
    /// How the wait that this thread has begun has ended.
    static OUTCOME: RefCell<Option<Result<()>>> = RefCell::new(None);
}

pub(crate) unsafe fn finish_wait() -> Result<()> {
    OUTCOME.with(|outcome| outcome.borrow_mut().take()).expect("a wait was begun")
}

pub(crate) unsafe fn enqueue(parts: Parts, slot: *mut u8, wait: Wait) -> Result<Blocked> {
    // SAFETY: the lock is held, and the object stays while the caller waits.
    unsafe { enqueue_and_release(parts, slot, wait, || (*parts.0).unlock()) }
}

pub(crate) unsafe fn wait_on(parts: Parts, slot: *mut u8, wait: Wait) -> Result<()> {
    // SAFETY: the lock is held, and the object stays while the caller waits.
    unsafe { complete(enqueue(parts, slot, wait), || finish_wait()) }
}

pub(crate) unsafe fn enqueue_and_release(
    parts: Parts,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Result<Blocked> {
    // SAFETY: the lock is held, and the object stays while the caller waits.
    unsafe {
        let outcome = wait_on_thread(parts, slot, wait, release)?;
        let Some(task) = task::current().as_mut() else {
            return outcome.map(|()| Blocked::Done);
        };
        // What the last part of the wait finds.
        task.wait_target.store(wait.wait_target, Ordering::Relaxed);
        (*task.waiter()).slot = slot;
        OUTCOME.with(|place| *place.borrow_mut() = Some(outcome));
        Ok(Blocked::Pending)
    }
}

/// Err: there is no wait. Ok: how it has ended.
unsafe fn wait_on_thread(
    (lock, queue): Parts,
    slot: *mut u8,
    wait: Wait,
    release: impl FnOnce(),
) -> Result<Result<()>> {
    let parker = Parker::new();
    parker.wake_word().load(Ordering::Relaxed);
    let parker = (&raw const parker).cast_mut();
    let mut waiter = Waiter::new(parker, slot, 1);
    // SAFETY: the lock is held until `release`. Parker and waiter stay until the wait has ended.
    unsafe {
        if wait.deadline.is_now() {
            release();
            return Err(libc::ETIMEDOUT);
        }
        (*parker).prepare(WaitMode::Uninterruptible).expect("it hears nothing");
        (*queue).insert(&raw mut waiter, lock, wait.at_front);
        release();
        if let Err(error) = park_for_object(parker, wait.deadline) {
            Waiter::dequeue(&raw mut waiter);
            return Ok(Err(error));
        }
        if let Some(task) = task::current().as_mut() {
            // A task finds here what the waker has written.
            (*task.waiter()).case = waiter.case;
        }
        Ok(match (*parker).wake_result() {
            Ok(number) if number & CLOSED as usize != 0 => Err(libc::EPIPE),
            outcome => outcome.map(drop),
        })
    }
}

loom::thread_local! {
    static AT_DEADLINE: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::new(None);
}

/// Calls `act` when a deadline has ended this thread's next wait, before its waiter is dequeued.
pub(crate) fn at_deadline(act: impl FnOnce() + 'static) {
    AT_DEADLINE.with(|place| *place.borrow_mut() = Some(Box::new(act)));
}

/// No model has a test run.
pub(crate) unsafe fn park_for_object(parker: *mut Parker, deadline: Deadline) -> Result<()> {
    // SAFETY: the parker is on this thread's stack.
    if unsafe { park_thread(parker, deadline) } { Ok(()) } else { Err(libc::ETIMEDOUT) }
}

unsafe fn park_thread(parker: *mut Parker, mut deadline: Deadline) -> bool {
    // SAFETY: the parker is on this thread's stack.
    unsafe {
        let word = (*parker).wake_word();
        while word.load(Ordering::Acquire) == 0 {
            if deadline.has_passed() {
                if omits("claim") || (*parker).claim() {
                    if let Some(act) = AT_DEADLINE.with(|place| place.borrow_mut().take()) {
                        act();
                    }
                    return false;
                }
                deadline = Deadline::NEVER;
            }
            os::futex_wait(word, 0, deadline);
        }
        true
    }
}

pub(crate) unsafe fn before_block(_: *mut Worker, _: *mut Task, _: Wait) {}

/// The thread has waited in `enqueue`.
pub(crate) unsafe fn switch_to_scheduler() {}

pub(crate) unsafe fn after_block() -> Result<usize> {
    unreachable!("every thread of a model is a plain one")
}
