//! The atomics of files that loom models, and the spin hint.
//!
//! The lock and the runtime's files whose words several threads share import them from here. `tests/loom` puts a model
//! checker's types in their place, and runs the same files under every interleaving.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::*;
