//! A worker's cache of coroutines with their stacks, which finished tasks have left for new ones.
//!
//! ```text
//!            ┌──────────── acquire ────────────┐
//!            │                                 v
//!   ┌──── own: 128 ────┐                     a task         stacks of the runtime's `stack_size`
//!   │   last in,       │ <───── recycle ───────┘
//!   │   first out      │
//!   └──────────────────┘
//!     │ full        ^ empty
//!     v             │
//!   the warm places of the spans  ── stack_demand ──>  cold places, unmapped spans
//! ```
//!
//! A stack of another size is destroyed, and then the thread's cache of destroyed stacks (`src/stack/cache.rs`) may
//! keep it.

use core::ffi::c_void;

use super::stack_spans::Spans;
use crate::abi::{aco_share_stack_t, aco_t};
use crate::rt::base::{FreeList, Link};

/// A list of coroutines that have ended, linked through `arg`.
pub(crate) type CoroutineList = FreeList<aco_t, { 16 * 1024 }>;
/// As [`CoroutineList`], of those that the next tasks begin on.
pub(crate) type OwnList = FreeList<aco_t, 128>;

// SAFETY: only lists use `arg` of a coroutine that has ended.
unsafe impl Link for aco_t {
    #[inline(always)]
    fn next(this: *mut aco_t) -> *mut *mut aco_t {
        // SAFETY: the address of a field of a coroutine.
        unsafe { (&raw mut (*this).arg).cast() }
    }
}

/// Stacks of one size, with their coroutines.
pub(crate) struct OwnStacks {
    /// Coroutines on places of `spans` that are in use.
    pub(crate) list: OwnList,
    pub(crate) spans: Spans,
    pub(crate) demand: Demand,
}

/// How many stacks the tasks have not needed: see `stack_demand`.
pub(crate) struct Demand {
    /// The fewest unused stacks with pages since the last check.
    pub(crate) least_unused: u32,
    /// Unused stacks that are to be given back.
    pub(crate) excess: u32,
    /// The time of the next check; 0: none is due.
    pub(crate) next_check: i64,
}

impl OwnStacks {
    /// The number of coroutines that no task uses.
    #[inline(always)]
    pub(crate) fn unused(&self) -> u32 {
        self.list.count + self.spans.warm
    }
}

/// The cache of a worker. Only its thread uses it.
pub(crate) struct StackCache {
    pub(crate) own: OwnStacks,
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
