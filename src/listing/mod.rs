//! Which coroutines a thread has.
//!
//! Nothing is kept for it when a coroutine is made. Those of a thread are
//!
//! * the places of its slabs whose state word names them, but for those that moved to another thread;
//! * those whose records name the thread: no slab had room, a tool that watches sees each block by
//!   itself, or they were moved here.
//!
//! The heap of a thread that has ended serves the next one, with the coroutines that are alive in it:
//! they are that thread's then.

mod dump;

use core::ffi::c_int;

use crate::abi::aco_t;
use crate::record::{self, ThreadRecords};
use crate::slab::{self, CoroutineBlocks};
use crate::state;

pub(crate) use dump::dump;

/// Calls `visit` for each coroutine of this thread, until it gives something else than 0: that, or 0.
/// `visit` may make and destroy coroutines; what it makes may be visited, too.
pub(crate) fn for_each(mut visit: impl FnMut(*mut aco_t) -> c_int) -> c_int {
    for co in CoroutineBlocks::new() {
        // SAFETY: a place for a coroutine; it reads as none unless one is there.
        if unsafe { state::is_ours(co) } && !record::is_listed_elsewhere(co) {
            let answer = visit(co);
            if answer != 0 {
                return answer;
            }
        }
    }
    for co in ThreadRecords::new() {
        // SAFETY: who has a record exists. It may be in a slab: an address that came home.
        if unsafe { !slab::is_own(co.cast()) && state::is_ours(co) } {
            let answer = visit(co);
            if answer != 0 {
                return answer;
            }
        }
    }
    0
}

/// How many coroutines of this thread have not ended, main coroutines aside.
pub(crate) fn incomplete() -> usize {
    let mut count = 0;
    for_each(|co| {
        // SAFETY: a coroutine of this thread's.
        let is_incomplete = unsafe { !(*co).main_co.is_null() && (*co).is_end == 0 };
        count += usize::from(is_incomplete);
        0
    });
    count
}
