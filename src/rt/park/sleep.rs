//! Time.

use super::park;
use crate::rt::model::task;
use crate::rt::os::{self, Result};

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
        1.. => park::sleep_until(after(nanoseconds)),
        _ if task::current().is_null() => Ok(()),
        _ => park::yield_now(),
    }
}

/// Sleeps until then; negative: for ever.
#[inline(always)]
pub(crate) fn sleep_until(deadline: i64) -> Result<()> {
    match deadline {
        0 => sleep(0),
        _ => park::sleep_until(deadline),
    }
}
