//! Waiting for no object: for a time, for a word, for the others' turns.

use super::budget;
use super::wait::{
    Blocked, Wait, abort_nested_block, after_block, before_block, park_thread, switch_to_scheduler,
};
use super::wake::acquire_wake;
use crate::rt::base::parker::{Parker, Prepared, WaitMode};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::{Deadline, Result};
use crate::tls;

/// The time from which on `deadline` has passed for good: waits until then. Ok: it has. ECANCELED.
#[inline(always)]
pub(crate) fn sleep_until(deadline: Deadline) -> Result<()> {
    // SAFETY: a task that has set out runs here.
    let outcome = unsafe { complete_sleep(begin_sleep(deadline)) };
    if let Err(libc::ETIMEDOUT) = outcome { Ok(()) } else { outcome }
}

/// Leaves, where that is to be done.
///
/// # Safety
/// `begun` is what the task that runs here, or the thread, has just begun.
#[inline(always)]
unsafe fn complete_sleep(begun: Blocked) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Blocked::Pending => {
                switch_to_scheduler();
                finish_sleep()
            }
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_sleep(deadline: Deadline) -> Blocked {
    if let Err(error) = budget::enter_call(Caller::current(), deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the task runs here; or the parker is this thread's.
    unsafe {
        let Some(task) = task::current().as_mut() else {
            let mut parker = Parker::new();
            parker.prepare(WaitMode::Uninterruptible);
            park_thread(&raw mut parker, deadline);
            return Blocked::Ready(Ok(()));
        };
        if let Prepared::Cancelled = task.parker.prepare(WaitMode::Cancellable) {
            return Blocked::Ready(Err(libc::ECANCELED));
        }
        let deadline = if deadline.is_now() { Deadline::at(1) } else { deadline };
        let wait = Wait::new(WaitReason::Sleep, 0, WaitMode::Cancellable, deadline);
        before_block(task.parker.worker(), task, wait);
        Blocked::Pending
    }
}

/// Waits for a token. Only in a task: EPERM.
#[inline(always)]
pub(crate) fn park(deadline: Deadline) -> Result<()> {
    // SAFETY: a task that has set out runs here.
    unsafe {
        match begin_park(deadline) {
            Blocked::Pending => {
                switch_to_scheduler();
                finish_park()
            }
            Blocked::Ready(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_park(deadline: Deadline) -> Blocked {
    if let Err(error) = budget::enter_call(Caller::current(), deadline) {
        return Blocked::Ready(Err(error));
    }
    // SAFETY: the task runs here.
    unsafe {
        let Some(task) = task::current().as_mut() else { return Blocked::Ready(Err(libc::EPERM)) };
        if deadline.is_now() {
            if !task.parker.try_take_token() {
                return Blocked::Ready(Err(libc::ETIMEDOUT));
            }
            acquire_wake(&raw const task.parker);
            return Blocked::Ready(Ok(()));
        }
        match task.parker.prepare(WaitMode::Park) {
            Prepared::Cancelled => return Blocked::Ready(Err(libc::ECANCELED)),
            Prepared::TokenTaken => {
                acquire_wake(&raw const task.parker);
                return Blocked::Ready(Ok(()));
            }
            Prepared::Waiting => {}
        }
        let wait = Wait::new(WaitReason::Park, 0, WaitMode::Park, deadline);
        before_block(task.parker.worker(), task, wait);
        Blocked::Pending
    }
}

/// As `arrive_from_pause`. A token that was saved after the deadline ended the wait is taken.
#[inline(never)]
unsafe fn finish_park() -> Result<()> {
    // SAFETY: the task has come back, on its worker.
    unsafe {
        let outcome = after_block();
        let parker = &raw const (*task::current()).parker;
        if let Err(libc::ETIMEDOUT) = outcome
            && (*parker).try_take_token()
        {
            acquire_wake(parker);
            return Ok(());
        }
        outcome.map(drop)
    }
}

/// Lets the other tasks that are ready run. ECANCELED, afterwards. Only in a task: EPERM.
#[inline(always)]
pub(crate) fn yield_now() -> Result<()> {
    // SAFETY: the task runs here; its scheduler waits in a resume.
    unsafe {
        let task = task::current().as_mut().ok_or(libc::EPERM)?;
        if tls::current() != task.co {
            abort_nested_block(task)
        }
        switch_to_scheduler();
        if (*task::current()).parker.is_cancelled() { Err(libc::ECANCELED) } else { Ok(()) }
    }
}

/// As `wait::arrive`, for who waits for one thing that is no queue.
#[inline(never)]
unsafe fn finish_sleep() -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { after_block() }.map(drop)
}
