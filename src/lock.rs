//! A lock for the rare moments at which threads look at each other.

use core::hint;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::sys;

/// Held for a few instructions, or a malloc, by one thread at a time.
pub(crate) struct Lock(AtomicBool);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicBool::new(false))
    }

    /// Runs `work`, which does not end the thread and does not come back here, while nobody else holds it.
    pub(crate) fn hold<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Who holds the lock is done soon, unless it waits for a processor.
        const TURNS: u32 = 100;
        while self.0.swap(true, Ordering::Acquire) {
            let mut turns = 0;
            while self.0.load(Ordering::Relaxed) {
                turns += 1;
                if turns < TURNS {
                    hint::spin_loop();
                } else {
                    sys::yield_thread();
                }
            }
        }
        let result = work();
        self.0.store(false, Ordering::Release);
        result
    }

    /// As [`hold`](Self::hold). None: another thread holds it, and nothing is done.
    pub(crate) fn try_hold<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        if self.0.swap(true, Ordering::Acquire) {
            return None;
        }
        let result = work();
        self.0.store(false, Ordering::Release);
        Some(result)
    }

    /// This is a child of fork(2), which has none of the threads that may have held it.
    pub(crate) fn free_after_fork(&self) {
        self.0.store(false, Ordering::Release);
    }
}
