//! acort_yield(), acort_park() and sleeping: waits of the current task without an object.

use core::sync::atomic::Ordering;

use super::budget;
use super::wait::{
    Blocked, Wait, abort_nested_block, after_block, before_block, complete, park_thread,
    switch_to_scheduler,
};
use crate::rt::base::{Parker, Prepared, WaitMode, WaitReason};
use crate::rt::model::{Caller, task};
use crate::rt::os::{Deadline, Result};
use crate::tls;

/// Waits until `deadline` has passed. Errors: ECANCELED; ETIMEDOUT if a deadline scope ends the wait before.
#[inline(always)]
pub(crate) fn sleep_until(deadline: Deadline) -> Result<()> {
    // SAFETY: `begin_sleep` has made the task ready for the switch where it returns Pending.
    unsafe { complete(begin_sleep(deadline), || finish_sleep()) }
}

#[inline(never)]
fn begin_sleep(deadline: Deadline) -> Result<Blocked> {
    let until = budget::enter_call(Caller::current(), deadline)?;
    let is_cut = until != deadline;
    // SAFETY: the running task is live. Or the parker is on the stack of this plain thread.
    unsafe {
        let Some(task) = task::current().as_mut() else {
            let mut parker = Parker::new();
            parker.prepare(WaitMode::Uninterruptible)?;
            park_thread(&raw mut parker, until);
            return if is_cut { Err(libc::ETIMEDOUT) } else { Ok(Blocked::Done) };
        };
        task.parker.prepare(WaitMode::Cancellable)?;
        let until = if until.is_now() { Deadline::at(1) } else { until };
        let target = usize::from(is_cut);
        before_block(task.parker.worker(), task, Wait::new(WaitReason::Sleep, target, until));
        Ok(Blocked::Pending)
    }
}

/// Waits for a token. Errors: EPERM outside of tasks; ETIMEDOUT, ECANCELED.
#[inline(always)]
pub(crate) fn park(deadline: Deadline) -> Result<()> {
    // SAFETY: `begin_park` has made the task ready for the switch where it returns Pending.
    unsafe { complete(begin_park(deadline), || finish_park()) }
}

#[inline(never)]
fn begin_park(deadline: Deadline) -> Result<Blocked> {
    let deadline = budget::enter_call(Caller::current(), deadline)?;
    // SAFETY: the running task is live.
    unsafe {
        let task = task::current().as_mut().ok_or(libc::EPERM)?;
        if deadline.is_now() {
            let has_token = task.parker.try_take_token();
            return if has_token { Ok(Blocked::Done) } else { Err(libc::ETIMEDOUT) };
        }
        match task.parker.prepare_park() {
            Prepared::Stopped(error) => return Err(error),
            Prepared::TokenTaken => return Ok(Blocked::Done),
            Prepared::Waiting => {}
        }
        before_block(task.parker.worker(), task, Wait::new(WaitReason::Park, 0, deadline));
        Ok(Blocked::Pending)
    }
}

/// The last part of a park. After the deadline, takes a token that was saved since (A2 of `attempt`).
///
/// # Safety
/// The running task has blocked by [`begin_park`] and the switch.
#[inline(never)]
unsafe fn finish_park() -> Result<()> {
    // SAFETY: the task has blocked, and runs on its worker again.
    unsafe {
        let outcome = after_block();
        match outcome {
            Err(libc::ETIMEDOUT) if (*task::current()).parker.try_take_token() => Ok(()),
            outcome => outcome.map(drop),
        }
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
        let parker = &(*task::current()).parker;
        if parker.may_stop() { parker.take_stop() } else { Ok(()) }
    }
}

/// The last part of a sleep: the deadline is its end, unless a scope has cut the sleep, as `wait_target` says.
///
/// # Safety
/// The running task has blocked by [`begin_sleep`] and the switch.
#[inline(never)]
unsafe fn finish_sleep() -> Result<()> {
    // SAFETY: the task has blocked, and runs on its worker again.
    unsafe {
        let outcome = after_block();
        let is_cut = (*task::current()).wait_target.load(Ordering::Relaxed) != 0;
        match outcome {
            Err(libc::ETIMEDOUT) if !is_cut => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}
