//! The coroutines of a thread, one after the other.

use core::ffi::c_int;

use crate::abi::aco_t;
use crate::record::{self, ThreadRecords};
use crate::slab::{self, CoroutineBlocks};
use crate::state;

/// Calls `visit` for each coroutine of this thread, until it gives something else than 0: that, or 0.
/// `visit` may make and destroy coroutines; what it makes may be visited, too.
pub(crate) fn for_each(mut visit: impl FnMut(*mut aco_t) -> c_int) -> c_int {
    let in_slabs = CoroutineBlocks::new()
        // SAFETY: a place for a coroutine; it reads as none unless one is there.
        .filter(|&co| unsafe { state::is_ours(co) } && !record::is_listed_elsewhere(co))
        .map(&mut visit)
        .find(|&answer| answer != 0);
    let in_records = || {
        ThreadRecords::new()
            // SAFETY: a coroutine that has a record exists. It may be in a slab: an address that came home.
            .filter(|&co| unsafe { !slab::is_own(co.cast()) && state::is_ours(co) })
            .map(visit)
            .find(|&answer| answer != 0)
    };
    in_slabs.or_else(in_records).unwrap_or(0)
}

/// How many coroutines of this thread have not ended, main coroutines aside.
pub(crate) fn count_incomplete() -> usize {
    let mut count = 0;
    for_each(|co| {
        // SAFETY: a coroutine of this thread's.
        let is_incomplete = unsafe { !(*co).main_co.is_null() && (*co).is_end == 0 };
        count += usize::from(is_incomplete);
        0
    });
    count
}
