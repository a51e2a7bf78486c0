//! The clock, acort_sleep_until(), and a back-off.

use super::suspend;
use crate::rt::model::task;
use crate::rt::os::{self, Deadline, Result};

/// Returns the time of the monotonic clock, in nanoseconds.
pub(crate) fn now() -> i64 {
    os::now()
}

/// Returns the deadline `nanoseconds` from now: 1 at least, and -1 if it is beyond the range.
#[inline(never)]
pub(crate) fn after(nanoseconds: i64) -> i64 {
    os::now().checked_add(nanoseconds).map_or(-1, |deadline| deadline.max(1))
}

/// As [`after`], for milliseconds.
pub(crate) fn after_ms(milliseconds: i64) -> i64 {
    after(milliseconds.saturating_mul(1_000_000))
}

/// Sleeps for `nanoseconds`; yields if that is 0 or negative. Errors: ECANCELED; ETIMEDOUT as for [`sleep_until`].
#[inline(always)]
pub(crate) fn sleep(nanoseconds: i64) -> Result<()> {
    match nanoseconds {
        1.. => suspend::sleep_until(Deadline::at(after(nanoseconds))),
        _ if task::current().is_null() => Ok(()),
        _ => suspend::yield_now(),
    }
}

/// Sleeps until `deadline`; yields if that is NOW. Errors: ECANCELED; ETIMEDOUT if a deadline scope ends it before.
#[inline(always)]
pub(crate) fn sleep_until(deadline: Deadline) -> Result<()> {
    if deadline.is_now() { sleep(0) } else { suspend::sleep_until(deadline) }
}

/// The pauses of a call that polls the system, as nothing reports the change. Each is twice as long as the one before.
pub(crate) struct Backoff {
    /// The next pause, in nanoseconds.
    pause: u32,
}

impl Backoff {
    const MIN: u32 = 500_000;
    const MAX: u32 = 20_000_000;

    pub(crate) const fn new() -> Backoff {
        Backoff { pause: Backoff::MIN }
    }

    /// Sleeps for the next pause, but not past `deadline`. Errors: ECANCELED.
    pub(crate) fn wait(&mut self, deadline: Deadline) -> Result<()> {
        let next = Deadline::at(after(i64::from(self.pause)));
        self.pause = (self.pause * 2).min(Backoff::MAX);
        suspend::sleep_until(next.min(deadline))
    }
}
