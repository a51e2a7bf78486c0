//! A lock for the rare moments at which threads look at each other.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::sys;

/// Held for a few instructions by one thread at a time.
pub(crate) struct Lock(AtomicBool);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicBool::new(false))
    }

    /// Runs `work`, which does not end the thread and takes no other lock, while nobody else holds it.
    pub(crate) fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        while self
            .0
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            sys::let_others_run();
        }
        let result = work();
        self.0.store(false, Ordering::Release);
        result
    }
}
