//! A worker's cache of coroutines with their stacks, which finished tasks have left for new ones.
//!
//! A stack that this cache does not take is destroyed, and then the thread's cache of destroyed stacks
//! (`src/stack/cache.rs`) may keep it.

use core::ffi::c_void;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::rt::base::{FreeList, Link};

/// The most coroutines in each list.
const MAX_CACHED: u32 = 16 * 1024;
/// What an idle worker keeps of each list.
pub(crate) const MAX_IDLE: u32 = 1024;

/// A list of coroutines that have ended, linked through `arg`.
pub(crate) type CoroutineList = FreeList<aco_t, MAX_CACHED>;

// SAFETY: only lists use `arg` of a coroutine that has ended.
unsafe impl Link for aco_t {
    #[inline(always)]
    fn next(this: *mut aco_t) -> *mut *mut aco_t {
        // SAFETY: the address of a field of a coroutine.
        unsafe { (&raw mut (*this).arg).cast() }
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
