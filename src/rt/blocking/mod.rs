//! Calls that block their thread, on the threads of a pool.
//!
//! `pool` has the states of a job and the pool's invariants, `run` the one way to use it.
//!
//! | |

pub(crate) mod applied;
pub(crate) mod file;
pub(crate) mod job;
pub(crate) mod open;
pub(crate) mod permits;
pub(crate) mod pool;
pub(crate) mod queue;
pub(crate) mod run;
pub(crate) mod threads;
pub(crate) mod user_call;
