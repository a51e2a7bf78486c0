//! The coroutines of a thread, found in its slabs and records.
//!
//! Nothing is kept for it when a coroutine is made. Those of a thread are
//!
//! * the places of its slabs whose state word names them, but for those that moved to another thread;
//! * those whose records name the thread: no slab had room, a tool that watches sees each block by
//!   itself, or they were moved here.
//!
//! The heap of a thread that has ended serves the next one, with the coroutines that are alive in it:
//! they are that thread's then.

mod dump;
mod iterate;

pub(crate) use dump::dump;
pub(crate) use iterate::{count_incomplete, for_each};
