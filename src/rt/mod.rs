//! acort: the runtime above the coroutines.

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
