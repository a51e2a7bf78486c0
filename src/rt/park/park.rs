//! Waiting for no object: for a time, for a word, for the others' turns.

use super::budget;
use super::wait::{Blocked, Wait, arrive, abort_nested_block, before_block, sleeps, switch_to_scheduler};
use super::wake::acquire_wake;
use crate::rt::base::parker::{Prepared, WaitMode, Parker};
use crate::rt::base::wait_reason::WaitReason;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::Result;
use crate::tls;

/// The time from which on `deadline` has passed for good: waits until then. Ok: it has. ECANCELED.
#[inline(always)]
pub(crate) fn until(deadline: i64) -> Result<()> {
    // SAFETY: a task that has set out runs here.
    let outcome = unsafe { pause(begin_sleep(deadline)) };
    if let Err(libc::ETIMEDOUT) = outcome { Ok(()) } else { outcome }
}

/// Leaves, where that is to be done.
///
/// # Safety
/// `begun` is what the task that runs here, or the thread, has just begun.
#[inline(always)]
unsafe fn pause(begun: Blocked) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Blocked::Waits => {
                switch_to_scheduler();
                arrive_from_pause()
            }
            Blocked::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_sleep(deadline: i64) -> Blocked {
    if let Err(error) = budget::begin(Caller::current(), deadline) {
        return Blocked::Over(Err(error));
    }
    // SAFETY: the task runs here; or the parker is this thread's.
    unsafe {
        let Some(task) = task::here().as_mut() else {
            let mut parker = Parker::new();
            parker.prepare(WaitMode::Nothing);
            sleeps(&raw mut parker, deadline);
            return Blocked::Over(Ok(()));
        };
        if let Prepared::Cancelled = task.parker.prepare(WaitMode::Cancellation) {
            return Blocked::Over(Err(libc::ECANCELED));
        }
        let deadline = if deadline < 0 { deadline } else { deadline.max(1) };
        let wait = Wait::new(WaitReason::Sleep, 0, WaitMode::Cancellation, deadline);
        before_block(task.parker.worker(), task, wait);
        Blocked::Waits
    }
}

/// Waits for a token. Only in a task: EPERM.
#[inline(always)]
pub(crate) fn park(deadline: i64) -> Result<()> {
    // SAFETY: a task that has set out runs here.
    unsafe {
        match begin_park(deadline) {
            Blocked::Waits => {
                switch_to_scheduler();
                arrive_from_park()
            }
            Blocked::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_park(deadline: i64) -> Blocked {
    if let Err(error) = budget::begin(Caller::current(), deadline) {
        return Blocked::Over(Err(error));
    }
    // SAFETY: the task runs here.
    unsafe {
        let Some(task) = task::here().as_mut() else { return Blocked::Over(Err(libc::EPERM)) };
        if deadline == 0 {
            if !task.parker.try_take_token() {
                return Blocked::Over(Err(libc::ETIMEDOUT));
            }
            acquire_wake(&raw const task.parker);
            return Blocked::Over(Ok(()));
        }
        match task.parker.prepare(WaitMode::Token) {
            Prepared::Cancelled => return Blocked::Over(Err(libc::ECANCELED)),
            Prepared::HadToken => {
                acquire_wake(&raw const task.parker);
                return Blocked::Over(Ok(()));
            }
            Prepared::Waits => {}
        }
        let wait = Wait::new(WaitReason::Park, 0, WaitMode::Token, deadline);
        before_block(task.parker.worker(), task, wait);
        Blocked::Waits
    }
}

/// As [`arrive_from_pause`]. A token that was saved after the deadline ended the wait is taken.
#[inline(never)]
unsafe fn arrive_from_park() -> Result<()> {
    // SAFETY: the task has come back, on its worker.
    unsafe {
        let outcome = arrive();
        let parker = &raw const (*task::here()).parker;
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
        let task = task::here().as_mut().ok_or(libc::EPERM)?;
        if tls::current() != task.co {
            abort_nested_block(task)
        }
        switch_to_scheduler();
        if (*task::here()).parker.is_cancelled() { Err(libc::ECANCELED) } else { Ok(()) }
    }
}

/// As [`wait::arrive`](arrive), for who waits for one thing that is no queue.
#[inline(never)]
unsafe fn arrive_from_pause() -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { arrive() }.map(drop)
}
