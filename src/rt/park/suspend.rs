//! acort_yield(), acort_park() and sleeping: waits of the current task without an object.

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

/// Waits until `deadline` has passed. Errors: ECANCELED.
#[inline(always)]
pub(crate) fn sleep_until(deadline: Deadline) -> Result<()> {
    // SAFETY: `begin_sleep` has made the task ready for the switch where it returns Pending.
    let outcome = unsafe { complete_sleep(begin_sleep(deadline)) };
    if let Err(libc::ETIMEDOUT) = outcome { Ok(()) } else { outcome }
}

/// Switches to the scheduler, if `blocked` says so.
///
/// # Safety
/// [`begin_sleep`] has just returned `blocked` to this task or thread.
#[inline(always)]
unsafe fn complete_sleep(blocked: Blocked) -> Result<()> {
    // SAFETY: the task is ready for the switch.
    unsafe {
        match blocked {
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
    // SAFETY: the running task is live. Or the parker is on the stack of this plain thread.
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

/// Waits for a token. Errors: EPERM outside of tasks; ETIMEDOUT, ECANCELED.
#[inline(always)]
pub(crate) fn park(deadline: Deadline) -> Result<()> {
    // SAFETY: `begin_park` has made the task ready for the switch where it returns Pending.
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
    // SAFETY: the running task is live.
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

/// As [`finish_sleep`]. After the deadline, takes a token that was saved since (A2 of `attempt`).
///
/// # Safety
/// The running task has blocked by [`begin_park`] and the switch.
#[inline(never)]
unsafe fn finish_park() -> Result<()> {
    // SAFETY: the task has blocked, and runs on its worker again.
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

/// Lets the other tasks that are ready run. Errors: EPERM outside of tasks; ECANCELED, after that.
#[inline(always)]
pub(crate) fn yield_now() -> Result<()> {
    // SAFETY: the running task is live, and runs in its own coroutine, which the scheduler has resumed.
    unsafe {
        let task = task::current().as_mut().ok_or(libc::EPERM)?;
        if tls::current() != task.co {
            abort_nested_block(task)
        }
        switch_to_scheduler();
        if (*task::current()).parker.is_cancelled() { Err(libc::ECANCELED) } else { Ok(()) }
    }
}

/// The last part of a wait that is in no queue.
///
/// # Safety
/// The running task has blocked by [`begin_sleep`] and the switch.
#[inline(never)]
unsafe fn finish_sleep() -> Result<()> {
    // SAFETY: the task has blocked, and runs on its worker again.
    unsafe { after_block() }.map(drop)
}
