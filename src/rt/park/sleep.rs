//! Time.

use super::park;
use crate::rt::model::task;
use crate::rt::os::{self, Outcome};

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
pub(crate) fn sleep(nanoseconds: i64) -> Outcome<()> {
    match nanoseconds {
        1.. => park::until(after(nanoseconds)),
        _ if task::here().is_null() => Ok(()),
        _ => park::give_way(),
    }
}

/// Sleeps until then; negative: for ever.
#[inline(always)]
pub(crate) fn sleep_until(deadline: i64) -> Outcome<()> {
    match deadline {
        0 => sleep(0),
        _ => park::until(deadline),
    }
}
