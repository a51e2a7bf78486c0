//! Time.

use super::suspend;
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};

/// Nanoseconds of the monotonic clock.
pub(crate) fn now() -> i64 {
    os::now()
}

/// The deadline so many nanoseconds from now.
#[inline(never)]
pub(crate) fn after(nanoseconds: i64) -> i64 {
    os::now().checked_add(nanoseconds).map_or(-1, |deadline| deadline.max(1))
}

/// Sleeps for so many nanoseconds; lets others run if that is none.
#[inline(always)]
pub(crate) fn sleep(nanoseconds: i64) -> Result<()> {
    match nanoseconds {
        1.. => suspend::sleep_until(Deadline::at(after(nanoseconds))),
        _ if task::current().is_null() => Ok(()),
        _ => suspend::yield_now(),
    }
}

/// Sleeps until `deadline`; lets other tasks run if that is now.
#[inline(always)]
pub(crate) fn sleep_until(deadline: Deadline) -> Result<()> {
    if deadline.is_now() { sleep(0) } else { suspend::sleep_until(deadline) }
}

/// The pauses of a call that asks the system from time to time, where nothing reports the change: each is twice as
/// long as the one before.
pub(crate) struct Backoff {
    /// Nanoseconds.
    pause: i64,
}

impl Backoff {
    const MIN: i64 = 500_000;
    const MAX: i64 = 20_000_000;

    pub(crate) const fn new() -> Backoff {
        Backoff { pause: Backoff::MIN }
    }

    /// Sleeps for the next pause, but not past `deadline`. ECANCELED.
    pub(crate) fn wait(&mut self, deadline: Deadline) -> Result<()> {
        let next = Deadline::at(after(self.pause));
        self.pause = (self.pause * 2).min(Backoff::MAX);
        suspend::sleep_until(next.min(deadline))
    }
}
