//! The retry loop of a call that consumes what is there: asks the system, waits on EAGAIN, asks again.
//!
//! * A call that was woken before others passes the wakeup on, unless nothing is left (W2 of `readiness`).
//! * Once the deadline has passed, the call asks once more.
//! * The system may contradict itself: poll(2) says "ready" and the call gets EAGAIN. One case is a unix socket whose
//!   queue is full of other senders' datagrams: each attempt of a sender makes an edge. Such a call tries at intervals
//!   that double, instead of at each edge.

use super::direction::Direction;
use super::fd_ref::FdRef;
use super::fd_type;
use super::readiness::Woken;
use crate::rt::os::{Deadline, Result};
use crate::rt::park::Backoff;

/// After this many wakeups in a row that end in EAGAIN, the call checks whether the system contradicts itself.
const MAX_FUTILE_WAKEUPS: u32 = 4;

/// The state of one call.
pub(crate) struct RetryLoop<'a> {
    file: &'a FdRef,
    direction: Direction,
    deadline: Deadline,
    /// The call was woken before others, and has not got EAGAIN since (W2).
    passes_wakeup_on: bool,
    /// The deadline has passed: the next attempt is the last one.
    pub(crate) is_last: bool,
    futile_wakeups: u32,
    backoff: Backoff,
}

impl<'a> RetryLoop<'a> {
    pub(crate) fn new(file: &'a FdRef, direction: Direction, deadline: Deadline) -> RetryLoop<'a> {
        RetryLoop {
            file,
            direction,
            deadline,
            passes_wakeup_on: false,
            is_last: deadline.is_now(),
            futile_wakeups: 0,
            backoff: Backoff::new(),
        }
    }

    /// Waits after EAGAIN, which the call got since it read `tick`. Errors: those of [`FdRef::wait`].
    pub(crate) fn wait(&mut self, tick: u32) -> Result<()> {
        self.passes_wakeup_on = false;
        if self.futile_wakeups >= MAX_FUTILE_WAKEUPS && self.is_contradicted()? {
            return self.back_off();
        }
        let woken = self.file.wait(self.direction, true, tick, self.deadline)?;
        self.futile_wakeups += 1;
        self.passes_wakeup_on = woken == Woken::BeforeOthers;
        self.is_last = woken == Woken::TimedOut;
        Ok(())
    }

    /// Returns true if poll(2) says that the file is ready, which has just given EAGAIN.
    #[cold]
    fn is_contradicted(&mut self) -> Result<bool> {
        let event = self.direction.poll_event();
        let is_ready = self.file.check_result(fd_type::poll(self.file.fd(), event))? & event != 0;
        if !is_ready {
            (self.futile_wakeups, self.backoff) = (0, Backoff::new());
        }
        Ok(is_ready)
    }

    #[cold]
    fn back_off(&mut self) -> Result<()> {
        self.backoff.wait(self.deadline)?;
        self.is_last = self.deadline.has_passed();
        self.file.check()
    }
}

impl Drop for RetryLoop<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.passes_wakeup_on {
            self.file.pass_on_wakeup(self.direction);
        }
    }
}

/// Calls `attempt` at intervals that double, as the system has nothing that reports when it can succeed. Errors:
/// `ETIMEDOUT` after EAGAIN; `ECANCELED`; those of `attempt`.
pub(crate) fn retry_with_backoff<T>(
    deadline: Deadline,
    attempt: &mut dyn FnMut() -> Result<T>,
) -> Result<T> {
    let mut backoff = Backoff::new();
    loop {
        match attempt() {
            Err(libc::EAGAIN) if deadline.has_passed() => return Err(libc::ETIMEDOUT),
            Err(libc::EAGAIN) => backoff.wait(deadline)?,
            outcome => return outcome,
        }
    }
}
