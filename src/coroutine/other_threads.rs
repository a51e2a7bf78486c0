//! The coroutines that other threads run, as far as plain loads of the threads' words show (`slab::words`).
//!
//! A thread is seen once it has created a coroutine, was given one by `aco_attach`, or has resumed one whose `main_co`
//! was not its current coroutine. Two of its coroutines are seen: the one that runs and the one that the hint names,
//! which waits. Ancestors beyond those are not seen.

use crate::abi::aco_t;
use crate::slab;

/// The use that another thread makes of a coroutine or its main coroutine.
pub(crate) enum OtherThreadUse {
    /// The coroutine runs there, or waits in a resume.
    RunsCoroutine,
    /// Its `main_co` waits in a resume there, for another coroutine.
    WaitsInMainCo,
}

/// Returns true if another thread runs `co`, or the coroutine that it runs was resumed by `co`.
pub(crate) fn runs_on_other_thread(co: *mut aco_t) -> bool {
    let seen = slab::any_other_thread(true, |current, waiting| runs(co, current, waiting));
    seen.unwrap_or_default()
}

/// Returns the use that another thread makes of `co` or `main_co`, both of which this thread is about to use. None: no
/// use is seen. A `main_co` that waits for nothing belongs to no thread.
#[cold]
#[inline(never)]
pub(crate) fn use_by_other_thread(co: *mut aco_t, main_co: *mut aco_t) -> Option<OtherThreadUse> {
    slab::publish_thread();
    let mut main_waits = false;
    let is_running = slab::any_other_thread(false, |current, waiting| {
        main_waits |= waiting == main_co && current != main_co;
        runs(co, current, waiting)
    });
    match is_running {
        Some(true) => Some(OtherThreadUse::RunsCoroutine),
        _ => main_waits.then_some(OtherThreadUse::WaitsInMainCo),
    }
}

/// Returns true if a thread with these two words runs `co`, or `co` waits in it.
fn runs(co: *mut aco_t, current: *mut aco_t, waiting: *mut aco_t) -> bool {
    !waiting.is_null() && (co == current || co == waiting)
}
