//! Calls that block their thread, on the threads of a pool.

pub(crate) mod applied;
pub(crate) mod call;
pub(crate) mod file;
pub(crate) mod grants;
pub(crate) mod job;
pub(crate) mod jobs;
pub(crate) mod pool;
