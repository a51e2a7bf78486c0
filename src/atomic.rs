//! The atomics of files that loom models, and the hints for spinning and for a cache line.
//!
//! The lock and the runtime's files whose words several threads share import them from here. `tests/loom` puts a model
//! checker's types in their place, and runs the same files under every interleaving.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::*;

pub(crate) use crate::arch::prefetch_write;

/// Calls [`spin_loop`] `count` times: one step of a model.
pub(crate) fn pause(count: u32) {
    (0..count).for_each(|_| spin_loop());
}
