//! Calls that block their thread, on the threads of a pool.

pub(crate) mod applied;
pub(crate) mod file;
pub(crate) mod job;
pub(crate) mod permits;
pub(crate) mod pool;
pub(crate) mod queue;
pub(crate) mod threads;
pub(crate) mod user_call;
