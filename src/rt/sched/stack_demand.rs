//! The demand for stacks: an idle worker gives back what its tasks have not needed for a while.
//!
//! ```text
//!   every PERIOD, before the worker sleeps   least_unused: so many stacks were at no time needed since the last check
//!                                            excess = an eighth of them; the list `own` moves to the spans
//!   while excess > 0, before each sleep      one span is unmapped if none of its places is in use;
//!                                            else the pages of its warm places are discarded
//! ```
//!
//! After a burst of 10,000 tasks a hundredth of its stacks have pages 10 seconds later, also if the process stays idle:
//! the worker's sleep ends for the next check. A burst that comes back within a second finds most of them.
//!
//! * SD1. `least_unused` is taken where it may be lower than before: when `own` is empty (`span_stacks`), and before
//!   each sleep.
//! * SD2. One call gives back at most one span, and then the worker looks for work: a task that becomes ready waits for
//!   no longer than that.
//! * SD3. A worker with fewer than [`MIN_UNUSED`] unused stacks has no checks, and its sleep has no limit.

use super::span_stacks;
use crate::rt::model::Worker;
use crate::rt::model::stack_cache::{OwnStacks, StackCache};
use crate::rt::os;
use crate::stack::Span;

/// The time from one check to the next, in nanoseconds.
const PERIOD: i64 = 250_000_000;
/// The part of the unneeded stacks that a check gives back, and how many at least.
const PART: u32 = 8;
const MIN_EXCESS: u32 = Span::MAX_STACKS;
/// Unused stacks that cause checks. A worker keeps at least half of them.
const MIN_UNUSED: u32 = 2 * Span::MAX_STACKS;

/// Gives back unused stacks, if that is due, and coroutines of the shared stack, a batch at a time. Returns the time
/// after which it is to be called again, in nanoseconds; negative: none.
///
/// # Safety
/// `worker` is this thread's, and no task runs.
#[inline(always)]
pub(super) unsafe fn trim(worker: *mut Worker) -> i64 {
    /// Coroutines of the shared stack that a worker keeps.
    const MAX_SHARED: u32 = 1024;
    const BATCH: u32 = 64;
    // SAFETY: `worker` is this thread's, and a cached coroutine has ended.
    let stacks = unsafe {
        let StackCache { own, shared, .. } = &mut (*worker).stack_cache;
        span_stacks::destroy_some(shared, BATCH.min(shared.count.saturating_sub(MAX_SHARED)));
        own
    };
    if stacks.unused() < MIN_UNUSED {
        stacks.demand.next_check = 0;
        return -1;
    }
    check(stacks)
}

/// As [`trim`], if there are at least [`MIN_UNUSED`] unused stacks.
#[cold]
#[inline(never)]
fn check(stacks: &mut OwnStacks) -> i64 {
    let (unused, now) = (stacks.unused(), os::real_now());
    let demand = &mut stacks.demand;
    if demand.next_check == 0 {
        (demand.next_check, demand.least_unused, demand.excess) = (now + PERIOD, unused, 0);
    }
    demand.least_unused = demand.least_unused.min(unused);
    if demand.excess == 0 && now >= demand.next_check {
        let unneeded = demand.least_unused.saturating_sub(MIN_UNUSED - MIN_EXCESS);
        demand.excess = (unneeded / PART).max(MIN_EXCESS).min(unneeded);
        (demand.next_check, demand.least_unused) = (now + PERIOD, unused);
        span_stacks::store_all(stacks);
    }
    if stacks.demand.excess != 0 {
        let given = span_stacks::give_back_warm(stacks);
        let demand = &mut stacks.demand;
        demand.excess = if given == 0 { 0 } else { demand.excess.saturating_sub(given) };
        demand.least_unused = demand.least_unused.saturating_sub(given);
    }
    if stacks.demand.excess != 0 { 0 } else { (stacks.demand.next_check - now).max(0) }
}
