//! Objects that tasks wait for: locks, events, channels.
//!
//! | |

pub(crate) mod barrier;
pub(crate) mod channel;
pub(crate) mod channel_life;
pub(crate) mod condvar;
pub(crate) mod event;
pub(crate) mod future;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod rwlock;
pub(crate) mod semaphore;
pub(crate) mod waitgroup;
