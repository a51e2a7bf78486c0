//! Waking who waits, from any thread.

use crate::rt::base::atomic::AtomicU32;
use crate::rt::base::lock::{tsan_acquire, tsan_release};
use crate::rt::base::parker::Parker;
use crate::rt::base::wait_queue::{Waiter, pop_waiter};
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
        tsan_release(parker);
        let worker = (*parker).worker();
        if worker.is_null() {
            let word: *const AtomicU32 = (*parker).wake_word();
            (*parker).set_wake_reason(reason);
            return os::futex_wake_one(word);
        }
        (*parker).set_wake_reason(reason);
        hooks::on_wake(parker.cast());
        if worker == Worker::current() {
            (*worker).run_queue.push(parker.cast());
        } else {
            Worker::push_remote(worker, parker.cast());
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
    unsafe { wake((*waiter).parker, (*waiter).case) }
}

/// Beside the number of a wait: the object is closed.
pub(crate) const CLOSED: u32 = 1 << 30;

/// Wakes a list of claimed ones, each by its number, or its number and [`CLOSED`], or all by one error.
///
/// # Safety
/// As [`wake`], for each.
pub(crate) unsafe fn wake_all(mut list: *mut Waiter, reason: Option<u32>) {
    while let Some(waiter) = pop_waiter(&mut list) {
        // SAFETY: the caller's promise.
        unsafe {
            let reason = match reason {
                None => (*waiter).case,
                Some(CLOSED) => (*waiter).case | CLOSED,
                Some(error) => error,
            };
            wake((*waiter).parker, reason)
        }
    }
}

/// The caller has been woken: what was done before that has happened before.
#[inline(always)]
pub(crate) fn acquire_wake(parker: *const Parker) {
    tsan_acquire(parker);
}
