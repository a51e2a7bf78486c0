//! Waking who waits, from any thread.

use crate::rt::base::atomic::AtomicU32;
use crate::rt::base::lock::{happens_after, happens_before};
use crate::rt::base::parker::Parker;
use crate::rt::base::wait_queue::{Waiter, take_from};
use crate::rt::model::hooks;
use crate::rt::model::worker::Worker;
use crate::rt::os;

/// Lets a claimed waiter go on, for `reason`. From any thread.
///
/// # Safety
/// The caller has claimed `parker`, and does not touch it from here on.
#[inline(always)]
pub(crate) unsafe fn wake(parker: *mut Parker, reason: u32) {
    // SAFETY: the caller's promise; a parker with a worker is a task. A thread may be gone once it has
    // the reason: only the address of its word is used.
    unsafe {
        happens_before(parker);
        let worker = (*parker).worker();
        if worker.is_null() {
            let word: *const AtomicU32 = (*parker).reason_word();
            (*parker).set_reason(reason);
            return os::wake_one(word);
        }
        (*parker).set_reason(reason);
        hooks::woken(parker.cast());
        if worker == Worker::here() {
            (*worker).ready.push(parker.cast());
        } else {
            Worker::post(worker, parker.cast());
        }
    }
}

/// [`wake`] for who is in a queue: by the number of its wait.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn wake_waiter(waiter: *mut Waiter) {
    // SAFETY: the caller's promise.
    unsafe { wake((*waiter).parker, (*waiter).number) }
}

/// Beside the number of a wait: the object is closed.
pub(crate) const CLOSED: u32 = 1 << 30;

/// Wakes a list of claimed ones, each by its number, or its number and [`CLOSED`], or all by one error.
///
/// # Safety
/// As [`wake`], for each.
pub(crate) unsafe fn wake_all(mut list: *mut Waiter, reason: Option<u32>) {
    while let Some(waiter) = take_from(&mut list) {
        // SAFETY: the caller's promise.
        unsafe {
            let reason = match reason {
                None => (*waiter).number,
                Some(CLOSED) => (*waiter).number | CLOSED,
                Some(error) => error,
            };
            wake((*waiter).parker, reason)
        }
    }
}

/// The caller has been woken: what was done before that has happened before.
#[inline(always)]
pub(crate) fn was_woken(parker: *const Parker) {
    happens_after(parker);
}
