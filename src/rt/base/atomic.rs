//! What threads share: words that change as a whole, and the hint that somebody waits for one.
//!
//! The files of the runtime that threads meet in take these from here, so that `tests/loom` can put a model
//! checker's in their place and run the same files under every order of steps.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
