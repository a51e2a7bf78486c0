//! Waiting for no object: for a time, for a word, for the others' turns.

use super::budget;
use super::wait::{Begun, Wait, arrive, refuse_nested, set_out, sleeps, switch_to_scheduler};
use super::wake::was_woken;
use crate::rt::base::parker::{Armed, Hearing, Parker};
use crate::rt::base::wait_reason::Why;
use crate::rt::model::caller::Caller;
use crate::rt::model::task;
use crate::rt::os::Outcome;
use crate::tls;

/// The time from which on `deadline` has passed for good: waits until then. Ok: it has. ECANCELED.
#[inline(always)]
pub(crate) fn until(deadline: i64) -> Outcome<()> {
    // SAFETY: a task that has set out runs here.
    let outcome = unsafe { pause(begin_sleep(deadline)) };
    if let Err(libc::ETIMEDOUT) = outcome { Ok(()) } else { outcome }
}

/// Leaves, where that is to be done.
///
/// # Safety
/// `begun` is what the task that runs here, or the thread, has just begun.
#[inline(always)]
unsafe fn pause(begun: Begun) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match begun {
            Begun::Waits => {
                switch_to_scheduler();
                arrive_from_pause()
            }
            Begun::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_sleep(deadline: i64) -> Begun {
    if let Err(error) = budget::begin(Caller::current(), deadline) {
        return Begun::Over(Err(error));
    }
    // SAFETY: the task runs here; or the parker is this thread's.
    unsafe {
        let Some(task) = task::here().as_mut() else {
            let mut parker = Parker::new();
            parker.arm(Hearing::Nothing);
            sleeps(&raw mut parker, deadline);
            return Begun::Over(Ok(()));
        };
        if let Armed::Cancelled = task.parker.arm(Hearing::Cancellation) {
            return Begun::Over(Err(libc::ECANCELED));
        }
        let deadline = if deadline < 0 { deadline } else { deadline.max(1) };
        let wait = Wait::new(Why::Sleep, 0, Hearing::Cancellation, deadline);
        set_out(task.parker.worker(), task, wait);
        Begun::Waits
    }
}

/// Waits for a token. Only in a task: EPERM.
#[inline(always)]
pub(crate) fn park(deadline: i64) -> Outcome<()> {
    // SAFETY: a task that has set out runs here.
    unsafe {
        match begin_park(deadline) {
            Begun::Waits => {
                switch_to_scheduler();
                arrive_from_park()
            }
            Begun::Over(outcome) => outcome,
        }
    }
}

#[inline(never)]
fn begin_park(deadline: i64) -> Begun {
    if let Err(error) = budget::begin(Caller::current(), deadline) {
        return Begun::Over(Err(error));
    }
    // SAFETY: the task runs here.
    unsafe {
        let Some(task) = task::here().as_mut() else { return Begun::Over(Err(libc::EPERM)) };
        if deadline == 0 {
            if !task.parker.take_token() {
                return Begun::Over(Err(libc::ETIMEDOUT));
            }
            was_woken(&raw const task.parker);
            return Begun::Over(Ok(()));
        }
        match task.parker.arm(Hearing::Token) {
            Armed::Cancelled => return Begun::Over(Err(libc::ECANCELED)),
            Armed::HadToken => {
                was_woken(&raw const task.parker);
                return Begun::Over(Ok(()));
            }
            Armed::Waits => {}
        }
        let wait = Wait::new(Why::Park, 0, Hearing::Token, deadline);
        set_out(task.parker.worker(), task, wait);
        Begun::Waits
    }
}

/// As [`arrive_from_pause`]. A token that was saved after the deadline ended the wait is taken.
#[inline(never)]
unsafe fn arrive_from_park() -> Outcome<()> {
    // SAFETY: the task has come back, on its worker.
    unsafe {
        let outcome = arrive();
        let parker = &raw const (*task::here()).parker;
        if let Err(libc::ETIMEDOUT) = outcome
            && (*parker).take_token()
        {
            was_woken(parker);
            return Ok(());
        }
        outcome.map(drop)
    }
}

/// Lets the other tasks that are ready run. ECANCELED, afterwards. Only in a task: EPERM.
#[inline(always)]
pub(crate) fn give_way() -> Outcome<()> {
    // SAFETY: the task runs here; its scheduler waits in a resume.
    unsafe {
        let task = task::here().as_mut().ok_or(libc::EPERM)?;
        if tls::current() != task.co {
            refuse_nested(task)
        }
        switch_to_scheduler();
        if (*task::here()).parker.is_cancelled() { Err(libc::ECANCELED) } else { Ok(()) }
    }
}

/// As [`wait::arrive`](arrive), for who waits for one thing that is no queue.
#[inline(never)]
unsafe fn arrive_from_pause() -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe { arrive() }.map(drop)
}
