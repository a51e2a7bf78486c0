//! The turn of a call that takes what is there: it asks the system, waits where nothing is, and asks again.
//!
//! * Where it was woken before others it hands on when it ends, unless nothing is left (W2 of `readiness`).
//! * Once the deadline has passed it asks once more.
//! * Where the system says "ready" and "nothing there" in turn, no edge tells of anything: a sender to a unix socket
//!   whose queue is full of others' datagrams makes an edge by each attempt of its own. Such a call looks from time to
//!   time, less and less often, instead of at each edge.

use super::fd_entry::Direction;
use super::fd_ref::{FdRef, Woken};
use super::fd_type;
use crate::rt::os::{self, Result};
use crate::rt::park::park;

/// So many wakes in vain, one after the other, have the call look whether the system contradicts itself.
const IN_VAIN: u32 = 4;
/// Nanoseconds until it looks again, at first and at most.
const FIRST_PAUSE: i64 = 500_000;
const MAX_PAUSE: i64 = 20_000_000;

/// Of one call.
pub(crate) struct RetryLoop<'a> {
    file: &'a FdRef,
    way: Direction,
    deadline: i64,
    hands_on: bool,
    /// The next attempt is the last one: the deadline has passed.
    pub(crate) is_last: bool,
    wakes_in_vain: u32,
    /// 0: edges tell of what comes.
    pause: i64,
}

impl<'a> RetryLoop<'a> {
    pub(crate) fn new(file: &'a FdRef, way: Direction, deadline: i64) -> RetryLoop<'a> {
        let is_last = deadline == 0;
        RetryLoop { file, way, deadline, hands_on: false, is_last, wakes_in_vain: 0, pause: 0 }
    }

    /// Nothing is left: waits until something may be, or was when there were more than `edges`. ECANCELED ...
    pub(crate) fn wait(&mut self, edges: u32) -> Result<()> {
        self.hands_on = false;
        if self.wakes_in_vain >= IN_VAIN && self.is_contradicted()? {
            return self.look_later();
        }
        let woken = self.file.wait(self.way, true, edges, self.deadline)?;
        self.wakes_in_vain += 1;
        self.hands_on = woken == Woken::BeforeOthers;
        self.is_last = woken == Woken::TimedOut;
        Ok(())
    }

    /// Returns true if the system says "ready" of what has just given EAGAIN.
    #[cold]
    fn is_contradicted(&mut self) -> Result<bool> {
        let events = if self.way == Direction::Read { libc::POLLIN } else { libc::POLLOUT };
        let is_ready = self.file.check_result(fd_type::poll(self.file.fd(), events))? & events != 0;
        if !is_ready {
            (self.wakes_in_vain, self.pause) = (0, 0);
        }
        Ok(is_ready)
    }

    #[cold]
    fn look_later(&mut self) -> Result<()> {
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
        let next = os::now() + self.pause;
        park::sleep_until(if self.deadline < 0 { next } else { next.min(self.deadline) })?;
        self.is_last = os::has_passed(self.deadline);
        self.file.check()
    }
}

impl Drop for RetryLoop<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.hands_on {
            self.file.pass_on_wakeup(self.way);
        }
    }
}
