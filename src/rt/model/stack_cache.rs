//! The coroutines and stacks of ended tasks that a worker keeps for the next ones.

use core::ffi::c_void;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::sanitizer;

/// The most of each kind that a worker keeps, and how many it keeps while it has nothing to do.
const MAX_CACHED: u32 = 16 * 1024;
pub(crate) const MAX_IDLE: u32 = 1024;

/// Ended coroutines, linked through `arg`.
pub(crate) struct CoroutineList {
    pub(crate) first: *mut aco_t,
    pub(crate) count: u32,
}

impl CoroutineList {
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<*mut aco_t> {
        let co = self.first;
        // SAFETY: who is in the list exists.
        self.first = unsafe { co.as_ref() }?.arg.cast();
        self.count -= 1;
        Some(co)
    }

    /// False: there are enough.
    ///
    /// # Safety
    /// `co` has ended, and is nobody else's.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, co: *mut aco_t) -> bool {
        if self.count == MAX_CACHED || sanitizer::is_present() {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { (*co).arg = self.first.cast() };
        self.first = co;
        self.count += 1;
        true
    }
}

/// A worker's.
pub(crate) struct StackCache {
    pub(crate) own: CoroutineList,
    pub(crate) shared: CoroutineList,
    /// What they share; NULL before the first.
    pub(crate) shared_stack: *mut aco_share_stack_t,
    /// Where that begins, and its bytes: for `shared_stack_contains`, which every call on an object asks.
    pub(crate) shared_range: (usize, usize),
}

impl StackCache {
    /// Returns true if `place` lies on the stack that the worker's tasks share. It moves away then: from under the task
    /// that runs there, as from under one that runs elsewhere and has been given a pointer.
    #[inline(always)]
    pub(crate) fn shared_stack_contains(&self, place: *const c_void) -> bool {
        let (low, size) = self.shared_range;
        place.addr().wrapping_sub(low) < size
    }
}
