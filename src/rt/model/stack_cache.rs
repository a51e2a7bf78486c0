//! A worker's cache of coroutines with their stacks, which finished tasks have left for new ones.

use core::ffi::c_void;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::sanitizer;

/// The most coroutines in each list.
const MAX_CACHED: u32 = 16 * 1024;
/// What an idle worker keeps of each list.
pub(crate) const MAX_IDLE: u32 = 1024;

/// A list of coroutines that have ended, linked through `arg`.
pub(crate) struct CoroutineList {
    pub(crate) first: *mut aco_t,
    pub(crate) count: u32,
}

impl CoroutineList {
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<*mut aco_t> {
        let co = self.first;
        // SAFETY: a coroutine in the list is live.
        self.first = unsafe { co.as_ref() }?.arg.cast();
        self.count -= 1;
        Some(co)
    }

    /// Adds a coroutine. Returns false, and does nothing, if the list is full, or a sanitizer is to see each one freed.
    ///
    /// # Safety
    /// `co` has ended, and only the caller uses it.
    #[inline(always)]
    pub(crate) unsafe fn push(&mut self, co: *mut aco_t) -> bool {
        if self.count == MAX_CACHED || sanitizer::is_present() {
            return false;
        }
        // SAFETY: only the caller uses the coroutine.
        unsafe { (*co).arg = self.first.cast() };
        self.first = co;
        self.count += 1;
        true
    }
}

/// The cache of a worker. Only its thread uses it.
pub(crate) struct StackCache {
    pub(crate) own: CoroutineList,
    pub(crate) shared: CoroutineList,
    /// The stack that the coroutines of `shared` run on; null before the first one.
    pub(crate) shared_stack: *mut aco_share_stack_t,
    /// The lowest address of that stack, and its bytes. Every call on an object checks it.
    pub(crate) shared_range: (usize, usize),
}

impl StackCache {
    /// Returns true if `address` is on the stack that the worker's tasks share: its content is copied elsewhere when
    /// the task that runs there waits.
    #[inline(always)]
    pub(crate) fn shared_stack_contains(&self, address: *const c_void) -> bool {
        let (low, size) = self.shared_range;
        address.addr().wrapping_sub(low) < size
    }
}
