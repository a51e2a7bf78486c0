//! acort, the runtime above the coroutines.
//!
//! A worker is a thread with a main coroutine, on which its run loop runs, and tasks, which are coroutines of that main
//! coroutine. A started task stays with its worker. A task or a plain thread that blocks has a parker (`base::parker`);
//! a waker claims the parker first, so each wait ends once.
//!
//! The rooms, top down. A room uses only rooms below it: `tests/layers` has the table, and `make map` writes it here.
//!
//! | |

pub(crate) mod base;
pub(crate) mod blocking;
pub(crate) mod io;
pub mod model;
pub(crate) mod net;
pub(crate) mod os;
pub(crate) mod park;
pub(crate) mod sched;
pub(crate) mod select;
pub(crate) mod sync;
