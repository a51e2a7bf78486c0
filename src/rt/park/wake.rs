//! Waking: makes a claimed waiter runnable, from any thread.

use crate::rt::base::atomic::AtomicU32;
use crate::rt::base::{Parker, Waiter, WakeList};
use crate::rt::model::{Worker, hooks};
use crate::rt::os;

/// Makes the waiter of `parker` runnable, with the wake reason `reason`.
///
/// # Safety
/// The caller has claimed `parker` (P1), and does not use it after this call. No lock is held: a hook runs.
#[inline(always)]
pub(crate) unsafe fn wake(parker: *mut Parker, reason: u32) {
    // SAFETY: a claimed parker is live until it has the wake reason; afterwards only the address of a thread's word is
    // used (P3). A parker with a worker is the first field of a task of that worker.
    unsafe {
        let worker = (*parker).worker();
        if worker.is_null() {
            let word: *const AtomicU32 = (*parker).wake_word();
            (*parker).set_wake_reason(reason);
            return os::futex_wake_one(word);
        }
        (*parker).set_wake_reason(reason);
        hooks::call(parker.cast(), |hooks| hooks.wake);
        if worker == Worker::current() {
            (*worker).run_queue.push(parker.cast());
        } else {
            Worker::push_remote(worker, parker.cast());
        }
    }
}

/// Wakes a claimed waiter, with its case as the wake reason. Null: there is none.
///
/// # Safety
/// As [`wake`], for the parker of `waiter`.
#[inline(always)]
pub(crate) unsafe fn wake_waiter(waiter: *mut Waiter) {
    // SAFETY: a claimed waiter is live until it is woken (Q5 of `wait_queue`).
    unsafe {
        if let Some(waiter) = waiter.as_ref() {
            wake(waiter.parker, waiter.case);
        }
    }
}

/// A flag beside the case in a wake reason: the object is closed.
pub(crate) const CLOSED: u32 = 1 << 30;

/// Wakes a list of claimed waiters. The wake reason of each is its case; with `Some(CLOSED)` its case and the flag;
/// with another `Some` that error.
///
/// # Safety
/// As [`wake`], for the parker of each waiter.
pub(crate) unsafe fn wake_all(mut list: WakeList, reason: Option<u32>) {
    // SAFETY: a claimed waiter is live until it is woken (Q5).
    unsafe {
        while let Some(waiter) = list.pop().as_ref() {
            let reason = match reason {
                None => waiter.case,
                Some(CLOSED) => waiter.case | CLOSED,
                Some(error) => error,
            };
            wake(waiter.parker, reason)
        }
    }
}
