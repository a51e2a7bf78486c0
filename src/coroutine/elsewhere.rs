//! What other threads run, as far as plain loads of their words tell (`slab::words`).
//!
//! A thread is seen once it has made a coroutine, was given one, or has resumed one whose `main_co` was not its current
//! coroutine. Of it are seen the coroutine that runs and the one that waits for that, not those further off.

use crate::abi::aco_t;
use crate::slab;

/// How another thread uses a coroutine, or its `main_co`.
pub(crate) enum Use {
    /// It runs there, or waits in a resume.
    Runs,
    /// Its `main_co` waits in a resume there.
    MainWaits,
}

/// Does `co` run in another thread, or wait there in a resume for the one that runs?
pub(crate) fn runs_elsewhere(co: *mut aco_t) -> bool {
    let seen = slab::any_other_thread(true, |current, waiting| runs(co, current, waiting));
    seen.unwrap_or_default()
}

/// How another thread uses `co` or `main_co`, which this thread is about to use. None: not at all, as far as is seen.
/// A `main_co` that waits for nothing is no thread's.
#[cold]
#[inline(never)]
pub(crate) fn use_elsewhere(co: *mut aco_t, main_co: *mut aco_t) -> Option<Use> {
    slab::publish_thread();
    let main_waits = |current, waiting| waiting == main_co && current != main_co;
    let look = |seen: &dyn Fn(*mut aco_t, *mut aco_t) -> bool| {
        slab::any_other_thread(false, seen).unwrap_or_default()
    };
    if !look(&|current, waiting| runs(co, current, waiting) || main_waits(current, waiting)) {
        return None;
    }
    Some(if look(&|current, waiting| runs(co, current, waiting)) {
        Use::Runs
    } else {
        Use::MainWaits
    })
}

/// Does `co` run in a thread with these words, or wait in it?
fn runs(co: *mut aco_t, current: *mut aco_t, waiting: *mut aco_t) -> bool {
    !waiting.is_null() && (co == current || co == waiting)
}
