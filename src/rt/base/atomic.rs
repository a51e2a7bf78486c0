//! The atomics of the runtime, and the spin hint; the loom tests put loom's types in their place.
//!
//! Every file whose words several threads share imports them from here. `tests/loom` puts a model checker's types in
//! their place, and runs the same files under every interleaving.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
